"""The answer inside what a model wrote: a number, a box, a letter, a function's body; knows no problem and no judge."""

from __future__ import annotations

import re

_MARKED = re.compile(r"####\s*(-?\$?[0-9][0-9.,]*|-?\$?\.[0-9]+)")
_NUMBER = re.compile(r"-?\$?(?:[0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+)")
_LETTER = re.compile(r"(?<![A-Za-z])\(?([A-Z])\)?(?![A-Za-z])")
_BOXES = ("\\boxed", "\\fbox")
_FENCE = re.compile(r"```(?:python|py)?\s*\n(.*?)(?:```|\Z)", re.DOTALL)

CODE_STOPS = ("\nclass ", "\ndef ", "\n#", "\nif ", "\nprint(", "\n@", "\nimport ", "\nfrom ", "\n```")
"""What a continued function cannot begin a line with."""


def marked_number(text: str) -> str | None:
    """The number behind the last `####`, normalised; None where there is none."""
    found = _MARKED.findall(text)
    return normal_number(found[-1]) if found else None


def last_number(text: str) -> str | None:
    """The number behind `####`, or else the last number of the text, normalised."""
    marked = marked_number(text)
    if marked is not None:
        return marked
    found = _NUMBER.findall(text)
    return normal_number(found[-1]) if found else None


def normal_number(text: str) -> str:
    """One spelling for one number, without dollar, thousands' commas and last zeros: `$1,080.50.` is `1080.5`."""
    digits = text.replace("$", "").replace(",", "").rstrip(".")
    sign, digits = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    whole, _, fraction = digits.partition(".")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    value = f"{whole}.{fraction}" if fraction else whole
    return value if value == "0" else sign + value


def last_boxed(text: str) -> str | None:
    """What stands in the last `\\boxed{...}` whose braces close; None where there is none."""
    start = max(text.rfind(box) for box in _BOXES)
    while start >= 0:
        content = _braced(text, start + len("\\boxed" if text.startswith("\\boxed", start) else "\\fbox"))
        if content is not None:
            return content.strip()
        start = max(text.rfind(box, 0, start) for box in _BOXES)
    return None


def final_answer(text: str) -> str | None:
    """The box, or what follows the last `answer is`, or the last formula between dollars."""
    boxed = last_boxed(text)
    if boxed is not None:
        return boxed
    said = re.findall(r"answer is:?\s*(.+?)\s*(?:\.\s|\.$|\n|$)", text, re.IGNORECASE)
    if said:
        return str(said[-1]).strip("$ ")
    formulas = re.findall(r"\$([^$]+)\$", text)
    return formulas[-1].strip() if formulas else None


def first_letter(text: str, num_options: int) -> int | None:
    """The index of the first letter that stands alone and names an option."""
    for letter in _LETTER.findall(text):
        index = ord(letter) - ord("A")
        if index < num_options:
            return index
    return None


def function_body(text: str) -> str:
    """What continues a function, up to the first line that is outside it."""
    ends = [place for stop in CODE_STOPS if (place := text.find(stop)) >= 0]
    return text[: min(ends)] if ends else text


def fenced_code(text: str) -> str | None:
    """The first block of code that a chat answer shows; None where it shows none."""
    found = _FENCE.search(text)
    return found[1] if found else None


def _braced(text: str, start: int) -> str | None:
    """What the braces from `start` on hold, or the one word behind a blank."""
    if start < len(text) and text[start] == " ":
        return re.split(r"[\s$]", text[start + 1 :], maxsplit=1)[0] or None
    if start >= len(text) or text[start] != "{":
        return None
    depth = 0
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[start + 1 : place]
    return None
