import torch
from tokenizers import Tokenizer

from zaphod.data.tasks import Example
from zaphod.model.config import ModelConfig
from zaphod.model.transformer import Transformer
from zaphod.training.greedy import answer_greedily
from zaphod.training.initialise import initialise
from zaphod.training.tokenizer import END_ID, encode_prompt, train_tokenizer


def make_model() -> tuple[Transformer, Tokenizer]:
    tokenizer = train_tokenizer(["some words", "other words"], 280)
    config = ModelConfig(
        family="zaphod",
        vocab_size=280,
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
    return model.requires_grad_(False), tokenizer


def test_cached_decoding_equals_recomputing_the_whole_sequence() -> None:
    model, tokenizer = make_model()
    prompts = ["some words", "x", "other words", "some more words"]
    questions = [Example(task="any", prompt=prompt, answer="") for prompt in prompts]
    answers = answer_greedily(model, tokenizer, questions, max_new_tokens=12)
    for prompt, answer in zip(prompts, answers, strict=True):
        ids = encode_prompt(tokenizer, prompt)
        for _ in range(12):
            ids.append(int(model.forward_sequences(torch.tensor([ids]))[0, -1].argmax()))
        new = ids[-12:]
        assert answer == tokenizer.decode(new[: new.index(END_ID)] if END_ID in new else new)
