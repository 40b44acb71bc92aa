"""Pieces of an answer as events, also where the token that opens a call is special and has no text of its own."""

from typing import Any

import pytest
import tokenizers
from tokenizers import decoders, models, pre_tokenizers

from zaphod.core.tokenizers.huggingface import HuggingFaceTokenizer
from zaphod.engine import SamplingParams
from zaphod.server.api.answer_reading import PlainReader, ToolReader
from zaphod.server.api.tool_formats import GENERIC, GRANITE, MISTRAL, ToolFormat
from zaphod.server.api.turns import AnswerEnd, Event, TextDelta, Tool, ToolCallBegin, ToolCallDelta, Turn
from zaphod.server.engine_process.messages import Piece, TokenLogprob

TOOLS = [Tool(name="f"), Tool(name="g")]


def tokenizer_with(special: str) -> HuggingFaceTokenizer:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    library = tokenizers.Tokenizer(models.BPE({letter: index for index, letter in enumerate(alphabet)}, []))
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.decoder = decoders.ByteLevel()
    library.add_special_tokens([special])
    return HuggingFaceTokenizer(library.to_str())


def read(format: ToolFormat, text: str, *, stop: tuple[str, ...] = (), size: int = 1, **options: Any) -> list[Event]:
    """Events of an answer that comes in pieces of so many tokens, as the engine hands them over."""
    tokenizer = tokenizer_with(format.opening or "<|end|>")
    turn = Turn(messages=[], sampling=SamplingParams(stop=stop), tools=TOOLS, **options)
    reader = ToolReader.maker(format, turn, tokenizer, (), is_open=False)(0)
    token_ids = tokenizer.encode(text)
    events: list[Event] = []
    for start in range(0, len(token_ids), size):
        piece = tuple(token_ids[start : start + size])
        is_last = start + size >= len(token_ids)
        spoken = tokenizer.decode(piece, skip_special=True)
        events += reader.read(
            Piece(request_id="r", token_ids=piece, text=spoken, finish_reason="stop" if is_last else None)
        )
        if reader.reason is not None:
            break
    return events


def calls_of(events: list[Event]) -> list[tuple[str, str]]:
    begun = [event for event in events if isinstance(event, ToolCallBegin)]
    deltas = [event for event in events if isinstance(event, ToolCallDelta)]
    return [(one.name, "".join(more.arguments for more in deltas if more.call == one.call)) for one in begun]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def list_of_calls(format: ToolFormat) -> str:
    return f"I see.{format.opening}[{format.written('f', {'a': 1})}, {format.written('g', {})}]"


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("format", [MISTRAL, GRANITE], ids=lambda format: format.name)
def test_a_special_token_opens_calls(format: ToolFormat, size: int) -> None:
    events = read(format, list_of_calls(format), size=size)
    assert calls_of(events) == [("f", '{"a": 1}'), ("g", "{}")]
    assert text_of(events) == "I see."
    assert events[-1] == AnswerEnd(answer=0, reason="tool_calls")


def test_ids_of_calls_are_those_that_the_models_template_accepts() -> None:
    ids = [event.call_id for event in read(MISTRAL, list_of_calls(MISTRAL)) if isinstance(event, ToolCallBegin)]
    assert all(len(call_id) == 9 and call_id.isalnum() for call_id in ids)
    assert len(set(ids)) == 2


def test_a_stop_text_ends_the_answer_there_as_well() -> None:
    events = read(MISTRAL, "one two" + list_of_calls(MISTRAL), stop=("two",), size=1000)
    assert text_of(events) == "one "
    assert calls_of(events) == []


def test_where_one_call_is_allowed_the_answer_ends_with_it() -> None:
    events = read(GRANITE, list_of_calls(GRANITE) + " and more", allows_parallel_calls=False)
    assert calls_of(events) == [("f", '{"a": 1}')]
    assert events[-1] == AnswerEnd(answer=0, reason="tool_calls")


def test_an_answer_without_calls_ends_as_the_engine_says() -> None:
    assert read(GENERIC, "hello")[-1] == AnswerEnd(answer=0, reason="stop")
    reader = PlainReader(0)
    events = list(reader.read(Piece(request_id="r", text="a", finish_reason="stop", stop_reason="b")))
    assert events == [TextDelta(answer=0, text="a"), AnswerEnd(answer=0, reason="stop", stop_text="b")]


def test_a_call_that_was_cut_off_has_the_reason_length() -> None:
    turn = Turn(messages=[], sampling=SamplingParams(), tools=TOOLS)
    reader = ToolReader.maker(GENERIC, turn, tokenizer_with("<|end|>"), (), is_open=False)(0)
    events = list(reader.read(Piece(request_id="r", text='{"name": "f", "arguments": {', finish_reason="length")))
    assert calls_of(events) == [("f", "{")]
    assert events[-1] == AnswerEnd(answer=0, reason="length")


def test_log_probabilities_and_experts_are_told_inside_calls_too() -> None:
    turn = Turn(messages=[], sampling=SamplingParams(), tools=TOOLS)
    reader = ToolReader.maker(GENERIC, turn, tokenizer_with("<|end|>"), (), is_open=False)(0)
    told = (TokenLogprob(1, -0.5, ()),)
    (event,) = reader.read(Piece(request_id="r", token_ids=(1,), text='{"na', logprobs=told, experts_NLK=(((1, 2),),)))
    assert event == TextDelta(answer=0, text="", logprobs=told, experts_NLK=(((1, 2),),))
