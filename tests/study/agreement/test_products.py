"""Products of stored matrices: what is right passes in every format, and whatever is wrong is seen."""

import numpy as np
import pytest
from tests.support.tiny_models import open_tiny, tiny_config, write_tiny

from zaphod.compute.kernels import dispatch
from zaphod.compute.quant import format_named
from zaphod.model.files.weights import open_model
from zaphod.model.native import load_native

if not dispatch.native_is_available():
    pytest.skip(f"native kernels: {dispatch.why_not()}", allow_module_level=True)

from zaphod.study.agreement.products import check_product, compare_product, lifelike_activations

GATE, UP = "layers.0.moe.experts.gate", "layers.0.moe.experts.up"
STORED = {
    "float32": "float32",
    "float16": "float32",
    "bfloat16": "bfloat16",
    "int8": "int8",
    "int8-channel": "int8",
    "int8:block=32,scales=float32,axis=-1": "int8",
    "int8:block=32,scales=bfloat16,axis=-1": "int8",
    "int4": "int4",
    "q8_0": "int8",
    "q4_0": "int4",
    "bfloat16-tiles": "bfloat16",
    "int8-tiles": "int8",
    "int8:block=32,scales=bfloat16,axis=-1-tiles": "int8",
    "int4-tiles": "int4",
}


def a_matrix(folder, stored):
    """The first expert's gate as the kernels have it, and as the file has it."""
    with open_model(write_tiny(folder, tiny_config("mixtral"), number_format=format_named(stored))) as weights:
        return load_native(weights).matrices[f"{GATE}.0"], weights.piece(GATE, 0)


def compared(matrix, piece, number_format, change):
    x = lifelike_activations(9, matrix.cols)
    return compare_product(change(dispatch.native().matmul(matrix, x)), piece, x, number_format)


@pytest.mark.parametrize("stored", STORED)
def test_a_right_product_passes_in_every_format(stored, tmp_path):
    matrix, piece = a_matrix(tmp_path, stored)
    check = check_product(matrix, piece, name=GATE, num_alike=8, number_format=STORED[stored], num_threads=1)
    assert check.is_ok
    assert 0 < check.bound_share <= 1
    assert check.stored == stored
    assert check.speed.read_bytes_per_s > 0
    assert check.speed.ops_per_s > 0


@pytest.mark.parametrize("stored", ["float32", "bfloat16", "int8", "int8-channel", "q4_0", "int4"])
@pytest.mark.parametrize(
    "change",
    [
        lambda y: y * np.float32(1.001),
        lambda y: np.roll(y, 1, axis=1),
        lambda y: np.where(np.arange(y.size).reshape(y.shape) == 5, np.nan, y),
        lambda y: np.where(np.arange(y.size).reshape(y.shape) == 5, 0, y),
    ],
    ids=["a scale that is off", "rows exchanged", "one that is no number", "one that is missing"],
)
def test_a_wrong_product_is_seen(stored, change, tmp_path):
    matrix, piece = a_matrix(tmp_path, stored)
    assert compared(matrix, piece, STORED[stored], lambda y: y).bound_share <= 1
    assert not compared(matrix, piece, STORED[stored], change).bound_share <= 1


def test_another_matrix_is_seen(tmp_path):
    with open_tiny(tmp_path, "mixtral") as weights:
        matrix = load_native(weights).matrices[f"{UP}.0"]
        check = check_product(
            matrix, weights.piece(GATE, 0), name=GATE, num_alike=1, number_format="float32", num_threads=1
        )
    assert not check.is_ok


def test_rounding_activations_to_codes_is_told_and_allowed(tmp_path):
    matrix, piece = a_matrix(tmp_path, "q8_0")
    comparison = compared(matrix, piece, "int8", lambda y: y)
    assert 1e-3 < comparison.relative_error < 0.05
    assert 0.5 < comparison.code_share <= 1


def test_activations_have_a_few_large_channels():
    sizes = np.abs(lifelike_activations(64, 4096)).mean(axis=0)
    assert 2 <= (sizes > 8 * np.median(sizes)).sum() <= 40
