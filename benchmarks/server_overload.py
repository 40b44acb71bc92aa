"""Our server at ten times its capacity: who is admitted waits no longer, the rest is told when to come again.

    python -m benchmarks.server_overload [--model FILE] [--seconds 120]

Capacity is measured first, by clients in a closed loop: as many as the server lets run and wait. Then a Poisson process
offers ten times as many requests a second, while every process of the server is weighed.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from benchmarks.common import publish
from zaphod.core.limits import usable_cores
from zaphod.core.progress import ProgressLines
from zaphod.core.units import format_bytes
from zaphod.study.benchmarks.serving.client import Target
from zaphod.study.benchmarks.serving.overload import Findings, Overload, run_overload
from zaphod.study.benchmarks.serving.prompts import Shape
from zaphod.study.benchmarks.serving.servers import RunningServer, ServerLaunch, free_port

NOTE = """\
At capacity: a closed loop of {clients} clients, as many as may run ({seqs}) and wait ({queue}), for
{capacity_s:g} s; who is refused comes again when it was told to.
Overload: a Poisson process of {rate:.1f} requests/s, {factor:g} times the {answered:.2f} answered at capacity, for
{overload_s:g} s. Prompts of {input} tokens and answers of at most {output} (`ignore_eos`). Latencies are of requests
that were answered, counted from the instant at which each was due. The server ran as `{command}`; the client shared
its cores and used {client:.0%} of one during the overload."""
LATENCIES = {"ttft": "time to first token", "tpot": "time per output token", "e2el": "whole request"}


def launch(options: argparse.Namespace) -> ServerLaunch:
    """`zaphod serve` with a short queue: what waits in it is the latency of whoever is admitted last."""
    port = free_port()
    command = [sys.executable, "-m", "zaphod", "serve", options.model, "--port", str(port)]
    command += ["--threads", str(options.threads), "--max-num-seqs", str(options.max_num_seqs)]
    command += ["--max-queue", str(options.max_queue), *options.serve_flags.split()]
    return ServerLaunch(name="zaphod", command=command, port=port, ready_path="/ready")


def overload_of(options: argparse.Namespace) -> Overload:
    """What is done to it."""
    return Overload(
        clients=options.max_num_seqs + options.max_queue,
        capacity_s=options.capacity_seconds,
        overload_s=options.seconds,
        factor=options.factor,
        shape=Shape(input_tokens=options.input_len, output_tokens=options.output_len, seed=options.seed),
    )


def table(findings: Findings) -> str:
    """Latencies, refusals and memory."""
    lines = ["| latency, ms | at capacity | under overload | ratio |", "|---|---|---|---|"]
    for name, title in LATENCIES.items():
        for percentile in ("p50", "p99"):
            key = f"{percentile}_{name}_ms"
            cells = (_number(findings.capacity[key]), _number(findings.overload[key]), _number(findings.ratio(key)))
            lines.append(f"| {title}, {percentile} | {' | '.join(cells)} |")
    lines += ["", "| requests | at capacity | under overload |", "|---|---|---|"]
    for title, count in _counts(findings.capacity).items():
        lines.append(f"| {title} | {count} | {_counts(findings.overload)[title]} |")
    lines += [
        "",
        "| process | of one core | resident, first | last | largest | slope after the first quarter |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *_processes(findings)])


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _counts(result: dict[str, Any]) -> dict[str, str]:
    refused = result["failures"].get("429", 0)
    return {
        "sent": str(result["num_sent"]),
        "answered": str(result["completed"]),
        "output tokens/s": f"{result['output_throughput']:.1f}",
        "refused (429)": f"{refused} ({refused / max(1, result['num_sent']):.1%})",
        "of these with Retry-After": str(result["refused_with_retry_after"]),
        "failed otherwise": str(result["failed"] - refused),
    }


def _processes(findings: Findings) -> list[str]:
    lines = []
    for number, track in enumerate(findings.processes):
        name = "gateway" if number == 0 else f"its child {number}"
        slope = track.slope_bytes_per_min(findings.skipped_s)
        sizes = (track.resident_bytes[0], track.resident_bytes[-1], max(track.resident_bytes))
        per_minute = "–" if slope is None else f"{'−' if slope < 0 else '+'}{format_bytes(abs(slope))}/min"
        share = "–" if track.cpu_share is None else f"{track.cpu_share:.0%}"
        lines.append(f"| {name} | {share} | {' | '.join(format_bytes(size) for size in sizes)} | {per_minute} |")
    return lines


def words(options: argparse.Namespace, command: list[str], overload: Overload, findings: Findings) -> str:
    """How it was measured."""
    return NOTE.format(
        clients=overload.clients,
        seqs=options.max_num_seqs,
        queue=options.max_queue,
        capacity_s=overload.capacity_s,
        overload_s=overload.overload_s,
        rate=findings.offered_rate,
        factor=overload.factor,
        answered=findings.capacity["request_throughput"],
        input=options.input_len,
        output=options.output_len,
        command=" ".join(["zaphod", "serve", options.model.rsplit("/", 1)[-1], *command[7:]]),
        client=findings.overload["client_cpu_share"],
    )


def main() -> None:
    """Measure, print and publish; ends with 1 where a promise was broken."""
    options = parse()
    overload, started = overload_of(options), launch(options)
    with RunningServer(started) as server:
        target = Target(base_url=started.base_url, model="", ignore_eos=True, timeout_s=300)
        findings = run_overload(overload, server, target, ProgressLines())
    text = words(options, list(started.command), overload, findings) + "\n\n" + table(findings)
    if options.print_only:
        print(text)
    else:
        publish("server_overload", findings.as_dict(), text)
    runs = {"at capacity": findings.capacity, "under overload": findings.overload}
    if findings.num_other_failures or findings.refused_without_retry_after or not findings.num_refused:
        parts = [f"{name}: {run['failures']} {run['failure_examples']}" for name, run in runs.items()]
        sys.exit("broken promise; " + "; ".join(parts))


def parse() -> argparse.Namespace:
    """Options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="builtin")
    parser.add_argument("--seconds", type=float, default=120.0, help="of overload")
    parser.add_argument("--capacity-seconds", type=float, default=30.0)
    parser.add_argument("--factor", type=float, default=10.0)
    parser.add_argument("--max-num-seqs", type=int, default=16)
    parser.add_argument("--max-queue", type=int, default=16)
    parser.add_argument("--input-len", type=int, default=64)
    parser.add_argument("--output-len", type=int, default=32)
    parser.add_argument("--threads", type=int, default=usable_cores())
    parser.add_argument("--serve-flags", default="", help="more flags for `zaphod serve`, in one word")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--print-only", action="store_true", help="do not touch benchmarks/results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
