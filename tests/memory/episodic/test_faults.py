"""A small share of the places at which a change of a memory can be interrupted; the benchmark tries them all."""

from commands import benchmark_holds


def test_an_interrupted_change_is_whole_or_not_made() -> None:
    benchmark_holds("memory_faults", "--quick")
