"""Ways of asking for the eight known tools and for any tool at all; phrases only, to be carried by sentences.

For known tools the slots are those of `tool_words`. For any tool: {verb}, {the_noun} with article, {noun}, {values}
"the colour red and the size 4", {value1} … for bare values.
"""

from __future__ import annotations

from zaphod.data.tasks import arithmetic, tool_words
from zaphod.data.tasks.second.grammar import Grammar

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
    "press": ("news", "headlines", "reports", "articles", "stories", "coverage", "updates", "press", "latest"),
}
GRAMMAR = Grammar(RULES)

KNOWN: dict[str, tuple[str, ...]] = {
    "set_timer": (
        *tool_words.TIMER.seen,
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
        "<v_send> {name} (a message|a text|a note|an sms|a line|this)[:|,] {text}",
        "<v_send> (a message|a text|a note|an sms) to {name}[:|,] {text}",
        "<v_send> to {name}[:|,] {text}",
        "<v_tell> {name} that {text}",
        "<v_tell> {name}: {text}",
        "let {name} know[ that|:] {text}",
        "say to {name}[ that|:] {text}",
        "np:a (message|text|note) to {name}: {text}",
        "=(message|text|note|sms) (to|for) {name}[:|,|.] {text}",
        "={name} (should|must|has to|needs to|ought to) (know|hear|be told) that {text}",
        "={name}: {text}",
        "=my message to {name} is {text}",
    ),
    "play_music": (
        *tool_words.PLAY.seen,
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
        "<v_play> some {style} music",
        "<v_play> (a bit of|a little|something|some) {style}[ music]",
        "np:some {style} music",
        "=(music|style|genre)[:|,] {style}",
    ),
    "play_title": (
        *tool_words.PLAY_TITLE.seen,
        "<v_play> the (song|track|piece|tune) {title}",
        "<v_play> a song called {title}",
        "np:the song {title}",
        "=(song|track)[:|,] {title}",
    ),
    "search_news": (
        *tool_words.NEWS.seen,
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
        "<v_reckon> {a} (*|x|times|multiplied by) {b}",
        "np:{a} (*|x|times|multiplied by) {b}",
        "np:the product of {a} and {b}",
        "eq:(what|how much) {a} (times|x|multiplied by) {b} is",
    ),
    "calc_divide": (
        *tool_words.DIVIDE.seen,
        "<v_reckon> {a} (/|divided by|over) {b}",
        "np:{a} (/|divided by|over) {b}",
        "np:the quotient of {a} and {b}",
        "eq:(what|how much) {a} divided by {b} is",
    ),
    "calc_percent": (
        *tool_words.PERCENT.seen,
        "<v_reckon> {a}( percent|%| per cent) of {b}",
        "np:{a}( percent|%| per cent) of {b}",
        "eq:(what|how much) {a}( percent|%) of {b} is",
    ),
    "calc_expression": (
        *tool_words.EXPRESSION.seen,
        "<v_reckon> {expression}",
        "np:(the result of|the value of|) {expression}",
        "eq:(what|how much) {expression} is",
        "=(calculator|calculate|compute|maths)[:|,] {expression}",
    ),
    **{f"calc_{operation}": wording.seen for operation, wording in arithmetic.WORDINGS.items()},
}

# With all arguments …
ANY_TOOL = (
    "{verb} {the_noun} with {values}",
    "{verb} {the_noun}, {values}",
    "{verb} {the_noun}: {values}",
    "{verb} {the_noun} using {values}",
    "{verb} {the_noun} for {values}",
    "{verb} {the_noun}. (use|take|set|choose|i want) {values}",
    "{verb} {the_noun} and (use|take|set|choose) {values}",
    "(use|take|with) {values} (and|to) {verb} {the_noun}",
    "with {values}[,] {verb} {the_noun}",
    "{verb} {the_noun} (where|such that|so that) {values_is}",
    "{verb} a {noun} with {values}",
    "{verb} a {noun}, {values}",
    "{verb} {values_noun}",
    "{verb} {the_noun}, {values_is}",
    "=(i want|i need|i would like|we want|we need) to {verb} {the_noun} with {values}",
    "=(i want|i need|i would like) {the_noun} to be {verbed} with {values}",
    "=(can|could) {the_noun} be {verbed} with {values}",
    "={the_noun}: {verb}, {values}",
    "={values_is}. {verb} {the_noun}",
    "={values_is}, {verb} {the_noun}",
    "={values}: {verb} {the_noun}",
    "=for {the_noun}[:|,] {values}[.|,|;] {verb} it",
    "=(there is|i have|we have) {the_noun}, {verb} it with {values}",
    "={the_noun} (must|should|has to|needs to|ought to) be {verbed}, {values_is}",
    "={the_noun} (must|should|has to) be {verbed} with {values}",
    "np:to {verb} {the_noun} with {values}",
    "np:a {noun} {verbed} with {values}",
    "eq:if you can {verb} {the_noun} with {values}",
    "={verb} {noun} {bare}",
    "={noun} {verb} {bare}",
    "{verb} {the_noun} {bare}",
)
# … and without any.
ANY_TOOL_BARE = (
    "{verb} {the_noun}",
    "{verb} a {noun}",
    "=(i want|i need|i would like|we want|we need) to {verb} {the_noun}",
    "=(i want|i need|i would like) {the_noun} to be {verbed}",
    "=(can|could) {the_noun} be {verbed}",
    "={the_noun}: {verb}",
    "={the_noun} (must|should|has to|needs to|ought to) be {verbed}",
    "=for {the_noun}[:|,] {verb} it",
    "=(there is|i have|we have) {the_noun}, {verb} it",
    "np:to {verb} {the_noun}",
    "eq:if you can {verb} {the_noun}",
    "={verb} {noun}",
    "={noun} {verb}",
    "=(who|what) can {verb} {the_noun}",
    "=(why not|how come nobody can) {verb} {the_noun}",
    "={the_noun} (is waiting|waits) to be {verbed}",
)
