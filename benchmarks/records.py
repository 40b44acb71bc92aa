"""What the store costs: finding a key, as every request does, and keeping and reading a record.

    python -m benchmarks.records [--database postgresql://…] [--repeats 15]

The database must be upgraded and may hold nothing of value: rows are added to it. All ways take turns, so that what
else this machine does falls on all of them alike.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.common import publish, spread
from zaphod.records.ids import new_id
from zaphod.records.responses import StoredResponse
from zaphod.records.store import Store, StoreOptions
from zaphod.server.admission.keys import KeyStore

SLICE_S = 0.1
"""Of each measurement; calls are counted until it is over."""
SEALED = os.urandom(2000)
NOTE = """\
One thread, {repeats} rounds of {slice:.0f} ms each, in turns; microseconds a call, median (min to max) of the rounds.
`as a server asks` is what a request waits for: whether there are keys, and whose its key is. SQLite tells whether
anything changed and is asked only then; PostgreSQL's answers are kept for a second. `read again` asks the database
every time, for the key alone. A record has two sealed parts of 2 kB, and is on disk when the call returns.
"""

Calls = dict[str, Callable[[], object]]


def calls_of(stack: ExitStack, title: str, keys: KeyStore, store: Store) -> Calls:
    """What is measured, for one database."""
    secret, key = keys.create(name="benchmark")
    stack.callback(lambda: keys.forget(key.id))
    own = store.tenant("benchmark")
    kept = add(store)
    digest = store.api_keys.get(key.id)
    assert digest is not None
    return {
        f"{title}: a key, as a server asks": lambda: (keys.has_keys(), keys.find(secret)),
        f"{title}: a key, read again": lambda: store.api_keys.find(digest.digest),
        f"{title}: keep a record": lambda: add(store),
        f"{title}: read a record": lambda: own.responses.get(kept),
    }


def add(store: Store) -> str:
    """Keep a record; its id."""
    made = StoredResponse(id=new_id("resp"), subject="s", created_s=1, sealed_body=SEALED, sealed_input=SEALED)
    store.tenant("benchmark").responses.add(made)
    return made.id


def microseconds(call: Callable[[], object]) -> float:
    """How long it takes, from one slice of time."""
    num_calls, start_s = 0, time.perf_counter()
    while (elapsed_s := time.perf_counter() - start_s) < SLICE_S:
        call()
        num_calls += 1
    return elapsed_s / num_calls * 1e6


def measure(calls: Calls, repeats: int) -> dict[str, list[float]]:
    """Microseconds of each, a value for each round."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            found[name].append(microseconds(call))
    return found


def opened(stack: ExitStack, options: StoreOptions) -> tuple[KeyStore, Store]:
    """A server's keys and a store."""
    keys = KeyStore(database=options.database, state_dir=options.state_dir)
    return stack.enter_context(keys), stack.enter_context(Store.open(options))


def table(found: dict[str, list[float]]) -> str:
    """What was found, in Markdown."""
    lines = ["| | us a call |", "|---|---|"]
    for name, values in found.items():
        one = spread(values)
        lines.append(f"| {name} | {one['median']:,.0f} ({one['min']:,.0f} to {one['max']:,.0f}) |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", help="PostgreSQL's URL, with the role that servers use")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--print-only", action="store_true", help="do not touch benchmarks/results")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        calls = calls_of(stack, "SQLite", *opened(stack, StoreOptions(state_dir=folder)))
        if options.database is not None:
            far = StoreOptions(state_dir=folder, database=options.database)
            calls |= calls_of(stack, "PostgreSQL", *opened(stack, far))
        found = measure(calls, options.repeats)
    text = f"{NOTE.format(repeats=options.repeats, slice=SLICE_S * 1e3)}\n{table(found)}"
    result: dict[str, Any] = {"microseconds": found}
    if options.print_only:
        print(text)
    else:
        publish("records", result, text)


if __name__ == "__main__":
    main()
