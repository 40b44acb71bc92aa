"""GBNF rewritten describes the same texts, checked against a recogniser that knows nothing of the rewriting."""

import contextlib
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.core.errors import RequestError
from zaphod.core.tokenizers import ByteTokenizer
from zaphod.engine.grammar import GrammarCompiler, GrammarSpec

COMPILER = GrammarCompiler(ByteTokenizer(), ByteTokenizer().vocab_size)
TEXTS = ["".join(letters) for length in range(5) for letters in product("ab", repeat=length)]
NAMES = ["root", "x-1", "x_1"]

# A part is (kind, content): "text", "set", "name", "all" (one after another), "any" (one of), "times" (part, m, n).
_leaves = st.one_of(
    st.text("ab", max_size=2).map(lambda text: ("text", text)),
    st.sets(st.sampled_from("ab"), min_size=1).map(lambda letters: ("set", "".join(sorted(letters)))),
    st.sampled_from(NAMES).map(lambda name: ("name", name)),
)
_parts = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: ("all", parts)),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: ("any", parts)),
        st.tuples(inner, st.sampled_from([(0, None), (1, None), (0, 1), (2, 2), (1, 2), (2, None)])).map(
            lambda pair: ("times", (pair[0], *pair[1]))
        ),
    ),
    max_leaves=6,
)
_rules = st.fixed_dictionaries(dict.fromkeys(NAMES, _parts))


def written(part) -> str:
    kind, content = part
    match kind:
        case "text":
            return f'"{content}"'
        case "set":
            return f"[{content}]"
        case "name":
            return content
        case "all":
            return "(" + " ".join(map(written, content)) + ")"
        case "any":
            return "(" + " | ".join(map(written, content)) + ")"
    inner, least, most = content
    sign = {(0, None): "*", (1, None): "+", (0, 1): "?", (2, 2): "{2}", (1, 2): "{1,2}", (2, None): "{2,}"}[least, most]
    return written(inner) + sign


class Recogniser:
    """Where each rule can end when it starts at a place, found by repeating until nothing new is found."""

    def __init__(self, rules, text: str) -> None:
        self.rules, self.text = rules, text
        self.ends = {(name, start): set() for name in rules for start in range(len(text) + 1)}
        changed = True
        while changed:
            changed = False
            for (name, start), known in self.ends.items():
                found = set(self.after(rules[name], {start}))
                changed |= not found <= known
                known |= found

    def accepts(self) -> bool:
        return len(self.text) in self.ends["root", 0]

    def after(self, part, starts: set[int]) -> set[int]:
        kind, content = part
        match kind:
            case "text":
                return {start + len(content) for start in starts if self.text.startswith(content, start)}
            case "set":
                return {start + 1 for start in starts if self.text[start : start + 1] in list(content)}
            case "name":
                return {end for start in starts for end in self.ends[content, start]}
            case "all":
                for inner in content:
                    starts = self.after(inner, starts)
                return starts
            case "any":
                return {end for inner in content for end in self.after(inner, starts)}
        inner, least, most = content
        for _ in range(least):
            starts = self.after(inner, starts)
        reached = set(starts)
        for _ in range(len(self.text) + 1 if most is None else most - least):
            starts = self.after(inner, starts)
            reached |= starts
        return reached


def accepted(gbnf: str, texts: list[str]) -> list[str]:
    return [text for text in texts if accepts(gbnf, text.encode())]


def accepts(gbnf: str, data: bytes) -> bool:
    matcher = COMPILER.matcher(GrammarSpec("gbnf", gbnf))
    if matcher.count_valid(list(data)) < len(data):
        return False
    for value in data:
        matcher.advance(value)
    return matcher.may_finish


@given(_rules)
@settings(max_examples=150, deadline=None)
def test_the_rewritten_grammar_accepts_the_same_texts(rules):
    gbnf = "\n".join(f"{name} ::= {written(part)}" for name, part in rules.items())
    expected = [text for text in TEXTS if Recogniser(rules, text).accepts()]
    if expected:
        assert accepted(gbnf, TEXTS) == expected
    else:
        with contextlib.suppress(RequestError):  # one that matches no text at all is refused
            assert accepted(gbnf, TEXTS) == []


@pytest.mark.parametrize(
    ("gbnf", "inside", "outside"),
    [
        (r'root ::= "\x41\u00e9\U0001F642\t\"\\"', ['Aé🙂\t"\\'], ["A"]),
        (r"root ::= [^a-c\]\\-]", ["d", "é", "\n", "["], ["a", "]", "\\", "-"]),
        (r"root ::= [a-]", ["a", "-"], ["b"]),
        (r"root ::= [\x61-\x63]", ["a", "c"], ["d"]),
        ("root ::= .", ["a", "\n", "日"], ["", "ab"]),
        ('root ::= "a" # a comment "\n  | # another\n  "b"\n\n\nother ::= "c"', ["a", "b"], ["c"]),
        ('root ::= (\n "a"\n "b"\n)?', ["", "ab"], ["a"]),
        ('root ::= "a"{2}', ["aa"], ["a", "aaa"]),
        ('root ::= "a"{ 1 , 2 }', ["a", "aa"], ["", "aaa"]),
        ('root ::= | "a"', ["", "a"], ["b"]),
        ("start ::= root\nroot ::= Root-2\nRoot-2 ::= [0-9]", ["7"], ["x"]),
        ('root ::= [a-z]* "x" n\nn ::= "1" n | "1"', ["abx11", "xx1"], ["abx", "ab1"]),
    ],
)
def test_every_way_of_writing_is_read_as_llama_cpp_reads_it(gbnf, inside, outside):
    assert accepted(gbnf, inside + outside) == inside


@pytest.mark.parametrize(
    ("gbnf", "reason"),
    [
        ('root ::= "a"\nroot ::= "b"', "defined twice"),
        ("root ::= [z-a]", "runs backwards"),
        ("root ::= []", "holds no character"),
        ('root ::= "a"{3,2}', "at least 3 and at most 2"),
        (r'root ::= "\xZZ"', "hexadecimal digits"),
        (r'root ::= "\ud800"', "is no character"),
        ("root ::= (", "was expected"),
        ("root", "was expected"),
        ("", "no rule 'root'"),
        ("root ::= <tool>", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named(gbnf, reason):
    with pytest.raises(RequestError, match=reason):
        COMPILER.matcher(GrammarSpec("gbnf", gbnf))
