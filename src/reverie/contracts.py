"""The nouns: what a stream, an experience, a learner and a memory are.

A stream is a life in experiences. A learner lives through it: awake it learns each experience (`partial_fit`),
asleep it consolidates (`sleep`), and at any time it can be asked (`predict`). Nobody is told how many experiences
or classes will come.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from jaxtyping import Int64, Num
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Cost", "Experience", "Learner", "Memory", "Scenario", "State", "Stream"]

Scenario = Literal["class", "task", "domain"]
"""Which question is asked at test time (van de Ven, Tuytelaars, Tolias, 2022, Nature Machine Intelligence 4).

`class`: which of all classes seen so far? `task`: which of the classes of this task, the task being given?
`domain`: which position within the task, the task not being given?
"""

State = dict[str, Any]
"""What a part is made of between two calls: tensors, JSON values, and dictionaries of these."""


@dataclass(frozen=True, eq=False)
class Experience:
    """One stretch of a stream: samples to learn from, and samples held out to ask about later.

    Attributes
    ----------
    train_x, test_x : Tensor, shape [n, *shape]
        uint8 pictures in 0…255 are the stream's matter: they come here as float32 in 0…1.
    train_y, test_y : Tensor, int64, shape [n]
        Labels 0…K−1; in the domain-incremental scenario the position of the class within its task.
    candidates : tuple of int, or None
        The labels among which the answer is sought. None: all labels seen so far.
    """

    train_x: Num[Tensor, "n *shape"]
    train_y: Int64[Tensor, " n"]
    test_x: Num[Tensor, "m *shape"]
    test_y: Int64[Tensor, " m"]
    candidates: tuple[int, ...] | None = None


class Stream(ABC):
    """A source of experiences. Iterating twice gives the same life twice.

    Attributes
    ----------
    name : str
        As the command line knows it.
    scenario : Scenario
    label_names : tuple of str
        What the labels 0, 1, … mean; may be empty.
    protocol : mapping
        Hyper-parameters of the reference network for this stream, for the learners that take them.
    notes : tuple of str
        What a reader of the numbers must know: "simulated", how a test part was split off.
    """

    name: str
    scenario: Scenario
    label_names: tuple[str, ...] = ()
    protocol: Mapping[str, Any] = {}
    notes: tuple[str, ...] = ()

    @abstractmethod
    def __iter__(self) -> Iterator[Experience]: ...


@dataclass
class Cost:
    """What learning has cost so far: counted, not estimated from wall time.

    Attributes
    ----------
    macs : float
        Multiply-accumulates of dense products.
    synops : float
        Synaptic operations: the multiply-accumulates whose input was not zero.
    bytes_moved : float
        Bytes read and written by those products, each operand once.
    """

    macs: float = 0.0
    synops: float = 0.0
    bytes_moved: float = 0.0


class Learner(ABC):
    """A classifier that keeps learning. Labels may be integers or strings, new ones may come at any time.

    Attributes
    ----------
    classes_ : array, shape [k]
        The labels seen so far, sorted; the columns of `predict_proba`.
    cost_ : Cost
        What learning and sleeping have cost.
    """

    classes_: NDArray[Any]
    cost_: Cost

    @abstractmethod
    def partial_fit(self, X: Any, y: Any, *, candidates: Any = None) -> "Learner":
        """Learn one experience, awake. `candidates`: the labels among which answers will be sought."""

    @abstractmethod
    def sleep(self) -> "Learner":
        """End an experience: consolidate what was learned since the last sleep."""

    @abstractmethod
    def predict(self, X: Any, *, candidates: Any = None) -> NDArray[Any]:
        """The most likely label of each sample, among `candidates` (default: all labels seen)."""

    @abstractmethod
    def predict_proba(self, X: Any, *, candidates: Any = None) -> NDArray[Any]:
        """Probability of each label in `classes_`, shape [n, k]; zero outside `candidates`."""

    @abstractmethod
    def state_dict(self) -> State:
        """Everything needed to go on later as if nothing had happened, random state included."""

    @abstractmethod
    def load_state_dict(self, state: State) -> None:
        """Put back what `state_dict` gave."""

    @property
    @abstractmethod
    def stored_samples(self) -> int:
        """How many raw samples are kept."""


class Memory(ABC):
    """Something written to once and read at once, that keeps no raw samples unless it says so."""

    @abstractmethod
    def write(self, keys: Num[Tensor, "n d"], values: Num[Tensor, "n k"]) -> None:
        """Add associations."""

    @abstractmethod
    def read(self, keys: Num[Tensor, "n d"]) -> Num[Tensor, "n k"]:
        """What is associated with each key."""

    @abstractmethod
    def state_dict(self) -> State:
        """Tensors and JSON values."""

    @abstractmethod
    def load_state_dict(self, state: State) -> None:
        """Put back what `state_dict` gave."""
