import pytest
import torch
from tokenizers import Tokenizer

from zaphod.core.errors import ConfigError
from zaphod.data.tasks.second.routes import OPENING
from zaphod.model.config import ModelConfig
from zaphod.model.transformer import Transformer
from zaphod.training.builtin_router import live_shares
from zaphod.training.editions import SECOND
from zaphod.training.initialise import initialise
from zaphod.training.tokenizer import SPECIAL_TOKENS_2, encode_prompt, train_tokenizer

QUESTIONS = ["who leads now", "who led then", "what is it", "who leads now", "x"]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return SECOND.make_tokenizer(texts_per_task=30)


@pytest.fixture(scope="module")
def model(tokenizer: Tokenizer) -> Transformer:
    config = ModelConfig(
        family="zaphod",
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_layers=2,
        num_heads=2,
        num_kv_heads=1,
        head_dim=16,
        context_length=64,
        dense_size=64,
    )
    model = Transformer(config)
    initialise(model, 2, seed=3)
    return model.requires_grad_(False)


def test_the_share_is_that_of_the_next_word_after_the_opening(model: Transformer, tokenizer: Tokenizer) -> None:
    shares = live_shares(model, tokenizer, QUESTIONS)
    for question, share in zip(QUESTIONS, shares, strict=True):
        ids = [*encode_prompt(tokenizer, question, [("route", "")]), *tokenizer.encode(OPENING).ids]
        logits = model.forward_sequences(torch.tensor([ids]))[0, -1].float()
        both = logits[[tokenizer.encode("true").ids[0], tokenizer.encode("false").ids[0]]]
        assert share == pytest.approx(float(both.softmax(-1)[0]), abs=1e-5)


def test_the_same_question_has_the_same_share_wherever_it_stands(model: Transformer, tokenizer: Tokenizer) -> None:
    shares = live_shares(model, tokenizer, QUESTIONS)
    assert shares[0] == shares[3]


def test_a_vocabulary_that_cannot_tell_yes_from_no_is_refused(model: Transformer) -> None:
    alike = train_tokenizer([], 300, SPECIAL_TOKENS_2)
    alike.add_tokens(["true", "false"])
    with pytest.raises(ConfigError, match="begin with the same token"):
        live_shares(model, _Alike(alike), QUESTIONS)


class _Alike:
    """A tokenizer that writes everything as one token."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def encode(self, text: str) -> object:
        return self._tokenizer.encode("true")

    def token_to_id(self, token: str) -> int | None:
        return self._tokenizer.token_to_id(token)
