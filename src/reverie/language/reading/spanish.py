"""How Spanish says facts. The person is often in the verb alone: "vivo" is "I live"."""

from reverie.language.reading.patterns import LOWER, UPPER, Language, Pattern

__all__ = ["SPANISH"]

_RELATIVES = (
    "marido mujer esposo esposa novio novia madre mamá padre papá padres hermano hermana hijo hija abuela abuelo"
)
_RELATIVES += " tía tío primo prima amigo amiga jefe jefa compañero compañera vecino vecina"
_PETS = "perro perra gato gata cachorro hámster conejo loro pájaro pez caballo tortuga"
_JOBS = """abogado abogada actor actriz agricultor agricultora arquitecto arquitecta artista azafata bombero camarero camarera cantante
    carpintero cirujano cirujana cocinero cocinera conductor conductora contable dentista diseñador diseñadora
    electricista enfermera enfermero escritor escritora estudiante farmacéutica farmacéutico fontanero fotógrafa
    fotógrafo informático informática ingeniera ingeniero jardinero jubilado jubilada juez jueza maestra maestro
    mecánico médica médico músico panadera panadero peluquera peluquero periodista piloto pintor pintora policía
    profesor profesora programador programadora psicóloga psicólogo secretaria secretario traductor traductora vendedor
    vendedora veterinaria veterinario"""
_TONGUES = (
    "español inglés alemán francés italiano portugués ruso chino árabe japonés neerlandés noruego sueco danés polaco"
)
_TONGUES += " turco griego coreano hindi catalán euskera gallego hebreo mandarín"


def _any(words: str) -> str:
    return "(?:" + "|".join(words.split()) + ")"


_WORD = rf"[{UPPER}][\w&-]*"
_NAME = rf"(?:(?:(?:Dr|Dra|Sr|Sra)\. )?{_WORD}(?: (?:(?:de|del|la|las|los|y) ){{0,2}}{_WORD}){{0,3}})"
_ADV = (
    r"(?:(?:ahora|ya|también|actualmente|todavía|aún|realmente|mucho|muy|recientemente|siempre|desde [^.,;]{1,25}?) )*"
)

_PARTS = {
    "name": _NAME,
    "relation": rf"{_any(_RELATIVES + ' ' + _PETS)}(?: (?:mayor|menor))?",
    "me": r"(?:(?:[Yy]o|[Nn]osotros|[Nn]osotras) )?",
    "who": r"(?P<who>(?:[Mm]i|[Nn]uestr[oa]) <relation>(?: <name>)?|<name>) ",
    "adv": _ADV,
    "place": r"(?P<value>(?:La |El |Las |Los )?<name>)",
    "named": r"(?P<value><name>)",
    "thing": r"(?P<value>(?!(?:eso|esto|ello|esta|este|esa|ese|te|me|lo|que|cuando|como|qué|tu|tus|su|sus|mi|mis|nada|todo|mucho|muy|más|no)\b)[\w'][^.,;:!?()\"\n]*?)",
    "stop": r"(?=$|[.,;:!()\"]|\s(?:y|pero|porque|desde|cuando)\s)",
    "job": rf"(?P<value>{_any(_JOBS)})(?=$|[.,;:!()]| (?:y|pero|en|de|desde)\b)",
    "attribute": r"(?P<what>[\w][\w-]*(?: [\w][\w-]*){0,3}?)",
    "is": r"(?:es|son|está|se llama)(?: (?:ahora|actualmente))*",
    "isnot": r"ya no (?:es|son|está)",
    "rest": r"(?P<value>[^\n]+?)[.!]*$",
}  # fmt: skip


def _both(
    first: str, third: str, rest: str, what: str = "", *, ends: bool = False, dated: bool = False
) -> tuple[Pattern, ...]:
    """What a verb says of the speaker, whose pronoun may be left out, and of somebody who is named."""
    return (
        Pattern(rf"<me><adv>(?i:{first}) {rest}", what, ends=ends, dated=dated),
        Pattern(rf"<who><adv>(?:{third}) {rest}", what, ends=ends, dated=dated),
    )


_PATTERNS = (
    # what is over
    *_both("(?:ya )?no (?:vivo|vivimos|resido)", "(?:ya )?no (?:vive|reside)", "(?:ya )?en <place>", "city", ends=True, dated=True),
    *_both("(?:ya )?no (?:trabajo|trabajamos)", "(?:ya )?no trabaja", "(?:ya )?(?:en|para) <named>", "employer", ends=True, dated=True),
    *_both("(?:dejé|perdí)", "(?:dejó|perdió)", "(?:mi|su) (?:trabajo|empleo)", "employer", ends=True, dated=True),
    *_both("(?:ya )?no soy", "(?:ya )?no es", "<job>", "job", ends=True, dated=True),
    *_both("ya no me gustan?", "ya no le gustan?", "<thing><stop>", "likes", ends=True),
    *_both("ya no odio", "ya no odia", "<thing><stop>", "dislikes", ends=True),
    *_both("(?:ya )?no soy alérgic[oa]", "(?:ya )?no es alérgic[oa]", "(?:a |al )<thing><stop>", "allergy", ends=True),
    *_both("(?:dejé|he dejado|dejamos) de", "(?:dejó|ha dejado) de", rf"(?P<value>[{LOWER}]+r\b[^.,;!?]{{0,30}}?)<stop>", "activity", ends=True, dated=True),
    *_both("me divorcié de", "se divorció de", "<named>", "spouse", ends=True, dated=True),
    # where and what somebody is
    *_both("(?:vivo|vivimos|resido|estoy viviendo)", "(?:vive|reside|está viviendo)", "<adv>en <place>", "city", dated=True),
    *_both("(?:me mudé|me he mudado|nos mudamos|nos hemos mudado|me trasladé)", "(?:se mudó|se ha mudado|se trasladó)", "<adv>(?:de [^.,;]{1,20} )?a <place>", "city", dated=True),
    *_both("(?:trabajo|trabajamos)", "trabaja", "<adv>(?:como|de) (?P<value>[\\w-]+(?: [\\w-]+)?)<stop>", "job", dated=True),
    *_both("(?:trabajo|trabajamos)", "trabaja", "<adv>(?:en|para) <named>", "employer", dated=True),
    *_both("soy", "es", "<job>", "job", dated=True),
    # how somebody is called, and whom they have
    Pattern(r"(?:[Mm]e llamo|[Mm]i nombre es|[Ll]lámame) <named>", "name"),
    Pattern(r"<who>se llama <named>", "name"),
    *_both("(?:tengo|tenemos)", "tiene", r"una? (?P<what><relation>)(?: que se llama| llamad[oa]) <named>"),
    *_both("(?:tengo|tenemos)", "tiene", r"(?P<value>(?:una?|dos|tres|cuatro|cinco|\d+) (?:hij[oa]s?|herman[oa]s?))<stop>", "family"),
    *_both("(?:tengo|tenemos)", "tiene", rf"una? (?P<value>{_any(_PETS)})<stop>", "pet", dated=True),
    *_both("(?:me casé|estoy casad[oa])", "(?:se casó|está casad[oa])", "con <named>", "spouse", dated=True),
    *_both("(?:estoy|soy)", "(?:está|es)", "(?P<value>casad[oa]|solter[oa]|divorciad[oa]|viud[oa]|prometid[oa])<stop>", "marital status", dated=True),
    # what somebody likes, has, speaks
    *_both("(?:odio|detesto|no me gustan?)", "(?:odia|detesta)", "<adv><thing><stop>", "dislikes"),
    *_both("(?:me gustan?|me encantan?|amo|adoro)", "(?:ama|adora)", "<adv><thing><stop>", "likes"),
    Pattern(r"[Aa] (?P<who><name>) (?:ya no le gustan?) <thing><stop>", "likes", ends=True),
    Pattern(r"[Aa] (?P<who><name>) no le gustan? <adv><thing><stop>", "dislikes"),
    Pattern(r"[Aa] (?P<who><name>) le (?:gustan?|encantan?) <adv><thing><stop>", "likes"),
    *_both("soy", "es", "(?:muy )?alérgic[oa] (?:a |al )<thing><stop>", "allergy"),
    *_both("(?:hablo|hablamos)", "habla", rf"(?P<value>{_any(_TONGUES)}(?:(?:, | y | e ){_any(_TONGUES)})*)", "language"),
    *_both("soy", "es", r"(?P<value>vegan[oa]|vegetarian[oa])<stop>", "diet", dated=True),
    *_both("tengo", "tiene", r"(?P<value>\d{1,3}) años\b", "age"),
    *_both("nací", "nació", "en <place>", "birthplace"),
    *_both("(?:soy|vengo)", "(?:es|viene)", "de <named>", "origin"),
    *_both("(?:empecé|he empezado|empezamos|comencé) a", "(?:empezó|ha empezado|comenzó) a", r"(?P<value>(?:tocar|jugar|aprender|estudiar|correr|nadar|pintar|cantar|bailar|fumar|beber|cocinar|dibujar|meditar)\b[^.,;!?]{0,30}?)<stop>", "activity", dated=True),
    # attributes of the list
    Pattern(r"(?P<who>[Mm]is?|[Nn]uestr[oa]s?) <attribute> <isnot> <rest>", ends=True),
    Pattern(r"(?:[Ee]l|[Ll]a|[Ll]os|[Ll]as) <attribute> de (?P<who><name>) <isnot> <rest>", ends=True),
    Pattern(r"(?P<who>[Mm]is?|[Nn]uestr[oa]s?) <attribute> <is> <rest>"),
    Pattern(r"(?:[Ee]l|[Ll]a|[Ll]os|[Ll]as) <attribute> de (?P<who><name>) <is> <rest>"),
)  # fmt: skip

SPANISH = Language(
    code="es",
    parts=_PARTS,
    patterns=_PATTERNS,
    clause=r"^|[,;:]\s+|\s[–—-]+\s|[.!?…¡]\s*|\b(?:y|pero|porque|sí|no,|hola|pues)\s+",
    filler=(
        r"en realidad|de hecho|por cierto|la verdad|hola|sí|pues|y|pero|entonces|ahora|hoy|ayer|actualmente|por fin|finalmente|lamentablemente|"
        r"desgraciadamente|recuerda que|corrección|el año pasado|el mes pasado|la semana pasada|hace \w+ \w+|desde \w+(?: de \d{4})?|en \w+(?: de \d{4})?|a partir de [^,]{1,20}"
    ),
    unsure=r"\?[\"')]*\s*$|\b(?:si|quizás?|tal vez|probablemente|posiblemente|aparentemente|ojalá|podría|gustaría|quisiera|quiero|quiere|creo que|pienso que|espero|imagina|cuando era|casi|dice que|dijo que|voy a|va a|desconocid[oa])\b",
    nobody="yo tú él ella nosotros ellos ellas esto eso esta este ese esa el la los las un una quien que qué cuando cómo dónde ayer hoy mañana"
    " ahora hola gracias sí no y pero o porque si alguien nadie todo todos mi mis tu tus su sus nuestro nuestra lunes martes miércoles jueves"
    " viernes sábado domingo en desde después antes",
    valueless="que qué quien cuando cómo dónde no nunca muy más si o es son está desconocido en",
    cut=r",\s(?:donde|que|pero|y|porque|no)\b|\s(?:porque|pero|donde)\s|\s[–—-]+\s|;|:\s|\(",
    relations=_RELATIVES + " " + _PETS,
    speaker="yo mi mis nosotros nosotras nuestro nuestra nuestros nuestras",
    states="bien bueno buena malo mala difícil fácil genial aburrido aburrida cansado cansada enfermo enferma contento contenta triste roto rota"
    " listo lista aquí allí lejos bonito bonita grande pequeño pequeña interesante estresante increíble horrible muerto muerta vacío lleno",
    script=r"\b(?:yo|nosotros|nosotras|mis?|nuestr[oa]s?|me|nos|vivo|vivimos|vive|resido|reside|trabajo|trabajamos|trabaja|es|son|soy|está|estoy|tengo|tenemos|tiene|llama|odio|odia|detesto|detesta|amo|ama|adoro|adora|hablo|hablamos|habla|nací|nació|se|le|dejé|dejó|perdí|perdió|empecé|empezó|comencé|comenzó|vengo|viene|he|ha|no)\b",
)
