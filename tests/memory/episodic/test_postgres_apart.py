"""One database, many users, and statements, names and roles that try to reach the rows of another."""

import numpy as np
import pytest

from reverie.errors import BadData
from reverie.memory.episodic.postgres import PostgresStore

ONE = np.ones(3, np.float32)
TABLES = ("named", "clock", "episodes", "recalls", "answers")
pytestmark = pytest.mark.postgres


def opened(address, user):
    return PostgresStore(address, user=user, encoder="mine", dimension=3)


@pytest.fixture
def users(postgres, tmp_path):
    """Stores of Ana, who has told and confirmed something, and of Ben, who has not."""
    with opened(postgres, f"ana {tmp_path}") as ana, opened(postgres, f"ben {tmp_path}") as ben:
        told = ana.add("Ana's code is 1234.", ONE, who="Ana", what="code", value="1234", session="s")
        ana.confirm("which code?", [told])
        ana.set_named("x", 1)
        yield ana, ben


def rows_of(address, user):
    """All rows of a user, as the superuser sees them."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as database:
        found = {}
        for name in TABLES:
            where = "WHERE owner = %s ORDER BY 1::text"
            found[name] = database.execute(f"SELECT t::text FROM reverie.every_{name} t {where}", [user]).fetchall()
        return found


@pytest.mark.parametrize("table", TABLES)
def test_a_statement_without_its_where_sees_and_changes_no_other_user(users, postgres_admin, table):
    ana, ben = users
    before, columns = rows_of(postgres_admin, ana.user), {"named": "data", "clock": "at", "answers": "recall"}
    column = columns.get(table, "id")
    for name in (f"reverie.every_{table}", f"reverie.{table}"):
        seen = ben._ask(f"SELECT * FROM {name} WHERE true OR owner = '{ana.user}'")
        assert all(row[0] == ben.user for row in seen)
        own = len(ben._ask(f"SELECT FROM {name}"))
        assert ben._run(f"UPDATE {name} SET {column} = {column}") == own
        with pytest.raises(BadData, match="row-level security"), ben.transaction():
            ben._run(
                f"INSERT INTO {name} SELECT * FROM json_populate_record(NULL::{name}, %s)", [_row(table, ana.user)]
            )
        if own:
            with pytest.raises(BadData, match="row-level security"):  # nor may a row be given away
                ben._run(f"UPDATE {name} SET owner = '{ana.user}'")
        with pytest.raises(KeyError), ben.transaction():
            assert ben._run(f"DELETE FROM {name}") == own
            raise KeyError
    assert rows_of(postgres_admin, ana.user) == before


def _row(table, owner):
    from psycopg.types.json import Json

    rows = {
        "named": {"name": "n", "data": "\\x00"},
        "clock": {"at": 1},
        "recalls": {"id": 99, "question": "?", "at": 1},
    }
    rows["answers"] = {"recall": 99, "episode": 99}
    times = dict.fromkeys(("valid_from", "heard", "rehearsed", "changed", "stage", "trusted"), 1)
    weights = dict.fromkeys(("novelty", "importance", "stability", "difficulty"), 1.0)
    rows["episodes"] = {"id": 99, "text": "planted", "kind": "episodic", "source": "user"} | times | weights
    return Json({"owner": owner} | rows[table])


def test_every_statement_of_the_store_stays_with_its_user_though_the_views_do_not(users, postgres_admin, monkeypatch):
    """What is left where a view has lost its WHERE: the rule of the tables."""
    ana, ben = users
    before = rows_of(postgres_admin, ana.user)
    run, ask = ben._run, ben._ask

    def bare(sql):
        for name in TABLES:
            for word in ("FROM", "JOIN", "UPDATE", "INTO"):
                sql = sql.replace(
                    f"{word} {name}",
                    f"{word} every_{name} AS {name}" if word != "JOIN" else f"JOIN every_{name} AS {name}",
                )
        return sql

    monkeypatch.setattr(ben, "_run", lambda sql, values=(): run(bare(sql), values))
    monkeypatch.setattr(ben, "_ask", lambda sql, values=(): ask(bare(sql), values))
    assert ben.all() == ben.live() == ben.waiting() == ben.keys() == ben.confirmed() == ben.learned() == []
    assert list(ben.changes()) == ben.tombstones() == ben.history("Ana") == ben.some([1]) == []
    assert ben.vectors([1]) == {}
    assert ben.get_bytes("x") is ben.get_named("x") is None
    mine = ben.add("Ben's", ONE, who="Ana", what="code", value="9")
    ben.rehearse([mine])
    ben.mark([mine], night=1, stage=1)
    ben.supersede([mine])
    ben.restore(mine, stability=3.0)
    ben.confirm("?", [mine])
    ben.merge([mine], ben.add("again", ONE))
    ben.drop_text([mine])
    assert ben.forget([mine, 2, 3]) == [1, 2]
    ben.bury([mine])
    ben.set_bytes("x", b"2")
    assert rows_of(postgres_admin, ana.user) == before


def test_a_connection_that_is_used_again_is_bound_to_nobody(users):
    ana, _ = users
    for name in TABLES:
        assert ana._database.execute(f"SELECT count(*) FROM reverie.every_{name}").fetchone() == (0,)
        assert ana._database.execute(f"SELECT count(*) FROM reverie.{name}").fetchone() == (0,)
        assert ana._database.execute(f"DELETE FROM reverie.every_{name}").rowcount == 0
    assert len(ana.all()) == 1


def test_whoever_is_bound_to_no_user_is_refused_whichever_role_it_has(users, postgres, postgres_admin):
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as owner, psycopg.connect(postgres_admin, autocommit=True) as root:
        for name in TABLES:
            for table in (f"reverie.every_{name}", f"reverie.{name}"):
                with pytest.raises(psycopg.Error, match=r"reverie\.owner"):
                    owner.execute(f"SELECT * FROM {table}")
        root.execute("CREATE ROLE plain")
        root.execute("GRANT USAGE ON SCHEMA reverie TO plain")
        root.execute("GRANT ALL ON ALL TABLES IN SCHEMA reverie TO plain")
        try:
            with root.transaction():  # another role, which owns nothing
                root.execute("SET LOCAL ROLE plain")
                root.execute("SELECT set_config('reverie.owner', 'somebody else', true)")
                for name in TABLES:
                    assert root.execute(f"SELECT count(*) FROM reverie.every_{name}").fetchone() == (0,)
                    assert root.execute(f"SELECT count(*) FROM reverie.{name}").fetchone() == (0,)
        finally:
            root.execute("DROP OWNED BY plain")
            root.execute("DROP ROLE plain")


def test_a_role_above_the_rules_is_refused(postgres, postgres_admin):
    import psycopg

    with pytest.raises(BadData, match=r"The role 'postgres' is above the rules.*CREATE ROLE"):
        opened(postgres_admin, "ana")
    with psycopg.connect(postgres_admin, autocommit=True) as root:
        root.execute("CREATE ROLE bypassing LOGIN BYPASSRLS")
        try:
            with pytest.raises(BadData, match="above the rules"):
                opened(postgres.replace("//reverie:", "//bypassing:"), "ana")
        finally:
            root.execute("DROP ROLE bypassing")


@pytest.mark.parametrize(
    ("change", "back", "named"),
    [
        ("TABLE reverie.every_episodes DISABLE ROW LEVEL SECURITY", "ENABLE ROW LEVEL SECURITY", "every_episodes"),
        ("TABLE reverie.every_recalls NO FORCE ROW LEVEL SECURITY", "FORCE ROW LEVEL SECURITY", "every_recalls"),
        ("VIEW reverie.answers SET (security_invoker = false)", "SET (security_invoker = true)", "answers"),
    ],
)
def test_tables_whose_rule_was_taken_away_are_refused(users, postgres, change, back, named):
    import psycopg

    ana, _ = users
    with psycopg.connect(postgres, autocommit=True) as owner:
        owner.execute(f"ALTER {change}")
        try:
            with pytest.raises(BadData, match=f"no longer keeps users apart in {named}:"):
                opened(postgres, ana.user)
        finally:
            owner.execute(f"ALTER {' '.join(change.split()[:2])} {back}")
    opened(postgres, ana.user).close()


@pytest.mark.parametrize(
    ("more", "back"),
    [
        ("CREATE POLICY more ON reverie.every_named USING (true)", "DROP POLICY more ON reverie.every_named"),
        (
            "CREATE FUNCTION reverie.spy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
            "CREATE TRIGGER spy BEFORE INSERT ON reverie.every_named FOR EACH ROW EXECUTE FUNCTION reverie.spy()",
            "DROP FUNCTION reverie.spy CASCADE",
        ),
        (
            "CREATE RULE spy AS ON UPDATE TO reverie.every_named DO ALSO SELECT 1",
            "DROP RULE spy ON reverie.every_named",
        ),
    ],
)
def test_policies_triggers_and_rules_of_others_are_refused(users, postgres, more, back):
    import psycopg

    ana, _ = users
    with psycopg.connect(postgres, autocommit=True) as owner:
        owner.execute(more)
        try:
            with pytest.raises(BadData, match="no longer keeps users apart in every_named:"):
                opened(postgres, ana.user)
        finally:
            owner.execute(back)


def test_names_of_tables_are_not_taken_over_by_other_schemas(users, postgres):
    import psycopg

    ana, ben = users
    with psycopg.connect(postgres, autocommit=True) as owner:
        owner.execute("CREATE SCHEMA reverie_evil")
        for name in TABLES:
            owner.execute(f"CREATE TABLE reverie_evil.{name} (id int)")
    try:
        evil = f"{postgres}&options=-csearch_path%3Dreverie_evil%20-creverie.owner%3D{ben.user.split()[0]}"
        with opened(evil, ana.user) as store:
            for name in TABLES:
                store._database.execute(f"CREATE TEMP TABLE {name} (id int)")
            store._database.execute("CREATE FUNCTION pg_temp.set_config(text, text, boolean) RETURNS int RETURN 1")
            assert [one.text for one in store.all()] == ["Ana's code is 1234."]
            assert store.add("more", ONE) == 2
    finally:
        with psycopg.connect(postgres, autocommit=True) as owner:
            owner.execute("DROP SCHEMA reverie_evil CASCADE")
    assert ben.all() == []


ODD_NAMES = [
    "x'; DROP SCHEMA reverie CASCADE; --",
    "%",
    "_",
    "%s",
    "?",
    "$1",
    "\\",
    '"',
    "{0}",
    "NULL",
    "'",
    "../../etc",
]


def test_names_and_words_are_never_part_of_a_statement_or_a_pattern(postgres, tmp_path):
    stores = [opened(postgres, f"{name} {tmp_path}") for name in ODD_NAMES]
    for store, own in zip(stores, ODD_NAMES, strict=True):
        for name in ODD_NAMES:
            store.add(name, ONE, who=name, what=name, value=name, session=name, source=name)
        store.set_named(own, own)
    for store, own in zip(stores, ODD_NAMES, strict=True):
        assert [one.text for one in store.all()] == ODD_NAMES
        for name in ODD_NAMES:
            assert [one.value for one in store.history(name, name)] == [name]
            assert store.get_named(name) == (own if name == own else None)
        assert len(store.forget([one.id for one in store.history(own)])) == 1
        assert len(store.live()) == len(ODD_NAMES) - 1
        store.close()


LOOK_ALIKES = ["ana", "Ana", "\u0430na", "\u0410na", "an\u0251", "\u00e1na", "\u0130na", "\u0131na", "ana.", "ana'"]


def test_names_that_look_alike_are_users_of_their_own(postgres, tmp_path):
    for name in LOOK_ALIKES:
        with opened(postgres, f"{name}{tmp_path}") as store:
            assert store.all() == []
            store.add(name, ONE)
    for name in LOOK_ALIKES:
        with opened(postgres, f"{name}{tmp_path}") as store:
            assert [one.text for one in store.all()] == [name]


@pytest.mark.parametrize(
    "name",
    [
        *("a\0", "\ud800", "ana\u200b", "a\u202ena", "\ufeffana", "ana\u00ad", "\uff41na", "a\u0301na", " ana", "ana "),
        *("ana\u00a0", "ana\n", "a" * 201, ""),
    ],
)
def test_names_with_what_cannot_be_seen_are_refused(postgres, name):
    with pytest.raises(BadData, match="user is"):
        opened(postgres, name)


def test_the_longest_names_fit_into_the_index(postgres, tmp_path):
    source = np.random.default_rng(0)
    who, what = ("".join(map(chr, source.integers(0x10000, 0x10FFF, 1000))) for _ in range(2))
    user = "".join(map(chr, source.integers(0x4E00, 0x9FFF, 200)))
    with opened(postgres, user) as store:
        first = store.add("first", ONE, who=who, what=what, value="1")
        second = store.add("second", ONE, who=who.upper(), what=what, value="2")
        store.add("other", ONE, who=who, what=what[:-1], value="3")
        assert [one.id for one in store.history(who, what)] == [first, second]
        assert [one.value for one in store.live()] == ["2", "3"]
        assert store.keys()[0] == (who.upper(), what)
