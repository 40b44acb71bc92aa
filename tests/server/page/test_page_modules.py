"""The page's parsers and data, each by itself, in the browser that will run them."""

from __future__ import annotations

import pytest
from tests.server.page.conftest import Visit

LINES = (
    'data: {"a": 1}',
    "",
    ": still here",
    "",
    "event: odd",
    "data: two",
    "data: lines — „ü“ 🙂",
    "",
    "data:[DONE]",
    "",
    "",
)
STREAM = "\r\n".join(LINES)
EVENTS = [
    {"type": "message", "data": '{"a": 1}'},
    {"type": "odd", "data": "two\nlines — „ü“ 🙂"},
    {"type": "message", "data": "[DONE]"},
]
FED = "a[0].reduce(([p, seen], part) => [p, [...seen, ...p.feed(part)]], [new m.EventParser(), []])[1]"
FROM_BYTES = """
    await (async () => {
      const bytes = new TextEncoder().encode(a[0]);
      const body = new ReadableStream({ start(c) {
        for (let at = 0; at < bytes.length; at += a[1]) c.enqueue(bytes.slice(at, at + a[1]));
        c.close();
      } });
      const events = [];
      for await (const event of m.eventsOf(body)) events.push(event);
      return events;
    })()"""
DRAWN = "(() => { const view = new m.MarkdownView(); for (const text of a) view.update(text); return view.element; })()"
MARKUP = f"{DRAWN}.innerHTML"


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_events_end_with_any_kind_of_line(tab: Visit, line_end: str) -> None:
    assert tab.run("sse", FED, [STREAM.replace("\r\n", line_end)]) == EVENTS


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_may_be_cut_anywhere_even_inside_a_character(tab: Visit, size: int) -> None:
    assert tab.run("sse", FROM_BYTES, STREAM, size) == EVENTS


def test_a_line_end_cut_in_two_is_one_line_end(tab: Visit) -> None:
    assert tab.run("sse", FED, ["data: a\r", "\ndata: b\r", "", "\n\r", "\n"]) == [{"type": "message", "data": "a\nb"}]


def test_an_event_that_is_not_finished_is_not_told(tab: Visit) -> None:
    assert tab.run("sse", FED, ["data: a\n"]) == []


def test_a_byte_order_mark_is_no_part_of_a_name(tab: Visit) -> None:
    assert tab.run("sse", FED, ["\ufeffdata: a\n\n"]) == [{"type": "message", "data": "a"}]


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("a\n\nb", "<p>a</p><p>b</p>"),
        ("a **b** *c* `d*e*`", "<p>a <strong>b</strong> <em>c</em> <code>d*e*</code></p>"),
        ("**a *b* c**", "<p><strong>a <em>b</em> c</strong></p>"),
        ("2*3*4 snake_case_name 1*8+0=08 7*8", "<p>2*3*4 snake_case_name 1*8+0=08 7*8</p>"),
        ("- a\n- b\n  - c\n- d", "<ul><li>a</li><li>b<ul><li>c</li></ul></li><li>d</li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("## Title", '<p class="heading"><strong>Title</strong></p>'),
        (r"\*not\* \`code\`", "<p>*not* `code`</p>"),
        ("**never closed", "<p>**never closed</p>"),
        ("first\nsecond", "<p>first<br>second</p>"),
    ],
)
def test_markdown_becomes_elements(tab: Visit, text: str, markup: str) -> None:
    assert tab.run("markdown", MARKUP, text) == markup


def test_code_blocks_keep_their_text_and_end_where_the_stream_is(tab: Visit) -> None:
    made = tab.run("markdown", MARKUP, "```py\nif a < b:\n    *x*")
    assert made.endswith("<code>if a &lt; b:\n    *x*</code></pre>")


def test_links_tell_where_they_lead_and_hand_nothing_on(tab: Visit) -> None:
    made = tab.run("markdown", MARKUP, "see [the docs](https://example.org/a?b=1).")
    rel = 'rel="noopener noreferrer nofollow" target="_blank"'
    link = f'<a href="https://example.org/a?b=1" {rel}>the docs</a><span class="host"> (example.org)</span>'
    assert made == f"<p>see <span>{link}</span>.</p>"


@pytest.mark.parametrize(
    "text",
    [
        "[a](javascript:alert(1))", "[a](data:text/html,x)", "[a](//example.org)", "javascript:alert(1)",
        "[a](https://user:secret@example.org)", "<https://a.b onclick=x>".replace("https", "file"), "![x](file:///etc/passwd)",
    ],
)  # fmt: skip
def test_only_ordinary_web_addresses_become_links(tab: Visit, text: str) -> None:
    assert "<a" not in tab.run("markdown", MARKUP, text)


@pytest.mark.parametrize(
    "text",
    ["<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "**<b onmouseover=x>**", "`</code><svg onload=x>`"],
)
def test_markup_in_an_answer_stays_text(tab: Visit, text: str) -> None:
    made = tab.run(
        "markdown",
        f"((e) => [e.textContent, e.querySelectorAll('img, script, b, svg').length])({DRAWN})",
        text,
    )
    assert made == [text.strip("*`"), 0]


def test_a_growing_text_keeps_the_blocks_that_are_whole(tab: Visit) -> None:
    same = """(() => {
      const view = new m.MarkdownView();
      view.update(a[0]);
      const first = view.element.firstChild;
      view.update(a[1]);
      return view.element.firstChild === first;
    })()"""
    assert tab.run("markdown", same, "one\n\ntw", "one\n\ntwo") is True


@pytest.mark.parametrize("text", ["*" * 20000, "`" * 20000, "[" * 20000, "**a " * 5000, "- " * 5000, "https://" * 3000])
def test_hostile_text_does_not_take_for_ever(tab: Visit, text: str) -> None:
    tab.page.set_default_timeout(5000)
    assert len(tab.run("markdown", MARKUP, text)) >= 0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"plan":[{"do":"go","to":"ki', {"plan": [{"do": "go", "to": "ki"}]}),
        ('{"plan":[{"do":"go","t', {"plan": [{"do": "go"}]}),
        ('{"plan":[{"do":"go"},', {"plan": [{"do": "go"}]}),
        ('{"a":1,"b":tr', {"a": 1}),
        ('{"a":"x\\', {}),
        ('{"a":"brace } in text"', {"a": "brace } in text"}),
        ("[1, 2", [1, 2]),
        ("{", {}),
        ("no json", None),
        ("{]", None),
    ],
)
def test_json_is_read_while_it_is_written(tab: Visit, text: str, value: object) -> None:
    assert tab.run("partial-json", "m.partialJson(a[0]) ?? null", text) == value


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"plan":[{"do":"go","to":"kitchen"}]}', "plan"),
        ('{"refuse":"unsafe"}', "refusal"),
        ('{"tool":"set_timer","arguments":{"amount":10}}', "call"),
        ('{"other":1}', "json"),
        ("7+4+0=11 1+4+1=06\n= 71", "worked"),
        ("3:7< 8-7-0=01 7-3-0=04\n= -41", "worked"),
        ("On 2024-05-06 it rained.", None),
        ("2024", None),
        ("- a list", None),
    ],
)
def test_answers_that_are_data_are_told_from_prose(tab: Visit, text: str, kind: str | None) -> None:
    assert tab.run("readable", "m.readable(a[0], true)?.kind ?? null", text) == kind


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("34", 34),
        ("0", 0),
        ("Thu, 01 Jan 1970 00:01:00 GMT", 60),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("soon", None),
        (None, None),
    ],
)
def test_retry_after_is_read_as_number_or_date(tab: Visit, header: str | None, seconds: int | None) -> None:
    assert tab.run("transport", "m.retryAfter(a[0], 0)", header) == seconds


def test_only_whole_sentences_are_announced(tab: Visit) -> None:
    text = "It is 3.5 metres. Then it st"
    assert text[: tab.run("announce", "m.endOfSentences(a[0], 0)", text)] == "It is 3.5 metres."


def test_a_character_of_several_tokens_is_shown_as_one(tab: Visit) -> None:
    smile = list("🙂".encode())
    tokens = [{"text": "\ufffd", "bytes": part, "logprob": -1, "top": []} for part in (smile[:2], smile[2:])]
    shown = tab.run("token-view", "m.shownTokens(a[0])", tokens)
    assert [(token["text"], token["count"], token["logprob"]) for token in shown] == [("🙂", 2, -2)]


def test_a_token_that_is_cut_is_drawn_anew_when_its_rest_comes(tab: Visit) -> None:
    smile = list("🙂".encode())
    parts = [{"text": "\ufffd", "bytes": part, "logprob": -1, "top": []} for part in (smile[:2], smile[2:])]
    tokens = [{"text": "a", "bytes": [97], "logprob": -1, "top": []}, *parts]
    drawn = """(() => {
      const view = new m.TokenView();
      for (const num of [1, 2, 3, 3]) view.update(a[0].slice(0, num));
      return [...view.element.children].map((span) => span.textContent);
    })()"""
    assert tab.run("token-view", drawn, tokens) == ["a", "🙂"]


def test_experts_are_counted_by_layer(tab: Visit) -> None:
    counted = tab.run(
        "answer", "m.countExperts(m.countExperts(null, a[0]), a[1])", [[[0, 2], [1, 3]]], [[[0, 1], [3, 1]]]
    )
    assert counted == {"tokens": 2, "counts_LE": [[2, 1, 1], [0, 2, 0, 2]]}


def test_parts_of_tool_calls_are_joined_by_index(tab: Visit) -> None:
    parts = [
        {"index": 0, "id": "x", "function": {"name": "set_timer", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"amount"'}},
        {"index": 1, "id": "y", "function": {"name": "calculator", "arguments": "{}"}},
        {"index": 0, "function": {"arguments": ":10}"}},
    ]
    fold = """(() => {
      const answer = m.emptyAnswer();
      for (const part of a[0]) m.fold(answer, { choices: [{ delta: { tool_calls: [part] } }] });
      return answer.toolCalls;
    })()"""
    made = tab.run("answer", fold, parts)
    assert made == [
        {"id": "x", "name": "set_timer", "arguments": '{"amount":10}'},
        {"id": "y", "name": "calculator", "arguments": "{}"},
    ]


TREE = """(() => {
  const c = new m.Conversation();
  const first = c.add(c.root, { role: "user", text: "one" });
  const answer = c.add(first, { role: "assistant", answer: { text: "eins", toolCalls: a[0], ended: "stop" } });
  if (a[1]) c.add(answer, { role: "tool", results: [{ id: "x", name: "f", content: "42" }] });
  const last = c.add(c.path().at(-1), { role: "user", text: "two" });
  const kept = m.Conversation.from(JSON.parse(JSON.stringify(c)));
  return [c.messagesBefore({ parent: last }), kept.messagesBefore({ parent: kept.path().at(-1) })];
})()"""
CALL = {"id": "x", "name": "f", "arguments": "{}"}


def test_messages_are_those_of_the_shown_branch_also_after_being_kept(tab: Visit) -> None:
    now, kept = tab.run("conversation", TREE, [], False)
    assert (
        now
        == kept
        == [
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": "eins"},
            {"role": "user", "content": "two"},
        ]
    )


def test_results_follow_the_calls_that_they_answer(tab: Visit) -> None:
    messages, _ = tab.run("conversation", TREE, [CALL], True)
    called = {"id": "x", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    assert messages[1] == {"role": "assistant", "content": "eins", "tool_calls": [called]}
    assert messages[2] == {"role": "tool", "tool_call_id": "x", "content": "42"}


def test_calls_that_nobody_answered_are_not_sent_as_calls(tab: Visit) -> None:
    messages, _ = tab.run("conversation", TREE, [CALL], False)
    assert "tool_calls" not in messages[1]
