"""The memory behind the interfaces of mem0, LangGraph and LlamaIndex, asked as their users ask."""

import asyncio

import pytest

from reverie.errors import BadData
from reverie.language import LanguageMemory
from reverie.language.adapters.mem0 import Memory


@pytest.fixture
def memory(tmp_path):
    with LanguageMemory.open(tmp_path / "m") as made:
        yield made


def test_mem0_names(tmp_path):
    with Memory(str(tmp_path / "users")) as memory:
        done = memory.add(
            [
                {"role": "system", "content": "Be short."},
                {"role": "user", "content": "I moved to Oslo."},
                {"role": "assistant", "content": "Oslo is cold."},
            ],
            user_id="auth0|5f7c",
            run_id="chat 1",
        )["results"]
        assert [(one["memory"], one["event"]) for one in done] == [
            ("I moved to Oslo.", "ADD"),
            ("Oslo is cold.", "ADD"),
        ]
        memory.add("My city is Rome now.", user_id="auth0|5f7c")
        again = memory.add("My city is Rome now.", user_id="auth0|5f7c")["results"]
        assert [one["event"] for one in again] == ["NONE"]
        found = memory.search("Where do I live?", user_id="auth0|5f7c", limit=2)["results"]
        assert found[0]["memory"] == "My city is Rome now."
        assert "I moved to Oslo." not in [one["memory"] for one in found]  # over
        assert 0 <= found[0]["score"] <= 1
        versions = memory.history(found[0]["id"], user_id="auth0|5f7c")
        assert len(versions) == 2
        assert memory.search("Where do I live?", user_id="ben")["results"] == []
        new = memory.update(done[1]["id"], "Oslo is warm.", user_id="auth0|5f7c")["id"]
        assert memory.get(new, user_id="auth0|5f7c")["memory"] == "Oslo is warm."
        assert memory.get(done[1]["id"], user_id="auth0|5f7c") is None
        memory.delete(new, user_id="auth0|5f7c")
        with pytest.raises(BadData, match="no memory"):
            memory.delete(new, user_id="auth0|5f7c")
        with pytest.raises(BadData, match="Metadata"):
            memory.add("x", user_id="ben", metadata={"a": 1})
        with pytest.raises(BadData, match="role"):
            memory.add([{"role": "tool", "content": "x"}], user_id="ben")
        with pytest.raises(BadData, match="memory_id"):
            memory.get("x", user_id="ben")
        memory.delete_all(user_id="auth0|5f7c")
        assert memory.get_all(user_id="auth0|5f7c")["results"] == []


def test_langgraph_store(memory):
    pytest.importorskip("langgraph.store.base", reason="not installed: pip install 'reverie[assistants]'")
    from reverie.language.adapters.langgraph import ReverieStore

    store = ReverieStore(memory)
    memory.remember("Ana's city is Rome.")  # beside the items
    store.put(("users", "ana"), "food", {"likes": "dosas and chutney", "rank": 2})
    store.put(("users", "ana"), "home", {"likes": "a blue house by the sea", "rank": 1})
    store.put(("users", "ben"), "food", {"likes": "dosas and chutney", "rank": 2})
    assert store.get(("users", "ana"), "food").value == {"likes": "dosas and chutney", "rank": 2}
    assert store.get(("users",), "ana") is None
    found = store.search(("users", "ana"), query="What food does she like? dosas?")
    assert (found[0].key, found[0].namespace) == ("food", ("users", "ana"))
    assert {one.namespace for one in found} == {("users", "ana")}
    assert [one.key for one in store.search(("users",), filter={"rank": {"$lt": 2}})] == ["home"]
    assert len(store.search(("users",), limit=2)) == 2
    assert len(store.search(("users",), limit=2, offset=2)) == 1
    with pytest.raises(BadData, match=r"\$near"):
        store.search(("users",), filter={"rank": {"$near": 2}})
    before = store.get(("users", "ana"), "food")
    store.put(("users", "ana"), "food", {"likes": "x" * 3000})
    after = store.get(("users", "ana"), "food")
    assert after.value == {"likes": "x" * 3000}
    assert after.created_at == before.created_at
    assert after.updated_at >= before.updated_at
    assert store.list_namespaces() == [("users", "ana"), ("users", "ben")]
    assert store.list_namespaces(suffix=("ben",)) == [("users", "ben")]
    assert store.list_namespaces(prefix=("*", "ana"), max_depth=1) == [("users",)]
    memory.sleep()
    assert len(store.search(("users",))) == 3  # a night merges no items
    store.delete(("users", "ben"), "food")
    assert asyncio.run(store.aget(("users", "ben"), "food")) is None
    assert memory.recall("In which city is Ana?")[0].text == "Ana's city is Rome."


def test_llama_index_block(memory):
    pytest.importorskip("llama_index.core", reason="not installed: pip install 'reverie[assistants]'")
    from llama_index.core.base.llms.types import ChatMessage
    from llama_index.core.memory import Memory as Whole

    from reverie.language.adapters.llama_index import ReverieBlock

    block = ReverieBlock(memory)
    whole = Whole.from_defaults(
        session_id="s", token_limit=60, chat_history_token_ratio=0.5, memory_blocks=[block], token_flush_size=10
    )

    async def talk():
        await whole.aput_messages([ChatMessage(role="user", content="My sister's name is Clara.")])
        for _ in range(8):
            await whole.aput_messages([ChatMessage(role="assistant", content="One word more, and one word more.")])
            await whole.aput_messages([ChatMessage(role="user", content="Go on with it, and go on with it.")])
        await whole.aput_messages([ChatMessage(role="user", content="What is my sister's name?")])
        told = await whole.aget()
        await whole.sql_store._async_engine.dispose()
        return told, await block.atruncate("a line\nb line", 2)

    told, cut = asyncio.run(talk())
    assert "Clara" in [one.value for one in memory.store.facts()]
    assert any("Clara" in (one.content or "") for one in told)
    assert cut == "a line"
