"""Whether the built-in model's JSON fits its schemas, left alone and held by a grammar; and how long a plan takes.

    python -m benchmarks.builtin_schemas [--model FOLDER]

Plans against the schema of the five actions, calls against the schemas of the tools in their own prompt.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import jsonschema
import torch
from tokenizers import Tokenizer

from zaphod.core.configuration import Settings
from zaphod.core.progress import SILENT
from zaphod.data.tasks import Example, Task
from zaphod.data.tasks.second import Calls, Household
from zaphod.data.tasks.task import Split
from zaphod.engine import Request, SamplingParams
from zaphod.engine.grammar import GrammarSpec
from zaphod.launch.models import LoadedModel, load_model
from zaphod.model.fetching.references import BUILTIN_FOLDER
from zaphod.model.files.weights import open_model
from zaphod.model.loading import load_transformer
from zaphod.model.transformer import Transformer
from zaphod.study.intervals import Share
from zaphod.training.greedy import answer_greedily
from zaphod.training.tokenizer import encode_prompt

_TEXT = {"type": "string"}
_SPLITS: tuple[Split, ...] = ("combinations", "wordings_2")
_MAX_WITH_GRAMMAR = 200


@dataclass(frozen=True)
class Fits:
    """Lines of a Markdown table, and the figures."""

    table: list[str]
    raw: list[dict[str, Any]]


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


PLAN = {
    "anyOf": [
        _object(
            plan={
                "type": "array",
                "minItems": 1,
                "items": {
                    "anyOf": [
                        _object(do={"const": "go"}, to=_TEXT),
                        _object(do={"enum": ["open", "close"]}, target=_TEXT),
                        _object(do={"const": "grasp"}, object=_TEXT),
                        _object(do={"const": "place"}, object=_TEXT, on=_TEXT),
                        _object(do={"const": "place"}, object=_TEXT, **{"in": _TEXT}),
                        _object(do={"const": "give"}, object=_TEXT, to=_TEXT),
                    ]
                },
            }
        ),
        _object(refuse=_TEXT),
    ]
}
"""Of everything that `household` may answer."""


def schema_of_calls(example: Example) -> dict[str, Any]:
    """Of what may be answered with these tools in the prompt: a call of one of them, or a question for an argument."""
    options: list[dict[str, Any]] = []
    for context in example.context:
        name, _, rest = context.text.partition("(")
        properties, required = {}, []
        for parameter in filter(None, rest.partition(")")[0].split(", ")):
            key, _, kind = parameter.partition(":")
            kind = kind.partition("=")[0]
            properties[key.rstrip("?")] = _schema_of(kind)
            if not key.endswith("?"):
                required.append(key)
        arguments = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
        options.append(_object(tool={"const": name}, arguments=arguments))
        if properties:
            options.append(_object(ask={"enum": list(properties)}, **{"for": {"const": name}}))
    return {"anyOf": options}


def _schema_of(kind: str) -> dict[str, Any]:
    if kind == "integer":
        return {"type": "integer"}
    return _TEXT if kind == "text" else {"enum": kind.split("/")}


def schema_tables(folder: Path, model: Transformer, tokenizer: Tokenizer, num_examples: int, seed: int) -> Fits:
    """Both tasks on both tests, without and with a grammar."""
    settings = Settings(model=str(folder))
    loaded = load_model(settings, None, None, SILENT)
    table = ["| task | test | grammar | fits its schema (95 %, Wilson) | right |", "|---|---|---|---|---|"]
    raw: list[dict[str, Any]] = []
    times_s: list[float] = []
    for task in (Household(), Calls()):
        for split in _SPLITS:
            examples = _with_json(task, split, num_examples, seed)
            answers = answer_greedily(model, tokenizer, examples)
            _add(table, raw, task, split, "no", examples, answers)
            held = examples[:_MAX_WITH_GRAMMAR]
            answers = [_answer_held(loaded, tokenizer, e, times_s) for e in held]
            _add(table, raw, task, split, "yes", held, answers)
    spread = f"{min(times_s):.3f} to {max(times_s):.3f}"
    table += [
        "",
        f"One answer through the engine, grammar included: median {statistics.median(times_s):.3f} s ({spread}).",
    ]
    raw.append({"answer_s": times_s})
    return Fits(table, raw)


def _with_json(task: Task, split: Split, num_examples: int, seed: int) -> list[Example]:
    return list(islice((e for e in task.examples(split, seed + 2) if e.answer.startswith("{")), num_examples))


def _schema(task: Task, example: Example) -> dict[str, Any]:
    return PLAN if task.name == "household" else schema_of_calls(example)


def _fits(answer: str, schema: dict[str, Any]) -> bool:
    try:
        jsonschema.validate(json.loads(answer), schema)
    except (json.JSONDecodeError, jsonschema.ValidationError):
        return False
    return True


def _answer_held(loaded: LoadedModel, tokenizer: Tokenizer, example: Example, times_s: list[float]) -> str:
    task = Household() if example.task == "household" else Calls()
    grammar = GrammarSpec("json_schema", json.dumps(_schema(task, example)))
    loaded.grammars.matcher(grammar)  # compiled before the clock starts, as a server keeps it
    prompt = tuple(encode_prompt(tokenizer, example.prompt, example.context))
    sampling = SamplingParams(temperature=0.0, max_tokens=224, grammar=grammar)
    start_s = time.perf_counter()
    completion = loaded.engine.generate([Request(request_id="one", prompt_token_ids=prompt, sampling=sampling)])[0]
    times_s.append(time.perf_counter() - start_s)
    return completion.text


def _add(
    table: list[str],
    raw: list[dict[str, Any]],
    task: Task,
    split: Split,
    grammar: str,
    examples: list[Example],
    answers: list[str],
) -> None:
    pairs = list(zip(examples, answers, strict=True))
    fits = Share(sum(_fits(answer, _schema(task, e)) for e, answer in pairs), len(pairs))
    right = Share(sum(task.judge(e, answer).correct for e, answer in pairs), len(pairs))
    table.append(f"| {task.name} | {split} | {grammar} | {fits} | {right} |")
    raw.append(
        {"task": task.name, "split": split, "grammar": grammar, "fits": fits.num, "right": right.num, "n": fits.of}
    )


def main() -> None:
    """Print the table; nothing is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=BUILTIN_FOLDER)
    parser.add_argument("--examples", type=int, default=500)
    options = parser.parse_args()
    model = load_transformer(open_model(options.model), torch.float32)
    tokenizer = Tokenizer.from_file(str(options.model / "tokenizer.json"))
    print("\n".join(schema_tables(options.model, model, tokenizer, options.examples, 2**41).table))


if __name__ == "__main__":
    main()
