"""Brain-inspired replay (van de Ven, Siegelmann, Tolias, 2020, Nature Communications 11:4069).

One network classifies and dreams. Its loss is 1/t of the present and 1 − 1/t of dreams, where ::

    present  = cross-entropy(head(h), y) + reconstruction + KL / inputs
    dreams   = distillation(head(h), previous head, T = 2) + reconstruction + KL / inputs

Five parts, each with its switch; all off is deep generative replay:

- replay through feedback (`feedback`): the generator is the classifier's own decoder, not a second network;
- conditional replay (`conditional`): each class has its mode of the prior, dreams are drawn evenly over classes;
- gating by internal context (`gating`): each class (or experience) silences its own share of the decoder;
- internal replay (`internal`): the first hidden layer, as the first experience formed it, is frozen; its activity is
  replayed, not the input. (The paper froze convolutions trained on other data; a frozen `encoder` may be passed in.)
- distillation (`distil`): dreams carry the previous network's probabilities, not its single best label.

`si` > 0 adds synaptic intelligence to encoder and head, never to the decoder (BIR + SI).
"""

from copy import deepcopy
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64, Num
from torch import Tensor, nn

from reverie.contracts import State
from reverie.errors import BadData
from reverie.functional import cross_entropy_among, distillation
from reverie.layers import Autoencoder, Perceptron
from reverie.learners.gradient import GradientLearner, batches
from reverie.learners.synapses import IntelligentSynapses

__all__ = ["BIR"]


@dataclass(kw_only=True, eq=False, repr=False)
class BIR(GradientLearner):
    """Brain-inspired replay, with or without each of its parts.

    Parameters
    ----------
    feedback, conditional, internal, distil : bool
        Replay through feedback; conditional replay; internal replay; distillation.
    gating : float
        Share of the decoder's hidden units that a context silences; 0 is off.
    gate_by : {"class", "experience"}
        What a context is: a class, or an experience (domain-incremental).
    latent : int
        Dimensions of z.
    temperature : float
        T of the distillation.
    si, damping : float
        Strength c and ε of synaptic intelligence; 0 is off.
    reconstruction : {"bernoulli", "gaussian"}
        For inputs in 0…1, or for others. Internal activity is always "gaussian".
    encoder : Module, optional
        A frozen module whose output is replayed instead of the input.
    """

    feedback: bool = True
    conditional: bool = True
    gating: float = 0.1
    internal: bool = False
    distil: bool = True
    gate_by: str = "class"
    latent: int = 100
    temperature: float = 2.0
    si: float = 0.0
    damping: float = 0.1
    reconstruction: str = "bernoulli"
    encoder: nn.Module | None = None

    # the network

    def _begin(self, shape: tuple[int, ...]) -> None:
        if not 0 <= self.gating < 1 or self.gate_by not in ("class", "experience"):
            raise BadData(
                f"gating is {self.gating} by {self.gate_by!r}. "
                "Expected a share 0 ≤ gating < 1, by 'class' or 'experience'."
            )
        self.groups_: list[list[int]] = []
        self.class_group_: dict[int, int] = {}
        self.early_: nn.Module | None = self.encoder
        self.previous_: _Brain | None = None
        self.synapses_ = IntelligentSynapses(self.damping)
        if not self.internal:
            self._build(self.n_features_in_)

    def _build(self, n_in: int) -> None:
        self.network_: nn.Module = _Brain(self, n_in).to(self.device)

    def _grow(self, n_classes: int) -> None:
        if hasattr(self, "network_"):
            self._brain.grow(n_classes, self._n_gates(n_classes), self.generator_)

    def _n_gates(self, n_classes: int) -> int:
        return n_classes if self.gate_by == "class" else self.experience_ + 1

    @property
    def _brain(self) -> "_Brain":
        assert isinstance(self.network_, _Brain)
        return self.network_

    # awake

    def _learn(
        self, x: Num[Tensor, "n *shape"], y: Int64[Tensor, " n"], candidates: Int64[Tensor, " c"] | None
    ) -> None:
        x = x.float().to(self.device)
        if self.internal and not hasattr(self, "network_"):
            if self.early_ is None:
                self.early_ = self._form_early(x, y.to(self.device))
            self._build(self._inner(x[:1]).shape[1])
            self._grow(len(self.label_book_))
        super()._learn(self._inner(x), y, candidates)

    def _form_early(self, x: Tensor, y: Tensor) -> nn.Module:
        """Train a classifier on the first experience and keep its first hidden layer, frozen."""
        whole = Perceptron(self.n_features_in_, self.hidden, self.generator_).to(self.device)
        whole.head.grow(len(self.label_book_), self.generator_)
        optimizer = torch.optim.Adam(whole.parameters(), lr=self.learning_rate, fused=True)
        stream = batches(len(x), self.batch_size, self.generator_)
        for _ in range(self.iterations):
            chosen = next(stream).to(self.device)
            loss = cross_entropy_among(whole(x[chosen]), y[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return nn.Sequential(nn.Flatten(), whole.encoder[0], whole.encoder[1]).requires_grad_(False)

    def _inner(self, x: Tensor) -> Tensor:
        """What the replaying network sees: the input, or the frozen early layers' activity."""
        if self.early_ is None:
            return x.flatten(1)
        with torch.no_grad():
            return torch.cat([self.early_(block).flatten(1) for block in x.split(1000)])

    def _start(self) -> None:
        if self.si:
            self.synapses_.wake(self._intelligent())

    def _step(self) -> None:
        if self.si:
            self.synapses_.follow(self._intelligent())

    def _loss(self, x: Float[Tensor, "n d"], y: Int64[Tensor, " n"]) -> Float[Tensor, ""]:
        brain, k = self._brain, len(self.label_book_)
        for label in y.unique().tolist() if self.present_ is not None else []:
            self.class_group_[label] = self.present_ or 0
        one_hot = nn.functional.one_hot(y, k).float()
        logits, imitation = brain.forward(x, one_hot, self._gate(one_hot), self.generator_)
        loss = cross_entropy_among(logits, y, self._among(self.present_)) + imitation
        if self.previous_ is not None:
            loss = self._share * loss + (1 - self._share) * self._replay(self.previous_, k)
        if self.si:
            loss = loss + self.si * self.synapses_.penalty(self._intelligent())
        return loss

    def _replay(self, previous: "_Brain", k: int) -> Float[Tensor, ""]:
        """Dream with the previous network, let it name the dreams, and learn from both."""
        known, n = previous.classes, self.batch_size
        drawn = torch.randint(known, (n,), generator=self.generator_).to(self.device)
        drawn_one_hot = nn.functional.one_hot(drawn, k).float()
        gate = self._gate(drawn_one_hot, past=True)
        dreamt = previous.dreamer.dream(n, generator=self.generator_, classes=drawn, gate=self._known(gate, previous))
        with torch.no_grad():
            target = previous.scores(dreamt)
        masks: list[Bool[Tensor, "#n j"] | None]
        if self.present_ is not None and self.conditional:  # a dream belongs to the task of its class
            of_class = torch.tensor([self.class_group_.get(c, 0) for c in range(known)], device=self.device)
            masks = [self._group_masks()[of_class[drawn], :known]]
        else:
            masks = self._among_past(known)
        losses = []
        for among in masks:
            answer = target if among is None else target.masked_fill(~among, -torch.inf)
            if self.distil:
                soft = torch.softmax(answer / self.temperature, dim=1)
            else:
                soft = nn.functional.one_hot(answer.argmax(1), known).float()
            classes = nn.functional.pad(soft, (0, k - known))
            inner_gate = self._gate(classes) if self.gate_by == "class" else gate
            logits, imitation = self._brain.forward(dreamt, classes, inner_gate, self.generator_)
            if self.distil:
                losses.append(distillation(logits, target, temperature=self.temperature, among=among) + imitation)
            else:
                wide = None if among is None else nn.functional.pad(among, (0, k - known))
                losses.append(cross_entropy_among(logits, answer.argmax(1), wide) + imitation)
        return torch.stack(losses).mean()

    def _gate(self, classes: Float[Tensor, "n k"], *, past: bool = False) -> Float[Tensor, "n g"] | None:
        """Each sample's weight of every context's gates."""
        if not self.gating:
            return None
        if self.gate_by == "class":
            return classes
        n, contexts = len(classes), self.experience_ + 1
        if past:
            which = torch.randint(max(1, self.experience_), (n,), generator=self.generator_)
        else:
            which = torch.full((n,), self.experience_)
        return nn.functional.one_hot(which, contexts).float().to(self.device)

    def _known(self, gate: Tensor | None, previous: "_Brain") -> Tensor | None:
        """The part of a gate that the previous network has."""
        return None if gate is None else gate[:, : previous.dreamer.get_buffer("gates_0").shape[0]]

    def _intelligent(self) -> dict[str, nn.Parameter]:
        """Encoder and head, without whatever only serves dreaming."""
        return {name: value for name, value in self._brain.named_parameters() if _serves_answers(name)}

    # asleep

    def _sleep(self) -> None:
        if self.si:
            self.synapses_.sleep(self._intelligent())
        self.previous_ = deepcopy(self._brain).requires_grad_(False)

    def _scores(self, x: Num[Tensor, "n *shape"]) -> Float[Tensor, "n k"]:
        return self._brain.scores(self._inner(x.float().to(self.device)))

    # keeping

    def _state(self) -> State:
        state: State = {
            "groups": self.groups_,
            "class_group": [[label, group] for label, group in self.class_group_.items()],
            "network": dict(self._brain.state_dict()),
            "inner": self._brain.n_in,
            "previous": None if self.previous_ is None else dict(self.previous_.state_dict()),
            "synapses": self.synapses_.state_dict() if self.si else None,
            "early": dict(self.early_.state_dict()) if self.early_ is not None and self.encoder is None else None,
        }
        return state

    def _restore(self, state: State) -> None:
        self.groups_ = [list(group) for group in state["groups"]]
        self.class_group_ = {int(label): int(group) for label, group in state["class_group"]}
        if state["early"] is not None:
            weight = state["early"]["1.weight"]
            layer = nn.Linear(weight.shape[1], weight.shape[0])
            self.early_ = nn.Sequential(nn.Flatten(), layer, nn.ReLU()).to(self.device).requires_grad_(False)
            self.early_.load_state_dict(state["early"])
        self._build(int(state["inner"]))
        self._brain.match(state["network"], self.generator_)
        self.previous_ = None
        if state["previous"] is not None:
            previous = _Brain(self, int(state["inner"])).to(self.device)
            previous.match(state["previous"], self.generator_)
            self.previous_ = previous.requires_grad_(False)
        if state["synapses"] is not None:
            self.synapses_.load_state_dict(state["synapses"], self.device)


def _serves_answers(name: str) -> bool:
    return name.startswith(("answerer.encoder", "answerer.head"))


class _Brain(nn.Module):
    """The network that answers and the one that dreams: the same one, or with `feedback` off, two."""

    def __init__(self, learner: BIR, n_in: int) -> None:
        super().__init__()
        self.n_in = n_in
        generator = learner.generator_
        if not learner.feedback:
            self.answerer: Perceptron | Autoencoder = Perceptron(n_in, learner.hidden, generator)
        dreamer = Autoencoder(
            n_in,
            learner.hidden,
            learner.latent,
            generator=generator,
            classify=learner.feedback,
            conditional=learner.conditional,
            gated=learner.gating,
            reconstruction="gaussian" if learner.internal else learner.reconstruction,
        )
        if learner.feedback:
            self.answerer = dreamer
        else:
            self.second = dreamer

    @property
    def dreamer(self) -> Autoencoder:
        return self.answerer if isinstance(self.answerer, Autoencoder) else self.second

    @property
    def classes(self) -> int:
        assert self.answerer.head is not None
        return int(self.answerer.head.bias.shape[0])

    def grow(self, n_classes: int, n_gates: int, generator: torch.Generator) -> None:
        if isinstance(self.answerer, Perceptron):
            self.answerer.head.grow(n_classes, generator)
        self.dreamer.grow(n_classes, n_gates, generator)

    def match(self, state: State, generator: torch.Generator) -> None:
        """Grow to the size of a stored state and take it over."""
        gates = next((len(value) for name, value in state.items() if name.endswith("gates_0")), 0)
        self.grow(len(state["answerer.head.bias"]), gates, generator)
        self.load_state_dict(state)

    def scores(self, x: Tensor) -> Tensor:
        if isinstance(self.answerer, Perceptron):
            logits: Tensor = self.answerer(x)
            return logits
        return self.answerer.scores(x)

    def forward(
        self, x: Tensor, classes: Tensor, gate: Tensor | None, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Logits, and the loss of imitating x."""
        encoded = self.dreamer.encode(x)
        if isinstance(self.answerer, Perceptron):
            logits = self.answerer(x)
        else:
            assert self.answerer.head is not None
            logits = self.answerer.head(encoded[0])
        return logits, self.dreamer.loss(x, encoded, classes=classes, gate=gate, generator=generator)
