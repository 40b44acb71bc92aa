"""A database's errors as ours, in one place; knows no query. Messages hold no value of any column."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from zaphod.core.errors import ConfigError, MissingExtraError


@contextlib.contextmanager
def mapped(what: str, wanted: str, remedy: str) -> Iterator[None]:
    """Raise what SQLAlchemy raises as `ConfigError`.

    Args:
        what: cannot be used, like `The keys in FILE`.
        wanted: what it should be.
        remedy: what the reader can do.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != "psycopg":
            raise
        raise MissingExtraError("psycopg", "postgres") from error
    except SQLAlchemyError as error:
        raise ConfigError(f"{what} cannot be used: {_reason(error)}.", wanted, remedy) from error


def _reason(error: SQLAlchemyError) -> str:
    """The database's own first line. PostgreSQL's further ones, and SQLAlchemy's, tell values."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    primary = getattr(getattr(cause, "diag", None), "message_primary", None)
    lines = str(primary or cause).splitlines() or [type(cause).__name__]
    return lines[0].strip().rstrip(".")
