"""Writes docs/images/robot-*: an episode of the built-in model, its strip, and its report in a real browser.

    .venv/bin/python scripts/robot_pictures.py [FOLDER]

Needs Chromium, `pip install playwright`, and a library that draws without a screen (EGL or OSMesa).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from zaphod.agents.robotics.recording.recording import open_recording
from zaphod.agents.robotics.report.report import write

FOLDER = Path(__file__).parent.parent / "docs" / "images"
INSTRUCTION = "Pick up the fragile glass and place it carefully on the shelf."
SEED = "3"
SHAPES: dict[str, dict[str, Any]] = {
    "report-light": {"viewport": {"width": 1000, "height": 1540}, "color_scheme": "light"},
    "report-dark": {"viewport": {"width": 1000, "height": 1540}, "color_scheme": "dark"},
    "report-phone": {"viewport": {"width": 360, "height": 1300}, "device_scale_factor": 2, "color_scheme": "light"},
}
_COLOURS = 255


def main() -> None:
    """Act once, and take all of them."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        run = ["robot", "run", INSTRUCTION, "--seed", SEED, "--out", scratch]
        subprocess.run([sys.executable, "-m", "zaphod", *run], check=True)
        files = write(open_recording(Path(scratch) / "episode.json"), Path(scratch), has_film=True)
        shutil.copy(files.strip, folder / "robot-strip.png")
        if files.film is not None:
            shutil.copy(files.film, folder / "robot-film.webp")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, shape in SHAPES.items():
            take(browser, files.report, shape, folder / f"robot-{name}.png")
        browser.close()


def take(browser: Browser, report: Path, shape: dict[str, Any], path: Path) -> None:
    """What is seen without scrolling, in few colours."""
    page = browser.new_context(**shape).new_page()
    page.goto(report.as_uri())
    page.screenshot(path=path)
    page.context.close()
    Image.open(path).convert("RGB").quantize(_COLOURS, Image.Quantize.FASTOCTREE).save(path, optimize=True)


if __name__ == "__main__":
    main()
