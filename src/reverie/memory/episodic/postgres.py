"""Episodes of many users in one PostgreSQL database, with vectors of pgvector.

A store is bound to one user when it is opened. Its statements name no user: they run on views which show the rows of
the user that the transaction is bound to, and give new rows to that one; where none is bound they fail. Below the
views, row level security holds the same rule for every role that is no superuser. So a statement that forgets to ask
whose rows it reads cannot be written. Ids count from 1 for each user and tell nothing of others.

What was forgotten is in no answer when the call returns, and its rows are vacuumed; PostgreSQL's own log and backups
are the administrator's to keep short.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData, MissingData
from reverie.memory.episodic.store import SCHEMA, EpisodicStore

__all__ = ["NoMemory", "PostgresStore"]

_COLUMNS = {
    "named": "name text NOT NULL, data bytea NOT NULL, PRIMARY KEY (owner, name)",
    "clock": "at bigint NOT NULL, PRIMARY KEY (owner)",
    "episodes": """
        id bigint NOT NULL,
        text text, vector vector, who text, what text, value text, who_key text, what_key text,
        kind text NOT NULL, source text NOT NULL, trusted integer NOT NULL, session text,
        valid_from bigint NOT NULL, valid_to bigint, heard bigint NOT NULL,
        novelty double precision NOT NULL, importance double precision NOT NULL,
        stability double precision NOT NULL, difficulty double precision NOT NULL, rehearsed bigint NOT NULL,
        stage integer NOT NULL, night bigint, merged bigint, forgotten bigint,
        changed bigint NOT NULL, PRIMARY KEY (owner, id)""",
    "recalls": "id bigint NOT NULL, question text NOT NULL, at bigint NOT NULL, PRIMARY KEY (owner, id)",
    "answers": "recall bigint NOT NULL, episode bigint NOT NULL, PRIMARY KEY (owner, episode, recall)",
}
_INDICES = ("who_key, what_key", "changed", "merged")
_MINE = "current_setting('reverie.owner')"
_LOCK = 0x52767265  # "Rvre": held while the tables are made


class NoMemory(MissingData):
    """The user has none yet, and no encoder was named to make one."""


class PostgresStore(EpisodicStore):
    """The episodes of one user in a database.

    Parameters
    ----------
    address : str
        Of the database, as libpq takes it: "postgresql://…" or "host=… dbname=…".
    user : str
        Whose episodes; to be told by whoever authenticated them.
    encoder : str, optional
        By what the vectors are made; must be that of the user's memory. None: whatever that is.
    dimension : int, optional
        How many numbers a vector has.
    """

    def __init__(self, address: str, *, user: str, encoder: str | None = None, dimension: int | None = None) -> None:
        if not user:
            raise BadData("user is empty. Expected the name of the user whose memory it is.")
        try:
            import psycopg
            from pgvector.psycopg import register_vector
        except ImportError:
            raise MissingData(
                "PostgreSQL needs packages that are not installed. Run: pip install 'reverie[postgres]'"
            ) from None
        self.user = user
        self._lock = threading.RLock()
        self._depth = 0
        self._to_erase = False
        self._error = psycopg.Error
        try:
            self._database: psycopg.Connection[Any] = psycopg.connect(address, autocommit=True)
        except psycopg.Error as error:
            raise MissingData(
                f"The database cannot be reached ({_first_line(error)}). Check address and rights."
            ) from None
        try:
            self._make_tables()
            register_vector(self._database)
            self._prepare(encoder, dimension)
        except BaseException:
            self._database.close()
            raise

    def _make_tables(self) -> None:
        with self._said_clearly(), self._database.transaction():
            run = self._database.execute
            run("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            made = run("SELECT to_regclass('reverie.every_answers')").fetchone()
            if made is not None and made[0] is not None:
                return
            run("CREATE EXTENSION IF NOT EXISTS vector")
            run("CREATE SCHEMA IF NOT EXISTS reverie")
            for name, columns in _COLUMNS.items():
                table = f"reverie.every_{name}"
                run(f"CREATE TABLE {table} (owner text NOT NULL DEFAULT {_MINE}, {columns})")
                run(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
                run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
                run(f"CREATE POLICY own ON {table} USING (owner = {_MINE}) WITH CHECK (owner = {_MINE})")
                run(
                    f"CREATE VIEW reverie.{name} WITH (security_barrier = true, security_invoker = true) AS "
                    f"SELECT * FROM {table} WHERE owner = {_MINE}"
                )
            for columns in _INDICES:
                run(f"CREATE INDEX ON reverie.every_episodes (owner, {columns})")

    def _prepare(self, encoder: str | None, dimension: int | None) -> None:
        with self.transaction():
            made = self.get_named("encoder")
            if made is None:
                if encoder is None or dimension is None:
                    raise NoMemory("This user has no memory yet. Remember something first, or check the name.")
                made = {"name": encoder, "dimension": dimension, "schema": SCHEMA}
                self._run("INSERT INTO clock (at) VALUES (0)")
                self.set_named("encoder", made)
        self._agree("This memory", made.get("schema", SCHEMA), encoder, dimension)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lock, self._said_clearly():
            level, self._depth = self._depth, self._depth + 1
            try:
                with self._database.transaction():
                    if level == 0:
                        self._database.execute("SET LOCAL search_path = reverie, public")
                        self._database.execute("SELECT set_config('reverie.owner', %s, true)", [self.user])
                    yield
            finally:
                self._depth = level
            if level == 0 and self._to_erase:
                self._erased()

    @contextmanager
    def alone(self) -> Iterator[None]:
        key = int.from_bytes(sha256(self.user.encode()).digest()[:8], "big", signed=True)
        if not self._ask("SELECT pg_try_advisory_lock(?)", [key])[0][0]:
            raise BadData("This memory sleeps already. Wait until it has woken.")
        try:
            yield
        finally:
            self._ask("SELECT pg_advisory_unlock(?)", [key])

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> "PostgresStore":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _run(self, sql: str, values: Sequence[Any] = ()) -> int:
        with self.transaction():
            return self._database.execute(sql.replace("?", "%s"), values).rowcount

    def _ask(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.transaction():
            return self._database.execute(sql.replace("?", "%s"), values).fetchall()

    def _pack(self, vector: NDArray[np.float32]) -> Any:
        from pgvector import Vector

        return Vector(vector)

    def _unpack(self, value: Any) -> NDArray[np.float32]:
        return np.asarray(value.to_numpy() if hasattr(value, "to_numpy") else value, dtype=np.float32)

    def _erased(self) -> None:
        """Old versions of rows go."""
        with self._lock, self._said_clearly():
            self._to_erase = self._depth > 0
            if not self._to_erase:
                for name in ("episodes", "recalls", "answers"):
                    self._database.execute(f"VACUUM reverie.every_{name}")

    @contextmanager
    def _said_clearly(self) -> Iterator[None]:
        """What PostgreSQL complains of, in our words."""
        try:
            yield
        except self._error as error:
            raise BadData(f"The database refuses ({_first_line(error)}); nothing was changed.") from None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
