"""What a pass tells beside its logits, at the borders of its memory and of the parts in which it is computed."""

import numpy as np
import pytest
from tests.support.tiny_models import open_tiny

from zaphod.compute.kernels import dispatch
from zaphod.model.native import load_native, network_options, rope_frequencies

pytestmark = pytest.mark.skipif(dispatch.why_not() is not None, reason=f"native kernels: {dispatch.why_not()}")

NUM_BLOCKS, BLOCK_SIZE = 4, 32

# Widths that fill no vector of 16 numbers; a last layer without experts.
ODD = {"hidden_size": 50, "num_heads": 6, "num_kv_heads": 2, "head_dim": 10, "vocab_size": 37}
CASES = {
    "odd widths": ("mixtral", ODD),
    "sandwich": ("grok-1", {}),
    "last layer dense": ("qwen3-moe", {"dense_layers": (1,), "dense_size": 40}),
    "no experts": ("mixtral", {"moe": None, "dense_size": 40}),
}


class Network:
    """A tiny network that computes at most `max_tokens` at one time, with one sequence in its cache."""

    def __init__(self, folder, case="odd widths", max_tokens=512, threads=1):
        family, changes = CASES[case]
        with open_tiny(folder, family, **changes) as weights:
            self.weights = load_native(weights, precision="float32")
        config = self.weights.config
        matrices, vectors = dict(self.weights.matrices), dict(self.weights.vectors)
        places = (rope_frequencies(config), 0, BLOCK_SIZE, NUM_BLOCKS, max_tokens, threads)
        self.network = dispatch.native().Network(network_options(config), matrices, vectors, *places)

    def read(self, count, *, rows=(), state_rows=None, reports_experts=False, start=0):
        """Tokens start, start + 1 … of one sequence; logits, hidden states, experts."""
        places = np.arange(start, start + count)
        logits = self.network.forward(
            (places % 37).astype(np.int32),
            places.astype(np.int32),
            places.astype(np.int64),
            np.array([count], np.int32),
            np.array([start + count], np.int32),
            np.arange(NUM_BLOCKS, dtype=np.int32)[None],
            np.array(rows, np.int32),
            None,
            None if state_rows is None else np.array(state_rows, np.int32),
            reports_experts,
        )
        return logits.copy(), self.network.states().copy(), self.network.experts().copy()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("max_tokens", "threads"), [(1, 1), (3, 2), (8, 1), (40, 2)])
def test_no_bit_depends_on_the_parts_of_a_pass(case, max_tokens, threads, tmp_path):
    everything = {"rows": range(40), "state_rows": range(40), "reports_experts": True}
    whole = Network(tmp_path / "whole", case).read(40, **everything)
    in_parts = Network(tmp_path / "parts", case, max_tokens, threads).read(40, **everything)
    assert all(np.array_equal(part, all_at_once) for part, all_at_once in zip(in_parts, whole, strict=True))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("rows", [(), (0,), (39,), (7, 8), (0, 15, 16, 38, 39)])
def test_rows_that_are_wanted_are_those_of_all(case, rows, tmp_path):
    network = Network(tmp_path, case, max_tokens=8)
    logits, states, experts = network.read(40, rows=range(40), state_rows=range(40), reports_experts=True)
    got = network.read(40, rows=rows, state_rows=rows[:3], reports_experts=True)
    wanted = logits[list(rows)], states[list(rows[:3])], experts[list(rows)]
    assert [each.shape for each in got] == [each.shape for each in wanted]
    assert all(np.array_equal(a, b) for a, b in zip(got, wanted, strict=True))


def test_the_head_multiplies_the_hidden_states(tmp_path):
    network = Network(tmp_path)
    logits, states, _ = network.read(20, rows=range(20), state_rows=range(20))
    head = network.weights.matrices["head.weight"]
    head_VD = np.stack([head.unpack_row(row) for row in range(head.rows)]).astype(np.float64)
    np.testing.assert_allclose(states @ head_VD.T, logits, rtol=1e-5, atol=1e-4 * np.abs(logits).max())


def test_what_nobody_asked_for_is_not_there(tmp_path):
    network = Network(tmp_path)
    network.read(20, rows=(19,), state_rows=range(20), reports_experts=True)
    _, states, experts = network.read(1, rows=(0,), start=20)
    assert (states.shape, experts.shape) == ((0, 50), (0, 2, 2))
    assert network.read(1, rows=(), state_rows=(), start=21)[1].shape == (0, 50)


def test_before_the_first_pass_there_is_nothing(tmp_path):
    network = Network(tmp_path).network
    assert (network.states().shape, network.experts().shape) == ((0, 50), (0, 2, 2))


@pytest.mark.parametrize("rows", [(-1,), (20,), (3, 3), (4, 3)])
def test_rows_that_would_leave_the_pass_are_refused(rows, tmp_path):
    network = Network(tmp_path)
    with pytest.raises(ValueError, match="wanted row"):
        network.read(20, state_rows=rows)
    with pytest.raises(ValueError, match="wanted row"):
        network.read(20, rows=rows, reports_experts=True)
