"""Our server against llama-cpp-python's on one GGUF file: output tokens a second and time to first token under load.

    python -m benchmarks.server_load --model grok-1.2B-q4_0.gguf --llama-python PATH

`--llama-python` is an interpreter that has llama-cpp-python with its server (fastapi, uvicorn, sse-starlette,
starlette-context, pydantic-settings). Both servers run all the time and are asked alternately. With `--record` every
sample is kept, and the same command goes on from there.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from zaphod.core.errors import ZaphodError
from zaphod.core.limits import usable_cores
from zaphod.core.progress import ProgressLines
from zaphod.study.benchmarks.cases import Bar
from zaphod.study.benchmarks.environment import describe_environment
from zaphod.study.benchmarks.report import as_json, as_markdown, publish
from zaphod.study.benchmarks.samples import Record
from zaphod.study.benchmarks.serving.client import Target
from zaphod.study.benchmarks.serving.contest import (
    Points,
    Side,
    case_of,
    held_to_letters,
    letter_ids,
    outcomes_of,
    run_contest,
)
from zaphod.study.benchmarks.serving.prompts import Shape
from zaphod.study.benchmarks.serving.servers import RunningServer, ServerLaunch, free_port

OURS, PEER = "zaphod", "llama-cpp-python"
BARS = {case_of(16, "throughput").name: Bar(1.5), case_of(16, "ttft-p99").name: Bar(1.0)}
NOTE = """\
Closed loop: each client sends its next request when its last one is answered, {per_client} requests a client and at
least {at_least} in all. Prompts of {input} tokens, new in every run, so no prefix cache helps; the same for both in a
pair. Answers of exactly {output} tokens on both sides, held to letters and digits by `logit_bias`, checked by counting
them. Times to first token count from the sending; p99 of few requests is nearly their maximum. Both servers use
{threads} threads; the client shares these cores, and what it used is in the JSON. The rule of 85 % does not hold for
servers, which may rest between requests.

llama-cpp-python's server answers one request at a time; others wait. It ran with `{peer}`: its defaults cut off a
stream when another request comes (`interrupt_requests`) and compute logits for every token of a prompt (`logits_all`).
Flash attention was tried on and off before, and the faster one was taken. Ours ran with `{ours}`.
"""


def our_launch(options: argparse.Namespace) -> ServerLaunch:
    """`zaphod serve`."""
    port = free_port()
    command = [sys.executable, "-m", "zaphod", "serve", str(options.model), "--port", str(port)]
    command += ["--threads", str(options.threads), *options.serve_flags.split()]
    return ServerLaunch(name=OURS, command=command, port=port, ready_path="/ready")


def peer_launch(options: argparse.Namespace, *, flash_attention: bool) -> ServerLaunch:
    """llama-cpp-python's server at its best: see `NOTE`."""
    port, threads = free_port(), str(options.threads)
    command = [options.llama_python, "-m", "llama_cpp.server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--model", str(options.model), "--n_threads", threads, "--n_threads_batch", threads]
    command += ["--n_ctx", str(max(512, options.input_len + options.output_len + 64)), "--n_batch", "2048"]
    command += ["--interrupt_requests", "false", "--logits_all", "false", "--verbose", "false"]
    command += ["--flash_attn", str(flash_attention).lower()]
    return ServerLaunch(name=PEER, command=command, port=port, environment={"OMP_NUM_THREADS": threads})


def side(server: RunningServer, fields: dict[str, object]) -> Side:
    """A running server and what its requests say."""
    # NOTE: the peer's own default is a penalty of 1.1 on repeated tokens; ours has none.
    extra = fields | ({"repeat_penalty": 1.0} if server.launch.name == PEER else {})
    target = Target(base_url=server.launch.base_url, model="", extra_body=extra)
    return Side(name=server.launch.name, server=server, target=target)


def points_of(options: argparse.Namespace) -> Points:
    """What is measured."""
    return Points(
        file=options.model.stem,
        clients=[int(number) for number in options.clients.split(",")],
        num_pairs=options.pairs,
        requests_per_client=options.requests_per_client,
        num_threads=options.threads,
        shape=Shape(input_tokens=options.input_len, output_tokens=options.output_len, seed=options.seed),
        bars=BARS,
    )


def faster_flash_attention(options: argparse.Namespace, fields: dict[str, object]) -> bool:
    """Whether the peer is faster with it, by a few requests of one client."""
    speeds = {}
    for is_on in (False, True):
        with RunningServer(peer_launch(options, flash_attention=is_on)) as server:
            record, tried = (
                Record(),
                Points(
                    file="trial", clients=(1,), num_pairs=3, num_threads=options.threads, shape=points_of(options).shape
                ),
            )
            run_contest(tried, [side(server, fields)], record)
        samples = [sample for sample in record.samples if sample.case == case_of(1, "throughput").name]
        speeds[is_on] = max(sample.value for sample in samples)
        print(f"{PEER}, flash attention {'on' if is_on else 'off'}: {speeds[is_on]:.1f} tok/s", file=sys.stderr)
    return speeds[True] > speeds[False]


def versions(options: argparse.Namespace) -> dict[str, str]:
    """Of the peer."""
    script = "import llama_cpp; print(llama_cpp.__version__)"
    done = subprocess.run([options.llama_python, "-c", script], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ZaphodError(f"llama_cpp cannot be imported by {options.llama_python}.", done.stderr.strip()[-500:])
    return {PEER: done.stdout.strip()}


def comparable(options: argparse.Namespace, found: dict[str, str]) -> dict[str, object]:
    """What must be the same for old samples to stand beside new ones."""
    names = ("threads", "input_len", "output_len", "requests_per_client", "seed", "serve_flags")
    return {name: getattr(options, name) for name in names} | {"versions": found}


def words(options: argparse.Namespace, ours: ServerLaunch, peer: ServerLaunch) -> str:
    """How it was measured, without paths of this machine."""
    return NOTE.format(
        per_client=options.requests_per_client,
        at_least=Points.min_requests,
        input=options.input_len,
        output=options.output_len,
        threads=options.threads,
        ours=" ".join(["zaphod", *ours.command[3:4], options.model.name, *ours.command[7:]]),
        peer=" ".join(peer.command[peer.command.index("--n_threads") :]),
    )


def main() -> None:
    """Compare, print and publish."""
    options = parse()
    found, fields = versions(options), held_to_letters(letter_ids(options.model))
    points, record = points_of(options), Record(options.record, comparable(options, found))
    peer = peer_launch(options, flash_attention=faster_flash_attention(options, fields))
    ours, failure = our_launch(options), None
    with ExitStack() as stack:
        servers = [stack.enter_context(RunningServer(launch)) for launch in (ours, peer)]
        try:
            run_contest(points, [side(server, fields) for server in servers], record, ProgressLines())
        except (KeyboardInterrupt, ZaphodError) as error:
            failure = error
    outcomes, environment = outcomes_of(points, record.samples, OURS), describe_environment()
    about = words(options, ours, peer)
    page = as_markdown("server_load", environment, found, outcomes) + f"\n{about}"
    print(page)
    if failure is None and not options.print_only:
        publish("server_load", page, as_json(environment, found, record.samples, outcomes) | {"about": about})
    if failure is not None:
        sys.exit(f"ended early, so nothing was published: {failure or 'stopped'}")


def parse() -> argparse.Namespace:
    """Options, in the order in which they matter."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a GGUF file; see `zaphod bench make`")
    parser.add_argument("--llama-python", required=True, help="an interpreter that has llama-cpp-python's server")
    parser.add_argument("--clients", default="1,4,16,64")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--requests-per-client", type=int, default=2)
    parser.add_argument("--input-len", type=int, default=128)
    parser.add_argument("--output-len", type=int, default=64)
    parser.add_argument("--threads", type=int, default=usable_cores())
    parser.add_argument("--serve-flags", default="", help="more flags for `zaphod serve`, in one word")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--record", type=Path, help="keep samples here, and go on from those there")
    parser.add_argument("--print-only", action="store_true", help="do not touch benchmarks/results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
