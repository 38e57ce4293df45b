"""Disciplines: confirmed theory as small modules that are checked, frozen, fused behind a guard, and explained.

A **card** says what is known, in which units, from where and since when. A **module** is a card that answers. A
**fusion** is a model of data and modules together, in which a module that does not help gets no weight.
"""

from reverie.disciplines.card import Card, CardError, parse_card, read_card
from reverie.disciplines.chain import Chain, Spread
from reverie.disciplines.distil import Distilled, Form, distil
from reverie.disciplines.frozen import DriftError, Frozen, freeze, load_frozen, save_frozen
from reverie.disciplines.fusion import FusedClassifier, FusedRegressor
from reverie.disciplines.guard import Verdict
from reverie.disciplines.joint import JointFusion
from reverie.disciplines.module import Module, OutOfRange, StaleKnowledge, open_card
from reverie.disciplines.registry import Registry
from reverie.disciplines.remembered import Remembered
from reverie.disciplines.theory import Theory
from reverie.disciplines.training import Job, train_all, train_card

__all__ = [
    "Card",
    "CardError",
    "Chain",
    "Distilled",
    "DriftError",
    "Form",
    "Frozen",
    "FusedClassifier",
    "FusedRegressor",
    "Job",
    "JointFusion",
    "Module",
    "OutOfRange",
    "Registry",
    "Remembered",
    "Spread",
    "StaleKnowledge",
    "Theory",
    "Verdict",
    "distil",
    "freeze",
    "load_frozen",
    "open_card",
    "parse_card",
    "read_card",
    "save_frozen",
    "train_all",
    "train_card",
]
