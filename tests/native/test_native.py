"""The compiled library: that it is there, that it can be left out, and that the cortex sees the same without it."""

import os
import subprocess
import sys

import pytest
import torch

from reverie import native
from reverie.layers import VisualCortex
from reverie.native.library import in_parts

needs_kernels = pytest.mark.skipif(not native.available(), reason="the kernels are not compiled here")


@needs_kernels
def test_it_is_left_out_when_told_so():
    code = "from reverie import native; raise SystemExit(native.available())"
    for pure, there in (("1", 0), ("", 1)):
        environment = os.environ | {"REVERIE_PURE": pure}
        assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == there


@needs_kernels
def test_only_what_it_can_read_is_given_to_it():
    assert native.usable(torch.zeros(2))
    assert not native.usable(torch.zeros(2, dtype=torch.float64))
    assert not native.usable(torch.zeros(2), torch.zeros(2, device="meta"))


@needs_kernels
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("shape", [(12, 13), (12, 13, 3)])
def test_the_cortex_sees_the_same(precision, shape, monkeypatch):
    source = torch.Generator().manual_seed(0)
    cortex = VisualCortex(shape, filters=37, patch=5, grid=3, overlap=1, precision=precision, generator=source)
    x = torch.randint(256, (9, *shape), dtype=torch.uint8, generator=source)
    fast = cortex.activity(x)
    monkeypatch.setattr(native, "available", lambda: False)
    slow = cortex.activity(x)
    assert float(slow.mean()) > 0.05
    torch.testing.assert_close(fast, slow, atol=0.03 if precision == "bfloat16" else 1e-4, rtol=1e-3)


def test_a_patch_too_large_for_the_compiled_loop_is_seen_all_the_same():
    cortex = VisualCortex((40, 40, 3), filters=3, patch=38, generator=torch.Generator().manual_seed(0))
    code = cortex(torch.rand(2, 40, 40, 3, generator=torch.Generator().manual_seed(1)))
    assert code.shape == (2, 24)
    assert bool(code.any())


@pytest.mark.parametrize("n", [0, 1, 5, 100])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_parts_cover_all_once(n, threads, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    seen = []
    in_parts(lambda first, last: seen.extend(range(first, last)), n)
    assert sorted(seen) == list(range(n))
