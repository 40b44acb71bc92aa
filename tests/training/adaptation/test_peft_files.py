"""Updates in peft's files: loaded by peft itself on transformers' network, and read back by ours."""

import json

import numpy as np
import peft
import pytest
import torch
import transformers
from tests.model.test_transformers_parity import configs
from tests.support.adapted import shaken
from tests.support.tiny_models import PRESET_OF_FAMILY, tiny_config, write_tiny

from zaphod.core.errors import ConfigError
from zaphod.model.adapters import read_adapter
from zaphod.model.files.weights import open_model
from zaphod.training.adaptation.changes import changes_from
from zaphod.training.adaptation.config import AdaptationConfig
from zaphod.training.adaptation.model import adapt
from zaphod.training.adaptation.peft_files import write_peft
from zaphod.training.adaptation.source import FromFiles

SETTINGS = {
    "everything": {},
    "stabilised": {"is_rank_stabilised": True},
    "gate alone": {"targets": ("experts.gate", "v_proj")},
    "one layer": {"targets": ("layers.1.*",)},
    "attention": {"targets": ("attention",)},
}


def adapted(folder, **settings):
    with open_model(folder) as weights:
        model = adapt(
            weights.config, FromFiles(weights), AdaptationConfig(rank=4, alpha=6.0, **settings), torch.float32
        )
    return shaken(model, size=0.1)


@pytest.fixture(scope="module", params=["mixtral", "olmoe", "qwen3-moe"])
def saved(request, tmp_path_factory):
    torch.manual_seed(3)
    [config] = [config for name, config in configs().items() if name.startswith(request.param)][:1]
    model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.15 if parameter.dim() > 1 else 0.3).add_(parameter.dim() == 1)
    folder = tmp_path_factory.mktemp(request.param)
    model.save_pretrained(folder)
    return folder


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")
@pytest.mark.filterwarnings("ignore:The following .*_pattern keys:RuntimeWarning")
@pytest.mark.parametrize("case", SETTINGS)
def test_peft_computes_with_our_files_what_we_trained(saved, case, tmp_path):
    model = adapted(saved, **SETTINGS[case])
    changes = changes_from(model.learnt(), model.config.scale)
    write_peft(tmp_path, changes.adapter(), model.config, model.network.config, str(saved))
    theirs = transformers.AutoModelForCausalLM.from_pretrained(saved, attn_implementation="eager").eval()
    ids = torch.randint(0, 96, (1, 24))
    plain = theirs(ids).logits
    theirs = peft.PeftModel.from_pretrained(theirs, tmp_path)
    want, got = theirs(ids).logits, model.network.forward_sequences(ids)
    assert (want - plain).abs().max() > 0.01 * plain.abs().max()
    assert (got - want).abs().max() <= 1e-4 * want.abs().max()


@pytest.mark.parametrize("family", sorted({*PRESET_OF_FAMILY} - {"grok-1"}))
def test_our_reader_reads_what_was_written(family, tmp_path):
    model = adapted(write_tiny(tmp_path / "base", tiny_config(family)))
    adapter = changes_from(model.learnt(), model.config.scale).adapter()
    write_peft(tmp_path / "adapter", adapter, model.config, model.network.config, "base")
    read = read_adapter(tmp_path / "adapter", model.network.config)
    assert read.parts.keys() == adapter.parts.keys()
    for name, part in adapter.parts.items():
        np.testing.assert_allclose(read.parts[name].b @ read.parts[name].a, part.b @ part.a, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("settings", [{"is_decomposed": True}, {"router": "train"}, {"router": "adapt"}])
def test_what_the_engine_cannot_apply_must_be_merged_and_says_so(settings, tmp_path):
    model = adapted(write_tiny(tmp_path / "base", tiny_config("mixtral")), **settings)
    with pytest.raises(ConfigError, match="zaphod adapt merge"):
        changes_from(model.learnt(), model.config.scale).adapter()


def test_fused_experts_have_a_rank_and_an_alpha_of_their_own(tmp_path):
    model = adapted(write_tiny(tmp_path / "base", tiny_config("mixtral")))
    changes = changes_from(model.learnt(), model.config.scale)
    _, file = write_peft(tmp_path / "a", changes.adapter(), model.config, model.network.config, "base")
    settings = json.loads(file.read_text())
    assert settings["rank_pattern"] == {"gate_up_proj": 8}
    assert settings["alpha_pattern"] == {"gate_up_proj": 12.0}
    assert settings["target_modules"] == ["k_proj", "o_proj", "q_proj", "v_proj"]
    assert settings["target_parameters"] == ["experts.down_proj", "experts.gate_up_proj"]
