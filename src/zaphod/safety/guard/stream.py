"""A text that is judged while it comes; knows finders and a policy, not where the text comes from or goes.

Text is held up only from where something may have begun that is not over: an unfinished match of a pattern, an
unfinished number or address. What is before that is settled, and let go. No text waits longer than the policy's
`max_delay_tokens`: then it is let go although something in it may still become a match, and if it does, that is told
and what follows is treated as the policy says.

Looks are taken at places that do not depend on how the stream was cut, and neither does what is found, unless text had
to be let go:
- after every word, or 16 characters, at what is not settled, as it is, folded and without spaces: what begins there is
  held up in time;
- after every 64 characters at the last 1,024, in all readings: what is encoded or turned round, and what is known only
  from many words. Parts of it may be out by then;
- at every sentence, by classifiers: they decide about what follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from zaphod.safety.guard.finder import Finder, View
from zaphod.safety.guard.hits import moved, without_repeats
from zaphod.safety.guard.readings import is_plain, plain_views
from zaphod.safety.guard.release import Release
from zaphod.safety.guard.rules.matcher import PatternFinder, Place
from zaphod.safety.guard.rules.policy import Policy
from zaphod.safety.guard.running import find, find_in, note, unread
from zaphod.safety.guard.verdict import Finding, Hit, Stage, Verdict
from zaphod.safety.guard.views import views_of
from zaphod.safety.guard.views.view import RawView
from zaphod.safety.guard.windows import LOOK_BACK

STEP = 16
WIDE_STEP = 64
WIDE_LOOK = 1024
MAX_OPEN = 2048
"""Characters that something may be open for."""
MIN_SENTENCE, MAX_SENTENCE = 16, 1000
_WORD_END = re.compile(r"(?<=\S)\s")
_SENTENCE_END = re.compile(r"\n|[。！？।]|(?<=[.!?…؟])[\"'”’»)\]]{0,3}\s")
_UNFINISHED = re.compile(
    r"(?:[\w@.+%:/\-\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\U000e0000-\U000e0fff]|(?:(?<=\d)|\A)[ ](?=\d)){1,256}"
)
"""What finders without a `pending` wait for: words, addresses, groups of digits, what is hidden; read backwards."""


@dataclass(frozen=True, kw_only=True)
class Passed:
    """What came out of a stream.

    Args:
        text: what may be shown.
        start: which character of the stream is its first.
        end: how much of the stream is out now, or withheld for good.
        findings: what was found since; offsets count characters of the stream. What is longer than was told before
            is told again, from where it went on.
        is_blocked: nothing follows, whatever is pushed.
        errors: finders that failed since.
    """

    text: str
    start: int
    end: int
    findings: tuple[Finding, ...] = ()
    is_blocked: bool = False
    errors: tuple[str, ...] = ()


class TextStream:
    """Judges one text while it comes. For one thread at a time.

    Args:
        policy: what follows from what is found.
        patterns: the policy's rules.
        holding: those for which text is held up: what is only noted need not be.
        finders: everything else; those whose name begins with `classifier` are asked about whole sentences.
        stage: where the text is on its way.
    """

    def __init__(
        self,
        policy: Policy,
        patterns: PatternFinder,
        holding: PatternFinder,
        finders: Sequence[Finder],
        *,
        stage: Stage,
    ) -> None:
        self._policy, self._patterns, self._holding, self._stage = policy, patterns, holding, stage
        self._classifiers = [finder for finder in finders if finder.name.startswith("classifier")]
        self._finders = [finder for finder in finders if not finder.name.startswith("classifier")]
        self._release = Release(policy.max_delay_tokens)
        self._text, self._base = "", 0  # the end of the stream that is still needed, and where it begins
        self._looked = 0  # where the last look ended
        self._settled = 0  # all that begins before this is known
        self._free = 0  # nothing that is held up for begins before this
        self._open: list[Hit] = []  # whole matches that begin later, because they may still grow
        self._sentence = 0  # where the present one begins
        self._resume: dict[tuple[str, ...], dict[str, int]] = {}  # by reading and rule, where patterns go on looking
        self._ends: dict[str, tuple[int, float]] = {}  # by rule, how far its findings reach, and how sure that one is
        self._early: dict[str, int] = {}  # the same, of those that may still grow
        self._blocked: int | None = None
        self._findings: list[Finding] = []
        self._failures: dict[str, None] = {}
        self._told = (0, 0)  # how many findings and failures were told

    @property
    def verdict(self) -> Verdict:
        """What follows from all that was found so far."""
        floor = self._policy.at(self._stage).on_error == "closed" and self._failures
        return Verdict(
            findings=tuple(sorted(self._findings, key=lambda finding: finding.hit.start)),
            policy=self._policy.label,
            errors=tuple(self._failures),
            floor="block" if floor else "allow",
        )

    def push(self, text: str, *, num_tokens: int = 1) -> Passed:
        """Take what came, and tell what may be shown.

        Args:
            text: the next part of the stream; may be empty.
            num_tokens: how many tokens it was made of.
        """
        if self._blocked is not None:
            return self._passed(self._release.done)
        for piece in self._pieces(text):
            self._take(piece)
        self._release.arrived(self._end, num_tokens)
        due = self._release.due()
        if due > self._looked:
            self._look(is_over=False)
        # Whole matches that might have grown are not let go as if nothing had been found.
        self._accept((hit for hit in self._open if hit.start < due), may_grow=True)
        passed = self._passed(max(self._free, due))
        self._forget()
        return passed

    def finish(self) -> Passed:
        """The stream is over: tell what may be shown of the rest."""
        if self._blocked is None:
            self._look(is_over=True)
            self._look_wide()
            self._look_at_sentence()
        return self._passed(self._end)

    @property
    def _end(self) -> int:
        return self._base + len(self._text)

    def _pieces(self, text: str) -> Iterator[str]:
        """The text, cut wherever a look is taken."""
        while text:
            length = STEP - self._end % STEP
            before = self._text[-4:]
            places = sorted(place - len(before) for place in _places(before + text[:length]))
            length = next((place for place in places if place > 0), len(text[:length]))
            yield text[:length]
            text = text[length:]

    def _take(self, piece: str) -> None:
        self._text += piece
        before = self._text[-8:]
        if self._end % STEP == 0 or len(before) in _places(before):
            self._look(is_over=False)
        if self._end % WIDE_STEP == 0:
            self._look_wide()
        length = self._end - self._sentence
        is_ending = any(match.end() == len(before) for match in _SENTENCE_END.finditer(before))
        is_endless = length >= MAX_SENTENCE and self._end % WIDE_STEP == 0
        if is_endless or (is_ending and length >= MIN_SENTENCE):
            self._look_at_sentence()

    def _look(self, *, is_over: bool) -> None:
        """Settle what can be settled."""
        start = max(self._base, self._settled - LOOK_BACK)
        views = self._plain_views(self._text[start - self._base :])
        settled, free = self._end + 1, self._end
        if not is_over:
            noted, held = self._open_from(views)
            settled = max(self._settled, start + noted, self._end - MAX_OPEN)
            free = max(self._free, start + held, self._end - MAX_OPEN)
        patterns = self._pattern_hits(views, start)
        for hit in patterns:
            if self._settled <= hit.start < settled:
                ends = self._resume.setdefault(hit.views, {})
                ends[hit.rule] = max(ends.get(hit.rule, 0), hit.end)
        found = [*patterns, *self._found(views, self._finders, start)]
        hits = without_repeats(hit for hit in found if hit.start >= self._settled)
        self._accept(hit for hit in hits if hit.start < settled)
        self._open = [hit for hit in hits if hit.start >= settled]
        self._settled, self._free, self._looked = min(settled, self._end), free, self._end

    def _found(self, views: Sequence[View], finders: Iterable[Finder], offset: int) -> list[Hit]:
        return find_in(views, finders, self._stage, self._failures, offset)

    def _plain_views(self, text: str) -> Sequence[View]:
        try:
            return plain_views(text)
        except Exception as error:
            note(self._failures, "views", error)
            return [RawView(text)]

    def _pattern_hits(self, views: Sequence[View], base: int) -> list[Hit]:
        """What rules find; each goes on looking where its last hit ended, as it would in the whole text."""
        # One character more than is new, because it tells whether a word begins.
        new = max(self._settled - 1 - base, 0)

        def place_in(view: View) -> Place:
            ends = self._resume.get(view.chain, {})
            starts = {rule: _offset(view, max(end - base, new)) for rule, end in ends.items() if end - base > new}
            return _offset(view, new), starts

        try:
            return [moved(hit, base) for hit in self._patterns.find_from(views, self._stage, place_in)]
        except Exception as error:
            note(self._failures, self._patterns.name, error)
            return []

    def _open_from(self, views: Sequence[View]) -> tuple[int, int]:
        """Where something may have begun that is not over: anything; something that text is held up for."""
        raw = views[0].text
        places = [len(raw)]
        for finder in self._finders:
            try:
                place = getattr(finder, "pending", _unfinished)(raw)
                places += [] if place is None else [place]
            except Exception as error:
                note(self._failures, finder.name, error)
        held = min([*places, *self._pending(self._holding, views)])
        return (held if self._holding is self._patterns else min([held, *self._pending(self._patterns, views)])), held

    def _pending(self, patterns: PatternFinder, views: Sequence[View]) -> list[int]:
        """Where, in the raw reading, matches may have begun."""
        places: list[int] = []
        for view in views:
            try:
                place = patterns.pending(view, self._stage)
                places += [] if place is None else [view.raw_span(place, place + 1)[0]]
            except Exception as error:
                note(self._failures, patterns.name, error)
        return places

    def _look_wide(self) -> None:
        """All readings of what came lately: what no look at the end alone can see."""
        start = max(self._base, self._end - WIDE_LOOK)
        try:
            views = views_of(self._text[start - self._base :])
        except Exception as error:
            note(self._failures, "views", error)
            return
        patient = [finder for finder in self._finders if not hasattr(finder, "pending")]
        others = [self._patterns, *(finder for finder in self._finders if finder not in patient)]
        decoded = [view for view in views if not is_plain(view)]
        # The raw text goes first, because finders take the first view for it; what they find there is known.
        hits = [hit for hit in self._found([views[0], *decoded], others, start) if hit.views]
        hits += [*self._found(views, patient, start), *unread(views, start)]
        self._accept((hit for hit in without_repeats(hits) if hit.start < self._settled), may_grow=True)

    def _look_at_sentence(self) -> None:
        """Ask classifiers about the sentence that is over; what they say counts for what is not out yet."""
        text = self._text[max(self._sentence - self._base, 0) :]
        if self._classifiers and text.strip():
            hits = find(text, self._classifiers, self._stage, self._failures, self._end - len(text))
            self._accept(without_repeats(hits))
        self._sentence = self._end

    def _accept(self, hits: Iterable[Hit], *, may_grow: bool = False) -> None:
        """Make findings of hits, and do what they ask for. Of what was told before, only what is new is told."""
        for hit in hits:
            told, score = self._ends.get(hit.rule, (-1, 0.0))
            if hit.end <= told and hit.score <= score:
                continue
            grown = self._early.get(hit.rule, 0)
            new = replace(hit, start=grown) if hit.start < grown < hit.end else hit
            self._ends[hit.rule] = max((told, score), (hit.end, hit.score))
            if may_grow:
                self._early[hit.rule] = hit.end
            self._act(self._policy.finding(new, self._stage), is_continued=new is not hit)

    def _act(self, finding: Finding, *, is_continued: bool) -> None:
        self._findings.append(finding)
        if finding.action == "redact":
            replacement = "" if is_continued else finding.replacement
            self._release.withhold(finding.hit.start, finding.hit.end, replacement)
        elif finding.action in ("block", "confirm"):
            self._block(finding.hit.start)

    def _block(self, start: int) -> None:
        self._blocked = start if self._blocked is None else min(self._blocked, start)

    def _passed(self, limit: int) -> Passed:
        if self._failures and self._policy.at(self._stage).on_error == "closed":
            self._block(self._release.done)
        if self._blocked is not None:
            limit = min(limit, self._blocked)
        start = self._release.done
        text = self._release.let_go(self._text, self._base, min(limit, self._end))
        findings, failures = self._told
        self._told = (len(self._findings), len(self._failures))
        return Passed(
            text=text,
            start=start,
            end=self._release.done,
            findings=tuple(self._findings[findings:]),
            is_blocked=self._blocked is not None,
            errors=tuple(self._failures)[failures:],
        )

    def _forget(self) -> None:
        """Drop what no look will need."""
        needed = min(self._settled - LOOK_BACK, self._end - WIDE_LOOK, self._release.done, self._sentence)
        if needed - self._base >= WIDE_LOOK:
            self._text, self._base = self._text[needed - self._base :], needed


def _places(text: str) -> set[int]:
    """Where a word or a sentence ends, behind what ends it."""
    ends = {match.end() for match in _WORD_END.finditer(text)}
    return ends | {match.end() for match in _SENTENCE_END.finditer(text)}


def _unfinished(text: str) -> int | None:
    """Where a word, an address or a number begins that the text's end may have cut off."""
    match = _UNFINISHED.match(text[-256:][::-1])
    return None if match is None else len(text) - match.end()


def _offset(view: View, raw: int) -> int:
    """The first character of a reading that came from `raw` or later. Readings here keep the order of characters."""
    if not view.chain:
        return raw
    low, high = 0, len(view.text)
    while low < high:
        middle = (low + high) // 2
        if view.raw_span(middle, middle + 1)[0] < raw:
            low = middle + 1
        else:
            high = middle
    return low
