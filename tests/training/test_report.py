import json
import re
import zlib
from base64 import b64decode
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.testing import TINY_CONFIG
from zaphod.training.charts import Series, heat_map, line_chart
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
    assert page.count("<svg") == 6
    assert page.count("data:image/png;base64") == 2
    assert "8 steps, 800 tokens" in page
    assert all(text in page for text in ("freeze", "run.seed", "a&amp;b", "a &lt;fast&gt; one"))


def test_a_page_asks_nothing_of_the_network(tmp_path: Path) -> None:
    page = write_report(run_folder(tmp_path, [PLAIN])).read_text()
    assert not re.search(r"https?://|<script|<link|@import|url\(", page)


def test_skipped_steps_and_alarms_stand_at_the_top(tmp_path: Path) -> None:
    odd = PLAIN._replace(skipped="loss 9 against a median of 2", alarm="2 experts starve")
    page = write_report(run_folder(tmp_path, [PLAIN, odd])).read_text()
    assert "1 steps were skipped; the last, 7: loss 9" in page
    assert "2 experts starve" in page


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


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(), max_size=40), st.booleans())
def test_any_values_can_be_drawn(values: list[float], logarithmic: bool) -> None:
    chart = line_chart([Series("a", list(enumerate(values)))], x_name="x", label="y", logarithmic=logarithmic)
    assert "nan" not in chart
    assert "inf" not in chart


def test_a_long_line_is_averaged() -> None:
    chart = line_chart([Series("a", [(float(n), float(n % 2)) for n in range(3200)])], x_name="x", label="y")
    assert 300 < chart.count(",") <= 330


def test_a_heat_map_is_blue_grey_and_orange() -> None:
    png = b64decode(heat_map(np.array([[0.0, 1.0], [2.0, 5.0]])).removeprefix("data:image/png;base64,"))
    start = png.index(b"IDAT") + 4
    rows = zlib.decompress(png[start : png.index(b"IEND") - 8])
    cold, even, hot = (bytes(colour) for colour in ((38, 102, 196), (150, 150, 150), (240, 140, 20)))
    assert rows == b"\0" + cold + even + b"\0" + hot + hot


def test_operations_of_a_token_are_counted_as_written() -> None:
    # Per layer: q and o 32x32, k and v 32x16, router 8x32, two of eight experts of three 48x32; then the tied head.
    active = 3 * (2 * 32 * 32 + 2 * 32 * 16 + 8 * 32 + 2 * 3 * 48 * 32) + 259 * 32
    norms = 7 * 32
    scores = 12 * 3 * 32 * 64 / 2
    assert flops_per_token(TINY_CONFIG, 64) == pytest.approx(6 * (active + norms) + scores)
    assert flops_per_token(TINY_CONFIG, 64, halves_causal=False) == pytest.approx(6 * (active + norms) + 2 * scores)
