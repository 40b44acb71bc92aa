"""What may be touched: the tables of one tenant, or those of the accounts. Knows neither SQLite nor PostgreSQL."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection


class Room(Protocol):
    """Transactions that reach the rows of one tenant, or of the accounts, and nothing else. Thread-safe."""

    @property
    def tenant(self) -> str:
        """Whose rows; empty for the accounts, too."""

    @property
    def place(self) -> str:
        """Where they lie, for people; holds no password."""

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction that can only read.

        Raises:
            ConfigError: the database cannot be used.
        """

    def changing(self) -> AbstractContextManager[Connection]:
        """A transaction for rows that are there already; where there is nothing, it makes nothing.

        Raises:
            ConfigError: the database cannot be used.
        """

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that may add the first row; what an exception ends is undone.

        Raises:
            ConfigError: the database cannot be used.
        """

    def version(self) -> int | None:
        """A number that changes whenever any program commits; None where the database does not tell.

        Raises:
            ConfigError: the database cannot be used.
        """
