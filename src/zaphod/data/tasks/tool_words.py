"""How people ask for the eight tools, and what they ask about: phrase frames and word lists; no calls.

Units are written as the call wants them, since arguments are copied.
"""

from __future__ import annotations

from zaphod.data.tasks.wording import Wording

TIMER = Wording(
    seen=(
        "(set|start|make|create) a timer for {amount} {unit}",
        "(set|start) a {amount} {unit} timer",
        "(set|start) the timer (to|for) {amount} {unit}",
        "(wake me|remind me|ping me|call me|tell me|alert me) in {amount} {unit}",
        "=timer {amount} {unit}",
        "=(timer|countdown|alarm) (for|of) {amount} {unit}",
        "count down {amount} {unit}",
        "=i need a timer (for|of) {amount} {unit}",
        "=(tell me|let me know) when {amount} {unit} are over",
        "=the (eggs|noodles|cake|tea|bread) (need|needs|take|takes) {amount} {unit}, set a timer",
        "(wait|time) {amount} {unit} and (then |)(ring|beep|tell me)",
        "=in {amount} {unit}, (ring|beep|wake me|tell me)",
        "put {amount} {unit} on the (clock|timer)",
        "=start counting {amount} {unit}",
        "(set|give me) an alarm (in|for) {amount} {unit}",
        "(give me|make it) {amount} {unit} on the timer",
        "=i want to be (told|reminded|woken) in {amount} {unit}",
        "=can you (time|count) {amount} {unit}",
        "start a countdown (of|from|for) {amount} {unit}",
        "={amount} {unit} timer",
        "={amount} {unit}, go",
        "=how about a timer for {amount} {unit}",
        "=the timer should (run|ring) (for|after|in) {amount} {unit}",
        "have the (alarm|timer|clock) ring in {amount} {unit}",
        "=i am baking something for {amount} {unit}, (tell me when it is done|set a timer)",
        "sound the alarm in {amount} {unit}",
    ),
    held_out=(
        "run a timer lasting {amount} {unit}",
        "=ring the bell after {amount} {unit}",
        "let the timer go off in {amount} {unit}",
    ),
)

WEATHER = Wording(
    seen=(
        "=(what is|what's|how is|how's|tell me) the weather in {city} {day}",
        "=(what is|what's|how is) the weather {day} in {city}",
        "=what (will|is) the weather (be |)(like |)in {city} {day}",
        "=will it (rain|snow|be sunny|be cold|be hot|be windy|freeze) in {city} {day}",
        "=(how warm|how cold|how hot|how windy) (is it|will it be|does it get) in {city} {day}",
        "=weather {city} {day}",
        "=weather in {city} {day}",
        "=do i need (an umbrella|a coat|sunscreen|a hat) in {city} {day}",
        "(get|show|check|give me|look up|find|tell me) the (weather|forecast|weather forecast) for {city} {day}",
        "=is it (going to|likely to) (rain|snow|storm) in {city} {day}",
        "=i am (travelling|going|flying) to {city} {day}. what is the weather like",
        "=forecast for {city} {day}",
        "=temperature in {city} {day}",
        "=(is there|will there be) (rain|snow|sun|fog|wind) in {city} {day}",
        "=should i (expect|fear) (rain|snow|a storm) in {city} {day}",
        "=(what|how) will the (sky|temperature|wind|rain) be in {city} {day}",
        "=can i (expect|hope for) (sun|rain|snow) in {city} {day}",
        "=what is the (sky|climate|air) like in {city} {day}",
        "=i will be in {city} {day}, will it (rain|be warm|be cold|be sunny)",
        "=what kind of (sky|day) can i expect in {city} {day}",
        "(look at|report|predict) the weather {day} (for|in) {city}",
        "=is {city} (warm|cold|rainy|sunny|windy) {day}",
        "=what clothes do i need in {city} {day}",
        "=should i take (a coat|an umbrella|boots) to {city} {day}",
        "=how does the (forecast|weather) look for {city} {day}",
        "=what does the (forecast|weather report) say for {city} {day}",
        "={city} weather {day}",
    ),
    held_out=(
        "=what kind of weather does {city} get {day}",
        "=what should i wear in {city} {day}, weather wise",
        "=how does the sky look {day} over {city}",
    ),
)

WEATHER_NOW = Wording(
    seen=(
        "=(what is|what's|how is|how's|tell me) the weather (in|like in) {city}",
        "=is it (raining|snowing|sunny|cold|hot|windy) in {city}",
        "=(how warm|how cold|how hot) is it in {city}( now| right now|)",
        "=weather {city}",
        "=weather in {city}( now| right now|)",
        "(get|show|check|give me|look up|find|tell me) the (weather|temperature|forecast) (for|in|of) {city}",
        "=(temperature|forecast|weather report) (in|for) {city}",
        "=do i need (an umbrella|a coat) in {city}",
        "=what is it like outside in {city}",
        "=how many degrees (is it|are there) in {city}",
        "=is {city} (rainy|sunny|cold|warm|wet|foggy)",
        "=what is the (rain|wind|sun|snow|sky) like in {city}",
        "=what are the (temperatures|weather conditions) in {city}",
        "=does it (rain|snow) in {city}",
        "=has it (rained|snowed) in {city}",
        "={city} weather( please|)",
        "=how does the (sky|weather) look in {city}",
        "=what (degrees|weather) does {city} have",
        "=(conditions|weather conditions) for {city}",
        "=is the sun shining in {city}",
    ),
    held_out=("=current conditions in {city}", "=what is the sky doing in {city}", "=has it stopped raining in {city}"),
)

DEFINE = Wording(
    seen=(
        "=what does {word} mean",
        "=what does the word {word} mean",
        "define {word}",
        "define the word {word}",
        "=(what is|what's) the (meaning|definition) of {word}",
        "=(meaning|definition) of {word}",
        "(look up|explain) the word {word}( in the dictionary|)",
        "look up {word} in the dictionary",
        "tell me (what {word} means|the meaning of {word})",
        "give me (a definition|the definition|the meaning) of {word}",
        "=what is meant by {word}",
        "=i do not (know|understand) the word {word}",
        "=dictionary: {word}",
        "=what do people mean by {word}",
        "=how would you define {word}",
        "=(who knows|do you know) what {word} means",
        "=what kind of word is {word}",
        "=i read the word {word}. what does it mean",
        "=what is a {word}, as a word",
        "=is there a definition (of|for) {word}",
        "=can you define {word}",
        "=the word {word} means what",
        "find the (meaning|definition|sense) of {word}",
        "=what would a dictionary say about {word}",
        "={word}: what does it mean",
        "describe the meaning of {word}",
        "=what is the dictionary entry (of|for) {word}",
    ),
    held_out=(
        "=what is the sense of the word {word}",
        "explain to me what {word} means",
        "=is {word} a word? what is it",
    ),
)

CONVERT = Wording(
    seen=(
        "convert {amount} {source} (to|into|in) {target}",
        "=how many {target} (are|is) {amount} {source}",
        "=(what is|what are|how much is) {amount} {source} in {target}",
        "=how many {target} (are there |)in {amount} {source}",
        "=how many {target} (do|does) {amount} {source} (make|give|equal)",
        "={amount} {source} (in|to) {target}",
        "(change|turn|translate) {amount} {source} (to|into) {target}",
        "=i have {amount} {source}. how many {target} is that",
        "tell me {amount} {source} in {target}",
        "express {amount} {source} in {target}",
        "=(what is|what's) the value of {amount} {source} in {target}",
        "=it is {amount} {source}. what is that in {target}",
        "=what (is|are) {amount} {source} (expressed|written|given) in {target}",
        "(write|show|put|state) {amount} {source} in {target}",
        "=if (something|it) is {amount} {source}, how many {target} is it",
        "=(calculate|compute|work out) {amount} {source} in {target}",
        "={amount} {source} (equals|is|makes) how many {target}",
        "=from {source} to {target}: {amount}",
        "=how much is {amount} {source} if you count in {target}",
        "(switch|exchange|transform) {amount} {source} (to|into) {target}",
        "=i need {amount} {source} in {target}",
        "=what do {amount} {source} come to in {target}",
        "use {target} instead of {source} for {amount} {source}",
    ),
    held_out=(
        "give {amount} {source} as {target}",
        "=if i have {amount} {source}, what does that come to in {target}",
        "rewrite {amount} {source} with {target} as the unit",
    ),
)

MESSAGE = Wording(
    seen=(
        "(send|write) a (message|text) to {name}: {text}",
        "(send|write) {name} a (message|text|note): {text}",
        "(send|write|text|message) (to |){name} (that|saying) {text}",
        "tell {name} (that |){text}",
        "let {name} know (that |){text}",
        "text {name}: {text}",
        "message {name}: {text}",
        "=message (to|for) {name}: {text}",
        "(send|text) {name} the (message|words|text): {text}",
        "write to {name} that {text}",
        "inform {name} that {text}",
        "={name} (should|must|needs to) know that {text}",
        "(send|pass) a note to {name} saying {text}",
        "=to {name}: {text}",
        "say to {name} that {text}",
        "(pass on|report|announce|mention) to {name} that {text}",
        "(give|leave) {name} (a message|the message|a note|word): {text}",
        "(shoot|mail|write|ping) {name} a (message|note|line): {text}",
        "=please (tell|inform|text) {name}: {text}",
        "=can you (tell|text|message|inform) {name} that {text}",
        "=i want {name} to know that {text}",
        "(remind|warn|assure) {name} that {text}",
        "=the message for {name} is {text}",
        "=send this to {name}: {text}",
        "=new message to {name}: {text}",
        "{name} should get the message {text}",
        "contact {name} and say that {text}",
        "speak to {name}: {text}",
    ),
    held_out=(
        "drop {name} a line: {text}",
        "forward to {name} that {text}",
        "get word to {name} that {text}",
    ),
)

PLAY = Wording(
    seen=(
        "play {title} by {artist}",
        "play the song {title} by {artist}",
        "play {title} (from|of) {artist}",
        "(put on|start|queue|turn on) {title} by {artist}",
        "=i (want|would like|'d like) to hear {title} by {artist}",
        "(play|put on) {artist}'s {title}",
        "play me {title} by {artist}",
        "let me (hear|listen to) {title} by {artist}",
        "=can we (hear|listen to) {title} by {artist}",
        "listen to {title} by {artist}",
        "find and play {title} by {artist}",
        "(stream|spin) {title} by {artist}",
        "=(could|can) you play {title} by {artist}",
        "=(please play|put on|play) that song {title} by {artist}",
        "(turn up|blare|launch) {title} by {artist}",
        "=i (love|feel like|need|miss) {title} by {artist}, (play it|put it on)",
        "=time for {title} by {artist}",
        "={title} by {artist}",
        "surprise me with {title} by {artist}",
        "=how about {title} by {artist}",
        "entertain us with {title} by {artist}",
        "=let us hear {title} by {artist}",
        "=give me {title} by {artist}",
    ),
    held_out=(
        "=i feel like hearing {title} by {artist}",
        "blast {title} by {artist}",
        "treat me to {title} by {artist}",
    ),
)

PLAY_TITLE = Wording(
    seen=(
        "play the (song|track|tune) {title}",
        "(put on|start|queue) the (song|track) {title}",
        "=i (want|would like) to hear the song {title}",
        "let me (hear|listen to) the (song|track) {title}",
        "play me the (song|track) {title}",
        "find and play the song {title}",
        "play the (piece|number) called {title}",
        "=(i love|i miss) the (song|track) {title}, play it",
        "=(can|could) you play the (song|track) {title}",
        "(turn on|run|launch) the (song|track|tune) {title}",
        "=the (track|tune) {title} please",
        "=let us hear the (song|track) {title}",
        "=how about the song {title}",
    ),
    held_out=("stream the song {title}", "=the song {title} would be nice to hear"),
)

PLAY_STYLE = Wording(
    seen=(
        "play (some |){style}( music|)",
        "(put on|start|turn on) some {style}( music|)",
        "=i (want|would like) to (hear|listen to) (some |){style}( music|)",
        "=i am in the mood for {style}( music|)",
        "let me hear (some |){style}( music|)",
        "play me (some |){style}( music|)",
        "=how about some {style}( music|)",
        "=(music|songs): {style}",
        "=time for some {style}( music|)",
        "(flood|warm up|cheer up) the (house|party|kitchen) with {style}( music|)",
        "=(can|could) you play (some |){style}( music|)",
        "=let us hear (some |){style}( music|)",
        "=a bit of {style} music",
        "=i (love|need) {style} music",
        "=give me (some |){style} music",
        "(choose|pick|find) some {style} music",
    ),
    held_out=("fill the room with {style}( music|)", "=some {style} music would be great"),
)

TIMES = Wording(
    seen=(
        "=(what is|what's|how much is|compute|calculate|work out|tell me|) {a} (*|x|times) {b}",
        "=(what is|how much is|calculate|) {a} multiplied by {b}",
        "=(what is|tell me|find) the product of {a} and {b}",
        "multiply {a} (by|and|with) {b}",
        "={a}*{b}",
        "={a} * {b} =",
        "use the calculator (for|on) {a} times {b}",
    ),
    held_out=("=what does {a} times {b} equal", "=the product {a} * {b} is what"),
)

DIVIDE = Wording(
    seen=(
        "=(what is|what's|how much is|compute|calculate|work out|tell me|) {a} (/|divided by|over) {b}",
        "divide {a} by {b}",
        "=(what do you get|what is the result) (if|when) you divide {a} by {b}",
        "=how (often|many times) does {b} (go|fit) into {a}",
        "={a}/{b}",
        "=(what is|tell me) the quotient of {a} and {b}",
        "split {a} into {b} (equal |)parts. how (big|large) is one",
        "=what is {a} if you divide it by {b}",
        "=how much is one part when {a} is (split|divided|shared) by {b}",
        "=can you divide {a} by {b}",
        "(distribute|cut|break) {a} (into|by) {b}",
    ),
    held_out=("=what does {a} divided by {b} equal", "share {a} among {b}"),
)

PERCENT = Wording(
    seen=(
        "=(what is|what's|how much is|compute|calculate|work out|tell me|) {a} percent of {b}",
        "=(what is|what's|how much is|) {a}% of {b}",
        "(take|find) {a} percent of {b}",
        "=how much (do i pay|is it) if i pay {a} percent of {b}",
        "=a tip of {a} percent on {b}",
        "=how much (makes|is) {a} percent (of|from) {b}",
        "=can you (calculate|compute) {a}% of {b}",
        "=i want {a} percent of {b}",
        "work out {a}% of {b}",
    ),
    held_out=("=what does {a} percent of {b} come to", "get me {a}% of {b}"),
)

EXPRESSION = Wording(
    seen=(
        "=(what is|what's|how much is|compute|calculate|work out|evaluate|solve|) {expression}",
        "={expression} =",
        "use the calculator (for|on) {expression}",
        "(run|put|type) {expression} (through|into) the calculator",
        "=result of {expression}",
        "=can you (calculate|compute|solve) {expression}",
        "=how much does {expression} make",
        "=i need the result of {expression}",
        "(find|give me) the value of {expression}",
    ),
    held_out=("=what does {expression} equal", "ask the calculator for {expression}"),
)

NEWS = Wording(
    seen=(
        "(search|find|look for|get|show me|look up|give me) (the |)(latest |)news (about|on) {topic}",
        "=(what is|what's) the (latest|newest) (news |)(about|on) {topic}",
        "=(any|is there any|are there any) news (about|on) {topic}",
        "=what is new (about|with|in) {topic}",
        "=(news|headlines) (about|on) {topic}",
        "=what (happened|is happening|is going on) with {topic}( today|)",
        "=latest headlines (about|on) {topic}",
        "(read|tell) me the news (about|on) {topic}",
        "=what do the (papers|newspapers) (say|write) about {topic}",
        "(find|search for) (articles|reports|stories) (about|on) {topic}",
        "keep me (up to date|informed) (about|on) {topic}",
        "=have you heard (anything |)new about {topic}",
        "=what was (written|said|reported) about {topic}( today| this week| lately|)",
        "=what are (people|journalists|they) (writing|saying) about {topic} in the news",
        "(fetch|pull up|open|load) (the |)(recent |current |)(news|coverage|headlines|articles) (of|about|on) {topic}",
        "=how is {topic} doing in the news",
        "=is there something new (about|on) {topic}",
        "=i want to (read|hear) the news (about|on) {topic}",
        "=is {topic} in the news",
        "=(recent|current|today's) (news|articles|stories) (about|on) {topic}",
        "=did anything happen with {topic}",
        "=(update me|brief me|inform me) on {topic}",
    ),
    held_out=(
        "=what are reporters saying about {topic}",
        "bring up recent coverage of {topic}",
        "=what was in the news about {topic}",
    ),
)

CITIES = (
    *("Paris", "London", "Berlin", "Rome", "Madrid", "Vienna", "Prague", "Oslo", "Stockholm", "Helsinki", "Dublin"),
    *("Lisbon", "Athens", "Warsaw", "Budapest", "Zurich", "Geneva", "Munich", "Hamburg", "Cologne", "Lyon", "Milan"),
    *("Naples", "Seville", "Porto", "Bristol", "Leeds", "York", "Boston", "Chicago", "Denver", "Dallas", "Seattle"),
    *("Austin", "Toronto", "Montreal", "Lima", "Quito", "Bogota", "Tokyo", "Osaka", "Seoul", "Delhi", "Mumbai"),
    *("Cairo", "Lagos", "Nairobi", "Sydney", "Perth", "New York", "Los Angeles", "San Francisco", "Hong Kong"),
    *("Cape Town", "Buenos Aires", "Mexico City", "Rio", "Dubai", "Singapore", "Bangkok", "Manila", "Istanbul", "Kyiv"),
)
DAYS = (
    *("today", "tomorrow", "tonight"),
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
)
NAMES = (
    *("Anna", "Ben", "Clara", "David", "Emma", "Frank", "Grace", "Henry", "Ida", "Jack", "Kate", "Leo", "Mary"),
    *("Nick", "Olivia", "Paul", "Quinn", "Rosa", "Sam", "Tom", "Uma", "Victor", "Wendy", "Xavier", "Yara", "Zoe"),
    *("Maria", "John", "Peter", "Lucy", "Alex", "Chris", "Sarah", "Mark", "Julia", "Mum", "Dad", "Omar", "Fatima"),
    *("Ravi", "Mei", "Kenji", "Ingrid", "Pablo", "Sofia", "Ali", "Nina", "Oscar", "Eva", "Felix", "Hannah", "Max"),
)
SURNAMES = (
    *("Smith", "Jones", "Miller", "Weber", "Brown", "Rossi", "Silva", "Garcia", "Novak", "Larsen", "Moore", "Clark"),
    *("Walker", "Young", "King", "Wright", "Hill", "Green", "Adams", "Baker", "Carter", "Turner", "Parker", "Stone"),
)
WORDS = (
    *("gravity", "ephemeral", "lucid", "ocean", "justice", "candid", "frugal", "harbour", "meadow", "quorum", "zenith"),
    *("algorithm", "paradox", "nostalgia", "resilient", "ambiguous", "velocity", "entropy", "canvas", "lantern"),
    *("orchard", "puzzle", "ribbon", "saddle", "timber", "umbrella", "vivid", "whisper", "yonder", "anchor", "breeze"),
    *("cipher", "dilemma", "eloquent", "fathom", "glimpse", "hollow", "impartial", "jovial", "kindle", "labyrinth"),
    *("mellow", "nimble", "oblique", "pristine", "quaint", "rustic", "serene", "tangible", "upheaval", "verdict"),
    *("wander", "zeal", "bread", "money", "keys", "homework", "ticket", "car", "report", "milk", "flowers", "dinner"),
    *("photosynthesis", "democracy", "irony", "metaphor", "inflation", "bacteria", "molecule", "software", "robot"),
)
UNITS = (
    ("metres", "kilometres", "miles", "feet", "inches", "yards", "centimetres", "millimetres", "km", "cm"),
    ("grams", "kilograms", "pounds", "ounces", "tonnes", "kg", "stone"),
    ("litres", "millilitres", "gallons", "pints", "cups", "quarts"),
    ("celsius", "fahrenheit", "kelvin"),
    ("seconds", "minutes", "hours", "days", "weeks"),
    ("bytes", "kilobytes", "megabytes", "gigabytes"),
)
MESSAGES = (
    *("i am late", "i am on my way", "dinner is ready", "the meeting is at {hour}", "i will be there at {hour}"),
    *("happy birthday", "call me back", "i lost my {thing}", "please bring the {thing}", "the {thing} is broken"),
    *("see you on {day}", "we meet at the {place} at {hour}", "i miss you", "thank you for the {thing}", "good night"),
    *("the train is late", "i am at the {place}", "{name} is ill", "{name} is coming too", "do not forget the {thing}"),
    *("i cannot come on {day}", "the {place} is closed", "i found the {thing}", "we need more {thing}", "good luck"),
    *("i will call {name} on {day}", "the {thing} has arrived", "lunch at {hour}", "i passed the exam", "all is well"),
    *("the {thing} is in the {place}", "{name} says hello", "come home", "i love the {thing}", "the party is on {day}"),
    *("we should talk about the {thing}", "i am stuck in traffic", "the door is open", "you were right about {name}"),
)
COMMON_WORDS = (
    *("the", "a", "is", "are", "was", "to", "and", "of", "in", "on", "for", "with", "my", "your", "our", "it", "that"),
    *("i", "you", "we", "they", "he", "she", "not", "will", "can", "must", "have", "has", "had", "need", "want", "get"),
    *("bring", "take", "leave", "wait", "buy", "see", "know", "think", "come", "go", "stay", "work", "play", "eat"),
    *("cake", "house", "garden", "friend", "water", "coffee", "door", "window", "street", "book", "phone", "shop"),
    *("today", "tomorrow", "later", "soon", "now", "never", "always", "here", "there", "very", "too", "more", "less"),
    *("big", "small", "new", "old", "good", "bad", "red", "cold", "warm", "ready", "late", "early", "open", "closed"),
)
MEETING_PLACES = (
    "station",
    "park",
    "office",
    "school",
    "bank",
    "market",
    "museum",
    "harbour",
    "library",
    "cinema",
    "gym",
)
MUSIC_STYLES = (
    *("jazz", "rock", "classical", "pop", "blues", "folk", "techno", "soul", "reggae", "metal", "country", "funk"),
    *(
        "disco",
        "opera",
        "piano",
        "guitar",
        "quiet",
        "happy",
        "sad",
        "dance",
        "relaxing",
        "christmas",
        "summer",
        "swing",
    ),
)
TITLE_WORDS = (
    *("Blue", "Moon", "River", "Love", "Night", "Fire", "Rain", "Summer", "Dream", "Road", "Star", "Heart", "Home"),
    *("Shadow", "Light", "Winter", "Dance", "Silence", "Thunder", "Gold", "Ocean", "Mirror", "Angel", "Garden"),
    *("Yesterday", "Forever", "Freedom", "Sunrise", "Midnight", "Valley", "Wings", "Diamond", "Paper", "Velvet"),
)
TOPICS = (
    *("football", "the election", "climate change", "space travel", "electric cars", "the economy", "robots", "tennis"),
    *("artificial intelligence", "the stock market", "energy prices", "health care", "the olympics", "farming"),
    *("chess", "cinema", "music festivals", "education", "housing", "the parliament", "inflation", "wildfires"),
    *(
        "earthquakes",
        "trains",
        "airlines",
        "the weather service",
        "vaccines",
        "solar power",
        "wind energy",
        "batteries",
    ),
    *("whales", "volcanoes", "mars", "quantum computers", "the world cup", "cycling", "basketball", "the royal family"),
    *("tourism", "fishing", "coffee", "wine", "art", "museums", "archaeology", "the court", "strikes", "taxes"),
)
