"""Joules from counted work, by a cited table, memory traffic included; measured joules where the machine has a meter.

A count of operations is no energy: fetching a number costs more than computing with it. So every estimate comes in
three models: arithmetic alone; with every byte from on-chip memory (SRAM, 1 MB); with every byte from DRAM.

- A dense layer multiplies and adds for every synapse, and reads each weight once for a batch.
- An event-driven layer adds, for every spike and every synapse that it reaches, and reads that synapse's weight each
  time; every neuron's state is read and written in every step. It wins where spikes are few: see `break_even_spikes`.

References: Horowitz, 2014, ISSCC (picojoules at 45 nm, 0.9 V); Dampfhoffer et al., 2023, IEEE TETCI 7 (spikes per
synapse at which spiking networks still win).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from reverie.contracts import Cost

__all__ = ["TECHNOLOGIES", "Energy", "Technology", "Work", "break_even_spikes", "metered", "work_of_spikes"]


class Technology(NamedTuple):
    """Picojoules at a precision.

    Attributes
    ----------
    multiply, add : float
        Of one operation.
    width : int
        Bytes of a number.
    sram, dram : float
        To read or write one byte.
    """

    multiply: float
    add: float
    width: int
    sram: float
    dram: float


_SRAM, _DRAM = 100 / 8, 1950 / 8  # 100 pJ for 64 bits of a 1 MB cache; 1.3 to 2.6 nJ for 64 bits of DRAM, its middle
TECHNOLOGIES = {
    "float32": Technology(3.7, 0.9, 4, _SRAM, _DRAM),
    "float16": Technology(1.1, 0.4, 2, _SRAM, _DRAM),
    "int8": Technology(0.2, 0.03, 1, _SRAM, _DRAM),
}
"""Horowitz, 2014."""


class Energy(NamedTuple):
    """Joules in three models."""

    arithmetic: float
    sram: float
    dram: float


class Work(NamedTuple):
    """What was done: counts, not yet energy.

    Attributes
    ----------
    macs : float
        Multiplications with an addition each.
    acs : float
        Additions alone.
    moved : float
        Numbers read or written.
    """

    macs: float
    acs: float
    moved: float

    @classmethod
    def of(cls, cost: Cost, width: int = 4) -> "Work":
        """The work that a learner's `cost_` or `count_operations` has counted; `width`: bytes of a number there."""
        return cls(cost.macs, 0.0, cost.bytes_moved / width)

    def energy(self, technology: Technology) -> Energy:
        """Joules.

        Examples
        --------
        >>> Work(macs=1e9, acs=0.0, moved=0.0).energy(TECHNOLOGIES["float32"]).arithmetic
        0.0046
        """
        arithmetic = self.macs * (technology.multiply + technology.add) + self.acs * technology.add
        moved = self.moved * technology.width
        models = arithmetic, arithmetic + moved * technology.sram, arithmetic + moved * technology.dram
        return Energy(*(round(model * 1e-12, 15) for model in models))


def work_of_spikes(synaptic_events: float, neuron_steps: float) -> Work:
    """The work of an event-driven layer.

    Parameters
    ----------
    synaptic_events : float
        Spikes times the synapses that each reaches.
    neuron_steps : float
        Neurons times steps: each multiplies its membrane by the leak, and reads and writes it.

    Examples
    --------
    >>> work_of_spikes(1000, 10)
    Work(macs=10, acs=1000, moved=2020)
    """
    return Work(neuron_steps, synaptic_events, 2 * synaptic_events + 2 * neuron_steps)


def break_even_spikes(spiking: Technology, dense: Technology, model: str = "sram") -> float:
    """Spikes per synapse and answer at which an event-driven layer costs as much as a dense one of batch one.

    Parameters
    ----------
    model : {"arithmetic", "sram", "dram"}

    Examples
    --------
    >>> round(break_even_spikes(TECHNOLOGIES["float32"], TECHNOLOGIES["float32"], "arithmetic"), 2)
    5.11
    >>> round(break_even_spikes(TECHNOLOGIES["float32"], TECHNOLOGIES["float32"], "sram"), 2)
    0.54
    """
    one_event = getattr(work_of_spikes(1e6, 0).energy(spiking), model)
    one_synapse = getattr(Work(1e6, 0.0, 1e6).energy(dense), model)
    return float(one_synapse / one_event)


_METERS = Path("/sys/class/powercap")


@contextmanager
def metered() -> Iterator[dict[str, float]]:
    """Joules that the processor's own meters (RAPL) count inside; empty where it has none or they may not be read.

    Examples
    --------
    >>> with metered() as joules:
    ...     _ = sum(range(1000))
    >>> all(value >= 0 for value in joules.values())
    True
    """
    joules: dict[str, float] = {}
    before = _meters()
    yield joules
    for name, (after, span) in _meters().items():
        if name in before:
            joules[name] = ((after - before[name][0]) % span) * 1e-6  # it counts microjoules, and wraps around


def _meters() -> dict[str, tuple[int, int]]:
    found = {}
    for folder in sorted(_METERS.glob("intel-rapl:*")):
        try:
            name = (folder / "name").read_text().strip()
            found[f"{folder.name} {name}"] = (
                int((folder / "energy_uj").read_text()),
                int((folder / "max_energy_range_uj").read_text()),
            )
        except (OSError, ValueError):
            continue
    return found
