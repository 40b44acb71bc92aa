"""Questions by what can answer them: something that changes by the day, or something that stays; phrases only.

Many come in pairs that differ in a word: `who is the president of {country}` changes, `who was the first president of
{country}` does not. Slots: {city}, {country}, {name}, {surname}, {company}, {good}, {team}, {event}, {old_year},
{century}, {topic}, {title}, {word}, {amount}, {a}, {b}; those of household work.
"""

from __future__ import annotations

from zaphod.data.tasks import tool_words
from zaphod.data.tasks.second.grammar import Grammar
from zaphod.data.tasks.second.wordings import (
    call_wordings,
    household_rules,
    household_wordings,
    route_known_wordings,
    route_live_wordings,
    sum_wordings,
    talk_wordings,
)

RULES = {
    **household_rules.RULES,
    **call_wordings.RULES,
    **sum_wordings.RULES,
    **talk_wordings.RULES,
    **route_live_wordings.RULES,
    **route_known_wordings.RULES,
    "now": (
        *(
            "now",
            "right now",
            "today",
            "tonight",
            "currently",
            "at the moment",
            "at present",
            "this week",
            "this morning",
        ),
        *(
            "yesterday",
            "last night",
            "just now",
            "this month",
            "this afternoon",
            "as of today",
            "presently",
            "so far today",
        ),
        *("this evening", "tomorrow", "since yesterday", "since last week", "the other day", "in the last few hours"),
        *("at this moment", "lately", "recently", "this season", "this year", "an hour ago", "nowadays", "still"),
    ),
    "past": (
        *(
            "in {old_year}",
            "in {old_year}",
            "in {old_year}",
            "in the {century}th century",
            "in ancient times",
            "long ago",
        ),
        *("in the middle ages", "back in {old_year}", "before the war", "under the romans", "around {old_year}"),
        *("in the year {old_year}", "during the {century}th century", "in the time of the kings", "until {old_year}"),
        *("between {old_year} and {old_year2}", "when {old_year} began", "in the days of {old_year}", "by {old_year}"),
    ),
    "role": (
        *("president", "prime minister", "king", "queen", "chancellor", "mayor", "head of state", "foreign minister"),
        *(
            "finance minister",
            "leader",
            "champion",
            "head coach",
            "chairman",
            "governor",
            "opposition leader",
            "emperor",
        ),
    ),
    "boss": (
        "ceo",
        "boss",
        "director",
        "owner",
        "head",
        "chairman",
        "manager",
        "chief engineer",
        "spokesman",
        "president",
    ),
    "price": (
        "price",
        "cost",
        "value",
        "market price",
        "exchange rate",
        "share price",
        "price tag",
        "rate",
        "going rate",
    ),
    "good": (
        *(
            "gold",
            "oil",
            "bread",
            "petrol",
            "silver",
            "wheat",
            "milk",
            "bitcoin",
            "electricity",
            "gas",
            "coffee",
            "copper",
        ),
        *(
            "the euro",
            "the dollar",
            "the yen",
            "the pound",
            "rent",
            "sugar",
            "rice",
            "diesel",
            "cocoa",
            "cotton",
            "eggs",
        ),
    ),
    "event": (
        *(
            "world cup",
            "election",
            "marathon",
            "final",
            "championship",
            "grand prix",
            "cup",
            "tournament",
            "race",
            "vote",
        ),
        *("match", "game", "olympics", "derby", "award", "open", "league", "song contest", "regatta", "debate", "tour"),
    ),
    "thing": (
        *(
            "volcano",
            "bridge",
            "cathedral",
            "railway",
            "university",
            "river",
            "mountain",
            "castle",
            "harbour",
            "airport",
        ),
        *("museum", "tower", "theatre", "stadium", "palace", "canal", "lake", "island", "market", "library", "zoo"),
    ),
    "place": (
        "museum",
        "pool",
        "supermarket",
        "bank",
        "post office",
        "library",
        "zoo",
        "gym",
        "market",
        "pharmacy",
        "cinema",
    ),
    "sums_thing": (
        "(apples|coins|sweets|euros|dollars|stickers|cards|marbles|points|biscuits|hours|litres|eggs|nuts)",
    ),
    "sums_people": ("(people|children|friends|brothers|guests|players|teams|families|workers|classes|sisters|pupils)",),
}
GRAMMAR = Grammar(RULES)

SEARCH = route_live_wordings.SEARCH
WEATHER = (
    *(f for f in call_wordings.KNOWN["get_weather_now"] if "{city} {day}" not in f),
    *(f for f in call_wordings.KNOWN["get_weather"]),
    (
        "={day} in {city}(:|,|,) (umbrella or sunglasses|will it be wet|how warm|what will the sky be like|do i "
        "need <clothes>)"
    ),
    "=what should (i|we|the children) (wear|pack|put on) {day}[,] in {city}",
    (
        "=can (i|we|one) (swim|ski|have a picnic|sit outside|hang out the washing|cycle) in {city} {day}, or is "
        "it too <wet>"
    ),
    (
        "=(how many degrees|what temperature|how much rain|how much wind) (do they expect|is forecast|is "
        "expected) in {city} {day}"
    ),
    "=(is|will) (rain|snow|a storm|frost|a heat wave) (coming|come|on its way) to {city} {day}",
    (
        "=(our|the|my) (wedding|picnic|match|barbecue|hike) is in {city} {day}(.|,) (will it stay dry|is it "
        "going to rain|how warm is it)"
    ),
    (
        "=(we fly|i travel|they drive|we are off) to {city} {day}[,|.] (is it <wet> there|warm or cold there|do "
        "we need <clothes>)"
    ),
    "=does (it|the sun|the wind) (rain|shine|blow|freeze) in {city} {day}",
    "=(will there be|is there) (a frost|black ice|a thunderstorm|bright sun|fresh snow) in {city} {day}",
    "np:(today's|tomorrow's|tonight's|the weekend's) (weather|forecast|temperature) (in|for) {city}",
    "np:the (chance of rain|wind speed|humidity|high and low|snow depth|temperature outside) in {city} {day}",
    "np:a (weather report|weather forecast|weather warning) for {city} {day}",
    "eq:(if|whether) (it stays dry|it is <wet>|the sun comes out|we get snow|there will be frost) in {city} {day}",
    "eq:how (cold|warm|windy|wet) it (gets|will get|is outside) in {city} {day}",
)
CLOCK = (
    "=what time is it[ <now>| please| in {city}]",
    "=(what|which) (day|date|month|year) (is it|is today|do we have)[ today| now|]",
    "np:the[ current|] (time|date)[ in {city}| please|]",
    "eq:(what time it is|how late it is|what the time is|which day it is)[ in {city}]",
    "=(how late is it|what's the time|is it late|is it noon yet|is it midnight yet|what is the date today)[ in {city}]",
    "=(is it|are we) (monday|friday|a weekend|a weekday|still january|already spring)[ today| now|]",
    (
        "=how (long|many days|many hours) (until|till|to go until) (christmas|midnight|noon|the weekend|new "
        "year|monday|summer)"
    ),
    "=what (day|date) (was yesterday|is tomorrow|will it be in {amount} days|was it {amount} days ago)",
    "=do (i|we) have (monday|friday|sunday) today",
    "=(what|which) (week|quarter|season|weekday|month|year) (is it|is this|are we in|do we have)[ now| at the moment|]",
    "=(what|which) time (is it|do they have|do you have)[ now| right now|] in {city}",
    "=is it (already |)(night|morning|dark|past noon|after midnight|tomorrow|evening) in {city}[ now]",
    "=(have you got|do you have|can i have|got) the (time|date)[ on you| please| now|]",
    "=(today's|the current|the exact) (date|time)[ please| in {city}|, quick|]",
    "=(time|date|clock|weekday)[ now| please|]",
    ("=how (much time is|many hours are|many minutes are) left (until|before) (noon|midnight|six o'clock|the news)"),
    "=how many (days|weeks) (are left|remain) (in|of) (this|the) (month|year|week)",
    "=how long (is it|have we got) (to|until) (my birthday in june|easter|the holidays|the end of term|christmas eve)",
    "=(am i|are we) (too late|late|early|too early)[,|:] (what time is it|how late is it)",
    (
        "=(my watch|the clock|my phone) (has stopped|is wrong|is broken|is dead)(.|,) (what time is it|how late "
        "is it|the time please)"
    ),
    "=which (date|day) is (it|next sunday|the last friday of this month|today in {city})",
    "=(was yesterday|is today|is tomorrow) (the first|a monday|a holiday|sunday|the end of the month)",
    "=i (lost track of|forgot|do not know) (the time|which day it is|the date|what month it is)",
    "np:(today's|the exact|the local|this week's) (date|time|weekday|calendar week)( in {city}|)",
    "eq:(how late|what time|which date|which weekday) it is[ in {city}] (now|today|right now|at the moment)",
    "eq:how (long|many days) it is (until|to) (christmas|new year|the weekend|midnight|easter)",
)
KNOWLEDGE = route_known_wordings.KNOWLEDGE
DEFINITION = (
    *(f for f in call_wordings.KNOWN["define_word"]),
    "=what (is|are) (a |an |the |){word}",
    "=what is the (plural|opposite|synonym|origin) of[ the word] {word}",
    "=is {word} a (noun|verb|adjective|word)",
    "=how (is|do you) (spell|spelt|use) {word}[ spelt| in a sentence|]",
    "={word}[?| meaning| definition| defined| means| = what|, what is that]",
    "=(meaning of|definition of|define|what's|whats|the word|sense of|def) {word}",
    "=what (does|would|might) {word} (mean|stand for|refer to|denote)[ exactly| again| in plain words|]",
    "=(in short|briefly|in one sentence|exactly|simply put)[,|:] what (is|does) {word}( mean|)",
    "='{word}'[:|,| -|] (what is that|what does it mean|meaning|definition|please explain)",
    "=(what is|define|explain|what does it mean,|the meaning of) '{word}'",
    "=(someone|he|my teacher|my boss|the book) (said|used|wrote|mentioned) {word}(.|,|;) what does (it|that) mean",
    "=(i came across|i stumbled over|i keep reading|what do they mean by|never heard of) {word}",
    "=the (word|term|expression) {word}[:|,| -|;] (what is it|what does it mean|explain|define it|what is meant)",
    "={word}[:| -|,] (define it|explain it|look it up|give me the meaning|tell me what it means)",
    "=(a short|a simple|the exact|one) (definition|explanation|meaning) (of|for) {word}[, please]",
    "=(is|was) {word} a (noun|verb|adjective|real word|proper word|rude word|foreign word)",
    "=(how|where) (is {word} spelt|do you spell {word}|is {word} used in a sentence|do you stress {word})",
    "=(what|which) (kind|sort|part) of (word|speech) is {word}",
    "=(use|put) {word} in a sentence",
    "(define|explain|spell|clarify|describe|interpret)[ the (word|term)] {word}[ (briefly|for me|simply|to a child)]",
    "(look up|check|find)[ the (word|term|entry)] {word}[ in (a|the|your) (dictionary|lexicon|glossary)]",
    "np:(the|a) (short |plain |exact |)(meaning|definition|sense|spelling) of {word}",
    "np:the (synonyms|plural|opposite|antonyms|pronunciation|etymology|word class) of {word}",
    "eq:what {word} (is|means|stands for|refers to|is meant to say)",
    "eq:(how {word} is (defined|spelt|pronounced|used)|whether {word} is a (noun|verb|word))",
)
TALK = talk_wordings.TALK
SUMS = (
    *(f for operation in ("+", "-", "*") for f in sum_wordings.FRAMES[operation]),
    *tool_words.DIVIDE.seen,
    *tool_words.PERCENT.seen,
    # shares
    (
        "=(share|split|divide|distribute|deal out) {a} <sums_thing> (equally|evenly|fairly) (among|between) {b} "
        "<sums_people>"
    ),
    "={a} <sums_thing> (shared|split|divided)[ equally| evenly| fairly] (among|between|by) {b}[ <sums_people>]",
    (
        "={b} <sums_people> (share|split|divide) {a} <sums_thing>[ equally| evenly](.|,|;) how (many|much) does "
        "each[ one] get"
    ),
    "=how (many|much) does each (get|pay|have) (if|when) {b} <sums_people> (share|split|divide) {a}[ <sums_thing>]",
    "=(if|when) {a} <sums_thing> are (shared|split)[ equally] by {b} <sums_people>, what (is one share|does each get)",
    "=each of {b} <sums_people> gets the same from {a} <sums_thing>(.|,|:) how (many|much)",
    "=the bill is {a}(.|,) (we are|there are) {b}[ of us](.|,) (what|how much) does each (pay|owe)",
    "={a} (divided|split|shared) (by|into|in) {b}[ equal parts][ =| is what| makes how much|]",
    "={a} <sums_thing>, {b} (in each box|to a bag|per row)(.|,|:) how many (boxes|bags|rows) do (i|we) need",
    "=how many (groups|teams|piles|rows) of {b} (can i make|can be made|do we get) (from|out of) {a}",
    "={b} (tickets|boxes|litres|hours) cost {a}(.|,|;) what does one cost",
    "={a} (pages|kilometres|euros) in {b} (days|hours|weeks)(.|,|:) how (many|much) (per|a|each) (day|hour|week)",
    "np:(the (result|quotient)|one part) (of|when dividing) {a} (by|over|and) {b}",
    "eq:(what|how much) {a} (divided|split) by {b} (is|makes|gives)",
    "eq:how (many|much) each of {b} <sums_people> gets (of|from) {a} <sums_thing>",
    # percent
    "=(what is|how much is|give me|i need|calculate|find) {a} (percent|per cent|%) (of|off|from) {b}",
    "={a} (percent|per cent|pct|%) (of|off|from|on) {b}[, how much is that|, what is it| =|]",
    "={b} (less|plus|minus) {a} (percent|per cent|%)",
    "=(a|the) (discount|rebate|tax|tip|fee|raise|commission) of {a} (percent|%) on {b}[ (euros|dollars|pounds)]",
    "=(it|the coat|the bike|a lamp) costs {b}(.|,) (i get|there is) {a} (percent|%) off(.|,|;) what do i (pay|save)",
    (
        "=the (price|rent|wage|bill) is {b} and (rises|falls|grows|shrinks) by {a} (percent|%)(.|,|;) what is it "
        "(then|afterwards)"
    ),
    "=(add|put|take off|subtract) {a} (percent|%) (to|on|from) {b}",
    "=(what|which) (percentage|percent|share|fraction) of {a} is {b}",
    "={b} is (what|how many) percent of {a}",
    "={a} (out of|in|of) {b} (as a percentage|in percent|is how many percent)",
    "np:{a} (percent|per cent|%) of {b}",
    "eq:(how much|what) {a} (percent|%) of {b} (is|makes|comes to)",
    # other reckonings
    "=(half|a third|a quarter|double|twice|three times|a tenth|ten times) of {a}",
    "=(what is|how much is|calculate|) (half|double|twice|a third of|the square of|the square root of) {a}",
    "=(the (average|mean|sum|difference|product)|average|mean) of {a} and {b}",
    "=(what is|find|tell me|work out) the (average|mean|sum|remainder|ratio) of {a} and {b}",
    "={a} squared[ plus {b}|, how much is that|]",
    "={a} (to the power of|modulo|mod) {b}",
    "=(which is (more|bigger|less|smaller)|is it more), {a} or {b}",
    (
        "=(i am paid|she earns|it costs|we use) {a} (a|per) (day|week|hour)(.|,|;) (how much|what) is that in "
        "{b} (days|weeks|hours)"
    ),
)
PLAN = (*household_wordings.MOVE, *household_wordings.BRING, *household_wordings.GO, *household_wordings.MOVE_BOTH)
