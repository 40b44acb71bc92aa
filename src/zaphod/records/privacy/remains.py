"""What an erasure leaves, and why; knows nothing of one erasure in particular but where records lie."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Remain:
    """Something that is still there.

    Args:
        what: it is.
        why: it stays.
        until: when it goes, or what makes it go.
    """

    what: str
    why: str
    until: str


_ALWAYS = (
    Remain(
        what="Events of the audit, with a keyed digest of the subject's name and ids of what was kept",
        why="They prove what was done, this erasure too; a chain with a gap would prove nothing.",
        until="The audit is kept by its own rule. Whoever has the tenant's key can test a name against a digest.",
    ),
    Remain(
        what="Back-ups of the table of keys that are older than this erasure",
        why="They hold the erased key's envelope: with the KEK it opens, and so does what it sealed.",
        until="They expire; or at once: zaphod vault rotate --kek NEW --former OLD, then destroy the old KEK.",
    ),
    Remain(
        what="Copies of sealed records in back-ups, logs of the database and replicas",
        why="Nobody can reach them all; without the destroyed key they are noise.",
        until="They expire.",
    ),
    Remain(
        what="Keys in the memory of servers that run",
        why="A server keeps a key for up to 30 seconds.",
        until="30 seconds from now. What a server writes about the person later is new: erase again after that.",
    ),
    Remain(
        what="Copies that were exported, answers that clients have, and what other people's records say of the person",
        why="They are not under this person's key.",
        until="Whoever holds them removes them.",
    ),
)
_POSTGRES = Remain(
    what="Old versions of rows in PostgreSQL, with the subject's name and the key's envelope",
    why="PostgreSQL keeps them until VACUUM, and its write-ahead log and archives for as long as they are kept.",
    until="VACUUM zaphod.wrapped_keys and the other tables; archives expire.",
)


def remains_of(*, is_postgres: bool, api_key: str | None) -> tuple[Remain, ...]:
    """What an erasure leaves.

    Args:
        is_postgres: whether records lie in PostgreSQL.
        api_key: the id of the API key that is the subject, if it is one.
    """
    return (*_ALWAYS, *([_POSTGRES] if is_postgres else []), *([_key(api_key)] if api_key else []))


def _key(key_id: str) -> Remain:
    return Remain(
        what=f"The API key {key_id}, its name and how many tokens it used a day",
        why="It opens the server.",
        until=f"zaphod keys revoke {key_id} --forget",
    )
