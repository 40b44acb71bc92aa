"""A plan as rows, JSON, CSV and Markdown."""

from __future__ import annotations

import csv
import io
import json

from tests.capacity.report import plans

from zaphod.capacity.report.content import figures_of
from zaphod.capacity.report.tables import as_csv, as_json, as_markdown, rows


def test_every_figure_has_a_key_of_its_own() -> None:
    keys = [figure.key for figure in figures_of(plans.plan())]
    assert len(keys) == len(set(keys))
    # Programs read these: a renamed key needs a new schema version.
    assert {"devices", "cost_per_hour", "itl_s", "ttft_p95_s", "power_w", "memory_weights_bytes"} <= set(keys)
    assert "users_requests_in_flight" in keys


def test_rows_are_name_value_and_interval() -> None:
    found = {name: (value, interval) for name, value, interval in rows(figures_of(plans.plan()))}
    assert found["between two tokens"] == ("30.0 ms", "25.0 to 36.0")
    assert found["devices in all"] == ("800 devices", "")


def test_json_gives_each_figure_its_interval_unit_and_basis() -> None:
    found = json.loads(json.dumps(as_json(plans.report())))
    assert found["figures"]["itl_s"]["value"] == 0.03
    assert found["figures"]["itl_s"]["low"] == 0.025
    assert found["figures"]["itl_s"]["unit"] == "s"
    assert found["figures"]["itl_s"]["basis"] == ["F8", "https://example.org/paper"]
    assert all({"value", "low", "high", "unit", "basis"} <= figure.keys() for figure in found["figures"].values())


def test_json_tells_what_was_asked_chosen_and_rejected() -> None:
    found = as_json(plans.report())
    assert found["workload"]["users"] == 50_000
    assert found["replica"]["layout"]["tensor"] == 8
    assert [one["replica"]["layout"]["tensor"] for one in found["considered"]] == [4, 8]
    assert len(found["curve"]) == 9
    assert len(found["day"]["panels"][0]["lines"]["served"]) == 1440


def test_csv_can_be_read_back() -> None:
    lines = list(csv.DictReader(io.StringIO(as_csv(plans.report()))))
    [power] = [line for line in lines if line["key"] == "power_w"]
    assert (float(power["value"]), power["unit"], power["basis"]) == (1_000_000, "W", "F14")
    assert float(power["low"]) < float(power["value"]) < float(power["high"])


def test_markdown_keeps_its_columns_whatever_a_reason_holds() -> None:
    rejected = plans.plan().considered[0].__class__(replica=plans.replica(), reason="a | b\nc")
    text = as_markdown(plans.report(considered=(rejected,)))
    [line] = [line for line in text.splitlines() if "a \\| b c" in line]
    assert line.replace("\\|", "").count("|") == 3
    assert "- No request fails." in text
