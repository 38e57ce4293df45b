"""Learners so small that every check of every learner takes a moment."""

from reverie import learners
from reverie.contracts import Learner
from reverie.learners.gradient import GradientLearner

SMALL = {"hidden": (16, 12), "iterations": 25, "batch_size": 16, "learning_rate": 5e-3}


def small(name: str, **more: object) -> Learner:
    cls = getattr(learners, name)
    if issubclass(cls, GradientLearner):
        more = SMALL | ({"latent": 4} if name in ("BIR", "DGR") else {}) | more
    if name == "GenerativeClassifier":
        more = {"class_hidden": (12,), "class_latent": 2, "iterations": 25, "importance_samples": 5} | more
    if name == "Exact":
        more = {"width": 64} | more
    if name == "BrainClassifier":
        more = {"settings": {"width": 16}} | more  # so narrow that no class is kept as a thin factor
    if name == "RiverForest":
        more = {"trees": 3} | more
    return cls(**more)
