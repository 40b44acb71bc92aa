"""Whether PostgreSQL really keeps tenants apart for this role; knows catalogues, no rows."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, Row, text

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
_POLICIES = text(
    "SELECT tablename, policyname, cmd, permissive, roles::text[] AS roles, qual, with_check FROM pg_policies "
    "WHERE schemaname = :schema"
)
_OWN = "'='||tenant=current_setting'zaphod.tenant',true"
_NAMES = "current_setting'zaphod.scope',true='tenants'"
_OF_ACCOUNTS = "current_setting'zaphod.scope',true='accounts'"

Policy = tuple[str, str, str, str, str]
"""Table, name, command, condition for rows that are there, condition for those that come."""


def require_isolation(connection: Connection, schema: str, place: str) -> None:
    """Refuse a database that would not hide the rows of other tenants.

    Raises:
        ConfigError: the role is, or can become, one that policies do not bind; or policies are off or changed.
    """
    _require_bound_role(connection, place)
    tables = [*tenant_tables.tables, *accounts.tables]
    unguarded = connection.execute(_OPEN, {"schema": schema, "tables": tables}).scalars().all()
    policies = connection.execute(_POLICIES, {"schema": schema})
    strange = {found[0] for found in {_policy(row) for row in policies} ^ _wanted()}
    if unguarded or strange:
        table = min({*unguarded, *strange})
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


def _policy(row: Row[Any]) -> Policy:
    is_plain = row.permissive == "PERMISSIVE" and row.roles == ["public"]
    name = str(row.policyname) if is_plain else f"{row.policyname} for some"
    return str(row.tablename), name, str(row.cmd), _plain(row.qual), _plain(row.with_check)


def _plain(condition: str | None) -> str:
    """As PostgreSQL prints it, without what its versions may print differently."""
    return re.sub(r"::text|[()\s]", "", condition or "")


def _wanted() -> set[Policy]:
    own = {(table, "own_tenant", "ALL", _OWN, _OWN) for table in tenant_tables.tables}
    names = ("tenants", "names", "SELECT", _NAMES, "")
    return own | {names} | {(table, "of_accounts", "ALL", _OF_ACCOUNTS, _OF_ACCOUNTS) for table in accounts.tables}
