from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zaphod.safety.guard.release import Release
from zaphod.safety.guard.verdict import Finding, Hit, redacted


def test_text_is_due_when_so_many_tokens_have_followed_it() -> None:
    release = Release(2)
    due = []
    for end, num_tokens in ((3, 1), (5, 1), (9, 1), (20, 5)):
        release.arrived(end, num_tokens)
        due.append(release.due())
    assert due == [0, 0, 3, 9]


def test_without_delay_everything_is_due_at_once() -> None:
    release = Release(0)
    release.arrived(4, 1)
    assert release.due() == 4


def test_what_is_withheld_is_replaced_even_where_it_is_not_over_yet() -> None:
    release = Release(9)
    release.withhold(2, 6, "[-]")
    assert release.let_go("abcdefgh", 0, 4) == "ab[-]"
    assert release.let_go("abcdefgh", 0, 8) == "gh"


def test_what_goes_on_is_not_replaced_twice() -> None:
    release = Release(9)
    release.withhold(2, 4, "[-]")
    assert release.let_go("abcdefgh", 0, 4) == "ab[-]"
    release.withhold(4, 6, "")
    assert release.let_go("abcdefgh", 0, 8) == "gh"


def test_what_is_out_stays_out() -> None:
    release = Release(9)
    assert release.let_go("abcdefgh", 0, 4) == "abcd"
    release.withhold(2, 6, "[-]")
    assert release.let_go("abcdefgh", 0, 8) == "[-]gh"


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(1, 9)), max_size=6), st.lists(st.integers(0, 20), max_size=5))
def test_a_release_in_steps_gives_what_redaction_at_once_gives(spans: list[tuple[int, int]], stops: list[int]) -> None:
    text = "abcdefghijklmnopqrst"
    hits = [Hit(rule="a.b", title="", start=start, end=min(start + length, 20)) for start, length in spans]
    release = Release(9)
    for hit in hits:
        release.withhold(hit.start, hit.end, "[withheld]")
    out = "".join(release.let_go(text, 0, limit) for limit in (*sorted(stops), 20))
    assert out == redacted(text, [Finding(hit=hit, action="redact") for hit in hits])
