"""Disciplines: confirmed theory as small modules that are checked, frozen, fused without harm, and explained.

A **card** says what is known, in which units, from where and since when. A **module** is a card that answers.
"""

from reverie.disciplines.card import Card, CardError, parse_card, read_card
from reverie.disciplines.module import Module, OutOfRange, StaleKnowledge, open_card

__all__ = [
    "Card",
    "CardError",
    "Module",
    "OutOfRange",
    "StaleKnowledge",
    "open_card",
    "parse_card",
    "read_card",
]
