"""Everything the small built-in model cannot do, answered with one honest sentence; holds no facts of the world."""

from __future__ import annotations

import random
from collections.abc import Iterator

from zaphod.data.tasks import tool_words
from zaphod.data.tasks.task import Example, Score, Split, fits_combinations
from zaphod.data.tasks.wording import Wording, invented_word

HONEST_ANSWER = (
    "I plan, call tools and do arithmetic; for anything else load a larger model with `zaphod run org/name`."
)

TALK = Wording(
    seen=(
        "=(hello|hi|hey|good morning|good evening|good day|hi there|hey there|hello there|howdy|greetings)",
        "=who are you",
        "=(who|what) are you",
        "=what is your name",
        "=what (can|do) you do",
        "=what can you (help me with|do for me)",
        "=(who|what company) (made|built|created|trained) you",
        "=how are you( today| doing|)",
        "=are you (a human|a robot|an ai|conscious|alive|real|happy|smart)",
        "=(tell|write) me (a joke|a story|something funny|something interesting|a riddle|a secret|a fairy tale)",
        "=(do|can) you (love|like|know|remember|hate|understand) me",
        "=(thanks|thank you|thank you very much|bye|goodbye|good night|see you|ok|yes|no|maybe|cool|great|nice)",
        "=what is the meaning of life",
        "=how old are you",
        "=where (are you|do you live|do you come from)",
        "=(can|could) you (help|help me)",
        "=help",
        "=i am (sad|happy|bored|tired|hungry|lonely|angry)",
        "=(sing|sing me) a song you made up",
        "=what do you think (about me|of me|about life|about love|about the future)",
        "=how do you work",
        "=how many parameters (do you have|have you got)",
        "=(which|what) model are you",
        "=do you have (feelings|friends|a family|dreams|a body)",
        "=let us (talk|chat|have a chat)",
        "=(you are|you're) (stupid|great|funny|wrong|nice)",
        "=(present|describe) yourself",
        "=what are you (made for|here for|called|bad at)",
        "=(cheer me up|amuse me|entertain me)",
        "=are you (siri|alexa|gpt|grok|a computer|a program)",
        "=(pleased|glad|good) to (meet|see|know) you",
        "=who (wrote|programmed|owns|designed) you",
        "=what is new",
        "=how is it going",
        "=(sorry|excuse me|wow|hmm|well|really|why|what|ok then)",
        "=i (love|hate|like|miss) you",
        "=can we (talk|chat|be friends)",
        "=what should i (do|say|eat|wear|cook)( today|)",
        "=(what|which) (things|tasks|jobs) are you (able to do|good for)",
        "=(tell me|say) something (about yourself|nice|smart|new)",
        "=who (am i|is there|is your boss)",
        "=(can|could) you (laugh|feel|think|see|hear|sleep|dream|learn)",
        "=(what|how) do you feel",
        "=(do|can) you speak (french|german|english|spanish)",
        "=(why|how) were you (made|built|trained)",
        "=what is your (purpose|job|age|favourite colour|opinion|goal|version)",
        "=(good|bad|fine|i see|i understand|never mind|forget it|stop|quit)",
        "=(are|were) you (trained|made|built) by (google|openai|xai|a company)",
        "=(give me|say) a (compliment|quote|proverb|pun)",
        "=(make up|invent) a (story|joke|name|word)",
        "=i have a (problem|question|cold|headache|dream)",
        "=what is (love|happiness|truth|art|time|life|nothing)",
    ),
    held_out=(
        "=introduce yourself",
        "=what are you good at",
        "=make me laugh",
        "=are you chatgpt",
        "=nice to meet you",
        "=who is your creator",
        "=what's up",
    ),
)

QUESTIONS = Wording(
    seen=(
        "=what is the (capital|population|language|currency|flag|president|king|history|area) of {place}",
        "=who is the (president|king|queen|mayor|prime minister|chancellor|head) of {place}",
        "=where is {place}",
        "=how (big|old|far away|large) is {place}",
        "=who (wrote|painted|composed|invented|discovered|directed) {title}",
        "=who is {name} {surname}",
        "=when (was|did) {name} {surname} (born|die|live)",
        "=(write|compose) (a|an) (poem|essay|story|letter|song|haiku|email|speech|blog post) about {topic}",
        "=(explain|describe) {topic}( to me| in simple words| briefly|)",
        "=tell me (about|something about|everything about|more about) {topic}",
        "=why is {topic} (important|so expensive|so popular|bad|good)",
        "=how does {topic} work",
        "=what (is|are) {topic}",
        "=what do you (know|think) about {topic}",
        "=(translate|say) {word} (in|into|to) (french|german|spanish|italian|latin|chinese|japanese|russian)",
        "=(how do i|how can i|how to) (cook|build|repair|learn|draw|clean|buy|sell|make|fix) (a |){word}",
        (
            "=(write|give me|show me) (a|some) (python|java|c|rust) (program|code|function|script) "
            "(for|about|that does) {topic}"
        ),
        "=(recommend|suggest) (a|me a) (book|film|restaurant|hotel|game|recipe) (about|in|for) {topic}",
        "=what is the best (book|film|restaurant|hotel|way to learn|recipe) (about|in|for) {topic}",
        "=(summarise|summarize|rewrite|correct|proofread) (this text|my essay|the article) about {topic}",
        "=(is|are) {topic} (dangerous|healthy|real|true|legal)",
        "=when did {topic} (begin|start|end)",
        "=who won (the game|the match|the race|the war|the election) in {place}",
        "=what is the difference between {topic} and {other}",
        "=which is better, {topic} or {other}",
        "=how many people live in {place}",
        "=what (year|day|time|month) is it",
        "=what time is it in {place}",
        "=what (languages|religions) are (spoken|found) in {place}",
        "=should i (buy|sell|study|learn|avoid) {topic}",
        "=(solve|prove|simplify|integrate) (the equation|the theorem|x squared|the formula) for {word}",
        "=what colour is (the sky|the sea|grass|a banana|snow|blood)",
        "=how (tall|old|rich|famous) is {name} {surname}",
        "=(give me|make) a list of {topic}",
        "=(plan|book) (a trip|a flight|a holiday|a hotel) (to|in) {place}",
        "=what (rhymes|goes well) with {word}",
        "=(how do you|how do i) spell {word}",
        "=can you (draw|paint|show me|see) (a picture of |){topic}",
        "=what happened in {year}",
        "=who was {name}",
        "=what (makes|made) {place} (special|rich|beautiful|great)",
        "=(contrast|rank) {topic} and {other}",
        "=i (wonder|would like to know|want to know) (about|everything about) {topic}",
        "=list (five|ten|some) facts about {topic}",
        "=(help me|i want to) (understand|learn about|study) {topic}",
        "=which (continent|city|river|sea) is (in|near) {place}",
        "=who (sings|plays|performed|made) {title}",
        "=(give me|do you have) (tips|help|an opinion|ideas) (on|for|about) {topic}",
        "=(can|could) you (explain|teach me|tell me about) {topic}",
        "=what is (interesting|good|bad|new) about {place}",
        "=is {place} (rich|big|safe|cold|expensive)",
        "=(which|what) {word} is (the best|better|cheaper)",
        "=(summarise|tell me the plot of) {title}",
        "=what causes {topic}",
        "=where does {word} come from",
        "=why (do|does) (people|we|they) (like|need|want|fear) {topic}",
        "=(i need|give me) (information|knowledge|details) (about|on) {topic}",
        "=(name|list|mention) (a|two|some) (rivers|cities|famous people|kings) (of|in) {place}",
        "=what (is|are) the (cause|history|future|price|effects|advantages) of {topic}",
        "=who (discovered|started|likes|owns|is behind) {topic}",
        "=(what|which) (language|food|people|animals) (is|are) (spoken|eaten|found) in {place}",
        "=(when|why|how) did {name} {surname} (become famous|win|leave|write {title})",
        "=how (much|long|many years) (is|are|does) {topic} (worth|last|take)",
        "=(has|did) {name} {surname} (ever win|write|sing|live in {place})",
        "=is {name} {surname} (alive|married|famous|a singer)",
        "=i want to (visit|know more about|move to|travel to) {place}",
        "=(teach|show) me (some|a little) (french|maths|history|chemistry|music theory)",
        "=(discuss|review|criticise|debate) {topic}",
        "=(what|who) is {title}",
        "=(tell me|what is) the (story|meaning|history) (of|behind) {title}",
        "=(should|must) (we|people|i) (ban|fear|support|like) {topic}",
        "=what (would|could) happen (without|with more) {topic}",
        "=(how|why) (is|are) {topic} (made|used|so hard|changing)",
        "=(do|does) {place} have (a king|mountains|a coast|an army|elections)",
        "=(write|draft) (me |)(a|an) (letter|email|speech|review|advert) (to {name} |)about {topic}",
        "=(summarise|summarize) the history of {place}",
        "=which {topic} (is|are) best",
        "=what do {topic} and {other} have in common",
        "=(my|the) {word} (does not work|hurts|is strange), what should i do",
    ),
    held_out=(
        "=what is {place} famous for",
        "=compare {topic} with {other}",
        "=i have a question about {topic}",
        "=name three facts about {topic}",
        "=teach me about {topic}",
        "=which country is {place} in",
        "=who sang {title}",
        "=give me advice on {topic}",
    ),
)

_PLACES = (
    *("France", "Germany", "Italy", "Spain", "Poland", "Norway", "Sweden", "Finland", "Japan", "China", "India"),
    *("Brazil", "Peru", "Canada", "Mexico", "Egypt", "Kenya", "Nigeria", "Australia", "Greece", "Turkey", "Austria"),
    *("the United States", "England", "Scotland", "Ireland", "Portugal", "Hungary", "Iceland", "Cuba", "Chile"),
)


class OutOfScope:
    """Small talk and questions of general knowledge: the model says what it is and where to find more."""

    name = "out_of_scope"

    def examples(self, split: Split, seed: int) -> Iterator[Example]:
        """See `Task`. A held-out combination is the set of words that fill a question."""
        rng = random.Random(f"{self.name}/{split}/{seed}")
        while True:
            slots = any_slots(rng)
            is_talk = split != "combinations" and rng.random() < 0.35
            if is_talk or fits_combinations(split, *slots.values()):
                prompt = (TALK if is_talk else QUESTIONS).say(split, slots, rng)
                if rng.random() < 0.15:
                    prompt = prompt.lower()
                yield Example(task=self.name, prompt=prompt, answer=HONEST_ANSWER)

    def judge(self, example: Example, answer: str) -> Score:
        """Right if it is the honest sentence."""
        correct = answer.strip() == HONEST_ANSWER
        return Score(correct, "the honest answer" if correct else f"wanted {HONEST_ANSWER!r}")


def any_slots(rng: random.Random) -> dict[str, str]:
    """Words for every slot of the frames."""
    title_words = (rng.choice(tool_words.TITLE_WORDS) for _ in range(2))
    return {
        "place": rng.choice(_PLACES + tool_words.CITIES),
        "title": " ".join(title_words),
        "name": rng.choice(tool_words.NAMES),
        "surname": rng.choice(tool_words.SURNAMES),
        "topic": rng.choice(tool_words.TOPICS + tool_words.WORDS),
        "other": rng.choice(tool_words.TOPICS + tool_words.WORDS),
        "word": rng.choice(tool_words.WORDS) if rng.random() < 0.7 else invented_word(rng),
        "year": str(rng.randrange(1500, 2100)),
    }
