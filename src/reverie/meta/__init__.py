"""Learning to learn: senses that are trained, on many small tasks, to learn new classes from one to five examples.

`Classes` are pictures by class, `draw` makes a small task of some, `train` trains a network through the read-out of the
memory, and `save_sense` and `load_sense` keep what came of it: a frozen sense for a `Brain`. `unroll` is a life of
plastic synapses through which gradients pass, so that a rule itself is learned.
"""

from reverie.meta.episodes import Classes, Episode, draw
from reverie.meta.network import MetaSense, Pictured
from reverie.meta.read_outs import mean_logits, ridge_logits
from reverie.meta.sense import load_sense, save_sense
from reverie.meta.training import MetaPlan, train
from reverie.meta.unroll import Moment, Unrolled, unroll

__all__ = [
    "Classes",
    "Episode",
    "MetaPlan",
    "MetaSense",
    "Moment",
    "Pictured",
    "Unrolled",
    "draw",
    "load_sense",
    "mean_logits",
    "ridge_logits",
    "save_sense",
    "train",
    "unroll",
]
