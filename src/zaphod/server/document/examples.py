"""Requests that a reader of the OpenAPI document can send as they are; knows no schema. A test sends each of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_QUESTION = "what is 4817 + 2944?"
_TIMER: Mapping[str, Any] = {
    "type": "object",
    "properties": {"amount": {"type": "integer"}, "unit": {"enum": ["seconds", "minutes"]}},
    "required": ["amount", "unit"],
}
_ASK: Mapping[str, Any] = {"messages": [{"role": "user", "content": _QUESTION}], "max_tokens": 60}
_TOOL: Mapping[str, Any] = {
    "messages": [{"role": "user", "content": "set a timer for 10 minutes"}],
    "tools": [{"type": "function", "function": {"name": "set_timer", "parameters": _TIMER}}],
    "tool_choice": "required",
    "max_tokens": 60,
}

REQUESTS: Mapping[str, Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "/v1/chat/completions": {
            "A question": _ASK,
            "A stream": {**_ASK, "stream": True, "stream_options": {"include_usage": True}},
            "A call of a function": _TOOL,
        },
        "/v1/completions": {"A prompt": {"prompt": "2 + 3 =", "max_tokens": 8, "temperature": 0}},
        "/v1/responses": {
            "A question": {"input": _QUESTION, "max_output_tokens": 60},
            "A stream": {"input": _QUESTION, "max_output_tokens": 60, "stream": True},
            "A question whose answer is kept": {"input": _QUESTION, "max_output_tokens": 60, "store": True},
        },
        "/v1/messages": {"A question": _ASK, "A stream": {**_ASK, "stream": True}},
        "/v1/messages/count_tokens": {"A question": {"messages": _ASK["messages"]}},
        "/v1/embeddings": {"Two texts": {"input": ["a lamp on a table", "a chair"]}},
        "/tokenize": {"A text": {"prompt": _QUESTION}, "A conversation": {"messages": _ASK["messages"]}},
        "/detokenize": {"Token ids": {"tokens": [68, 69, 70]}},
        "/zaphod/plan": {"Fifty thousand users": {"model": "grok-1", "gpu": "h100", "users": 50_000, "region": "us"}},
    }
)
"""By path, then by what the example shows."""

STREAMS: Mapping[str, str] = MappingProxyType(
    {
        "/v1/chat/completions": (
            'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1760000000,"model":"builtin",'
            '"system_fingerprint":"zaphod","choices":[{"index":0,"delta":{"content":"= 7761"},"logprobs":null,'
            '"finish_reason":null}]}\n\ndata: [DONE]\n\n'
        ),
        "/v1/completions": (
            'data: {"id":"cmpl-1","object":"text_completion","created":1760000000,"model":"builtin",'
            '"system_fingerprint":"zaphod","choices":[{"index":0,"text":" 5","logprobs":null,"finish_reason":null}]}'
            "\n\ndata: [DONE]\n\n"
        ),
        "/v1/responses": (
            'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":4,'
            '"item_id":"msg_1","output_index":0,"content_index":0,"delta":"= 7761","logprobs":[]}\n\n'
        ),
        "/v1/messages": (
            'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
            '"delta":{"type":"text_delta","text":"= 7761"}}\n\n'
        ),
    }
)
"""Excerpts of streams, by path."""
