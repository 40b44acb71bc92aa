"""Rows of measured tables, written short."""

from __future__ import annotations

from pathlib import Path

from zaphod.capacity.validation.points import Point, read_points

COLUMNS = (
    "id,category,model,total_params_b,active_params_b,hardware,n_gpus,precision,kv_dtype,tp,pp,cp,ep,dp,vpp,"
    "batch_or_concurrency,isl,osl,seq_len,tokens_total,metric,measured_value,unit,grade,framework,date,source_url,notes"
)


def row(**cells: object) -> str:
    """A line: a decode row of a known server, with these cells changed."""
    known: dict[str, object] = {
        "id": "a",
        "category": "decode",
        "model": "Llama-3.1-70B",
        "hardware": "H100-SXM-80GB",
        "n_gpus": 4,
        "precision": "bf16",
        "tp": 4,
        "batch_or_concurrency": 8,
        "isl": 350,
        "osl": 350,
        "metric": "median_itl",
        "measured_value": 16.57,
        "unit": "ms",
        "framework": "vLLM",
    }
    cells = known | cells
    return ",".join(str(cells.get(name, "")) for name in COLUMNS.split(","))


def table(folder: Path, *rows: str, header: str = COLUMNS) -> Path:
    file = folder / "points.csv"
    file.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return file


def point(folder: Path, **cells: object) -> Point:
    (found,) = read_points(table(folder, row(**cells)))
    return found
