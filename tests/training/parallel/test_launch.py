import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from tests.support.ranks import RankError, RankPool

from zaphod.core.errors import ConfigError
from zaphod.training.parallel.config import ParallelConfig
from zaphod.training.parallel.launch import RankFailedError, run_ranks
from zaphod.training.parallel.process_ranks import process_ranks

# Ranks here join nothing and import nothing: starting and ending them is what is looked at.
WRITES_WHO_IT_IS = "import json, os, sys; json.dump({**os.environ}, open(sys.argv[1] + '/' + os.environ['RANK'], 'w'))"
SECOND_FAILS = "import os, sys, time; sys.exit('disk on fire') if os.environ['RANK'] == '1' else time.sleep(60)"
SECOND_IS_KILLED = "import os, time; os.kill(os.getpid(), 9) if os.environ['RANK'] == '1' else time.sleep(60)"
WAITS = "import os, sys, pathlib, time; pathlib.Path(sys.argv[1], os.environ['RANK']).touch(); time.sleep(60)"


def wait_for(condition: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen"
        time.sleep(0.02)


def children() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


def test_every_rank_is_told_who_it_is_and_where_the_others_are(tmp_path: Path) -> None:
    run_ranks([sys.executable, "-c", WRITES_WHO_IT_IS, str(tmp_path)], 3)
    told = [json.loads((tmp_path / str(rank)).read_text()) for rank in range(3)]
    assert {environment["WORLD_SIZE"] for environment in told} == {"3"}
    assert {environment["OMP_NUM_THREADS"] for environment in told} == {"1"}
    assert len({environment["MASTER_PORT"] for environment in told}) == 1


def test_a_rank_that_fails_ends_the_others_and_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    before = children()
    with pytest.raises(RankFailedError, match="Rank 1 ended with exit code 1; the others were ended"):
        run_ranks([sys.executable, "-c", SECOND_FAILS], 2, grace_s=0.2)
    assert "rank 1: disk on fire" in capfd.readouterr().err
    assert children() <= before


def test_a_rank_that_is_killed_is_named_with_its_signal() -> None:
    with pytest.raises(RankFailedError, match="Rank 1 was ended by SIGKILL"):
        run_ranks([sys.executable, "-c", SECOND_IS_KILLED], 2, grace_s=0.2)


def test_ctrl_c_reaches_every_rank(tmp_path: Path) -> None:
    before = children()

    def press() -> None:
        wait_for(lambda: len(list(tmp_path.iterdir())) == 2)
        os.kill(os.getpid(), signal.SIGINT)

    presses = threading.Thread(target=press)
    presses.start()
    with pytest.raises(KeyboardInterrupt):
        run_ranks([sys.executable, "-c", WAITS, str(tmp_path)], 2, grace_s=0.2)
    presses.join()
    assert children() <= before


STARTER = """
import sys
from zaphod.training.parallel.launch import run_ranks
run_ranks([sys.executable, "-c", sys.argv[1], sys.argv[2]], 2)
"""
RANK = """
import os, pathlib, sys, time
from zaphod.training.parallel.launch import watch_starter
watch_starter()
pathlib.Path(sys.argv[1], str(os.getpid())).touch()
time.sleep(60)
"""


def test_ranks_end_with_a_starter_that_was_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", STARTER, RANK, str(tmp_path)]) as starter:
        wait_for(lambda: len(list(tmp_path.iterdir())) == 2)
        starter.send_signal(signal.SIGKILL)
    pids = [int(path.name) for path in tmp_path.iterdir()]
    wait_for(lambda: not any(psutil.pid_exists(pid) for pid in pids))


def test_a_run_needs_a_rank() -> None:
    with pytest.raises(ConfigError, match="at least one"):
        run_ranks(["true"], 0)


def test_a_process_that_is_no_rank_cannot_join(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(ConfigError, match="was not started as a rank"), process_ranks(ParallelConfig()):
        pass


def leave_or_sum(leaver: int) -> None:
    import torch
    import torch.distributed as dist

    from zaphod.training.parallel.process_ranks import ProcessRanks

    ranks = ProcessRanks(ParallelConfig(), torch.device("cpu"))
    if dist.get_rank() == leaver:
        os._exit(9)
    ranks.totals(torch.ones(1000))


def test_those_who_wait_for_a_rank_that_died_are_told() -> None:
    pool = RankPool(2)
    try:
        with pytest.raises(RankError, match="UnavailableError: Another rank does not answer"):
            pool.run(leave_or_sum, 1)
    finally:
        pool.close()
