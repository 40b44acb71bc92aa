import json
import re
from pathlib import Path
from typing import Any

import pytest

from zaphod.testing import TINY_CONFIG
from zaphod.training.lines import step_line
from zaphod.training.report import write_report
from zaphod.training.reports import StepReport
from zaphod.training.throughput import flops_per_token

PLAIN = StepReport(
    step=7,
    seconds=3.5,
    loss=2.25,
    rate_share=0.5,
    num_tokens=100,
    gradient_norm=0.75,
    skipped=None,
    max_violation=1.0,
    entropy=0.9,
    num_dead=1,
    loads_LE=((0.5, 0.25, 0.25, 0.0), (0.25,) * 4),
)


def run_folder(folder: Path, reports: list[StepReport]) -> Path:
    (folder / "log.jsonl").write_text("".join(json.dumps(report.to_line()) + "\n" for report in reports))
    machine = {"cpu": "a <fast> one", "cores": 2, "memory_bytes": 8_000_000_000}
    about: dict[str, Any] = {"settings": {"run": {"seed": 5}}, "machine": machine, "data": {"texts": [{"name": "a&b"}]}}
    (folder / "run.json").write_text(json.dumps(about))
    return folder


def test_a_page_has_curves_routing_settings_and_data(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, [PLAIN._replace(step=n, seconds=n / 2, loss=3 - n / 10) for n in range(1, 9)])
    page = write_report(folder, [("router", "freeze")]).read_text()
    pictures = re.findall(r'<svg class="chart"[^>]* aria-label="([^:"]*)', page)
    curves = ["Loss", "Norm of the gradient", "Learning rate", "Speed", "Overload of the busiest expert"]
    assert pictures == [*curves, "Evenness of the load", *(f"Sparse layer {n}, 4 experts" for n in range(2))]
    assert page.count("data:image/png;base64") == 2 * 2
    assert "<td>0</td>" + "".join(f'<td class="number">{cell}</td>' for cell in ("0.00", "2.00", "1.00", "1")) in page
    assert "8 steps, 800 tokens" in page
    assert all(text in page for text in ("freeze", "run.seed", "a&amp;b", "a &lt;fast&gt; one"))


def test_losses_of_held_out_texts_stand_beside_those_of_training(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, [PLAIN._replace(step=n, seconds=n / 2) for n in range(1, 9)])
    assert "held out" not in write_report(folder).read_text()
    (folder / "validation.jsonl").write_text('{"step": 4, "loss": 2.5}\n{"step": 8, "loss": 2.0}\n')
    page = write_report(folder).read_text()
    assert all(f">{name}</text>" in page for name in ("training", "held out"))
    assert page.count('<circle class="fill-2"') == 2


def test_a_run_without_steps_has_a_page(tmp_path: Path) -> None:
    page = write_report(run_folder(tmp_path, [])).read_text()
    assert "No step has been taken yet." in page
    assert "<svg" not in page


def test_a_page_asks_nothing_of_the_network(tmp_path: Path) -> None:
    page = write_report(run_folder(tmp_path, [PLAIN])).read_text()
    assert not re.search(r"https?://|<script|<link|@import|url\(", page)


def test_skipped_steps_and_alarms_stand_at_the_top(tmp_path: Path) -> None:
    odd = PLAIN._replace(skipped="loss 9 against a median of 2", alarm="2 experts starve")
    page = write_report(run_folder(tmp_path, [PLAIN, odd])).read_text()
    told = page[: page.index("<dl>")]
    assert "1 steps were skipped; the last, 7: loss 9" in told
    assert "2 experts starve" in told


def test_a_dense_run_has_no_routing(tmp_path: Path) -> None:
    page = write_report(run_folder(tmp_path, [PLAIN._replace(loads_LE=())])).read_text()
    assert "Routing" not in page


def test_a_line_of_the_log_gives_its_report_back() -> None:
    broken = PLAIN._replace(loss=float("nan"), skipped="not finite")
    line = json.loads(json.dumps(broken.to_line(), allow_nan=False))
    assert repr(StepReport.from_line(line)) == repr(broken.without_loads())


def test_a_line_for_people_names_every_layers_overload() -> None:
    line = step_line(PLAIN, 1500.0)
    assert "loss 2.2500" in line
    assert "1.50 k tokens/s" in line
    assert "MaxVio 1.00 0.00  entropy 0.900  dead 1" in line


def test_many_layers_are_told_in_short() -> None:
    assert "MaxVio mean 0.00 worst 0.00" in step_line(PLAIN._replace(loads_LE=((0.5, 0.5),) * 9), 1.0)


def test_what_was_skipped_or_dropped_is_told() -> None:
    line = step_line(PLAIN._replace(skipped="why", num_dropped=4, alarm="who"), 1.0)
    assert "dropped 4  SKIPPED (why)  WARNING: who" in line


def test_operations_of_a_token_are_counted_as_written() -> None:
    # Per layer: q and o 32x32, k and v 32x16, router 8x32, two of eight experts of three 48x32; then the tied head.
    active = 3 * (2 * 32 * 32 + 2 * 32 * 16 + 8 * 32 + 2 * 3 * 48 * 32) + 259 * 32
    norms = 7 * 32
    scores = 12 * 3 * 32 * 64 / 2
    assert flops_per_token(TINY_CONFIG, 64) == pytest.approx(6 * (active + norms) + scores)
    assert flops_per_token(TINY_CONFIG, 64, halves_causal=False) == pytest.approx(6 * (active + norms) + 2 * scores)
