"""Secrets that clients sent, searched in everything that a server leaves behind: files, databases, logs, dumps.

    python -m benchmarks.leaks [--repeats 8] [--seed 0] [--database sqlite|postgresql|both]

Each secret is brought in on one way only (`leaks_ways.py`), so that a finding says where it came from. The server logs
at its most talkative level, may write core files, and traces to a sink. Engines are killed while they answer
(SIGKILL, SIGSEGV, SIGABRT, SIGBUS), then the gateway (SIGSEGV, SIGABRT); at last it is started once more and ends in
order. While it runs and after each end everything is searched for every secret, as it is and in codes. Another tenant
asks meanwhile; what it is told is searched, too.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import re2
from tests.support.postgres import APPLICATION, OWNER, PostgresServer, binaries, running_postgres

from benchmarks.common import publish
from benchmarks.leaks_server import Installation, Running, await_ready, core_files_allowed, writes_core_files
from benchmarks.leaks_ways import BROKEN, ON_PURPOSE, WAYS, send, send_broken, unfinished
from zaphod.core.progress import ProgressLines
from zaphod.records.postgres import upgrade
from zaphod.study.intervals import clopper_pearson
from zaphod.study.redteam.driver.scenarios import invented_word
from zaphod.study.redteam.leaks import Place, Sink, base64_forms, forms, found_in, sink

_ENGINE_ENDS = (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS)
_GATEWAY_ENDS = (signal.SIGSEGV, signal.SIGABRT)
_CONTROL = "control"
NOTE = """\
Secrets found, of those sent; in brackets the 95 % upper bound of the true share (Clopper-Pearson), then how much was
searched. Forms: as it is, any case, UTF-16, hex, base64 at three alignments, percent- and JSON-escaped, inside gzip."""


@dataclass
class Planted:
    """What was sent, on which way, and what became of it."""

    rng: random.Random
    secrets: list[str] = field(default_factory=list)
    ways: list[str] = field(default_factory=list)
    statuses: dict[str, Counter[int]] = field(default_factory=dict)

    def make(self, way: str) -> str:
        """A secret that is sent on this way alone."""
        secret = f"{invented_word(self.rng)}{self.rng.randrange(10**6):06}"
        self.secrets.append(secret)
        self.ways.append(way)
        return secret

    @property
    def hidden(self) -> set[int]:
        """Those that may be found nowhere."""
        known = {_CONTROL, *ON_PURPOSE}
        return {place for place, way in enumerate(self.ways) if way not in known}

    def note(self, way: str, status: int) -> None:
        """How it was answered; 0 for not at all."""
        self.statuses.setdefault(way, Counter())[status] += 1


@dataclass
class Found:
    """Secrets by where they were found."""

    secrets: dict[str, set[int]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    num_places: Counter[str] = field(default_factory=Counter)
    names: dict[str, set[str]] = field(default_factory=dict)

    def add(self, kind: str, places: Sequence[Place]) -> None:
        """The latest look at a kind of place; what was found earlier stays found."""
        self.secrets.setdefault(kind, set()).update(secret for place in places for secret in place.found)
        self.sizes[kind] = max(self.sizes.get(kind, 0), sum(place.size_bytes for place in places))
        self.num_places[kind] = max(self.num_places[kind], len(places))
        self.names.setdefault(kind, set()).update(place.name for place in places if place.found)


def send_all(running: Running, planted: Planted, repeats: int, told: list[str], progress: ProgressLines) -> None:
    """Every way several times; another tenant looks around after each round."""
    num_requests = repeats * (len(WAYS) + len(BROKEN))
    with (
        httpx.Client(base_url=running.url, headers={"x-api-key": running.key}, trust_env=False, timeout=120) as client,
        progress.step("sending secrets", num_requests, "requests") as advance,
    ):
        for _ in range(repeats):
            for way, make in WAYS.items():
                own = {"x-api-key": ""} if way.startswith("a wrong key") else {}
                planted.note(way, send(client, _with_headers(make(planted.make(way)), own)))
                advance(1)
            for way, make in ON_PURPOSE.items():
                planted.note(way, send(client, make(planted.make(way))))
            for way, cut in BROKEN.items():
                planted.note(way, send_broken(running.url, cut(planted.make(way), running.key)))
                advance(1)
            told += other_tenant(running)


def _with_headers(sent: Any, more: dict[str, str]) -> Any:
    return type(sent)(path=sent.path, body=sent.body, method=sent.method, headers={**more, **sent.headers})


def other_tenant(running: Running) -> list[str]:
    """Everything that another tenant can be told."""
    paths = ("/zaphod/status", "/zaphod/confirmations", "/v1/models", "/openapi.json", "/metrics", "/ready", "/")
    with httpx.Client(
        base_url=running.url, headers={"x-api-key": running.other_key}, trust_env=False, timeout=120
    ) as client:
        answers = [client.get(path) for path in paths]
        asked = {"messages": [{"role": "user", "content": "who is the patient?"}], "max_tokens": 16}
        answers.append(client.post("/v1/chat/completions", json=asked))
        return [f"{dict(answer.headers)}\n{answer.text}" for answer in answers]


def break_off(running: Running, planted: Planted, end: Callable[[Running], None], way: str) -> None:
    """End something while an answer is being written that says a secret."""
    secret, status = planted.make(way), 0
    body, headers = unfinished(secret), {"x-api-key": running.key}
    with (
        contextlib.suppress(httpx.TransportError, StopIteration),
        httpx.Client(trust_env=False, timeout=60) as client,
        client.stream("POST", f"{running.url}/v1/chat/completions", json=body, headers=headers) as answer,
    ):
        status = answer.status_code
        lines = answer.iter_lines()
        for _ in range(9):
            next(lines)
        end(running)
        for _ in lines:
            pass
    planted.note(way, status)


def end_engine(number: signal.Signals) -> Callable[[Running], None]:
    """A signal to the process of the engine."""
    return lambda running: running.engine.send_signal(number)


def end_gateway(number: signal.Signals) -> Callable[[Running], None]:
    """A signal to the server's first process."""
    return lambda running: running.process.send_signal(number)


def leave(running: Running) -> None:
    """The client goes away."""
    raise StopIteration


class Search:
    """Looks for many secrets at one time: an automaton passes over all bytes; what it stops at is read again."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = secrets
        options = re2.Options()
        options.encoding, options.max_mem, options.log_errors = re2.Options.Encoding.LATIN1, 1 << 28, False
        self._any_case = _any_of([form for secret in secrets for form in forms(secret)], options)
        self._this_case = _any_of([form for secret in secrets for form in base64_forms(secret)], options)

    def place(self, name: str, content: bytes) -> Place:
        """What stands in some bytes."""
        is_packed = content[:2] == b"\x1f\x8b"
        is_worth_it = is_packed or self._any_case.search(content.lower()) or self._this_case.search(content)
        found = found_in(content, self._secrets) if is_worth_it else ()
        return Place(name=name, size_bytes=len(content), found=found)

    def folder(self, folder: Path) -> list[Place]:
        """Every regular file below a folder."""
        files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
        return [self.place(str(path.relative_to(folder)), path.read_bytes()) for path in files]


def _any_of(words: Sequence[bytes], options: Any) -> Any:
    return re2.compile(b"|".join(re2.escape(word) for word in words), options)


def search(installation: Installation, planted: Planted, found: Found, database: PostgresServer | None) -> None:
    """Look at every file below the folder, and at the database."""
    look = Search(planted.secrets)
    places = look.folder(installation.folder)
    control = next(place for place in places if place.name == _CONTROL)
    assert control.found == (0,), "a search that misses the control is worth nothing"
    for kind, is_mine in _KINDS:
        found.add(kind, [place for place in places if is_mine(place.name)])
    if database is not None:
        found.add("PostgreSQL: rows of all tables", rows_of(database, look))
        folder = Path(database.run("SHOW data_directory")[0][0])
        found.add("PostgreSQL: its files, log ahead and log", look.folder(folder.parent))


def rows_of(database: PostgresServer, look: Search) -> list[Place]:
    """All rows as text; files may hold them compressed."""
    database.run("CHECKPOINT")
    (name,) = (row[0] for row in database.run("SELECT datname FROM pg_database WHERE datname LIKE 'test_%'"))
    tables = database.run("SELECT schemaname, tablename FROM pg_tables WHERE schemaname LIKE 'zaphod%'", name)
    places = []
    for schema, table in tables:
        rows = database.run(f'SELECT t::text FROM "{schema}"."{table}" t', name)
        content = "\n".join(row[0] for row in rows).encode()
        # bytea is shown as hex, so that plain text in it is found in that form.
        places.append(look.place(f"{schema}.{table}", content))
    return places


def look_at_running(running: Running, planted: Planted, found: Found, traces: Sink, told: list[str]) -> None:
    """What only a living server shows: metrics, arguments and environments of its processes, what others are told."""
    metrics = httpx.get(f"{running.url}/metrics", headers={"x-api-key": running.key}, trust_env=False).content
    found.add("metrics", [Place(name="metrics", size_bytes=len(metrics), found=found_in(metrics, planted.secrets))])
    processes = [running.process, *running.process.children(recursive=True)]
    shown = "\n".join(f"{process.cmdline()} {process.environ()}" for process in processes).encode()
    shown_place = Place(name="processes", size_bytes=len(shown), found=found_in(shown, planted.secrets))
    found.add("arguments and environments of processes", [shown_place])
    content = "\n".join(told).encode()
    found.add("answers to another tenant", [Place(name="answers", size_bytes=len(content),
                                                  found=found_in(content, planted.secrets))])  # fmt: skip
    found.add("traces", [traces.place(planted.secrets)])


@dataclass(kw_only=True)
class Look:
    """All that is known while one installation is used, broken and searched."""

    installation: Installation
    planted: Planted
    traces: Sink
    database: PostgresServer | None
    found: Found = field(default_factory=Found)
    told: list[str] = field(default_factory=list)

    def use(self, running: Running, repeats: int) -> None:
        """Every way in, and ends of the engine."""
        send_all(running, self.planted, repeats, self.told, ProgressLines())
        for number in _ENGINE_ENDS:
            break_off(running, self.planted, end_engine(number), f"an engine that ends by {number.name}")
            await_ready(running.url, running.key)

    def end(self, running: Running, number: signal.Signals, settle_s: float) -> None:
        """Search what runs, then end it while it answers."""
        break_off(running, self.planted, leave, "a client that leaves")
        self.told += other_tenant(running)
        time.sleep(settle_s)
        look_at_running(running, self.planted, self.found, self.traces, self.told)
        self.search()
        break_off(running, self.planted, end_gateway(number), f"a gateway that ends by {number.name}")

    def search(self) -> None:
        """Everything that lies somewhere."""
        self.found.add("traces", [self.traces.place(self.planted.secrets)])
        search(self.installation, self.planted, self.found, self.database)


def run(options: argparse.Namespace, database: PostgresServer | None, url: str | None) -> tuple[Planted, Found]:
    """One installation: used, broken, searched."""
    planted = Planted(random.Random(f"leaks/{options.seed}"))
    with tempfile.TemporaryDirectory(prefix="zaphod-leaks-") as name, sink() as traces, core_files_allowed():
        installation = Installation(Path(name), url, traces)
        (installation.folder / _CONTROL).write_text(f"Found: {planted.make(_CONTROL)}")
        look = Look(installation=installation, planted=planted, traces=traces, database=database)
        for number in (*_GATEWAY_ENDS, signal.SIGTERM):
            with installation.serving() as running:
                if number is _GATEWAY_ENDS[0]:
                    look.use(running, options.repeats)
                look.end(running, number, options.settle)
            look.search()
    return planted, look.found


_KINDS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("access log", lambda name: name == "access.log"),
    ("printed, with crash reports", lambda name: name.startswith("printed-")),
    ("temporary files", lambda name: name.startswith("tmp/")),
    ("audit and its witness", lambda name: name.startswith(("data/zaphod/audit/", "data/zaphod/audit-witness/"))),
    ("SQLite files, with their logs ahead", lambda name: ".sqlite" in name),
    ("core files", lambda name: Path(name).name.startswith("core")),
    ("any other file", lambda name: not any(is_mine(name) for _, is_mine in _KINDS[:6]) and name != _CONTROL),
)


Results = dict[str, tuple[Planted, Found]]


def leak_table(results: Results) -> list[str]:
    """A row for each kind of place."""
    kinds = list(dict.fromkeys(kind for _, found in results.values() for kind in found.sizes))
    lines = [f"| secrets found in | {' | '.join(results)} |", "|---|" + "---|" * len(results)]
    for kind in kinds:
        cells = [_cell(planted, found, kind) for planted, found in results.values()]
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    cells = [_share(planted, set().union(*found.secrets.values())) for planted, found in results.values()]
    return [*lines, f"| anywhere | {' | '.join(cells)} |"]


def _cell(planted: Planted, found: Found, kind: str) -> str:
    if kind not in found.sizes:
        return ""
    searched = f"{found.num_places[kind]} files, {found.sizes[kind]:,} bytes"
    return f"{_share(planted, found.secrets[kind])}; {searched}"


def _share(planted: Planted, leaked: set[int]) -> str:
    num, of = len(leaked & planted.hidden), len(planted.hidden)
    return f"{num} of {of} (≤ {clopper_pearson(num, of).high:.1%})"


def way_table(results: Results) -> list[str]:
    """How the requests of each way were answered, all databases together, and where their secrets were found."""
    lines = ["| way in | sent | answered with | found in |", "|---|---:|---|---|"]
    ways = list(dict.fromkeys(way for planted, _ in results.values() for way in planted.statuses))
    for way in ways:
        counts: Counter[int] = Counter()
        places: Counter[str] = Counter()
        for planted, found in results.values():
            counts += planted.statuses[way]
            mine = {place for place, its in enumerate(planted.ways) if its == way}
            places += Counter({kind: len(leaked & mine) for kind, leaked in found.secrets.items()})
        told = ", ".join(f"{count} x {status or 'nothing'}" for status, count in sorted(counts.items()))
        where = ", ".join(f"{kind}: {count}" for kind, count in places.items()) or "nothing"
        lines.append(f"| {way} | {counts.total()} | {told} | {where} |")
    return lines


def main() -> None:
    """Run on each database, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=8, help="secrets on each way")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--settle", type=float, default=6.0, help="seconds for logs and traces to be written")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--print-only", action="store_true", help="do not touch benchmarks/results")
    options = parser.parse_args()
    results: Results = {}
    if options.database != "postgresql":
        results["SQLite"] = run(options, None, None)
    if options.database != "sqlite" and binaries() is not None:
        with ExitStack() as stack:
            server = stack.enter_context(running_postgres())
            name = stack.enter_context(server.database())
            upgrade(server.url(OWNER, name), APPLICATION)
            results["PostgreSQL"] = run(options, server, server.url(APPLICATION, name))
    cores = "leaves one" if writes_core_files() else "leaves none either"
    about = f"{options.repeats} secrets on each way, seed {options.seed}. Another program that aborts here {cores}."
    text = "\n\n".join("\n".join(lines) for lines in ([NOTE], [about], leak_table(results), way_table(results)))
    found_in_files = {
        name: {kind: sorted(names) for kind, names in found.names.items() if names}
        for name, (_, found) in results.items()
    }
    if options.print_only:
        print(text, json.dumps(found_in_files, indent=1), sep="\n\n")
    else:
        publish("leaks", {"options": vars(options), "places_with_secrets": found_in_files}, text)


if __name__ == "__main__":
    main()
