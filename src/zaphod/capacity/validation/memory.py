"""Predictors of memory when serving: bytes of weights, of keys and values, and what fits; knows no times."""

from __future__ import annotations

import math

from zaphod.capacity.estimate import Estimate, RefusedError, within
from zaphod.capacity.memory.inference import kv_bytes_per_token, kv_capacity, max_sequences, memory_use
from zaphod.capacity.memory.precisions import weight_bytes
from zaphod.capacity.validation.points import Point
from zaphod.capacity.validation.replicas import kv_precision_of, noted, precision_of, replica_of, shape_of

_WEIGHTS_ERROR = 0.01
_CAPACITY_ERROR = 0.1
_BLOCK_TOKENS = 16


def weights(point: Point) -> Estimate:
    """Of a checkpoint, or of what a device holds of it where the metric or the unit says so."""
    shape, error = shape_of(point)
    size = weight_bytes(shape, precision_of(point.precision))
    whole = within(size, error / 2 + _WEIGHTS_ERROR, "B", "F6: bits of each kind of weight")
    if any(word in f"{point.metric} {point.unit}".lower() for word in ("per_gpu", "/gpu", "per_device", "per gpu")):
        return whole.scaled(1 / max(1, (point.tp or point.n_gpus or 1) * (point.pp or 1)), "B", "split evenly")
    return whole


def kv_per_token(point: Point) -> Estimate:
    """Bytes of the cache for one token of one sequence, copies on several devices not counted."""
    shape, error = shape_of(point)
    size = kv_bytes_per_token(shape, kv_precision_of(point.kv_dtype))
    return within(size, error + 1e-3, "B", "F6")


def kv_tokens(point: Point) -> Estimate:
    """Tokens that the caches of the replica hold; bytes of them where the unit is one of bytes."""
    assumed = replica_of(point)
    tokens = kv_capacity(assumed.replica)
    if "b" in point.unit.lower():
        use = memory_use(assumed.replica)
        devices = 1 if "total" not in point.metric else assumed.replica.num_devices
        tokens = tokens.scaled(use.kv_cache * devices / use.kv_tokens, "B")
    return noted(tokens, assumed)


def kv_blocks(point: Point) -> Estimate:
    """Blocks of 16 tokens, as vLLM counts its cache."""
    return noted(kv_capacity(replica_of(point).replica).scaled(1 / _BLOCK_TOKENS, ""), replica_of(point))


def max_sequences_of(point: Point) -> Estimate:
    """Sequences of the row's length that fit at once."""
    assumed = replica_of(point)
    tokens = point.seq_len or (point.isl or 0) + (point.osl or 0)
    if not tokens:
        raise RefusedError("The row has no length of a sequence.", "", "Fill seq_len, or isl and osl.")
    number = max_sequences(assumed.replica, math.ceil(tokens))
    if number < 1:
        raise RefusedError(f"Not one sequence of {tokens:g} tokens fits.", "", "Use more devices.")
    return noted(within(number, _CAPACITY_ERROR, "sequences", "F6"), assumed)


def device_memory(point: Point) -> Estimate:
    """Bytes in use on each device: at the peak of a training step, or while it serves."""
    # Those of training import half of the room, and rows of served models need none of it.
    from zaphod.capacity.timing.training_layout import memory_of
    from zaphod.capacity.validation.spending import is_training
    from zaphod.capacity.validation.training import setting_of

    if is_training(point):
        setting = setting_of(point)
        return memory_of(setting.shape, setting.layout, setting.job)
    assumed = replica_of(point)
    use = memory_use(assumed.replica)
    total = use.weights + use.kv_cache + use.activations + use.overhead
    return noted(within(total, _CAPACITY_ERROR, "B", "F6"), assumed)
