"""A night in the weights that is killed has been, whole, or has not been."""

import os

import pytest

from commands import benchmark_holds


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.slow
def test_ten_kills_leave_no_half_night():
    benchmark_holds("memory_kills", "--only", "nights", "--kills", "10")
