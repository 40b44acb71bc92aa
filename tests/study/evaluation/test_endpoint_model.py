"""A server that is asked: where contexts end, what is refused, and what is asked again."""

import contextlib
import http.server
import json
import threading

import pytest

from zaphod.core.errors import ConfigError, RequestError, UnavailableError
from zaphod.study.evaluation.models.asked import Prompt
from zaphod.study.evaluation.models.endpoint import EndpointModel, EndpointOptions

LOGPROBS = {
    "tokens": ["ab", " c", "d", "x"],
    "token_logprobs": [None, -1.0, -2.0, -9.0],
    "top_logprobs": [None, {" c": -1.0}, {"e": -0.5, "d": -2.0}, {"x": -9.0}],
    "text_offset": [0, 2, 4, 5],
}
COMPLETION = {"choices": [{"text": "four", "logprobs": LOGPROBS, "finish_reason": "length"}]}


@contextlib.contextmanager
def serving(answers):
    """A server that gives these (status, body) pairs by path, the last one again and again; and what it was asked."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.path, json.loads(body), self.headers.get("Authorization")))
            self.answer()

        def do_GET(self):
            self.answer()

        def answer(self):
            left = answers.get(self.path, [(404, {})])
            status, value = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(value if isinstance(value, bytes) else json.dumps(value).encode())

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def model_of(url, **fields):
    return EndpointModel(EndpointOptions(url=url, **fields), sleep=lambda seconds: None)


MODELS = {"/v1/models": [(200, {"data": [{"id": "m", "max_model_len": 8}]})]}


def test_without_tokens_a_context_ends_where_its_letters_do():
    with serving({**MODELS, "/v1/completions": [(200, COMPLETION)]}) as (url, asked):
        model = model_of(url)
        (found,) = model.likelihoods([("ab", " cd")])
    assert (found.logprob, found.is_greedy, found.num_tokens) == (-3.0, False, 2)
    assert asked[-1][1]["prompt"] == "ab cd"
    assert model.facts["contexts_end_at"] == "letters"


def test_with_tokens_they_are_sent_and_cut_to_what_the_model_holds():
    told = {**COMPLETION, "usage": {"prompt_tokens": 3}}
    tokens = [(200, {"tokens": list(range(9))})]
    with serving({**MODELS, "/tokenize": tokens, "/v1/completions": [(200, told)]}) as (url, asked):
        (written,) = model_of(url).write([Prompt(text="long", max_tokens=2)])
    assert asked[-1][1]["prompt"] == [4, 5, 6, 7, 8]
    assert (written.text, written.is_cut, written.is_ended) == ("four", True, False)


def test_a_chat_is_asked_as_a_users_message_with_the_key():
    answer = {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}
    with serving({**MODELS, "/v1/chat/completions": [(200, answer)]}) as (url, asked):
        (written,) = model_of(url, as_chat=True, api_key="k").write([Prompt(text="hello", max_tokens=2, stop=("x",))])
    path, fields, key = asked[-1]
    assert (path, key, fields["messages"][0]["content"], fields["stop"]) == (
        "/v1/chat/completions",
        "Bearer k",
        "hello",
        ["x"],
    )
    assert written.is_ended


def test_later_is_asked_again_and_a_refusal_is_told():
    later = [(503, {}), (429, {}), (200, COMPLETION)]
    with serving({**MODELS, "/v1/completions": later}) as (url, _):
        assert model_of(url).write([Prompt(text="a", max_tokens=2)])[0].text == "four"
    refusal = {**MODELS, "/v1/completions": [(400, {"error": "too long"})]}
    with serving(refusal) as (url, _), pytest.raises(RequestError, match="too long"):
        model_of(url).write([Prompt(text="a", max_tokens=2)])


@pytest.mark.parametrize("body", [b"nonsense", b"[]", b"{}", b'{"choices": []}', b'{"choices": [{"logprobs": null}]}'])
def test_answers_in_another_format_are_told(body):
    with serving({**MODELS, "/v1/completions": [(200, body)]}) as (url, _):
        with pytest.raises(RequestError):
            model_of(url).likelihoods([("ab", " cd")])
        with pytest.raises(RequestError):
            model_of(url).write([Prompt(text="ab", max_tokens=2)])


def test_what_names_no_model_or_is_no_server_is_refused():
    with serving({}) as (url, _), pytest.raises(UnavailableError, match="404"):
        model_of(url)
    with pytest.raises(UnavailableError):
        model_of("http://127.0.0.1:9")
    with pytest.raises(ConfigError):
        EndpointOptions(url="builtin")
