"""One run: a learner lives through a stream, or in an environment (`acting`), and everything is written down.

After every experience its event goes to the log and the learner to the checkpoint, in that order. A run that was
killed goes on from its checkpoint to the same numbers; events after the checkpoint are dropped and lived again.
"""

import time
import warnings
from datetime import UTC, datetime
from typing import Any

from reverie import __version__
from reverie.checkpoint import load_state, save_state, state_bytes
from reverie.contracts import Learner, Stream
from reverie.errors import BadData, CorruptFile, Inapplicable
from reverie.evaluation import (
    backward_transfer,
    final_accuracy,
    forgetting,
    forward_transfer,
    machine,
    peak_memory,
    reset_peak_memory,
    sample_accuracy,
)
from reverie.loop import live
from reverie.record import RunFolder, write_json
from reverie.runs.acting import act, asked, finished_life
from reverie.runs.build import build_learner, build_stream
from reverie.runs.config import RunConfig, environment_name
from reverie.runs.told import Listener
from reverie.untrusted import no_links

__all__ = ["execute"]


def execute(
    config: RunConfig, folder: RunFolder, *, resume: bool = False, listener: Listener | None = None
) -> dict[str, Any]:
    """Run, or go on with a run, and return its results.

    Parameters
    ----------
    resume : bool
        Go on where the folder's checkpoint is; start where there is none.
    listener : callable, optional
        Told of every event.

    Raises
    ------
    BadData
        Where the folder holds a run already (and `resume` is off) or one of another configuration.
    """
    tell = listener or (lambda event: None)
    for name in ("config.json", "events.jsonl", "results.json", "checkpoint", "controls"):
        no_links(folder.path, name)
    acting = environment_name(config.stream) is not None
    _check_folder(asked(config) if acting else config.model_dump(mode="json"), folder, resume)
    finished = folder.results()
    if finished is not None:
        if not (finished_life(finished) if acting else _finished_run(finished)):
            raise CorruptFile(f"{folder.results_path} holds no results of a run. Remove it, and the run goes on.")
        return finished
    if acting:
        return act(config, folder, tell)
    stream = build_stream(config)
    learner = build_learner(config, stream)
    folder.begin(config.model_dump(mode="json") | {"version": __version__})
    events, done = _go_on(learner, config, folder)
    _warn(learner, stream, config, folder, tell, fresh=not events)
    reset_peak_memory()
    began = time.perf_counter()
    for lived in live(learner, stream, done=done):
        state = learner.state_dict()
        event = {
            "event": "experience",
            **vars(lived),
            "classes": [_name(stream, label) for label in learner.classes_.tolist()],
            "state_bytes": state_bytes(state),
            "peak_memory_bytes": peak_memory(),
            "stored_samples": learner.stored_samples,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        folder.append(event)
        save_state(folder.checkpoint_path, state, kind=config.learner)
        events.append(event)
        tell(event)
    if not events:
        raise BadData(f"The stream {config.stream!r} has no experiences. Expected at least one.")
    results = _results(config, stream, learner, events)
    folder.append({"event": "finished", "seconds": time.perf_counter() - began})
    write_json(folder.results_path, results)
    tell({"event": "finished", "results": results})
    return results


def _finished_run(results: Any) -> bool:
    return isinstance(results, dict) and results.keys() >= {"stream", "scenario", "learner", "final_accuracy"}


def _check_folder(now: dict[str, Any], folder: RunFolder, resume: bool) -> None:
    if not folder.config_path.exists():
        return
    if not resume:
        raise BadData(f"{folder.path} holds a run already. Add --resume to go on with it, or give another folder.")
    before = folder.config()
    if not isinstance(before, dict):
        raise CorruptFile(f"{folder.config_path} holds no configuration. Give another folder.")
    for key in now:
        if before.get(key) != now[key]:
            raise BadData(
                f"{folder.path} holds a run with {key} = {before.get(key)!r}, not {now[key]!r}. "
                "Give the same configuration to go on with it, or another folder."
            )


def _go_on(learner: Learner, config: RunConfig, folder: RunFolder) -> tuple[list[dict[str, Any]], int]:
    """Load the checkpoint if there is one; keep the events up to it."""
    if not (folder.checkpoint_path / "state.json").exists():
        folder.rewind([])
        return [], 0
    state = load_state(folder.checkpoint_path, kind=config.learner)
    try:
        learner.load_state_dict(state)
        done = int(state["experience"])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError) as error:
        raise CorruptFile(
            f"{folder.checkpoint_path} does not fit the learner {config.learner} ({type(error).__name__}: {error}). "
            "Start again in another folder."
        ) from None
    lived = [event for event in folder.events() if isinstance(event, dict) and event.get("event") == "experience"]
    events = [event for event in lived if event.keys() >= _TOLD][:done]
    if len(events) < done:
        raise BadData(
            f"{folder.events_path} tells of {len(events)} experiences, the checkpoint of {done}. "
            "The run cannot go on; start again in another folder."
        )
    folder.rewind(events)
    return events, done


def _warn(
    learner: Learner, stream: Stream, config: RunConfig, folder: RunFolder, tell: Listener, *, fresh: bool
) -> None:
    if stream.scenario in getattr(learner, "unsuited_to", ()):
        text = (
            f"{config.learner} is not made for {stream.scenario}-incremental streams: "
            "it is known to keep little more there than naive fine-tuning."
        )
        warnings.warn(text, Inapplicable, stacklevel=2)
        if fresh:
            folder.append({"event": "warning", "text": text})
        tell({"event": "warning", "text": text})


def _name(stream: Stream, label: Any) -> str:
    named = stream.label_names
    return named[label] if isinstance(label, int) and 0 <= label < len(named) else str(label)


def _results(config: RunConfig, stream: Stream, learner: Learner, events: list[dict[str, Any]]) -> dict[str, Any]:
    rows = [event["accuracy"] for event in events]
    foreseen = [event for event in events if event["before"] is not None]
    parts = ("learn", "sleep", "predict")
    params = {key: value for key, value in _params(learner).items() if isinstance(value, _PLAIN)}
    return {
        "stream": config.stream,
        "scenario": config.scenario,
        "learner": config.learner,
        "seed": config.seed,
        "config": config.model_dump(mode="json") | {"params": params},
        "accuracy": rows,
        "final_accuracy": final_accuracy(rows),
        "sample_accuracy": sample_accuracy(rows[-1], events[-1]["questions"]),
        "forgetting": forgetting(rows),
        "backward_transfer": backward_transfer(rows),
        "forward_transfer": forward_transfer(
            [event["before"] for event in foreseen], [event["chance"] for event in foreseen]
        ),
        "seconds": {part: sum(event["seconds"][part] for event in events) for part in parts},
        "samples": sum(event["samples"] for event in events),
        "state_bytes": events[-1]["state_bytes"],
        "stored_samples": events[-1]["stored_samples"],
        "macs": learner.cost_.macs,
        "synops": learner.cost_.synops,
        "bytes_moved": learner.cost_.bytes_moved,
        "peak_memory_bytes": max(event["peak_memory_bytes"] for event in events),
        "classes": events[-1]["classes"],
        "notes": list(stream.notes),
        "version": __version__,
        "machine": machine(),
    }


_TOLD = {
    "accuracy",
    "before",
    "chance",
    "questions",
    "seconds",
    "samples",
    "state_bytes",
    "peak_memory_bytes",
    "classes",
}
_PLAIN = (str, int, float, bool, tuple, list, type(None))


def _params(learner: Learner) -> dict[str, Any]:
    get_params = getattr(learner, "get_params", None)
    return get_params(deep=False) if get_params is not None else {}
