"""From an empty or older database to one of today; knows versions, not what the tables are for.

Two chains of steps: `accounts` (keys and their use) and `tenants` (everything else). In SQLite each has files of its
own, in PostgreSQL both lie in one schema. Alembic runs the steps, each database in one transaction; it is imported
only where there are steps to run.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config

Chain = Literal["accounts", "tenants"]
State = Literal["absent", "older", "current", "newer"]

HEADS: dict[Chain, str] = {"accounts": "0001", "tenants": "0001"}
"""The version that this program knows; a test holds it to the last step of each chain."""
_FOLDER = Path(__file__).parent / "migrations"
_one_at_a_time = threading.Lock()
"""Alembic keeps the connection of a run in global names, so that two threads would run their steps on one database."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """How far one database is."""

    chain: Chain
    place: str
    version: str | None
    """None where there are no tables yet."""

    @property
    def wanted(self) -> str:
        """The version that this program knows."""
        return HEADS[self.chain]

    @property
    def state(self) -> State:
        """Versions are numbers of four digits, so that older and newer are known without the steps."""
        if self.version is None:
            return "absent"
        if self.version == self.wanted:
            return "current"
        return "older" if self.version < self.wanted else "newer"


def status(connection: Connection, chain: Chain, place: str, schema: str | None = None) -> Status:
    """Read the version; a database without a version table has none."""
    table = version_table(chain)
    if not inspect(connection).has_table(table, schema=schema):
        return Status(chain=chain, place=place, version=None)
    name = table if schema is None else f"{schema}.{table}"
    found = connection.execute(text(f"SELECT version_num FROM {name}")).scalar()
    return Status(chain=chain, place=place, version=None if found is None else str(found))


def version_table(chain: Chain) -> str:
    """Where the version of a chain is written down."""
    return f"{chain}_version"


def upgrade(connection: Connection, chain: Chain, schema: str | None = None) -> None:
    """Run the steps that are missing, inside the connection's transaction; the caller holds a lock."""
    from alembic import command

    config = _config(chain)
    config.attributes.update(connection=connection, version_table=version_table(chain), schema=schema)
    with _one_at_a_time:
        command.upgrade(config, HEADS[chain])


def last_step(chain: Chain) -> str | None:
    """The last version that the steps in the package reach."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config(chain)).get_current_head()


def _config(chain: Chain) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("version_locations", str(_FOLDER / chain).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")  # a folder's name may hold any other separator
    return config
