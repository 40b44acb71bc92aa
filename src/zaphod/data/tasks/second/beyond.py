"""What the model cannot do, in more words than the first edition has: talk, facts, essays; one honest answer to all."""

from __future__ import annotations

import random
from collections.abc import Iterator

from zaphod.data.tasks import out_of_scope as first
from zaphod.data.tasks.second import route_wordings, vocabulary
from zaphod.data.tasks.second.frozen import phrased, wordings_2
from zaphod.data.tasks.second.grammar import Grammar
from zaphod.data.tasks.second.manner import dressed, remarked, spoilt
from zaphod.data.tasks.task import Example, Score, Split, fits_combinations

_RULES = {
    **route_wordings.RULES,
    "v_write": ("write", "compose", "draft", "create", "invent", "make up", "dictate", "prepare", "give me", "produce"),
    "work": (
        *("poem", "essay", "story", "letter", "song", "haiku", "email", "speech", "blog post", "summary", "report"),
        *("review", "joke", "limerick", "play", "slogan", "article", "diary entry", "fable", "advert", "presentation"),
    ),
    "v_teach": (
        "explain",
        "describe",
        "teach me",
        "discuss",
        "analyse",
        "comment on",
        "criticise",
        "introduce",
        "outline",
    ),
    "language": (
        *(
            "french",
            "german",
            "spanish",
            "italian",
            "latin",
            "chinese",
            "japanese",
            "russian",
            "arabic",
            "greek",
            "dutch",
        ),
        *("polish", "turkish", "korean", "hindi", "swedish", "danish", "finnish", "czech", "welsh"),
    ),
    "feel": (
        "sad",
        "happy",
        "bored",
        "tired",
        "hungry",
        "lonely",
        "angry",
        "nervous",
        "in love",
        "proud",
        "ill",
        "afraid",
    ),
    "you_are": (
        "a human",
        "a robot",
        "an ai",
        "conscious",
        "alive",
        "real",
        "smart",
        "old",
        "young",
        "busy",
        "bored",
        "free",
    ),
    "you_can": (
        "sing",
        "dance",
        "laugh",
        "feel",
        "think",
        "dream",
        "sleep",
        "swim",
        "learn",
        "forget",
        "lie",
        "love",
        "see",
    ),
    "advice": ("tips", "help", "an opinion", "ideas", "suggestions", "facts", "information", "examples", "arguments"),
    "media": (
        "book",
        "film",
        "restaurant",
        "hotel",
        "game",
        "recipe",
        "song",
        "podcast",
        "present",
        "holiday",
        "sport",
    ),
}
_GRAMMAR = Grammar(_RULES)
_TALK = (
    *first.TALK.seen,
    "=(are|were) you[ ever| really| always] <you_are>",
    "=(can|could|do|will) you[ ever| really] <you_can>",
    "=(why|when|how|where) (can|do|did|will) you <you_can>",
    "=(i am|i'm|my cat is|my friend is|we are)[ so| very| a bit] <feel>[ today| because of you|]",
    "=(do|did) you (like|love|hate|miss|know|fear) (me|music|people|other robots|your job|chess|mondays|cats)",
    "=what (is|was) your (name|age|job|hobby|favourite colour|favourite food|dream|opinion|plan|secret|worst fear)",
    "=(what|how) (would|do) you (feel|think|say|do) (if|when) (i left|it rains|you lose|people lie|you are alone)",
    "=(tell|give) me (a|another|your best) (joke|riddle|story|secret|compliment|proverb|fun fact|tongue twister)",
    "=(well done|good job|nice work|bad robot|you rock|you win|i give up|no way|oh dear|come on|never mind that)",
    "=(pretend|imagine|suppose) (you are|i am|we are) (<you_are>|a king|a cat|on the moon|a teacher)",
    "=(let us|let's|shall we) (chat|play a game|be friends|sing|talk about you|philosophise)",
    "=(how|what) (are you|about you|was your day|have you been|is your mood|is life)",
    "=(good|happy) (morning|evening|night|birthday|new year|afternoon|holidays)[ to you|]",
)
_QUESTIONS = (
    *first.QUESTIONS.seen,
    *(frame for frame in route_wordings.KNOWLEDGE if "<" not in frame or "<past>" in frame),
    "<v_write> (a|an|a short|a long|a funny|a sad|a formal) <work> (about|on|for|against) {topic}",
    "<v_write> (a|an) <work> (about|on|for) {name} {surname}",
    "<v_teach> {topic}[ to me| in simple words| briefly| in detail|]",
    "<v_teach> the (history|basics|theory|future|meaning) of {topic}",
    "np:(a|an) <work> (about|on) {topic}",
    "np:<advice> (on|about|for) {topic}",
    "np:a good <media>[ about {topic}| in {city}|]",
    "eq:why {topic} (is|are) (important|popular|dangerous|expensive)",
    "eq:(what {name} {surname} thinks about {topic}|who {name} {surname} is|what to do about {topic})",
    "(translate|say|write) {word} (in|into|to) <language>",
    "(translate|say|write) the (sentence|text|word|phrase) {topic} (in|into) <language>",
    "=(recommend|suggest|choose|pick) (a|me a|some) <media>[ about {topic}| in {city}| for {name}|]",
    "=(which|what) <media> (should|can|would) (i|we) (read|see|try|choose|buy)",
    "=(is|are) {topic} (better|worse|older|cheaper) than {other}",
    "=(what|how) (do|does) {topic} (mean for|change|cost|do to) (us|people|children|the world|{country})",
    "=(should|must|may|can) (i|we|people|children) (buy|study|trust|avoid|fear|ban|eat) {topic}",
    (
        "=(write|fix|explain|debug|translate) (a|my|this) (python|java|rust|c|html|sql)[ "
        "](program|code|script|function|query)"
    ),
    "=(prove|solve|integrate|simplify|derive) (the|this|that) (theorem|equation|integral|formula|inequality)",
    (
        "=(summarise|shorten|rewrite|correct|proofread|translate) (this|my|the) "
        "(text|essay|letter|article|book|page)[ about {topic}|]"
    ),
    "=(plan|book|organise) (a|my|our) (trip|flight|wedding|party|holiday|hotel)[ to {city}| in {city}|]",
    "=(draw|paint|show|send|make) (me |)(a|the) (picture|photo|drawing|map|diagram|video) of ({topic}|{city}|{name})",
    (
        "=(my|the) (knee|car|computer|cat|back|tooth|phone|heating) (hurts|is broken|makes noises|is "
        "strange)[, what should i do|]"
    ),
    "=how (do i|can i|to) (cook|build|repair|learn|clean|sell|grow|paint|fix) (a |an |){noun}",
    "=(weigh|set) {topic} against {other}",
)


class Beyond:
    """Small talk and general knowledge, answered as in the first edition."""

    name = "beyond"

    def examples(self, split: Split, seed: int) -> Iterator[Example]:
        """See `Task`. A held-out combination is the set of words that fill a question."""
        rng = random.Random(f"{self.name}/{split}/{seed}")
        while True:
            slots = first.any_slots(rng)
            is_talk = split != "combinations" and rng.random() < 0.35
            if not is_talk and not fits_combinations(split, *slots.values()):
                continue
            slots |= _more_slots(slots, rng)
            sentence = _sentence("talk" if is_talk else "questions", split, rng)
            if sentence is not None:
                prompt = dressed(sentence, rng).format_map(slots)
                yield Example(task=self.name, prompt=prompt, answer=first.HONEST_ANSWER)

    def judge(self, example: Example, answer: str) -> Score:
        """As in the first edition."""
        return first.OutOfScope().judge(example, answer)


def _sentence(intent: str, split: Split, rng: random.Random) -> str | None:
    if split == "wordings_2":
        return rng.choice(wordings_2()["out_of_scope"][intent])
    sentence = phrased(rng.choice(_TALK if intent == "talk" else _QUESTIONS), _GRAMMAR, rng)
    return None if sentence is None else spoilt(remarked(sentence, rng), rng)


def _more_slots(slots: dict[str, str], rng: random.Random) -> dict[str, str]:
    return {
        "noun": rng.choice(vocabulary.NOUNS),
        "city": slots["place"],
        "country": slots["place"],
        "company": slots["surname"],
        "topic2": slots["other"],
        "old_year": str(rng.randrange(1100, 2015)),
        "old_year2": str(rng.randrange(1100, 2015)),
        "century": str(rng.randrange(11, 20)),
    }
