"""Questions about words, answered from a text that is given: by copying, or by saying that it is not there.

The text is a page of entries, one a line, `word: definition`. Most words and all definitions mean nothing much, so that
nothing can be learnt by heart.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from zaphod.data.tasks.second import vocabulary as words
from zaphod.data.tasks.second.frozen import phrased, wordings_2
from zaphod.data.tasks.second.grammar import Grammar
from zaphod.data.tasks.second.manner import dressed, remarked, spoilt
from zaphod.data.tasks.task import Context, Example, Score, Split, fits_combinations
from zaphod.data.tasks.tool_words import WORDS
from zaphod.data.tasks.wording import invented_word

NOT_THERE = "The text does not say."

_RULES = {
    "v_tell": ("tell me", "say", "explain", "show me", "read", "give me", "find", "look up", "quote", "write"),
    "v_copy": (
        "(copy|quote|repeat|print|reproduce|recite|give|state|return|cite|transcribe|write out|write down|type)",
        "(extract|take over|present|report|deliver|provide|hand me|pick out|pull out|dig out|output|put down)",
    ),
    "text": (
        "(text|page|dictionary|list|glossary|document|sheet|passage|word list|lexicon|handout|booklet)",
        "(text above|given text|page above|list above|excerpt|material|source|file|vocabulary|printed page)",
    ),
    "texts": ("(entries|notes|lines|definitions|lines above|entries above|given lines|explanations|printed lines)",),
    "within": (
        "(in|on) the page",
        "in the <text>",
        "in the <text>",
        "(in|among) the <texts>",
        "(above|here|there|up there|in what is given|in what you have|in front of you)",
    ),
    "by": (
        "(according to|from|going by|based on|judging by|as told by|with the help of) the (<text>|<texts>)",
        "(according to|going by|based on|using) (what is given|what is printed|what you have there)",
    ),
    "kind": ("word", "term", "entry", "expression", "name", "headword", "keyword", "notion"),
    "sense": ("(meaning|definition|sense|explanation|description|gloss|definition given|meaning given)",),
    "only": (
        "and nothing else",
        "(word for word|literally|verbatim|unchanged|to the letter|exactly as printed|as it stands)",
        "(without adding anything|without a comment|without changing a word|with no words of your own|nothing more)",
        "in the same words",
    ),
    "rule": (
        "(copy|use|write|give|answer with) (only|just|exactly|nothing but) (what is printed|what the <text> says)",
        "(do not|don't|never) (add|invent|change|guess|explain|make up) (anything|a word)",
        "(the answer stands|it stands|you find it|the answer is) <within>",
        "(no|without) (comment|extra words|introduction|words of your own)",
    ),
    "task": (
        "(question|task|exercise|item|problem|quiz|test|vocabulary test|homework|q|for two points|final question)",
        "(question one|question three|part b|item four|exam question|lookup|query|your task|instruction|next)",
    ),
    "someone": (
        "(he|she|my teacher|my boss|the author|a man|my grandmother|the letter|my homework|the newspaper|a sign)",
        "(my son|somebody|the doctor|the manual|our neighbour|a friend|the song|the recipe|the contract)",
    ),
    "pupil": ("(my friend|the class|the children|a child|grandma|us|him|her|them|the reader|the visitors)",),
}
_GRAMMAR = Grammar(_RULES)
_FRAMES = (
    # plain questions
    "=what is (a |an |the |){word}",
    "=what are {word}",
    "=what does {word} mean",
    "=what does the <kind> {word} mean",
    "=what (does|would|might|could) {word} (mean|stand for|refer to|signify|denote|express)[ <within>]",
    "=what is meant by (the <kind> |){word}",
    "=what (exactly|precisely|really|then|on earth) is {word}",
    "=(who|what) is {word}",
    "=what's[ a| an| the|] {word}[ again| then| please|]",
    "=what (is|was) the <sense> (of|for) (the <kind> |){word}",
    "=what does it mean (if|when) (someone|somebody|<someone>) says {word}",
    "=what (kind|sort) of thing is {word}",
    "=how (is|would you|do they|can one) (define|defined|explain|explained) {word}",
    "=how (is|was) {word} (defined|explained|described|put into words)[ <within>]",
    "=how (do you|does one|would you|do they) (define|explain|describe|understand) {word}",
    "=how does the <text> (define|explain|describe|put|gloss) {word}",
    "=how do the <texts> (define|explain|describe) {word}",
    "=in (what|which) sense is {word} (used|meant|to be understood)",
    "=which <sense> (belongs to|goes with|is given for|is printed for|fits) {word}",
    "=which <sense> does the <text> (give|offer|print|have|list) (for|of) {word}",
    # orders
    "define {word}",
    "define the <kind> {word}",
    "explain {word}",
    "explain the <kind> {word}[ to (me|<pupil>)]",
    "<v_tell> what {word} (is|means)",
    "<v_tell> the <sense> of {word}",
    "look {word} up[ <within>]",
    "look up {word}[ <within>]",
    "describe {word}",
    "describe what {word} (is|means)",
    "(clarify|clear up|spell out|set out|illuminate|interpret) what {word} means",
    "tell <pupil> what {word} (is|means)",
    "(enlighten|inform|instruct) me about {word}",
    "(use|consult|open|take) the <text> (to explain|and explain|to define|and define|and look up) {word}",
    "(search|scan|check|read|go through|skim) the <text> for {word}",
    "(search|scan|check|read|go through) the <texts> for {word}[ and (tell me|say|read out) what it means]",
    "(find|locate|spot|pick) {word} <within>[ and (read me|give me|copy) (its <sense>|what it says)]",
    "(find|look for|go to) the <kind> {word}[ <within>] and (read|copy|give me|tell me|type) its (meaning|definition)",
    "(turn|go) to {word} and (tell me what it means|read out its meaning|copy its definition)",
    # copying only what is printed
    "<v_copy> the <sense> of {word}[,] <only>",
    "<v_copy> (what is printed|what stands|what is written|the words) (next to|beside|behind|after) {word}[, <only>]",
    "<v_copy>[ only| just| exactly|] what the <text> says (about|on|of|for) {word}[, <only>]",
    "<v_copy>, <only>, the <sense> of {word}",
    "=<by>, <v_copy> the <sense> of {word}[ <only>]",
    "=<rule>: what (is|does) {word} mean",
    "=<rule>. (define|explain) {word}",
    "=<rule>. {word}",
    "=<rule>: the <sense> of {word}",
    "=(define|explain|look up) {word}. <rule>",
    "=what does {word} mean? <rule>",
    "=what is {word}? <rule>",
    "=the <sense> of {word}, <only>[, please]",
    # exam style
    "=<task>: (define|explain|describe|look up) {word}[. <rule>]",
    "=<task>: what (is|is meant by|does the <text> say about) {word}[? <rule>]",
    "=<task>: (state|give|copy|quote|write down) the <sense> of (the <kind> |){word}[. <rule>]",
    "=<task>: {word}",
    "=<task>: {word} means what",
    "=(complete|finish|continue|fill in)[ the (line|sentence|definition)]: {word} (is|means)",
    "=(complete|finish) the (line|sentence|definition) (of|for|about|that begins with) {word}",
    "=(match|pair) {word} (with|to) its (meaning|definition)[ <within>]",
    "=(state|give|name) (briefly |)(the <sense> of|what is meant by|what is understood by) {word}[ <within>]",
    "=answer from the <text>: (what is|define|explain) {word}",
    "=answer (from|with|using) the <texts>[ only]: (what is|define|explain|what does it say about) {word}",
    "=(read|study|see) the (<text>|<texts>)[,| and| carefully and|] (answer|then answer): what (is|is meant by) {word}",
    "=one of these (words|terms) is {word}[.|,|;] (define it|what does it mean|give its meaning|look it up)",
    # noun phrases and indirect questions
    "np:the <sense> of {word}",
    "np:the <sense> of the <kind> {word}",
    "np:(a|one) (definition|description|reading|rendering) of {word}[ <within>]",
    "np:what the <text> says about {word}",
    "np:the (entry|note|gloss) (for|on) {word}",
    "np:the (printed|exact|given|official|proper|correct) (definition|meaning|wording) of {word}",
    "np:{word}'s (meaning|definition)",
    "eq:what {word} (is|means)",
    "eq:what the <text> says about {word}",
    "eq:what is (meant by|said about|written about|known about) {word}",
    "eq:how {word} is (defined|explained|described|understood)[ <within>]",
    "eq:what (stands|is printed|is written) (next to|beside|behind|after) {word}[ <within>]",
    "eq:what the <kind> {word} (stands for|means|refers to|is)",
    "eq:what (people|they|the <texts>) (mean|understand) by {word}",
    "eq:(in what sense|how) one (uses|should understand|is to understand) {word}",
    # the text named first, in the middle, last
    "=<by>[,] what (is {word}|does {word} mean|is meant by {word}|is the <sense> of {word})",
    "=<by>[,] {word} (is|means) what",
    "=<by>[,] (define|explain|look up|describe) {word}",
    "=what, <by>, (is {word}|does {word} mean|is the <sense> of {word})",
    "=what (is {word}|does {word} mean)[,] <by>",
    "=what does the <text> (say|tell us|tell me|state|write|note|have) (about|on|of) {word}",
    "=what do the <texts> (say|tell us|tell me|state) (about|on|of) {word}",
    "=what is (said|written|printed|noted|stated|given|recorded) (about|for) {word}[ <within>]",
    "=what (stands|is printed|is written|comes|follows) (next to|beside|behind|after) {word}[ <within>]",
    "=what does it say (next to|beside|behind|about|for|after) {word}",
    "=(does|did) the <text> (define|explain|mention|cover|list|contain) {word}[, and (how|what does it say)]",
    "=do the <texts> (define|explain|mention|cover) {word}[, and (how|what do they say)]",
    (
        "=is {word} (defined|explained|listed|mentioned|described) <within>[, and (how|what does it mean|what "
        "does it say)]"
    ),
    "=is there (a definition|an explanation|an entry|anything|a note) (for|on|about) {word}[ <within>]",
    "=(can|do) you (find|see|spot) {word} <within>[, and what does it mean|]",
    "=(if|in case|provided|supposing) {word} is (defined|listed|explained|there), (what does it mean|copy its meaning)",
    "=if the <text> (has|lists|explains|knows|contains) {word}, (what does it say|quote it|give me the definition)",
    # the word first
    "={word}[, what is that|, what does it mean| meaning| definition|: meaning|]",
    "={word}[:| -|,|;] (what is that|what does it mean|what is meant|what does the <text> say|meaning please)",
    "={word}[:| -|,] (define it|look it up|explain this|explain that|tell me what it means|its meaning, please)",
    "={word} (is|means)[ what| ...|]",
    "={word} = (what|)",
    "={word} (def|definition|meaning|explained|defined|in the <text>)[ please| plz|]",
    "={word} (is|was) defined (how|as what)[ <within>]",
    "={word} - how does the <text> (define|explain|describe) (it|that)",
    "=the (word|term|expression) {word}[:|,| -] (what does it mean|what is it|how is it explained|meaning|explain)",
    (
        "=(take|consider|as for|concerning|regarding|about|now|next) {word}[:|,] what (does it mean|is it|does "
        "the <text> say)"
    ),
    "={word} (is new to me|puzzles me|is unknown to me|is a riddle to me|tells me nothing|means nothing to me)",
    "={word}, (by|in) the <text>",
    # fragments, labels, quotation marks
    "=(meaning|definition|define)[:|,| of] {word}",
    "=(entry|word|term|headword|keyword|look up|search|explain|glossary|dictionary|sense|def|gloss)[:|,| -] {word}",
    "=(def|def.|expl.|meaning of|sense of|definition for|explanation of|the word) {word}",
    "='{word}'",
    "=what (is|does) '{word}'[ mean| mean <within>]",
    "=(define|explain|look up|meaning of|definition of|search|find) '{word}'",
    "='{word}'[:| -|,] (what is that|what does it mean|meaning|definition|explain it|please define)",
    '=what (is|does) "{word}"[ mean|]',
    '=(define|explain|look up|meaning of|the <kind>|copy the <sense> of) "{word}"',
    '="{word}"[:| -|,] (what is that|what does it mean|meaning|definition|look it up)',
    '=(the <kind>|by) "{word}" (is meant what|means what|what is meant|stands for what)',
    # told as a story, as a lack, by haste or with another grammar
    "=(i do not|i don't) (know|understand|get|recognise) (the <kind> |what is |what they mean by |){word}",
    "=(i have never|never) (heard|read|seen|met) (the word |){word}[, what is it| before|]",
    "=(i came across|i stumbled over|i read|i see|i found|i just heard) {word}[.|,|;] (what is that|what does it mean)",
    "=<someone> (says|said|writes|wrote|mentions|talks about|speaks of|used) {word}[.|,|;] what (is that|does it mean)",
    "=<someone> (called|calls) (me|it|that) {word}[.|,| -] (what does that mean|what is that|should i know it)",
    "=there is (a|one) (word|term) i (do not know|can't place|must look up|need explained): {word}",
    "=(can|could) you (define|explain|describe) {word}",
    "=(i want|i would like|i need) to know what {word} (is|means)",
    "=(i am|we are) (stuck at|unsure about|not clear about|curious about|wondering about) {word}",
    (
        "=i (thought|believed|was sure|would have sworn) i knew what {word} (is|means)[, but (what does the "
        "<text> say|i am not sure)]"
    ),
    (
        "=(refresh my memory|help me out|just checking|quick one|be precise|one word|one more)[:|,] (what "
        "is|define) {word}"
    ),
    "=(pls|plz|please) (define|explain|tell meaning of) {word}",
    "=(whats|wat is|wats|what dose|u know what) {word}[ mean| means|]",
    "=(what mean|what it is|what is it|what means) {word}",
    (
        "=(kindly|please) (provide|supply|furnish|state) the (definition|meaning) of {word} as "
        "(given|printed|stated) <within>"
    ),
    "=(we|the visitors|my pupils) (require|request|ask for|look for) the <sense> of {word}",
    "=it (says|reads|is written) {word} <within>[.|,|;] (meaning what|what does that mean|what is meant)",
    "=(once more|again|next word|and|then|also|finally|now)[:|,|] {word}",
    "=and {word}",
    "=(what about|how about|and what about|and what is) {word}",
)
_GLOSSES = (
    "a {adj} {noun} that {verbs} {nouns}",
    "a {noun} for {nouns}",
    "the {noun} of a {adj} {noun2}",
    "to {verb} a {noun} with a {noun2}",
    "to {verb} {nouns} before the {noun}",
    "a person who {verbs} {nouns}",
    "{adj} and {adj2}, like a {noun}",
    "a {adj} place where {nouns} {verb}",
    "a kind of {noun} used to {verb} the {noun2}",
    "the act to {verb} a {noun} without a {noun2}",
    "a {invented} made of {nouns}",
    "any {noun} with {number} {nouns}",
    "not {adj}, but {adj2}",
    "a tool to {verb} {adj} {nouns}",
    "one of the {number} {nouns} of {name}",
    "the {adj} part of a {noun}",
    "what {nouns} do when they {verb}",
    "to be {adj}, as of a {noun}",
    "to {verb} again and again",
    "to {verb} {nouns} for {name}",
    "someone whose {noun} is {adj}",
    "someone who cannot {verb} {nouns}",
    "a {noun}, {adj} or {adj2}",
    "a {noun} and its {noun2}",
    "a {adj}, {adj2} {noun}",
    "without any {noun}",
    "full of {nouns}",
    "as {adj} as a {noun}",
    "the opposite of {adj}",
    "nearly {adj}",
    "the day when the {nouns} {verb}",
    "the time it takes to {verb} a {noun}",
    "in the manner of a {noun}",
    "an old word for {noun}",
    "short for {name} {noun}",
    "the smallest {noun} in a {noun2}",
    "a {noun} from {name}, often {adj}",
    "said of {nouns} that are {adj}",
    "{number} {nouns} in a row",
    "a game for {number} people with a {noun}",
    "the fear of {nouns}",
    "either a {noun} or a {noun2}",
    "the state in which {nouns} {verb}",
    "whatever {verbs} a {noun}",
    "that which is {adj} in {nouns}",
    "made from {nouns} by {name}",
    "used when a {noun} must {verb}",
    "(of {nouns}) too {adj} to {verb}",
)


class Definitions:
    """Copying the right definition out of a page, or saying that it is not there."""

    name = "definitions"

    def examples(self, split: Split, seed: int) -> Iterator[Example]:
        """See `Task`. A held-out combination is the word with its definition."""
        rng = random.Random(f"{self.name}/{split}/{seed}")
        while True:
            page = {_word(rng): _gloss(rng) for _ in range(rng.choice((1, 2, 3, 3, 4, 5, 6)))}
            is_there = rng.random() < 0.75
            word = rng.choice(list(page)) if is_there else _word(rng)
            if (word in page) is is_there and fits_combinations(split, word, page.get(word, "")):
                sentence = _sentence(split, rng)
                if sentence is not None:
                    asked = word.capitalize() if rng.random() < 0.05 else word
                    prompt = dressed(sentence, rng).format_map({"word": asked})
                    text = "\n".join(f"{entry}: {gloss}" for entry, gloss in page.items())
                    yield Example(
                        task=self.name,
                        prompt=prompt,
                        answer=page.get(word, NOT_THERE),
                        context=(Context("text", text),),
                    )

    def judge(self, example: Example, answer: str) -> Score:
        """Right if it is the definition, word for word."""
        correct = answer.strip() == example.answer
        return Score(correct, "as it stands in the text" if correct else f"wanted {example.answer!r}")


def _sentence(split: Split, rng: random.Random) -> str | None:
    if split == "wordings_2":
        return rng.choice(wordings_2()["definitions"]["ask"])
    sentence = phrased(rng.choice(_FRAMES), _GRAMMAR, rng)
    return None if sentence is None else spoilt(remarked(sentence, rng), rng)


def _word(rng: random.Random) -> str:
    chance = rng.random()
    if chance < 0.4:
        return invented_word(rng)
    if chance < 0.55:
        return rng.choice(WORDS)
    return words.any_word(rng) if chance < 0.9 else f"{words.any_word(rng)} {words.any_word(rng)}"


def _gloss(rng: random.Random) -> str:
    if rng.random() < 0.3:
        return words.free_text(rng, 2, 10)
    verb, noun = rng.choice(words.VERBS), rng.choice(words.NOUNS)
    gloss = rng.choice(_GLOSSES).format(
        adj=rng.choice(words.ADJECTIVES),
        adj2=rng.choice(words.ADJECTIVES),
        noun=noun,
        noun2=rng.choice(words.NOUNS),
        nouns=rng.choice(words.NOUNS) + "s",
        verb=verb,
        verbs=verb + "s",
        invented=invented_word(rng),
        number=rng.randrange(2, 100),
        name=invented_word(rng).capitalize(),
    )
    return gloss + rng.choice(("", "", f", {words.free_text(rng, 2, 5)}", f"; also a {rng.choice(words.NOUNS)}"))
