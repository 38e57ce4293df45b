"""Who hears of a run while it goes on."""

from collections.abc import Callable
from typing import Any

__all__ = ["Listener"]

Listener = Callable[[dict[str, Any]], None]
"""Told of every event as it happens."""
