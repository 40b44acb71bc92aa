"""A real Ray cluster of one machine trains; without Ray, what is said about it."""

import importlib
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

from zaphod.core.errors import MissingExtraError
from zaphod.training.config import TrainingConfig, config_from
from zaphod.training.run import train

HAS_RAY = importlib.util.find_spec("ray") is not None
needs_ray = pytest.mark.skipif(not HAS_RAY, reason="Ray is not installed: pip install 'zaphod[ray]'")
pytestmark = [  # warnings of Ray's own code
    pytest.mark.filterwarnings(f"ignore::{kind}") for kind in ("DeprecationWarning", "FutureWarning", "ResourceWarning")
]


def settings(folder: Path, **parallel: Any) -> TrainingConfig:
    (folder / "text.txt").write_text("Two heads are better than one. " * 200)
    return config_from(
        {
            "model": {
                "vocab_size": 288,
                "hidden_size": 32,
                "num_layers": 1,
                "num_heads": 2,
                "num_kv_heads": 1,
                "head_dim": 16,
                "context_length": 64,
                "tie_embeddings": True,
                "moe": {"expert_size": 32, "router": {"num_experts": 4, "top_k": 2}},
            },
            "data": {"texts": [str(folder / "text.txt")], "tokenizer": "bytes", "row_length": 16, "rows_per_part": 2},
            "run": {"num_steps": 6, "threads": 1},
            "precision": {"compute": "float32"},
            "optimiser": {"rule": "adamw"},
            "parallel": parallel,
        }
    )


def losses(run: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (run / "log.jsonl").read_text().splitlines()]


@pytest.mark.skipif(HAS_RAY, reason="Ray is installed")
def test_without_ray_the_extra_is_named() -> None:
    with pytest.raises(MissingExtraError, match=re.escape("pip install 'zaphod[ray]'")):
        importlib.import_module("zaphod.training.parallel.ray_train")


@needs_ray
def test_workers_of_ray_train_like_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    import ray

    from zaphod.training.parallel.ray_train import RayConfig, train_on_ray

    train(settings(tmp_path), tmp_path / "alone")
    ray.init(num_cpus=3, include_dashboard=False, log_to_driver=False, configure_logging=False)
    try:
        result = train_on_ray(settings(tmp_path, expert_ranks=2), tmp_path / "ray", RayConfig(num_workers=2))
    finally:
        ray.shutdown()
    assert result["steps"] == 6
    assert (tmp_path / "ray" / "model" / "packed.safetensors").exists()
    gaps = [abs(a - b) for a, b in zip(losses(tmp_path / "alone"), losses(tmp_path / "ray"), strict=True)]
    assert max(gaps) <= 1e-5
