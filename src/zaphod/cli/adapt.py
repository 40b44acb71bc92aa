"""`zaphod adapt`: teach a model from examples, and put what was learnt into its weights; knows flags, no training.

`zaphod adapt MODEL …` means `zaphod adapt train MODEL …`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from zaphod.cli.convert import describe, print_report
from zaphod.cli.options import ConfigFlag, JsonFlag
from zaphod.cli.output import print_json, print_line, print_pairs, print_table
from zaphod.core.configuration import MergedSettings
from zaphod.core.errors import ConfigError
from zaphod.core.progress import ProgressLines
from zaphod.core.units import format_count, format_duration
from zaphod.launch.models import its_tokenizer
from zaphod.launch.runners import open_weights
from zaphod.model.adapters import CONFIG_NAME, read_adapter
from zaphod.model.config import ModelConfig
from zaphod.model.files.conversion import convert
from zaphod.model.files.conversion_plan import Target
from zaphod.model.recomputation import Recompute
from zaphod.training.adaptation.changes import FILE_NAME, Changes, changes_from_adapter, read_changes
from zaphod.training.adaptation.config import EVERYTHING, AdaptationConfig, Method, RouterPolicy
from zaphod.training.adaptation.coverage import HEADER, Coverage
from zaphod.training.adaptation.encoding import EncodingReport
from zaphod.training.adaptation.merging import ChangedWeights
from zaphod.training.adaptation.model import AdaptedModel
from zaphod.training.adaptation.run import DType, RunConfig, RunResult, header, run_adaptation

_HELP = """Adapt a model to a task, or merge what was learnt into its weights.

The first word is a model, or merge. The flags of training are in `zaphod adapt train --help`; both know --json.

\b
Examples:
  zaphod adapt ./model --data train.jsonl --method qlora --out runs/law
  zaphod run ./model "What is an estoppel?" --adapter runs/law/adapter
  zaphod adapt merge runs/law --out ./model-law
"""


class _TrainsByDefault(typer.core.TyperGroup):
    """A first word that is no command of ours is a model."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        is_command = not args or args[0] in self.commands or args[0] in ("--help", "-h")
        return super().parse_args(ctx, args if is_command else ["train", *args])


verbs = typer.Typer(cls=_TrainsByDefault, add_completion=False, rich_markup_mode=None, no_args_is_help=True, help=_HELP)


@verbs.command("train")
def train(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Folder, .gguf file, builtin, or org/name.")],
    data: Annotated[Path, typer.Option("--data", "-d", metavar="FILE", exists=True, help="Examples, one JSON a line.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Checkpoints, log and what was learnt.")],
    method: Annotated[Method, typer.Option("--method", help="lora, qlora (weights in NF4), or full.")] = "lora",
    held_out: Annotated[
        Path | None, typer.Option("--held-out", metavar="FILE", exists=True, help="Examples to measure on.")
    ] = None,
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Instead of --rounds.")] = None,
    rounds: Annotated[float, typer.Option("--rounds", help="How often every example is met.")] = 1.0,
    rank: Annotated[int, typer.Option("--rank", "-r", min=1)] = 16,
    alpha: Annotated[float | None, typer.Option("--alpha", help="Default: twice the rank.")] = None,
    rslora: Annotated[bool, typer.Option("--rslora", help="Scale by alpha / sqrt(rank).")] = False,
    dora: Annotated[
        bool, typer.Option("--dora", help="Learn rows' lengths apart; must be merged to be served.")
    ] = False,
    dropout: Annotated[float, typer.Option("--dropout", help="Of the low-rank path.")] = 0.0,
    targets: Annotated[
        str, typer.Option("--targets", help="Groups, ends of names or patterns, with commas between.")
    ] = ",".join(EVERYTHING),
    router: Annotated[RouterPolicy, typer.Option("--router", help="freeze, train, or adapt (low-rank).")] = "freeze",
    keep: Annotated[
        str | None, typer.Option("--keep", metavar="PATTERNS", help="Weights that qlora leaves in high precision.")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", "--lr", help="Default: 5e-4; 5e-5 for full.")
    ] = None,
    tokens: Annotated[int, typer.Option("--tokens", min=1, help="Of each of a step's two parts.")] = 2048,
    context_tokens: Annotated[
        int | None, typer.Option("--context", "-c", metavar="TOKENS", min=2, help="Longest document; the rest is cut.")
    ] = None,
    balance_weight: Annotated[
        float | None, typer.Option("--balance-weight", help="Default: 0.01, or 0 while routers are frozen.")
    ] = None,
    z_weight: Annotated[
        float | None, typer.Option("--z-weight", help="Default: 0.001, or 0 while routers are frozen.")
    ] = None,
    recompute: Annotated[
        Recompute, typer.Option("--recompute", help="Compute experts or layers twice: less memory, more time.")
    ] = "none",
    dtype: Annotated[DType, typer.Option("--dtype", help="bfloat16 or float32.")] = "bfloat16",
    seed: Annotated[int, typer.Option("--seed")] = 0,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Teach a model from examples: conversations, prompts with completions, or texts.

    What is reached, what is left and how many bits each class of weights takes is printed before the first step.
    Ctrl-C saves; the same command goes on where it stopped.

    \b
    Examples:
      zaphod adapt ./model --data train.jsonl --method qlora --out runs/law
      zaphod adapt builtin --data new.jsonl --rank 8 --targets attention,experts.down --steps 200 --out runs/new
      zaphod adapt ./model --data train.jsonl --method full --router train --out runs/full
    """
    adaptation = AdaptationConfig(
        method=method,
        rank=rank,
        alpha=2.0 * rank if alpha is None else alpha,
        is_rank_stabilised=rslora,
        is_decomposed=dora,
        dropout=dropout,
        targets=_listed(targets),
        router=router,
        keep_exact=_listed(keep or ""),
        seed=seed,
    )
    run = RunConfig(
        adaptation=adaptation,
        data=data,
        held_out=held_out,
        num_steps=steps,
        rounds=rounds,
        learning_rate=learning_rate,
        tokens_per_part=tokens,
        max_tokens=context_tokens,
        balance_weight=balance_weight,
        z_weight=z_weight,
        recompute=recompute,
        dtype=dtype,
    )
    settings: MergedSettings = context.obj.with_flags(model=model)
    with open_weights(settings.values, config) as weights:
        tell = None if as_json else _tell
        result = run_adaptation(weights, its_tokenizer(weights), run, out, model, ProgressLines(), tell)
    if as_json:
        print_json(result.to_dict())
    else:
        _print_result(result)


@verbs.command("merge")
def merge(
    context: typer.Context,
    learnt: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or an adapter in peft's files.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="PATH", help="A folder; for GGUF a file.")],
    model: Annotated[
        str | None, typer.Option("--model", "-m", metavar="MODEL", help="What was adapted; default: as the run says.")
    ] = None,
    to: Annotated[Target, typer.Option("--to", help="The file format.")] = "packed",
    quantization: Annotated[
        str | None, typer.Option("--quantization", "-q", metavar="FORMAT", help="Of the matrices; default: as stored.")
    ] = None,
    onto_nf4: Annotated[
        bool, typer.Option("--onto-nf4", help="Onto the rounded weights that a qlora run saw, not the original ones.")
    ] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="MODEL was merged: subtract again, within two roundings.")
    ] = False,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Write a model whose weights hold what was learnt, piece by piece: memory is bounded by the largest tensor.

    \b
    Examples:
      zaphod adapt merge runs/law --out ./model-law
      zaphod adapt merge runs/law --to gguf --quantization q8_0 --out law.gguf
      zaphod adapt merge ./peft-adapter --model org/name --to safetensors --out ./merged
    """
    settings: MergedSettings = context.obj.with_flags(model=model or _adapted_model(learnt))
    with open_weights(settings.values, config) as weights:
        changes = _read(learnt, weights.config)
        view = ChangedWeights(weights, changes.undone() if undo else changes, through_nf4=onto_nf4)
        report = convert(view, to, out, quantization, ProgressLines())
    if as_json:
        print_json(describe(report, out) | {"changed": sorted(changes.names), "model": settings.values.model})
        return
    print_line(f"changed  {len(changes.names)} of {len(weights.names())} weights of {settings.values.model}")
    print_report(report, out)
    if undo:
        print_line("undone   each weight is what it was but for two roundings in the format of the file")


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _tell(model: AdaptedModel, covered: Coverage, run: RunConfig, encoding: EncodingReport, num_steps: int) -> None:
    print_pairs([*header(model, covered, run, num_steps), ("data", _data(encoding))])
    print_line()
    print_table(covered.rows(), HEADER, right=(1, 2, 3, 5))
    print_line()


def _data(encoding: EncodingReport) -> str:
    """What became of the examples; nothing that was lost is left out."""
    text = (
        f"{encoding.num_examples} examples, {encoding.num_documents} documents, {format_count(encoding.num_tokens)} "
        f"tokens, {format_count(encoding.num_learnt)} of them learnt"
    )
    said = (
        (encoding.num_cut, f"{encoding.num_cut} cut, which lost {encoding.num_tokens_cut} tokens"),
        (encoding.num_dropped, f"{encoding.num_dropped} dropped: nothing to learn was left"),
        (encoding.num_rewritten, f"{encoding.num_rewritten} conversations as one document an answer"),
        (encoding.num_without_stop, f"{encoding.num_without_stop} end in no stop"),
    )
    return "; ".join([text, *(words for count, words in said if count)])


def _print_result(result: RunResult) -> None:
    pairs = [("trained", f"{result.num_steps} steps in {format_duration(result.seconds)}, last loss {result.loss:.4f}")]
    if result.held_out_before is not None and result.held_out_after is not None:
        before, after = result.held_out_before, result.held_out_after
        exact = f"wholly right {before.exact:.1%} before, {after.exact:.1%} after"
        pairs.append(("held out", f"loss {before.loss:.4f} before, {after.loss:.4f} after; {exact}"))
    pairs += [*result.files.items(), ("use", result.served)]
    print_pairs(pairs)


def _adapted_model(learnt: Path) -> str:
    """The model that a run or an adapter says it is for."""
    for file, key in ((learnt / "run.json", "model"), (learnt / CONFIG_NAME, "base_model_name_or_path")):
        if file.is_file():
            try:
                name = json.loads(file.read_text("utf-8")).get(key)
            except (ValueError, AttributeError) as error:
                raise ConfigError(f"{file} is no JSON object: {error}.", "", "Name the model with --model.") from error
            if isinstance(name, str) and name:
                return name
    raise ConfigError(f"{learnt} does not say which model it is for.", "A merge needs it.", "Name it with --model.")


def _read(learnt: Path, config: ModelConfig) -> Changes:
    if (learnt / CONFIG_NAME).is_file():
        return changes_from_adapter(read_adapter(learnt, config))
    return read_changes(learnt / FILE_NAME)
