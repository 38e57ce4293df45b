"""Episodes of many users in one PostgreSQL database, with vectors of pgvector.

A store is bound to one user when it is opened. Its statements name no user: they run on views which show the rows of
the user that the transaction is bound to, and give new rows to that one; where none is bound they show none. Below the
views, forced row-level security holds the same rule for the tables, and for their owner too. So a statement that
forgets to ask whose rows it reads sees no others. A superuser and a role with BYPASSRLS are above that rule and are
refused; so are tables whose rule was taken away. Ids count from 1 for each user and tell nothing of others.

Only `reverie`, then the schema of pgvector, and temporary tables last, are searched for names beside PostgreSQL's own.

What was forgotten is in no answer when the call returns, and its rows are vacuumed; PostgreSQL's own log and backups
are the administrator's to keep short.
"""

import threading
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData, MissingData
from reverie.memory.episodic.store import EpisodicStore

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
_RULE = "(owner = current_setting('reverie.owner'::text))"  # as PostgreSQL says it
_GUARDED = """
    SELECT relname FROM pg_class WHERE relnamespace = 'reverie'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = pg_class.oid AND NOT tgisinternal)
    AND NOT EXISTS (SELECT FROM pg_rewrite WHERE ev_class = pg_class.oid AND rulename <> '_RETURN')
    AND CASE relkind
        WHEN 'v' THEN 'security_invoker=true' = ANY (reloptions)
        WHEN 'r' THEN relrowsecurity AND relforcerowsecurity AND ARRAY[ARRAY[%s, %s]] = (
            SELECT array_agg(ARRAY[qual, with_check]) FROM pg_policies
            WHERE schemaname = 'reverie' AND tablename = relname)
        ELSE false END"""
_SCHEMA = 1  # of these tables
_LONGEST_NAME, _LONGEST_KEY = 200, 600  # characters of a user, bytes of a key: an index takes 2,704 bytes a row
_ROLE = (
    "Make a role for the application, as docs/language.md says: CREATE ROLE reverie LOGIN; "
    "GRANT CREATE ON DATABASE … TO reverie"
)
_LOCK = 0x52767265  # "Rvre": held while the tables are made


class NoMemory(MissingData):
    """The user has none yet, and no encoder was named to make one."""


class PostgresStore(EpisodicStore):
    """The episodes of one user in a database.

    Parameters
    ----------
    address : str
        Of the database, as libpq takes it: "postgresql://…" or "host=… dbname=…". Its role must be no superuser.
    user : str
        Whose episodes; to be told by whoever authenticated them. Compared byte by byte: names that look alike are two.
    encoder : str, optional
        By what the vectors are made; must be that of the user's memory. None: whatever that is.
    dimension : int, optional
        How many numbers a vector has.
    """

    def __init__(self, address: str, *, user: str, encoder: str | None = None, dimension: int | None = None) -> None:
        _require_name(user)
        try:
            import psycopg
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
            self._database: psycopg.Connection[Any] = psycopg.connect(address, autocommit=True, client_encoding="UTF8")
        except psycopg.Error as error:
            raise MissingData(
                f"The database cannot be reached ({_first_line(error)}). Check address and rights."
            ) from None
        try:
            self._require_plain_role()
            self._make_tables()
            self._require_guards()
            self._prepare(encoder, dimension)
        except BaseException:
            self._database.close()
            raise

    def _require_plain_role(self) -> None:
        """Refuse a role that no rule for rows holds for."""
        ((above, role),) = self._first(
            "SELECT rolsuper OR rolbypassrls, rolname FROM pg_roles WHERE rolname = current_user"
        )
        if above:
            raise BadData(
                f"The role {role!r} is above the rules that keep users apart (superuser or BYPASSRLS). {_ROLE}"
            )

    def _require_guards(self) -> None:
        """Refuse tables that do not keep users apart, or do more when they are written to."""
        guarded = {name for (name,) in self._first(_GUARDED, [_RULE, _RULE])}
        bare = sorted({name for table in _COLUMNS for name in (table, f"every_{table}")} - guarded)
        if bare:
            raise BadData(
                f"The database no longer keeps users apart in {', '.join(bare)}: row-level security "
                "is off or altered, or a trigger or a rule was added. Put it back as it was."
            )

    def _first(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows, before a user is bound; no name is looked up outside of PostgreSQL's own."""
        with self._lock, self._said_clearly(), self._database.transaction():
            self._database.execute("SET LOCAL search_path = pg_catalog, pg_temp")
            return self._database.execute(sql, values).fetchall()

    def _find_vectors(self) -> None:
        """Where pgvector is in this database, and how its vectors are sent."""
        from pgvector.psycopg import register_vector

        place = "SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace "
        found = self._first(f"{place} WHERE extname = 'vector'")
        if not found:
            try:
                with self._database.transaction():
                    self._database.execute("CREATE EXTENSION IF NOT EXISTS vector")
            except self._error as error:
                raise MissingData(
                    f"The database has no pgvector ({_first_line(error)}). Its administrator runs: "
                    "CREATE EXTENSION vector"
                ) from None
            found = self._first(f"{place} WHERE extname = 'vector'")
        self._vectors: str = found[0][0]
        self._path = f"SET LOCAL search_path = pg_catalog, reverie, {self._vectors}, pg_temp"
        with self._said_clearly(), self._database.transaction():
            self._database.execute(self._path)
            register_vector(self._database)

    def _make_tables(self) -> None:
        self._find_vectors()
        with self._said_clearly(), self._database.transaction():
            run = self._database.execute
            run(self._path)
            run("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            made = run("SELECT to_regclass('reverie.every_answers')").fetchone()
            if made is not None and made[0] is not None:
                return
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
                made = {"name": encoder, "dimension": dimension, "schema": _SCHEMA}
                self._run("INSERT INTO clock (at) VALUES (0)")
                self.set_named("encoder", made)
        self._agree("This memory", made.get("schema", _SCHEMA), encoder, dimension)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lock, self._said_clearly():
            level, self._depth = self._depth, self._depth + 1
            try:
                with self._database.transaction():
                    if level == 0:
                        self._database.execute(self._path)
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

    def _key(self, name: str) -> str:
        """A key that an index takes: a long one is named by its digest."""
        key = super()._key(name)
        data = key.encode("utf-8", "surrogatepass")
        return key if len(data) <= _LONGEST_KEY else f"sha256 {sha256(data).hexdigest()}"

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
        except UnicodeEncodeError as error:
            raise BadData(f"A text holds what is no character ({error.reason}); nothing was changed.") from None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _require_name(user: str) -> None:
    """Refuse names that are not what they look like: invisible signs, other widths, spaces at an end."""
    if not isinstance(user, str) or not user:
        raise BadData("user is empty. Expected the name of the user whose memory it is.")
    plain = user.isprintable() and user == user.strip() and unicodedata.normalize("NFKC", user) == user
    if not plain or len(user) > _LONGEST_NAME:
        raise BadData(
            f"user is {user[:50]!a}, of {len(user)} characters. Expected at most {_LONGEST_NAME} visible ones, in the "
            "form NFKC of Unicode, without a space at the ends."
        )
