"""A Ray cluster: joined where one is running, started where an address is 'local', left as it was found."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from reverie.errors import ReverieError

__all__ = ["cluster"]


@contextmanager
def cluster(address: str) -> Iterator[Any]:
    """The package ray, connected.

    Parameters
    ----------
    address : str
        Of a running cluster, or "local": one on this machine, ended afterwards.
    """
    try:
        import ray
    except ImportError:
        raise ReverieError(
            "--ray needs the package ray, which is not installed. Run: pip install 'reverie[ray]'"
        ) from None
    started = not ray.is_initialized()
    if started:
        ray.init(address=None if address == "local" else address, log_to_driver=False, include_dashboard=False)
    try:
        yield ray
    finally:
        if started:
            ray.shutdown()
