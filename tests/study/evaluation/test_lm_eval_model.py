"""lm-evaluation-harness drives our models in memory and behind our server, and scores as we do."""

import json
from types import SimpleNamespace

import pytest
from tests.study.evaluation.asked_models import tiny_loaded
from tests.support.running_server import started

from zaphod.core.errors import ConfigError
from zaphod.engine import EngineConfig
from zaphod.study.evaluation.forms.choice import ChoiceForm
from zaphod.study.evaluation.models.asked import Prompt
from zaphod.study.evaluation.models.endpoint import EndpointModel, EndpointOptions
from zaphod.study.evaluation.models.in_memory import EngineModel
from zaphod.study.evaluation.problems import ChoiceProblem

pytestmark = pytest.mark.filterwarnings("ignore")  # of the harness and what it imports

lm_eval = pytest.importorskip("lm_eval", reason="the extra evaluation is not installed")

PROBLEMS = [
    ChoiceProblem(key="0", stem="which is a metal?", options=("iron", "wood", "milk"), right=(0,)),
    ChoiceProblem(key="1", stem="what is 4 + 4?", options=("7", "8", "90"), right=(1,)),
    ChoiceProblem(key="2", stem="where do robots work?", options=("in halls", "on trees"), right=(0,)),
]
TASK = """
task: ours
dataset_path: json
dataset_kwargs: {{data_files: {{test: {file}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "Question: {{{{stem}}}}\\nAnswer:"
doc_to_choice: "{{{{options}}}}"
doc_to_target: "{{{{right}}}}"
metric_list: [{{metric: acc}}, {{metric: acc_norm}}]
"""


@pytest.fixture(scope="module")
def loaded():
    return tiny_loaded()


def samples(model, folder):
    """The harness's verdicts in the order of the problems."""
    from lm_eval.tasks import TaskManager

    lines = [{"stem": p.stem, "options": p.options, "right": p.right[0]} for p in PROBLEMS]
    (folder / "problems.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "ours.yaml").write_text(TASK.format(file=folder / "problems.jsonl"))
    found = lm_eval.simple_evaluate(
        model=model,
        tasks=["ours"],
        task_manager=TaskManager(include_path=str(folder), include_defaults=False),
        log_samples=True,
        bootstrap_iters=0,
    )
    return sorted(found["samples"]["ours"], key=lambda sample: sample["doc_id"])


def assert_alike(records, theirs):
    for record, sample in zip(records, theirs, strict=True):
        assert record["logprobs"]["cloze"] == pytest.approx([resp[0][0] for resp in sample["resps"]], abs=1e-3)
        assert (record["values"]["cloze"], record["values"]["cloze per character"]) == (
            sample["acc"],
            sample["acc_norm"],
        )


def test_the_harness_scores_a_model_in_memory_as_we_do(loaded, tmp_path):
    from zaphod.study.evaluation.lm_eval_model import ZaphodLM

    assert_alike(
        ChoiceForm(styles=("cloze",)).ask(EngineModel(loaded), PROBLEMS), samples(ZaphodLM(loaded=loaded), tmp_path)
    )


def test_the_harness_and_we_score_a_served_model_alike(tmp_path):
    from lm_eval.api.registry import get_model

    from zaphod.core.configuration import Settings
    from zaphod.core.progress import SILENT
    from zaphod.launch.models import load_model
    from zaphod.model.fetching.references import BUILTIN_FOLDER
    from zaphod.study.evaluation.lm_eval_model import ZaphodLM

    form = ChoiceForm(styles=("cloze",))
    with started(tmp_path, "--guard", "off", "--no-audit") as server:
        endpoint = EndpointModel(EndpointOptions(url=server.url, num_parallel=2))
        records = form.ask(endpoint, PROBLEMS)
        texts = endpoint.write([Prompt(text="plan:", max_tokens=6)])
        client = get_model("local-completions")(
            model="builtin", base_url=f"{server.url}/v1/completions", tokenizer=str(BUILTIN_FOLDER), max_length=512
        )
        assert_alike(records, samples(client, tmp_path))
    assert issubclass(get_model("zaphod"), ZaphodLM)
    builtin = EngineModel(load_model(Settings(threads=1), None, None, SILENT, limits=EngineConfig()))
    in_memory = form.ask(builtin, PROBLEMS)
    for served, own in zip(records, in_memory, strict=True):
        assert served["logprobs"]["cloze"] == pytest.approx(own["logprobs"]["cloze"], abs=0.05)
    assert texts[0].text == builtin.write([Prompt(text="plan:", max_tokens=6)])[0].text


def test_whole_texts_are_scored_in_windows_that_leave_nothing_out(loaded):
    from zaphod.study.evaluation.lm_eval_model import ZaphodLM

    model, text = ZaphodLM(loaded=loaded), "some text that is longer than one window of this model " * 3
    (long,) = model.loglikelihood_rolling([SimpleNamespace(args=(text,))])
    (short,) = model.loglikelihood_rolling([SimpleNamespace(args=(text[:40],))])
    assert long < short < 0
    assert short == pytest.approx(EngineModel(loaded).likelihoods([("", text[:40])])[0].logprob)


def test_answers_end_where_the_task_says(loaded):
    from zaphod.study.evaluation.lm_eval_model import ZaphodLM

    model = ZaphodLM(loaded=loaded)
    whole = EngineModel(loaded).write([Prompt(text="one", max_tokens=12)])[0].text
    asked = [({"until": [whole[3]], "max_gen_toks": 12},), ({"max_gen_toks": 12, "do_sample": False},)]
    ended, free = model.generate_until([SimpleNamespace(args=("one", *fields)) for fields in asked])
    assert free == whole
    assert ended == whole[: whole.index(whole[3])]


def test_arguments_that_it_does_not_know_are_refused():
    from zaphod.study.evaluation.lm_eval_model import ZaphodLM

    with pytest.raises(ConfigError, match="pretrained"):
        ZaphodLM(pretrained="x")
