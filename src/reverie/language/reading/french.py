"""How French says facts."""

from reverie.language.reading.patterns import LOWER, UPPER, Language, Pattern

__all__ = ["FRENCH"]

_RELATIVES = (
    "mari femme compagnon compagne copain copine mère maman père papa parents frère sœur soeur fils fille enfant"
)
_RELATIVES += " grand-mère grand-père tante oncle cousin cousine ami amie collègue patron patronne voisin voisine"
_PETS = "chien chienne chat chatte chaton chiot hamster lapin perroquet oiseau poisson cheval poney tortue"
_JOBS = """acteur actrice agriculteur agricultrice architecte artiste avocat avocate boucher boulanger boulangère chanteur chanteuse chauffeur
    chercheur chercheuse chirurgien chirurgienne coiffeur coiffeuse comptable cuisinier cuisinière dentiste développeur
    développeuse directeur directrice écrivain électricien étudiant étudiante fonctionnaire graphiste infirmier
    infirmière informaticien informaticienne ingénieur ingénieure instituteur institutrice jardinier journaliste juge
    mécanicien médecin menuisier musicien musicienne opticien peintre pharmacien pharmacienne photographe pilote
    plombier policier pompier professeur professeure psychologue retraité retraitée sage-femme secrétaire serveur
    serveuse traducteur traductrice vendeur vendeuse vétérinaire"""
_TONGUES = (
    "français anglais allemand espagnol italien portugais russe chinois arabe japonais néerlandais norvégien suédois"
)
_TONGUES += " danois finnois polonais tchèque turc grec coréen hindi hébreu mandarin breton"


def _any(words: str) -> str:
    return "(?:" + "|".join(words.split()) + ")"


_WORD = rf"[{UPPER}][\w&-]*"
_NAME = rf"(?:(?:(?:Dr|M|Mme|Mlle|St)\.? )?{_WORD}(?: (?:(?:de|du|des|le|la|les|sur|en) ){{0,2}}{_WORD}){{0,3}})"

_PARTS = {
    "name": _NAME,
    "relation": rf"(?:(?:petit|petite|grand|grande|meilleur|meilleure) )?{_any(_RELATIVES + ' ' + _PETS)}",
    "who": r"(?P<who>[Jj]e |[Jj]'|[Nn]ous |(?:[Mm]on|[Mm]a|[Nn]otre) <relation>(?: <name>)? |<name> )",
    "adv": r"(?:(?:maintenant|désormais|actuellement|toujours|encore|aussi|déjà|vraiment|beaucoup|bien|récemment|enfin|tous|ici|énormément|depuis [^.,;]{1,25}?) )*",
    "place": r"(?:à|en|au|aux|dans le|dans la|sur) (?P<value>(?:La |Le |Les )?<name>)",
    "named": r"(?P<value><name>)",
    "thing": r"(?P<value>(?!(?:ça|cela|ceci|ce|cet|cette|ces|te|vous|le faire|que|quand|comment|quoi|ton|ta|tes|son|sa|ses|mon|ma|mes|pas|plus|rien|tout|trop|très|bien)\b)[\w'][^.,;:!?()\"\n]*?)",
    "stop": r"(?=$|[.,;:!()\"]|\s(?:et|mais|parce|car|depuis|quand)\s)",
    "job": rf"(?P<value>{_any(_JOBS)})(?=$|[.,;:!()]| (?:et|mais|à|chez|dans|depuis|en)\b)",
    "attribute": r"(?P<what>[\w][\w'-]*(?: [\w][\w'-]*){0,3}?)",
    "is": r"(?:est|sont|s'appelle|c'est)(?: (?:maintenant|désormais|à présent|actuellement))*",
    "over": r"(?:n'est|ne sont) (?:plus|pas)",
    "rest": r"(?P<value>[^\n]+?)[.!]*$",
    "live": r"(?:habite|habitent|habitons|vis|vit|vivons|réside|résident)",
    "am": r"(?:suis|est|sommes)",
    "have": r"(?:ai|a|avons|ont)",
}  # fmt: skip

_PATTERNS = (
    # what is over
    Pattern(r"<who>(?:n'|ne )<live> (?:plus|pas) <adv><place>", "city", ends=True, dated=True),
    Pattern(r"<who><have> quitté <named> (?:pour de bon|définitivement)", "city", ends=True, dated=True),
    Pattern(r"<who>ne travaille (?:plus|pas) (?:chez|pour|à) <named>", "employer", ends=True, dated=True),
    Pattern(r"<who><have> (?:quitté|perdu) (?:mon|son|notre) (?:travail|emploi|poste|boulot)", "employer", ends=True, dated=True),
    Pattern(r"<who>(?:ne suis|n'est) (?:plus|pas) <job>", "job", ends=True, dated=True),
    Pattern(r"<who>(?:n'aime|n'adore) plus <thing><stop>", "likes", ends=True),
    Pattern(r"<who>ne déteste (?:plus|pas) <thing><stop>", "dislikes", ends=True),
    Pattern(r"<who>(?:ne suis|n'est) (?:plus|pas) allergique (?:à |au |aux )<thing><stop>", "allergy", ends=True),
    Pattern(rf"<who><have> (?:arrêté|cessé) (?:de |d')(?P<value>[{LOWER}]+(?:er|ir|re)\b[^.,;!?]{{0,30}}?)<stop>", "activity", ends=True, dated=True),
    Pattern(r"<who><have> divorcé (?:de |d'avec |d')<named>", "spouse", ends=True, dated=True),
    # where and what somebody is
    Pattern(r"<who><live> <adv><place>", "city", dated=True),
    Pattern(r"<who><have> <adv>(?:déménagé|emménagé) (?:de [^.,;]{1,20} )?<place>", "city", dated=True),
    Pattern(r"<who>(?:me suis|s'est|nous sommes) <adv>installée?s? <place>", "city", dated=True),
    Pattern(r"<who>travaille <adv>comme (?P<value>[\w-]+(?: [\w-]+)?)<stop>", "job", dated=True),
    Pattern(r"<who>travaille <adv>(?:chez|pour) <named>", "employer", dated=True),
    Pattern(r"<who><am> <adv>(?:devenue? )?<job>", "job", dated=True),
    # how somebody is called, and whom they have
    Pattern(r"(?:[Jj]e m'appelle|[Mm]on nom est|[Aa]ppelle-moi|[Aa]ppelez-moi) <named>", "name"),
    Pattern(r"<who>s'appelle <named>", "name"),
    Pattern(r"<who><have> une? (?:\w+ ){0,2}?(?P<what><relation>)(?:,)? (?:qui s'appelle|nommée?|appelée?) <named>"),
    Pattern(r"<who><have> (?P<value>(?:une?|deux|trois|quatre|cinq|\d+) (?:\w+ )?(?:enfants?|fils|filles?|frères?|sœurs?|soeurs?))<stop>", "family"),
    Pattern(rf"<who><have> (?:adopté )?une? (?:\w+ )?(?P<value>{_any(_PETS)})<stop>", "pet", dated=True),
    Pattern(r"<who><have> épousé <named>", "spouse", dated=True),
    Pattern(r"<who>(?:me suis|s'est|suis|est) mariée? (?:avec|à) <named>", "spouse", dated=True),
    Pattern(r"<who><am> <adv>(?P<value>mariée?s?|célibataire|divorcée?s?|fiancée?s?|veuve|veuf)<stop>", "marital status", dated=True),
    # what somebody likes, has, speaks
    Pattern(r"<who>n'aime pas <adv><thing><stop>", "dislikes"),
    Pattern(r"<who>(?:déteste|détestent) <adv><thing><stop>", "dislikes"),
    Pattern(r"<who>(?:aime|aimons|adore|adorons|aiment) <adv><thing><stop>", "likes"),
    Pattern(r"<who><am> <adv>allergique (?:à |au |aux )<thing><stop>", "allergy"),
    Pattern(rf"<who>parle <adv>(?:couramment )?(?:le |l')?(?P<value>{_any(_TONGUES)}(?:(?:, | et )(?:le |l')?{_any(_TONGUES)})*)", "language"),
    Pattern(r"<who><am> <adv>(?:devenue? )?(?P<value>végane?|végétariene?|végétarienne)<stop>", "diet", dated=True),
    Pattern(r"<who>(?:ai|a) (?P<value>\d{1,3}) ans\b", "age"),
    Pattern(r"<who>(?:suis|est) née? <place>", "birthplace"),
    Pattern(r"<who>(?:viens|vient) <adv>(?:de |d'|du )<named>", "origin"),
    Pattern(rf"<who><have> commencé (?P<value>(?:le|la|l'|les|du) ?[{LOWER}]\w+(?: \w+)?)<stop>", "activity", dated=True),
    Pattern(r"<who><have> commencé à (?P<value>(?:jouer|apprendre|étudier|courir|nager|peindre|chanter|danser|fumer|boire|cuisiner|jardiner|dessiner|méditer)\b[^.,;!?]{0,30}?)<stop>", "activity", dated=True),
    # attributes of the list
    Pattern(r"(?P<who>[Mm]on|[Mm]a|[Nn]otre|[Mm]es) <attribute> <over> <rest>", ends=True),
    Pattern(r"(?:[Ll]e |[Ll]a |[Ll]'|[Ll]es )<attribute> (?:de |d')(?P<who><name>) <over> <rest>", ends=True),
    Pattern(r"(?P<who>[Mm]on|[Mm]a|[Nn]otre|[Mm]es) <attribute> <is> <rest>"),
    Pattern(r"(?:[Ll]e |[Ll]a |[Ll]'|[Ll]es )<attribute> (?:de |d')(?P<who><name>) <is> <rest>"),
)  # fmt: skip

FRENCH = Language(
    code="fr",
    parts=_PARTS,
    patterns=_PATTERNS,
    clause=r"^|[,;:]\s+|\s[–—-]+\s|[.!?…]\s+|\b(?:et|mais|car|parce que|oui|non|bonjour|salut|donc)\s+",
    filler=(
        r"en fait|au fait|d'ailleurs|bonjour|salut|oui|non|donc|et|mais|alors|maintenant|désormais|aujourd'hui|hier|finalement|enfin|"
        r"malheureusement|heureusement|souviens-toi que|note que|retiens que|correction|depuis \w+(?: \w+)?|l'année dernière|l'an dernier|"
        r"le mois dernier|la semaine dernière|il y a \w+ \w+|en \w+(?: \d{4})?|à partir d[eu] [^,]{1,20}"
    ),
    unsure=r"\?[\"')]*\s*$|\b(?:si|peut-être|probablement|sans doute|apparemment|pourrais|pourrait|voudrais|voudrait|aimerais|aimerait|serais|serait|j'espère|je crois|je pense|imagine|quand j'étais|presque|dit que|prétend|inconnue?|vais|va|veux|veut)\b",
    nobody="je tu il elle on nous vous ils elles ce cela ça ceci le la les un une des qui que quoi où quand comment pourquoi hier demain"
    " aujourd'hui maintenant bonjour merci oui non et mais ou donc car si quelqu'un personne tout tous mon ma mes ton ta tes son sa ses notre"
    " leur lundi mardi mercredi jeudi vendredi samedi dimanche en depuis après avant",
    valueless="que qui quoi où quand comment pas plus jamais très trop si ou est sont inconnu en à dans chez",
    cut=r",\s(?:où|qui|mais|et|car|parce|pas)\b|\s(?:parce que|mais|car|où)\s|\s[–—-]+\s|;|:\s|\(",
    relations=_RELATIVES + " " + _PETS,
    speaker="je j' nous mon ma mes notre",
    states="bien bon bonne mauvais mauvaise difficile facile génial géniale super nul nulle ennuyeux ennuyeuse fatigant fatigante stressant"
    " stressante malade content contente triste fatigué fatiguée cassé cassée en retard prêt prête fini finie ici là loin belle beau jolie joli"
    " grande grand petite petit parti partie mort morte intéressant intéressante passionnant passionnante formidable vide plein pleine",
    script=r"\b(?:je|j'\w+|nous|mon|ma|notre|mes|est|sont|[n]'est|habite|vit|réside|travaille|aime|adore|déteste|s'appelle|appelle-moi|parle|vient|déménagé|emménagé|épousé|divorcé|quitté|perdu|arrêté|cessé|commencé|adopté|ans|n'\w+|ne|s'est)\b",
)
