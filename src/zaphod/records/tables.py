"""The tables and their columns, for queries; knows neither how they came to be nor who may see which row.

Two groups: `accounts` are what a server needs before it knows whose request it has; every table of `tenant_tables`
begins its primary key with the tenant. Migrations make the tables; a test holds the two together. Times are whole
seconds since 1970. A column `sealed` holds bytes that only the vault can open.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, LargeBinary, MetaData, Table, Text, text

accounts = MetaData()
tenant_tables = MetaData()


def _text(name: str, *, is_key: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=is_key, nullable=False)


def _number(name: str, *, is_key: bool = False) -> Column[int]:
    return Column(name, BigInteger, primary_key=is_key, nullable=False, autoincrement=False)


def _moment(name: str) -> Column[int | None]:
    return Column(name, BigInteger, nullable=True)


def _bytes(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False)


keys = Table(
    "keys",
    accounts,
    _text("id", is_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    _text("name"),
    _text("scopes"),
    _text("tenant"),
    _number("created_s"),
    _moment("expires_s"),
    _moment("revoked_s"),
    _moment("last_used_s"),
    _moment("requests_per_minute"),
    _moment("tokens_per_minute"),
    _moment("tokens_per_day"),
    _moment("max_concurrent"),
)
usage = Table("usage", accounts, _text("key_id", is_key=True), _number("day", is_key=True), _number("tokens"))

tenants = Table("tenants", tenant_tables, _text("tenant", is_key=True), _number("created_s"))

conversations = Table(
    "conversations",
    tenant_tables,
    _text("tenant", is_key=True),
    _text("id", is_key=True),
    _text("subject"),
    _number("created_s"),
    _number("updated_s"),
    _bytes("sealed"),
    Index("conversations_by_subject", "tenant", "subject"),
    Index("conversations_by_time", "tenant", "updated_s", "id"),
)
conversation_items = Table(
    "conversation_items",
    tenant_tables,
    _text("tenant", is_key=True),
    _text("id", is_key=True),
    _text("conversation_id"),
    _number("position"),
    _number("created_s"),
    _bytes("sealed"),
    ForeignKeyConstraint(
        ["tenant", "conversation_id"], ["conversations.tenant", "conversations.id"], ondelete="CASCADE"
    ),
    Index("items_by_position", "tenant", "conversation_id", "position", unique=True),
)
responses = Table(
    "responses",
    tenant_tables,
    _text("tenant", is_key=True),
    _text("id", is_key=True),
    _text("subject"),
    Column("conversation_id", Text, nullable=True),
    Column("previous_id", Text, nullable=True),
    _number("created_s"),
    _bytes("sealed_body"),
    _bytes("sealed_input"),
    Index("responses_by_subject", "tenant", "subject"),
    Index("responses_by_time", "tenant", "created_s", "id"),
)
consents = Table(
    "consents",
    tenant_tables,
    _text("tenant", is_key=True),
    _text("id", is_key=True),
    _text("subject"),
    _text("purpose"),
    _number("is_given"),
    _number("created_s"),
    _bytes("sealed"),
    Index("consents_by_subject", "tenant", "subject", "purpose", "created_s"),
    Index("consents_by_time", "tenant", "created_s", "id"),
)
restrictions = Table(
    "restrictions",
    tenant_tables,
    _text("tenant", is_key=True),
    _text("subject", is_key=True),
    _number("since_s"),
)
retention = Table(
    "retention",
    tenant_tables,
    _text("tenant", is_key=True),
    _text("kind", is_key=True),
    _number("keep_s"),
)
audit_index = Table(
    "audit_index",
    tenant_tables,
    _text("tenant", is_key=True),
    _number("seq", is_key=True),
    _number("created_s"),
    _text("actor"),
    _text("action"),
    _text("object"),
    _text("decision"),
    _text("segment"),
    _number("offset_bytes"),
    Index("audit_by_time", "tenant", "created_s", "seq"),
    Index("audit_by_object", "tenant", "object", "seq"),
)
pseudonyms = Table(
    "pseudonyms",
    tenant_tables,
    _text("tenant", is_key=True),
    _text("subject", is_key=True),
    _text("pseudonym", is_key=True),
    _number("created_s"),
    _bytes("sealed"),
    Index("pseudonyms_by_time", "tenant", "created_s"),
)
wrapped_keys = Table(
    "wrapped_keys",
    tenant_tables,
    _text("tenant", is_key=True),
    _text("key_id", is_key=True),
    _text("subject"),
    _text("wrapping_key_id"),
    _bytes("wrapped"),
    _number("created_s"),
    _moment("retired_s"),
    Index(
        "wrapped_keys_in_use",
        "tenant",
        "subject",
        unique=True,
        sqlite_where=text("retired_s IS NULL"),
        postgresql_where=text("retired_s IS NULL"),
    ),
    Index("wrapped_keys_by_subject", "tenant", "subject"),
)
