"""Disciplines: confirmed theory as small modules that are checked, frozen, fused without harm, and explained.

A **card** says what is known, in which units, from where and since when. A **module** is a card that answers. A
**fusion** is a model of data and modules together, in which a module that does not help gets no weight.
"""

from reverie.disciplines.card import Card, CardError, parse_card, read_card
from reverie.disciplines.fusion import FusedClassifier, FusedRegressor
from reverie.disciplines.guard import Verdict
from reverie.disciplines.module import Module, OutOfRange, StaleKnowledge, open_card
from reverie.disciplines.theory import Theory

__all__ = [
    "Card",
    "CardError",
    "FusedClassifier",
    "FusedRegressor",
    "Module",
    "OutOfRange",
    "StaleKnowledge",
    "Theory",
    "Verdict",
    "open_card",
    "parse_card",
    "read_card",
]
