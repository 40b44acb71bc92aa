"""Which function predicts which metric of a measured table: one line a metric; computes nothing itself.

A predictor takes a `Point` and gives an `Estimate` in any unit that `units.in_unit` can turn into the row's own
(seconds, bytes, joules, watts, `tok/s`, `GPU-h`, kilograms, `USD` ...), or raises `RefusedError`. It is named by its
path, so that nothing is imported before it is asked for.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import NamedTuple, cast

from zaphod.capacity.estimate import Estimate, RefusedError
from zaphod.capacity.validation.points import Point

Predictor = Callable[[Point], Estimate]


class Rule(NamedTuple):
    """Points whose category and metric match (regular expressions, whole words in lower case) go to a predictor."""

    category: str
    metric: str
    predictor: str
    """`module:function` below `zaphod.capacity.validation`."""


_SERVED = "decode.*|e2e|latency|prefill|ttft|throughput|serving|inference|itl|tpot|latency_.*|capacity|fleet"

RULES: tuple[Rule, ...] = (
    # one user, whole answers, gaps between tokens
    Rule("decode_b1", ".*tok.*", "serving:tokens_per_s_per_user"),
    Rule(_SERVED, ".*(per_user|single_stream).*", "serving:tokens_per_s_per_user"),
    Rule(_SERVED, "(median_|p50_)?(itl|inter_token_latency)|decode_step(_time)?|step_time", "serving:pure_step"),
    Rule(_SERVED, ".*(tpot|itl|inter_token|time_per_output_token).*", "serving:mean_gap"),
    Rule(_SERVED, ".*(ttft|time_to_first|first_token).*", "serving:first_token"),
    Rule(_SERVED, ".*prefill.*tok.*|.*input_tok.*|.*prompt_tok.*", "serving:prefill_rate"),
    Rule(_SERVED, ".*prefill.*|.*prompt_(time|latency|eval).*", "serving:prefill_seconds"),
    Rule(_SERVED, ".*e2e.*|.*end_to_end.*|.*latency.*|request_time", "serving:whole_request"),
    # everyone together
    Rule("fleet", ".*tok.*per_node.*|.*tok.*", "serving:fleet_rate"),
    Rule(_SERVED, ".*total_tok.*|total_throughput", "serving:all_tokens"),
    Rule(_SERVED, ".*req.*per_s.*|request_throughput|.*qps.*|.*rps.*", "serving:requests"),
    Rule(_SERVED, ".*tok.*|.*throughput.*", "serving:output_tokens"),
    # memory
    Rule(".*", ".*(checkpoint|weight|model)_?(bytes|size|memory|gib|gb).*|file_size", "memory:weights"),
    Rule(".*", ".*kv.*per_token.*", "memory:kv_per_token"),
    Rule(".*", ".*kv.*(token|capacity|block|size).*|.*cache_tokens.*", "memory:kv_tokens"),
    Rule(".*", ".*(max|num).*(concurren|seqs|sequences|batch).*", "memory:max_sequences_of"),
)
"""The first that matches is taken."""


def predictor_of(point: Point) -> Predictor:
    """Raises `RefusedError` where no rule fits the point's category and metric."""
    for rule in RULES:
        if re.fullmatch(rule.category, point.category) and re.fullmatch(rule.metric, point.metric):
            module, _, name = rule.predictor.partition(":")
            found = getattr(importlib.import_module(f"zaphod.capacity.validation.{module}"), name)
            return cast(Predictor, found)
    raise RefusedError(
        f"Nothing predicts {point.metric!r} of category {point.category!r}.",
        "",
        "The metrics that can be predicted are listed in zaphod.capacity.validation.predictors.",
    )
