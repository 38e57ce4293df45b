"""A small share of the hostile inputs; `benchmarks/hostile.py` tries them all."""

from commands import benchmark_holds


def test_hostile_inputs_are_refused_and_change_nothing():
    assert benchmark_holds("hostile", "--quick").count(": refused") == 4
