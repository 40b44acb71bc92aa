from __future__ import annotations

from pathlib import Path

import pytest
from tests.capacity.validation.points import point

from zaphod.capacity.estimate import RefusedError
from zaphod.capacity.layout import Layout
from zaphod.capacity.validation.replicas import guessed_shape, layout_of, precision_of, replica_of, shape_of


@pytest.mark.parametrize(
    ("cells", "layout"),
    [
        ({"n_gpus": 8, "tp": 8}, Layout(tensor=8)),
        ({"n_gpus": 8, "tp": ""}, Layout(tensor=8)),
        ({"n_gpus": 8, "tp": 4}, Layout(tensor=4, data=2)),
        ({"n_gpus": 16, "tp": 8, "pp": 2}, Layout(tensor=8, pipeline=2)),
        ({"n_gpus": 8, "tp": 8, "ep": 8}, Layout(tensor=8, expert=8)),
        ({"n_gpus": 8, "tp": "", "ep": 8}, Layout(data=8, expert=8)),
        ({"n_gpus": 8, "tp": "", "ep": 144, "dp": 144}, Layout(data=144, expert=144)),
        ({"n_gpus": 8, "tp": 1, "dp": 8}, Layout(data=8)),
        ({"n_gpus": 0, "tp": ""}, Layout()),
        ({"n_gpus": "", "tp": ""}, Layout()),
    ],
)
def test_layouts_are_read_and_completed(tmp_path: Path, cells: dict[str, object], layout: Layout) -> None:
    assert layout_of(point(tmp_path, **cells)) == layout


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "bf16"),
        ("BFloat16", "bf16"),
        ("float16", "bf16"),
        ("fp8 (e4m3, blockwise)", "fp8"),
        ("FP8-dynamic", "fp8"),
        ("int8+fp32 scales", "int8-fp32"),
        ("W4A16 AWQ", "int4"),
        ("q4_k_m", "q4_k_m"),
        ("NVFP4", "nvfp4"),
        ("mxfp4", "mxfp4"),
        ("mxfp4+bf16", "mxfp4"),
        ("bf16+fp8kv", "bf16"),
        ("8-bit", "int8"),
    ],
)
def test_precisions_are_known_as_tables_spell_them(text: str, name: str) -> None:
    assert precision_of(text) == name


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(RefusedError, match="ternary"):
        precision_of("ternary")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Qwen3-235B-A22B-Instruct-2507", "qwen3-235b-a22b"),
        ("meta-llama/Llama-3.1-70B-Instruct", "llama-3.1-70b"),
        ("DeepSeek-V3/R1", "deepseek-v3"),
        ("Mixtral 8x7B (instruct)", "mixtral-8x7b"),
        ("GPT-OSS-120B", "gpt-oss-120b"),
    ],
)
def test_models_are_known_as_tables_spell_them(tmp_path: Path, text: str, name: str) -> None:
    shape, error = shape_of(point(tmp_path, model=text))
    assert (shape.name, error) == (name, 0)


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        ({"model": "Some-Tuned-Model", "total_params_b": 30.53, "active_params_b": 3.04}, "qwen3-30b-a3b"),
        ({"model": "Qwen3-Vision-235B-A22B"}, "qwen3-235b-a22b"),
    ],
)
def test_an_unknown_name_with_the_parameters_of_a_known_model_is_taken_for_it(
    tmp_path: Path, cells: dict[str, object], name: str
) -> None:
    shape, error = shape_of(point(tmp_path, **cells))
    assert shape.name == name
    assert error > 0


@pytest.mark.parametrize(
    ("total", "active"), [(7e9, 0), (70e9, 70e9), (30e9, 3e9), (235e9, 22e9), (1e12, 32e9), (0.5e9, 0)]
)
def test_a_guessed_shape_has_the_parameters_that_were_given(total: float, active: float) -> None:
    shape = guessed_shape("new", total, active)
    assert shape.total_parameters == pytest.approx(total, rel=0.05)
    assert shape.active_parameters == pytest.approx(active or total, rel=0.35)


def test_what_is_guessed_widens_the_interval_and_is_said(tmp_path: Path) -> None:
    assumed = replica_of(point(tmp_path, model="Unheard-Of", total_params_b=55, framework="home-made"))
    assert assumed.added_error > 0.2
    assert any("made up" in each for each in assumed.assumptions)
    assert any("vllm" in each for each in assumed.assumptions)


def test_an_unknown_model_without_parameters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="Unheard-Of"):
        shape_of(point(tmp_path, model="Unheard-Of"))


def test_llama_cpp_cuts_a_model_by_layers(tmp_path: Path) -> None:
    assumed = replica_of(point(tmp_path, framework="llama.cpp", n_gpus=2, tp=""))
    assert assumed.replica.layout == Layout(pipeline=2)
