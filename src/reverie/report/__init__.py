"""From run folders to a page that anyone can open: no learner is imported here, a run made elsewhere shows as well."""

from reverie.report.lives import LifeRow, human_return, summarise_lives
from reverie.report.page import write_home, write_report
from reverie.report.summary import Row, human_bytes, human_count, human_seconds, summarise

__all__ = [
    "LifeRow",
    "Row",
    "human_bytes",
    "human_count",
    "human_return",
    "human_seconds",
    "summarise",
    "summarise_lives",
    "write_home",
    "write_report",
]
