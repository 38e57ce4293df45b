"""What stands on the page of a run."""

import json
import re

import pytest

from reverie.errors import CorruptFile, ReverieError
from reverie.report import write_report


def test_all_numbers_are_there(tmp_path, put_run, read):
    page = read(put_run(tmp_path / "run", warnings=("a warning of the run",)))
    for expected in (
        "exact on split-mnist",
        "class-incremental: which of all classes seen so far?",
        "seed 3",
        "final average accuracy95.50 %",
        "forgetting2.25 percentage points",
        "stored raw samples0",
        "simulated",
        "The test part was split off by a fixed rule.",
        "a warning of the run",
        "learning12.5 s",
        "sleep3.5 s",
        "predicting250 ms",
        "multiply-accumulates3.4 G",
        "synaptic operations1.7 G",
        "bytes moved5.6 GB",
        "peak memory780.0 MB",
        "state2.5 MB",
        "samples learned60 000",
        "backward transfer−2.25",
        "forward transfer–",
        "params.width4321",
        "reverie0.9.8",
        "cpuTest Processor",
    ):
        assert expected in page.text
    assert any(attributes.get("class") == "badge" for attributes in page.all("span"))


def test_the_matrix_is_a_table_for_every_reader(tmp_path, put_run, read):
    page = read(put_run(tmp_path / "run"))
    assert page.rows[1:4] == [
        ["1", "99.1", "", "", "99.1"],
        ["2", "98.2", "97.3", "", "97.8"],
        ["3", "96.4", "95.5", "94.6", "95.5"],
    ]
    assert page.rows[0] == ["after", "1", "2", "3", "mean"]
    assert {attributes["scope"] for attributes in page.all("th")} == {"col", "row"}
    assert len(page.all("caption")) == len(page.all("table"))
    classes = [attributes["title"] for attributes in page.all("th") if "title" in attributes]
    assert classes == ["0, 1", "2, 3", "4, 5"], "events name all classes so far; an experience those it adds"


def test_controls_stand_beside(tmp_path, put_run, read):
    run = put_run(tmp_path / "run")
    put_run(run / "controls" / "naive", learner="naive", final_accuracy=0.199, stored_samples=1500)
    put_run(run / "controls" / "joint", learner="joint", final_accuracy=0.98)
    put_run(run / "controls" / "ncm", learner="ncm", finished=False)
    (run / "controls" / "notes.txt").write_text("not a run")
    page = read(run)
    assert page.row("naive")[1:4] == ["19.90 %", "−78.10", "2.25"]
    assert page.row("exact")[1:4] == ["95.50 %", "−2.50", "2.25"]
    assert page.row("naive")[4:] == ["1\u202f500", "2.5 MB", "16.0 s", "250 ms", "3.4 G"]
    assert [row[0] for row in page.rows[5:]] == ["joint", "exact", "naive"]
    assert "Controls that are not finished: ncm" in page.text
    assert len(page.all("svg")) == 2


def test_published_numbers_only_beside_the_same_cut(tmp_path, put_run, read):
    cut = put_run(tmp_path / "cut", learner="bir")
    put_run(cut / "controls" / "naive", learner="naive")
    assert "published" not in read(cut).row("learner")
    five = [[0.9] * n for n in range(1, 6)]
    same = put_run(tmp_path / "same", learner="bir", accuracy=five)
    put_run(same / "controls" / "naive", learner="naive", accuracy=five)
    page = read(same)
    assert page.row("learner")[2] == "published"
    assert page.row("bir")[2] == "94.4 %"
    assert "van de Ven, Tuytelaars & Tolias 2022 (recalled" in page.text


def test_what_users_wrote_is_text(tmp_path, put_run, read):
    evil = "<script>alert('x')</script>"
    run = put_run(
        tmp_path / "run",
        stream=evil,
        learner=f"{evil}l",
        notes=[evil, "<b>"],
        classes=[[evil], ['"><img src=x>'], ["&amp;"]],
        warnings=(evil,),
        config={evil: evil},
        machine={"cpu": evil},
    )
    put_run(run / "controls" / "c", learner=f"{evil}c", stream=evil)
    page = read(run)
    assert page.all("script") == []
    assert page.all("img") == []
    for place in (f"{evil}l on {evil}", f"{evil}c", f"Note {evil}", f"cpu{evil}", f"{evil}{evil}", "&amp;", "<b>"):
        assert place in page.text


def test_nothing_is_loaded(tmp_path, put_run, read):
    run = put_run(tmp_path / "run")
    put_run(run / "controls" / "naive", learner="naive")
    page = read(run)
    html = (run / "report.html").read_text(encoding="utf-8")
    assert re.findall(r'(?<!xmlns=")(?<!xmlns:xlink=")https?://', html) == []
    assert page.all("script") == []
    assert "@import" not in html
    for _, attributes in page.tags:
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:,"))
    assert all(not address.startswith(("h", "/", "'", '"')) for address in re.findall(r"url\((.)", html))
    assert any("default-src 'none'" in (attributes.get("content") or "") for attributes in page.all("meta"))
    ids = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))


def test_one_experience(tmp_path, put_run, read):
    page = read(put_run(tmp_path / "run", accuracy=[[0.875]], final_accuracy=0.875, forgetting=0.0))
    assert "· 1 experience ·" in page.text
    assert page.rows[1] == ["1", "87.5", "87.5"]
    assert page.all("svg") == []


def test_nulls(tmp_path, put_run, read):
    keys = ("forgetting", "backward_transfer", "macs", "synops", "state_bytes", "stored_samples", "final_accuracy")
    run = put_run(tmp_path / "run", **dict.fromkeys(keys), accuracy=[[None], [0.5, None]], seconds={"learn": None})
    put_run(run / "controls" / "naive", **dict.fromkeys(keys), learner="naive", accuracy=[[None]])
    page = read(run)
    for expected in ("final average accuracy–", "forgetting–", "stored raw samples–", "learning and sleep–"):
        assert expected in page.text
    assert "nan" not in page.text.lower().split()
    assert page.rows[1:3] == [["1", "–", "", "–"], ["2", "50.0", "–", "50.0"]]


def test_results_of_another_time(tmp_path, put_run, read):
    run = put_run(tmp_path / "run")
    least = {"stream": "s", "scenario": "other", "learner": "l", "seed": 0, "accuracy": [[1, 0], [0]]}
    (run / "results.json").write_text(json.dumps(least))
    (run / "events.jsonl").unlink()
    assert read(run).rows[1:3] == [["1", "100.0", "0.0", "50.0"], ["2", "0.0", "", "0.0"]]
    (run / "results.json").write_text(json.dumps(least | {"accuracy": [[], [0.5]]}))
    assert read(run).rows[1:3] == [["1", "", "–"], ["2", "50.0", "50.0"]]


def test_unfinished_run(tmp_path, put_run, read):
    page = read(put_run(tmp_path / "run", finished=False))
    assert "This run is not finished: 3 experiences so far" in page.text
    assert "accuracy so far95.50 %" in page.text
    nothing = put_run(tmp_path / "nothing", finished=False, accuracy=[])
    assert "0 experiences so far" in read(nothing).text


def test_of_long_runs_ten_curves_are_drawn(tmp_path, put_run, read):
    page = read(put_run(tmp_path / "run", accuracy=[[0.5] * n for n in range(1, 31)]))
    assert "10 of 30 are drawn" in page.text
    assert len(page.all("li")) == 30 + 11
    assert "experience 1 " in page.text
    assert "experience 30" in page.text


def test_same_folder_same_page(tmp_path, put_run):
    run = put_run(tmp_path / "run")
    first = write_report(run).read_bytes()
    assert write_report(run).read_bytes() == first
    assert list(run.glob(".*")) == []


def test_neither_run_nor_comparison(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ReverieError, match="is not a run folder"):
            write_report(folder)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("results.json", "[1]", "results.json: the whole is not what a run writes"),
        ("results.json", '{"stream": "s"}', "results.json: scenario is not"),
        ("results.json", "{", "results.json is not JSON"),
        ("config.json", '{"stream": "s"}', "config.json: scenario is not"),
        ("config.json", "[]", "config.json: the whole is not"),
        ("events.jsonl", '{"event": "experience", "accuracy": "high"}\n', "events.jsonl: accuracy is not"),
    ],
)
def test_files_of_another_kind(tmp_path, put_run, name, text, said):
    run = put_run(tmp_path / "run")
    (run / name).write_text(text)
    with pytest.raises(CorruptFile, match=re.escape(said)):
        write_report(run)
    assert not (run / "report.html").exists()
