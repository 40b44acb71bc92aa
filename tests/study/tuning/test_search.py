"""The search on a tiny random model, and that what it may choose changes no bit of a result."""

import numpy as np
import pytest
from tests.support.tiny_models import tiny_config

from zaphod.compute.kernels import dispatch
from zaphod.engine.batch import Scheduled, assemble

if not dispatch.native_is_available():
    pytest.skip(f"native kernels: {dispatch.why_not()}", allow_module_level=True)

from zaphod.engine.native_runner import NativeRunner
from zaphod.engine.tuning import CHUNK_BYTES
from zaphod.model.native import load_native
from zaphod.study.tuning.random_model import random_weights
from zaphod.study.tuning.search import CHUNK_SIZES, search, thread_counts


@pytest.fixture
def weights():
    return random_weights(tiny_config("grok-1", num_layers=1))


def test_every_setting_is_tried_with_its_default_among_the_choices(weights):
    tuning, found = search(weights, num_cores=2, num_rounds=3)
    assert {one.setting: list(one.trial.ratios) for one in found} == {
        "threads": [2, 1],
        "chunk_bytes": [CHUNK_BYTES, *(size for size in CHUNK_SIZES if size != CHUNK_BYTES)],
        "huge_pages": [True, False],
    }
    for one in found:
        assert getattr(tuning, one.setting) == one.trial.kept
        assert (one.setting in tuning.margins) == (one.trial.kept != one.trial.default)


def test_small_pages_are_left_out_where_they_would_not_fit(weights):
    _, found = search(weights, num_cores=1, num_rounds=3, with_huge_pages=False)
    assert [one.setting for one in found] == ["threads", "chunk_bytes"]


def test_no_bit_depends_on_chunks_or_pages(weights):
    def logits(chunk_bytes, huge_pages, threads):
        loaded = load_native(weights, huge_pages=huge_pages)
        runner = NativeRunner(loaded, chunk_bytes=chunk_bytes, num_threads=threads, max_len=32)
        return runner.forward(assemble([Scheduled(range(30), 0, (0,), num_logits=30)], 32)).copy()

    want = logits(64 * 1024, True, 1)
    assert np.isfinite(want).all()
    for chunk_bytes in (1, 4096, 1 << 30):
        assert np.array_equal(logits(chunk_bytes, False, 2), want)


def test_chunks_of_nothing_are_refused(weights):
    with pytest.raises(ValueError, match="chunks must be positive"):
        NativeRunner(load_native(weights), chunk_bytes=0)


def test_random_weights_are_the_same_each_time(weights):
    again = random_weights(tiny_config("grok-1", num_layers=1))
    for name in ("layers.0.moe.experts.up", "embedding.weight"):
        assert np.array_equal(weights.piece(name, 0).decode(), again.piece(name, 0).decode())
    assert weights.format("layers.0.moe.experts.up").name == "q8_0"
    assert weights.format("layers.0.moe.router.weight").name == "float32"


@pytest.mark.parametrize(
    ("cores", "counts"),
    [(1, [1]), (2, [1, 2]), (8, list(range(1, 9))), (12, [1, 2, 4, 6, 8, 9, 12]), (64, [1, 2, 4, 8, 16, 32, 48, 64])],
)
def test_numbers_of_threads_that_are_tried(cores, counts):
    assert thread_counts(cores) == counts
