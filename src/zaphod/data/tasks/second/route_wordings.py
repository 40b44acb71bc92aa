"""Questions by what can answer them: something that changes by the day, or something that stays; phrases only.

Many come in pairs that differ in a word: `who is the president of {country}` changes, `who was the first president of
{country}` does not. Slots: {city}, {country}, {name}, {surname}, {company}, {good}, {team}, {event}, {old_year},
{century}, {topic}, {title}, {word}, {amount}, {a}, {b}; those of household work.
"""

from __future__ import annotations

from zaphod.data.tasks import out_of_scope, tool_words
from zaphod.data.tasks.second import call_wordings, household_rules, household_wordings, sum_wordings
from zaphod.data.tasks.second.grammar import Grammar

RULES = {
    **household_rules.RULES,
    **call_wordings.RULES,
    **sum_wordings.RULES,
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
    "science": (
        *("the sky blue", "water wet", "the sea salty", "ice slippery", "the moon round", "blood red", "grass green"),
        *("iron heavy", "fire hot", "glass transparent", "snow white", "gold rare", "metal shiny", "the sun bright"),
    ),
    "how": (
        *(
            "a fridge works",
            "birds fly",
            "bees make honey",
            "rain forms",
            "magnets attract",
            "a clock ticks",
            "planes fly",
        ),
        *(
            "plants grow",
            "the heart beats",
            "a battery works",
            "waves form",
            "glass is made",
            "bread rises",
            "fish breathe",
        ),
        *("volcanoes erupt", "cats see at night", "cheese is made", "stars are born", "soap cleans", "a lens works"),
    ),
}
GRAMMAR = Grammar(RULES)

SEARCH = (
    "=who is[ <now>] the[ current| new| present| acting|] <role> of {country}",
    "=who is the <role> of {country} <now>",
    "=(who's|who is) <now> the <role> of {country}",
    "=is {name} {surname} (still |)the <role> of {country}",
    "np:the (current|new|present|latest) <role> of {country}",
    "np:the name of the <role> of {country}",
    "eq:who the[ current| new|] <role> of {country} is",
    "eq:who (leads|governs|rules|heads) {country} <now>",
    "=who (leads|governs|rules|heads|is in charge of) {country}[ <now>]",
    "=who is the[ current| new|] <boss> of {company}[ <now>]",
    "np:the[ current| new|] <boss> of {company}",
    "eq:who (runs|leads|owns) {company} <now>",
    "=who (runs|leads|owns) {company}[ <now>]",
    "=(what is|what's|how high is|how much is) the[ current|] <price> of <good>[ <now>]",
    "=how (expensive|cheap|much) is <good>[ <now>]",
    "np:the[ current| latest|] <price> of <good>[ <now>]",
    "np:today's <price> of <good>",
    "eq:(what|how much) <good> (costs|is|is worth) <now>",
    "eq:if the <price> of <good> (rose|fell|went up|went down|has changed) <now>",
    "=did the <price> of <good> (rise|fall|go up|go down|change) <now>",
    "=(is|are) the (shares|stocks) of {company} (up|down|rising|falling)[ <now>]",
    "=how (is|are|did) {company} (doing|trading|shares doing)[ <now>]",
    "np:the (share|stock) price of {company}",
    "np:the exchange rate (of|between) <good> and <good>",
    "=how many (euros|dollars|pounds|yen) (do i get|are) for {amount} (euros|dollars|pounds|yen)[ <now>]",
    "=who (won|is winning|leads|lost|plays in|is playing in) the <event>[ in {city}] <now>",
    "=who (won|is winning|leads) the[ latest| last| current|] <event>",
    "np:the (score|result|outcome) of the <event> <now>",
    "np:the (latest|newest|live) (score|results|standings|table) of the <event>",
    "eq:who won the <event> <now>",
    "eq:how the <event> (ended|is going|stands) <now>",
    "=(how did|did) {team} (play|win|lose) <now>",
    (
        "=(when|at what time|where) (is|does) the next (<event>|train|bus|flight|concert|ferry)[ in {city}| "
        "to {city}|][ start| leave|]"
    ),
    "=(is|was) the <event> (cancelled|postponed|over) <now>",
    "np:the latest (news|headlines|report) (about|on|from|of) ({topic}|{city}|{country}|{company})",
    "np:news (about|on|from) ({topic}|{city}|{country}|{company})",
    "=what (happened|is happening|is going on) (in {city}|in {country}|with {topic}|at {company}) <now>",
    "=what (is new|is the news|are the news|is the latest) (in {city}|in {country}|about {topic}|from {company})",
    "=(any|are there any) (news|updates|changes) (on|about) {topic}[ <now>]",
    "eq:what happened in {city} <now>",
    (
        "=(is|are) the (road|motorway|bridge|border|airport|station|tunnel|underground) (in|to|near) {city} "
        "(open|closed|blocked|busy|clear)[ <now>]"
    ),
    "=how is the traffic (in|to|near|around) {city}[ <now>]",
    "np:the traffic (in|to|around) {city}",
    (
        "=(is|are) (there|any) (delays|traffic jams|strikes|accidents|protests) (in|near|around|on the way "
        "to) {city}[ <now>]"
    ),
    "=is the (train|flight|bus|ferry) (to|from) {city} (late|on time|delayed|cancelled)[ <now>]",
    "eq:if the (train|flight|bus) to {city} is (late|on time|delayed)",
    "=is the <place> in {city} (open|closed|busy|full) <now>",
    "np:the opening hours of the <place> in {city} <now>",
    (
        "=(are there|have they|is there) (tickets|seats|rooms|tables|places) (left|available|free)[ for the "
        "<event>| in {city}] <now>"
    ),
    "=what is (on|playing|showing) at the (cinema|theatre|opera) in {city}[ <now>]",
    "=what (films|plays|concerts|events) (are|run) in {city} <now>",
    "np:the (latest|newest|current|most recent) (version|release|model|album|film) of ({company}|{title}|{word})",
    "=what is the (latest|newest|most recent) (album|film|book|song) (by|of) {name} {surname}",
    "=has {company} (released|announced|launched|sold) (a|its|any) [new ](phone|car|product|report) <now>",
    "=(has|did) {name} {surname} (win|won|retire|married|resign|die|died|move) <now>",
    "=where is {name} {surname} <now>",
    "=what is {name} {surname} doing <now>",
    "=how many (people|cars|users|cases|voters) (are|were) (there|counted) (in {city}|in {country}) <now>",
    "=who is (singing|playing|speaking|performing) in {city} <now>",
    "=(what|which) (team|player|song|film|party|book) is (first|on top|leading|number one) <now>",
    "=(is there|was there) (an earthquake|a storm|a flood|a fire|an accident) (in|near) {city} <now>",
    "=who (scored|resigned|was elected|was arrested|was fired) <now>",
)
WEATHER = (
    *(f for f in call_wordings.KNOWN["get_weather_now"] if "{city} {day}" not in f),
    *(f for f in call_wordings.KNOWN["get_weather"]),
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
)
KNOWLEDGE = (
    "=who was the (first|second|third|last) <role> of {country}",
    "=who was the <role> of {country} <past>",
    "=who (led|governed|ruled|headed) {country} <past>",
    "np:the (first|second|last) <role> of {country}",
    "np:the <role> of {country} <past>",
    "eq:who the <role> of {country} was <past>",
    "eq:who (led|governed|ruled) {country} <past>",
    "=who (founded|started|created) {company}",
    "=who was the (first |)<boss> of {company} <past>",
    "=when was {company} (founded|started|created)",
    "=(what was|how high was|how much was) the <price> of <good> <past>",
    "=how (expensive|cheap) was <good> <past>",
    "np:the <price> of <good> <past>",
    "eq:what <good> cost <past>",
    "=why did the <price> of <good> (rise|fall) <past>",
    "=who (won|lost|played in) the <event>[ in {city}] <past>",
    "eq:who won the <event> <past>",
    "np:the (score|result|outcome|winner) of the <event> <past>",
    "=where (was|took place) the <event> <past>",
    "=when was the first <event>",
    "=(what|how) happened (in {city}|in {country}) <past>",
    "=what (is|was) the capital of {country}",
    "np:the capital[ city] of {country}",
    "eq:what the capital of {country} is",
    "=(what|which) (language|languages) do they speak in {country}",
    "=(what|which) (currency|alphabet|religion|flag|anthem) (does|has) {country}[ have| use|]",
    "=where (is|lies) ({city}|{country})",
    "=which country (is {city} in|does {city} belong to)",
    "=which (river|sea|mountain|countries) (is|are|lies) (next to|near|in|closest to) ({country}|{city})",
    (
        "=how (high|long|deep|old|big|wide|far) is the (highest |longest |oldest |biggest |)<thing> (of|in) "
        "({country}|{city})"
    ),
    "np:the (height|length|age|depth|size|history|name) of the <thing> (of|in) {city}",
    "eq:how (high|long|deep|old|big) the <thing> (of|in) {city} is",
    "=when was the <thing> (of|in) {city} (built|opened|discovered|finished|destroyed)",
    "=who (built|designed|discovered|painted|planned) the <thing> (of|in) {city}",
    "=who (wrote|painted|composed|directed|sang) {title}",
    "=when (was|did) {name} {surname} (born|die)[ <past>|]",
    "=who was {name} {surname}",
    "=what did {name} {surname} (write|invent|discover|do) <past>",
    "=what is {name} {surname} (known|famous) for",
    "=why is <science>",
    "eq:why <science> is",
    "eq:how <how>",
    "=how is it that <how>",
    "=explain how <how>",
    "=how (do|does) (it happen that |it come that |)<how>",
    "np:the (reason|cause|history|origin|theory|laws) (of|behind) {topic}",
    "=what (caused|ended|started) the (war|crisis|revolution|plague|fire) (in {city}|in {country}) <past>",
    "=how did (people|farmers|kings|sailors|children) (live|travel|eat|dress|work) <past>",
    "=(describe|tell me about|explain) the history of ({city}|{country}|{company}|{topic})",
    (
        "=what is the (chemical symbol|boiling point|melting point|density|formula) of "
        "(gold|iron|water|silver|salt|copper)"
    ),
    (
        "=how many (legs|bones|teeth|planets|letters|sides|strings) (does|has|have) (a spider|a human|a "
        "shark|the sun|the alphabet|a cube|a violin)[ have|]"
    ),
    "=(what|who) (invented|discovered) (the telephone|penicillin|the wheel|gravity|paper|the steam engine|glass|zero)",
    "=(is|are) (whales|spiders|mushrooms|bats|tomatoes|sponges) (mammals|insects|plants|birds|fruit|animals)",
    "=what is the (difference|relation) between {topic} and {topic2}",
    (
        "=(in|of) which (century|year|decade) was (the wheel|printing|paper|{title}|the <thing> in {city}) "
        "(invented|made|finished|written)"
    ),
    "=how (big|far|heavy|hot|old) is (the moon|the sun|the earth|mars|a whale|an atom|the universe)",
    "=how many (people|soldiers|ships|houses) (were|lived) (there|) (in {city}|in {country}) <past>",
    "np:the population of {city} <past>",
    "=what was {city} called <past>",
    "=what (language|money|tools|clothes) did they (use|have|wear) in {country} <past>",
)
DEFINITION = (
    *(f for f in call_wordings.KNOWN["define_word"]),
    "=what (is|are) (a |an |the |){word}",
    "=what is the (plural|opposite|synonym|origin) of[ the word] {word}",
    "=is {word} a (noun|verb|adjective|word)",
    "=how (is|do you) (spell|spelt|use) {word}[ spelt| in a sentence|]",
)
TALK = out_of_scope.TALK.seen
SUMS = (
    *(f for operation in ("+", "-", "*") for f in sum_wordings.FRAMES[operation]),
    *tool_words.DIVIDE.seen,
    *tool_words.PERCENT.seen,
)
PLAN = (*household_wordings.MOVE, *household_wordings.BRING, *household_wordings.GO, *household_wordings.MOVE_BOTH)
