"""The tools of a memory, used by a real client of the Model Context Protocol."""

import asyncio
import os
import sys

import pytest

from reverie.language.users import open_memory

pytest.importorskip("mcp", reason="the package mcp is not installed: pip install 'reverie[mcp]'")


def talk(server, *calls):
    """What each call answers: the structured result, or the text of the error."""
    from mcp import Client

    async def all_of_them():
        found = []
        async with Client(server) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            for name, arguments in calls:
                done = await client.call_tool(name, arguments)
                found.append(done.content[0].text if done.is_error else done.structured_content)
        return names, found

    return asyncio.run(all_of_them())


def test_an_assistant_remembers_recalls_and_forgets_over_a_pipe(tmp_path):
    from mcp import StdioServerParameters

    command = StdioServerParameters(
        command=sys.executable, args=["-m", "reverie", "memory", "serve", "m"], cwd=str(tmp_path), env=dict(os.environ)
    )
    names, found = talk(
        command,
        ("remember", {"text": "Ana's city is Rome."}),
        ("remember", {"text": "She moved.", "who": "Ana", "what": "city", "value": "Oslo"}),
        ("remember", {"text": "Ana's city is Atlantis.", "hearsay": True}),
        ("recall", {"question": "What is the city of Ana?", "k": 2}),
        ("confirm", {"question": "What is the city of Ana?", "ids": [2]}),
        ("history", {"who": "Ana"}),
        ("sleep", {}),
        ("forget", {"ids": [2]}),
        ("forget", {"ids": [77]}),
        ("remember", {"text": " "}),
        ("recall", {"question": "x", "as_of": "lately"}),
        ("list", {"limit": 1}),
        ("pin", {"ids": [3]}),
        ("pin", {"ids": [3], "pinned": False}),
        ("date", {"id": 1, "valid_from": "2020-01-01"}),
        ("date", {"id": 2, "valid_from": "2020-01-01"}),
        ("sleep", {"limit": -1}),
    )
    assert names == {"remember", "recall", "context", "list", "history", "confirm", "date", "pin", "forget", "sleep"}
    assert found[0]["ids"] == [1]
    assert found[0]["episodes"][0]["value"] == "Rome"
    assert {one["text"]: one["trusted"] for one in found[3]["found"]} == {
        "She moved.": True,
        "Ana's city is Atlantis.": False,
    }
    assert [one["value"] for one in found[5]["episodes"]] == ["Rome", "Oslo", "Atlantis"]
    assert found[6]["retriever"]["confirmed"] == 1
    assert [one["forgotten"] for one in found[7:9]] == [[2], []]
    assert "text is empty" in found[9]
    assert "as_of is 'lately'" in found[10]
    assert [one["id"] for one in found[11]["episodes"]] == [3]
    assert found[11]["before"] == 3
    assert [found[at]["changed"][0].get("pinned", False) for at in (12, 13)] == [True, False]
    assert found[14]["changed"][0]["valid_from"] == "2020-01-01T00:00:00+00:00"
    assert "There is no such memory" in found[15]
    assert "limit is -1" in found[16]


def test_tools_say_what_they_do_and_what_they_answer(tmp_path):
    from mcp import Client

    from reverie.language.tools import tools_of

    async def told():
        with open_memory(str(tmp_path / "m")) as memory:
            async with Client(tools_of(memory)) as client:
                return {tool.name: tool for tool in (await client.list_tools()).tools}

    tools = asyncio.run(told())
    assert all(one.output_schema and one.output_schema["type"] == "object" for one in tools.values())
    assert {name for name, one in tools.items() if one.annotations.read_only_hint} == {
        "recall",
        "context",
        "list",
        "history",
    }
    assert {name for name, one in tools.items() if one.annotations.destructive_hint} == {"forget", "sleep"}
    again = {name for name, one in tools.items() if one.annotations.idempotent_hint}
    assert again == {"recall", "context", "list", "history", "date", "pin", "forget"}
    assert not any(one.annotations.open_world_hint for one in tools.values())


@pytest.fixture(params=["folder", pytest.param("database", marks=pytest.mark.postgres)])
def place(request, tmp_path):
    return str(tmp_path) if request.param == "folder" else request.getfixturevalue("postgres")


def test_two_users_in_one_server_never_see_each_other(place, tmp_path):
    from reverie.language.tools import tools_of

    names = [f"{name}-{tmp_path.name[-40:].strip('_')}".lower() for name in ("ana", "ben")]
    with open_memory(place, user=names[0]) as ana, open_memory(place, user=names[1]) as ben:
        secrets = [("remember", {"text": f"Ana's code{number} is {number}."}) for number in range(3)]
        talk(tools_of(ana), *secrets, ("confirm", {"question": "code1?", "ids": [2]}))
        _, found = talk(
            tools_of(ben),
            ("recall", {"question": "Ana's code1"}),
            ("history", {"who": "Ana"}),
            ("sleep", {}),
            ("forget", {"ids": [2]}),
            ("forget", {"ids": [99]}),
            ("forget", {"who": "Ana"}),
            ("confirm", {"question": "code1?", "ids": [2]}),
            ("confirm", {"question": "code1?", "ids": [99]}),
        )
        assert found[:2] == [{"found": []}, {"episodes": []}]
        assert found[2]["retriever"]["confirmed"] == 0
        assert found[3:6] == [{"forgotten": []}] * 3
        assert found[6].replace("2", "99") == found[7]  # another's id is as one that never was
        assert [one.text for one in ana.recall("code1", 1)] == ["Ana's code1 is 1."]
