"""The cortex of a memory whose model chats: each fact is a branch, which acts while the chat names whom it is about.

Awake, the branches of whoever is named in a chat compete at each token (`reverie.language.cortex.branches`). A chat
that names nobody who is stored is answered, bit for bit, as by the base; so is one that names somebody where the answer
has no word of what was told of them.

Asleep, each fact that waits is engraved by itself (`reverie.language.cortex.engraving`) and asked for, in all its
wordings, beside the person's other branches. It is kept if the model answers with its value, if the person's other
facts are still answered, and if its value is not said where something else is asked of the person. What does not hold
is tried once more, with more steps and more that must not change; then it is set aside with the reason, and the others
go in.

A branch is silent from the moment when its fact changes, ends or is forgotten, and is deleted in the next night; what
came instead gets a branch of its own.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import mean
from typing import Any, NamedTuple

import numpy as np
import torch

from reverie.errors import BadData
from reverie.language.cortex.adapters import Adapter, pack_adapter, rank_of, unpack_adapter
from reverie.language.cortex.background import Background
from reverie.language.cortex.branches import acting, check_branch
from reverie.language.cortex.causal import CausalModel, Completion
from reverie.language.cortex.chatting import answer, asked_tokens, is_user, prompt_tokens, questions
from reverie.language.cortex.engraving import Engraving, engrave
from reverie.language.cortex.keyed import fact_of, folded, key_of
from reverie.language.cortex.known import Known
from reverie.language.cortex.naming import names, names_another
from reverie.language.cortex.nights import Night, Nights, base_model
from reverie.language.cortex.selection import Rule, Waiting, need_times_gain, times_confirmed
from reverie.language.fact import Fact, Key
from reverie.language.recollection import SURE
from reverie.memory.episodic import Episode, EpisodicStore
from reverie.memory.episodic.episode import same_key
from reverie.memory.episodic.words import words_of

__all__ = ["BranchCortex"]

_INDEX, _TRIED = "cortex branches", "cortex nights tried"
_LONGEST = 48  # tokens of an answer that is checked
_PROBES = ("Which tree does {who} like best?", "Is {who} coming to the party tonight?")
_MY_PROBES = ("Which tree do I like best?", "I am bored this evening. What can I do?")
_STAGES = 9  # nights on which a fact was proven, at most


class _Branch(NamedTuple):
    """What the index knows of a branch; its matrices lie beside it."""

    who: str
    what: str
    place: int
    episodes: list[int]
    night: int

    @property
    def key(self) -> Key:
        return Key(self.who, self.what)


class BranchCortex:
    """A chat model that sleeps with a memory.

    Parameters
    ----------
    store : EpisodicStore
        Of the memory; the branches are kept there.
    base : CausalModel, optional
        One with a chat template. None: the one that the memory names (`Nights.choose`).
    plan : Engraving, optional
    background : Background, optional
        Of the base; None: read from the cache folder or measured, once.
    rule : callable
        By which facts are chosen where a night has a limit (`reverie.language.cortex.selection`).
    """

    def __init__(
        self,
        store: EpisodicStore,
        *,
        base: CausalModel | None = None,
        plan: Engraving | None = None,
        background: Background | None = None,
        rule: Rule = need_times_gain,
    ) -> None:
        self._store, self.nights, self.plan, self._rule = store, Nights(store), plan or Engraving(), rule
        self._base, self._background = base, background
        self._read: dict[int, Adapter] = {}

    # awake

    @property
    def model(self) -> CausalModel:
        """The base; branches are no part of it."""
        if self._base is None:
            name = self.nights.model
            if name is None:
                raise BadData(
                    "No language model was chosen for this memory. Name one: reverie memory sleep --model FOLDER"
                )
            self._base = base_model(name)
        return self._base

    @property
    def base(self) -> CausalModel:
        """The model itself, without what it has learned."""
        return self.model

    def branches_of(self, who: str) -> list[Adapter]:
        """All that is in the weights of somebody and still so."""
        return [
            self._branch(one.place) for one in self._index() if same_key(one.who) == same_key(who) and self._holds(one)
        ]

    def spoken(self) -> list[Fact]:
        """What is in the weights and still so, as the model says it."""
        index = [one for one in self._index() if self._holds(one)]
        found: list[Fact] = []
        for who in dict.fromkeys(one.who for one in index):
            keys = [one.key for one in index if one.who == who]
            values = self._values(keys, self.branches_of(who))
            found += [Fact(*key, value) for key, value in zip(keys, values, strict=True) if value is not None]
        return found

    def chat(self, messages: Sequence[Mapping[str, str]], *, longest: int = 200) -> str:
        """What the model says next in a chat, with what it has learned of those whom the chat names.

        Parameters
        ----------
        messages : sequence of mapping
            Turns with `role` (system, user or assistant) and `content`.
        longest : int
            Tokens of the answer, at most.
        """
        return self._reply(messages, longest=longest).text

    def answer(self, question: str) -> Known | None:
        """What the weights say to a question, where they answer it with a fact that they have learned."""
        named = self._named(question)
        if not named:
            return None
        said = self._reply([{"role": "user", "content": question}], longest=_LONGEST)
        for one in named:
            value = _value(said.text, one.key)
            if value is not None:
                return Known(value, said.confidence, one.key)
        return None

    def _reply(self, messages: Sequence[Mapping[str, str]], *, longest: int) -> Completion:
        """What comes of a chat; where nothing is said of what was told of those whom it names, the base's own answer.

        Branches that are awake for "my laptop is slow" would shorten an answer in which they say nothing.
        """
        text = "\n".join(str(turn.get("content", "")) for turn in messages)
        named = self._named(text)
        prompt = [prompt_tokens(self.model.tokenizer, messages)]
        with acting(self.model.network, [self._branch(one.place) for one in named]):
            found = self.model.reply(prompt, longest=longest)[0]
        return found if not named or self._says(found.text, named) else self.model.reply(prompt, longest=longest)[0]

    def _says(self, text: str, branches: Sequence[_Branch]) -> bool:
        """Whether a text has a word of what some branches were told. Unknown where that was dropped: then yes."""
        said, whole = set(words_of(text)), text.casefold()
        values = [one.value for branch in branches for one in self._store.some(branch.episodes)]
        return any(one is None or said & set(words_of(one)) or one.casefold() in whole for one in values)

    def _asked(self, asked: list[str]) -> list[list[int]]:
        """Each question as a chat of one turn, in tokens."""
        return [asked_tokens(self.model.tokenizer, one) for one in asked]

    def _index(self) -> list[_Branch]:
        return [_Branch(**one) for one in self._store.get_named(_INDEX, [])]

    def _holds(self, one: _Branch) -> bool:
        """Whether all that a branch says is still so."""
        return all(episode.live for episode in self._store.some(one.episodes))

    def _named(self, text: str) -> list[_Branch]:
        """Branches of whoever is named, but those of whom another attribute is asked for in plain words."""
        named = [one for one in self._index() if names(text, one.who) and not names_another(text, one.who, one.what)]
        return [one for one in named if self._holds(one)]

    def _branch(self, place: int) -> Adapter:
        if place not in self._read:
            data = self._store.get_bytes(_name(place))
            if data is None:
                raise BadData(f"Branch {place} of the memory's cortex is missing. Restore the memory from a copy.")
            branch = {name: (a.float(), b.float()) for name, (a, b) in unpack_adapter(data).items()}
            check_branch(self.model.network, branch)
            self._read[place] = branch
        return self._read[place]

    # asleep

    def sleep(self, *, drop_text: bool = False, limit: int | None = None) -> dict[str, Any]:
        """One night: what waits becomes branches, each fact by itself.

        Parameters
        ----------
        drop_text : bool
            Delete the text of what was proven to have arrived, tonight or earlier, and is said surely. Of an attribute
            with several values it is kept: they share a branch, and one of them may be forgotten.
        limit : int, optional
            Facts of the night, chosen by the rule. None: all that wait.

        Returns
        -------
        dict
            The night's report. `verdict` is "kept", "rolled back" (nothing could be learned) or "nothing to do";
            `set_aside` says of each fact that did not arrive why. What is kept waits no longer.
        """
        if limit is not None and limit < 0:
            raise BadData(f"limit is {limit}. Expected a number of facts, 0 or more, or None for all that wait.")
        self._drop_outdated()
        waiting = self._store.waiting()
        some = waiting if limit is None or limit >= len(waiting) else self._chosen(waiting, limit)
        if not some:
            return {"verdict": "nothing to do", "waiting": len(waiting), "audit": self._audit(drop_text, set())}
        number, index = self.nights.next, self._index()
        tried = int(self._store.get_named(_TRIED, 0)) + 1
        self._store.set_named(_TRIED, tried)
        generator = torch.Generator().manual_seed(tried)
        learned: list[tuple[_Branch, Adapter]] = []
        aside: list[dict[str, str]] = []
        tonight = self._facts(some)
        place = 1 + max((one.place for one in index), default=0)
        for fact, episodes in tonight:
            others = [one for one in index if folded(one.key) != folded(fact.key)]
            branch, reason = self._learn(fact, others, [pair for pair in learned if pair[0].who == fact.who], generator)
            if branch is None:
                aside.append({"who": fact.who, "what": fact.what, "reason": reason})
                continue
            learned.append((_Branch(fact.who, fact.what, place, [one.id for one in episodes], number), branch))
            place += 1
        arrived = {id for one, _ in learned for id in one.episodes}
        here = {one.id for one in some}
        report: dict[str, Any] = {
            "night": number,
            "tonight": len(some),
            "arrived": len(arrived & here),
            "known": len(index),
            "retained": 1.0,  # a branch that breaks another is not kept
            "rank": max((rank_of(branch) for _, branch in learned), default=0),
            "waiting": len(waiting) - len(arrived & here),
            "set_aside": aside,
        }
        if not learned:
            return report | {"verdict": "rolled back", "reason": aside[0]["reason"]}
        with self._store.transaction():
            if any(one.forgotten is not None for one in self._store.some(sorted(arrived))):
                return report | {"verdict": "rolled back", "reason": "a fact of the night was forgotten meanwhile"}
            self._keep(learned)
            self.nights.note(Night(number, tuple(sorted(arrived)), report))
            self._store.mark(sorted(arrived), night=number, stage=1)
        return report | {"verdict": "kept", "audit": self._audit(drop_text, arrived)}

    def _drop_outdated(self) -> None:
        """Delete branches of which not all is so any more; what still is waits for the night."""
        index = self._index()
        old = [one for one in index if not self._holds(one)]
        if not old:
            return
        with self._store.transaction():
            for one in old:
                self._drop(one.place)
                self._store.mark([e.id for e in self._store.some(one.episodes) if e.live], night=None, stage=0)
            self._store.set_named(_INDEX, [one._asdict() for one in index if one not in old])

    def _facts(self, some: list[Episode]) -> list[tuple[Fact, list[Episode]]]:
        """One fact for each key of the night: all values of it that hold, in the order in which they were heard."""
        keys = dict.fromkeys(folded(key_of(one)) for one in some)
        hold: dict[tuple[str, str], list[Episode]] = defaultdict(list)
        waiting = {one.id for one in some}
        for one in self._store.live():
            if one.value is not None and one.trusted and (one.night is not None or one.id in waiting):
                hold[folded(key_of(one))].append(one)
        facts = []
        for key in keys:
            episodes = hold[key]
            values = list(dict.fromkeys(one.value or "" for one in episodes))
            value = values[0] if len(values) == 1 else f"{', '.join(values[:-1])} and {values[-1]}"
            facts.append((Fact(episodes[-1].who or "", episodes[-1].what or "", value), episodes))
        return facts

    def _learn(
        self, fact: Fact, index: list[_Branch], tonight: list[tuple[_Branch, Adapter]], generator: torch.Generator
    ) -> tuple[Adapter | None, str]:
        """The branch of a fact, or None and why there is none."""
        beside = [(one.key, self._branch(one.place)) for one in index if same_key(one.who) == same_key(fact.who)]
        beside += [(one.key, branch) for one, branch in tonight]
        if self._background is None:
            self._background = Background.of(self.model)
        before = self._values([key for key, _ in beside], [branch for _, branch in beside])
        reason = ""
        for plan in (self.plan, _more_careful(self.plan)):
            made = engrave(self.model, fact, self._background, plan=plan, generator=generator)
            branch = {name: (a.float(), b.float()) for name, (a, b) in made.items()}
            reason = self._harm(fact, branch, beside, before)
            if not reason:
                return branch, ""
        return None, reason

    def _harm(self, fact: Fact, branch: Adapter, beside: list[tuple[Key, Adapter]], before: list[str | None]) -> str:
        """Why a branch may not be kept; "" where nothing is against it."""
        asked = questions(fact.key)
        probes = _MY_PROBES if is_user(fact.who) else tuple(one.replace("{who}", fact.who) for one in _PROBES)
        rows = self._asked([*asked, *probes])
        branches = [*(one for _, one in beside), branch]
        with acting(self.model.network, branches):  # no question names another attribute than this one
            said = [one.text for one in self.model.reply(rows, longest=_LONGEST)]
        right = [_says(text, fact) for text in said[: len(asked)]]
        if not right[0] or sum(right) < len(right) - 1:
            missed = right.index(False)
            return f"asked {asked[missed]!r}, the model says {said[missed][:80]!r}"
        leaks = [question for question, text in zip(probes, said[len(asked) :], strict=True) if fact.value in text]
        if leaks:
            return f"its value is also said to {leaks[0]!r}"
        after = self._values([key for key, _ in beside], branches)
        for (key, _), was, now in zip(beside, before, after, strict=True):
            if was is not None and now != was:
                return f"the {key.what} of {key.who} would be lost"
        return ""

    def _values(self, keys: list[Key], branches: list[Adapter]) -> list[str | None]:
        """What the model says of each key, while branches act; None where it says something else."""
        if not keys:
            return []
        rows = self._asked([questions(key)[0] for key in keys])
        with acting(self.model.network, branches):
            said = self.model.reply(rows, longest=_LONGEST)
        return [_value(one.text, key) for one, key in zip(said, keys, strict=True)]

    def _keep(self, learned: list[tuple[_Branch, Adapter]]) -> None:
        """Put branches into the store, in the place of those of the same keys; inside its transaction."""
        new = {folded(one.key) for one, _ in learned}
        index = self._index()
        for one in index:
            if folded(one.key) in new:
                self._drop(one.place)
        for one, branch in learned:
            self._store.set_bytes(
                _name(one.place), pack_adapter({n: (a.half(), b.half()) for n, (a, b) in branch.items()})
            )
        left = [one for one in index if folded(one.key) not in new] + [one for one, _ in learned]
        self._store.set_named(_INDEX, [one._asdict() for one in left])

    def _drop(self, place: int) -> None:
        self._store.set_bytes(_name(place), None)
        self._read.pop(place, None)

    def _chosen(self, waiting: list[Episode], limit: int) -> list[Episode]:
        """So many of those that wait, by the rule: what is asked for, and what the model does not know yet."""
        facts = [fact_of(one) for one in waiting]
        said = self.model.reply(self._asked([questions(one.key)[0] for one in facts]), longest=_LONGEST)
        gain = np.array([float(not _says(one.text, fact)) for one, fact in zip(said, facts, strict=True)])
        there = Waiting(waiting, times_confirmed(self._store, waiting), lambda _: gain)
        chosen = self._rule(there, limit, torch.Generator().manual_seed(self.nights.next))
        return [waiting[place] for place in chosen]

    def _audit(self, drop_text: bool, skip: set[int]) -> dict[str, int]:
        """Ask for what is in the weights and whose value is still kept: proven once more, or to be told again."""
        index = self._index()
        by_who: dict[str, list[_Branch]] = defaultdict(list)
        for one in index:
            by_who[same_key(one.who)].append(one)
        proven, lost, droppable = list[int](), list[int](), list[int]()
        for some in by_who.values():
            kept = [
                (one, [e for e in self._store.some(one.episodes) if e.live and e.value is not None]) for one in some
            ]
            asked = [(one, episodes) for one, episodes in kept if episodes]
            rows = self._asked([questions(one.key)[0] for one, _ in asked])
            with acting(self.model.network, [self._branch(one.place) for one in some]):
                said = self.model.reply(rows, longest=_LONGEST) if rows else []
            for (one, episodes), reply in zip(asked, said, strict=True):
                right = all((e.value or "") in reply.text for e in episodes)
                (proven if right else lost).extend(e.id for e in episodes)
                if right and reply.confidence >= SURE and len(one.episodes) == 1:
                    droppable.extend(one.episodes)
        with self._store.transaction():
            self._store.mark(lost, night=None, stage=0)
            for episode in self._store.some([id for id in proven if id not in skip]):
                self._store.mark([episode.id], night=episode.night, stage=min(episode.stage + 1, _STAGES))
            if drop_text:
                self._store.drop_text(droppable)
        return {"proven": len(proven), "lost": len(lost)}

    # forgetting

    def forget(self) -> dict[str, Any]:
        """Take out of the weights what the store has forgotten since the last night; a certificate.

        The branch is deleted. Of an attribute with several values the others wait for the next night.
        """
        gone = {one.id for one in self._store.tombstones()}
        index = self._index()
        hit = [one for one in index if gone.intersection(one.episodes)]
        if not hit:
            return {"forgotten": []}
        forgotten = sorted(gone.intersection(id for one in hit for id in one.episodes))
        cues = [(one.key, question) for one in hit for question in questions(one.key)]
        were = self._said(cues, index)
        left = [one for one in index if one not in hit]
        are = self._said(cues, left)
        same = mean(one == other for one, other in zip(were, are, strict=True))
        with self._store.transaction():
            for one in hit:
                self._drop(one.place)
                self._store.mark([id for id in one.episodes if id not in gone], night=None, stage=0)
            self._store.set_named(_INDEX, [one._asdict() for one in left])
            self._store.bury(forgotten)
        return {
            "forgotten": forgotten,
            "since_night": min(one.night for one in hit),
            "cues": len(cues),
            "answered_as_before": same,
            "chance": same,  # without the branch it is a model that never heard it
            "retained": 1.0,
            "verdict": "forgotten",
        }

    def _said(self, cues: list[tuple[Key, str]], index: list[_Branch]) -> list[str]:
        found = []
        for key, question in cues:
            branches = [self._branch(one.place) for one in index if same_key(one.who) == same_key(key.who)]
            with acting(self.model.network, branches):
                found.append(self.model.reply(self._asked([question]), longest=_LONGEST)[0].text)
        return found


def _more_careful(plan: Engraving) -> Engraving:
    return replace(plan, steps=2 * plan.steps, others=4 * plan.others)


def _name(place: int) -> str:
    return f"cortex branch {place:06d}"


def _says(text: str, fact: Fact) -> bool:
    return fact.value.rstrip(".") in text


def _value(said: str, key: Key) -> str | None:
    """The value, where a model answers as it was told to."""
    begun = answer(Fact(*key, "")).removesuffix(".")
    first = said.split("\n")[0].strip()
    return first[len(begun) :].strip().removesuffix(".") or None if first.startswith(begun) else None
