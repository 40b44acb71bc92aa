"""Our evaluation beside lm-evaluation-harness: the same files, the same model, the same score for every problem?

    python -m benchmarks.evaluation_agreement [--data DIR] [--limit N] [--models NAME,NAME]

The harness reads the published files itself, through tasks written below (`dataset_path: json`), makes its own
prompts, takes answers out by its own filters and scores by its own metrics. Four models are asked: the built-in one and
a random one in memory (`--model zaphod`), the built-in one behind `zaphod serve` (`local-completions`: echo with
logprobs), and an answer key with mistakes: a small model is right so rarely that agreement says little.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}

import lm_eval
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager

from benchmarks.common import publish
from zaphod.core.configuration import Settings
from zaphod.core.progress import SILENT
from zaphod.engine import Engine, EngineConfig
from zaphod.engine.grammar import GrammarCompiler
from zaphod.engine.torch_runner import TorchRunner
from zaphod.launch.models import LoadedModel, load_model
from zaphod.model.fetching.references import BUILTIN_FOLDER
from zaphod.study.evaluation.catalogue import BENCHMARKS, AskOptions
from zaphod.study.evaluation.exemplars import STORY_PROBLEMS
from zaphod.study.evaluation.forms.form import Form
from zaphod.study.evaluation.layouts.files import DataFolder, NotRun
from zaphod.study.evaluation.lm_eval_model import ZaphodLM
from zaphod.study.evaluation.models.asked import AskedModel, Likelihood, Written
from zaphod.study.evaluation.models.endpoint import EndpointModel, EndpointOptions
from zaphod.study.evaluation.models.in_memory import EngineModel
from zaphod.study.evaluation.sandbox.sandbox import open_sandbox
from zaphod.testing import TINY_CONFIG, ByteTokenizer, tiny_model

DATA = Path(__file__).parents[2] / "shared" / "evaldata"
EXAMINATIONS = ("aqua-rat", "logiqa-en", "lsat-ar", "sat-en", "sat-math")
MODELS = ("key", "built-in", "random", "served")
MAX_TOKENS = {"gsm8k": 64, "humaneval": 64}

# What the harness needs beside its own code; none of ours is imported there.
FUNCTIONS = """
import re

def bare(option):
    return re.sub(r"^\\s*\\([A-Z]\\)\\s*", "", option).strip()

def stem(doc):
    passage = (doc.get("passage") or "").strip()
    question = doc["question"].strip()
    return "Question: " + (passage + "\\n" + question if passage else question)

def letter_text(doc):
    lines = [" %s. %s" % ("ABCDE"[i], bare(o)) for i, o in enumerate(doc["options"])]
    return "\\n".join([stem(doc), *lines, "Answer:"])

def letter_choices(doc):
    return list("ABCDE")[: len(doc["options"])]

def cloze_text(doc):
    return stem(doc) + "\\nAnswer:"

def cloze_choices(doc):
    return [bare(o) for o in doc["options"]]

def target(doc):
    return "ABCDE".index(doc["label"])

def story(doc):
    return EXEMPLARS + "Question: " + doc["question"].strip() + "\\nAnswer:"
"""

CHOICE_TASK = """
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {file}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: !function functions.{style}_text
doc_to_choice: !function functions.{style}_choices
doc_to_target: !function functions.target
metric_list:
  - {{metric: acc, aggregation: mean, higher_is_better: true}}
  - {{metric: acc_norm, aggregation: mean, higher_is_better: true}}
"""

STORY_TASK = """
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {file}}}}}
test_split: test
output_type: generate_until
doc_to_text: !function functions.story
doc_to_target: "{{{{answer.split('#### ')[-1].strip()}}}}"
generation_kwargs: {{until: ["\\nQuestion:"], do_sample: false, max_gen_toks: {max_tokens}}}
filter_list:
  - name: strict
    filter:
      - {{function: regex, regex_pattern: '#### (-?\\$?[0-9.,]+)', group_select: -1}}
      - {{function: take_first}}
  - name: flexible
    filter:
      - {{function: regex, regex_pattern: '(-?[$0-9.,]{{2,}})|(-?[0-9]+)', group_select: -1}}
      - {{function: take_first}}
metric_list:
  - {{metric: exact_match, aggregation: mean, higher_is_better: true, regexes_to_ignore: [",", "\\\\$", "\\\\.$"]}}
"""

CODE_TASK = """
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {file}}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{prompt}}}}"
doc_to_target: "{{{{canonical_solution}}}}"
generation_kwargs: {{until: {until}, do_sample: false, max_gen_toks: {max_tokens}}}
metric_list:
  - {{metric: exact_match, aggregation: mean, higher_is_better: true}}
"""


@dataclass(frozen=True)
class Row:
    """One benchmark on one model, both ways."""

    model: str
    benchmark: str
    scored: str
    num: int
    ours: float
    theirs: float
    disagreements: int
    largest_difference: float | None
    """Of log-likelihoods; None where texts are judged."""


def main() -> int:
    """Ask every model both ways, and tell how often the two disagree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument(
        "--limit", type=int, default=10, help="problems of each benchmark; 0 for all; the key is always asked all"
    )
    parser.add_argument("--models", default=",".join(MODELS), help="some of " + ", ".join(MODELS))
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        print(f"not run: data set absent (wanted {arguments.data})")
        return 0
    limit = arguments.limit or None
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        names = write_tasks(Path(folder), arguments.data)
        for label, ours, theirs in models(arguments.data, arguments.models.split(",")):
            # The key costs nothing to ask.
            num = None if isinstance(ours, KeyModel) else limit
            rows += compare(label, ours, theirs, Path(folder), names, arguments.data, num)
    lines = ["| model | benchmark | scored by | n | ours | lm-eval | disagreements | largest difference of logprobs |"]
    lines += ["|---|---|---|--:|--:|--:|--:|--:|", *(line(row) for row in rows)]
    total = sum(row.disagreements for row in rows)
    lines += [
        "",
        f"lm_eval {lm_eval.__version__}; {sum(row.num for row in rows)} scores compared, {total} disagreements.",
    ]
    if any(row.benchmark == "humaneval" for row in rows):
        lines += ["HumanEval: programs are compared letter by letter; both are then tried by our sandbox."]
    publish(
        "evaluation_agreement",
        {"rows": [dataclasses.asdict(row) for row in rows], "limit": limit, "disagreements": total},
        "\n".join(lines),
    )
    return int(total > 0)


def line(row: Row) -> str:
    """A row of the table."""
    largest = "" if row.largest_difference is None else f"{row.largest_difference:.1e}"
    shares = f"{row.ours:.1%} | {row.theirs:.1%}"
    return f"| {row.model} | {row.benchmark} | {row.scored} | {row.num} | {shares} | {row.disagreements} | {largest} |"


def write_tasks(folder: Path, data: Path) -> list[tuple[str, str]]:
    """The harness's tasks; (our benchmark, style) of each."""
    exemplars = "".join(f"Question: {question}\nAnswer: {answer}\n\n" for question, answer in STORY_PROBLEMS)
    (folder / "functions.py").write_text(f"EXEMPLARS = {exemplars!r}\n{FUNCTIONS}")
    names = []
    for examination in EXAMINATIONS:
        for style in ("letter", "cloze"):
            file = data / f"agieval-{examination}.jsonl"
            if file.is_file():
                names.append((f"agieval-{examination}", style))
                task = CHOICE_TASK.format(name=task_name(*names[-1]), file=file, style=style)
                (folder / f"{task_name(*names[-1])}.yaml").write_text(task)
    names.append(("gsm8k", "text"))
    story = STORY_TASK.format(
        name=task_name("gsm8k", "text"), file=data / "gsm8k-test.jsonl", max_tokens=MAX_TOKENS["gsm8k"]
    )
    (folder / f"{task_name('gsm8k', 'text')}.yaml").write_text(story)
    names.append(("humaneval", "code"))
    from zaphod.study.evaluation.extraction import CODE_STOPS

    code = CODE_TASK.format(
        name=task_name("humaneval", "code"),
        file=data / "HumanEval.jsonl.gz",
        until=json.dumps(list(CODE_STOPS)),
        max_tokens=MAX_TOKENS["humaneval"],
    )
    (folder / f"{task_name('humaneval', 'code')}.yaml").write_text(code)
    return names


def task_name(benchmark: str, style: str) -> str:
    """As the harness calls it."""
    return f"ours_{benchmark.replace('-', '_')}_{style}"


def models(data: Path, wanted: Sequence[str]) -> Iterator[tuple[str, AskedModel, Any]]:
    """Name, our way of asking, theirs."""
    if "key" in wanted:
        yield "answer key with mistakes", KeyModel(data), KeyLM(data)
    builtin = load_model(Settings(dtype="float32"), None, None, SILENT, limits=EngineConfig())
    if "built-in" in wanted:
        yield "built-in", EngineModel(builtin), ZaphodLM(loaded=builtin)
    if "random" in wanted:
        tiny = random_model()
        yield "random", EngineModel(tiny), ZaphodLM(loaded=tiny)
    if "served" in wanted:
        with serving() as url:
            endpoint = EndpointModel(EndpointOptions(url=url))
            yield "built-in, served", endpoint, local_completions(url, builtin.context_tokens)


def local_completions(url: str, max_length: int) -> Any:
    """The harness's own client for completions."""
    from lm_eval.api.registry import get_model

    return get_model("local-completions")(
        model="builtin",
        base_url=f"{url}/v1/completions",
        tokenizer=str(BUILTIN_FOLDER),
        tokenizer_backend="huggingface",
        max_length=max_length,
        num_concurrent=1,
    )


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The address of a server in a process of its own."""
    command = [sys.executable, "-m", "zaphod", "serve", "--port", "0", "--json", "--guard", "off", "--no-audit"]
    command += ["--dtype", "float32"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        text = ""
        while not text.endswith("\n}\n"):
            piece = process.stdout.readline()
            if not piece:
                raise SystemExit(f"the server did not start: {text}")
            text += piece
        yield str(json.loads(text)["url"]).rstrip("/")
    finally:
        process.terminate()
        process.wait(30)


def random_model() -> LoadedModel:
    """Random weights over bytes, by PyTorch."""
    tokenizer, network = ByteTokenizer(), tiny_model(seed=3, context_length=2048)
    runner = TorchRunner(network, max_len=2048, num_blocks=2048)
    grammars = GrammarCompiler(tokenizer, tokenizer.vocab_size)
    engine = Engine(
        runner,
        EngineConfig(),
        eos_token_ids=tokenizer.eos_token_ids,
        num_token_ids=tokenizer.vocab_size,
        text_stream=lambda prompt: tokenizer.stream(skip_special=True, after=prompt),
        grammars=grammars,
    )
    return LoadedModel(
        config=dataclasses.replace(TINY_CONFIG, context_length=2048),
        tokenizer=tokenizer,
        engine=engine,
        grammars=grammars,
        runner="PyTorch, float32",
        speed=None,
        reads_disk=False,
        num_threads=1,
        context_tokens=2048,
        cache_tokens=runner.num_blocks * runner.block_size,
        load_s=0.0,
    )


def compare(
    label: str,
    ours: AskedModel,
    theirs: Any,
    folder: Path,
    names: Sequence[tuple[str, str]],
    data: Path,
    limit: int | None,
) -> Iterator[Row]:
    """A row for each way of scoring of each benchmark."""
    print(f"asking: {label}", file=sys.stderr, flush=True)
    manager = TaskManager(include_path=str(folder), include_defaults=False)
    found = lm_eval.simple_evaluate(
        model=theirs,
        tasks=[task_name(*name) for name in names],
        task_manager=manager,
        limit=limit,
        log_samples=True,
        bootstrap_iters=0,
        random_seed=0,
    )
    for benchmark, style in names:
        samples = found["samples"][task_name(benchmark, style)]
        records = asked_ours(ours, benchmark, style, data, limit)
        yield from SCORINGS[style](label, benchmark, style, records, samples)


def asked_ours(model: AskedModel, name: str, style: str, data: Path, limit: int | None) -> list[Mapping[str, Any]]:
    """Records of the first problems."""
    options = AskOptions(
        styles=("cloze",) if style == "cloze" else ("letter",),
        max_tokens=MAX_TOKENS.get(name),
        sandbox=open_sandbox,
    )
    folder = DataFolder(data)
    problems, form = BENCHMARKS[name].read(folder, options), BENCHMARKS[name].form(folder, options)
    assert not isinstance(problems, NotRun), problems
    assert not isinstance(form, NotRun), form
    return asked(model, form, list(problems)[:limit])


def asked(model: AskedModel, form: Form, problems: Sequence[Any]) -> list[Mapping[str, Any]]:
    """In batches, as `zaphod eval` does."""
    batches = (problems[start : start + 16] for start in range(0, len(problems), 16))
    return [record for batch in batches for record in form.ask(model, batch)]


def compare_choices(
    label: str, benchmark: str, style: str, records: Sequence[Mapping[str, Any]], samples: Sequence[Mapping[str, Any]]
) -> Iterator[Row]:
    """Right or wrong, problem by problem, and the log-likelihoods beside it."""
    by_number = {sample["doc_id"]: sample for sample in samples}
    theirs = [by_number[number] for number in range(len(records))]
    differences = [
        abs(own - other[0][0])
        for record, sample in zip(records, theirs, strict=True)
        for own, other in zip(record["logprobs"][style], sample["resps"], strict=True)
    ]
    metrics = {style: "acc"} | ({"cloze per character": "acc_norm"} if style == "cloze" else {})
    for own, other in metrics.items():
        pairs = [(r["values"][own], float(s[other])) for r, s in zip(records, theirs, strict=True)]
        yield row(label, benchmark, own, pairs, max(differences))


def compare_texts(
    label: str, benchmark: str, style: str, records: Sequence[Mapping[str, Any]], samples: Sequence[Mapping[str, Any]]
) -> Iterator[Row]:
    """Right or wrong by each rule of extraction; a text that was generated otherwise is a disagreement, too."""
    for name in ("strict", "flexible"):
        by_number = {sample["doc_id"]: sample for sample in samples if sample["filter"] == name}
        pairs = []
        for number, record in enumerate(records):
            same_text = record["written"] == by_number[number]["resps"][0][0]
            pairs.append((record["values"][name], float(by_number[number]["exact_match"]) if same_text else -1.0))
        yield row(label, benchmark, name, pairs, None)


def compare_programs(
    label: str, benchmark: str, style: str, records: Sequence[Mapping[str, Any]], samples: Sequence[Mapping[str, Any]]
) -> Iterator[Row]:
    """The same letters; then the same verdict, because one sandbox tries both."""
    by_number = {sample["doc_id"]: sample for sample in samples}
    pairs = []
    for number, record in enumerate(records):
        is_same = record["written"][0] == by_number[number]["resps"][0][0]
        pairs.append((record["values"]["pass@1"], record["values"]["pass@1"] if is_same else -1.0))
    yield row(label, benchmark, "pass@1", pairs, None)


SCORINGS: Mapping[str, Callable[..., Iterator[Row]]] = {
    "letter": compare_choices,
    "cloze": compare_choices,
    "text": compare_texts,
    "code": compare_programs,
}


def row(label: str, benchmark: str, scored: str, pairs: Sequence[tuple[float, float]], largest: float | None) -> Row:
    """Both means, and how many problems were scored differently."""
    return Row(
        model=label,
        benchmark=benchmark,
        scored=scored,
        num=len(pairs),
        ours=sum(own for own, _ in pairs) / len(pairs),
        theirs=sum(max(0.0, other) for _, other in pairs) / len(pairs),
        disagreements=sum(own != other for own, other in pairs),
        largest_difference=largest,
    )


class Key:
    """Answers from the published files, of which about half are spoilt in one of many ways; the same to both askers."""

    def __init__(self, data: Path) -> None:
        stories = (json.loads(text) for text in (data / "gsm8k-test.jsonl").read_text().splitlines())
        self._stories = {story["question"].strip(): story["answer"] for story in stories}
        options = AskOptions(sandbox=open_sandbox)
        programs = BENCHMARKS["humaneval"].read(DataFolder(data), options)
        assert not isinstance(programs, NotRun)
        import gzip

        with gzip.open(data / "HumanEval.jsonl.gz", "rt") as file:
            solutions = [json.loads(text)["canonical_solution"] for text in file]
        self._programs = {problem.prompt: text for problem, text in zip(programs, solutions, strict=True)}

    def likelihood(self, context: str, continuation: str) -> float:
        """A number that depends on both texts alone."""
        digest = hashlib.sha256(f"{context}\0{continuation}".encode()).digest()
        return -0.05 * len(continuation) * (1 + int.from_bytes(digest[:4], "big") / 2**32)

    def answer(self, prompt: str) -> str:
        """Right, or spoilt."""
        if prompt in self._programs:
            return self._programs[prompt] if self._draw(prompt) % 2 else "    return None\n"
        question = prompt.rsplit("Question: ", 1)[1].removesuffix("\nAnswer:")
        worked, _, number = self._stories[question].partition("\n#### ")
        ways = (
            f" {worked}\n#### {number}",
            f" {worked}\n#### ${number}.",
            f" {worked}\n#### {number}\n\nThat is all.",
            f" {worked}\nThe answer is {number}.",
            f" The answer is ${number}",
            f" {worked}\n#### {number}1",
            f" I think it is {number} or 3",
            " I do not know",
            f" {worked}\n#### -{number}",
            f" {worked}\n#### 12 No, wait.\n#### {number}",
        )
        return ways[self._draw(prompt) % len(ways)]

    @staticmethod
    def _draw(text: str) -> int:
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


class KeyModel:
    """The key, asked by us."""

    def __init__(self, data: Path) -> None:
        self._key = Key(data)
        self.facts: Mapping[str, Any] = {"model": "key"}

    def likelihoods(self, pairs: Sequence[tuple[str, str]]) -> list[Likelihood]:
        """See `AskedModel`."""
        return [Likelihood(self._key.likelihood(*pair), False, 1) for pair in pairs]

    def write(self, prompts: Sequence[Any]) -> list[Written]:
        """See `AskedModel`."""
        return [Written(self._key.answer(prompt.text)) for prompt in prompts]


class KeyLM(LM):
    """The key, asked by the harness."""

    def __init__(self, data: Path) -> None:
        super().__init__()
        self._key = Key(data)

    def loglikelihood(self, requests: Sequence[Any], **fields: Any) -> list[tuple[float, bool]]:
        """See the harness."""
        return [(self._key.likelihood(*request.args), False) for request in requests]

    def loglikelihood_rolling(self, requests: Sequence[Any], **fields: Any) -> list[float]:
        """See the harness."""
        return [self._key.likelihood("", request.args[0]) for request in requests]

    def generate_until(self, requests: Sequence[Any], **fields: Any) -> list[str]:
        """See the harness."""
        return [self._key.answer(request.args[0]) for request in requests]


if __name__ == "__main__":
    sys.exit(main())
