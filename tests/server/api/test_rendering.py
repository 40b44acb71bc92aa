"""Chat templates: rendered in a process of their own that hostile ones cannot outlast, outgrow or leave."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from zaphod.core.tokenizers import ByteTokenizer, render_chat
from zaphod.core.tokenizers.chat import token_names
from zaphod.server.api.rendering import Renderer, RendererOptions, TemplateFailedError

MESSAGES = [{"role": "user", "content": "hello {{ 7 * 7 }}"}]
HOSTILE = {
    "attributes": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "globals": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "lipsum": "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "format": "{{ '{0.__class__.__init__.__globals__}'.format(messages) }}",
    "attr": "{{ messages | attr('__class__') | attr('__mro__') | list }}{{ messages.append(1) }}",
    "include": "{% include '/etc/hostname' %}",
    "range": "{% for i in range(1000000000) %}{% endfor %}",
    "nested loops": "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "silent loops": "{% set n = namespace(x=0) %}{% for i in range(99999) %}{% for j in range(99999) %}"
    "{% set n.x = n.x + 1 %}{% endfor %}{% endfor %}",
    "endless text": "{% for i in range(99999) %}{% for j in range(99999) %}aaaaaaaaaaaaaaaa{% endfor %}{% endfor %}",
    "recursion": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "repeat": "{{ 'a' * 100000000000 }}",
    "large repeat": "{{ 'a' * 100000000 }}",
    "width": "{{ '%1000000000d' % 1 }}",
    "wide format": "{{ '{:>1000000000}'.format('a') }}",
    "power": "{{ 9 ** (9 ** 9) }}",
    "doubling": "{% set n = namespace(s='aaaaaaaa') %}{% for i in range(60) %}{% set n.s = n.s + n.s %}{% endfor %}",
    "centre": "{{ 'a' | center(10000000000) }}",
    "join": "{{ range(99999) | list | join('a' * 1000000) }}",
    "malformed": "{% if %}",
    "nested parentheses": "{{ " + "(" * 5000 + ")" * 5000 + " }}",
}


def with_renderer(source: str, act: Callable[[Renderer], Awaitable[object]], **options: float) -> object:
    async def run() -> object:
        renderer = Renderer(source, {"bos_token": "<s>"}, RendererOptions(**options))  # type: ignore[arg-type]
        try:
            return await act(renderer)
        finally:
            await renderer.aclose()

    return asyncio.run(run())


def test_a_conversation_is_laid_out_as_in_this_process() -> None:
    tokenizer = ByteTokenizer()
    tools = [{"type": "function", "function": {"name": "f"}}]

    async def run() -> str:
        renderer = Renderer(str(tokenizer.chat_template), token_names(tokenizer))
        try:
            return await renderer.render(MESSAGES, tools=tools)
        finally:
            await renderer.aclose()

    assert asyncio.run(run()) == render_chat(tokenizer, MESSAGES, tools=tools)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_template_is_refused(name: str) -> None:
    async def act(renderer: Renderer) -> None:
        with pytest.raises(TemplateFailedError) as caught:
            await renderer.render(MESSAGES)
        assert (caught.value.status, caught.value.code) == (400, "template_failed")

    with_renderer(HOSTILE[name], act)


def test_after_a_template_took_too_long_the_next_conversation_gets_a_new_process() -> None:
    source = "{% if messages[0].content == 'loop' %}" + HOSTILE["nested loops"] + "{% endif %}{{ messages[0].content }}"

    async def act(renderer: Renderer) -> None:
        assert await renderer.render([{"role": "user", "content": "one"}]) == "one"
        before = renderer.pid
        with pytest.raises(TemplateFailedError, match="too long"):
            await renderer.render([{"role": "user", "content": "loop"}])
        assert await renderer.render([{"role": "user", "content": "two"}]) == "two"
        assert renderer.pid != before

    with_renderer(source, act)


def test_a_process_that_only_waits_is_ended_by_the_clock() -> None:
    async def act(renderer: Renderer) -> None:
        await renderer.start()
        assert renderer.pid is not None
        os.kill(renderer.pid, 19)  # SIGSTOP: it takes no processor time any more
        with pytest.raises(TemplateFailedError, match="too long"):
            await renderer.render(MESSAGES)
        assert await renderer.render(MESSAGES) == "hello {{ 7 * 7 }}"

    with_renderer("{{ messages[0].content }}", act, max_wall_s=0.2)


def test_a_process_that_was_killed_is_replaced() -> None:
    async def act(renderer: Renderer) -> None:
        await renderer.start()
        assert renderer.pid is not None
        os.kill(renderer.pid, 9)
        with pytest.raises(TemplateFailedError):
            await renderer.render(MESSAGES)
        assert await renderer.render(MESSAGES) == "hello {{ 7 * 7 }}"

    with_renderer("{{ messages[0].content }}", act)


def test_whoever_goes_while_waiting_leaves_no_answer_to_the_next() -> None:
    async def act(renderer: Renderer) -> None:
        await renderer.start()
        for number in range(20):
            gone = asyncio.create_task(renderer.render([{"role": "user", "content": f"gone {number}"}]))
            await asyncio.sleep(0)
            gone.cancel()
            assert await renderer.render([{"role": "user", "content": f"{number}"}]) == f"{number}"

    with_renderer("{{ messages[0].content }}", act)


def test_conversations_at_one_time_do_not_mix() -> None:
    async def act(renderer: Renderer) -> None:
        texts = [str(number) for number in range(50)]
        renders = (renderer.render([{"role": "user", "content": text}]) for text in texts)
        assert await asyncio.gather(*renders) == texts

    with_renderer("{{ messages[0].content }}", act)


def test_a_refusal_in_the_templates_own_words_reaches_the_client() -> None:
    async def act(renderer: Renderer) -> None:
        with pytest.raises(TemplateFailedError, match="roles must alternate"):
            await renderer.render(MESSAGES)

    with_renderer("{{ raise_exception('roles must alternate') }}", act)


def test_long_output_is_refused_and_the_process_lives_on() -> None:
    async def act(renderer: Renderer) -> None:
        await renderer.start()
        before = renderer.pid
        with pytest.raises(TemplateFailedError, match="more than 1000 bytes"):
            await renderer.render([{"role": "user", "content": "a" * 1001}])
        assert await renderer.render([{"role": "user", "content": "a" * 1000}]) == "a" * 1000
        assert renderer.pid == before

    with_renderer("{{ messages[0].content }}", act, max_output_bytes=1000)


def test_the_process_sees_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAPHOD_API_KEY", "canary-7f3a")

    async def act(renderer: Renderer) -> None:
        await renderer.start()
        assert b"canary-7f3a" not in Path(f"/proc/{renderer.pid}/environ").read_bytes()

    with_renderer("x", act)


def test_the_process_ends_with_its_renderer() -> None:
    async def act(renderer: Renderer) -> int | None:
        await renderer.start()
        return renderer.pid

    pid = with_renderer("x", act)
    with pytest.raises(ProcessLookupError):
        os.kill(int(str(pid)), 0)


def test_the_process_imports_neither_torch_nor_numpy() -> None:
    async def act(renderer: Renderer) -> None:
        await renderer.start()
        maps = Path(f"/proc/{renderer.pid}/maps").read_text()
        assert "torch" not in maps
        assert "numpy" not in maps

    with_renderer("x", act)
