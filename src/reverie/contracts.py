"""The nouns: a stream, an experience, a learner, a memory; a synapse, a rule, a modulator; a discipline.

A stream is a life in experiences. A learner lives through it: awake it learns each experience (`partial_fit`),
asleep it consolidates (`sleep`), and at any time it can be asked (`predict`). Nobody is told how many experiences
or classes will come. Below all this, a rule changes a synapse by what the synapse can see, and a modulator tells it
whether this was worth learning. Beside it, a discipline knows without having learned.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sized
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, TypeVar

import numpy as np
from jaxtyping import Float, Int64, Num
from numpy.typing import NDArray
from torch import Generator, Tensor

from reverie.errors import BadData

__all__ = [
    "Cost",
    "Discipline",
    "Experience",
    "Learner",
    "Memory",
    "Modulator",
    "Rule",
    "Scenario",
    "Seen",
    "Sense",
    "State",
    "Stream",
    "SynapseView",
]

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
    train_samples, test_samples : Pictures, Sounds, Table, list of str, or None
        The same samples as they were read, where the stream has them: for learners that say `takes_samples`.
    """

    train_x: Num[Tensor, "n *shape"]
    train_y: Int64[Tensor, " n"]
    test_x: Num[Tensor, "m *shape"]
    test_y: Int64[Tensor, " m"]
    candidates: tuple[int, ...] | None = None
    train_samples: Any = None
    test_samples: Any = None


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
    takes_samples : bool
        Whether it learns pictures, sounds, tables and sentences as they were read, where a stream has them; else it is
        given arrays.
    """

    takes_samples: ClassVar[bool] = False
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


@dataclass(frozen=True, eq=False)
class SynapseView:
    """What the synapses of a layer see at one moment, whatever the layer: activity on both sides, and the weights.

    Attributes
    ----------
    pre, post : Tensor, shape [n, n_in] and [n, n_out]
        A row for each sample; for a convolution, a row for each place of each sample.
    weight : Tensor, shape [n_out, n_in]
    write : callable, or None
        Puts a weight matrix into the layer. None: the view has no layer behind it, only these matrices.
    """

    pre: Float[Tensor, "n n_in"]
    post: Float[Tensor, "n n_out"]
    weight: Float[Tensor, "n_out n_in"]
    write: Callable[[Tensor], None] | None = None

    def commit(self, weight: Float[Tensor, "n_out n_in"]) -> None:
        """Put new weights into the layer."""
        if self.write is None:
            raise BadData("This view was made from matrices alone. Expected one that `synapses` made from a layer.")
        self.write(weight)


RuleState = TypeVar("RuleState", bound=tuple[Any, ...])
"""What a rule or a modulator remembers between two moments: a NamedTuple of tensors, or () for nothing."""


class Rule(ABC, Generic[RuleState]):
    """How synapses change. A pure function: what it remembers comes in and goes out, and nothing given is changed.

    A rule is a frozen dataclass of its coefficients, each a number or a tensor of one; those that scale a change may be
    one for each synapse. Changes are means over rows.
    """

    @abstractmethod
    def begin(self, view: SynapseView) -> RuleState:
        """What is remembered before the first moment, which `view` shows."""

    @abstractmethod
    def __call__(
        self, view: SynapseView, state: RuleState, modulator: float | Float[Tensor, "..."] = 1.0
    ) -> tuple[Float[Tensor, "n_out n_in"], RuleState]:
        """The change of the weights, to be added, and what is remembered afterwards.

        `modulator` is the third factor: one number, or one for each postsynaptic cell. With 0, nothing changes.
        """


class Modulator(ABC, Generic[RuleState]):
    """How much what happens matters: a signal that reaches all synapses. A pure function, like a rule."""

    @abstractmethod
    def begin(self, evidence: Float[Tensor, "*shape"]) -> RuleState:
        """What is remembered before the first evidence, which is given."""

    @abstractmethod
    def __call__(self, evidence: Float[Tensor, "*shape"], state: RuleState) -> tuple[Float[Tensor, ""], RuleState]:
        """The signal, one number, and what is remembered afterwards."""


class Discipline(ABC):
    """Knowledge that answers: rows of named inputs in, rows of named outputs out, each row by itself."""

    @property
    @abstractmethod
    def inputs(self) -> list[str]:
        """The columns that it is asked with."""

    @property
    @abstractmethod
    def outputs(self) -> list[str]:
        """The columns that it answers."""

    @abstractmethod
    def __call__(
        self, columns: Mapping[str, Any], constants: Mapping[str, Any] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Every output, shape [n]; not a number where nothing is known. Other columns than its inputs are left alone.

        `constants` stand in the place of its own.
        """


@dataclass
class Seen:
    """What a sense could not take as it came: how many numbers of each kind, and of how many.

    Attributes
    ----------
    numbers : int
        That were looked at.
    clipped : int
        Lay beyond what the first samples have shown, and count as the nearest number within.
    unseen : int
        Were words or categories that the first samples did not have.
    missing : int
        Were not there.
    worst : str
        The column with the largest share of clipped and unseen numbers; "" where there are no columns.
    worst_share : float
        That share.
    """

    numbers: int = 0
    clipped: int = 0
    unseen: int = 0
    missing: int = 0
    worst: str = ""
    worst_share: float = 0.0
    """Its share."""

    def share(self) -> float:
        """The share of numbers that were clipped or unseen: of all, or of the worst column where that is more."""
        return max(self.worst_share, (self.clipped + self.unseen) / max(1, self.numbers))

    def warning(self, most: float = 0.05) -> str:
        """What to say where more than `most` of the numbers were clipped or unseen; else nothing.

        Examples
        --------
        >>> Seen(numbers=100, clipped=20).warning()[:60]
        '20 % of the numbers lie beyond what the first samples have s'
        """
        if self.share() <= most:
            return ""
        where = f" of the column {self.worst!r}" if self.worst else ""
        return (
            f"{100 * self.share():.0f} % of the numbers{where} lie beyond what the first samples have shown, and were "
            "cut to it. Look for errors in the data. Where the first samples were sorted, or the data have changed for "
            "good, create a new brain, and let it begin with samples of all kinds."
        )


class Sense(ABC):
    """A frozen map from samples to the keys of a memory. It forms from the first samples, and stays so.

    Keys are whole numbers: sums of them are exact, and can be taken apart again.

    Parameters
    ----------
    settings : dict, optional
        Hyper-parameters; their names are in `known_settings`.
    seed : int
        Of whatever is random in it.
    budget : int, optional
        Bytes that a brain's state may have: the keys are made as wide as fits.

    Attributes
    ----------
    shape : tuple of int, or None
        Of a sample: () for one that has none, such as a sentence. None: the sense has not formed.
    """

    name: ClassVar[str]
    known_settings: ClassVar[tuple[str, ...]] = ()
    licence: ClassVar[str] = ""
    """Of weights that come with it from elsewhere, and what they are; empty where there are none."""
    least_bytes: ClassVar[int] = 0
    """That the sums of its keys take, where a budget cannot make them narrower."""

    shape: tuple[int, ...] | None

    @abstractmethod
    def __init__(
        self, settings: Mapping[str, Any] | None = None, seed: int = 0, *, budget: int | None = None
    ) -> None: ...

    @classmethod
    @abstractmethod
    def recognises(cls, x: Any) -> bool:
        """Whether such samples are what this sense is for, and what it needs is installed."""

    @abstractmethod
    def take(self, x: Any) -> Sized:
        """Samples in the form that `form` and `keys` take: it has a length, and slices.

        Raises
        ------
        BadData
            Not samples of this sense, or of another form than at first.
        """

    @abstractmethod
    def form(self, samples: Any) -> None:
        """Fix what is to be fixed, from the first samples."""

    @abstractmethod
    def keys(self, samples: Any) -> Num[Tensor, "n d"]:
        """The keys of samples, whole numbers."""

    def glance(self, samples: Any) -> Num[Tensor, "n d"]:
        """Nearly the keys of samples, as soon as they can be had: to answer by, not to learn from."""
        return self.keys(samples)

    @abstractmethod
    def watch(self, samples: Any, keys: Num[Tensor, "n d"]) -> Seen:
        """What could not be taken as it came."""

    @abstractmethod
    def groups(self, width: int) -> Int64[Tensor, "g m"]:
        """The inputs of the memory that come and go together when it is pruned; `width` inputs are left now."""

    @abstractmethod
    def keep(self, groups: Int64[Tensor, " kept"], width: int) -> Int64[Tensor, " inputs"]:
        """Prune all other groups away; the inputs that remain, in the order in which they will come."""

    def compile(self) -> bool:
        """Let glances be in whole numbers, where the sense can; whether it can."""
        return False

    def distortion(self, generator: Generator) -> Float[Tensor, "n d"]:
        """By how much glances at noise differ from its keys, where the sense is compiled."""
        raise BadData(f"The sense {self.name} is not compiled, so nothing is distorted. Compile it first.")

    @abstractmethod
    def made_up(self, n: int, generator: Generator) -> Any:
        """Samples of no meaning, as `take` takes them: to measure times."""

    @abstractmethod
    def state_dict(self) -> State:
        """What it is made of, its settings among it."""

    @abstractmethod
    def load_state_dict(self, state: State) -> None:
        """Put back what `state_dict` gave.

        Raises
        ------
        BadData, CorruptFile
            Not a state of this sense.
        """
