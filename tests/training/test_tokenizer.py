import json
from itertools import islice
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from zaphod.core.tokenizers import ChatMessage, load_tokenizer, render_chat
from zaphod.data.tasks import RobotPlan, ToolCall
from zaphod.training.tokenizer import (
    END_ID,
    PAD_ID,
    SPECIAL_TOKENS,
    encode_answer,
    encode_prompt,
    save_tokenizer,
    train_tokenizer,
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    texts = [
        text
        for task in (RobotPlan(), ToolCall())
        for example in islice(task.examples("train", 0), 500)
        for text in (example.prompt, example.answer)
    ]
    return train_tokenizer(texts, 600)


def test_special_tokens_come_first(tokenizer: Tokenizer) -> None:
    assert [tokenizer.id_to_token(number) for number in range(4)] == list(SPECIAL_TOKENS)
    assert (PAD_ID, END_ID) == (0, 3)
    assert tokenizer.get_vocab_size() == 600


def test_digits_stand_alone(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("4817+29").tokens == list("4817+29")


def test_a_word_has_the_same_tokens_in_question_and_answer(tokenizer: Tokenizer) -> None:
    word = tokenizer.encode("veelkor").ids
    for text in ("define veelkor.", '"word":"veelkor"}'):
        ids = tokenizer.encode(text).ids
        assert any(ids[n : n + len(word)] == word for n in range(len(ids)))


@pytest.mark.parametrize("text", ["naïve café", "日本", "🙂 ok", "a\tb\n\nc", "  two  spaces "])
def test_any_text_comes_back(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text).ids) == text


def test_the_saved_files_and_the_chat_template_give_the_ids_of_training(tokenizer: Tokenizer, tmp_path: Path) -> None:
    files = {file.name: file for file in save_tokenizer(tokenizer, tmp_path)}
    loaded = load_tokenizer(files, {})
    messages: list[ChatMessage] = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "no"},
        {"role": "user", "content": " open the fridge\n"},
    ]
    assert loaded.encode(render_chat(loaded, messages)) == encode_prompt(tokenizer, "open the fridge")
    assert loaded.eos_token_ids == (END_ID,) or set(loaded.eos_token_ids) == {END_ID}


def test_a_whole_conversation_is_rendered_with_its_end(tokenizer: Tokenizer, tmp_path: Path) -> None:
    files = {file.name: file for file in save_tokenizer(tokenizer, tmp_path)}
    loaded = load_tokenizer(files, {})
    messages: list[ChatMessage] = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "no"}]
    text = render_chat(loaded, messages, add_generation_prompt=False)
    assert loaded.encode(text) == encode_prompt(tokenizer, "hi") + encode_answer(tokenizer, "no")


def test_the_config_names_the_special_tokens(tokenizer: Tokenizer, tmp_path: Path) -> None:
    save_tokenizer(tokenizer, tmp_path)
    config = json.loads((tmp_path / "tokenizer_config.json").read_text())
    assert (config["eos_token"], config["pad_token"]) == ("<|end|>", "<|pad|>")
