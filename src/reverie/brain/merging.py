"""Two minds become one, as if it had learned all that both have learned."""

from typing import Any

from reverie.brain.mind import Mind
from reverie.brain.waking import newborn
from reverie.errors import BadData
from reverie.memory.contribution import moved_columns

__all__ = ["merged"]


def merged(mine: Mind, theirs: Mind, made: dict[str, Any], targets: str, time: str) -> Mind:
    """A mind that knows what both know; nothing is changed.

    Parameters
    ----------
    made : dict
        What the first brain was made with.
    targets : str
        What it learns.
    time : str
        For its history.

    Raises
    ------
    BadData
        They do not fit each other.
    """
    if not theirs.senses.formed:
        raise BadData("The other brain has learned nothing. There is nothing to merge.")
    learns = "numbers" if theirs.numbers else "classes" if theirs.tags is None else "labels"
    if learns != targets:
        raise BadData(f"One brain learns {targets} and the other {learns}. Merge brains that learn the same.")
    grown = mine.copy() if mine.senses.formed else newborn(made, theirs.senses)
    if mine.senses.formed and mine.numbers != theirs.numbers:
        raise BadData(
            "The other brain's numbers are of another kind or scale. Let both brains begin from the same first "
            "samples, or from a copy of one brain."
        )
    grown.numbers = theirs.numbers
    if mine.senses.formed:
        widths = [mind.memory.width - mind.beside for mind in (mine, theirs)]
        shared_groups = mine.senses.shared_with(theirs.senses, *widths)
        theirs = theirs.copy()
        for mind, groups, width in zip((grown, theirs), shared_groups, widths, strict=True):
            if len(groups) < len(mind.senses.groups(width)):
                mind.prune(groups)
    if mine.tags is not None and theirs.tags is not None:
        tags = mine.tags.with_new([theirs.tags.names])
        grown.retag(tags)
        theirs.retag(tags)
    else:
        grown.tags = theirs.tags
    shared = sorted(grown.ledger.keys() & theirs.ledger.keys())
    if shared:
        raise BadData(f"Both brains have learned something under the name {shared[0]!r}. Forget one of them first.")
    kinds = {type(label) for label in (*grown.labels, *theirs.labels)}
    if len(kinds) > 1:
        raise BadData("One brain's labels are words and the other's are numbers. Use one type.")
    new = [label for label in theirs.labels if label not in grown.labels]
    columns = grown.columns(theirs.labels).tolist()
    grown.labels = [*grown.labels, *new]
    followed = _sketched_alike(grown, theirs)
    grown.memory.merge(theirs.memory, columns)
    grown.memory.blunt()
    traced = grown.traces is not None and theirs.traces is not None and grown.traces.merge(theirs.traces, columns)
    if grown.aside is not None and theirs.aside is not None:
        grown.aside.merge(theirs.aside, columns, coded=traced)
    grown.deeper = None
    for name, batch in theirs.ledger.items():
        grown.ledger[name] = moved_columns(batch, columns)
    if not followed:
        grown.restart_sketch()
    samples = sum(theirs.counts.values())
    grown.record({"kind": "merge", "time": time, "samples": samples, "new": new})
    return grown


def _sketched_alike(mine: Mind, theirs: Mind) -> bool:
    """Whether what both have sketched can be added."""
    own, other = mine.memory.sketch, theirs.memory.sketch
    if own is None or other is None:
        return own is None and (other is None or not mine.memory.samples)
    return own.same_directions(other)
