"""Local plasticity: rules that need only what a synapse can see, modulators, and the development that they drive.

A layer shows its synapses (`synapses`, `steps`); a rule looks at them and says how they change; a modulator says how
much that matters. Any rule goes with any layer and any modulator::

    for view in steps(layer, spikes_in, spikes_out):
        change, state = rule(view, state, modulator)
        view.commit(view.weight + change)

`learn` does both in place, in one pass over the weights where it can.
"""

from reverie.plasticity.bcm import BCM
from reverie.plasticity.competitive import CompetitiveHebb
from reverie.plasticity.development import develop
from reverie.plasticity.eprop import EProp
from reverie.plasticity.hebb import Hebb
from reverie.plasticity.homeostasis import Homeostasis
from reverie.plasticity.krotov import KrotovHopfield
from reverie.plasticity.learning import learn
from reverie.plasticity.modulators import Novelty, RewardPredictionError, Surprise
from reverie.plasticity.oja import Oja
from reverie.plasticity.products import ProductRule
from reverie.plasticity.rstdp import RewardSTDP
from reverie.plasticity.sanger import Sanger
from reverie.plasticity.softhebb import SoftHebb
from reverie.plasticity.stdp import STDP
from reverie.plasticity.stepper import STDPStepper
from reverie.plasticity.three_factor import ThreeFactor
from reverie.plasticity.triplet import TripletSTDP
from reverie.plasticity.views import steps, synapses

__all__ = [
    "BCM",
    "STDP",
    "CompetitiveHebb",
    "EProp",
    "Hebb",
    "Homeostasis",
    "KrotovHopfield",
    "Novelty",
    "Oja",
    "ProductRule",
    "RewardPredictionError",
    "RewardSTDP",
    "STDPStepper",
    "Sanger",
    "SoftHebb",
    "Surprise",
    "ThreeFactor",
    "TripletSTDP",
    "develop",
    "learn",
    "steps",
    "synapses",
]
