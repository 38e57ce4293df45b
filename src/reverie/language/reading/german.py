"""How German says facts."""

from reverie.language.reading.patterns import LOWER, UPPER, Language, Pattern

__all__ = ["GERMAN"]

_RELATIVES = (
    "Mann Frau Ehemann Ehefrau Partner Partnerin Freund Freundin Mutter Mama Vater Papa Eltern Bruder Schwester"
)
_RELATIVES += " Sohn Tochter Kind Oma Opa Großmutter Großvater Tante Onkel Cousin Cousine Chef Chefin Kollege Kollegin"
_PETS = "Hund Hündin Katze Kater Hamster Hase Kaninchen Papagei Vogel Fisch Pferd Pony Schildkröte"
_JOBS = """Anwalt Anwältin Apotheker Architekt Arzt Ärztin Bäcker Bauer Bäuerin Beamter Beamtin Berater Buchhalter Designer
    Dolmetscher Elektriker Entwickler Erzieher Feuerwehrmann Fotograf Friseur Friseurin Gärtner Ingenieur Journalist Kellner Koch
    Köchin Krankenpfleger Krankenschwester Künstler Lehrer Maler Mechaniker Metzger Musiker Optiker Pfarrer Pilot
    Polizist Professor Programmierer Psychologe Psychologin Rentner Richter Sänger Schauspieler Schreiner Schriftsteller
    Schüler Softwareentwickler Student Tierarzt Tierärztin Tischler Übersetzer Verkäufer Wissenschaftler Zahnarzt Zahnärztin"""


def _any(words: str) -> str:
    return "(?:" + "|".join(words.split()) + ")"


_WORD = rf"[{UPPER}][\w&-]*"
_NAME = rf"(?:(?:(?:Dr|Prof|St)\. )*{_WORD}(?: (?:(?:von|van|der|den|de|zu|am|an der) )?{_WORD}){{0,3}})"
_END = r"(?=$|[.,;:!()\"]|\s(?:und|aber|seit|als|bei|für|in|mit|weil|denn|wo|gearbeitet|gezogen)\b)"

_PARTS = {
    "name": _NAME,
    "relation": rf"{_any(_RELATIVES + ' ' + _PETS)}",
    "who": rf"(?P<who>[Ii]ch|[Ww]ir|(?:[Mm]eine?|[Uu]nsere?) <relation>(?: <name>)?|(?!Ich\b|Wir\b|Mein){_WORD}s <relation>|<name>)",
    "adv": r"(?:(?:jetzt|nun|inzwischen|mittlerweile|aktuell|derzeit|momentan|zurzeit|noch|schon|auch|gerade|wieder|eigentlich|wirklich|sehr|ganz|total|hier|wohl|immer noch|endlich|seit [^.,;]{1,25}?) )*",
    "place": r"(?:der |den |dem )?(?P<value><name>)",
    "named": r"(?P<value><name>)",
    "thing": r"(?P<value>(?!(?:es|das|dich|euch|sie|ihn|ihr|uns|mich|dies\w*|jen\w*|wie|was|wenn|dass|nicht|nichts|alles|etwas|jemand\w*|dein\w*|sein\w*|mein\w*|unser\w*|kein\w*|sehr|auch|so|zu)\b)[\w'][^.,;:!?()\"\n]*?)",
    "stop": r"(?=$|[.,;:!()\"]|\s(?:und|aber|weil|denn|seit)\s)",
    "job": rf"(?P<value>(?:[{UPPER}]\w+)?{_any(_JOBS)}(?:in)?)",
    "attribute": r"(?P<what>[\w][\w-]*(?: [\w][\w-]*){0,2}?)",
    "is": r"(?:ist|sind|heißt|lautet)(?: (?:jetzt|nun|inzwischen|mittlerweile|aktuell))*",
    "over": r"(?:ist|sind) (?:jetzt )?nicht (?:mehr|länger)",
    "rest": r"(?P<value>[^\n]+?)[.!]*$",
    "live": r"(?:wohne|wohnt|wohnen|lebe|lebt|leben)",
    "work": r"(?:arbeite|arbeitet|arbeiten)",
}  # fmt: skip

_PATTERNS = (
    # what is over
    Pattern(r"<who> <live> <adv>nicht (?:mehr |länger )?in <place>", "city", ends=True, dated=True),
    Pattern(r"<live> <who> <adv>nicht (?:mehr |länger )?in <place>", "city", ends=True, dated=True),
    Pattern(r"<who> (?:bin|ist|sind) (?:[^.,;]{0,30}? )?aus <place> (?:weg|aus)gezogen", "city", ends=True, dated=True),
    Pattern(r"<who> <work> <adv>nicht (?:mehr |länger )?(?:bei|für) (?:der |dem )?<named><stop>", "employer", ends=True, dated=True),
    Pattern(r"<who> (?:habe|hat|haben) (?:meinen|seinen|ihren|unseren|den) Job (?:gekündigt|verloren)", "employer", ends=True, dated=True),
    Pattern(r"<who> (?:bin|ist) (?:nicht mehr|kein|keine) <job>(?: mehr)?<stop>", "job", ends=True, dated=True),
    Pattern(r"<who> (?:mag|mögen|liebe|liebt|lieben) <thing> nicht mehr", "likes", ends=True),
    Pattern(r"<who> (?:mag|mögen) kein(?:e|en)? <thing> mehr", "likes", ends=True),
    Pattern(r"<who> (?:hasse|hasst|hassen) <thing> nicht mehr", "dislikes", ends=True),
    Pattern(r"<who> (?:bin|ist) nicht (?:mehr )?allergisch (?:gegen|auf) <thing><stop>", "allergy", ends=True),
    Pattern(r"<who> (?:habe|hat|haben) (?:mit dem |das )?(?P<value>[A-ZÄÖÜ]\w+en) (?:aufgehört|aufgegeben)", "activity", ends=True, dated=True),
    Pattern(r"<who> (?:bin|ist|sind) nicht mehr mit <named> verheiratet", "spouse", ends=True, dated=True),
    Pattern(r"<who> (?:habe|hat) mich von <named> scheiden lassen", "spouse", ends=True, dated=True),
    # where and what somebody is
    Pattern(r"<who> <live> <adv>in <place>", "city", dated=True),
    Pattern(r"<live> <who> <adv>in <place>", "city", dated=True),
    Pattern(r"<who> (?:bin|ist|sind) (?:[^.,;]{0,40}? )?nach <place>(?: [^.,;]{0,20}?)? (?:um|aus)?gezogen", "city", dated=True),
    Pattern(r"(?:bin|ist|sind) <who> (?:[^.,;]{0,40}? )?nach <place>(?: [^.,;]{0,20}?)? (?:um|aus)?gezogen", "city", dated=True),
    Pattern(r"<who> (?:zog|zogen) (?:[^.,;]{0,30}? )?nach <place>", "city", dated=True),
    Pattern(rf"<who> <work> <adv>als (?P<value>[{UPPER}]\w+)", "job", dated=True),
    Pattern(r"<who> <work> <adv>(?:bei|für) (?:der |dem )?<named><stop>", "employer", dated=True),
    Pattern(rf"<work> <who> <adv>als (?P<value>[{UPPER}]\w+)", "job", dated=True),
    Pattern(r"<work> <who> <adv>(?:bei|für) (?:der |dem )?<named><stop>", "employer", dated=True),
    Pattern(r"<who> (?:bin|ist|wurde) <adv>(?:von Beruf )?<job><stop>", "job", dated=True),
    # how somebody is called, and whom they have
    Pattern(r"(?:[Ii]ch heiße|[Mm]ein Name ist|[Nn]ennt mich|[Nn]enn mich) <named>", "name"),
    Pattern(r"<who> heißt <named>", "name"),
    Pattern(r"<who> (?:habe|hat|haben) (?:ein|eine|einen) (?:\w+ ){0,2}?(?P<what><relation>)(?: namens|, (?:der|die|das)(?: heißt)?) <named>"),
    Pattern(r"<who> (?:habe|hat|haben) (?P<value>(?:ein|eine|einen|zwei|drei|vier|fünf|\d+) (?:\w+ ){0,1}?(?:Kinder|Kind|Söhne|Sohn|Töchter|Tochter|Brüder|Bruder|Schwestern|Schwester|Geschwister))<stop>", "family"),
    Pattern(rf"<who> (?:habe|hat|haben) (?:ein|eine|einen) (?:\w+ ){{0,1}}?(?P<value>{_any(_PETS)})<stop>", "pet", dated=True),
    Pattern(r"<who> (?:habe|hat) (?:[^.,;]{0,25}? )?<named> geheiratet", "spouse", dated=True),
    Pattern(r"<who> (?:bin|ist) (?:seit [^.,;]{1,20} )?mit <named> verheiratet", "spouse", dated=True),
    Pattern(r"<who> (?:bin|ist|sind) <adv>(?P<value>verheiratet|geschieden|ledig|verlobt|verwitwet)<stop>", "marital status", dated=True),
    # what somebody likes, has, speaks
    Pattern(r"<who> (?:mag|mögen) <adv>kein(?:e|en)? <thing><stop>", "dislikes"),
    Pattern(r"<who> (?:mag|mögen|liebe|liebt) <thing> (?:gar |überhaupt )?nicht\b", "dislikes"),
    Pattern(r"<who> (?:hasse|hasst|hassen) <adv><thing><stop>", "dislikes"),
    Pattern(r"<who> (?:mag|mögen|liebe|liebt|lieben) <adv><thing><stop>", "likes"),
    Pattern(r"<who> (?:bin|ist|sind) <adv>allergisch (?:gegen|auf) <thing><stop>", "allergy"),
    Pattern(rf"<who> (?:spreche|spricht|sprechen) <adv>(?:fließend |gut )?(?P<value>[{UPPER}]\w+(?:(?:, | und ){_WORD})*)<stop>", "language"),
    Pattern(r"<who> (?:bin|ist) <adv>(?P<value>vegan|vegetarisch|Veganer|Veganerin|Vegetarier|Vegetarierin)<stop>", "diet", dated=True),
    Pattern(r"<who> (?:bin|ist) <adv>(?P<value>\d{1,3}) Jahre alt", "age"),
    Pattern(r"<who> (?:wurde|bin|ist) (?:am [^,;]{1,30}? )?in <place> geboren", "birthplace"),
    Pattern(r"<who> (?:komme|kommt|kommen) <adv>aus <place>", "origin"),
    Pattern(rf"<who> (?:habe|hat|haben) (?:[^.,;]{{0,25}}? )?(?:angefangen|begonnen),? (?P<value>(?:[\w-]+ ){{0,3}}(?:zu )?[{LOWER}]+en)<stop>", "activity", dated=True),
    # attributes of the list
    Pattern(r"(?P<who>[Mm]eine?|[Uu]nsere?) <attribute> <over> <rest>", ends=True),
    Pattern(rf"(?P<who>{_WORD})s <attribute> <over> <rest>", ends=True),
    Pattern(r"(?:[Dd]er|[Dd]ie|[Dd]as) <attribute> von (?P<who><name>) <over> <rest>", ends=True),
    Pattern(r"(?P<who>[Mm]eine?|[Uu]nsere?) <attribute> <is> <rest>"),
    Pattern(r"(?:[Dd]er|[Dd]ie|[Dd]as) <attribute> von (?P<who><name>) <is> <rest>"),
    Pattern(rf"(?P<who>(?!Mein|Dein|Sein|Ihr|Euer|Unser|Da|Die|Der){_WORD}(?:(?<!s)(?<!s')(?=s )|(?=' )))(?:s|') <attribute> <is> <rest>"),
)  # fmt: skip

GERMAN = Language(
    code="de",
    parts=_PARTS,
    patterns=_PATTERNS,
    clause=r"^|[,;:]\s+|\s[–—-]+\s|[.!?…]\s+|\b(?:und|aber|denn|weil|dass|ja|nein|also|hallo|hi|oh)\s+",
    filler=(
        r"eigentlich|übrigens|tatsächlich|ehrlich gesagt|hallo|hi|hey|ja|nein|also|und|aber|ach|oh|jetzt|nun|heute|gestern|inzwischen|"
        r"mittlerweile|merk dir|merke dir|merk dir, dass|zur info|korrektur|leider|zum glück|endlich|seit (?:\w+ )?(?:\w+ )?(?:\d{4}|\w+)|"
        r"letzte[nrs]? (?:woche|monat|jahr|sommer|winter|herbst|frühling)|vor \w+ \w+|im (?:januar|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember)(?: \d{4})?|ab \d[^,]{0,20}|ab (?:dem )?(?:januar|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember)(?: \d{4})?"
    ),
    unsure=r"\?[\"')]*\s*$|\b(?:wenn|falls|vielleicht|wahrscheinlich|möglicherweise|vermutlich|angeblich|könnte\w*|würde\w*|möchte\w*|hätte\w*|wäre\w*|ob|wünschte|stell dir|ich glaube|ich denke|ich hoffe|als kind|früher|fast|beinahe|sagt|sagte|behauptet|erzählte|unbekannt|werde[nt]?|wird|will|wollen)\b",
    nobody="ich du er sie es wir ihr das dies der die den dem ein eine wer was wo wann warum wie man jemand niemand alle alles viele gestern heute morgen"
    " jetzt nun hallo danke ja nein und aber oder weil wenn da dann dort hier leider endlich übrigens eigentlich mein meine dein deine sein"
    " seine ihre unser unsere euer miete frieden angst scheidung trennung montag dienstag mittwoch donnerstag freitag samstag sonntag seit nach",
    valueless="nicht kein keine wer was wo wann wie dass weil wenn oder ist sind war waren es er sie sehr zu so noch unbekannt",
    cut=r",\s(?:wo|die|der|das|was|weil|denn|aber|und|da|nicht)\b|\s(?:weil|aber|denn)\s|\s[–—-]+\s|;|:\s|\(",
    relations=_RELATIVES + " " + _PETS,
    speaker="ich wir mein meine unser unsere",
    script=r"\b(?:ich|wir|meine?|unsere?|ist|hat|sind|haben|wohnt|lebt|arbeitet|mag|mögen|liebt|hasst|heißt|spricht|zog|zogen|wurde|kommt|nennt|nenn)\b",
)
