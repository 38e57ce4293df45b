"""How languages say facts, one file each; and the reader of them."""

from reverie.language.reading.chinese import CHINESE
from reverie.language.reading.english import ENGLISH
from reverie.language.reading.french import FRENCH
from reverie.language.reading.german import GERMAN
from reverie.language.reading.patterns import Language, Pattern
from reverie.language.reading.spanish import SPANISH

__all__ = ["CHINESE", "ENGLISH", "FRENCH", "GERMAN", "LANGUAGES", "SPANISH", "Language", "Pattern"]

LANGUAGES = (ENGLISH, GERMAN, FRENCH, SPANISH, CHINESE)
