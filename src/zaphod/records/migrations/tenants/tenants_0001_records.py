"""What is kept for tenants: conversations, responses, consents, restrictions, retention, audit index, keys."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# What a transaction sets begins with `=`: a setting that was undone reads as '', which must not be the tenant ''.
_OWN = "('=' || tenant) = current_setting('zaphod.tenant', true)"
_NAMES = "current_setting('zaphod.scope', true) = 'tenants'"


def upgrade() -> None:
    """Make the tables; in PostgreSQL, rows can be seen and changed by their own tenant only."""
    schema = op.get_context().version_table_schema
    _table("tenants", _number("created_s"), key=("tenant",))
    _make_conversations(schema)
    _make_responses()
    _make_duties()
    _make_audit_index()
    _make_secrets()
    if schema is not None:
        _isolate(schema)


def _make_conversations(schema: str | None) -> None:
    _table("conversations", _text("id"), _text("subject"), _number("created_s"), _number("updated_s"), _bytes("sealed"))
    _index("conversations_by_subject", "conversations", "subject")
    _index("conversations_by_time", "conversations", "updated_s", "id")
    parent = "conversations" if schema is None else f"{schema}.conversations"
    _table(
        "conversation_items",
        _text("id"),
        _text("conversation_id"),
        _number("position"),
        _number("created_s"),
        _bytes("sealed"),
        sa.ForeignKeyConstraint(
            ["tenant", "conversation_id"], [f"{parent}.tenant", f"{parent}.id"], ondelete="CASCADE"
        ),
    )
    _index("items_by_position", "conversation_items", "conversation_id", "position", unique=True)


def _make_responses() -> None:
    _table(
        "responses",
        _text("id"),
        _text("subject"),
        sa.Column("conversation_id", sa.Text),
        sa.Column("previous_id", sa.Text),
        _number("created_s"),
        _bytes("sealed_body"),
        _bytes("sealed_input"),
    )
    _index("responses_by_subject", "responses", "subject")
    _index("responses_by_time", "responses", "created_s", "id")


def _make_duties() -> None:
    _table(
        "consents",
        _text("id"),
        _text("subject"),
        _text("purpose"),
        _number("is_given"),
        _number("created_s"),
        _bytes("sealed"),
    )
    _index("consents_by_subject", "consents", "subject", "purpose", "created_s")
    _index("consents_by_time", "consents", "created_s", "id")
    _table("restrictions", _text("subject"), _number("since_s"), key=("tenant", "subject"))
    _table("retention", _text("kind"), _number("keep_s"), key=("tenant", "kind"))


def _make_audit_index() -> None:
    words = [_text(name) for name in ("actor", "action", "object", "decision", "segment")]
    _table("audit_index", _number("seq"), _number("created_s"), *words, _number("offset_bytes"), key=("tenant", "seq"))
    _index("audit_by_time", "audit_index", "created_s", "seq")
    _index("audit_by_object", "audit_index", "object", "seq")


def _make_secrets() -> None:
    _table(
        "pseudonyms",
        _text("subject"),
        _text("pseudonym"),
        _number("created_s"),
        _bytes("sealed"),
        key=("tenant", "subject", "pseudonym"),
    )
    _index("pseudonyms_by_time", "pseudonyms", "created_s")
    _table(
        "wrapped_keys",
        _text("key_id"),
        _text("subject"),
        _text("wrapping_key_id"),
        _bytes("wrapped"),
        _number("created_s"),
        sa.Column("retired_s", sa.BigInteger),
        key=("tenant", "key_id"),
    )
    in_use = sa.text("retired_s IS NULL")
    _index("wrapped_keys_in_use", "wrapped_keys", "subject", unique=True, sqlite_where=in_use, postgresql_where=in_use)
    _index("wrapped_keys_by_subject", "wrapped_keys", "subject")


_MADE = [
    "tenants", "conversations", "conversation_items", "responses", "consents", "restrictions", "retention",
    "audit_index", "pseudonyms", "wrapped_keys",
]  # fmt: skip


def _isolate(schema: str) -> None:
    for table in _MADE:
        op.execute(f"ALTER TABLE {schema}.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {schema}.{table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_tenant ON {schema}.{table} USING ({_OWN}) WITH CHECK ({_OWN})")
    op.execute(f"CREATE POLICY names ON {schema}.tenants FOR SELECT USING ({_NAMES})")


def _table(name: str, *columns: Any, key: tuple[str, ...] = ("tenant", "id")) -> None:
    schema = op.get_context().version_table_schema
    op.create_table(name, _text("tenant"), *columns, sa.PrimaryKeyConstraint(*key), schema=schema)


def _index(name: str, table: str, *columns: str, **more: Any) -> None:
    op.create_index(name, table, ["tenant", *columns], schema=op.get_context().version_table_schema, **more)


def _text(name: str) -> Any:
    return sa.Column(name, sa.Text, nullable=False)


def _number(name: str) -> Any:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _bytes(name: str) -> Any:
    return sa.Column(name, sa.LargeBinary, nullable=False)
