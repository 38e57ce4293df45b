"""One torch thread; shapes checked; real data found where they lie beside the checkout."""

import os
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

_beside = Path(__file__).resolve().parents[2] / "shared" / "data"
if "REVERIE_DATA" not in os.environ and _beside.is_dir():
    os.environ["REVERIE_DATA"] = str(_beside)

hook = install_import_hook("reverie", "shapes.check")
hook.__enter__()

import torch  # noqa: E402

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test writes to the working folder goes to a folder of its own."""
    monkeypatch.chdir(tmp_path)
