"""Dates that a text names, resolved against the time at which it was said.

"Yesterday", said on 3 May, is 2 May; "last month" is the whole of April. What a date looks like in a text is told by
patterns of English, German, French, Spanish and Chinese; which date it is, by `dateparser`. A month or a weekday without
a year is the last one there was, or the next one where the sentence speaks of what is to come.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from reverie.language.normal import normal_form

__all__ = ["Dated", "dates_in"]

_MOST, _LONGEST = 20, 20_000  # dates, and characters in which they are looked for


class Dated(NamedTuple):
    """A date in a text.

    Attributes
    ----------
    words : str
        As they stand in the text, in normal form.
    since, until : datetime
        The first moment of it, and the first after it.
    """

    words: str
    since: datetime
    until: datetime

    def __str__(self) -> str:
        last = self.until - timedelta(microseconds=1)
        if self.since.date() == last.date():
            return f"{self.since:%Y-%m-%d}"
        return f"{self.since:%Y-%m-%d} to {last:%Y-%m-%d}"


_MONTHS = {
    "en": "January|February|March|April|May|June|July|August|September|October|November|December|Jan\\.?|Feb\\.?|Aug\\.?|Sept\\.?|Oct\\.?|Nov\\.?|Dec\\.?",
    "de": "Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember",
    "fr": "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre",
    "es": "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre",
}
_DAYS = {
    "en": "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday",
    "de": "Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonntag",
    "fr": "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche",
    "es": "lunes|martes|miércoles|jueves|viernes|sábado|domingo",
}
_NUMBERS = {
    "en": "an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\\d{1,3}",
    "de": "einem|einer|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|\\d{1,3}",
    "fr": "une?|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|\\d{1,3}",
    "es": "una?|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|\\d{1,3}",
}
_YEAR = r"(?:19|20)\d\d"
_PLAIN = r"\b(?:19|20)\d\d-\d\d-\d\d(?!\d)"
_LOOKS = {
    "en": rf"\b(?:the day before yesterday|yesterday|today|tonight|tomorrow|last night|this (?:morning|afternoon|evening)"
    rf"|(?:last|next|this|past) (?:week|weekend|month|year|<day>|<month>|spring|summer|fall|autumn|winter)"
    rf"|(?:<number>) (?:day|week|month|year)s? ago|in (?:<number>) (?:day|week|month|year)s"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:<month>)(?:,? {_YEAR})?|(?:<month>) \d{{1,2}}(?:st|nd|rd|th)?(?!\d)(?:,? {_YEAR})?"
    rf"|(?:<month>),? {_YEAR}|(?<=\bin )(?:<month>)|(?<=\bsince )(?:<month>)|(?<=\bfrom )(?:<month>)|(?<=\buntil )(?:<month>)"
    rf"|(?<=\bon )(?:<day>)|(?<=\bsince )(?:<day>)|(?<=\bfrom )(?:<day>)"
    rf"|(?:(?<=\bin )|(?<=\bsince )|(?<=\bfrom )|(?<=\buntil )|(?<=\bof )|(?<=\bduring )){_YEAR})\b",
    "de": rf"\b(?:vorgestern|gestern|heute|übermorgen|(?<!guten )(?<!am )morgen(?! früh)|(?:letzte|nächste|vorige)[nrs]? (?:Woche|Monat|Jahr|<day>|<month>)"
    rf"|vor (?:<number>) (?:Tag|Tagen|Woche|Wochen|Monat|Monaten|Jahr|Jahren)|\d{{1,2}}\. (?:<month>)(?: {_YEAR})?"
    rf"|(?:<month>) {_YEAR}|(?<=\bim )(?:<month>)|(?<=\bseit )(?:<month>)|(?<=\bab )(?:<month>)|(?<=\bam )(?:<day>)"
    rf"|(?:(?<=\bseit )|(?<=\bim Jahr )|(?<=\bab )|(?<=\bin )|(?<=\bbis )){_YEAR}|(?<=zogen )\b{_YEAR}|(?<=\bbin ){_YEAR}|(?<=\bist ){_YEAR})\b",
    "fr": rf"\b(?:avant-hier|hier|aujourd'hui|après-demain|demain|la semaine (?:dernière|prochaine)|le mois (?:dernier|prochain)"
    rf"|l'année (?:dernière|prochaine)|l'an dernier|il y a (?:<number>) (?:jours?|semaines?|mois|ans?)"
    rf"|(?:<day>) (?:dernier|prochain)|(?:\d{{1,2}}|1er) (?:<month>)(?: {_YEAR})?|(?:<month>) {_YEAR}|(?<=\ben )(?:<month>)|(?<=\bdepuis )(?:<month>)"
    rf"|(?:(?<=\ben )|(?<=\bdepuis )){_YEAR})\b",
    "es": rf"\b(?:anteayer|ayer|hoy|pasado mañana|la (?:semana pasada|próxima semana)|el (?:mes|año) pasado|el próximo (?:mes|año)"
    rf"|hace (?:<number>) (?:días?|semanas?|mes|meses|años?)|(?:<day>) pasado|\d{{1,2}} de (?:<month>)(?: de {_YEAR})?"
    rf"|(?:<month>) de {_YEAR}|(?<=\ben )(?:<month>)|(?<=\bdesde )(?:<month>)|(?:(?<=\ben )|(?<=\bdesde )){_YEAR})\b",
    "zh": rf"前天|昨天|今天|明天|后天|上周|下周|这周|上个?月|下个?月|去年|今年|明年|前年|[一二两三四五六七八九十\d]{{1,3}}(?:天|周|个星期|个月|年)前"
    rf"|{_YEAR}年(?:\d{{1,2}}月(?:\d{{1,2}}[日号])?)?|\d{{1,2}}月\d{{1,2}}[日号]|(?:十[一二]?|[一二三四五六七八九])月(?!亮)",
}
_COMES = re.compile(
    r"\b(?:will|shall|going to|gonna|plan(?:s|ning)?|next|upcoming|from now on|starting|'ll|from|ab|werde[nt]?|wird|va|vais|vamos|à partir|a partir)\b|将|会|起",
    re.IGNORECASE,
)
_SEASONS = {"spring": 3, "summer": 6, "fall": 9, "autumn": 9, "winter": 12}
_ZH_NUMBERS = {sign: number for number, sign in enumerate("零一二三四五六七八九十")} | {"两": 2}
_ES_NUMBERS = {
    name: number
    for number, name in enumerate(
        ["cero", "un", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez"]
    )
} | {"una": 1}


@cache
def _looks(code: str) -> re.Pattern[str]:
    pattern = _LOOKS[code]
    for name, listed in (("month", _MONTHS), ("day", _DAYS), ("number", _NUMBERS)):
        pattern = pattern.replace(f"<{name}>", listed.get(code, ""))
    exact = code in ("fr", "es", "zh")
    return re.compile(f"{_PLAIN}|{pattern}", re.IGNORECASE if exact or code == "en" else 0)


def dates_in(text: str, said: datetime, *, ahead: bool = False) -> list[Dated]:
    """The dates that a text names, in the order in which it names them.

    Parameters
    ----------
    said : datetime
        When it was said, with a time zone.
    ahead : bool
        Whether a month or a weekday without a year is one to come.

    Examples
    --------
    >>> said = datetime(2023, 5, 8, 13, 56, tzinfo=UTC)
    >>> [str(one) for one in dates_in("I met Ana yesterday, and Ben last week, for the first time since March.", said)]
    ['2023-05-07', '2023-05-01 to 2023-05-07', '2023-03-01 to 2023-03-31']
    >>> [str(one) for one in dates_in("Ich habe Anna vor zwei Tagen getroffen, im Mai 2021 aber nicht.", said)]
    ['2023-05-06', '2021-05-01 to 2021-05-31']
    """
    plain = normal_form(text[:_LONGEST])
    if said.tzinfo is None:
        said = said.replace(tzinfo=UTC)
    found: dict[tuple[int, int], Dated] = {}
    for code in _LOOKS:
        for words in _looks(code).finditer(plain):
            if len(found) >= _MOST or any(start < words.end() and words.start() < end for start, end in found):
                continue
            to_come = ahead or _COMES.search(_sentence(plain, words.start())) is not None
            span = _resolved(words[0], code, said, to_come)
            if span is not None:
                found[words.span()] = Dated(words[0], *span)
    return [found[place] for place in sorted(found)]


def _sentence(text: str, at: int) -> str:
    """The sentence around a place, about."""
    return text[max(text.rfind(". ", 0, at), at - 80, 0) : at + 20]


def _resolved(words: str, code: str, said: datetime, to_come: bool) -> tuple[datetime, datetime] | None:
    """The first moment of a date, and the first after it."""
    small = words.casefold()
    day = said.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        if small.endswith("weekend"):
            saturday = day + timedelta(days=5 - day.weekday())
            saturday += timedelta(days=7 * ({"last": -1, "past": -1, "next": 1}.get(small.split()[0], 0)))
            return saturday, saturday + timedelta(days=2)
        if (season := small.split()[-1]) in _SEASONS:
            first = day.replace(day=1, month=_SEASONS[season])
            later = small.startswith("next") or (small.startswith("this") and to_come)
            first = _year_of(first, said, later=later, this=small.startswith("this"))
            return first, _after(_after(_after(first, "month"), "month"), "month")
        if code == "zh" and (ago := re.fullmatch(r"([一二两三四五六七八九十\d]+)(天|周|个星期|个月|年)前", words)):
            count = int(ago[1]) if ago[1].isdigit() else _ZH_NUMBERS.get(ago[1], 0)
            words, code = (
                f"{count} { {'天': 'days', '周': 'weeks', '个星期': 'weeks', '个月': 'months', '年': 'years'}[ago[2]] } ago",
                "en",
            )
        elif code == "zh" and (year := re.fullmatch(r"(\d{4})年", words)):
            words = year[1]
        elif code == "es" and (ago := re.fullmatch(r"hace (\w+) (\w+)", small)):
            units = {"d": "days", "s": "weeks", "m": "months", "a": "years"}
            words, code = f"{_ES_NUMBERS.get(ago[1], ago[1])} {units[ago[2][0]]} ago", "en"
        elif code == "de" and (weekday := re.fullmatch("|".join(_DAYS["de"].split("|")), words)):
            words, code = _DAYS["en"].split("|")[_DAYS["de"].split("|").index(weekday[0])], "en"
        return _span(words, code, said, to_come)
    except (ValueError, OverflowError):
        return None


def _year_of(first: datetime, said: datetime, *, later: bool, this: bool) -> datetime:
    """Of a season: the one before, this year's, or the one to come."""
    if this:
        return first.replace(year=said.year)
    if later:
        return first if first > said else first.replace(year=first.year + 1)
    over = _after(_after(_after(first, "month"), "month"), "month") <= said
    return first if over else first.replace(year=first.year - 1)


def _span(words: str, code: str, said: datetime, to_come: bool) -> tuple[datetime, datetime] | None:
    parsed = _parser(code, "future" if to_come else "past", said.replace(tzinfo=None)).get_date_data(words)
    if parsed is None or parsed.date_obj is None:
        return None
    first = parsed.date_obj.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=said.tzinfo)
    if re.fullmatch(_YEAR, words):
        return first.replace(month=1, day=1), first.replace(month=1, day=1, year=first.year + 1)
    period = parsed.period
    if period == "week":
        first -= timedelta(days=first.weekday())
    elif period == "month":
        first = first.replace(day=1)
    elif period == "year":
        first = first.replace(day=1, month=1)
    return first, _after(first, period)


def _after(first: datetime, period: str) -> datetime:
    """The first moment after a day, week, month or year."""
    if period == "year":
        return first.replace(year=first.year + 1)
    if period == "month":
        return (first + timedelta(days=32)).replace(day=1)
    return first + timedelta(days=7 if period == "week" else 1)


def _parser(code: str, prefer: str, base: datetime) -> Any:
    from dateparser.date import DateDataParser

    settings = {
        "RELATIVE_BASE": base,
        "PREFER_DATES_FROM": prefer,
        "PREFER_DAY_OF_MONTH": "first",
        "PREFER_MONTH_OF_YEAR": "first",
        "RETURN_AS_TIMEZONE_AWARE": False,
    }
    return DateDataParser(languages=[code], settings=settings)
