"""What every learner, stream, memory, rule, sense and discipline must satisfy, for those here and for those you write.

Each check is a function that raises `CheckFailed` with what was found; `check_learner`, `check_stream`, `check_memory`,
`check_rule`, `check_sense` and `check_discipline` run all of a kind. In a test::

    @pytest.mark.parametrize("check", LEARNER_CHECKS)
    def test_mine(check):
        check(lambda: MyLearner(iterations=5))
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import fields, is_dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves, tree_map

from reverie.checkpoint import load_state, save_state
from reverie.contracts import Discipline, Learner, Memory, Rule, Seen, Sense, Stream, SynapseView
from reverie.errors import BadData
from reverie.layers import SpikingConv, SpikingDense
from reverie.plasticity import learn, steps

__all__ = [
    "DISCIPLINE_CHECKS",
    "LAYER_KINDS",
    "LEARNER_CHECKS",
    "MEMORY_CHECKS",
    "RULE_CHECKS",
    "SENSE_CHECKS",
    "STREAM_CHECKS",
    "CheckFailed",
    "check_discipline",
    "check_learner",
    "check_memory",
    "check_rule",
    "check_sense",
    "check_stream",
]


class CheckFailed(AssertionError):
    """A part does not do what its contract says."""


def _require(truth: bool, text: str) -> None:
    if not truth:
        raise CheckFailed(text)


# learners

NewLearner = Callable[[], Learner]
"""Makes a fresh learner, the same each time; small and quick, for it is made many times."""


def toy_experiences() -> list[tuple[Tensor, Tensor]]:
    """Three experiences of two classes each, inputs of shape [6] in 0…1: small clouds around distinct points."""
    generator = torch.Generator().manual_seed(7)
    centres = torch.rand(6, 6, generator=generator)
    experiences = []
    for first in (0, 2, 4):
        y = torch.arange(40) % 2 + first
        x = (centres[y] + 0.05 * torch.randn(40, 6, generator=generator)).clamp(0, 1)
        experiences.append((x, y))
    return experiences


def _lived(learner: Learner, experiences: list[tuple[Tensor, Tensor]]) -> Learner:
    for x, y in experiences:
        learner.partial_fit(x, y)
        learner.sleep()
    return learner


def _probe(learner: Learner) -> Any:
    return learner.predict_proba(torch.cat([x for x, _ in toy_experiences()]))


def inputs_are_unchanged(new: NewLearner) -> None:
    """Learning and predicting leave the given tensors as they were."""
    x, y = toy_experiences()[0]
    given_x, given_y = x.clone(), y.clone()
    learner = new()
    learner.partial_fit(x, y)
    learner.sleep()
    learner.predict(x)
    _require(torch.equal(x, given_x) and torch.equal(y, given_y), "The samples or labels given were changed.")


def nothing_is_aliased(new: NewLearner) -> None:
    """Changing the given tensors afterwards, or a state taken earlier, does not reach the learner."""
    x, y = toy_experiences()[0]
    mine = x.clone()
    learner = new()
    learner.partial_fit(mine, y)
    learner.sleep()
    before = learner.predict_proba(x)
    mine.zero_()
    learner.partial_fit(*toy_experiences()[1])
    learner.sleep()
    twin = new()
    twin.partial_fit(x, y)
    twin.sleep()
    _require(np.array_equal(before, twin.predict_proba(x)), "The learner learned differently from equal samples.")
    twin.partial_fit(*toy_experiences()[1])
    twin.sleep()
    _require(np.array_equal(_probe(learner), _probe(twin)), "The learner holds on to the tensors that it was given.")


def same_seed_same_result(new: NewLearner) -> None:
    """Two learners made alike learn alike, whatever the global random state; and they leave it alone."""
    torch.manual_seed(1)
    first = _probe(_lived(new(), toy_experiences()))
    torch.manual_seed(2)
    state = torch.get_rng_state()
    second = _probe(_lived(new(), toy_experiences()))
    _require(np.array_equal(first, second), "The result depends on the global random state.")
    _require(torch.equal(state, torch.get_rng_state()), "The global random state was advanced.")


def predicting_changes_nothing(new: NewLearner) -> None:
    """Asking between two experiences changes neither later answers nor what is learned later."""
    asked, silent = new(), new()
    for x, y in toy_experiences():
        for learner in (asked, silent):
            learner.partial_fit(x, y)
            learner.sleep()
        once, twice = asked.predict_proba(x), asked.predict_proba(x)
        _require(np.array_equal(once, twice), "The same question was answered differently.")
    _require(np.allclose(_probe(asked), _probe(silent), atol=1e-9), "Asking changed what was learned.")


def probabilities_are_probabilities(new: NewLearner) -> None:
    """They are in 0…1, sum to one, have a column for each class, and predict takes the largest."""
    learner = _lived(new(), toy_experiences())
    x = torch.cat([x for x, _ in toy_experiences()])
    probabilities = learner.predict_proba(x)
    _require(probabilities.shape == (len(x), 6), f"predict_proba gave shape {probabilities.shape} for 6 classes.")
    _require(bool((probabilities >= 0).all()), "A probability is negative.")
    _require(np.allclose(probabilities.sum(1), 1, atol=1e-6), "Probabilities do not sum to one.")
    best = probabilities[np.arange(len(x)), np.searchsorted(learner.classes_, learner.predict(x))]
    _require(np.allclose(best, probabilities.max(1), atol=1e-9), "predict is not the most probable class.")


def candidates_are_kept(new: NewLearner) -> None:
    """Answers lie among the candidates, and the others have probability zero."""
    learner = _lived(new(), toy_experiences())
    x = toy_experiences()[0][0]
    answers = learner.predict(x, candidates=(4, 1))
    _require(set(answers.tolist()) <= {1, 4}, f"Answers {set(answers.tolist())} are not among the candidates 4 and 1.")
    others = learner.predict_proba(x, candidates=(4, 1))[:, [0, 2, 3, 5]]
    _require(not others.any(), "A class outside the candidates has a probability.")


def resumes_exactly(new: NewLearner) -> None:
    """A learner saved and loaded between two experiences, awake or asleep, goes on bit for bit as one that was not."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    experiences = toy_experiences()
    whole = _probe(_lived(new(), experiences))
    with TemporaryDirectory() as name:
        for cut in (1, 2):
            for awake in (False, True):
                learner = _lived(new(), experiences[:cut])
                if awake:
                    learner.partial_fit(*experiences[cut])
                save_state(Path(name) / f"{cut}-{awake}", learner.state_dict(), kind="check")
                other = new()
                other.load_state_dict(load_state(Path(name) / f"{cut}-{awake}", kind="check"))
                if awake:
                    other.sleep()
                _lived(other, experiences[cut + awake :])
                _require(
                    np.array_equal(_probe(other), whole),
                    f"Saved {'awake' if awake else 'asleep'} after experience {cut}, it went on differently.",
                )


def state_is_a_copy(new: NewLearner) -> None:
    """A state loaded into another learner stays as it was while that one learns on."""
    learner = _lived(new(), toy_experiences()[:1])
    before = _probe_of(learner)
    other = new()
    other.load_state_dict(learner.state_dict())
    _lived(other, toy_experiences()[1:])
    _require(np.array_equal(before, _probe_of(learner)), "A learner made from another's state changed the other.")


def _probe_of(learner: Learner) -> Any:
    return learner.predict_proba(toy_experiences()[0][0])


def new_classes_may_come(new: NewLearner) -> None:
    """Classes come one after another, out of order and mixed with old ones, without being announced."""
    learner = new()
    x, y = toy_experiences()[2]
    learner.partial_fit(x[y == 5], y[y == 5])
    learner.sleep()
    _require(list(learner.classes_) == [5], f"After one class, classes_ is {learner.classes_}.")
    _require(set(learner.predict(x).tolist()) == {5}, "With one class seen, another was predicted.")
    x0, y0 = toy_experiences()[0]
    learner.partial_fit(torch.cat([x, x0]), torch.cat([y, y0]))
    learner.sleep()
    _require(list(learner.classes_) == [0, 1, 4, 5], f"After classes 5, 4, 0, 1, classes_ is {learner.classes_}.")


def labels_may_be_text(new: NewLearner) -> None:
    """Labels that are words come back as words; a later number is refused, and nothing is learned from it."""
    learner = new()
    x, y = toy_experiences()[0]
    learner.partial_fit(x, np.asarray(["yes", "no"])[y.numpy()])
    learner.sleep()
    _require(set(learner.predict(x).tolist()) <= {"yes", "no"}, "Word labels did not come back as words.")
    _refuses(lambda: learner.partial_fit(x, y), "numbers after words as labels")


def bad_input_is_refused(new: NewLearner) -> None:
    """NaN, empty batches, other shapes and mismatched lengths raise BadData, and leave the learner as it was."""
    learner = _lived(new(), toy_experiences()[:1])
    before = _probe_of(learner)
    x, y = toy_experiences()[1]
    spoiled = x.clone()
    spoiled[0, 0] = torch.nan
    _refuses(lambda: learner.partial_fit(spoiled, y), "NaN")
    _refuses(lambda: learner.partial_fit(x[:0], y[:0]), "an empty batch")
    _refuses(lambda: learner.partial_fit(x[:, :4], y), "samples with fewer features")
    _refuses(lambda: learner.partial_fit(x, y[:3]), "fewer labels than samples")
    _refuses(lambda: learner.predict(x[:, :4]), "a question with fewer features")
    _refuses(lambda: learner.predict(x, candidates=(99,)), "a candidate never seen")
    _require(np.array_equal(before, _probe_of(learner)), "Refused input has changed the learner.")
    _require(list(learner.classes_) == [0, 1], "Refused input has added classes.")


def _refuses(act: Callable[[], Any], what: str) -> None:
    try:
        act()
    except BadData:
        return
    raise CheckFailed(f"It accepted {what}.")


def stored_samples_are_told(new: NewLearner) -> None:
    """The state of a learner that says it stores no samples is as large after many samples as after few."""
    from reverie.checkpoint import state_bytes

    x, y = toy_experiences()[0]
    sizes = []
    for times in (1, 4):
        learner = new()
        learner.partial_fit(x.repeat(times, 1), y.repeat(times))
        learner.sleep()
        if learner.stored_samples:
            return
        sizes.append(state_bytes(learner.state_dict()))
    grown = sizes[1] - sizes[0]
    _require(grown <= 64, f"It stores no samples, but four times as many left it {grown} bytes larger.")


LEARNER_CHECKS: tuple[Callable[[NewLearner], None], ...] = (
    inputs_are_unchanged,
    nothing_is_aliased,
    same_seed_same_result,
    predicting_changes_nothing,
    probabilities_are_probabilities,
    candidates_are_kept,
    resumes_exactly,
    state_is_a_copy,
    new_classes_may_come,
    labels_may_be_text,
    bad_input_is_refused,
    stored_samples_are_told,
)


def check_learner(new: NewLearner) -> None:
    """Run every check of a learner."""
    for check in LEARNER_CHECKS:
        check(new)


# streams

NewStream = Callable[[], Stream]


def same_life_twice(new: NewStream) -> None:
    """Iterating twice, or over a second stream made alike, gives the same life."""
    stream = new()
    torch.manual_seed(3)
    first = list(stream)
    torch.manual_seed(4)
    for other in (list(stream), list(new())):
        _require(len(first) == len(other), "The number of experiences differs between two iterations.")
        for one, two in zip(first, other, strict=True):
            same = (
                torch.equal(one.train_x, two.train_x)
                and torch.equal(one.train_y, two.train_y)
                and torch.equal(one.test_x, two.test_x)
                and torch.equal(one.test_y, two.test_y)
                and one.candidates == two.candidates
            )
            _require(same, "Two iterations gave different samples.")


def experiences_are_whole(new: NewStream) -> None:
    """Samples and labels have equal lengths, shapes agree, numbers are finite, types are those of the contract."""
    shape = None
    for experience in new():
        for x, y in ((experience.train_x, experience.train_y), (experience.test_x, experience.test_y)):
            _require(len(x) == len(y) > 0, f"{len(x)} samples with {len(y)} labels.")
            _require(x.dtype == torch.float32, f"Samples are {x.dtype}, expected float32.")
            _require(y.dtype == torch.int64, f"Labels are {y.dtype}, expected int64.")
            _require(bool(torch.isfinite(x).all()), "A sample is not finite.")
            shape = shape or x.shape[1:]
            _require(x.shape[1:] == shape, f"Samples of shape {tuple(x.shape[1:])} after {tuple(shape)}.")


def scenario_is_kept(new: NewStream) -> None:
    """Candidates are given in task-incremental streams and nowhere else; domain-incremental labels recur."""
    stream = new()
    labels = [set(experience.train_y.tolist()) for experience in stream]
    for experience, here in zip(stream, labels, strict=True):
        asked = set(experience.test_y.tolist())
        if stream.scenario == "task":
            _require(experience.candidates is not None, "A task-incremental experience names no candidates.")
            _require(here | asked <= set(experience.candidates or ()), "A label is not among the candidates.")
        else:
            _require(experience.candidates is None, f"A {stream.scenario}-incremental experience names candidates.")
        if stream.scenario != "domain":
            _require(asked <= here, "A label is asked for that was not taught in the same experience.")
    if stream.scenario == "domain":
        widest = max(labels, key=len)
        _require(all(here <= widest for here in labels), "Domain-incremental labels are not positions in a task.")
    else:
        apart = all(not one & two for one, two in pairwise(labels))
        _require(apart, "A class comes in two experiences that follow each other.")


STREAM_CHECKS: tuple[Callable[[NewStream], None], ...] = (same_life_twice, experiences_are_whole, scenario_is_kept)


def check_stream(new: NewStream) -> None:
    """Run every check of a stream."""
    for check in STREAM_CHECKS:
        check(new)


# memories

NewMemory = Callable[[], Memory]


def _associations() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(5)
    keys = torch.rand(60, 8, generator=generator)
    return keys, torch.nn.functional.one_hot(torch.arange(60) % 3, 3)


def order_does_not_matter(new: NewMemory) -> None:
    """Associations written in another order and other batches read the same."""
    keys, values = _associations()
    one, two = new(), new()
    one.write(keys, values)
    order = torch.randperm(60, generator=torch.Generator().manual_seed(6))
    for part in order.split(7):
        two.write(keys[part], values[part])
    close = torch.allclose(one.read(keys), two.read(keys), atol=1e-6)
    _require(close, "The order or the batches of writing changed what is read.")


def reading_changes_nothing(new: NewMemory) -> None:
    """Reading twice gives the same, and leaves the keys and values alone."""
    keys, values = _associations()
    given = keys.clone()
    memory = new()
    memory.write(keys, values)
    _require(torch.equal(memory.read(keys), memory.read(keys)), "Reading changed the memory.")
    _require(torch.equal(keys, given), "Writing or reading changed the keys.")


def memory_resumes_exactly(new: NewMemory) -> None:
    """A memory made from another's state reads the same, bit for bit, and is its own."""
    keys, values = _associations()
    memory, other = new(), new()
    memory.write(keys, values)
    other.load_state_dict(memory.state_dict())
    before = memory.read(keys)
    _require(torch.equal(before, other.read(keys)), "A memory made from another's state reads differently.")
    other.write(keys + 1, values)
    _require(torch.equal(before, memory.read(keys)), "Writing to the copy changed the original.")


MEMORY_CHECKS: tuple[Callable[[NewMemory], None], ...] = (
    order_does_not_matter,
    reading_changes_nothing,
    memory_resumes_exactly,
)


def check_memory(new: NewMemory) -> None:
    """Run every check of a memory."""
    for check in MEMORY_CHECKS:
        check(new)


# rules

NewRule = Callable[[], Rule[Any]]

LAYER_KINDS = ("dense", "convolution", "spiking", "spiking convolution")


def toy_layer(kind: str) -> tuple[nn.Module, Tensor, Tensor]:
    """A layer of four cells, and three steps of activity on both sides of it; time is the first axis."""
    generator = torch.Generator().manual_seed(8)
    layers: dict[str, Callable[[], nn.Module]] = {
        "dense": lambda: nn.utils.skip_init(nn.Linear, 6, 4),
        "convolution": lambda: nn.utils.skip_init(nn.Conv2d, 2, 4, 2, padding=1),
        "spiking": lambda: SpikingDense(6, 4, generator=generator),
        "spiking convolution": lambda: SpikingConv(2, 4, 2, padding=1, generator=generator),
    }
    layer = layers[kind]()
    for parameter in layer.parameters():
        nn.init.normal_(parameter, 0.2, 0.8, generator=generator)
    pre = torch.rand(3, 5, *((2, 3, 3) if "convolution" in kind else (6,)), generator=generator)
    with torch.no_grad():
        if "spiking" in kind:
            pre = (pre < 0.5).float()
            return layer, pre, layer(pre)[0]
        return layer, pre, torch.stack([layer(moment) for moment in pre])


def toy_views(kind: str, dtype: torch.dtype = torch.float32) -> list[SynapseView]:
    """Three steps of a toy layer's synapses."""
    layer, pre, post = toy_layer(kind)
    return list(steps(layer.to(dtype), pre, post))


def _changes(
    rule: Rule[Any], views: list[SynapseView], modulator: float | Tensor = 1.0, state: Any = None
) -> list[Tensor]:
    """What the rule would change at each step; the weights stay."""
    state = rule.begin(views[0]) if state is None else state
    found = []
    for view in views:
        change, state = rule(view, state, modulator)
        found.append(change)
    return found


def _alike(one: list[Tensor], two: list[Tensor]) -> bool:
    return all(torch.allclose(a, b, rtol=1e-4, atol=1e-7) for a, b in zip(one, two, strict=True))


def _tensors(*parts: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(parts) if isinstance(leaf, Tensor)]


def rule_leaves_its_inputs(new: NewRule, kind: str) -> None:
    """The activities, the weights, the state and the modulator stay as they were given."""
    rule, modulator = new(), torch.ones(4)
    views = toy_views(kind)
    state = rule.begin(views[0])
    for view in views:
        given = _tensors(view.pre, view.post, view.weight, state, modulator)
        kept = [tensor.clone() for tensor in given]
        _, left = rule(view, state, modulator)
        same = all(torch.equal(one, two) for one, two in zip(given, kept, strict=True))
        _require(same, "The rule changed an activity, the weights, its old state or the modulator.")
        state = left


def changes_fit_the_weights(new: NewRule, kind: str) -> None:
    """Changes have the shape and type of the weights, are finite and not all zero, and a layer takes them."""
    for dtype in (torch.float32, torch.float64):
        views = toy_views(kind, dtype)
        changes = _changes(new(), views)
        for change, view in zip(changes, views, strict=True):
            _require(change.shape == view.weight.shape, f"A change of shape {tuple(change.shape)} for the weights.")
            _require(change.dtype == dtype, f"A change of type {change.dtype} for weights of {dtype}.")
            _require(bool(torch.isfinite(change).all()), "A change is not finite.")
        _require(any(bool(change.any()) for change in changes), "Three steps of activity changed nothing.")
    layer, pre, post = toy_layer(kind)
    first = next(steps(layer, pre, post))
    wanted = first.weight + _changes(new(), [first])[0]
    first.commit(wanted)
    _require(torch.equal(next(steps(layer, pre, post)).weight, wanted), "The layer did not take the new weights.")


def modulator_gates(new: NewRule, kind: str) -> None:
    """Modulator 0 means no change, twice the modulator twice the change, one for each cell reaches that cell alone."""
    views = toy_views(kind)
    full = _changes(new(), views)
    nothing = _changes(new(), views, 0.0)
    _require(not any(bool(change.any()) for change in nothing), "With modulator 0, weights change.")
    _require(_alike(_changes(new(), views, 2.0), [2 * change for change in full]), "Twice the modulator is not twice.")
    _require(_alike(_changes(new(), views, torch.tensor(2.0)), [2 * change for change in full]), "Nor as a tensor.")
    cells = torch.tensor([0.0, 1.0, 2.0, -1.0])
    single = [cells[:, None] * change for change in full]
    _require(_alike(_changes(new(), views, cells), single), "A modulator for each cell does not reach it alone.")


def learning_in_place_is_adding(new: NewRule, kind: str) -> None:
    """`learn` leaves the weights that adding the change and keeping between bounds gives, and the same state."""
    for modulator in (1.0, -2.0, torch.tensor([0.0, 1.0, 2.0, -1.0])):
        rule, (layer, pre, post) = new(), toy_layer(kind)
        state: Any = None
        for view in steps(layer, pre, post):
            state = rule.begin(view) if state is None else state
            change, left = rule(view, state, modulator)
            wanted = (view.weight + change).clamp(-0.9, 0.9)
            state = learn(rule, view, state, modulator, low=-0.9, high=0.9)
            found = next(steps(layer, pre, post)).weight
            _require(torch.allclose(found, wanted, rtol=1e-5, atol=1e-6), "Learning in place gives other weights.")
            same = all(torch.equal(*pair) for pair in zip(_tensors(state), _tensors(left), strict=True))
            _require(same, "Learning in place leaves another state.")


def rule_has_no_chance(new: NewRule, kind: str) -> None:
    """The same views give the same changes, whatever the global random state; and it is left alone."""
    torch.manual_seed(1)
    first = _changes(new(), toy_views(kind))
    torch.manual_seed(2)
    state = torch.get_rng_state()
    second = _changes(new(), toy_views(kind))
    same = all(torch.equal(one, two) for one, two in zip(first, second, strict=True))
    _require(same, "The changes depend on the global random state.")
    _require(torch.equal(state, torch.get_rng_state()), "The global random state was advanced.")


def rows_are_averaged(new: NewRule, kind: str) -> None:
    """The order of the rows does not matter, nor does it that each comes twice."""
    views = toy_views(kind)
    rows = len(views[0].pre)
    order = torch.arange(2 * rows).flip(0) % rows
    doubled = [SynapseView(view.pre[order], view.post[order], view.weight) for view in views]
    once, twice = _changes(new(), views), _changes(new(), doubled)
    _require(_alike(once, twice), "Rows that come twice, in another order, make another change.")


def another_batch_is_refused(new: NewRule, kind: str) -> None:
    """A state begun with other rows raises BadData, unless the rule remembers nothing of single rows."""
    rule, view = new(), toy_views(kind)[0]
    fewer = SynapseView(view.pre[:-1], view.post[:-1], view.weight)
    try:
        change = _changes(rule, [fewer], state=rule.begin(view))[0]
    except BadData:
        return
    except Exception as error:
        raise CheckFailed(f"A state of another batch raised {type(error).__name__}, not BadData.") from error
    fits = change.shape == view.weight.shape and bool(torch.isfinite(change).all())
    _require(fits, f"A state of another batch made a change of shape {tuple(change.shape)}, or not a finite one.")


def coefficients_can_be_learned(new: NewRule, kind: str) -> None:
    """Every coefficient has a gradient through three steps, and a batch of values gives what single ones give."""
    rule, views = new(), toy_views(kind)
    _require(is_dataclass(rule), f"{type(rule).__name__} is not a dataclass of its coefficients.")
    names = [field.name for field in fields(rule) if isinstance(getattr(rule, field.name), float)]  # type: ignore[arg-type]

    def total(value: Tensor, name: str) -> Tensor:
        changed: Any = replace(rule, **{name: value})  # type: ignore[type-var]
        return torch.stack(_changes(changed, views)).abs().sum()

    for name in names:
        value = torch.tensor(getattr(rule, name))
        slope = torch.func.grad(total)(value, name)
        _require(bool(torch.isfinite(slope)), f"The gradient for {name} is not finite.")
        _require(bool(slope), f"There is no gradient for {name}.")
        values = torch.stack([value, 1.1 * value])
        together = torch.func.vmap(total, in_dims=(0, None))(values, name)
        single = torch.stack([total(one, name) for one in values])
        _require(_alike([together], [single]), f"A batch of values for {name} gives what single ones do not.")


def lives_run_side_by_side(new: NewRule, kind: str) -> None:
    """Under `torch.func.vmap`, lives with weights, rows and a state each change as they do one by one."""
    rule, views = new(), toy_views(kind)

    def life(pre: Tensor, post: Tensor, weight: Tensor) -> Tensor:
        moments = [SynapseView(*both, weight) for both in zip(pre.unbind(), post.unbind(), strict=True)]
        return torch.stack(_changes(rule, moments))

    pre, post = torch.stack([view.pre for view in views]), torch.stack([view.post for view in views])
    lives = [(pre, post, views[0].weight), (pre.flip(1), 0.5 * post.flip(2), -views[0].weight)]
    try:
        together = torch.func.vmap(life)(*tree_map(lambda *parts: torch.stack(parts), *lives))
    except Exception as error:
        raise CheckFailed(f"It does not run under torch.func.vmap: {error}") from error
    _require(_alike(list(together), [life(*one) for one in lives]), "Lives side by side change as single ones do not.")


RULE_CHECKS: tuple[Callable[[NewRule, str], None], ...] = (
    rule_leaves_its_inputs,
    changes_fit_the_weights,
    modulator_gates,
    learning_in_place_is_adding,
    rule_has_no_chance,
    rows_are_averaged,
    another_batch_is_refused,
    coefficients_can_be_learned,
    lives_run_side_by_side,
)


def check_rule(new: NewRule) -> None:
    """Run every check of a rule, on every kind of layer."""
    for check in RULE_CHECKS:
        for kind in LAYER_KINDS:
            check(new, kind)


# senses

NewSense = Callable[[], Sense]
"""Makes a fresh sense that has not formed, the same each time; small and quick."""

_LARGEST_KEY = 2**16
_NEAR = 0.05  # of the keys' variance: what glances may be off


def _formed(new: NewSense, samples: Any) -> tuple[Sense, Any]:
    """A sense that formed from the samples, and the samples as it takes them."""
    sense = new()
    taken = sense.take(samples)
    sense.form(taken)
    return sense, taken


def keys_are_whole_numbers(new: NewSense, samples: Any, off: int = 0) -> None:
    """A row for each sample, of integers up to 2¹⁶; `take` gives what has a length and slices."""
    sense = new()
    _require(sense.shape is None, f"A sense that has not formed has the shape {sense.shape}. Expected None.")
    taken = sense.take(samples)
    _require(len(taken) == len(samples), f"take made {len(taken)} samples of {len(samples)}.")
    sense.form(taken)
    _require(isinstance(sense.shape, tuple), f"A sense that has formed has the shape {sense.shape}. Expected a tuple.")
    keys = sense.keys(taken)
    _require(keys.ndim == 2 and len(keys) == len(taken), f"Keys of {len(taken)} samples have shape {keys.shape}.")
    whole = not (keys.is_floating_point() or keys.is_complex() or keys.dtype == torch.bool)
    _require(whole, f"Keys are {keys.dtype}, expected integers.")
    size = int(keys.long().abs().max())
    _require(size <= _LARGEST_KEY, f"A key is {size}. Expected at most {_LARGEST_KEY}, so that sums of them are exact.")
    part: Any = taken[1:3]  # type: ignore[index]
    _require(len(part) == 2, f"A slice of two samples has {len(part)}.")


def same_seed_same_keys(new: NewSense, samples: Any, off: int = 0) -> None:
    """Two senses made alike give the same keys, whatever the global random states; and they leave these alone."""
    found = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002  the global state is what is looked at
        before = torch.get_rng_state(), _numpys_state()
        sense, taken = _formed(new, samples)
        found.append(sense.keys(taken))
        after = torch.get_rng_state(), _numpys_state()
        same = torch.equal(before[0], after[0]) and np.array_equal(before[1], after[1])
        _require(same, "A global random state was advanced.")
    _require(torch.equal(*found), "The keys depend on a global random state.")


def _numpys_state() -> Any:
    state: Any = np.random.get_state()  # noqa: NPY002
    return state[1]


def samples_are_unchanged(new: NewSense, samples: Any, off: int = 0) -> None:
    """Forming and sensing leave the given samples as they were."""
    given = deepcopy(samples)
    sense, taken = _formed(new, samples)
    then = deepcopy(taken)
    sense.watch(taken, sense.keys(taken))
    _require(_equal(samples, given), "The samples given were changed.")
    _require(_equal(taken, then), "What take returned was changed.")


def _equal(one: Any, two: Any) -> bool:
    """Whether two samples are the same, through lists, dictionaries and objects."""
    if type(one) is not type(two):
        return False
    if isinstance(one, Tensor):
        return one.dtype == two.dtype and torch.equal(one.nan_to_num(), two.nan_to_num())
    if isinstance(one, np.ndarray):
        if one.dtype.kind == "O":
            return _equal(one.tolist(), two.tolist())
        numeric = one.dtype.kind in "fc"
        return one.dtype == two.dtype and np.array_equal(one, two, equal_nan=numeric)
    if isinstance(one, Mapping):
        return list(one) == list(two) and all(_equal(one[name], two[name]) for name in one)
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(_equal(a, b) for a, b in zip(one, two, strict=True))
    if hasattr(one, "__dict__"):
        return _equal(vars(one), vars(two))
    return bool(one == two) or (one != one and two != two)


def sense_resumes_exactly(new: NewSense, samples: Any, off: int = 0) -> None:
    """A sense made from another's saved state gives the same keys: as it formed, and pruned and compiled."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    sense, taken = _formed(new, samples)
    with TemporaryDirectory() as name:
        for place, change in enumerate((lambda: None, lambda: _prune(sense, taken), sense.compile)):
            change()
            save_state(Path(name) / str(place), sense.state_dict(), kind="check")
            other = new()
            other.load_state_dict(load_state(Path(name) / str(place), kind="check"))
            again = other.take(samples)
            same = sense.shape == other.shape and torch.equal(sense.keys(taken), other.keys(again))
            _require(same, "A sense made from another's state gives other keys.")
            _require(torch.equal(sense.glance(taken), other.glance(again)), "It gives other glances.")


def _prune(sense: Sense, taken: Any) -> Tensor:
    """Keep two groups of three; the inputs that remain."""
    width = sense.keys(taken).shape[1]
    kept = torch.arange(len(sense.groups(width)))
    return sense.keep(kept[kept % 3 != 1], width)


def batches_do_not_matter(new: NewSense, samples: Any, off: int = 0) -> None:
    """Keys of many samples are those of each alone, and of them in another order; up to `off`."""
    sense, taken = _formed(new, samples)
    keys = sense.keys(taken).long()
    alone = torch.cat([sense.keys(taken[place : place + 1]) for place in range(len(taken))]).long()
    away = int((keys - alone).abs().max())
    _require(away <= off, f"Keys of a batch differ from those of its samples alone by {away}. Expected at most {off}.")


def pruned_keys_are_those_kept(new: NewSense, samples: Any, off: int = 0) -> None:
    """Groups are a partition of the inputs; after `keep`, keys are the columns that it names. Twice."""
    sense, taken = _formed(new, samples)
    for _ in range(2):
        keys = sense.keys(taken)
        width = keys.shape[1]
        groups = sense.groups(width)
        _require(
            torch.equal(groups.flatten().sort().values, torch.arange(width)),
            f"The groups of {width} inputs do not hold each of them once.",
        )
        if len(groups) < 3:
            return
        inputs = _prune(sense, taken)
        _require(torch.equal(sense.keys(taken), keys[:, inputs]), "Pruned keys are not the columns that were kept.")


def watching_counts(new: NewSense, samples: Any, off: int = 0) -> None:
    """What could not be taken as it came is counted, of how many there are; and nothing is changed by it."""
    sense, taken = _formed(new, samples)
    keys = sense.keys(taken)
    before = keys.clone()
    seen = sense.watch(taken, keys)
    _require(isinstance(seen, Seen) and seen.numbers > 0, f"watch returned {seen}. Expected what it saw of how many.")
    counts = seen.clipped, seen.unseen, seen.missing
    _require(min(counts) >= 0 and 0 <= seen.share() <= 1, f"watch counted {counts} of {seen.numbers} numbers.")
    part = sense.watch(taken[:2], keys[:2])
    _require(part.numbers < seen.numbers, f"watch saw {part.numbers} numbers in two of {len(taken)} samples.")
    _require(torch.equal(sense.keys(taken), before), "Watching changed the keys.")
    _require(sense.watch(taken, keys) == seen, "The same samples were counted differently.")


def strangers_are_refused(new: NewSense, samples: Any, off: int = 0) -> None:
    """`take` raises BadData for what is not of its kind, before it has formed and after; `recognises` says no."""
    strangers: dict[str, Any] = {
        "nothing": None,
        "an object": object(),
        "no samples": [],
        "one text": "text",
        "numbers along five axes": np.zeros((3, 2, 5, 7, 4)),
    }
    if not all(isinstance(one, str) for one in samples):
        strangers["sentences"] = ["one sentence", "another one", "and one more"]
    formed, _ = _formed(new, samples)
    for what, x in strangers.items():
        _refuses(lambda x=x: formed.take(x), what)  # type: ignore[misc]
        if what != "numbers along five axes":  # which some take at first
            _refuses(lambda x=x: new().take(x), what)  # type: ignore[misc]
            _require(formed.recognises(x) is False, f"It recognises {what}.")


def glances_are_near(new: NewSense, samples: Any, off: int = 0) -> None:
    """Where it compiles, glances are close to the keys, pruned or not, and `distortion` tells of noise; keys stay."""
    sense, taken = _formed(new, samples)
    keys = sense.keys(taken)
    if not sense.compile():
        _require(torch.equal(sense.glance(taken), keys), "It did not compile, and glances are not the keys.")
        _refuses(lambda: sense.distortion(torch.Generator().manual_seed(0)), "asking for the distortion of no glance")
        return
    for pruned in (False, True):
        if pruned:
            keys = keys[:, _prune(sense, taken)]
            if not sense.compile():  # it is too small now
                return
        _require(torch.equal(sense.keys(taken), keys), "Compiling or pruning changed the keys.")
        away = (sense.glance(taken).double() - keys.double()).square().sum()
        spread = (keys.double() - keys.double().mean(0)).square().sum()
        near = float(away) <= _NEAR * float(spread)
        _require(near, f"Glances differ from the keys by {float(away / spread):.2f} of their variance.")
        noise = sense.distortion(torch.Generator().manual_seed(0))
        _require(noise.shape[1] == keys.shape[1], f"distortion has {noise.shape[1]} columns; keys {keys.shape[1]}.")


def made_up_samples_are_taken(new: NewSense, samples: Any, off: int = 0) -> None:
    """`made_up` makes as many samples as asked for, of the form that it takes; a generator says which."""
    sense, taken = _formed(new, samples)
    made, again = (sense.made_up(4, torch.Generator().manual_seed(3)) for _ in range(2))
    keys = sense.keys(sense.take(made))
    width = sense.keys(taken).shape[1]
    _require(keys.shape == (4, width), f"Keys of four made-up samples have shape {tuple(keys.shape)}.")
    _require(torch.equal(keys, sense.keys(sense.take(again))), "The same generator made up other samples.")


SENSE_CHECKS: tuple[Callable[[NewSense, Any, int], None], ...] = (
    keys_are_whole_numbers,
    same_seed_same_keys,
    samples_are_unchanged,
    sense_resumes_exactly,
    batches_do_not_matter,
    pruned_keys_are_those_kept,
    watching_counts,
    strangers_are_refused,
    glances_are_near,
    made_up_samples_are_taken,
)


def check_sense(make: NewSense, samples: Any, *, off: int = 0) -> None:
    """Run every check of a sense.

    Parameters
    ----------
    make : callable
        Returns a fresh sense that has not formed.
    samples : Any
        At least ten, as `take` takes them.
    off : int
        By how much keys of a batch may differ from those of its samples alone; 1 for a network whose sums of floats
        depend on the size of the batch.

    Examples
    --------
    >>> from reverie.senses import Raw
    >>> check_sense(Raw, np.random.default_rng(0).normal(size=(12, 5)))
    """
    for check in SENSE_CHECKS:
        check(make, samples, off)


# disciplines

NewDiscipline = Callable[[], Discipline]
Columns = Mapping[str, Any]
"""Rows to ask about: arrays of one length, at least two rows that are answered differently."""


def _same(one: Columns, two: Columns) -> bool:
    return one.keys() == two.keys() and all(
        np.array_equal(one[k], two[k], equal_nan=one[k].dtype.kind == "f") for k in one
    )


def _rows(columns: Mapping[Any, Any], chosen: Any) -> dict[str, Any]:
    return {name: np.asarray(value)[chosen] for name, value in columns.items()}


def answers_fit_the_rows(new: NewDiscipline, columns: Columns) -> None:
    """Every output that is declared is answered, one float64 for each row, and something is known."""
    discipline = new()
    n, found = len(next(iter(columns.values()))), discipline(columns)
    missing = [name for name in discipline.outputs if name not in found]
    _require(bool(discipline.outputs) and not missing, f"Declared and not answered: {missing or 'no output'}.")
    for name, value in found.items():
        fits = value.shape == (n,) and value.dtype == np.float64
        _require(fits, f"{name} has shape {value.shape} and type {value.dtype} for {n} rows.")
        _require(bool(np.isfinite(value).any()), f"{name} is answered for no row.")


def asking_changes_nothing(new: NewDiscipline, columns: Columns) -> None:
    """The columns stay as they were, an answer is the asker's own, and the same question has the same answer."""
    discipline, kept = new(), {name: np.array(value) for name, value in columns.items()}
    first = discipline(columns)
    again = {name: value.copy() for name, value in first.items()}
    for value in first.values():
        value += 1.0
    _require(_same(_rows(columns, slice(None)), kept), "Asking changed the columns.")
    _require(_same(discipline(columns), again), "The same question has another answer.")
    _require(_same(new()(columns), again), "Another one made alike answers differently.")


def rows_are_answered_alone(new: NewDiscipline, columns: Columns) -> None:
    """A row has the answer that it has in any company."""
    discipline = new()
    together = discipline(columns)
    n = len(next(iter(columns.values())))
    for row in range(0, n, max(1, n // 8)):
        alone = discipline(_rows(columns, [row]))
        close = all(np.allclose(alone[k], together[k][row], rtol=1e-9, equal_nan=True) for k in together)
        _require(close, f"Row {row} has another answer alone than in company.")


def inputs_decide(new: NewDiscipline, columns: Columns) -> None:
    """Columns that are no inputs do not matter, inputs do, and without any a clear error is raised."""
    discipline = new()
    known = discipline(columns)
    needed = {name: value for name, value in columns.items() if name in discipline.inputs}
    _require(_same(discipline({**columns, "other": columns[next(iter(columns))]}), known), "Another column mattered.")
    _require(_same(discipline(needed), known), "It uses columns that it does not declare.")
    _require(not _same(_rows(known, slice(None, None, -1)), known), "Rows that differ all have one answer.")
    _refuses(lambda: discipline({}), "a question without its columns")


DISCIPLINE_CHECKS: tuple[Callable[[NewDiscipline, Columns], None], ...] = (
    answers_fit_the_rows,
    asking_changes_nothing,
    rows_are_answered_alone,
    inputs_decide,
)


def check_discipline(new: NewDiscipline, columns: Columns) -> None:
    """Run every check of a discipline on rows of its inputs."""
    for check in DISCIPLINE_CHECKS:
        check(new, columns)
