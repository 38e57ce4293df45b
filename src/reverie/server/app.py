"""The routes of a brain's service. All need the token, because the router they are on does (`frame`)."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from reverie.brain import NEW, Brain
from reverie.errors import BadData
from reverie.server import forms
from reverie.server.frame import Busy, open_service
from reverie.server.keeper import Keeper
from reverie.server.limits import Limits
from reverie.server.measures import Measures
from reverie.server.room import Room

__all__ = ["create_app"]

_BEAT = 0.5  # seconds between two looks for something new to show
_PAGE = {"/": "index.html", **{f"/{name}": name for name in ("page.js", "page.css", "uPlot.js", "uPlot.css")}}


def create_app(
    brain: Brain,
    *,
    token: str,
    limits: Limits | None = None,
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1"),
    room: Room | None = None,
) -> FastAPI:
    """The service of a brain that was opened for writing; it is closed when the service stops.

    Parameters
    ----------
    token : str
        What a client must know.
    hosts : tuple of str
        Names under which the service is reached.
    room : Room, optional
        Where connections wait until they have shown the token.
    """
    limits = limits or Limits()
    room = room or Room(limits)
    keeper, measures = Keeper(brain, limits), Measures()
    app, closed = open_service(
        "A brain that keeps learning.",
        keeper,
        token=token,
        limits=limits,
        hosts=hosts,
        room=room,
        told=measures.answered,
        folder=brain.folder,
        name="brain",
        pages=_PAGE,
    )
    _routes(closed, keeper, measures, limits)
    app.include_router(closed)
    return app


def _routes(router: APIRouter, keeper: Keeper, measures: Measures, limits: Limits) -> None:
    pages = asyncio.Semaphore(limits.streams)

    @router.get("/api/brain", response_model=forms.Brain)
    def look() -> dict[str, Any]:
        """What the brain knows and has been through."""
        return keeper.view()

    @router.post("/api/predict", response_model=forms.Predicted | forms.Numbers, response_model_exclude_unset=True)
    def predict(question: forms.Question) -> dict[str, Any]:
        """Recognise samples; a brain of numbers answers with numbers and limits."""

        def estimate(brain: Brain) -> dict[str, Any]:
            samples = forms.samples_of(question.samples, limits.pixels)
            found = brain.predict_intervals(samples, coverage=question.coverage or 0.9)
            numbers = brain.mind.numbers
            return {"targets": numbers.names if numbers else [], **found.told()}

        if keeper.targets == "numbers":
            with measures.seconds.labels("predict").time():
                answers = keeper.ask(estimate)
            measures.samples.labels("predicted").inc(len(answers["values"]))
            return answers

        def act(brain: Brain) -> Any:
            samples = forms.samples_of(question.samples, limits.pixels)
            told = {} if question.coverage is None else {"coverage": question.coverage}
            if told and question.by != "memory":
                raise BadData("Sets are the memory's. Ask it, or leave the coverage out.")
            sets = {"sets": brain.predict_sets(samples, **told)} if told else {}
            return *brain.answer(samples, by=question.by), sets | told

        with measures.seconds.labels("predict").time():
            labels, confidence, novelty, sets = keeper.ask(act)
        keeper.met(novelty)
        _count(measures, "predicted", novelty)
        return {
            "labels": labels.tolist(),
            "confidence": confidence.tolist(),
            "novelty": novelty.tolist(),
            "new": [value >= NEW for value in novelty.tolist()],
            **sets,
        }

    @router.post("/api/learn", response_model=forms.Learned)
    def learn(given: forms.Labelled) -> dict[str, Any]:
        """Learn samples. When this has answered, no kill and no power cut loses them."""
        with measures.seconds.labels("learn").time():
            samples = forms.samples_of(given.samples, limits.pixels)
            if given.numbers is not None and (given.labels is not None or keeper.targets != "numbers"):
                raise BadData("Given numbers. Expected labels alone for classes, or numbers alone for numbers.")
            y: Any = given.labels if given.numbers is None else given.numbers
            learned = keeper.change(lambda brain: brain.learn(samples, y, name=given.name))
        keeper.met(learned.novelty)
        _count(measures, "learned", learned.novelty, learned.samples)
        return {
            "samples": learned.samples,
            "new": learned.new,
            "novelty": learned.novelty.tolist(),
            "version": learned.version,
        }

    @router.post("/api/correct", response_model=forms.Corrected)
    def correct(given: forms.Correct) -> dict[str, Any]:
        """Correct the answer for one sample, durably. To take that back, roll back to the version before."""
        with measures.seconds.labels("correct").time():
            samples = forms.samples_of(given.samples, limits.pixels)
            done = keeper.change(lambda brain: brain.correct(samples, given.to, was=given.was))
        return {
            "before": done.before,
            "after": done.after,
            "changed": done.changed,
            "weight": done.weight,
            "others": [{"label": label, "share": share} for label, share in done.others.items()],
            "new": done.new,
            "version": done.version,
        }

    @router.post("/api/forget", response_model=forms.Version)
    def forget(what: forms.Forget) -> dict[str, int]:
        """Forget a class or a name, as if it had never been learned."""

        def act(brain: Brain) -> int:
            brain.forget(what.label, name=what.name)
            return brain.version

        return {"version": keeper.change(act)}

    @router.post("/api/rename", response_model=forms.Version)
    def rename(names: forms.Rename) -> dict[str, int]:
        """Give a class another name."""

        def act(brain: Brain) -> int:
            brain.rename(names.label, names.to)
            return brain.version

        return {"version": keeper.change(act)}

    @router.post("/api/rollback", response_model=forms.Version)
    def rollback(where: forms.Rollback) -> dict[str, int]:
        """Be again as at an earlier version."""

        def act(brain: Brain) -> int:
            brain.rollback(where.to)
            return brain.version

        return {"version": keeper.change(act)}

    @router.post("/api/sleep", status_code=202, response_model=forms.Version)
    def sleep() -> dict[str, int]:
        """Let the brain sleep. Its history tells how the night was; meanwhile it can be asked."""
        version = keeper.ask(lambda brain: brain.version if brain.classes else None)  # numbers have none, and no nights
        if version is None:
            raise HTTPException(409)
        keeper.sleep()
        return {"version": version}

    @router.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        view = keeper.view()
        measures.version.set(view["version"])
        measures.classes.set(len(view["classes"]))
        measures.state.set(view["state_bytes"])
        measures.asleep.set(view["asleep"])
        return Response(measures.text(), media_type=measures.content_type)

    @router.get("/api/events", include_in_schema=False)
    async def events(request: Request) -> StreamingResponse:
        """Server-sent events: the brain as `/api/brain` tells it, whenever that changes."""
        if pages.locked():
            raise Busy("Too many pages are open.")
        return StreamingResponse(_told(request, keeper, pages), media_type="text/event-stream")


async def _told(request: Request, keeper: Keeper, pages: asyncio.Semaphore) -> AsyncIterator[str]:
    async with pages:
        last, beats = "", 0
        while not keeper.stopping.is_set() and not await request.is_disconnected():
            now = json.dumps(await asyncio.to_thread(keeper.view))
            if now != last:
                yield f"data: {now}\n\n"
                last = now
            elif beats % 20 == 0:
                yield ": still here\n\n"
            beats += 1
            await asyncio.sleep(_BEAT)


def _count(measures: Measures, what: str, novelty: Any, samples: int | None = None) -> None:
    measures.samples.labels(what).inc(len(novelty) if samples is None else samples)
    for value in np.asarray(novelty).tolist():
        measures.novelty.observe(value)
