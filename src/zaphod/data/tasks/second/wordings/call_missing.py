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
            (
                "<v_start> (me |)(a|the|another|one more) (kitchen |egg |new |)(timer|countdown)[ for the <dish>| "
                "<reason>]"
            ),
            "<v_start> a (timer|countdown) (and ring|and tell me when it is over|that rings loudly)",
            "(wake|call|remind|alert) me (later|in a while|in some time|after a while|in a bit|in time)[ to leave|]",
            "(ring|beep|buzz) (in a while|later|when it is time|after some time|at the end)",
            "(let|make) the (bell|alarm|buzzer) (ring|sound) (later|in a while|at the end)",
            "<v_start> a timer for (some|a few|a couple of|several) {unit}",
            "(program|schedule|arm|activate) (a timer|the timer|an alarm)",
            "use the timer[ <reason>]",
            "np:a (short|long|kitchen|new|little) (timer|countdown|alarm)",
            "np:a (signal|reminder|wake-up call) (later|in a while)",
            "np:a timer (of|for) (some|a few) {unit}",
            "eq:if you can (set|start) (a timer|a countdown|an alarm)",
            "=(i want|i need|i would like|we need) (a timer|a countdown|an alarm|the timer)[ <reason>]",
            "=(can|could|may) (i|we) have (a timer|a countdown|an alarm)",
            "=(could|should) (a timer|the timer|an alarm) be (set|started)",
            "=(i put the <dish> in the oven|the <dish> must not burn|i am making <dish>)(.|,|;) (set|start) a timer",
            (
                "=(i am|i'm) (taking a nap|going for a run|lying down|doing my exercises)(.|,|;) (wake me|set an "
                "alarm|start a countdown)"
            ),
            "=(<occasion>)(.|,|;) (set|start) (a timer|the timer|an alarm)",
            "=(timer|alarm|countdown|stopwatch)[ please| now|, go|]",
            "=(job|to do|todo|task)[:|,| -] (set|start) a timer",
            "=(would|do) you mind (setting|starting) (a timer|a countdown|an alarm)",
            "=(yo|hey|ok), (timer|alarm)[ pls| thx]",
            "=the timer (must|should|has to) be set",
            "=the timer should count {unit}",
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
            "<v_start> (me |)(a|the|another) (timer|countdown) (for|of|over|to) {amount}[ <reason>]",
            "<v_start> a {amount} (timer|countdown)",
            "(wait|count|count down|time) {amount} and (then |)(ring|beep|tell me)",
            "(wake|call|remind|alert) me (in|after) {amount}",
            "(put|set) {amount} on the (clock|timer)",
            "np:a (timer|countdown) (set to|over|of) {amount}",
            "np:{amount} on the (timer|clock)",
            "eq:if you can set a timer (for|to) {amount}",
            "=(timer|countdown|alarm)[:|,| -] {amount}",
            "={amount} on the (timer|clock)[ please|]",
            "={amount}(,|;|.| -) (start the timer|set the alarm|then ring|start the countdown)",
            "=(in|after) {amount}[,|] (ring|beep|wake me|call me)",
            "=(i want|i need|we need) a (timer|countdown) (for|of) {amount}",
            "=the <dish> (must cook for|should have) {amount}(.|,|;) (set a timer|tell me when it is done|ring then)",
            "=the (recipe|box|packet) says {amount}(.|,|;) (set|start) a timer",
            "=(can|could) (a|the) timer be set to {amount}",
            "=the (timer|alarm) (should|must|has to) (run|ring|go off) (for|after|in) {amount}",
            "=(job|to do|task)[:|,| -] set a timer (for|to) {amount}",
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
            "<v_show> (me |us |)the (weather|forecast|temperature|weather report|outlook)[ {day}| <reason>]",
            (
                "(check|find out|see|tell me) (if|whether) it (rains|snows|will be <wet>|will freeze|is going to "
                "rain)[ {day}]"
            ),
            "(check|ask|consult|open|read) the (forecast|weather service|weather report|weather map)[ {day}]",
            "np:(a|the) (weather report|weather forecast|outlook)[ {day}| for the trip]",
            "np:the (chance|risk|probability) of (rain|snow|frost|fog)[ {day}]",
            "eq:what to wear (outside|{day})",
            "eq:how (warm|cold|hot|wet|windy) it (is|will be)( outside| {day}|)",
            "eq:(if|whether) (i need|we need) <clothes>[ {day}]",
            "={day}[:|,| -] (will it rain|how is the weather|is it <wet>|weather|do i need <clothes>)",
            "=(weather|forecast|temperature|rain|umbrella or not)(:|,| -|?) {day}",
            "=what (is|will) the (weather|forecast) (be |)(like |)({day}|outside|there|where my sister lives)",
            "=(will there be|can we expect|is there) <weather>( outside| {day}|)",
            "=(should|must|shall) (i|we) (take|bring|wear|pack) <clothes>[ {day}]",
            (
                "=(we have|i have|they planned) a (picnic|wedding|match|hike|barbecue) {day}(.|,|;) (will it rain|"
                "how is the weather|will it stay dry)"
            ),
            (
                "=(i am|we are) (travelling|flying|leaving|going away) {day}(.|,|;) (how is the weather there|will "
                "it rain there|what should i wear)"
            ),
            "=(can|could) (i|we|the kids) (swim|eat outside|hang out the washing|have a picnic) {day}, or will it rain",
            "=(i want|i need|we need) the (weather|forecast)[ {day}]",
            "=(could|can|may) (i|we) (have|see|hear) the (weather|forecast)[ {day}]",
            "=(would|do) you mind (checking|telling me) the weather[ {day}]",
            "=(yo|hey|ok), (hows|what's) the weather[ {day}]",
            "=(job|to do|todo|task)[:|,| -] (check|look up) the weather[ {day}]",
            "=how many degrees (is it|will it be)( outside| {day}|)",
            "=(mum|grandma|my boss) (asks|wants to know) (if it will rain|how the weather is|how warm it gets)[ {day}]",
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
            (
                "(look up|define|explain|describe|clarify) (a|one|another|some|this|that|the next) (word|term|"
                "expression)[ for me|, please| <reason>|]"
            ),
            "(open|check|consult|take) the dictionary[ <reason>| for me|]",
            "(look|search) (for something |)in the dictionary",
            "(tell|give|read|find) me (the|a) (meaning|definition)[ of (it|this|that|this word|that term)]",
            "(help|teach) me (with|to understand) (a|this|that|one) (word|term)",
            (
                "np:(the|a) (meaning|definition|explanation|dictionary entry)[ of (it|this|that|a word|some word)| "
                "please|]"
            ),
            "np:what (this|that|it|the word) means",
            "eq:what (this|that|it|the word|a word|this term|that expression) means",
            "eq:how (this|that|the) word is defined",
            "=what (does|might|could|would) (the word|the term|that|this|it) (mean|stand for|signify)",
            "=what is (the|its|this word's) (meaning|definition)",
            "=(dictionary|definition|meaning|define|explain|look up)[ please| a word| it| this|]",
            (
                "=(i heard|i read|there is|my teacher used|the letter has|my son learned) a (strange|new|difficult|"
                "funny|long|foreign) word(.|,|;) (what does it mean|look it up|explain it|define it)"
            ),
            "=(i do not|i don't|we cannot|nobody can) (get|understand|explain) (this|that|the|one) (word|term)",
            "=(can|could|would|will) you (define|explain|look up) (a|this|that|some) (word|term)[ for me|]",
            "=(i want|i need|i would like|we need) (a definition|the meaning|an explanation)[ of a word|]",
            "=is (it|this word|that word) in the dictionary",
            "=(job|to do|task|homework)[:|,| -] (look up|define|explain) a word",
            "=(yo|hey|ok), what's that word mean",
            "=(would|do) you mind (explaining|defining|looking up) (a|this|that) word",
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
            "<v_convert> {amount} {source}[ for me| <reason>|, <occasion>]",
            "<v_convert> {amount} {source} (to|into) (some other|another|a different|a better|the right|my) unit",
            "<v_convert> (the |these |those |my |about ){amount} {source}",
            "(take|given|i give you) {amount} {source} and (convert|change|turn) (them|that|it)",
            "np:(a conversion|the conversion) of {amount} {source}",
            "np:{amount} {source} in (another|a different|some other) unit",
            "eq:what {amount} {source} (are|come to|make) in (other|another|different) (units|unit|terms)",
            "eq:how much {amount} {source} (is|are|would be)",
            "=(convert|conversion|units)[:|,| -] {amount} {source}",
            (
                "=(i|we) (have|need to convert|got|measured|want to convert) {amount} {source}(.|,|;) (convert it|"
                "what is that in another unit|change the unit)"
            ),
            (
                "=the (label|recipe|sign|form|book) says {amount} {source}(.|,|;) (convert it|change that for me|"
                "what is that in another unit)"
            ),
            "=(can|could) {amount} {source} be (converted|changed|turned into another unit)",
            "={amount} {source} (must|should|has to|have to) be (converted|changed)",
            "={amount} {source}(,|;|:|.) (convert|please convert|in another unit|change the unit)",
            "=(how much|what) (is|are|would be) {amount} {source} in (another|a different|some other) unit",
            "=value[:|] {amount}(,|;|.) from[:|] {source}",
            "=(would|do) you mind converting {amount} {source}",
            "=(job|to do|task|homework)[:|,| -] convert {amount} {source}",
            "=not {source}(,|;|:) i want {amount} {source} in something else",
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
            "<v_convert> (some|a few|my|these|those|the) {source} (to|into) {target}[ <reason>]",
            "<v_convert> from {source} (to|into) {target}",
            "(tell|show|teach) me how many {target} (my|these|those|some) {source} (are|make)",
            "np:(a|the) conversion (of|from) {source} (to|into) {target}",
            "np:(some|my|these) {source} (as|in|expressed in) {target}",
            "eq:how to (convert|change|turn) {source} (to|into) {target}",
            "eq:how many {target} (these|those|my) {source} (are|make)",
            "=(i want|i need|we need|i would like) to (convert|change|turn) {source} (to|into) {target}",
            "=(i|we) have (some|a few|lots of) {source} and (want|need) {target}",
            "=(convert|conversion|units)[:|,| -] {source} (to|into) {target}",
            "=from[:|] {source}(,|;|.) to[:|] {target}",
            "=(can|could) {source} be (converted|changed|turned) (to|into) {target}",
            "=(can|could|would) you (convert|change|turn) {source} (to|into) {target}",
            "={source} (to|into) {target}[ please|, how|]",
            "=not {source} but {target}[,] please",
            "=(the|my) (label|recipe|map|book) is in {source}(.|,|;) (i need|give me|turn it into) {target}",
            "=(job|to do|task|homework)[:|,| -] (convert|change) {source} (to|into) {target}",
            "=(use|open|start|i need) the (unit converter|conversion tool)",
            "(convert|change) (units|something|a unit|some units|a measure)",
            "=(would|do) you mind converting {source} (to|into) {target}",
        ),
    ),
    (
        "convert_units",
        "from",
        (
            "<v_convert> {amount} (to|into) {target}",
            "(give|tell|show) me {amount} (in|as|expressed in) {target}",
            "(write|put|express) {amount} (in|as) {target}",
            "np:{amount} (as|in|converted to|expressed in) {target}",
            "eq:(how many|what number of) {target} {amount} (is|makes|would be)",
            "=how many {target} (is|are|makes) {amount}",
            "=what is {amount} in {target}",
            "={amount} (in|to|into) {target}",
            "=in {target}[,|:] {amount}",
            "=(convert|conversion|units)[:|,| -] {amount} (to|into) {target}",
            "=value[:|] {amount}(,|;|.) to[:|] {target}",
            (
                "=(i have|we measured|the label says|it says) {amount}(.|,|;) (how many {target} is that|what is "
                "that in {target}|i need it in {target})"
            ),
            "=(can|could) {amount} be (converted|changed|turned) (to|into) {target}",
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
            (
                "<v_send> {name} (an email|an sms|a line|a quick note|a reply|an answer|something|a few words)[ "
                "<reason>| <before>]"
            ),
            "<v_send> (an sms|a line|a quick note|a reply|an email|something|a letter) to {name}[ <reason>| <before>]",
            "(answer|reply to|write back to|get back to|respond to|text|sms) {name}[ for me| <before>| <reason>]",
            "(open|start) a (chat|new message|conversation) (with|to) {name}",
            "(leave|drop) {name} a (message|note|line)",
            "(tell|inform|notify|message|text) {name} (something|the news|a secret|about it|what happened)",
            "(get|put) a (message|note) (through |together |)(to|for) {name}",
            "np:an (sms|email|answer) (to|for) {name}",
            "np:a (new|short|quick|private|friendly) (message|text|note) (to|for) {name}[ <before>]",
            "eq:if you can (text|message|write to|contact|reach) {name}",
            (
                "=(i want|i need|i have|i would like|i must|we need) to (text|message|contact|write to|send "
                "something to) {name}"
            ),
            "=(can|could|will) you (text|message|contact|write to) {name}[ <before>]",
            (
                "={name} (is waiting|wrote|called|did not answer|is worried|has no news)(.|,|;) (text|answer|write "
                "to|send a note to) (him|her|them)"
            ),
            "={name} (should|must|has to|needs to) (get|receive) (a message|a text|a note|an answer)[ <before>]",
            "=(can|could) a (message|note|text) be sent to {name}",
            "=(message|text|note|sms|mail)[:|,| to| for] {name}",
            "=(recipient|contact|to)[:|] {name}",
            "=(job|to do|todo|task)[:|,| -] (text|message|write to) {name}",
            "=(there is|i have) (news|a message|something) for {name}(.|,|;) (text|message|write to) (him|her|them)",
            "=i (promised|forgot) to (write to|text|answer) {name}(.|,|;) (do it for me|please do it|help me)",
            "=(would|do) you mind (texting|messaging|writing to) {name}",
            "=(yo|hey|ok), (hit up|ping|text) {name}[ pls|]",
            "=<occasion>(.|,|;) (text|message|write to|inform) {name}",
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
            (
                "<v_send> (a message|a text|a note|an sms|an email) (saying|with the words|that says|that reads)[:|] "
                '"{text}"[ <before>]'
            ),
            "<v_send> (the words|this|the following|the sentence)(:|,| -) {text}",
            '<v_send> "{text}"[ <before>| <reason>]',
            '<v_send> "{text}" to (someone|somebody|a friend|him|her|them|one of my friends)',
            "<v_send> (him|her|them) (a message|a text|a note)[:|,| saying] {text}",
            "(tell|text|inform|message) (him|her|them|someone|somebody) that {text}",
            "let (him|her|them|my friend) know[ that|:] {text}",
            "(type|write|compose) a (message|text|note)[:|,| saying] {text}",
            'np:a (message|text|note) (saying|with the words|that says) "{text}"',
            'np:an sms[:|,| with the words] "{text}"',
            "eq:if you can (send|write|text)[:| this:] {text}",
            '=(message|text|note|sms|words)(:|,|;) "{text}"',
            "=my message is[:|] {text}",
            '="{text}" (should|must|has to) be (sent|texted|mailed)[ <before>]',
            '="{text}"(,|;|.| -) (send|text|mail|message) (that|this|it)',
            "=(can|could|will) you (send|text|write)[:| this:] {text}",
            "=(can|could) (this|the following) be sent(:|?) {text}",
            '=(i want|i need|i have|i would like) to (send|write|text)[:|,] "{text}"',
            '=(job|to do|todo|task)[:|,| -] (send|write) "{text}"',
            "=(he|she|my friend|somebody|the other one) (should|must|has to) (know|hear|read) that {text}",
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
            (
                "<v_reckon> (a sum|an expression|a formula|it|this|that|some numbers|a few numbers|the total)[ for "
                "me| <reason>|]"
            ),
            (
                "(do|solve|work out) (a calculation|some maths|my maths|the maths homework|a sum|this sum|some "
                "arithmetic)[ for me|]"
            ),
            "(open|start|use|take|get|run|launch) (the|a|my|your) (calculator|pocket calculator)[ <reason>]",
            "(help|assist) me (with a calculation|with my maths|to calculate|to compute something)",
            "np:(some|a little|a bit of) (maths|arithmetic|calculating)",
            "np:the (result|answer|solution|total|value)[ of (it|a sum|this|an expression)]",
            "eq:how much (it|that|this) (is|makes|comes to)",
            "eq:if you can (calculate|compute|do maths|work something out)",
            "=(calculator|calculate|compute|maths|sum|arithmetic)[ please| now| something|]",
            "=how much is (it|that|this)",
            "=what is the (result|sum|total|answer)",
            "=(i want|i need|i would like|we need) (a calculation|the calculator|something calculated|a result)",
            (
                "=(i|we) (have|need|want) to (add|multiply|divide|compute|calculate|work out) (something|some "
                "numbers|a few numbers)"
            ),
            (
                "=(i am|we are) (doing the accounts|shopping|building a wall|at the till)(.|,|;) (calculate "
                "something|use the calculator|work it out)"
            ),
            (
                "=(can|could|will) you (calculate|compute|work out|reckon|multiply) (something|some numbers|a sum)[ "
                "for me|]"
            ),
            "=(job|to do|task|homework)[:|,| -] (calculate|compute|do a sum|a calculation)",
            "=(would|do) you mind (calculating|computing|working out) something",
            "=(yo|hey|ok), do (the|some) math[ pls|]",
            "=my (brain|head) (is tired|hurts)(.|,|;) (calculate it|do the sum|use the calculator)",
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
            (
                "(search|find|get|read|open|fetch|scan|check|browse) ((the |)(latest |newest |recent |)|today's "
                ")(news|headlines|papers|reports|articles)[ for me| <reason>|]"
            ),
            "(search|look|check) (in the papers|in the news|the wires|through the headlines)[ for me|]",
            (
                "(read|tell|show|give|bring) (me|us) (the news|the headlines|the paper|something new|today's news|"
                "the latest)[ <before>|]"
            ),
            "(update|brief|inform) me[ on the news|]",
            "(find|get|look for|bring) me (an|some|a few|two) (article|articles|headlines|stories|reports)",
            "(do|start|run) a news search",
            "np:(today's|yesterday's|this week's|the evening) (news|headlines|paper)",
            "np:(some|a few|any) (news|headlines|articles|reports)",
            "np:a (news|press) (search|review|summary)",
            "eq:what (is going on|the papers say|is new|happened|they report)[ today| in the world|]",
            "eq:(if|whether) (there is|you have) any news",
            "=(news|headlines|latest news|news search|breaking news)[ please| now| today|]",
            "=(anything|something) new (today|in the papers|in the news|in the world)",
            "=(is|was) there (anything|something) (new |interesting |)in the (news|papers)",
            "=what (do|did) the (papers|newspapers|journalists|media) (say|write|report)[ today|]",
            "=what did i miss (in the news|this week|yesterday|while i slept)",
            (
                "=(i want|i need|i would like|we want) (the news|the headlines|to read the news|some news|to search "
                "the news)"
            ),
            "=(could|can|may) (i|we) (have|hear|read|see) (the|some|today's) (news|headlines)",
            "=i (missed|have not read) the (news|paper)[ today|](.|,|;) (what happened|what is new|read it to me)",
            "=(job|to do|task)[:|,| -] (search|read|check) the news",
            "=(would|do) you mind (reading|searching|checking) the news",
            "=(yo|hey|ok), (what's new|what's the latest|any news)",
            "=are there (new|any|fresh) (headlines|articles|reports)",
        ),
    ),
)
