from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.cli.conftest import Zaphod
from tests.support.tiny import VOCAB_SIZE, write_tiny

from zaphod.compute.kernels import dispatch
from zaphod.testing import tiny_model

needs_kernels = pytest.mark.skipif(not dispatch.native_is_available(), reason=f"native kernels: {dispatch.why_not()}")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny(tmp_path_factory.mktemp("tiny") / "model"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out" / "logits.npz"


def test_logits_are_those_of_the_network(zaphod: Zaphod, model: str, out: Path) -> None:
    outcome = zaphod("logits", "-m", model, "--tokens", "5,6,7,8", "--out", str(out), "--json")
    assert outcome.json == {"out": str(out), "tokens": [4], "logits": [4, 260], "dtype": "float32", "runner": "torch"}
    expected = tiny_model(0, vocab_size=VOCAB_SIZE).forward_sequences(torch.tensor([[5, 6, 7, 8]]))[0]
    with np.load(out) as written:
        np.testing.assert_allclose(written["logits"], expected.numpy(), rtol=1e-5, atol=1e-6)
        assert written["tokens"].tolist() == [5, 6, 7, 8]


def test_a_file_of_several_sequences_gives_one_more_axis(zaphod: Zaphod, model: str, out: Path, tmp_path: Path) -> None:
    tokens = np.arange(12).reshape(3, 4)
    np.savez(tmp_path / "in.npz", tokens=tokens)
    assert zaphod("logits", "-m", model, "--tokens-file", str(tmp_path / "in.npz"), "--out", str(out)).code == 0
    with np.load(out) as written:
        assert written["logits"].shape == (3, 4, 260)
        assert written["logits"].dtype == np.float32


def test_a_prompt_is_encoded_by_the_models_own_tokenizer(zaphod: Zaphod, model: str, out: Path) -> None:
    zaphod("logits", "-m", model, "--prompt", "hi!", "--out", str(out), "--dtype", "bfloat16")
    with np.load(out) as written:
        assert len(written["tokens"]) == 3


def test_the_official_fixture_gives_the_official_logits(zaphod: Zaphod, official_grok1: Path, out: Path) -> None:
    source = official_grok1 / "logits_f32.npz"
    zaphod("logits", "-m", str(official_grok1), "--tokens-file", str(source), "--dtype", "float32", "--out", str(out))
    with np.load(out) as ours, np.load(source) as theirs:
        error = np.linalg.norm(ours["logits"] - theirs["logits"]) / np.linalg.norm(theirs["logits"])
    assert error < 1e-4


@needs_kernels
def test_the_native_kernels_give_the_official_logits(zaphod: Zaphod, official_grok1: Path, out: Path) -> None:
    source = official_grok1 / "logits_f32.npz"
    flags = ("--tokens-file", str(source), "--dtype", "float32", "--runner", "native", "--out", str(out))
    assert zaphod("logits", "-m", str(official_grok1), *flags, "--json").json["runner"] == "native"
    with np.load(out) as ours, np.load(source) as theirs:
        assert ours["logits"].shape == theirs["logits"].shape
        assert np.abs(ours["logits"] - theirs["logits"]).max() < 1e-3


@needs_kernels
def test_a_sequence_longer_than_a_pass_is_computed_in_pieces(zaphod: Zaphod, tmp_path: Path, out: Path) -> None:
    model = str(write_tiny(tmp_path / "long", context_length=700))
    tokens = np.random.default_rng(0).integers(0, VOCAB_SIZE, (2, 600))
    np.savez(tmp_path / "in.npz", tokens=tokens)
    common = ("logits", "-m", model, "--dtype", "float32", "--tokens-file", str(tmp_path / "in.npz"), "--out")
    assert zaphod(*common, str(out), "--runner", "native").code == 0
    assert zaphod(*common, str(tmp_path / "torch.npz")).code == 0
    with np.load(out) as ours, np.load(tmp_path / "torch.npz") as theirs:
        np.testing.assert_allclose(ours["logits"], theirs["logits"], atol=1e-4 * np.abs(theirs["logits"]).max())


@needs_kernels
def test_a_setting_asks_for_a_runner_as_the_flag_does(
    zaphod: Zaphod, model: str, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = ("logits", "-m", model, "--tokens", "1,2", "--out", str(out), "--json")
    monkeypatch.setenv("ZAPHOD_RUNNER", "auto")
    assert zaphod(*common).json["runner"] == "native"
    assert zaphod(*common, "--runner", "torch").json["runner"] == "torch"


def test_the_last_line_says_what_computed(zaphod: Zaphod, model: str, out: Path) -> None:
    common = ("logits", "-m", model, "--tokens", "1,2", "--out", str(out), "--dtype", "float32")
    assert "computed by PyTorch in float32" in zaphod(*common).out


def test_compatibility_changes_what_grok_1_computes(zaphod: Zaphod, official_grok1: Path, tmp_path: Path) -> None:
    common = ("logits", "-m", str(official_grok1), "--tokens", "5,6,7,8,9,10", "--dtype", "float32", "--out")
    zaphod(*common, str(tmp_path / "ours.npz"))
    zaphod(*common, str(tmp_path / "theirs.npz"), "--compat", "llama.cpp")
    with np.load(tmp_path / "ours.npz") as ours, np.load(tmp_path / "theirs.npz") as theirs:
        difference = np.abs(ours["logits"] - theirs["logits"]).max()
    # The norm behind the experts cancels the renormalisation but for its epsilon.
    assert 0 < difference < 1e-2


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        ((), "The tokens come from nowhere."),
        (("--tokens", "1", "--prompt", "hi"), "The tokens come from --tokens and --prompt."),
        (("--tokens", "1,b"), "--tokens is '1,b'."),
        (("--tokens-file", "absent.npz"), "absent.npz gives no tokens"),
        (("--tokens", "1", "--dtype", "float8"), "the flag --dtype"),
    ],
)
def test_malformed_tokens_are_refused(zaphod: Zaphod, model: str, flags: tuple[str, ...], found: str) -> None:
    outcome = zaphod("logits", "-m", model, *flags)
    assert outcome.code == 2
    assert found in outcome.err


def test_a_token_outside_the_vocabulary_is_refused(zaphod: Zaphod, model: str, out: Path) -> None:
    outcome = zaphod("logits", "-m", model, "--tokens", "1,260", "--out", str(out))
    assert outcome.code == 5
    assert "Token id 260 is outside the vocabulary.\n        Ids lie in [0, 260)." in outcome.err
    assert not out.exists()


def test_an_array_of_the_wrong_kind_is_refused(zaphod: Zaphod, model: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "in.npz", tokens=np.zeros((1, 2, 3)))
    assert "whole numbers, [T] or [N, T]" in zaphod("logits", "-m", model, "--tokens-file", f"{tmp_path}/in.npz").err
