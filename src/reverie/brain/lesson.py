"""What a brain is given to learn or to forget: samples, and their classes, labels or numbers; and the keys of both."""

from typing import Any, NamedTuple

from torch import Tensor

from reverie.brain.given import Given, take_numbers
from reverie.brain.labels import take_labels
from reverie.brain.mind import Mind
from reverie.brain.numbers import NUMBERS, Numbers, beside
from reverie.brain.shards import keys_of
from reverie.brain.tags import TAGS, Tags, take_label_sets
from reverie.senses import Senses

__all__ = ["TARGETS", "Lesson"]

TARGETS = ("classes", "numbers", "labels")
"""What a brain can learn of samples."""


class Lesson(NamedTuple):
    """Samples that have been checked, and what they are to be known as.

    Attributes
    ----------
    senses : Senses
        By which they are sensed; formed, once `formed` has been called.
    labels : list
        Their classes; those of numbers have one label, `NUMBERS`, and those of several labels `TAGS`.
    given : Given or None
        Their numbers.
    numbers : Numbers or None
        How these are learned; known, once `formed` has been called.
    sets : list of list of str or None
        Their labels, where a sample has several.
    tags : Tags or None
        Those that are known then.
    """

    senses: Senses
    samples: Any
    labels: list[Any]
    given: Given | None = None
    numbers: Numbers | None = None
    sensed: Tensor | None = None
    sets: list[list[str]] | None = None
    tags: Tags | None = None

    @classmethod
    def of(cls, mind: Mind, x: Any, y: Any, *, targets: str = TARGETS[0]) -> "Lesson":
        """Check them; `targets`: what y are, one of `TARGETS`.

        Raises
        ------
        BadData
            Samples or labels that do not fit.
        """
        samples = mind.senses.take(x)
        if targets == "labels":
            sets = take_label_sets(y, len(samples))
            tags = (mind.tags or Tags()).with_new(sets)
            return cls(mind.senses, samples, [TAGS] * len(samples), sets=sets, tags=tags)
        if targets == "classes":
            return cls(mind.senses, samples, take_labels(y, len(samples), mind.labels))
        given = take_numbers(y, len(samples), None if mind.numbers is None else mind.numbers.names)
        return cls(mind.senses, samples, [NUMBERS] * len(samples), given, mind.numbers)

    def formed(self, x: Any) -> "Lesson":
        """The same with senses, and a scale of numbers, that have formed: by these samples where they had not."""
        lesson = self
        if not self.senses.formed:
            senses = self.senses.unformed()
            senses.form(self.samples, x)
            lesson = self._replace(senses=senses)
        if self.given is None or self.numbers is not None:
            return lesson
        sensed = keys_of(lesson.senses, self.samples)
        return lesson._replace(numbers=Numbers.of(self.given, sensed), sensed=sensed)

    def keys(self, most: int | None = None) -> Tensor:
        """The keys of all samples, or of the first so many."""
        some = slice(most)
        keys = keys_of(self.senses, self.samples[some]) if self.sensed is None else self.sensed[some]
        if self.sets is not None and self.tags is not None:
            return beside(keys, self.tags.digits(self.sets[some]))
        if self.given is None or self.numbers is None:
            return keys
        return beside(keys, self.numbers.digits(self.given.values[some]))

    def amiss(self, keys: Tensor) -> tuple[int, str]:
        """How many numbers were cut to the range that the first experience has fixed, and what to say of that."""
        d = keys.shape[1] - sum(part.width for part in (self.numbers, self.tags) if part is not None)
        seen = self.senses.watch(self.samples, keys[:, :d])
        if self.given is None or self.numbers is None:
            return seen.clipped, seen.warning()
        beyond, warning = self.numbers.beyond(self.given.values)
        return seen.clipped + beyond, " ".join(filter(None, (seen.warning(), warning)))
