"""Which tokens keep an answer inside a grammar; knows bytes of tokens, not logits, requests or the model.

JSON Schema, regular expressions and GBNF are compiled by the llguidance library, whose own limits bound time and
memory; what could exhaust the stack before they act is kept from it. Legend: V rows of the model's head.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from zaphod.core.errors import CapacityError, MissingExtraError, RequestError
from zaphod.core.limits import available_memory_bytes
from zaphod.core.tokenizers import Tokenizer
from zaphod.core.units import format_bytes
from zaphod.engine.gbnf import to_lark

if TYPE_CHECKING:
    from llguidance import LLMatcher, LLParserLimits, LLTokenizer
    from llguidance._lib import JsonCompileOptions

GrammarKind = Literal["json_schema", "regex", "gbnf"]

MAX_TEXT_BYTES = 1 << 16
"""Longest grammar. The library's time grows with the square of an object's properties: 1 s for the most that fit."""
MAX_NESTING = 64
"""Deepest nesting of objects, arrays, groups."""
MAX_COMPILE_S = 3
"""Of the processor's time. A schema that takes more is refused: what patterns have in common can take the library for
ever to find out."""
_MAX_COMPILE_WAIT_S = 15.0  # on a busy machine the processor's time takes longer to come
MAX_CACHED = 64
"""Compiled grammars kept for requests to come, the least recently used one going first."""

_KINDS = ("json_schema", "regex", "gbnf")
_MAX_LEXER_STATES = 50_000  # 1 to 2 kB each: at most 100 MB
_COMPILE_STACK_BYTES = 1 << 28  # address space, not memory: the library recurses along chains of rules and references
_REHEARSAL_BYTES = 640 << 20
_REHEARSAL_START_ADDRESSES = 384 << 20  # stack, interpreter and library; most of it is never memory
_REHEARSAL_START_BYTES = 80 << 20  # of memory, measured
_LEAST_FOR_GRAMMAR_BYTES = 16 << 20
_REHEARSAL = """
import resource, sys, threading
from llguidance import LLMatcher, LLParserLimits, LLTokenizer
def limit(kind, most):
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (most if hard < 0 else min(most, hard), hard))
limit(resource.RLIMIT_AS, int(sys.argv[1]))
limit(resource.RLIMIT_CORE, 0)
limit(resource.RLIMIT_CPU, int(sys.argv[4]))
limits = LLParserLimits(max_lexer_states=int(sys.argv[2]), verbose_errors=False)
threading.stack_size(int(sys.argv[3]))
grammar = sys.stdin.buffer.read().decode()
def compile():
    # With a tokenizer, if only of bytes: what `multipleOf` costs is paid where tokens are looked up, not before.
    LLMatcher(LLTokenizer("byte"), grammar, log_level=0, limits=limits).compute_bitmask()
thread = threading.Thread(target=compile)
thread.start()
thread.join()
"""
_WHITESPACE = r" |\n[ \t]{0,64}"  # one space, or a line break with its indentation: small models would never end it
_T = TypeVar("_T")


@dataclass(frozen=True)
class GrammarSpec:
    """What an answer must look like.

    Args:
        kind: the language of `text`.
        text: a JSON Schema as JSON, a regular expression (Rust's syntax, which the whole answer must match), or GBNF
            with a rule `root`.

    Raises:
        RequestError: the kind is unknown, or the text is longer or nested deeper than allowed.
    """

    kind: GrammarKind
    text: str

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise RequestError(
                f"The grammar is of kind {self.kind!r}.", f"Known kinds: {', '.join(_KINDS)}.", "Choose one of them."
            )
        if not isinstance(self.text, str):
            raise _refused(self.kind, f"its text is a {type(self.text).__name__}")
        try:
            num_bytes = len(self.text.encode())
        except UnicodeEncodeError as error:
            raise _refused(self.kind, f"it holds a lone surrogate at character {error.start}") from error
        if num_bytes > MAX_TEXT_BYTES:
            raise _too_large(f"The grammar has {num_bytes} bytes.", f"{MAX_TEXT_BYTES} bytes")
        if _nesting(self.kind, self.text) > MAX_NESTING:
            raise _too_large(f"The grammar is nested deeper than {MAX_NESTING} levels.", f"{MAX_NESTING} levels")


class Matcher:
    """One answer on its way through a grammar. Made by `GrammarCompiler.matcher`, one for each request."""

    def __init__(self, state: LLMatcher, vocab_size: int) -> None:
        self._state = state
        self._vocab_size = vocab_size
        self._allowed_V: npt.NDArray[np.bool_] | None = None

    @property
    def is_finished(self) -> bool:
        """Whether the answer is complete and nothing but its end can follow: no further pass is needed."""
        return bool(self._state.is_stopped())

    @property
    def may_finish(self) -> bool:
        """Whether the answer could end here."""
        return bool(self._state.is_accepting())

    def allowed(self) -> npt.NDArray[np.bool_]:
        """The tokens that may come next, [V]; end-of-sequence tokens are among them where the answer may end.

        Raises:
            RequestError: the grammar has no way on, or following it takes too much time or memory.
        """
        if self._allowed_V is None:
            self._allowed_V = self._compute_allowed()
        return self._allowed_V

    def mask(self, logits_V: npt.NDArray[np.float32]) -> None:
        """Set the logits of all other tokens to -inf, in place. Raises as `allowed`."""
        np.putmask(logits_V, ~self.allowed(), -np.inf)

    def advance(self, token_id: int) -> None:
        """Go on with a chosen token; an end-of-sequence token finishes the answer.

        Raises:
            RequestError: the grammar does not allow it here, or following it takes too much time or memory.
        """
        was_allowed = self._allowed_V is not None and 0 <= token_id < self._vocab_size and self._allowed_V[token_id]
        self._allowed_V = None
        if not self._state.consume_token(token_id):
            if was_allowed:
                raise _stuck(self._state.get_error())
            raise RequestError(
                f"Token {token_id} is not allowed here by the grammar.",
                "Only tokens of `allowed` may be chosen.",
                "Apply the grammar's mask before choosing a token.",
            )

    def count_valid(self, token_ids: Sequence[int]) -> int:
        """How many of these tokens could follow one after another; for proposals that are not yet accepted."""
        known = [token_id for token_id in token_ids if 0 <= token_id < self._vocab_size]
        return int(self._state.validate_tokens(known)) if len(known) == len(token_ids) else 0

    def _compute_allowed(self) -> npt.NDArray[np.bool_]:
        bits = np.frombuffer(self._state.compute_bitmask(), np.uint8)
        if self._state.is_error():
            raise _stuck(self._state.get_error())
        allowed_V = np.zeros(self._vocab_size, np.bool_)
        known = np.unpackbits(bits, count=min(8 * len(bits), self._vocab_size), bitorder="little")
        allowed_V[: len(known)] = known
        return allowed_V


class GrammarCompiler:
    """Compiles grammars for one tokenizer and keeps those used last. May be called from several threads.

    Args:
        tokenizer: gives the bytes of every token. Special tokens are never part of an answer; those in
            `eos_token_ids` end it.
        vocab_size: V, rows of the model's head; rows that stand for no token are never allowed.

    Raises:
        MissingExtraError: the llguidance library is not installed.
    """

    def __init__(self, tokenizer: Tokenizer, vocab_size: int) -> None:
        self._vocab_size = vocab_size
        self._tokenizer = _library_tokenizer(tokenizer, vocab_size)
        self._limits = _limits()
        self._compiled: OrderedDict[GrammarSpec, LLMatcher] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def num_kept(self) -> int:
        """Compiled grammars held for requests to come."""
        return len(self._compiled)

    def matcher(self, spec: GrammarSpec) -> Matcher:
        """The beginning of an answer.

        Raises:
            RequestError: the grammar is malformed, matches nothing, or takes too much time or memory to compile.
        """
        compiled = self._known(spec)
        if compiled is None:
            compiled = _with_large_stack(lambda: self._compile(spec))
            self._keep(spec, compiled)
        return Matcher(compiled.deep_copy(), self._vocab_size)

    def _known(self, spec: GrammarSpec) -> LLMatcher | None:
        with self._lock:
            if spec in self._compiled:
                self._compiled.move_to_end(spec)
            return self._compiled.get(spec)

    def _keep(self, spec: GrammarSpec, compiled: LLMatcher) -> None:
        with self._lock:
            self._compiled[spec] = compiled
            while len(self._compiled) > MAX_CACHED:
                self._compiled.popitem(last=False)

    def _compile(self, spec: GrammarSpec) -> LLMatcher:
        from llguidance import LLMatcher

        grammar = _library_grammar(spec)
        if spec.kind == "json_schema":
            _rehearse(grammar)
        compiled = LLMatcher(self._tokenizer, grammar, log_level=0, limits=self._limits)
        if not compiled.is_error():
            compiled.compute_bitmask()  # finds the way in: a grammar that matches nothing shows here
        if compiled.is_error():
            raise _refused(spec.kind, _reason(compiled.get_error()))
        return compiled


def _rehearse(grammar: str) -> None:
    """Compile in a process of its own, which can be ended; for what no limit of the library covers.

    Raises:
        RequestError: it took too long, or too much memory.
        CapacityError: the memory is nearly full.
    """
    most_bytes = _rehearsal_bytes(available_memory_bytes())
    numbers = (str(number) for number in (most_bytes, _MAX_LEXER_STATES, _COMPILE_STACK_BYTES, MAX_COMPILE_S))
    command = [sys.executable, "-I", "-c", _REHEARSAL, *numbers]
    try:
        ended = subprocess.run(
            command, input=grammar.encode(), timeout=_MAX_COMPILE_WAIT_S, capture_output=True, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise _refused("json_schema", f"compiling it takes more than {_MAX_COMPILE_WAIT_S:g} s") from error
    if ended.returncode == -signal.SIGXCPU:
        raise _refused("json_schema", f"compiling it takes more than {MAX_COMPILE_S} s")
    if ended.returncode != 0:
        raise _refused("json_schema", f"compiling it takes more than {most_bytes >> 20} MiB")


def _rehearsal_bytes(free_bytes: int) -> int:
    """Addresses for one rehearsal, of which two may run at one time. What it needs, the engine needs again after it."""
    for_grammar = free_bytes // 2 - _REHEARSAL_START_BYTES
    if for_grammar < _LEAST_FOR_GRAMMAR_BYTES:
        raise CapacityError(
            f"{format_bytes(free_bytes)} of memory are free.", "A schema is compiled with more.", "Try again in 5 s."
        )
    return min(_REHEARSAL_BYTES, _REHEARSAL_START_ADDRESSES + for_grammar)


class _Vocabulary:
    """A tokenizer as the library reads it."""

    def __init__(self, tokenizer: Tokenizer, num_tokens: int) -> None:
        special = {*tokenizer.special_tokens.values(), *tokenizer.eos_token_ids}
        special |= {token_id for token_id in (tokenizer.bos_token_id, tokenizer.pad_token_id) if token_id is not None}
        self.special_token_ids = sorted(token_id for token_id in special if token_id < num_tokens)
        self.tokens = [_text_bytes(tokenizer.token_bytes(token_id)) for token_id in range(num_tokens)]
        for token_id in self.special_token_ids:
            self.tokens[token_id] = f"<special_{token_id}>".encode()
        self.eos_token_ids = [token_id for token_id in tokenizer.eos_token_ids if token_id < num_tokens]
        if not self.eos_token_ids:
            # The library wants an end; without one the answer ends where `Matcher.is_finished` says so.
            self.eos_token_ids = [num_tokens]
            self.special_token_ids.append(num_tokens)
            self.tokens.append(b"<end>")
        self.eos_token_id = self.eos_token_ids[0]
        self.bos_token_id = None
        self._by_byte = {data[0]: token_id for token_id, data in enumerate(self.tokens) if len(data) == 1}

    def __call__(self, text: bytes) -> list[int]:
        """One token a byte: the library uses it to look tokens up, never to cut an answer."""
        return [self._by_byte[value] for value in text if value in self._by_byte]


def _library_tokenizer(tokenizer: Tokenizer, vocab_size: int) -> LLTokenizer:
    try:
        from llguidance import LLTokenizer, TokenizerWrapper
    except ImportError as error:
        raise MissingExtraError("llguidance", "grammar") from error
    vocabulary = _Vocabulary(tokenizer, min(tokenizer.vocab_size, vocab_size))
    return LLTokenizer(TokenizerWrapper(vocabulary), eos_token=vocabulary.eos_token_ids)


def _limits() -> LLParserLimits:
    from llguidance import LLParserLimits

    return LLParserLimits(max_lexer_states=_MAX_LEXER_STATES, verbose_errors=False)


def _library_grammar(spec: GrammarSpec) -> str:
    """In the library's own notation, without what it calls forcing.

    NOTE: where only one text can follow, forcing allows a single way of cutting it into tokens. It is not the model's:
    after a name that it had to spell letter by letter, the built-in model got half of all arguments wrong.
    """
    from llguidance import LLMatcher

    if spec.kind == "regex":
        rules = json.loads(LLMatcher.grammar_from_regex(spec.text))["grammars"][0]["lark_grammar"]
    elif spec.kind == "gbnf":
        rules = to_lark(spec.text)
    else:
        rules = f"start: %json {_library_schema(spec)}"
    return LLMatcher.grammar_from_lark(f'%llguidance {{"no_forcing": true}}\n{rules}')


def _library_schema(spec: GrammarSpec) -> str:
    from llguidance import LLMatcher

    # What a schema asks for and the library cannot hold is refused, never ignored in silence.
    options: JsonCompileOptions = {"lenient": False, "whitespace_pattern": _WHITESPACE}
    try:
        compiled = LLMatcher.grammar_from_json_schema(spec.text, overrides=options)
    except ValueError as error:
        raise _refused(spec.kind, str(error)) from error
    return json.dumps(json.loads(compiled)["grammars"][0]["json_schema"])


def _text_bytes(data: bytes) -> bytes:
    """0xFF never occurs in text and marks special tokens for the library."""
    return b"" if data.startswith(b"\xff") else data


def _nesting(kind: GrammarKind, text: str) -> int:
    """Deepest level of brackets; those inside quotes do not count."""
    opening, closing = ("[{", "]}") if kind == "json_schema" else ("(", ")")
    quote = "" if kind == "regex" else '"'
    depth = deepest = 0
    quoted = escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif quote and character == quote:
            quoted = not quoted
        elif not quoted and character in opening:
            depth += 1
            deepest = max(deepest, depth)
        elif not quoted and character in closing:
            depth = max(0, depth - 1)
    return deepest


def _with_large_stack(action: Callable[[], _T]) -> _T:
    """Run on a thread whose stack outlasts any recursion that a text of `MAX_TEXT_BYTES` can cause."""
    outcome: list[_T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(action())
        except BaseException as error:  # the library's panics are no Exception
            errors.append(error)

    before = threading.stack_size(_COMPILE_STACK_BYTES)
    try:
        thread = threading.Thread(target=run, name="zaphod-grammar")
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    if errors:
        raise _as_request_error(errors[0])
    return outcome[0]


def _as_request_error(error: BaseException) -> Exception:
    """The library raises these, and panics, which are no `Exception`; anything else is a fault of our own."""
    if isinstance(error, Exception) and not isinstance(error, ValueError | RuntimeError | MemoryError):
        return error
    refused = _refused("grammar", f"the library failed on it: {_reason(str(error))}")
    refused.__cause__ = error
    return refused


def _reason(message: str) -> str:
    """The one line of the library's message that says most."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    if not lines or lines[0].startswith("NoExtension"):
        return "it matches nothing"
    telling = [line for line in lines if line.startswith("error:")] or lines
    return telling[0][:200].rstrip(".:")


def _refused(kind: str, reason: str) -> RequestError:
    return RequestError(
        f"The {kind} cannot be used: {reason}.",
        "It must be well formed, match something, and use what docs/grammar.md lists.",
        "Correct it, or make it smaller.",
    )


def _too_large(found: str, limit: str) -> RequestError:
    return RequestError(found, f"At most {limit} are allowed.", "Make the grammar smaller.")


def _stuck(reason: str) -> RequestError:
    return RequestError(
        f"The answer cannot go on inside its grammar: {_reason(reason)}.",
        "Every step must leave a token and stay within the limits of time and memory.",
        "Simplify the grammar.",
    )
