"""Names of special tokens in messages are text, whatever the vocabulary; without them nothing changes."""

from collections.abc import Callable

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.tokenizers import ByteTokenizer, Tokenizer, encode_chat, render_chat
from zaphod.core.tokenizers.huggingface import HuggingFaceTokenizer
from zaphod.core.tokenizers.sentencepiece import SentencePieceTokenizer, load_sentencepiece
from zaphod.core.tokenizers.veil import Veil

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ message.role }}: {{ message.content | trim }}"
    "{{ message.tool_calls | tojson if message.tool_calls }}{{ eos_token }}{% endfor %}{{ tools | tojson if tools }}"
)
BYTES = ByteTokenizer()


@pytest.fixture(params=["bytes", "byte level", "sentencepiece"])
def tokenizer(request, byte_level_library: tokenizers.Tokenizer, spm_file) -> Tokenizer:
    build: dict[str, Callable[[], Tokenizer]] = {
        "bytes": ByteTokenizer,
        "byte level": lambda: HuggingFaceTokenizer(
            byte_level_library.to_str(),
            bos_token="<|im_start|>",
            eos_tokens=("<|im_end|>",),
            chat_template=TEMPLATE,
        ),
        "sentencepiece": lambda: load_sentencepiece(spm_file, chat_template=TEMPLATE),
    }
    return build[request.param]()


def specials_in(tokenizer: Tokenizer, token_ids: list[int]) -> list[int]:
    return [token_id for token_id in token_ids if token_id in set(tokenizer.special_tokens.values())]


def conversation(content: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": content}]


def test_a_special_token_spelt_in_a_message_is_ordinary_text(tokenizer: Tokenizer) -> None:
    for name in tokenizer.special_tokens:
        plain = encode_chat(tokenizer, conversation("a b"))
        spelt = encode_chat(tokenizer, conversation(f"a {name} b"))
        assert specials_in(tokenizer, spelt) == specials_in(tokenizer, plain)
        assert tokenizer.decode(spelt) == render_chat(tokenizer, conversation(f"a {name} b"))


@pytest.mark.parametrize("content", ["plain", "42 <b>", "Größe 日本", "a  b", "", "<|im_", "\ue000\ue001"])
def test_nothing_changes_where_nothing_is_spelt(tokenizer: Tokenizer, content: str) -> None:
    rendered = render_chat(tokenizer, conversation(content))
    assert encode_chat(tokenizer, conversation(content)) == tokenizer.encode(rendered)


def test_names_are_covered_in_tools_and_calls_as_well(byte_level_library: tokenizers.Tokenizer) -> None:
    tokenizer = HuggingFaceTokenizer(byte_level_library.to_str(), bos_token="<|im_start|>", chat_template=TEMPLATE)
    calls = [{"function": {"name": "f", "arguments": {"<|im_start|>": "<|im_end|>"}}}]
    messages = [{"role": "assistant", "content": "", "tool_calls": calls}]
    tools = [{"function": {"name": "f", "description": "<|im_end|>", "parameters": {}}}]
    token_ids = encode_chat(tokenizer, messages, tools=tools)
    assert specials_in(tokenizer, token_ids) == [tokenizer.special_tokens["<|im_start|>"]]


def test_a_name_that_another_name_is_wrapped_around_stays_text(tokenizer: Tokenizer) -> None:
    for name in tokenizer.special_tokens:
        nested = name[:2] + name + name[2:]
        token_ids = encode_chat(tokenizer, conversation(nested))
        assert specials_in(tokenizer, token_ids) == specials_in(tokenizer, encode_chat(tokenizer, conversation("x")))


def test_a_sentencepiece_text_after_a_name_gets_no_space_of_its_own(spm: SentencePieceTokenizer) -> None:
    veil = Veil.over(["<|separator|>"])
    token_ids = veil.encode(spm, veil.cover("a<|separator|>b c"))
    assert spm.decode(token_ids) == "a<|separator|>b c"


def test_signs_differ_from_one_conversation_to_the_next() -> None:
    names = ["<|eos|>"]
    assert Veil.over(names).cover("<|eos|>") != Veil.over(names).cover("<|eos|>")


def test_a_lifted_text_is_the_text_before(tokenizer: Tokenizer) -> None:
    veil = Veil.over(tokenizer.special_tokens)
    text = "a" + "b".join(tokenizer.special_tokens)
    assert veil.lift(veil.cover(text)) == text


def test_a_vocabulary_without_special_tokens_needs_no_veil() -> None:
    assert Veil.over([]).cover({"a": ["b", 1, None]}) == {"a": ["b", 1, None]}


@given(st.lists(st.sampled_from([*BYTES.special_tokens, "<|", "|>", "eos", "<|eos", " ", "é"]), max_size=12))
def test_no_content_makes_a_special_token(pieces: list[str]) -> None:
    token_ids = encode_chat(BYTES, conversation("".join(pieces)))
    assert len(specials_in(BYTES, token_ids)) == len(specials_in(BYTES, encode_chat(BYTES, conversation(""))))
