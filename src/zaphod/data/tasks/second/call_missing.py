"""Requests that lack an argument, for the known tools; phrases only, with the slots of `call_wordings`."""

from __future__ import annotations

# What is said when an argument is missing: the tool, the arguments that are there, the one that is asked for.
MISSING: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "set_timer",
        "amount",
        (
            "<v_start> a (timer|countdown|alarm)",
            "np:a (timer|countdown|alarm)",
            "=(timer|alarm|countdown)",
            "(wake me|remind me|ring|beep) (later|soon|in a while|in some time)",
            "=set the (timer|alarm|clock)",
            "=(the <dish> is in|it is baking|i am cooking), set a timer",
        ),
    ),
    (
        "set_timer",
        "unit",
        (
            "<v_start> a timer for {amount}",
            "np:a timer (for|of) {amount}",
            "=timer {amount}",
            "(ring|beep|wake me|count down) (in|after|from) {amount}",
        ),
    ),
    (
        "get_weather",
        "city",
        (
            "<v_show> the (weather|forecast|temperature)",
            "np:the (weather|forecast|temperature)[ {day}]",
            "eq:(how the weather is|what the weather is like)[ {day}]",
            "eq:(if|whether) it will (rain|snow|be <wet>)[ {day}]",
            "=(will|does) it (rain|snow|freeze)[ {day}]",
            "=(is it|will it be) <wet>( outside| {day}|)",
            "=do i need <clothes>[ {day}]",
            "=(weather|forecast)[ {day}]",
            "=how (warm|cold) is it[ {day}| outside]",
        ),
    ),
    (
        "define_word",
        "word",
        (
            "(look up|define|explain) (a word|a term|something|this word|it)",
            "np:(the|a) (meaning|definition) of (a|this) word",
            "=(dictionary|definition|define)",
            "=what does (it|this word|that word|this) mean",
            "=i (do not|don't) (know|understand) (this|a|that) word",
            "use the dictionary",
        ),
    ),
    (
        "convert_units",
        "to",
        (
            "<v_convert> {amount} {source}",
            "<v_convert> {amount} {source} (to|into) (something else|another unit)",
            "=what is {amount} {source}",
            "=(i have|it is) {amount} {source}, convert it",
        ),
    ),
    (
        "convert_units",
        "value",
        (
            "<v_convert> {source} (to|into) {target}",
            "=from {source} to {target}",
            "=how (do i|can i|to) (convert|change|turn) {source} (to|into) {target}",
            "np:{source} in {target}",
            "=(some|a few|these) {source} in {target}",
        ),
    ),
    (
        "send_message",
        "text",
        (
            "<v_send> {name} (a message|a text|a note)",
            "<v_send> (a message|a text|a note) to {name}",
            "np:a (message|text|note) to {name}",
            "(contact|message|text|write to|inform|notify) {name}",
            "=i (have|want|need) to (tell|ask|text|write to|inform) {name}[ something]",
            "=message to {name}",
            "let {name} know[ something]",
        ),
    ),
    (
        "send_message",
        "to",
        (
            "<v_send> (a message|a text|a note)[:|,| saying that] {text}",
            "<v_send> (someone|somebody|a friend) a (message|note): {text}",
            "=(message|text)[:|,] {text}",
            "tell (someone|somebody|my friend) that {text}",
            "let (someone|somebody) know that {text}",
        ),
    ),
    (
        "calculator",
        "expression",
        (
            "<v_reckon> something",
            "use the calculator",
            "np:(the calculator|a calculation)",
            "=(calculator|calculate|compute)",
            "=(open|start) the calculator",
            "=i (have|need|want) to (calculate|compute|work out) something",
            "do the (maths|sum|calculation)",
        ),
    ),
    (
        "search_news",
        "topic",
        (
            "(search|find|get|read|open|show me|look for) (the |)(latest |newest |)(news|headlines)",
            "np:(the |)(latest |newest |)(news|headlines)",
            "=(news|headlines)",
            "=(any|is there any) news",
            "=what is in the (news|papers)",
            "=what (happened|is happening|is new)( today| in the world|)",
            "eq:what (happened today|is in the news|is new)",
            "read me the (news|paper|headlines)",
        ),
    ),
)
