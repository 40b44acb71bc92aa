"""A conversation on a terminal; knows lines, commands and Ctrl-C, not how answers are computed."""

from __future__ import annotations

import time

import psutil

from zaphod import __version__
from zaphod.capacity.hardware import this_machine
from zaphod.capacity.parameters import count_parameters
from zaphod.cli.output import print_line, print_pairs, print_piece
from zaphod.core.errors import RequestError
from zaphod.core.tokenizers import ChatMessage
from zaphod.core.units import format_bytes, format_count
from zaphod.engine import Request, SamplingParams
from zaphod.launch.assistant.assistant import Assistant
from zaphod.launch.models import LoadedModel
from zaphod.model.fetching.references import BUILTIN

GOOD_AT = (
    "robot plans, tool calls, arithmetic with checked steps. Not a general chatbot: `zaphod run org/name` loads one."
)
_HELP = (
    ("/reset", "forget the conversation"),
    ("/exit", "leave; so does Ctrl-D"),
    ("Ctrl-C", "stop the answer that is being written"),
)


def chat(
    model: LoadedModel,
    name: str,
    sampling: SamplingParams,
    system: str | None,
    assistant: Assistant | None = None,
) -> None:
    """Talk until whoever types leaves."""
    _enable_line_editing()
    _greet(model, name)
    conversation = _Conversation(model, sampling, system, assistant)
    while True:
        try:
            line = input("\n> ").strip()
        except EOFError:
            print_line()
            return
        except KeyboardInterrupt:
            print_line("\n(Ctrl-D or /exit leaves)", style="dim")
            continue
        if line == "/exit":
            return
        if line == "/reset":
            conversation.reset()
            print_line("(forgotten)", style="dim")
        elif line.startswith("/"):
            print_pairs(_HELP)
        elif line:
            conversation.ask(line)


class _Conversation:
    """What was said so far."""

    def __init__(
        self, model: LoadedModel, sampling: SamplingParams, system: str | None, assistant: Assistant | None
    ) -> None:
        self._model, self._sampling, self._assistant = model, sampling, assistant
        self._opening: list[ChatMessage] = [{"role": "system", "content": system}] if system else []
        self._messages = [*self._opening]

    def reset(self) -> None:
        self._messages = [*self._opening]

    def ask(self, line: str) -> None:
        """Print the answer as it comes. A question that cannot be asked is taken back."""
        if self._assistant is not None:
            self._print_assisted(self._assistant, line)
            return
        self._messages.append({"role": "user", "content": line})
        try:
            answer = self._print_answer()
        except RequestError as error:
            self._messages.pop()
            print_line(str(error))
            print_line("(/reset begins anew)", style="dim")
        else:
            self._messages.append({"role": "assistant", "content": answer})

    def _print_assisted(self, assistant: Assistant, line: str) -> None:
        """Each question stands alone: the model reads the last one only."""
        try:
            outcome = assistant.answer(line)
        except RequestError as error:
            print_line(str(error))
            return
        except KeyboardInterrupt:
            self._model.engine.cancel("assistant")
            print_line("(stopped)", style="dim")
            return
        if outcome.said:
            print_piece(outcome.said + "\n")
        if outcome.note:
            print_line(outcome.note, style="dim")

    def _print_answer(self) -> str:
        request = Request(
            request_id="chat",
            prompt_token_ids=self._model.encode(self._messages),
            sampling=self._sampling,
            adapter=self._model.adapter,
        )
        parts: list[str] = []
        num_tokens, start_s, reason = 0, time.perf_counter(), "stopped"
        try:
            for increment in self._model.engine.stream(request):
                parts.append(increment.text)
                num_tokens += len(increment.token_ids)
                print_piece(increment.text)
                if increment.completion is not None and increment.completion.finish_reason == "length":
                    reason = f"stopped after {num_tokens} tokens; --max-tokens allows more"
                elif increment.completion is not None:
                    reason = ""
        except KeyboardInterrupt:
            reason = "stopped"
        finally:
            self._model.engine.cancel("chat")  # where Ctrl-C came between two tokens
        rate = f"{num_tokens / (time.perf_counter() - start_s):.1f} tokens/s"
        print()
        print_line(f"({num_tokens} tokens, {rate}{', ' + reason if reason else ''})", style="dim")
        return "".join(parts)


def _enable_line_editing() -> None:
    try:
        import readline  # noqa: F401  importing it gives `input` history and arrow keys
    except ImportError:  # Python without it, as on Windows: lines are read all the same
        return


def _greet(model: LoadedModel, name: str) -> None:
    """What is running, in figures read from the running system."""
    counts, machine = count_parameters(model.config), this_machine()
    title = "built-in model" if name == BUILTIN else name
    size = f"{format_count(counts.total)} parameters, {format_count(counts.active)} active"
    threads = f"{model.num_threads} thread{'s' if model.num_threads > 1 else ''}"
    memory = f"{format_bytes(psutil.Process().memory_info().rss)} of {format_bytes(machine.memory_bytes)}"
    print_line(f"Zaphod {__version__} · {title} ({size}) · {model.runner}, {threads} · {memory}")
    rows = [("context", f"{model.context_tokens:,} tokens")]
    if model.speed is not None:
        rows.append(("speed", model.speed))
    if name == BUILTIN:
        rows.append(("good at", GOOD_AT))
    if model.tokenizer.chat_template is None:
        rows.append(("note", "this model has no chat template: it continues each text you give it"))
    print_pairs([*rows, ("type", "a question, /reset, /help or /exit; Ctrl-C stops an answer")])
