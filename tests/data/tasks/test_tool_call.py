import json
from itertools import islice

from zaphod.data.tasks import Example, ToolCall

CALL = {"tool": "set_timer", "arguments": {"amount": 10, "unit": "minutes"}}
TIMER = Example(task="tool_call", prompt="set a timer for 10 minutes", answer=json.dumps(CALL), meta=CALL)


def test_spacing_and_order_do_not_matter() -> None:
    assert ToolCall().judge(TIMER, '{"arguments": {"unit": "minutes",  "amount": 10}, "tool": "set_timer"}').correct


def test_a_number_in_quotation_marks_is_wrong() -> None:
    assert not ToolCall().judge(TIMER, '{"tool":"set_timer","arguments":{"amount":"10","unit":"minutes"}}').correct


def test_a_surplus_argument_is_wrong() -> None:
    call = {"tool": "set_timer", "arguments": {**CALL["arguments"], "sound": "bell"}}  # type: ignore[dict-item]
    assert not ToolCall().judge(TIMER, json.dumps(call)).correct


def test_eight_tools_are_called() -> None:
    assert len({example.meta["tool"] for example in islice(ToolCall().examples("train", 0), 400)}) == 8


def test_text_arguments_are_copied_from_the_request() -> None:
    for example in islice(ToolCall().examples("train", 0), 500):
        for name, value in example.meta["arguments"].items():
            if name in ("city", "word", "to", "text", "title", "artist", "topic"):
                assert value in example.prompt
