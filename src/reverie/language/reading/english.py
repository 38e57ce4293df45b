"""How English says facts."""

from reverie.language.reading.patterns import LOWER, UPPER, Language, Pattern

__all__ = ["ENGLISH"]

_RELATIVES = "husband wife partner boyfriend girlfriend fiance fiancé fiancée mother mom mum mommy father dad daddy"
_RELATIVES += " parents brother sister sibling son daughter child kid baby boy girl twin cousin uncle aunt nephew niece"
_RELATIVES += " grandmother grandma granny grandfather grandpa grandson granddaughter stepson stepdaughter friend"
_RELATIVES += " roommate flatmate housemate neighbour neighbor boss colleague coworker teacher"
_PETS = "dog cat pup puppy kitten rabbit bunny hamster parrot bird fish goldfish turtle tortoise snake lizard horse pony pig"
_PETS += " goat chicken duck canary ferret hedgehog gecko guinea-pig"
_JOBS = """accountant actor actress analyst architect artist author baker barber barista bartender biologist builder
    butcher carpenter cashier chef chemist cleaner coach composer consultant cook counselor counsellor dancer dentist
    designer detective developer doctor driver economist editor electrician engineer farmer firefighter fisherman
    florist freelancer gardener hairdresser historian housewife illustrator interpreter janitor jeweller journalist
    judge lawyer lecturer librarian manager mason mathematician mechanic midwife musician nanny nurse optician painter
    paralegal paramedic pastor pharmacist philosopher photographer physicist physiotherapist pianist pilot plumber poet
    policeman politician postman principal professor programmer psychologist receptionist reporter researcher
    salesman scientist sculptor secretary singer soldier statistician student surgeon surveyor tailor teacher therapist
    trainer translator vet veterinarian waiter waitress welder writer zoologist"""
_ING = "playing learning studying practising practicing taking doing painting dancing running swimming climbing boxing"
_ING += " singing drawing knitting sewing gardening cooking baking hiking cycling smoking drinking vaping meditating"
_ING += " journaling volunteering surfing skiing snowboarding fishing sailing rowing skating fencing weaving juggling"
_ING += " collecting composing sculpting crocheting teaching coaching training jogging brewing riding diving vlogging"
_ING += " blogging streaming making writing touring using coding programming crafting photographing"


def _any(words: str) -> str:
    return "(?:" + "|".join(words.split()) + ")"


_WORD = rf"(?!I\b)[{UPPER}][\w&-]*(?:'[{UPPER}]\w+)?"
_TITLE = r"(?:(?:Dr|Mr|Mrs|Ms|Prof|St|Mt)\.? )"
_NAME = rf"(?:{_TITLE}?{_WORD}(?: (?:(?:de|da|del|della|di|van|von|der|den|la|le|al|bin|ibn|y|of|the) ){{0,2}}{_WORD}){{0,4}})"
_END = r"(?=$|[.,;:!?()\"]|\s(?:and|but|so|because|since|as|for|from|with|where|when|while|after|before|in|at|on|now|these|right|too|last|this|yesterday|today|who|which|that|until|again|one|two|three|four|five|six|seven|a few|several|\d+|to|around|about|next)\b)"

_PARTS = {
    "name": _NAME,
    "relation": rf"(?:(?:older|elder|younger|little|big|twin|best|eldest|oldest|youngest|late|good|close) )*{_any(_RELATIVES + ' ' + _PETS)}",
    "who": r"(?P<who>I|[Ww]e|[Tt]he user|[Uu]ser|(?:(?:[Mm]y|[Oo]ur|[Tt]he user's|[Uu]ser's|<name>'s) <relation>(?:'s <relation>| <name>)?)|<name>)",
    "me": r"(?P<who>I|[Ww]e)",
    "other": r"(?P<who>[Tt]he user|[Uu]ser|(?:(?:[Mm]y|[Oo]ur|[Tt]he user's|[Uu]ser's|<name>'s) <relation>(?:'s <relation>| <name>)?)|<name>)",
    "adv": r"(?:(?:now|also|really|still|just|actually|recently|finally|currently|already|officially|both|always|absolutely|totally|truly|so|happily|permanently|very|much|even|definitely|simply) )*",
    "past": r"(?:(?:have|has|now|also|just|actually|recently|finally|already|officially|both|happily|permanently|even) )*",
    "be": r"(?:am|is|are)",
    "end": _END,
    "place": rf"(?:the )?(?P<value>{_NAME}(?:, {_NAME}(?=$|[.,;!?)]))?)",
    "named": rf"(?P<value>{_NAME})",
    "org": rf"(?P<value>(?:the )?{_NAME}|an? (?!while|bit|long|living|change|few|moment|time|day|week|month|year|good|lot)[{LOWER}-]+(?: [{LOWER}-]+){{0,3}}?){_END}",
    "thing": r"(?P<value>(?!(?:it|this|that|these|those|them|him|her|you|me|us|how|what|when|where|why|who|whatever|your|his|their|my|our|its|the(?! (?:feeling|sound|smell|taste|sight) of)|having|knowing|both|all|one|some|so|to see|to hear|to know|to be|to get|to think|about|like|too|very|and|but|or|as|in|at|on|from|for|with|every|everything|anything|nothing|each|any|here|there|another|a lot|yours|myself)\b)[\w'\"][^.,;:!?()\n]*)",
    "role": rf"(?P<value>(?:[{LOWER}-]+ ){{0,3}}?[{LOWER}-]+){_END}",
    "job": rf"(?P<value>(?:[{LOWER}{UPPER}-]+ ){{0,2}}?{_any(_JOBS)}){_END}",
    "doing": rf"(?P<value>{_any(_ING)}(?: [\w'-]+){{0,4}}?)(?! (?:this|that|it|them|these)\b(?! (?:week|month|year))){_END}",
    "is": r"(?:is|are)(?: (?:now|currently|actually|called|named))*",
    "attribute": r"(?P<what>[\w][\w.-]*(?: [\w][\w.'-]*){0,4}?)",
    "owner": r"(?P<who>(?:(?:[Tt]he|[Mm]y|[Oo]ur) )?[\w][\w.&'-]*?(?: [\w][\w.&'-]*?){0,4})",
    "rest": r"(?P<value>[^\n]+?)[.!]*$",
    "course": r"(?:class|classes|course|courses|lessons|group|club|team|choir|band|gym|brigade|league|orchestra|workshop|program|programme|routine|diet|training|therapy|community work|volunteer work)",
    "pet": _any(_PETS),
    "relative": _any(_RELATIVES),
}  # fmt: skip

_OVER = r"(?:(?:is|are) (?:no longer|not) |(?:isn't|aren't) |used to be |(?:was|were) formerly )"
_IS = r"(?:(?:has |have )?(?:changed to|became|become)|<is>)"


def _verbs(verbs: str, rest: str, what: str = "", *, ends: bool = False, dated: bool = False) -> tuple[Pattern, ...]:
    """What a verb says now: "I live", "Ana lives"; "no longer": "I do not live", "Ana no longer lives"."""
    plain, third = "(?:" + "|".join(verbs.split()) + ")", "(?:" + "|".join(map(_third, verbs.split())) + ")"
    if ends:
        return (
            Pattern(rf"<me> <adv>(?:do not <adv>|no longer ){plain} {rest}", what, ends=True, dated=dated),
            Pattern(rf"<other> <adv>(?:does not <adv>{plain}|no longer {third}) {rest}", what, ends=True, dated=dated),
        )
    return (
        Pattern(rf"<me> <adv>(?:do )?{plain} {rest}", what, dated=dated),
        Pattern(rf"<other> <adv>(?:{third}|does {plain}) {rest}", what, dated=dated),
    )


def _third(verb: str) -> str:
    return {"have": "has", "do": "does", "go": "goes"}.get(verb, verb + "s")


_PATTERNS = (
    # what is over
    *_verbs("live reside", "in <place>", "city", ends=True, dated=True),
    Pattern(r"<who> <be> (?:not|no longer) <adv>(?:living|based) in <place>", "city", ends=True, dated=True),
    Pattern(r"<who> <adv>(?:used to live|stopped living) in <place>", "city", ends=True),
    Pattern(r"<who> <past>moved (?:away|out) (?:from|of) <place>(?! to)", "city", ends=True, dated=True),
    *_verbs("work", "(?:at|for) <org>", "employer", ends=True, dated=True),
    Pattern(r"<who> <be> (?:not|no longer) <adv>working (?:at|for) <org>", "employer", ends=True, dated=True),
    Pattern(r"<who> <adv>(?:used to work|stopped working) (?:at|for) <org>", "employer", ends=True),
    Pattern(r"(?<!since )(?<!Since )<who> <past>(?:quit|left|lost) (?:my|our|his|her|their) (?:\w+ )?job\b(?! (?:interview|offer))(?: (?:at|with) <org>)?", "employer", ends=True, dated=True),
    Pattern(r"<who> <be> (?:not|no longer) an? <job>", "job", ends=True, dated=True),
    *_verbs("work", "as an? <role>", "job", ends=True, dated=True),
    Pattern(r"<who> <adv>(?:used to work as an?|stopped (?:working as|being) an?) <role>", "job", ends=True),
    Pattern(r"<who> <past>(?:divorced|separated from|broke up with) <named>", "spouse", ends=True, dated=True),
    Pattern(r"<who> <be> (?:not|no longer) married to <named>", "spouse", ends=True, dated=True),
    Pattern(r"<who> <be> no longer (?P<value>married|engaged|single)\b", "marital status", ends=True, dated=True),
    Pattern(r"<who> (?:do|does) not <adv>(?:like|love|enjoy) (?P<value>[\w'][^.,;:!?()\"\n]*?) (?:any ?more|any longer)\b", "likes", ends=True),
    Pattern(r"<who> <adv>(?:no longer (?:like|love|enjoy)s?|stopped (?:liking|loving|enjoying)) <thing>", "likes", ends=True),
    Pattern(r"<who> <adv>(?:(?:do|does) not <adv>(?:hate|dislike)|no longer hates?|stopped hating|used to hate) <thing>", "dislikes", ends=True),
    Pattern(r"<who> <be> (?:not|no longer) (?:\w+ )?allergic to <thing>", "allergy", ends=True),
    *_verbs("speak", "<named>", "language", ends=True),
    Pattern(r"<who> <be> (?:not|no longer) (?:an? )?(?P<value>vegan|vegetarian|pescatarian)\b", "diet", ends=True, dated=True),
    Pattern(r"<who> <past>(?:stopped|quit|gave up|given up) <doing>", "activity", ends=True, dated=True),
    *_verbs("have own", r"an? (?P<value><pet>)\b", "pet", ends=True, dated=True),
    # where and what somebody is
    *_verbs("live reside", "(?:here |over )?in <place>", "city", dated=True),
    Pattern(r"<who> <be> <adv>(?:living|residing|based) (?:here |over )?in <place>", "city", dated=True),
    Pattern(r"<who> (?:have|has) <adv>(?:been )?(?:lived|living) in <place>", "city", dated=True),
    Pattern(r"<who> <past>(?:moved|relocated|emigrated|immigrated) (?:(?:back|away|out|over|house|here) )?(?:from (?:the )?<name>(?:, <name>)? )?(?:over )?to <place>", "city", dated=True),
    *_verbs("work", "(?:full-time |part-time |freelance )?as an? <role>", "job", dated=True),
    Pattern(r"<who> (?:<be> <adv>working|<past>started(?: working)?) (?:full-time |part-time |freelance )?as an? <role>", "job", dated=True),
    *_verbs("work", "(?:full-time |part-time )?(?:at|for) <org>", "employer", dated=True),
    Pattern(r"<who> <be> <adv>working (?:full-time |part-time )?(?:at|for) <org>", "employer", dated=True),
    Pattern(r"<who> <past>(?:started|began) (?:working|(?:my|our|his|her|their|a) (?:new )?(?:job|position|role)) (?:at|with|for) <org>", "employer", dated=True),
    Pattern(r"<who> <past>(?:got|accepted|landed|took) (?:a|the|my|his|her|their) (?:new )?(?:job|position|role) (?:at|with) <org>", "employer", dated=True),
    Pattern(r"<who> <past>(?:became|got promoted to|was promoted to) (?:an? )?<job>", "job", dated=True),
    Pattern(r"<who> <be> <adv>an? <job>", "job", dated=True),
    Pattern(r"[Aa]s an? <job>, (?=I\b|my\b|we\b)", "job"),
    Pattern(r"<who> <past>(?:started|began|got|accepted|landed|took|have|has) (?:a|the|my|our|his|her|their) (?:new )?(?:job|position|role) as an? (?P<value>[\w-]+(?: [\w-]+){0,2}?)<end>", "job", dated=True),
    Pattern(r"(?P<who>[Mm]y|[Oo]ur) (?:home country|home town|hometown|native country)(?:,| is) <place>", "origin"),
    # how somebody is called, and whom they have
    Pattern(r"(?:[Mm]y name is|I am called|I go by|(?:[Pp]lease )?[Cc]all me|[Ee]veryone calls me) <named><end>", "name"),
    Pattern(r"<other> <be> <adv>(?:called|named) <named><end>", "name"),
    Pattern(r"<other> goes by <named><end>", "name"),
    Pattern(r"<who> <past>(?:have|has|own|owns|got|adopted|bought|rescued) (?:got )?an? (?:[a-z-]+ ){0,3}?(?P<what><pet>|<relative>),? (?:named|called) <named>"),
    Pattern(r"<who> <adv>(?:have|has) (?:got )?(?P<value>(?:an?|one|two|three|four|five|six|several|\d+) (?:[a-z-]+ ){0,2}?<relative>(?:s|ren)?)<end>", "family"),
    Pattern(r"<who> <past>(?:have|has|own|owns|got|adopted|bought|rescued) (?:got )?(?:an?|one|(?<=adopted )this|(?<=rescued )this) (?:(?!few|couple|lot)[a-z-]+ ){0,2}?(?P<value><pet>)<end>", "pet", dated=True),
    Pattern(r"(?P<value><name>) is (?:(?P<who>[Mm]y|(?:[Mm]y|[Oo]ur) <relation>(?='s)|<name>(?='s))(?:'s)?) (?P<what><pet>|<relative>)<end>"),
    Pattern(r"<who> <past>(?:married|got married to|wed) <named>", "spouse", dated=True),
    Pattern(r"<who> <be> <adv>married to <named>", "spouse", dated=True),
    Pattern(r"<who> (?:<be> <adv>|<past>(?:got|became) )(?P<value>married|divorced|engaged|widowed|single)(?= (?:last|this|yesterday|in|on|two|three|a|\d)\b|[.,!]|$| and\b| now\b)", "marital status", dated=True),
    # what somebody likes, has, speaks
    *_verbs("hate dislike detest loathe", "<thing>", "dislikes"),
    Pattern(r"<who> <be> not (?:really |much |that |too |very |so )?(?:into|fond of|an? (?:\w+ )?fan of) <thing>", "dislikes"),
    Pattern(r"<who> (?:can not stand|(?:do|does) not <adv>(?:like|enjoy)) <thing>", "dislikes"),
    *_verbs("like love adore enjoy", "<thing>", "likes"),
    Pattern(r"<who> (?:have|has) (?:always |long )?(?:had )?an? (?:(?:great|deep|big|lifelong|huge) )?(?:love|passion) (?:for|of) <thing>", "likes"),
    Pattern(r"(?P<who>[Mm]y|[Oo]ur) (?:love|passion)s? (?:for|of) (?P<value>(?!it\b|this|that|these|those|you|him|her|them|the\b|my\b|our\b|your)[\w'-]+(?: (?:and|of) (?!the\b|it\b|my\b)[\w'-]+)?)", "likes"),
    Pattern(r"<who> <be> <adv>(?:fond of|into|an? (?:\w+ )?fan of) <thing>", "likes"),
    Pattern(r"<who> <be> <adv>(?:severely |terribly |badly )?allergic to <thing>", "allergy"),
    Pattern(r"<who> <adv>(?:have|has) an? (?P<value>[a-z]+) allergy\b", "allergy"),
    Pattern(r"<who> <adv>(?:have|has) an? (?:[a-z]+ )?allergy to <thing>", "allergy"),
    *_verbs("speak", rf"(?:(?:fluent|some|a little|perfect) )?(?P<value>{_WORD}(?:(?:, | and |, and ){_WORD})*)<end>", "language"),
    Pattern(r"<who> (?:<be> <adv>|<past>(?:became|went|turned) )(?:an? )?(?P<value>vegan|vegetarian|pescatarian)<end>", "diet", dated=True),
    Pattern(r"<who> (?:<be>|<past>turned) (?P<value>\d{1,3}) years old\b", "age"),
    Pattern(r"<who> <past>turned (?P<value>\d{1,3})<end>", "age"),
    Pattern(r"<who> (?:was|were) born in <place>", "birthplace"),
    Pattern(r"<who> (?:was|were) born on (?P<value>[^,.;!?]+?)(?=$|[,.;!?])", "birthday"),
    Pattern(r"<who> (?:<be> <adv>|come |comes |originally )*from <place>", "origin"),
    Pattern(r"<who> <past>(?:started|began|took up|taken up|picked up) <doing>", "activity", dated=True),
    Pattern(r"(?:Just started|Recently started|Started|Began) <doing>", "activity", dated=True),
    Pattern(r"<who> <past>(?:started|began|joined|took up|signed up for) (?:(?:an?|some|my|this|the|our) )?(?P<value>(?:[a-z-]+ ){0,4}?<course>(?: and [a-z-]+ <course>)?)(?! and [a-z-]+ <course>)<end>", "activity", dated=True),
    # any attribute
    Pattern(rf"<owner>'s? <attribute> {_OVER}<rest>", ends=True),
    Pattern(rf"[Tt]he <attribute> of <owner> {_OVER}<rest>", ends=True),
    Pattern(rf"(?P<who>[Mm]y|[Oo]ur) <attribute> {_OVER}<rest>", ends=True),
    Pattern(rf"<owner>'s? <attribute> {_IS} <rest>"),
    Pattern(rf"[Tt]he <attribute> of <owner> {_IS} <rest>"),
    Pattern(rf"(?P<who>[Mm]y|[Oo]ur) <attribute> {_IS} <rest>"),
    Pattern(r"(?P<value>(?:[Tt]he )?[\w][\w -]{0,40}?) (?:is|are) (?P<who>[Mm]y|<name>'s) (?P<what>favou?rite [a-z]+(?: [a-z]+)?|passion|hobby)<end>"),
)  # fmt: skip

ENGLISH = Language(
    code="en",
    parts=_PARTS,
    patterns=_PATTERNS,
    clause=r"^|[,;:]\s+|\s[–—-]+\s|[.!?…]\s+|(?=\b[Mm]y (?:love|passion)s? (?:for|of)\b)|(?=\b[Mm]y (?:home ?|native )(?:country|town)\b)|\b(?:and|but|so|because|since|then|that|though|why|how much|yeah|yes|no|well|oh|hey|hi)\s+",
    filler=(
        r"actually|(?:like|as) i said|you know|as you know|by the way|btw|fyi|just so you know|for the record|to be honest|honestly|in fact|well|oh|hey|hi|yes|yeah|no|"
        r"so|and|but|ok|okay|correction|update|news|also|guess what|good news|big news|sadly|unfortunately|luckily|finally|"
        r"please|remember that|note that|remember|note|now|today|yesterday|these days|nowadays|currently|recently|(?:last|this) (?:week|month|year|night|summer|winter|spring|fall|autumn|weekend|morning|evening|monday|tuesday|wednesday|thursday|friday|saturday|sunday)|"
        r"(?:two|three|four|five|six|a few|some|a|an|\d+) (?:day|week|month|year)s? ago|in (?:19|20)\d\d|since (?:19|20)\d\d|"
        r"(?:as of|from|starting|since|in|on) (?:next |last )?(?:today|now|monday|tuesday|wednesday|thursday|friday|saturday|sunday|(?:\d{1,2}(?:st|nd|rd|th)? )?(?:january|february|march|april|may|june|july|august|september|october|november|december)(?: \d{1,2}(?:st|nd|rd|th)?)?)(?:,? \d{4})?(?: on)?|"
        r"it turns out(?: that)?|i told you(?: that)?|did you know(?: that)?|you should know that|know that"
    ),
    unsure=(
        r"\?[\"')]*\s*$|\b(?:if|unless|maybe|perhaps|probably|possibly|might|would|could|should|whether|wish|imagine|pretend|"
        r"suppose|supposing|hypothetically|unknown|guess(?! what)|supposedly|allegedly|reportedly|rumou?r\w*|i think|i believe|i assume|not sure|unsure|i doubt|i hope|likely|when i was|when we were|as a (?:kid|child)|in my dreams?|for example|"
        r"almost|nearly|i'd|we'd|he'd|she'd|one day|someday|joking|kidding|just like)\b|\b(?:was|were) saying\b|(?<!\bi )\bsaid (?:that|i|he|she)\b|\btold (?:me|us|him|her)\b|\bthinks\b|\bsays\b|\bclaims\b|\bdreamed\b|\bdreamt\b"
    ),
    nobody=(
        "i it he she they we you this that there here what who where when how why which whose one someone everyone everybody somebody nobody"
        " anyone let yesterday today tomorrow tonight now last next weather monday tuesday wednesday thursday friday saturday"
        " sunday week month year day morning evening afternoon night hello hi hey thanks thank oh wow yeah yes no ok okay well so and but or"
        " because since after before while although though however also then just not never always if as at in on for from with by to"
        " of maybe perhaps people everything something nothing anything all some many most few both each every another other his her their"
        " its your these those does do did is are was were can could will would should have has had"
        " january february march april june july august september october november december currently finally sadly"
        " later once until recently lately suddenly eventually luckily plus sounds looks seems feels themes gonna wanna gotta"
        " rest end start beginning most half part lot kind sort middle top bottom side idea problem point thing things best worst purpose reason goal"
        " aim rule truth fact fun hell cause result effect question answer trick key meaning moral name-of-the-game"
    ),
    valueless=(
        "unknown if or but because is are was were has have had which who where when that what how why it he she they we you him them this these"
        " those there not no never than am him her them me us you yourself himself herself themselves myself my our be been would could should might will can going about"
    ),
    cut=r",?\s(?:where|which|who|whom|whose|because|since|although|though|while|whereas|so that|so)\s|,\s(?:and|but|so|where|which|who|not|as)\b|\s[–—-]+\s|;|:\s|\(|\s(?:but|and then|and I|and we|and my|and it|and she|and he|and they)\s",
    relations=_RELATIVES + " " + _PETS,
    speaker="i we my our",
    states="""able absent afraid alive alone amazing angry annoying asleep available awake aware awesome awful away back bad
        beautiful best better big boring brave bright brilliant broke broken busy calm cheap clean clear clever close closed
        cold cool correct crazy cute dangerous dark dead dear deep delicious different difficult dirty dry dull dumb early
        easy empty enough excellent exciting expensive extreme fair fake false famous fantastic far fast fat favourite fine
        finished first free fresh full fun funny gentle glad gone good gorgeous great guilty happy hard healthy heavy here
        high hot huge hungry ill important impossible incredible insane intense interesting jealous kind large last late
        lazy light little lonely long loose lost loud lovely low lucky mad mean messy missing narrow nasty near neat
        nervous new nice noisy normal obvious odd off okay ok old on open out outside over perfect pink-eyed polite poor pregnant proud
        popular possible pretty private proud quick quiet rare ready real recent rich right ripe rough rude sad safe same
        scary serious sharp shiny short shut shy sick silent silly similar simple slow small smart smooth soft solid sore
        sorry special stale strange strict strong stuck stupid sunny super sure sweet tall terrible thick thin tight tiny
        tired tough true ugly unique up upset useful usual warm weak weird well wet wide wild wise wonderful worse worst
        worth wrong young here there today tomorrow yesterday tonight soon now everywhere nowhere home down""",
)
