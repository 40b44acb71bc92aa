"""Adapters read from peft's files: written by peft itself, or by hand under the names of every layout."""

import json

import numpy as np
import peft
import pytest
import torch
import transformers
from tests.model.test_transformers_parity import configs
from tests.support.adapters import merge, random_adapter, write_peft
from tests.support.tiny_models import PRESET_OF_FAMILY, tiny_config

from zaphod.core.errors import ConfigError, CorruptFileError, MissingTensorError, UnsafeFileError, WeightsError
from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.torch_runner import TorchRunner
from zaphod.model.adapters import Adapter, read_adapter
from zaphod.model.files.names import GRANITE_MOE, HUGGING_FACE_LAYOUTS, KEYFAN_GROK_1, OURS
from zaphod.model.files.weights import open_model
from zaphod.model.loading import load_transformer
from zaphod.testing import tiny_model

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
EXPERTS = ["experts.gate_up_proj", "experts.down_proj"]
PEFT_SETTINGS = {
    "attention": {"target_modules": ATTENTION},
    "attention and experts": {"target_modules": ATTENTION, "target_parameters": EXPERTS},
    "down alone": {"target_modules": ["v_proj"], "target_parameters": EXPERTS[1:]},
    "stabilised": {"target_modules": ATTENTION, "target_parameters": EXPERTS, "use_rslora": True},
    "patterns": {
        "target_modules": ATTENTION,
        "target_parameters": EXPERTS,
        "rank_pattern": {"q_proj": 5, "gate_up_proj": 3},
        "alpha_pattern": {"layers.1.self_attn.v_proj": 20, "experts.down_proj": 7},
    },
}


@pytest.fixture(scope="module", params=configs())
def saved(request, tmp_path_factory):
    torch.manual_seed(3)
    model = transformers.AutoModelForCausalLM.from_config(configs()[request.param], attn_implementation="eager").eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.15 if parameter.dim() > 1 else 0.3).add_(parameter.dim() == 1)
    folder = tmp_path_factory.mktemp(request.param)
    model.save_pretrained(folder)
    return folder


# What peft asks of transformers, and how it counts parameters among modules, is not our matter.
@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")
@pytest.mark.filterwarnings("ignore:The following .*_pattern keys:RuntimeWarning")
@pytest.mark.parametrize("case", PEFT_SETTINGS)
def test_it_computes_what_peft_computes(saved, case, tmp_path):
    torch.manual_seed(9)
    theirs = transformers.AutoModelForCausalLM.from_pretrained(saved, attn_implementation="eager").eval()
    theirs = peft.get_peft_model(theirs, peft.LoraConfig(r=4, lora_alpha=6, **PEFT_SETTINGS[case]))
    with torch.no_grad():
        for name, parameter in theirs.named_parameters():
            if "lora_" in name:
                parameter.normal_(std=0.2)
    theirs.save_pretrained(tmp_path)
    tokens = torch.randint(0, 96, (24,))
    with torch.no_grad():
        want = theirs(tokens[None]).logits[0].float().numpy()
    got = logits(saved, tokens.tolist(), tmp_path)
    assert np.abs(got - logits(saved, tokens.tolist())).max() > 0.05 * np.abs(want).max()
    np.testing.assert_allclose(got, want, atol=1e-4 * np.abs(want).max(), rtol=0)


def logits(folder, tokens, adapter_folder=None):
    with open_model(folder) as weights:
        runner = TorchRunner(load_transformer(weights, torch.float32))
    if adapter_folder is not None:
        runner.load_adapter("theirs", read_adapter(adapter_folder, runner.model.config))
    adapter_id = -1 if adapter_folder is None else runner.adapter_id("theirs")
    batch = assemble([Scheduled(tokens, 0, range(4), num_logits=len(tokens), adapter_id=adapter_id)], 32)
    return runner.forward(batch)


def test_an_adapter_that_peft_made_of_our_own_network_is_read(tmp_path):
    torch.manual_seed(9)
    targets = ["experts.gate", "experts.up", "experts.down"]
    theirs = peft.get_peft_model(
        tiny_model(seed=1), peft.LoraConfig(r=2, lora_alpha=4, target_modules=["q_proj"], target_parameters=targets)
    )
    with torch.no_grad():
        for name, parameter in theirs.named_parameters():
            if "lora_" in name:
                parameter.normal_()
    theirs.save_pretrained(tmp_path)
    ours = merge(tiny_model(seed=1), read_adapter(tmp_path, tiny_model().config)).state_dict()
    for name, tensor in theirs.merge_and_unload().state_dict().items():
        torch.testing.assert_close(ours[name], tensor)


def layouts():
    for family in PRESET_OF_FAMILY:
        yield family, OURS
        # Granite's files hold gate and up as one stack, which our writer for tests does not join.
        if HUGGING_FACE_LAYOUTS[family] not in (OURS, GRANITE_MOE):
            yield family, HUGGING_FACE_LAYOUTS[family]
    yield "grok-1", KEYFAN_GROK_1


@pytest.mark.parametrize(("family", "layout"), list(layouts()), ids=lambda value: getattr(value, "name", value))
def test_parts_are_found_under_the_names_of_every_layout(family, layout, tmp_path):
    config = tiny_config(family)
    adapter = random_adapter(config)
    assert_equal(read_adapter(write_peft(tmp_path / "a", adapter, layout), config), adapter)


def assert_equal(got: Adapter, want: Adapter):
    assert got.parts.keys() == want.parts.keys()
    for name, part in want.parts.items():
        np.testing.assert_allclose(got.parts[name].a, part.a, rtol=1e-6)
        np.testing.assert_allclose(got.parts[name].b, part.b, rtol=1e-6)


CONFIG = tiny_config("mixtral")
MIXTRAL = HUGGING_FACE_LAYOUTS["mixtral"]


def written(tmp_path, change=None, only="attention", **settings):
    """An adapter of Mixtral; `change` maps its tensors to others."""
    folder = write_peft(tmp_path / "a", random_adapter(CONFIG, only=only), MIXTRAL, **settings)
    if change is not None:
        from safetensors.numpy import load_file, save_file

        save_file(change(load_file(folder / "adapter_model.safetensors")), folder / "adapter_model.safetensors")
    return folder


@pytest.mark.parametrize("settings", [{"alpha": 12.0}, {"alpha": 12.0, "use_rslora": True}])
def test_the_scale_follows_from_alpha_and_rank(settings, tmp_path):
    assert_equal(read_adapter(written(tmp_path, **settings), CONFIG), random_adapter(CONFIG, only="attention"))


def test_experts_without_a_part_are_left_as_they_are(tmp_path):
    def first_two(tensors):
        return {name: array for name, array in tensors.items() if "experts.2." not in name and "experts.3." not in name}

    stack = read_adapter(written(tmp_path, first_two, only="0.moe.experts.up"), CONFIG).parts["layers.0.moe.experts.up"]
    assert [bool(b.any()) for b in stack.b] == [True, True, False, False]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("use_dora", True),
        ("bias", "all"),
        ("modules_to_save", ["lm_head"]),
        ("peft_type", "IA3"),
        ("init_lora_weights", "pissa_niter_4"),
        ("fan_in_fan_out", True),
        ("layer_replication", [[0, 2], [1, 2]]),
        ("an_idea_of_next_year", {"strength": 1}),
    ],
)
def test_a_setting_that_changes_the_result_is_refused(key, value, tmp_path):
    with pytest.raises(ConfigError, match=f"says {key} = "):
        read_adapter(written(tmp_path, **{key: value}), CONFIG)


@pytest.mark.parametrize("key", ["lora_alpha", "alpha_pattern", "target_parameters", "use_rslora"])
def test_a_malformed_setting_is_refused(key, tmp_path):
    with pytest.raises(ConfigError, match=key):
        read_adapter(written(tmp_path, **{key: "seven"}), CONFIG)


def test_a_pattern_that_is_no_expression_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="regular expression"):
        read_adapter(written(tmp_path, alpha_pattern={"(": 1.0}), CONFIG)


def renamed(old, new):
    return lambda tensors: {name.replace(old, new): array for name, array in tensors.items()}


@pytest.mark.parametrize(
    "module", ["model.layers.0.block_sparse_moe.gate", "lm_head", "model.layers.9.self_attn.q_proj", "model.norm"]
)
def test_a_part_for_anything_but_a_projection_is_refused(module, tmp_path):
    with pytest.raises(ConfigError, match=f"a part for '{module}'"):
        read_adapter(written(tmp_path, renamed("model.layers.0.self_attn.q_proj", module)), CONFIG)


@pytest.mark.parametrize("new", [".lora_magnitude_vector", ".lora_B.bias", ".lora_embedding_B"])
def test_a_tensor_of_another_kind_is_refused(new, tmp_path):
    with pytest.raises(ConfigError, match="unknown kind"):
        read_adapter(written(tmp_path, renamed(".lora_B.weight", new)), CONFIG)


def test_half_a_pair_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="one half"):
        read_adapter(
            written(tmp_path, lambda tensors: {k: v for k, v in tensors.items() if "q_proj.lora_B" not in k}), CONFIG
        )


def test_an_adapter_without_tensors_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no tensors"):
        read_adapter(written(tmp_path, lambda tensors: {}), CONFIG)


def test_an_adapter_of_a_wider_model_is_refused(tmp_path):
    with pytest.raises(MissingTensorError, match=r"is \[3, 64\] and \[32, 3\]"):
        read_adapter(written(tmp_path), tiny_config("mixtral", hidden_size=48))


def test_wrappers_without_a_name_are_refused(tmp_path):
    adapter = random_adapter(CONFIG, only="experts.down")
    with pytest.raises(ConfigError, match="target_parameters"):
        read_adapter(write_peft(tmp_path / "a", adapter, OURS), CONFIG)
    folder = write_peft(tmp_path / "a", adapter, OURS, target_parameters=["experts.down"])
    assert_equal(read_adapter(folder, CONFIG), adapter)


def test_numbers_that_are_not_finite_are_refused(tmp_path):
    def broken(tensors):
        next(iter(tensors.values()))[0, 0] = np.nan
        return tensors

    with pytest.raises(CorruptFileError, match="finite"):
        read_adapter(written(tmp_path, broken), CONFIG)


def test_a_folder_without_an_adapter_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="no file or folder"):
        read_adapter(tmp_path / "nowhere", CONFIG)
    with pytest.raises(MissingTensorError, match="has no adapter_model"):
        read_adapter(tmp_path, CONFIG)
    (tmp_path / "adapter_model.bin").write_bytes(b"")
    with pytest.raises(UnsafeFileError, match="pickled"):
        read_adapter(tmp_path, CONFIG)


def test_an_adapter_without_its_settings_is_refused(tmp_path):
    folder = written(tmp_path)
    (folder / "adapter_config.json").unlink()
    with pytest.raises(WeightsError, match="adapter_config"):
        read_adapter(folder, CONFIG)
    (folder / "adapter_config.json").write_text(json.dumps([]))
    with pytest.raises(CorruptFileError):
        read_adapter(folder, CONFIG)
