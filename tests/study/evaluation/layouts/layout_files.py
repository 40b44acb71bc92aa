"""One small file of every published layout, written for these tests, and a folder that holds them."""

import csv
import gzip
import json
from pathlib import Path

CHOICE = {
    "passage": None,
    "question": "Which is a metal?",
    "options": ["(A)iron", "(B)wood"],
    "label": "A",
    "other": None,
}
STORY = {"question": "Two and three?", "answer": "2 + 3 = 5\n#### 5"}
CODE = {
    "task_id": "HumanEval/0",
    "prompt": 'def add(a, b):\n    """Return the sum."""\n',
    "entry_point": "add",
    "canonical_solution": "    return a + b\n",
    "test": "def check(candidate):\n    assert candidate(2, 3) == 5\n",
}
MEDICAL = {
    "question": "Which vitamin?",
    "answer": "C",
    "options": {"A": "A", "B": "C"},
    "meta_info": "x",
    "answer_idx": "B",
}
MATHS = {"problem": "What is $1+1$?", "level": "Level 1", "type": "Algebra", "solution": "It is $\\boxed{2}$."}
RATED = {"text": "People met.", "target_group": "people", "toxicity_ai": "1.0", "toxicity_human": "2.0"}
TRUTH = [
    {
        "question": "What is the capital?",
        "mc1_targets": {"Canberra": 1, "Sydney": 0},
        "mc2_targets": {"Canberra": 1, "It is Canberra": 1, "Sydney": 0},
    }
]

FILES = {
    "mmlu": ("test/history_test.csv", [["When?", "1", "2", "3", "4", "C"]]),
    "humaneval": ("HumanEval.jsonl.gz", [CODE]),
    "agieval-sat-math": ("data/v1/sat-math.jsonl", [CHOICE]),
    "agieval-math": ("math.jsonl", [{"question": "$1+1$?", "answer": "2"}]),
    "medqa": ("US/4_options/phrases_no_exclude_test.jsonl", [MEDICAL]),
    "gsm8k": ("gsm8k/test.jsonl", [STORY]),
    "math": ("MATH/test/algebra/1.json", MATHS),
    "toxigen": ("annotated_test.csv", [list(RATED), list(RATED.values())]),
    "truthfulqa-mc1": ("mc_task.json", TRUTH),
}
"""A benchmark's file and what it holds; of TruthfulQA both scores read the same."""


def write(folder: Path, name: str) -> Path:
    """The file of a benchmark, in its own format."""
    place, content = FILES[name]
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".csv":
        with path.open("w", newline="") as file:
            csv.writer(file).writerows(content)
    elif ".jsonl" in place:
        text = "".join(json.dumps(line) + "\n" for line in content).encode()
        path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    else:
        path.write_text(json.dumps(content))
    return path


def raw(name: str) -> bytes:
    """The unpacked bytes of that file."""
    place, content = FILES[name]
    if place.endswith(".csv"):
        return "\r\n".join(",".join(row) for row in content).encode()
    if ".jsonl" in place:
        return "".join(json.dumps(line) + "\n" for line in content).encode()
    return json.dumps(content).encode()
