"""Regions: which of several memories is active, by the evidence of what comes, without a task's name."""

from reverie.regions.router import Router, Switch

__all__ = ["Router", "Switch"]
