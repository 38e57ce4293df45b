"""From a configuration to a run folder: one run, a comparison, and where they run."""

from reverie.runs.build import build_learner, build_stream, learner_names
from reverie.runs.compare import Grid, compare
from reverie.runs.config import RunConfig
from reverie.runs.execute import execute

__all__ = ["Grid", "RunConfig", "build_learner", "build_stream", "compare", "execute", "learner_names"]
