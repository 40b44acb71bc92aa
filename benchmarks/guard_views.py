"""What canonical views cost: processor time a kB (UTF-8) for texts that hide nothing, and for texts made to be slow.

    .venv/bin/python -m benchmarks.guard_views

Processor time of one thread, so that a busy machine changes it little; minimum and median of the repetitions.
"""

from __future__ import annotations

import base64
import random
import time
from pathlib import Path

from benchmarks.common import publish, spread
from zaphod.safety.guard.views import canonical, views_of

ROOT = Path(__file__).parent.parent
REPETITIONS = 30
SIZE = 1024
HOSTILE_SIZE = 16 * 1024
ENGLISH = """The committee met on Monday and agreed that the bridge should be painted before the winter comes. Some
members asked who would pay for it, and nobody had an answer, so the question was put off until October. """
CHINESE = "会议于星期一举行，大家一致认为应当在冬天到来之前把桥重新粉刷一遍。有人问由谁来付钱，没有人回答。"
RUSSIAN = "Комитет собрался в понедельник и решил, что мост надо покрасить до зимы; кто заплатит, не знал никто. "
HINDI = "समिति सोमवार को मिली और तय किया कि सर्दियों से पहले पुल को रंगा जाना चाहिए, पर पैसे कौन देगा पता नहीं था। "
GERMAN = "Der Ausschuss traf sich am Montag und beschloss, die Brücke vor dem Winter zu streichen, aber ohne Geld. "


def sized(text: str, size_bytes: int) -> str:
    """The text, repeated and cut to a size in UTF-8."""
    repeated = text * (size_bytes // len(text.encode("utf-8", "replace")) + 1)
    return repeated.encode("utf-8", "surrogatepass")[:size_bytes].decode("utf-8", "ignore")


def plain_texts() -> dict[str, str]:
    """Texts that hide nothing."""
    return {
        "English": ENGLISH,
        "German": GERMAN,
        "Russian": RUSSIAN,
        "Chinese": CHINESE,
        "Hindi": HINDI,
        "a page of our documents": (ROOT / "docs/security.md").read_text(),
        "code": (ROOT / "src/zaphod/core/errors.py").read_text(),
    }


def hostile_texts() -> dict[str, str]:
    """Texts made to be decoded, mapped or matched for long."""
    chance = random.Random(1)
    nested = ENGLISH
    for _ in range(8):
        nested = base64.b64encode(nested.encode()).decode()
    return {
        "base64 eight times": nested,
        "base64 of random bytes": base64.b64encode(chance.randbytes(HOSTILE_SIZE)).decode(),
        "combining marks": "a" + "\u0301\u0323" * HOSTILE_SIZE,
        "zero-width characters": "\u200b\u200c" * HOSTILE_SIZE,
        "tag characters": "\U000e0041" * HOSTILE_SIZE,
        "percent signs": "%41",
        "pairs of digits": "41 ",
        "mixed scripts": "аb ",
        "Morse": ". - ",
        "doubled letters": "aabbcc",
        "random letters": "".join(chance.choices("abcdefghijklmnopqrstuvwxyz ", k=HOSTILE_SIZE)),
        "lines of base64": "A" * 60 + "\nAAAA" * HOSTILE_SIZE,
        "rot13": ENGLISH.translate(str.maketrans("abcdefghijklmnopqrstuvwxyz", "nopqrstuvwxyzabcdefghijklm")),
    }


def measured(text: str, repetitions: int) -> dict[str, float]:
    """Views, and microseconds of processor time a kB for all views and for the canonical one."""
    kilobytes = len(text.encode("utf-8", "replace")) / 1000
    views_of(text)
    seconds: dict[str, list[float]] = {"views": [], "canonical": []}
    for _ in range(repetitions):
        for name, make in (("views", views_of), ("canonical", canonical)):
            start = time.process_time()
            make(text)
            seconds[name].append((time.process_time() - start) * 1e6 / kilobytes)
    views, one = spread(seconds["views"]), spread(seconds["canonical"])
    return {
        "num_views": len(views_of(text)),
        "min_us": views["min"],
        "median_us": views["median"],
        "canonical_us": one["median"],
    }


def main() -> None:
    """Measure and publish."""
    rows = {f"{name}, 1 kB": measured(sized(text, SIZE), REPETITIONS) for name, text in plain_texts().items()}
    rows |= {
        f"{name}, 16 kB": measured(sized(text, HOSTILE_SIZE), REPETITIONS // 6)
        for name, text in hostile_texts().items()
    }
    lines = ["| text | views | min µs/kB | median µs/kB | canonical only, median |", "|---|---|---|---|---|"]
    lines += [
        f"| {name} | {row['num_views']} | {row['min_us']:.0f} | {row['median_us']:.0f} | {row['canonical_us']:.0f} |"
        for name, row in rows.items()
    ]
    repetitions = f"{REPETITIONS} repetitions ({REPETITIONS // 6} for texts of 16 kB)"
    publish("guard_views", {"rows": rows}, f"Processor time of `views_of`; {repetitions}.\n\n" + "\n".join(lines))


if __name__ == "__main__":
    main()
