"""What is timed is what was asked for: every token of every sequence, at its place, behind those before."""

import numpy as np
import pytest

from zaphod.core.errors import ConfigError
from zaphod.engine import throughput
from zaphod.engine.throughput import Work, Workbench, measure
from zaphod.engine.torch_runner import TorchRunner
from zaphod.testing import tiny_model


class Recorded:
    """A runner that also keeps every batch."""

    def __init__(self, num_blocks=64):
        self.runner = TorchRunner(tiny_model(), num_blocks=num_blocks, block_size=8)
        self.vocab_size, self.num_blocks = self.runner.vocab_size, num_blocks
        self.block_size, self.max_len = 8, self.runner.max_len
        self.batches = []

    def forward(self, batch):
        self.batches.append(batch)
        return self.runner.forward(batch)

    def adapter_id(self, name):
        return self.runner.adapter_id(name)


def test_a_run_reads_the_prompt_in_one_pass_and_adds_tokens_one_by_one():
    runner = Recorded()
    assert len(measure(runner, Work(prompt=5, generate=3, batch=2), repeat=1)) == 1
    lengths = [batch.query_lens_B.tolist() for batch in runner.batches]
    warm_up, timed = [[5, 5], [1, 1]], [[5, 5], [1, 1], [1, 1], [1, 1]]
    assert lengths == warm_up + timed
    assert runner.batches[-1].positions_T.tolist() == [7, 7]


def test_tokens_before_are_read_once_however_often_a_test_is_repeated():
    runner = Recorded()
    measure(runner, Work(generate=1, depth=20), repeat=3)
    assert [batch.context_lens_B.tolist() for batch in runner.batches] == [[20], [21], [21], [21], [21]]


def test_sequences_share_no_block():
    runner = Recorded()
    Workbench(runner, num_sequences=3, length=20).read(0, 20)
    tables = runner.batches[0].block_tables_BN
    assert len(np.unique(tables)) == tables.size == 9


def test_a_long_prompt_is_read_in_passes_and_only_the_last_asks_for_logits(monkeypatch):
    monkeypatch.setattr(throughput, "TOKENS_A_PASS", 24)
    runner = Recorded()
    Workbench(runner, num_sequences=2, length=30).read(0, 30)
    assert [len(batch.token_ids_T) for batch in runner.batches] == [24, 24, 12]
    assert [len(batch.logit_rows_R) for batch in runner.batches] == [0, 0, 2]


@pytest.mark.parametrize(("num_sequences", "length"), [(9, 60), (1, 10**6)])
def test_a_cache_that_is_too_small_is_refused_with_numbers(num_sequences, length):
    with pytest.raises(ConfigError, match=f"{num_sequences} sequences of {length} tokens"):
        Workbench(Recorded(), num_sequences=num_sequences, length=length)


@pytest.mark.parametrize(
    ("work", "name"),
    [
        (Work(prompt=512), "pp512"),
        (Work(generate=128, depth=8192), "tg128 @ d8192"),
        (Work(prompt=4, generate=2), "pp4+tg2"),
    ],
)
def test_tests_are_named_as_llama_bench_names_them(work, name):
    assert work.name == name
