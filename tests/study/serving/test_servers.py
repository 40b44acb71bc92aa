"""Processes of a server: waited for, weighed and ended; what fails says what was printed."""

import sys
import time

import psutil
import pytest

from zaphod.core.errors import ZaphodError
from zaphod.study.benchmarks.serving.servers import ProcessTrack, ProcessWatch, RunningServer, ServerLaunch, free_port

PARENT = """
import http.server, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def launch(script, **options):
    port = free_port()
    command = [sys.executable, "-c", script, str(port)]
    return ServerLaunch(name="mine", command=command, port=port, ready_path="/", **options)


def test_a_server_that_ends_is_an_error_with_what_it_printed():
    with (
        pytest.raises(ZaphodError, match=r"mine ended with code 3.*(?s:.)*no model"),
        RunningServer(launch("print('no model'); raise SystemExit(3)")),
    ):
        pass


def test_a_server_that_never_answers_is_given_up_and_ended():
    waiting = RunningServer(launch("import time; time.sleep(600)", start_timeout_s=0.3))
    with pytest.raises(ZaphodError, match="not ready within"), waiting:
        pass
    assert not waiting.weigh()


def test_its_children_are_weighed_and_ended_with_it():
    with RunningServer(launch(PARENT)) as server:
        weights = server.weigh()
        assert len(weights) == 2
        assert all(weight.resident_bytes > 1_000_000 for weight in weights.values())
        assert server.cpu_seconds() > 0
    assert not any(is_running(process_id) for process_id in weights)


def is_running(process_id):
    """Whether it does anything; where nobody collects orphans, a dead one keeps its number."""
    try:
        return psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_memory_is_sampled_while_the_block_runs():
    with RunningServer(launch(PARENT)) as server:
        with ProcessWatch(server, period_s=0.01) as watch:
            time.sleep(0.1)
        first, child = watch.tracks()
    assert len(first.times_s) == len(first.resident_bytes) > 1
    assert first.process_id != child.process_id


def test_the_slope_is_that_of_the_line_through_the_samples():
    times_s = tuple(float(second) for second in range(10))
    sizes = tuple(100 if second < 5 else 1000 + 10 * second for second in range(10))
    track = ProcessTrack(
        process_id=1, times_s=times_s, resident_bytes=sizes, cpu_s=tuple(0.5 * at_s for at_s in times_s)
    )
    assert track.cpu_share == 0.5
    assert track.slope_bytes_per_min(skip_s=5) == pytest.approx(600)
    assert track.slope_bytes_per_min() > 600
    assert track.slope_bytes_per_min(skip_s=8) is None
