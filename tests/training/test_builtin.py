from itertools import islice
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from zaphod.capacity.parameters import count_parameters
from zaphod.training.builtin import make_trainer
from zaphod.training.editions import SECOND
from zaphod.training.evaluation import Accuracy, Interval
from zaphod.training.model_card import Making, model_card
from zaphod.training.tokenizer import ASSISTANT_ID, CONTEXT_TOKENS, END_ID, USER_ID, encode_prompt, save_tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return SECOND.make_tokenizer(texts_per_task=300)


def test_documents_are_questions_and_answers_of_all_tasks(tokenizer: Tokenizer) -> None:
    documents = SECOND.documents(tokenizer)(4, 200)
    assert documents == SECOND.documents(tokenizer)(4, 200)
    assert all(USER_ID in d.prompt_ids and d.prompt_ids[-1] == ASSISTANT_ID for d in documents)
    assert all(d.answer_ids[-1] == END_ID for d in documents)
    answers = {tokenizer.decode(document.answer_ids)[:5] for document in documents}
    assert {'{"too', '{"pla', '{"ref', "I pla"} <= answers


def test_training_begins_with_echoes_of_any_token() -> None:
    echoes = SECOND.echoes(3, 400)
    assert echoes == SECOND.echoes(3, 400)
    for prompt_ids, answer_ids in echoes:
        assert (prompt_ids[0], prompt_ids[-1], answer_ids[-1]) == (USER_ID, ASSISTANT_ID, END_ID)
        assert prompt_ids[1:-1] == answer_ids[:-1]
    said = {i for document in echoes for i in document.answer_ids[:-1]}
    assert min(said) >= len(SECOND.special_tokens)
    assert len(said) > 0.8 * SECOND.config.vocab_size


def test_the_vocabulary_is_full_and_gives_back_every_answer(tokenizer: Tokenizer) -> None:
    assert tokenizer.get_vocab_size() <= SECOND.config.vocab_size
    for task in SECOND.tasks:
        for example in islice(task.examples("train", 5), 20):
            assert tokenizer.decode(tokenizer.encode(example.answer).ids) == example.answer


def test_nearly_every_question_with_its_answer_fits_the_context(tokenizer: Tokenizer) -> None:
    documents = SECOND.documents(tokenizer)(0, 1000)
    assert len(documents) > 990  # the vocabulary of this test is poor, and texts are longer in it
    assert max(len(d.prompt_ids) + len(d.answer_ids) for d in documents) <= SECOND.config.context_length


def test_the_model_is_as_small_as_its_card_says() -> None:
    assert count_parameters(SECOND.config).total < 20e6
    assert abs(sum(SECOND.tasks.values()) - 1) < 1e-9


def test_tools_and_texts_stand_before_the_question_each_behind_its_token() -> None:
    tokenizer = SECOND.make_tokenizer(texts_per_task=50)
    ids = encode_prompt(tokenizer, "go", [("tool", "a()"), ("text", "b: c")])
    marks = [tokenizer.token_to_id(CONTEXT_TOKENS[kind]) for kind in ("tool", "text")]
    assert [i for i in ids if i in (*marks, USER_ID, ASSISTANT_ID)] == [*marks, USER_ID, ASSISTANT_ID]


def test_a_new_trainer_starts_with_float32_routers_and_a_saved_tokenizer(tmp_path: Path) -> None:
    save_tokenizer(SECOND.make_tokenizer(texts_per_task=50), tmp_path / "tokenizer")
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
