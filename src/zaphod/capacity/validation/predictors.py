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
_TRAINED = "(pre_?)?train(ing|_.*)?|fine_?tun(e|ing)"

RULES: tuple[Rule, ...] = (
    # memory
    Rule(".*", ".*kv.*per_token.*", "memory:kv_per_token"),
    Rule(".*", ".*gpu_blocks.*|.*kv_blocks.*", "memory:kv_blocks"),
    Rule(".*", ".*kv.*(token|capacity|size|memory|bytes|gib|gb).*|.*cache_tokens.*", "memory:kv_tokens"),
    Rule(".*", ".*max_total_(num_)?tokens.*|.*token_capacity.*|.*capacity.*token.*", "memory:kv_tokens"),
    Rule(".*", ".*max.*(concurren|seqs|sequences|batch|requests).*", "memory:max_sequences_of"),
    Rule(".*", ".*(checkpoint|weights?|model)_?(bytes|size|memory|gib|gb|footprint).*|file_size", "memory:weights"),
    Rule("memory|capacity|inference_memory|serving", ".*(memory|vram|hbm).*", "memory:device_memory"),
    # what it takes: watts, joules, emissions, dollars
    Rule(".*", ".*(co2|carbon|emission|tco2).*", "spending:emissions"),
    Rule(".*", ".*tok.*_per_(j|joule|joules)", "spending:tokens_per_joule"),
    Rule(".*", ".*(energy|joule|j|wh)_?per_?(output_|generated_)?tok.*|.*j_per_tok.*", "spending:joules_per_token"),
    Rule(".*", ".*(energy|joule|j|wh)_?per_?(request|response|answer|query|prompt).*", "spending:joules_per_request"),
    Rule(".*", ".*(power|watt).*", "spending:watts"),
    Rule(".*", ".*energy.*|.*[mgk]wh.*", "spending:run_energy"),
    Rule(".*", ".*(cost|usd|price|dollar).*", "spending:dollars"),
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
    # training
    Rule(
        _TRAINED,
        ".*(step|iteration)s?_?(time|s|ms|seconds|latency).*|time_per_(step|iteration)",
        "training:step_seconds",
    ),
    Rule(_TRAINED, ".*(tok|seq|sample|example).*(gpu|device|chip|accelerator).*", "training:rate_per_device"),
    Rule(_TRAINED, ".*(tok|seq|sample|example).*|.*throughput.*", "training:rate"),
    Rule(_TRAINED, ".*mfu.*|.*(model|flops?)_utili[sz]ation.*", "training:model_utilisation"),
    Rule(_TRAINED, ".*hfu.*|hardware.*utili[sz]ation.*", "training:hardware_utilisation"),
    Rule(_TRAINED, ".*flop.*", "training:flops_rate"),
    Rule(_TRAINED, ".*(gpu|device|chip|accelerator|h800|h100|a100).*(hours?|h|days?)", "training:device_hours"),
    Rule(_TRAINED, ".*(days?|hours?|wall|duration|run_?time).*", "training:duration"),
    # metrics that mean the same in every category
    Rule(".*", ".*(per_user|single_stream).*", "serving:tokens_per_s_per_user"),
    Rule(".*", ".*(ttft|time_to_first|first_token).*", "serving:first_token"),
    Rule(".*", ".*(tpot|itl|inter_token|time_per_output_token).*", "serving:mean_gap"),
    Rule(".*", ".*prefill.*(time|seconds|latency).*", "serving:prefill_seconds"),
    Rule(".*", ".*e2e.*|.*end_to_end.*", "serving:whole_request"),
    Rule(".*", ".*(output|decode|generat).*tok.*per_s.*", "serving:output_tokens"),
    Rule(".*", ".*(total_tok|tok).*per_s.*", "serving:all_tokens"),
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
