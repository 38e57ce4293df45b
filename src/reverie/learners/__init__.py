"""Learners: one idea per file. `__all__` is the list of what exists."""

from reverie.learners.bir import BIR
from reverie.learners.brain import BrainClassifier
from reverie.learners.dgr import DGR
from reverie.learners.er import ER
from reverie.learners.ewc import EWC
from reverie.learners.exact import Exact
from reverie.learners.generative import GenerativeClassifier
from reverie.learners.joint import Joint
from reverie.learners.knn import KNN
from reverie.learners.lwf import LwF
from reverie.learners.naive import Naive
from reverie.learners.ncm import NCM
from reverie.learners.river_arf import RiverForest
from reverie.learners.si import SI
from reverie.learners.sklearn_logistic import SklearnLogistic
from reverie.learners.slda import SLDA

__all__ = [
    "BIR",
    "DGR",
    "ER",
    "EWC",
    "KNN",
    "NCM",
    "SI",
    "SLDA",
    "BrainClassifier",
    "Exact",
    "GenerativeClassifier",
    "Joint",
    "LwF",
    "Naive",
    "RiverForest",
    "SklearnLogistic",
]
