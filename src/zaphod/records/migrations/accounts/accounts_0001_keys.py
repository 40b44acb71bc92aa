"""Keys and what each used a day, as Zaphod has kept them from its first version on."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_OF_ACCOUNTS = "current_setting('zaphod.scope', true) = 'accounts'"


def upgrade() -> None:
    """Make the tables, or take over those of a file that was made before there were steps."""
    schema = op.get_context().version_table_schema
    if schema is None and _is_earlier_file():
        return
    op.create_table(
        "keys",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("created_s", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger) for name in ("expires_s", "revoked_s", "last_used_s")),
        *(sa.Column(name, sa.BigInteger) for name in ("requests_per_minute", "tokens_per_minute")),
        *(sa.Column(name, sa.BigInteger) for name in ("tokens_per_day", "max_concurrent")),
        schema=schema,
    )
    op.create_table(
        "usage",
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("day", sa.BigInteger, nullable=False),
        sa.Column("tokens", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key_id", "day"),
        schema=schema,
    )
    if schema is None:
        # Zaphod's first version looks here, and reads and writes these tables as they are.
        op.execute("PRAGMA user_version = 1")
        return
    for table in ("keys", "usage"):
        op.execute(f"ALTER TABLE {schema}.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {schema}.{table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_accounts ON {schema}.{table} USING ({_OF_ACCOUNTS}) WITH CHECK ({_OF_ACCOUNTS})")


def _is_earlier_file() -> bool:
    return op.get_bind().execute(sa.text("PRAGMA user_version")).scalar() == 1
