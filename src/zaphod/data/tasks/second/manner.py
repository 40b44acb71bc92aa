"""How the same request is carried by different sentences, and spoilt by haste: politeness, framing, slips; no intents.

`carried` puts a phrase into a sentence; `spoilt` makes slips in a sentence whose slots are open, so that what must be
copied stays whole; `dressed` sets case and stops.
"""

from __future__ import annotations

import random
import re
import string

from zaphod.data.tasks.second.grammar import Grammar
from zaphod.data.tasks.second.vocabulary import ADJECTIVES, NOUNS, any_word

_RULES = {
    "greet": ("hello", "hey", "hi", "ok", "okay", "so", "well", "right", "good morning", "hey there", "alright", "yo"),
    "name": ("zaphod", "robot", "assistant", "buddy", "my friend", "dear robot", "computer", "machine", "mate"),
    "ask": (
        "(could|can|would|will) you[ please| kindly| maybe| quickly]",
        "(i want|i need|i would like|i'd like|i'd love|i am asking|i ask|we need|we want|they want) you to",
        "you (should|must|may|can|have to|need to|are to|could)[ now| please]",
        (
            "(it would be|it'd be|that would be) (great|nice|good|lovely|helpful|kind|perfect|wonderful) if "
            "you (could|would|can)"
        ),
        "(i was|i am|we were) (wondering|hoping|thinking|asking myself) (if|whether) you (could|can|might|would)",
        "(your|the|your next|the next|today's|my next) (task|job|mission|order|duty|assignment|goal) is to",
        "(please|kindly|now|next|then|just|quickly|go ahead and|go and|do|first of all|also|at once|immediately)",
        "(make sure|see to it that|take care that|be sure that) you",
        "(do not|don't|never) forget to",
        "(remember|try|please try|be so kind as|be so good as|get ready|prepare) to",
        "(help|assist) me[ to]",
        "(let's|let us|we should|we must|we have to|we need to|shall we)",
        "(is it|would it be|might it be) possible to",
        "(are you able|do you manage|do you think you are able) to",
        "(any chance|is there a chance|is there any way)[ that] you (could|can)",
        "(may|might|can|could) i (ask|get|have|beg) you to",
        "(i have|someone has|we have) to <x>, can you do that:",
        "(do me a favour|do me a favor|be so kind|be an angel|be a good robot|be quick) and",
        "(if|when|as soon as) you (can|have time|get a chance|are ready|are free)[, please|,]",
        "(i think|i suppose|i guess|maybe|perhaps) you (should|could|can)",
        "(why don't you|why not|how about you)",
        "(the boss|my wife|my husband|mum|dad|the doctor|everybody) (wants|would like) you to",
        "(it is important|it is urgent|i insist|it is necessary)[ for you] to",
        "(i beg you|i command you|i order you|you are asked|you are told|you are requested) to",
        "(here is|that is|this is) what (i want|i need|you must do):",
        "(listen|attention|look here|one more thing|quick question|small request|a request|new task)[,|:]",
    ),
    "x": ("do something", "get something done", "leave"),
    "end": (
        "[,] please",
        "[,] thanks",
        "[,] thank you[ very much| so much| in advance]",
        "now",
        "for me",
        "right (away|now)",
        "if you (can|have time|please|don't mind|would|could)",
        "when you (can|have time|are free|get a chance|are done)",
        "(asap|as soon as possible|at once|immediately|quickly|soon|today)",
        "if (possible|that is possible|it is possible)",
        ", (ok|okay|will you|would you|could you|can you|right|alright)",
        ", <name>",
        "[,] (it is|it's) (urgent|important|not urgent|no hurry)",
        ", (i am in a hurry|take your time|be quick|no rush|i would be grateful|much appreciated|cheers)",
    ),
    "np": (
        "(i need|i want|i would like|i'd like|i require|we need|i am looking for|looking for|i could do with) {np}",
        "{np}[ please| now| quickly| for me]",
        "(give|get|show|find|fetch|send|hand|tell|read|pull up for) me {np}",
        "(could|can|may|might) i (have|get|see|know|hear) {np}",
        "(what|how) about {np}",
        "(quick|next|one) (question|thing|request|one|point): {np}",
        "(let me|i want to|i would like to|i'd like to|help me) (see|know|have|get|hear|learn) {np}",
        "(any chance of|is there a chance of|is it possible to get|would it be possible to get) {np}",
        "(do|would) you (have|know|happen to know|happen to have) {np}",
        "(my|the next|this) (question|request) (is about|concerns|regards) {np}",
        "(it is|it's|this is) about {np}",
        "(help me|i need help|i need you) with {np}",
        "{np} is what i (need|want|would like)",
        "(just|only|simply) {np}",
        "(could|can|will|would) you (get|find|show|give|tell|fetch) me {np}",
        "(request|query|topic|wanted|needed|search): {np}",
        "(bring up|pull up|look up|check|search|search for|look for|find|fetch) {np}",
        "{np}, (can|could|would) you",
        "(i am|i'm) (interested in|curious about|asking for|asking about|waiting for) {np}",
        "(do you|can you) (show|find|look up|check|tell me) {np}",
        "(time|now it is time) for {np}",
        "(i|we) (have|had) (to|got to) (know|have|get) {np}",
    ),
    "eq": (
        "(do you|would you|does anybody|does anyone) (know|happen to know) {eq}",
        "(tell me|show me|let me know) {eq}",
        "(please |)(find out|check|work out|look up|figure out|see) {eq}",
        "(i|we) (wonder|want to know|would like to know|need to know|must know|have to know|forgot|forget) {eq}",
        "(i am|i'm) (not sure|unsure|wondering|curious|asking|asking myself) {eq}",
        "(any idea|have you any idea|got any idea|no idea) {eq}",
        "(could|can|would|will) you (tell me|say|find out|check|look up|explain to me) {eq}",
        "(somebody|someone|my friend|my boss|a child|the teacher) (asked|asks|wants to know) {eq}",
        "(question|the question is|my question is|what i want to know is)[:] {eq}",
        "(i'd love|i'd like|it would be good|it would be useful|it would help|it is important) to know {eq}",
        "(help me|i want to) (find out|understand|see|learn) {eq}",
        "(can|may|could) i (ask|know|find out|hear) {eq}",
        "(remind|inform) me {eq}",
    ),
}
_CARRIERS = Grammar(_RULES)

_REMARKS = (
    "(i am|i'm|we are|she is|my boss is) (tired|busy|in a hurry|back|late|cold|happy|confused|waiting|new here|alone)",
    "(it is|it's|what) (a lovely day|a long day|getting dark|raining again|a mess in here|so quiet here)",
    "(the|my|our|that) {thing} is {adj}",
    "(i like|i bought|i saw|we have|she wants|do not mind|never mind|look at) (the|my|our|a) {adj} {thing}",
    "(thanks for|sorry about) (the|my|yesterday's) {thing}",
    "(this|that) (is important|would help me a lot|makes my day|took too long|is my last question|is all|will do)",
    "(you are|you're) (a great help|so fast|very kind|my favourite robot)",
    "(i hope|i know|i guess|i am sure) (you can do it|that is clear|it works|you know what i mean)",
)
_TELLING = {
    "open",
    "close",
    "shut",
    "closed",
    "opened",
    "user",
    "both",
    "then",
    "before",
    "after",
    "with",
    "them",
    "first",
}
"""Words that a sentence does not mean the same without."""
_OPERATORS = {"plus", "minus", "times", "less", "more"}
"""Words of which a slip may leave nothing to be understood by: `mipus 7 and 76`."""

_SLOT = re.compile(r"(\{\w+\})")
_SMALL_WORDS = re.compile(r"\b(?:the|a|an|is|are|it|i|to|of|do|does|that|would|could|please|there)\b ?")
_STOPS = ("", "", "", "", ".", ".", ".", "!", "?", "...", "!!", "??", " .", ";")
_FREE_TEXT_ENDS = ("text}", "topic}", "title}", "artist}", "free}")


def carried(phrase: str, rng: random.Random) -> str:
    """A sentence around a phrase; its slots stay open. See `grammar` for the marks."""
    if phrase.startswith("="):
        return _greeted(phrase[1:], rng)
    if phrase.startswith(("np:", "eq:")):
        kind, inner = phrase[:2], phrase[3:]
        return _greeted(_CARRIERS.said(rng.choice(_RULES[kind]), rng).replace("{" + kind + "}", inner), rng)
    if rng.random() < 0.45:
        phrase = _CARRIERS.said("<ask>", rng) + " " + phrase
    # What ends in free text must not have the ending mistaken for part of it.
    if rng.random() < 0.2 and not phrase.endswith(_FREE_TEXT_ENDS):
        ending = _CARRIERS.said("<end>", rng)
        phrase += ending if ending.startswith(",") else " " + ending
    return _greeted(phrase, rng)


def _greeted(sentence: str, rng: random.Random) -> str:
    chance = rng.random()
    if chance < 0.08:
        return _CARRIERS.said("<greet>[ <name>],", rng) + " " + sentence
    if chance < 0.12:
        return _CARRIERS.said("<name>,", rng) + " " + sentence
    return sentence


def remarked(sentence: str, rng: random.Random) -> str:
    """In one sentence of sixteen, a remark beside the point stands before or after it."""
    if rng.random() > 1 / 16:
        return sentence
    remark = _CARRIERS.said(rng.choice(_REMARKS), rng).replace("{adj}", rng.choice(ADJECTIVES))
    remark = remark.replace("{thing}", rng.choice(NOUNS))
    if rng.random() < 0.6 or sentence.endswith(_FREE_TEXT_ENDS):
        return f"{remark}{rng.choice(('. ', '. ', ', ', ': ', ' - '))}{sentence}"
    return f"{sentence.rstrip('.!?')}{rng.choice(('. ', ', ', ' - '))}{remark}"


def with_odd_word(sentence: str, rng: random.Random) -> str:
    """One word of the sentence replaced by any other: what counts must be told by the rest."""
    pieces = _SLOT.split(sentence)
    places = [
        (n, m)
        for n in range(0, len(pieces), 2)
        for m in re.finditer(r"(?<!\w)[a-z]{4,}(?!\w)", pieces[n])
        if m[0] not in _TELLING
    ]
    if places:
        piece, word = rng.choice(places)
        pieces[piece] = pieces[piece][: word.start()] + any_word(rng) + pieces[piece][word.end() :]
    return "".join(pieces)


def spoilt(sentence: str, rng: random.Random) -> str:
    """Slips of haste, in one sentence of five: letters confused, small words left out, a word said twice."""
    chance = rng.random()
    if chance < 0.10:
        return _with_slips(sentence, rng)
    if chance < 0.15:
        return _without_small_words(sentence, rng)
    if chance < 0.17:
        return _with_stutter(sentence, rng)
    if chance < 0.19:
        return sentence.replace(",", "").replace(";", "").replace(":", " ")
    return sentence


def dressed(sentence: str, rng: random.Random) -> str:
    """Case of the first letter or of all fixed words, and how the sentence stops; slots stay open."""
    chance = rng.random()
    if chance < 0.42:
        sentence = sentence[0].upper() + sentence[1:]
        sentence = re.sub(r"\bi\b(?!\})", "I", sentence) if rng.random() < 0.7 else sentence
    elif chance < 0.45:
        sentence = "".join(p if p.startswith("{") else p.upper() for p in _SLOT.split(sentence))
    if sentence[-1] in ".!?":
        return sentence
    return sentence + ("" if sentence.endswith(_FREE_TEXT_ENDS) else rng.choice(_STOPS))


def _without_small_words(sentence: str, rng: random.Random) -> str:
    pieces = (p if p.startswith("{") else _SMALL_WORDS.sub("", p) for p in _SLOT.split(sentence))
    shorter = " ".join("".join(pieces).split())
    return shorter if len(shorter) > 3 else sentence


def _with_stutter(sentence: str, rng: random.Random) -> str:
    places = list(re.finditer(r"(?<![\w{])[a-z]+(?![\w}])", sentence))
    if not places:
        return sentence
    word = rng.choice(places)
    return sentence[: word.end()] + " " + word[0] + sentence[word.end() :]


def _with_slips(sentence: str, rng: random.Random) -> str:
    for _ in range(rng.choice((1, 1, 1, 2))):
        pieces = _SLOT.split(sentence)
        places = [
            (n, m)
            for n in range(0, len(pieces), 2)
            for m in re.finditer(r"[a-z]{4,}", pieces[n])
            if m[0] not in _OPERATORS
        ]
        if places:
            piece, word = rng.choice(places)
            pieces[piece] = pieces[piece][: word.start()] + _slip(word[0], rng) + pieces[piece][word.end() :]
            sentence = "".join(pieces)
    return sentence


def _slip(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    kinds = (
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + word[at + 1 :],
        word[: at + 1] + word[at:],
        word[:at] + rng.choice(string.ascii_lowercase) + word[at + 1 :],
    )
    return rng.choice(kinds)
