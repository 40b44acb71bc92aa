"""Ways of asking for the weather, for a known tool; phrases only, with the slots of `call_wordings`."""

from __future__ import annotations

WEATHER = (
    "<v_show> (the forecast|the weather|the temperature|the outlook|the conditions) {day} (for|in) {city}",
    "<v_show> (the forecast|the weather|the weather report) for {city} {day} <reason>",
    "<v_show> (me |us |)what the (sky|weather|forecast) (is like|brings|says|will be) in {city} {day}",
    "(predict|forecast|check|foresee|guess) (the weather|the rain|the temperature|the sky) (for|in) {city} {day}",
    (
        "(check|find out|see|look up|tell me) (if|whether) it (rains|snows|freezes|is <wet>|gets <wet>|will be "
        "<wet>) in {city} {day}"
    ),
    "(check|ask|consult|open|read) the (forecast|weather service|weather report|weather map) (for|about) {city} {day}",
    "(tell|warn|inform) (me|us) (about|of) the weather in {city} {day}[, <occasion>|]",
    "(look|see) what weather {city} (has|gets|will have|expects) {day}",
    "np:(the|a) (forecast|weather forecast|weather report|outlook|prediction) {day} for {city}",
    "np:the (chance|odds|risk|probability|danger) of (rain|snow|frost|fog|a storm|hail) in {city} {day}",
    "np:the (expected|predicted|forecast|highest|lowest) temperature in {city} {day}",
    "np:the (sky|wind|rain|temperature|weather situation) in {city} {day}",
    "eq:what to wear in {city} {day}",
    (
        "eq:what (weather|sky|temperature|conditions) (to expect|we can expect|there will be|they expect|i will "
        "find) in {city} {day}"
    ),
    "eq:(if|whether) (there will be|there is|we will have|to expect) <weather> in {city} {day}",
    (
        "eq:(if|whether) (the sun shines|the roads are icy|a picnic is possible|the beach is an option|one can sit "
        "outside) in {city} {day}"
    ),
    "eq:how (the weather|the sky|the forecast) (looks|is|will be) {day} in {city}",
    "={day} in {city}[:|,| -] (what is the weather|will it rain|is it <wet>|weather|how warm is it|forecast)",
    "={day}[:|,] (what|how) is the (weather|temperature|forecast) in {city}",
    "={day}, will it (rain|snow|freeze|be <wet>) in {city}",
    "={city}[:|,] will it (rain|snow|freeze|be <wet>) {day}",
    "={city}[:|,| -] what (is|will be) the (weather|forecast|temperature) {day}",
    "=(city|place|location|town)[:|] {city}(,|;|.) (day|when|date)[:|] {day}(,|;|.) (weather|forecast)[,] please",
    "=(when|day)[:|] {day}. (where|city|place)[:|] {city}. (weather|forecast)",
    "=(umbrella|coat|sunscreen|boots) or not(:|,|?) {city} {day}",
    "=(weather|forecast|temperature|rain|sky|outlook)[:|,| -] {city} {day}",
    "=(rain|snow|sun|fog|frost) in {city} {day}[, yes or no| or not|]",
    (
        "=(will|does|might|could|can) it (rain|snow|freeze|storm|hail|get <wet>|turn <wet>|stay <wet>) (in|over|"
        "around) {city} {day}"
    ),
    "=will the (sun shine|sky be blue|sky be grey|sky be clear|sun come out) in {city} {day}",
    "=(are the roads|will the roads be|are the streets|will the streets be) (icy|wet|dry|snowy) in {city} {day}",
    "=how (high|low|bad|strong) will the (temperature|wind|rain) (be|get) in {city} {day}",
    (
        "=what (temperature|sky|conditions|degrees) (will there be|can we expect|do they predict|is expected) in "
        "{city} {day}"
    ),
    "=what do they (say|predict|promise|expect) (for the weather |about the weather |)in {city} {day}",
    "=what is the weather (doing|up to|going to do|planning) in {city} {day}",
    "=(which|what) weather (does|will) {city} (have|get|see|expect) {day}",
    "=will {city} (be <wet>|get rain|see snow|have sun|freeze|be covered in snow) {day}",
    (
        "=(can|could|should|may) (we|i|one|the kids) (swim|ski|have a picnic|eat outside|sleep in a tent|go to the "
        "beach|ride a bike) in {city} {day}, (or will it rain|what does the forecast say|or is it too cold|how is "
        "the weather)"
    ),
    (
        "=my (sister|uncle|boss|daughter|best friend|grandma) (is|will be|gets married|runs a race|has a match|"
        "lands) in {city} {day}(.|,|;) (will it rain|how is the weather|what is the forecast|will it be <wet>)"
    ),
    (
        "=(we|they) (have|planned|booked|play) a (picnic|wedding|match|concert|hike|barbecue|football game) in "
        "{city} {day}(.|,|;) (will it rain|how is the weather|will it stay dry|what does the forecast say)"
    ),
    (
        "=(i am|i'm|we are) (packing for|travelling to|off to|cycling to|sailing to) {city} {day}(.|,|;) (what "
        "should i wear|will it rain|how is the weather there|how warm is it there)"
    ),
    (
        "=(my|our) (train|plane|bus|ship|flight) (goes to|leaves for|arrives in|lands in) {city} {day}(.|,|;) (is it "
        "<wet> there|will it rain there|what is the weather like there)"
    ),
    "=(do|will) (i|we|the kids) need <clothes> in {city} {day}",
    "=(i want|i need|i would like|we need) (the|a) (forecast|weather report|weather) for {city} {day}",
    "=(could|can|may) (i|we) (have|get|see|hear) the (weather|forecast) for {city} {day}",
    "=(would|do) you mind (checking|looking up|telling me) the weather in {city} {day}",
    (
        "=before (i pack|we leave|we fly|i dress)[,|:] (how is the weather|will it rain|what is the forecast) in "
        "{city} {day}"
    ),
    (
        "=if it (rains|snows|is cold|is hot) in {city} {day}, (i stay home|we stay here|i need a coat). (so |)(what "
        "does the forecast say|will it|check the weather)"
    ),
    "=(yo|hey|ok), (hows|what's) the weather (gonna be |)in {city} {day}",
    "=(job|to do|todo|task)[:|,| -] (check|look up|report) the weather in {city} {day}",
    "=not the news(,|;|:) (just|only) the weather in {city} {day}",
    (
        "=(mum|grandma|my boss|the pilot|the farmer) (asks|wants to know) (how the weather is|if it will rain|"
        "whether it is <wet>|how warm it gets) in {city} {day}"
    ),
)

WEATHER_NOW = (
    (
        "<v_show> (the weather|the temperature|the weather report|the conditions|the sky) (for|in) {city} (now|right "
        "now|at the moment|this minute|outside)"
    ),
    "<v_show> (me |us |)how the weather is in {city}",
    (
        "(check|find out|see|look up|tell me) (if|whether) it (rains|snows|freezes|is raining|is snowing|is <wet>) "
        "in {city}"
    ),
    "(check|ask|consult|open|read) the (forecast|weather service|weather report|weather map) (for|about) {city}",
    "(tell|inform) (me|us) about the weather in {city}[, <occasion>|]",
    "(look|see) what weather {city} has[ right now| at the moment|]",
    "np:(the current|the present|the actual|a) (weather report|temperature|weather|forecast) (for|in|from) {city}",
    "np:the (sky|wind|temperature|weather situation|weather conditions) (in|over) {city}[ right now]",
    "eq:(what|which) (weather|temperature|sky) {city} has[ now| at the moment|]",
    "eq:(if|whether) (there is|they have) <weather> in {city}",
    "eq:(if|whether) (the sun shines|the roads are icy|one can sit outside) in {city}",
    "eq:how the (weather|sky) (looks|is) in {city}[ now| outside|]",
    "eq:what to wear in {city}[ right now]",
    "={city}[:|,| -] (is it raining|what is the weather|how warm is it|weather|temperature|how cold is it|is it <wet>)",
    "=(city|place|location|town)[:|] {city}(,|;|.) (weather|forecast|temperature)[,] please",
    "=(weather|forecast|temperature|conditions|sky|rain|outlook)[:|,| -] {city}",
    "=(rain|snow|sun|fog|frost) in {city}[, yes or no| or not|]",
    "=(umbrella|coat|sunscreen) or not(:|,|?) {city}",
    "=in {city}[,] (is it <wet>|is it raining|how is the weather|how warm is it|what is the temperature)",
    (
        "=(is|isn't) it (raining|snowing|freezing|storming|hailing|drizzling|pouring|thundering) in {city}[ now| at "
        "the moment|]"
    ),
    "=are the (roads|streets) (wet|dry|icy|snowy|slippery) in {city}",
    "=is the (sun out|sky clear|sky blue|street wet|wind strong) in {city}[ now|]",
    "=what is the (temperature|weather|sky|wind) (doing |like |)in {city}[ just now| at the moment|]",
    "=(which|what) (weather|temperature|sky|conditions) (does {city} have|is there in {city}|do they have in {city})",
    "=how (hot|cold|warm|wet|windy|mild) is {city}[ now| at the moment|]",
    "=how many degrees (does {city} have|is it now in {city}|does it have in {city})",
    (
        "=my (sister|uncle|boss|daughter|friend|grandma) (lives|works|studies|waits|has just landed) in {city}(.|,|"
        ";) (how is the weather there|is it <wet> there|does it rain there)"
    ),
    (
        "=(i am|i'm|we are|my train is) (in|arriving in|landing in|leaving for|nearly in) {city}(.|,|;) (how is the "
        "weather|is it <wet>|do i need <clothes>|does it rain)"
    ),
    (
        "=is it (a good day|good weather|too cold|too wet|warm enough) (for a walk|for a picnic|to swim|to "
        "sit outside|to ride a bike) in {city}"
    ),
    (
        "=(can|could|should) (we|i|one|the kids) (sit outside|swim|go for a walk|hang out the washing) in {city}, "
        "(or does it rain|how is the weather|or is it too cold)"
    ),
    "=(i want|i need|i would like|we need) the (weather|temperature|weather report|forecast) (for|in|of) {city}",
    "=(could|can|may) (i|we) (have|get|see|hear) the (weather|forecast|temperature) (for|in) {city}",
    "=(would|do) you mind (checking|looking up|telling me) the weather in {city}",
    "=(yo|hey|ok), (hows|what's) the weather in {city}[ rn|]",
    "=(job|to do|todo|task)[:|,| -] (check|look up|report) the weather in {city}",
    "=not the news(,|;|:) (just|only) the weather in {city}",
    (
        "=(mum|grandma|my boss|the pilot|the farmer) (asks|wants to know) (how the weather is|if it rains|whether it "
        "is <wet>|how warm it is) in {city}"
    ),
    "=(before|when) i (go out|hang up the washing|dress|leave) in {city}[,|:] do i need <clothes>",
    "=i am (curious|wondering)[,|:] is it <wet> in {city}",
)
