"""Senses: from what a brain is given to the keys of its memory. One file a sense; each forms once, and stays so.

`KINDS` lists them by name. What all of them promise is `reverie.contracts.Sense`; `reverie.checks.check_sense` checks
it, of one's own too.
"""

from reverie.senses.cortex import Cortex
from reverie.senses.grid import Grid
from reverie.senses.handed_in import OWN, Own, OwnEncoder
from reverie.senses.photo import Photo
from reverie.senses.senses import AUTO, ENCODERS, KINDS, Senses
from reverie.senses.sentences import Hashed, MiniLM
from reverie.senses.series import Series
from reverie.senses.sound import Sound
from reverie.senses.table import TableSense
from reverie.senses.together import TOGETHER, Part, Together
from reverie.senses.vectors import Expanded, Raw
from reverie.senses.words import Words

__all__ = [
    "AUTO",
    "ENCODERS",
    "KINDS",
    "OWN",
    "TOGETHER",
    "Cortex",
    "Expanded",
    "Grid",
    "Hashed",
    "MiniLM",
    "Own",
    "OwnEncoder",
    "Part",
    "Photo",
    "Raw",
    "Senses",
    "Series",
    "Sound",
    "TableSense",
    "Together",
    "Words",
]
