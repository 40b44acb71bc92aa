"""Ways of asking for the eight known tools and for any tool at all; phrases only, to be carried by sentences.

For known tools the slots are those of `tool_words`. For any tool: {verb}, {verbed}, {noun}, {the_noun} with article,
{values} "the colour red and the size 4", {values_is} "the colour is red", {values_noun} "the lamp with colour red", and
{bare}: one value without its name.
"""

from __future__ import annotations

from zaphod.data.tasks import arithmetic, tool_words
from zaphod.data.tasks.second.grammar import Grammar
from zaphod.data.tasks.second.wordings import (
    call_any_wordings,
    call_measure_wordings,
    call_message_wordings,
    call_music_wordings,
    call_reading_wordings,
    call_weather_wordings,
)

RULES = {
    "v_start": ("set", "start", "make", "create", "begin", "run", "launch", "add", "give me", "put on", "open"),
    "v_show": ("show", "get", "check", "look up", "find", "tell", "give", "read", "fetch", "see", "display", "report"),
    "v_send": ("send", "write", "text", "message", "mail", "pass on", "deliver", "shoot", "transmit", "submit"),
    "v_tell": ("tell", "inform", "notify", "text", "message", "remind", "warn", "assure", "write to", "answer", "ping"),
    "v_play": (
        "play",
        "put on",
        "start",
        "queue",
        "turn on",
        "stream",
        "spin",
        "run",
        "open",
        "load",
        "launch",
        "hear",
    ),
    "v_reckon": (
        "compute",
        "calculate",
        "work out",
        "evaluate",
        "solve",
        "figure out",
        "determine",
        "find",
        "do",
        "get",
    ),
    "v_convert": ("convert", "change", "turn", "translate", "switch", "transform", "recalculate", "express", "write"),
    "dish": (
        "eggs",
        "noodles",
        "cake",
        "tea",
        "bread",
        "rice",
        "potatoes",
        "pizza",
        "soup",
        "cookies",
        "chicken",
        "dough",
    ),
    "weather": (
        "rain",
        "snow",
        "sun",
        "fog",
        "wind",
        "frost",
        "a storm",
        "hail",
        "thunder",
        "clouds",
        "ice",
        "showers",
    ),
    "wet": (
        "rainy",
        "snowy",
        "sunny",
        "foggy",
        "windy",
        "cold",
        "hot",
        "warm",
        "dry",
        "cloudy",
        "stormy",
        "freezing",
        "mild",
    ),
    "clothes": (
        "a coat",
        "an umbrella",
        "a hat",
        "boots",
        "sunscreen",
        "a scarf",
        "gloves",
        "a jacket",
        "warm clothes",
    ),
    "reason": (
        "because (we open tomorrow|the boss is waiting|guests are coming|it is late|the old one is no good)",
        "because (nobody else can|i promised it|my mother asks|they need it at the office|it went wrong yesterday)",
        "since (winter is coming|the shop closes soon|the children are asleep|i have no time)",
        "as (i am leaving|we are in a hurry|everybody is waiting|i told you yesterday)",
        "so that (we can start|i can go home|the children can sleep|nobody complains|it is done)",
        "before (the guests arrive|we leave|it gets dark|the boss is back|the shop opens)",
        "or (we will be late|i will be in trouble|they will laugh at us)",
    ),
    "occasion": (
        "we open tomorrow",
        "guests are (coming|on their way|here)",
        "(my boss|the customer|the teacher|the landlord) is (waiting|asking for it|here soon|getting impatient)",
        "(i am|we are) (leaving soon|in a hurry|late again|nearly there)",
        "it (cannot|can't|must not) wait",
        "i promised it to (grandma|my son|the neighbours|everybody)",
        "(yesterday|last time) it went wrong",
        "i forgot it (again|yesterday|last week)",
        "nobody else (is here|has time|wants to do it)",
        "the (inspector|doctor|plumber) comes (at noon|tonight|soon)",
        "it is for (a friend|my daughter|the school)",
    ),
    "before": (
        "before (noon|dinner|the shop closes|it is too late|the meeting|bedtime|we land)",
        "right (now|away)",
        "as soon as possible",
        "this (morning|evening|minute)",
        "if you can",
        "for me",
    ),
    "setting": (
        "in the (kitchen|living room|garden|car|bathroom|whole house)",
        "at the (party|wedding|door)",
        "for the (kids|guests|dog|baby|wedding)",
        "while (i cook|i work|we eat|we wait|the baby sleeps)",
        "on the (big|small|new) (speakers|radio)",
        "very (loud|softly)",
        "before (dinner|bedtime|the guests come)",
        "again",
    ),
    "press": ("news", "headlines", "reports", "articles", "stories", "coverage", "updates", "press", "latest"),
}
GRAMMAR = Grammar(RULES)

_SUMS: dict[str, tuple[str, ...]] = {
    "+": call_measure_wordings.PLUS,
    "-": call_measure_wordings.MINUS,
    "*": call_measure_wordings.TIMES,
}

KNOWN: dict[str, tuple[str, ...]] = {
    "set_timer": (
        *tool_words.TIMER.seen,
        *call_measure_wordings.TIMER,
        "<v_start> a[ new] (timer|countdown|alarm|stopwatch) (for|of|over) {amount} {unit}",
        "<v_start> a {amount} {unit} (timer|countdown|alarm)",
        (
            "(ring|beep|buzz|call me|wake me|tell me|alert me|ping me|notify me|remind me|signal) (in|after) "
            "{amount} {unit}"
        ),
        "(wait|count|count down|time) {amount} {unit}[ and (ring|beep|tell me|let me know)]",
        "np:a (timer|countdown|alarm|reminder) (for|of|in|over) {amount} {unit}",
        "np:a {amount} {unit} (timer|countdown|alarm)",
        "np:{amount} {unit} on the (clock|timer|alarm)",
        "eq:when {amount} {unit} are (over|up|done|gone)",
        (
            "=the <dish> (need|needs|take|takes|must cook|must bake) {amount} {unit}[, set a timer|, tell me "
            "when|, ring then|]"
        ),
        (
            "=(i am|i'm) (cooking|baking|boiling|napping|resting|running|training) for {amount} {unit}[, set "
            "a timer|, tell me when it is over|, wake me then]"
        ),
        "=timer[:|,] {amount} {unit}",
        "=in {amount} {unit} (i must|i have to|i need to) (leave|go|stop|call), (remind me|ring|beep)",
    ),
    "get_weather": (
        *tool_words.WEATHER.seen,
        *call_weather_wordings.WEATHER,
        "<v_show> the (weather|forecast|temperature|weather report) (for|in|of) {city} {day}",
        "np:the (weather|forecast|temperature|weather forecast|weather report|climate) (in|for|of) {city} {day}",
        "np:the (weather|forecast) {day} (in|for) {city}",
        "eq:(how the weather is|what the weather is like|how the weather will be) in {city} {day}",
        "eq:(if|whether) (it will|it is going to) (rain|snow|freeze|storm|be <wet>) in {city} {day}",
        "eq:(if|whether) i need <clothes> in {city} {day}",
        "eq:how (warm|cold|hot|wet|windy) it (is|will be|gets) in {city} {day}",
        "=(will|is) it (be |going to be |)<wet> in {city} {day}",
        "=(will there be|is there|can i expect|do they expect|are they expecting) <weather> in {city} {day}",
        "=(should i|do i have to|must i|shall i) (take|bring|wear|pack) <clothes> (in|to) {city} {day}",
        (
            "=(i am|we are|my mum is) (going to|flying to|driving to|visiting|in) {city} {day}, (how is the "
            "weather|will it rain|is it <wet>)"
        ),
        "=is {city} <wet> {day}",
        "={city} {day}, (how is the weather|weather|forecast)",
        "=(weather|forecast|temperature)[:|,] {city}, {day}",
    ),
    "get_weather_now": (
        *tool_words.WEATHER_NOW.seen,
        *call_weather_wordings.WEATHER_NOW,
        "<v_show> the (weather|forecast|temperature) (for|in|of) {city}",
        "np:the (weather|forecast|temperature|weather report) (in|for|of) {city}",
        "eq:(how the weather is|what the weather is like) in {city}",
        "eq:(if|whether) it is (raining|snowing|<wet>) in {city}",
        "eq:how (warm|cold|hot) it is in {city}",
        "=(is it|isn't it) <wet> in {city}",
        "=(is there|do they have) <weather> in {city}",
        "=do i need <clothes> in {city}",
        "=(weather|forecast|temperature)[:|,] {city}",
    ),
    "define_word": (
        *tool_words.DEFINE.seen,
        *call_reading_wordings.DEFINE,
        (
            "(define|explain|look up|describe|check|clarify) (the word|the term|the expression|) {word}[ in "
            "the dictionary| for me]"
        ),
        "np:(the|a) (meaning|definition|sense|explanation|dictionary entry) (of|for) {word}",
        "np:(the|a) (meaning|definition) of the (word|term) {word}",
        "eq:what (the word |the term |){word} means",
        "eq:what (is meant by|people mean by|one understands by|the dictionary says about) {word}",
        "=what (does|might|could|would) {word} mean",
        "=what (does|might) the (word|term|expression) {word} mean",
        "=(definition|meaning|dictionary|define)[:|,] {word}",
        (
            "=(i heard|i read|someone said|my teacher said|it says) {word}(.|,) (what is that|what does it "
            "mean|what is it)"
        ),
        "=(i do not|i don't) (know|understand|get) (what {word} means|the word {word}|{word})",
        "={word} (means|is) what",
    ),
    "convert_units": (
        *tool_words.CONVERT.seen,
        *call_measure_wordings.CONVERT,
        "<v_convert> {amount} {source} (to|into|in) {target}",
        "np:{amount} {source} in {target}",
        "np:the (value|amount|equivalent) of {amount} {source} in {target}",
        (
            "eq:(how many {target} {amount} {source} are|how much {amount} {source} is in {target}|what "
            "{amount} {source} are in {target})"
        ),
        "=how many {target} (are|is|in|make up|are there in|fit into) {amount} {source}",
        (
            "=(i have|i need|it says|it is|we bought|there are) {amount} {source}(.|,) (how many {target} is "
            "that|what is that in {target}|in {target} please)"
        ),
        "={amount} {source} = ? {target}",
        "={amount} {source} (to|in|into|as) {target}",
        "=from {source} to {target}[:|,] {amount}",
        "=(units|convert|conversion)[:|,] {amount} {source}, {target}",
    ),
    "send_message": (
        *tool_words.MESSAGE.seen,
        *call_message_wordings.MESSAGE,
        "<v_send> {name} (a message|a text|a note|an sms|a line|this)[:|,] {text}",
        "<v_send> (a message|a text|a note|an sms) to {name}[:|,] {text}",
        "<v_send> to {name}[:|,] {text}",
        "<v_tell> {name} that {text}",
        "<v_tell> {name}: {text}",
        "let {name} know[ that|:] {text}",
        "say to {name}[ that|:] {text}",
        'np:a (message|text|note) to {name}: "{text}"',
        "=(message|text|note|sms) (to|for) {name}[:|,|.] {text}",
        "={name} (should|must|has to|needs to|ought to) (know|hear|be told) that {text}",
        "={name}: {text}",
        "=my message to {name} is {text}",
    ),
    "play_music": (
        *tool_words.PLAY.seen,
        *call_music_wordings.PLAY,
        "<v_play> {title} (by|from|of) {artist}",
        "<v_play> the (song|track|piece|tune) {title} (by|from|of) {artist}",
        "<v_play> {artist}'s {title}",
        "np:{title} (by|from) {artist}",
        "np:the song {title} by {artist}",
        "=(play|music|song)[:|,] {title} by {artist}",
        "=(can|could|may) (i|we) (hear|listen to|have) {title} by {artist}",
    ),
    "play_style": (
        *tool_words.PLAY_STYLE.seen,
        *call_music_wordings.PLAY_STYLE,
        "<v_play> some {style} music",
        "<v_play> (a bit of|a little|something|some) {style}[ music]",
        "np:some {style} music",
        "=(music|style|genre)[:|,] {style}",
    ),
    "play_title": (
        *tool_words.PLAY_TITLE.seen,
        *call_music_wordings.PLAY_TITLE,
        "<v_play> the (song|track|piece|tune) {title}",
        "<v_play> a song called {title}",
        "np:the song {title}",
        "=(song|track)[:|,] {title}",
    ),
    "search_news": (
        *tool_words.NEWS.seen,
        *call_reading_wordings.NEWS,
        (
            "(search|find|look for|get|read|open|fetch|collect|scan) (the |)(latest |newest |recent "
            "|)<press> (about|on|concerning) {topic}"
        ),
        "np:(the |)(latest |newest |recent |)<press> (about|on|concerning) {topic}",
        "np:what is new (about|on|with) {topic}",
        "eq:what (is new about|happened with|is going on with|the papers say about|was reported about) {topic}",
        "=(any|is there any|are there any) (news|updates|reports|headlines) (about|on) {topic}",
        "=(news|headlines)[:|,] {topic}",
        "=what (is happening|happens|happened|is going on|is up) with {topic}[ today| now| this week]",
        "=(did|has) (something|anything) (happen|happened) with {topic}",
    ),
    "calc_times": (
        *tool_words.TIMES.seen,
        *call_measure_wordings.TIMES,
        "<v_reckon> {a} (*|x|times|multiplied by) {b}",
        "np:{a} (*|x|times|multiplied by) {b}",
        "np:the product of {a} and {b}",
        "eq:(what|how much) {a} (times|x|multiplied by) {b} is",
    ),
    "calc_divide": (
        *tool_words.DIVIDE.seen,
        *call_measure_wordings.DIVIDE,
        "<v_reckon> {a} (/|divided by|over) {b}",
        "np:{a} (/|divided by|over) {b}",
        "np:the quotient of {a} and {b}",
        "eq:(what|how much) {a} divided by {b} is",
    ),
    "calc_percent": (
        *tool_words.PERCENT.seen,
        *call_measure_wordings.PERCENT,
        "<v_reckon> {a}( percent|%| per cent) of {b}",
        "np:{a}( percent|%| per cent) of {b}",
        "eq:(what|how much) {a}( percent|%) of {b} is",
    ),
    "calc_expression": (
        *tool_words.EXPRESSION.seen,
        *call_measure_wordings.EXPRESSION,
        "<v_reckon> {expression}",
        "np:(the result of|the value of|) {expression}",
        "eq:(what|how much) {expression} is",
        "=(calculator|calculate|compute|maths)[:|,] {expression}",
    ),
    **{
        f"calc_{operation}": (*wording.seen, *_SUMS.get(operation, ()))
        for operation, wording in arithmetic.WORDINGS.items()
    },
}

ANY_TOOL = call_any_wordings.ANY_TOOL
ANY_TOOL_BARE = call_any_wordings.ANY_TOOL_BARE
