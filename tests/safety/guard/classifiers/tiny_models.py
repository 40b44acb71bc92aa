"""Tiny Transformers models with weights that we choose, saved as folders like those of the published ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

TEMPLATE = (
    "{{ '<bos>' }}Task: check for unsafe content.\n<BEGIN UNSAFE CONTENT CATEGORIES>\nS1: Violent Crimes.\nS10: Hate.\n"
    "<END UNSAFE CONTENT CATEGORIES>\n<BEGIN CONVERSATION>\n"
    "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
    "<END CONVERSATION>\nAnswer safe or unsafe.<eot>"
)
_WORDS = [
    "<pad>",
    "<unk>",
    "<bos>",
    "<eot>",
    "\n",
    "\n\n",
    " ",
    "safe",
    "unsafe",
    "S1",
    "S10",
    ",",
    "user",
    "assistant",
    ":",
]


def word_tokenizer(template: str | None = None) -> PreTrainedTokenizerFast:
    """One token for each word or blank it knows."""
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(_WORDS)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"\s+|\w+|[^\w\s]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", bos_token="<bos>", eos_token="<eot>"
    )
    fast.chat_template = template
    return fast


def save_sequence_model(folder: Path, labels: Sequence[str], logits: Sequence[float]) -> Path:
    """A model that answers every text with these logits."""
    config = BertConfig(
        vocab_size=len(_WORDS),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
        max_position_embeddings=34,
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
    )
    model = BertForSequenceClassification(config)
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor(logits))
    model.save_pretrained(folder)
    word_tokenizer().save_pretrained(folder)
    return folder


def save_chain_model(folder: Path, follows: dict[str, str], template: str | None = TEMPLATE) -> Path:
    """A model whose next token depends on the last one alone: `follows` says how, with odds of about 20 to 1."""
    size = len(_WORDS)
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=16,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        num_key_value_heads=1,
        tie_word_embeddings=False,
        bos_token_id=2,
        eos_token_id=3,
        pad_token_id=0,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight", "lm_head.weight")):
                parameter.zero_()
        model.model.embed_tokens.weight.copy_(torch.eye(size, 16))
        for before, after in follows.items():
            model.lm_head.weight[_WORDS.index(after), _WORDS.index(before)] = 0.75
    model.save_pretrained(folder)
    word_tokenizer(template).save_pretrained(folder)
    return folder
