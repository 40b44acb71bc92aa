"""`zaphod run` with a model that is told of tools; its weights are random, so that what it says is not judged here."""

import shutil
from pathlib import Path

import pytest
import torch
from tests.cli.conftest import Zaphod

from zaphod.launch.assistant.assistant import Assistant, Outcome
from zaphod.model.transformer import Transformer
from zaphod.testing import TINY_CONFIG
from zaphod.training.editions import SECOND
from zaphod.training.export import export_packed
from zaphod.training.initialise import initialise
from zaphod.training.tokenizer import save_tokenizer


@pytest.fixture(scope="module")
def told_of_tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("second")
    tokenizer = SECOND.make_tokenizer(texts_per_task=20)
    save_tokenizer(tokenizer, folder / "tokenizer")
    changes = {"vocab_size": tokenizer.get_vocab_size(), "eos_token_ids": (3,), "context_length": 512}
    config = type(TINY_CONFIG).from_dict({**TINY_CONFIG.to_dict(), **changes})
    model = Transformer(config)
    initialise(model, config.num_layers, 0)
    masters = {name: p.detach().to(torch.float32) for name, p in model.named_parameters()}
    export_packed(masters, config, folder / "tokenizer", folder / "model", "float32")
    return folder / "model"


def test_the_model_is_asked_with_tools_and_answers(zaphod: Zaphod, told_of_tools: Path) -> None:
    answer = zaphod("run", str(told_of_tools), "what is 12 * 130?", "--max-tokens", "4", "--json").json
    assert {"text", "note"} <= answer.keys()


def test_what_came_of_the_answer_is_printed_below_it(
    zaphod: Zaphod, told_of_tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Assistant, "answer", lambda self, question: Outcome("2+2+0=04\n= 4", "checked"))
    assert zaphod("run", str(told_of_tools), "2 + 2").out == "2+2+0=04\n= 4\nchecked\n"


def test_a_dictionary_that_is_not_there_is_told(zaphod: Zaphod, told_of_tools: Path) -> None:
    outcome = zaphod("run", str(told_of_tools), "define keel", "--dictionary", "/nowhere")
    assert outcome.code == 2
    assert "no definitions" in outcome.err


def test_other_models_take_no_dictionary(zaphod: Zaphod, told_of_tools: Path, tmp_path: Path) -> None:
    other = shutil.copytree(told_of_tools, tmp_path / "other")
    (other / "chat_template.jinja").write_text("{{ messages[-1]['content'] }}")
    outcome = zaphod("run", str(other), "define keel", "--dictionary", str(tmp_path))
    assert outcome.code == 2
    assert "Only the built-in model copies definitions" in outcome.err
