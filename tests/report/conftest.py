"""Run folders as runs write them, with numbers that can be found again on the page, and a reader of pages."""

import copy
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

RESULTS = {
    "stream": "split-mnist",
    "scenario": "class",
    "learner": "exact",
    "seed": 3,
    "config": {"stream": "split-mnist", "learner": "exact", "settings": {}, "params": {"width": 4321}},
    "accuracy": [[0.991], [0.982, 0.973], [0.964, 0.955, 0.946]],
    "final_accuracy": 0.955,
    "forgetting": 0.0225,
    "backward_transfer": -0.0225,
    "forward_transfer": None,
    "seconds": {"learn": 12.5, "sleep": 3.5, "predict": 0.25},
    "samples": 60000,
    "state_bytes": 2_500_000,
    "stored_samples": 0,
    "macs": 3.4e9,
    "synops": 1.7e9,
    "bytes_moved": 5.6e9,
    "peak_memory_bytes": 7.8e8,
    "classes": ["0", "1", "2", "3", "4", "5"],
    "notes": ["simulated", "The test part was split off by a fixed rule."],
    "version": "0.9.8",
    "machine": {"cpu": "Test Processor", "cores": 2, "threads": 1, "torch": "2.13.0"},
}


def _put_run(path: Path, *, finished=True, warnings=(), classes=None, **changed) -> Path:
    results = copy.deepcopy(RESULTS) | changed
    path.mkdir(parents=True)
    config = {key: results[key] for key in ("stream", "scenario", "learner", "seed")} | {"order": 0, "settings": {}}
    (path / "config.json").write_text(json.dumps(config))
    events = [{"event": "warning", "text": text} for text in warnings]
    for index, row in enumerate(results["accuracy"]):
        named = classes[index] if classes else [str(label) for label in range(2 * index + 2)]
        events.append({"event": "experience", "index": index, "accuracy": row, "classes": named})
    (path / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    if finished:
        (path / "results.json").write_text(json.dumps(results))
    return path


@pytest.fixture
def put_run():
    """Write a run folder; keyword arguments replace keys of the results."""
    return _put_run


@pytest.fixture
def put_comparison():
    """Write a comparison of two streams, three learners and two seeds: one run not finished, one not begun."""

    def put(path: Path) -> Path:
        path.mkdir(parents=True)
        streams = ["split-mnist", "digits"]
        asked = {"streams": streams, "learners": ["joint", "exact", "naive"], "seeds": [0, 1], "scenario": "class"}
        (path / "compare.json").write_text(json.dumps(asked))
        for stream in streams:
            for learner, final in (("joint", 0.98), ("exact", 0.96), ("naive", 0.20)):
                for seed in (0, 1):
                    if (stream, learner, seed) == ("digits", "naive", 1):
                        continue
                    last = final + 0.01 * seed
                    _put_run(
                        path / "runs" / stream / learner / f"seed-{seed}",
                        stream=stream,
                        learner=learner,
                        seed=seed,
                        accuracy=[[0.99], *([last] * (n + 1) for n in range(1, 5))],
                        final_accuracy=last,
                        finished=(stream, learner, seed) != ("digits", "exact", 1),
                        warnings=("naive forgets",) if learner == "naive" else (),
                        notes=["simulated"] if stream == "digits" else [],
                    )
        return path

    return put


class Reader(HTMLParser):
    """What a reader of the page sees, and every tag; fails where tags are not nested."""

    VOID = frozenset({"meta", "link", "br", "img"})

    def __init__(self) -> None:
        super().__init__()
        self.open = []
        self.tags = []
        self.text = ""
        self.rows = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        if self.open and self.open[-1] in ("style", "script"):
            return
        self.text += data
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data.strip()

    def all(self, tag):
        """The attributes of every such tag."""
        return [attributes for name, attributes in self.tags if name == tag]

    def row(self, name):
        """The cells of the first table row that begins with this name."""
        return next(row for row in self.rows if row and row[0] == name)


@pytest.fixture
def read():
    """Write the report of a folder and read it."""
    from reverie.report import write_report

    def parse(folder: Path) -> Reader:
        target = write_report(folder)
        assert target == folder / "report.html"
        reader = Reader()
        reader.feed(target.read_text(encoding="utf-8"))
        reader.close()
        assert reader.open == []
        reader.text = " ".join(reader.text.split())
        return reader

    return parse
