from pathlib import Path

import torch

from zaphod.capacity.parameters import count_parameters
from zaphod.training.builtin import CONFIG, TASKS, Documents, make_tokenizer, make_trainer
from zaphod.training.evaluation import Accuracy, Interval
from zaphod.training.model_card import Making, model_card
from zaphod.training.tokenizer import ASSISTANT_ID, END_ID, USER_ID


def test_documents_are_questions_and_answers_of_all_tasks() -> None:
    tokenizer = make_tokenizer()
    documents = Documents(tokenizer)(seed=4, count=200)
    assert documents == Documents(tokenizer)(seed=4, count=200)
    assert all(d.prompt_ids[0] == USER_ID and d.prompt_ids[-1] == ASSISTANT_ID for d in documents)
    assert all(d.answer_ids[-1] == END_ID for d in documents)
    answers = {tokenizer.decode(document.answer_ids)[:5] for document in documents}
    assert {'{"too', '{"pla', '{"ref', "I pla"} <= answers


def test_every_question_with_its_answer_fits_the_context() -> None:
    documents = Documents(make_tokenizer())(seed=0, count=2000)
    assert max(len(d.prompt_ids) + len(d.answer_ids) for d in documents) < CONFIG.context_length


def test_the_model_is_as_small_as_its_card_says() -> None:
    assert count_parameters(CONFIG).total < 12e6
    assert abs(sum(TASKS.values()) - 1) < 1e-9


def test_a_new_trainer_starts_with_float32_routers_and_a_saved_tokenizer(tmp_path: Path) -> None:
    trainer, tokenizer = make_trainer(1.0, tmp_path)
    again, same_tokenizer = make_trainer(1.0, tmp_path)
    assert trainer.step == again.step == 0
    assert same_tokenizer.to_str() == tokenizer.to_str()
    dtypes = {name: p.dtype for name, p in trainer.model.named_parameters()}
    assert dtypes["layers.0.moe.router.weight"] == torch.float32
    assert dtypes["layers.0.moe.experts.gate"] == torch.bfloat16


def test_the_card_states_every_measurement_and_how_to_repeat_the_training() -> None:
    making = Making(
        command="zaphod train builtin --minutes 38 --seed 0 --out DIR",
        machine="2 cores",
        seconds=2280.0,
        num_steps=10,
        num_tokens=1000,
        num_parameters=11_400_000,
        num_active_parameters=3_500_000,
        weights_format="int8",
        file_bytes=12_184_064,
        seed=0,
    )
    card = model_card(making, [Accuracy("arithmetic", "wordings", 9, 10, Interval(0.596, 0.982), ())])
    for text in (
        "| 9 | 10 | 90.0% | 59.6% to 98.2% |",
        making.command,
        "12.2 MB",
        "38 min 00 s",
        "2 cores",
        '{"refuse":',
    ):
        assert text in card
