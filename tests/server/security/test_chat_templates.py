"""Row 4: chat templates are programs of strangers. A served model's template may try anything, and gets 400."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.core.tokenizers.conftest import train_sentencepiece
from tests.server.api.test_rendering import HOSTILE
from tests.server.security.attacking import CHAT, builtin_copy, chat, code, post
from tests.support.running_server import RunningServer, StartServer, started
from tests.support.tiny_models import tiny_config, write_tiny

from zaphod.core.tokenizers import load_tokenizer
from zaphod.model.files.conversion import convert
from zaphod.model.files.weights import open_model

TRACE = "/tmp/zaphod-template-escaped"
ESCAPES = {
    "popen": "{{ cycler.__init__.__globals__.os.popen('touch " + TRACE + "').read() }}",
    "namespace": "{{ namespace.__init__.__globals__['__builtins__']['open']('" + TRACE + "', 'w') }}",
    "joiner": "{{ joiner.__init__.__globals__.os.system('touch " + TRACE + "') }}",
    "subclasses": "{% for c in ().__class__.__base__.__subclasses__() %}{% if c.__name__ == 'Popen' %}"
    "{{ c('touch " + TRACE + "', shell=1) }}{% endif %}{% endfor %}",
    "hex": "{{ ''['\\x5f\\x5fclass\\x5f\\x5f']['\\x5f\\x5fmro\\x5f\\x5f'][1]['\\x5f\\x5fsubclasses\\x5f\\x5f']() }}",
    "generator": "{{ (messages | map('upper')).gi_frame.f_back.f_globals['os'].system('id') }}",
    "self": "{{ self._TemplateReference__context.environment.loader.x }}",
    "import": "{% import 'os' as os %}{{ os.system('id') }}",
    "format map": "{{ '{a.__init__.__globals__}'.format_map({'a': cycler}) }}",
    "filter chain": "{{ messages | map(attribute='__class__.__mro__') | first | list | length // 0 }}",
    "sort": "{{ range(99999) | list | sort(reverse=true) | map('string') | join | length ** 99 }}"
    "{% for a in range(99999) %}{% for b in range(999) %}{{ a ~ b }}{% endfor %}{% endfor %}",
    "unicode": "{{ 'a' | indent(100000000) | upper | title }}{{ 'a'.ljust(10 ** 11) }}",
    "replace": "{{ ('a' * 99999) | replace('a', 'b' * 99999) }}",
    "do": "{% set x = [] %}{% for i in range(99999) %}{% set _ = x.append('a' * 99999) %}{% endfor %}",
}
AT_COMPILING = ("malformed", "nested parentheses", "power", "large repeat")
"""They fail, or fold their constants, before anything is rendered."""
WHEN_RENDERED = {name: text for name, text in {**HOSTILE, **ESCAPES}.items() if name not in AT_COMPILING}
BODIES = {
    CHAT: chat(),
    "/tokenize": {"messages": [{"role": "user", "content": "hi"}]},
    "/v1/messages": {"model": "builtin", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 1},
    "/v1/responses": {"input": "hi", "max_output_tokens": 16},
    "/v1/completions": {"prompt": "hi", "max_tokens": 1},
}


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Its template does whatever the message names."""
    cases = "".join(f"{{% elif messages[-1].content == '{name}' %}}{text}" for name, text in WHEN_RENDERED.items())
    source = "{% if messages[-1].content == 'well' %}<|user|>hi<|assistant|>" + cases + "{% endif %}"
    folder = tmp_path_factory.mktemp("poisoned")
    model = builtin_copy(folder / "model", chat_template__jinja=source)
    with started(folder, str(model)) as running:
        yield running


@pytest.mark.parametrize("name", WHEN_RENDERED)
def test_a_served_template_that_does_harm_is_refused(poisoned: RunningServer, name: str) -> None:
    before = poisoned.engine.pid
    refused = post(poisoned, CHAT, chat(name))
    assert refused.status_code == 400, refused.text
    assert code(refused) in ("template_failed", "invalid_value")
    assert "uid=" not in refused.text
    assert not Path(TRACE).exists()
    assert poisoned.engine.pid == before
    assert post(poisoned, CHAT, chat("well")).status_code == 200


def test_a_template_that_cannot_be_compiled_refuses_conversations_only(
    start_server: StartServer, tmp_path: Path
) -> None:
    """Each of them by itself: `api/test_rendering.py`."""
    model = builtin_copy(tmp_path / "model", chat_template__jinja=HOSTILE["nested parentheses"])
    with start_server(str(model)) as server:
        assert code(post(server, CHAT, chat())) == "template_failed"
        assert post(server, "/v1/completions", {"prompt": "hi", "max_tokens": 1}).status_code == 200


def test_a_template_inside_a_gguf_file_is_as_powerless(start_server: StartServer, tmp_path: Path) -> None:
    folder = tmp_path / "source"
    (tmp_path / "tokenizer.model").write_bytes(train_sentencepiece())
    vocab_size = load_tokenizer({"tokenizer.model": tmp_path / "tokenizer.model"}, {}).vocab_size
    write_tiny(folder, tiny_config("mixtral", vocab_size=vocab_size, context_length=256))
    shutil.move(tmp_path / "tokenizer.model", folder)
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": ESCAPES["popen"]}))
    with open_model(folder) as source:
        convert(source, "gguf", tmp_path / "model.gguf")
    assert ESCAPES["popen"].encode() in (tmp_path / "model.gguf").read_bytes()
    with start_server(str(tmp_path / "model.gguf")) as server:
        assert code(post(server, CHAT, chat())) == "template_failed"
    assert not Path(TRACE).exists()


@pytest.mark.parametrize("field", ["chat_template", "chat_template_kwargs", "documents", "continue_final_message"])
@pytest.mark.parametrize("path", BODIES)
def test_no_request_brings_a_template_or_its_arguments(victim: RunningServer, path: str, field: str) -> None:
    assert post(victim, path, BODIES[path]).status_code == 200
    refused = post(victim, path, {**BODIES[path], field: ESCAPES["popen"]})
    assert refused.status_code == 400
    assert field in refused.text


def test_a_template_spelt_in_a_message_is_text(victim: RunningServer) -> None:
    text = "{{ 7 * 7 }}{% for i in range(1000000000) %}x{% endfor %}{# a #}" + ESCAPES["popen"]
    told = post(victim, "/tokenize", {"messages": [{"role": "user", "content": text}]}).json()
    back = post(victim, "/detokenize", {"tokens": told["tokens"]}).json()["prompt"]
    assert text in back
    assert not Path(TRACE).exists()


def test_the_templates_process_has_nothing_worth_stealing(victim: RunningServer) -> None:
    """No key, no open file but the server's output, a small memory, no core file, no file that it could make."""
    root = psutil.Process(victim.process.pid)
    [renderer] = [one for one in root.children(recursive=True) if "rendering_process" in " ".join(one.cmdline())]
    assert {file.path for file in renderer.open_files()} == {str(victim.log)}
    assert not {name for name in renderer.environ() if "KEY" in name or "TOKEN" in name or name == "HOME"}
    assert renderer.rlimit(psutil.RLIMIT_CORE) == (0, 0)
    assert renderer.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
    assert renderer.rlimit(psutil.RLIMIT_AS)[0] < 4_000_000_000
