"""A small share of the hostile inputs; `benchmarks/hostile.py` tries them all."""

from commands import benchmark_holds


def test_hostile_inputs_are_refused_and_change_nothing():
    said = benchmark_holds("hostile", "--quick")
    for kind in ("library", "service", "a brain's files", "files of samples"):
        assert f"{kind}: refused" in said
    assert said.count("file lists, ") >= 10
    assert "attacks on a running service" in said
