import hashlib
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from zaphod.core.errors import ConfigError
from zaphod.data.shard_manifest import TokenizerEntry
from zaphod.data.shard_writer import PackedDocument, ShardWriter
from zaphod.data.tokenizer_training import TokenizerTraining, save_tokenizer, train_tokenizer
from zaphod.model.files.conversion import convert
from zaphod.model.files.weights import open_model
from zaphod.model.loading import load_transformer
from zaphod.training.config import config_from
from zaphod.training.run import result_lines, train

MODEL = {
    "vocab_size": 259,
    "hidden_size": 16,
    "num_layers": 2,
    "num_heads": 2,
    "num_kv_heads": 1,
    "head_dim": 8,
    "context_length": 32,
    "moe": {"expert_size": 16, "router": {"num_experts": 4, "top_k": 2, "renormalise": True}},
}


def write_shards(folder: Path) -> Path:
    """Documents of two sources and two domains, as bytes."""
    digest = hashlib.sha256(b"bytes").hexdigest()
    tokenizer = TokenizerEntry(name="bytes", digest=digest, vocab_size=259, end_token_id=257)
    writer = ShardWriter(folder, tokenizer, ("news", "books"), 200)
    rng = random.Random(0)
    for number in range(30):
        ids = [*rng.choices(range(97, 123), k=rng.randint(10, 40)), 257]
        source, domain = ("news", "law") if number % 3 else ("books", "stem")
        writer.add(
            PackedDocument(
                token_ids=ids,
                lineage=json.dumps({"id": str(number)}).encode(),
                source=source,
                licence="CC0-1.0",
                domain=domain,
                timestamp_s=None,
                num_bytes=len(ids) - 1,
            )
        )
    writer.finish(seed=7, recipe={"kind": "test"}, stages=[])
    return folder


@pytest.fixture
def sections(tmp_path: Path) -> dict[str, Any]:
    data = {
        "shards": str(write_shards(tmp_path / "shards")),
        "tokenizer": "bytes",
        "row_length": 16,
        "rows_per_part": 2,
        "validation_share": 0.2,
    }
    return {"model": MODEL, "data": data, "run": {"num_steps": 3}, "logging": {"measures_peak": False}}


def test_shards_mixed_and_with_domains_become_a_model(sections: dict[str, Any], tmp_path: Path) -> None:
    sections |= {"mixture": {"weights": {"books": 0.7, "news": 0.3}}, "domains": {"experts": {"stem": 2, "law": 1}}}
    said: list[str] = []
    result = train(config_from(sections), tmp_path / "run", say=said.append)
    assert "experts of domains: 2 stem, 1 law" in "".join(said)
    assert result.validation is not None
    assert len(result.validation.information) == 2
    assert result.num_steps == 3
    assert "CC0-1.0" in (tmp_path / "run" / "report.html").read_text()
    assert any("bits a byte" in line for line in result_lines(result))


def test_shards_of_another_vocabulary_are_refused(sections: dict[str, Any], tmp_path: Path) -> None:
    training = TokenizerTraining(vocab_size=260)
    save_tokenizer(train_tokenizer(["some text"], training), training, tmp_path / "other")
    sections["data"]["tokenizer"] = str(tmp_path / "other")
    with pytest.raises(ConfigError, match="other words"):
        train(config_from(sections), tmp_path / "run")


def test_shards_ask_for_the_tokenizer_of_their_ids(sections: dict[str, Any], tmp_path: Path) -> None:
    del sections["data"]["tokenizer"]
    with pytest.raises(ConfigError, match="token ids already"):
        train(config_from(sections), tmp_path / "run")


def test_a_vocabulary_larger_than_the_models_is_refused(sections: dict[str, Any], tmp_path: Path) -> None:
    sections["model"] = MODEL | {"vocab_size": 200}
    with pytest.raises(ConfigError, match="vocab_size to 259"):
        train(config_from(sections), tmp_path / "run")


def test_texts_that_are_not_there_are_refused(sections: dict[str, Any], tmp_path: Path) -> None:
    sections["data"] = {"texts": [str(tmp_path / "none")]}
    with pytest.raises(ConfigError, match="is not there"):
        train(config_from(sections), tmp_path / "run")


def test_a_longer_run_goes_on_where_a_shorter_ended(sections: dict[str, Any], tmp_path: Path) -> None:
    train(config_from(sections), tmp_path / "run")
    longer = train(config_from(sections | {"run": {"num_steps": 5}}), tmp_path / "run")
    lines = (tmp_path / "run" / "validation.jsonl").read_text().splitlines()
    assert longer.num_steps == 5
    assert [json.loads(line)["step"] for line in lines] == [3, 5]


def test_what_is_exported_computes_the_same_in_every_format(sections: dict[str, Any], tmp_path: Path) -> None:
    sections["model"] = MODEL | {"family": "mixtral"}
    sections["export"] = {"weights": "float32"}
    folder = train(config_from(sections), tmp_path / "run").model
    ids = torch.from_numpy(np.arange(12)[None] + 97)
    with open_model(folder) as weights:
        convert(weights, "gguf", tmp_path / "m.gguf")
        convert(weights, "safetensors", tmp_path / "hf")
        logits = load_transformer(weights, torch.float32).forward_sequences(ids)
    for place in (tmp_path / "m.gguf", tmp_path / "hf"):
        with open_model(place) as weights:
            torch.testing.assert_close(load_transformer(weights, torch.float32).forward_sequences(ids), logits)
