"""Whether PostgreSQL really keeps tenants apart for this role; knows catalogues, no rows."""

from __future__ import annotations

from sqlalchemy import Connection, text

from zaphod.core.errors import ConfigError
from zaphod.records.tables import accounts, tenant_tables

_MIGHTY = text(
    "SELECT rolname FROM pg_roles WHERE (rolsuper OR rolbypassrls) AND pg_has_role(session_user, oid, 'MEMBER') "
    "ORDER BY rolname LIMIT 1"
)
_OPEN = text(
    "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = :schema AND "
    "c.relkind IN ('r', 'p') AND c.relname = ANY(:tables) AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
)
_POLICIES = text("SELECT tablename, policyname FROM pg_policies WHERE schemaname = :schema")


def require_isolation(connection: Connection, schema: str, place: str) -> None:
    """Refuse a database that would not hide the rows of other tenants.

    Raises:
        ConfigError: the role is, or can become, one that policies do not bind; or policies are off or changed.
    """
    _require_bound_role(connection, place)
    tables = [*tenant_tables.tables, *accounts.tables]
    unguarded = connection.execute(_OPEN, {"schema": schema, "tables": tables}).scalars().all()
    found = {(row.tablename, row.policyname) for row in connection.execute(_POLICIES, {"schema": schema})}
    if unguarded or found != _wanted():
        table = sorted(unguarded or {table for table, _ in found ^ _wanted()})[0]
        raise ConfigError(
            f"In {place} the row-level security of the table {schema}.{table} was changed.",
            "Every table must have it enabled and forced, with the policies that Zaphod made and no others.",
            "Undo the change: see docs/records.md for what the policies are.",
        )


def _require_bound_role(connection: Connection, place: str) -> None:
    mighty = connection.execute(_MIGHTY).scalar()
    if mighty is not None:
        raise ConfigError(
            f"The role in {place} is, or can become, {mighty!r}, which sees the rows of all tenants.",
            "Servers need a role that is neither superuser nor BYPASSRLS.",
            "Make one: CREATE ROLE zaphod_app LOGIN PASSWORD '…'; then run, with the URL of the role that owns the "
            "schema: zaphod database upgrade --application-role zaphod_app",
        )


def _wanted() -> set[tuple[str, str]]:
    own = {(table, "own_tenant") for table in tenant_tables.tables}
    return own | {("tenants", "names")} | {(table, "of_accounts") for table in accounts.tables}
