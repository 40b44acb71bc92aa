"""Questions whose answer changes by the day: offices, prices, matches, news, traffic, opening hours; phrases only.

Slots and most rules as in `route_wordings`.
"""

from __future__ import annotations

RULES = {
    "present": (
        "(now|right now|today|tonight|currently|at the moment|at present|these days|nowadays|as of today)",
        "(now|today|right now|at the moment|this week|this month|this year|at this moment|as we speak|just now)",
    ),
    "lately": (
        "(yesterday|last night|last week|this morning|recently|lately|the other day|over the weekend|overnight)",
        "(today|this week|in the last few (hours|days)|a few days ago|an hour ago|last month|the day before yesterday)",
    ),
    "since": ("(since (yesterday|last week|monday|last month|this morning)|lately|recently|this (week|month|year))",),
    "soon": ("(tomorrow|tonight|next week|next month|this weekend|soon|next year|this evening|on sunday|today)",),
}

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
    # who holds an office now
    "=which party is in (power|office|government|opposition) in {country}[ <present>]",
    "=who (holds|has) the office of <role> (of|in) {country} <present>",
    "=what is the[ full] name of the (current|present|new|acting) <role> of {country}",
    "=name the (current|present|new|acting) <role> of {country}",
    "={country} has a new <role>(.|,|:|;) who is it",
    "=(did {country} (get|elect|choose) a new <role> <lately>|will {country} (get|elect|choose) a new <role> <soon>)",
    (
        "=has the <role> of {country} (resigned|stepped down|been replaced|been re-elected|fallen ill)[ "
        "<lately>| yet| by now]"
    ),
    "=did the <role> of {country} (resign|step down|speak|fly to {city}|visit {city}|lose the vote) <lately>",
    (
        "=what did the <role> of {country} (say|announce|decide|promise|sign|tweet|tell the press)[ about "
        "{topic}|] <lately>"
    ),
    "=where is the <role> of {country} (travelling|staying|speaking|hiding) <present>",
    "=(whom|which country) (did the <role> of {country} visit <lately>|will the <role> of {country} visit <soon>)",
    "=is the <role> of {country} (in trouble|on holiday|ill|popular|in {city}|in hospital) <present>",
    "=how (popular|old) is the (current|present|new) <role> of {country}",
    "=who (will be|is going to be|wants to be) the next <role> of {country}",
    "=how long has the (current|present) <role> of {country} been in office",
    "=who took over as (<boss> of {company}|<role> of {country}) <lately>",
    "=does {name} {surname} still (work for|run|lead|own|head) {company}",
    "=is {name} {surname} (still|no longer|already|again) (the <boss> of {company}|the <role> of {country})",
    "=is {name} {surname} (still alive|still married|back home|on tour|in {city}|in court) <present>",
    "=(i think|they say|i heard) {name} {surname} (runs|leads) {company}. is that still (true|so|the case)",
    "=(i need|it is for) a letter to the <boss> of {company}. who is it <present>",
    "=(my|this) (list|map|book) is old(.|,|;) who is the <role> of {country} <present>",
    "np:the (current|present) (ministers|members of the government|members of parliament|ruling party) of {country}",
    "np:(last night's|yesterday's|today's) speech of the <role> of {country}",
    "eq:(who|which party) is in (power|government|office) in {country} <present>",
    "eq:(if|whether) {name} {surname} is still the (<boss> of {company}|<role> of {country})",
    "eq:(if|whether) {country} has a new <role>",
    "eq:what the <role> of {country} (said|announced|decided|signed)[ about {topic}] <lately>",
    # what things cost now
    "=(what|how much) do they (charge|want|ask) for <good>[ in {city}| in {country}] <present>",
    "=how much (do i pay|must one pay|have i got to pay) for <good>[ in {city}] <present>",
    "=what does <good> go for <present>",
    "=at what price (does <good> trade|is <good> sold|can i get <good>) <present>",
    "=has <good> (become|got) (cheaper|dearer|more expensive) <since>",
    "=is <good> (cheaper|dearer|more expensive|worth more) <present> than (last week|yesterday|last month|last year)",
    "=how has the <price> of <good> (changed|moved|developed|done) <since>",
    "=why did the <price> of <good> (rise|fall|jump|drop|go up) <lately>",
    "=why is <good> so (expensive|cheap|dear|scarce) <present>",
    "=<price> of <good>[,|:] <present>",
    "=<good>[,|:] (price today|cost now|price right now|today's price|latest price)",
    "=what (will|is) <good> (cost|going to cost) <soon>",
    "=what does a (flat|room|coffee|beer|bus ticket|taxi|haircut) cost in {city} <present>",
    "=what (is|are) {amount} (euros|dollars|pounds) worth in (yen|francs|pesos|roubles) <present>",
    "=how high is (inflation|unemployment|the interest rate|the public debt|the minimum wage) in {country} <present>",
    "=how (is|goes|stands) the (stock market|stock exchange|currency) (of|in) {country} <present>",
    "=did (the markets|shares|stocks|petrol prices|rents) (rise|fall|recover|crash)[ in {country}] <lately>",
    "=what is (a|one) share of {company} worth <present>",
    "=where (do|did) the shares of {company} (stand|close|open) <lately>",
    "=is {company} (hiring|making a profit|bankrupt|on strike|closing shops|for sale) <present>",
    "=did {company} (make a profit|lose money|sack people|close a factory|raise its prices) <lately>",
    "=(i want to|we want to|should i) (sell|buy) <good>(.|,|;) what is the <price> <present>",
    "np:(today's|the current|the latest|this morning's|yesterday's) <price> of <good>[ in {city}]",
    "np:the (latest|current|newest) (inflation|unemployment|interest|birth) rate (of|in) {country}",
    "np:the <price> of <good> (today|right now|this morning|this week|at the moment)",
    "eq:(how much|what) <good> (costs|is worth|sells for)[ in {city}] <present>",
    "eq:why <good> (costs so much|is so cheap|is so expensive|has become so expensive) <present>",
    "eq:(if|whether) <good> has become (cheaper|dearer|more expensive) <since>",
    # matches, races, votes
    "=who is (ahead|leading|in the lead|winning|second|out) in the <event> <present>",
    "=did {team} (win|lose|draw|play|score) <lately>",
    "={team}[:|,| -] (score|result|goals) (today|last night|yesterday|this week)",
    "=what was the score (of|for) {team} <lately>",
    "=(when|where|against whom) (does|will) {team} play (next|again|tomorrow|this weekend|tonight)",
    "=who is the[ current] (coach|captain|goalkeeper|owner|manager|top scorer) of {team}[ <present>]",
    "=(how|where) does {team} stand in the (table|league|standings) <present>",
    "=who got the (gold medal|cup|prize|award|trophy|yellow jersey) <lately>",
    "=has the <event>[ in {city}] (begun|started|finished|been decided) yet",
    "=is the <event> on (tv |)(tonight|today|right now|this evening|tomorrow)",
    "=which players are (injured|suspended|missing|for sale) at {team} <present>",
    "=(whom|which player) has {team} (bought|sold|signed|fired|lost) <lately>",
    "=who (holds|has) the (record|title|cup) in the <event> <present>",
    "=who is the favourite (for|in) the next <event>",
    "=(when|where) is the next <event>[ in {country}]( held|)",
    "=how many (medals|goals|points|seats|votes) (does|has) ({country}|{team}) (have|won) (so far|by now|this season)",
    "=i (missed|could not watch|slept through) the <event> <lately>(.|,|;) (who won|how did it end|what was the score)",
    "np:the (fixtures|line-up|results|standings|next match) of {team}[ (today|this week|this season)]",
    "np:the (date|place|draw|schedule) of the next <event>[ in {city}]",
    "np:the winner of (last night's|yesterday's|this year's|today's|the latest|the last) <event>",
    "eq:(how|whether) {team} (played|won|lost) <lately>",
    "eq:(who is leading|how it stands|what the score is) in the <event>[ <present>]",
    # what happened
    "=what is (everyone|everybody|the press|the radio|half of {city}) talking about <present>",
    "=what made the headlines[ in {country}| in {city}] <lately>",
    (
        "=what (is in|does it say in|do they say in) (today's|this morning's|yesterday's) (paper|papers|news)[ "
        "about {topic}]"
    ),
    "=(bring me|get me|keep me) up to date (on|about|with) ({topic}|{country}|{company})",
    "=did (anything|something) (happen|change|go wrong|break) (in {city}|in {country}|at {company}) <lately>",
    "=how is the (strike|war|crisis|campaign|trial|rescue|search) in {country} going[ <present>]",
    "=is the (strike|war|crisis|trial|fire|flood|curfew) in ({country}|{city}) over (yet|now|already|by now)",
    "=are the (protests|talks|strikes|negotiations) in ({country}|{city}) still going on",
    "=who was (arrested|elected|fired|killed|honoured|rescued|robbed) in {city} <lately>",
    "=why (are|were) the (shops|schools|streets|airports|banks) in {city} (closed|empty|full) <present>",
    "=why are (people|farmers|doctors|students) (protesting|on strike|celebrating) in ({city}|{country}) <present>",
    (
        "=how many people (died|were hurt|voted|came|lost their homes) in the (storm|flood|vote|march) in "
        "{country} <lately>"
    ),
    "=(what|which) laws did {country} pass <lately>",
    "=did the parliament of {country} (vote|decide|agree|meet)[ on {topic}] <lately>",
    "=what is the (latest|newest|situation|state of things) (on|with|about) {topic}[ <present>]",
    "=has anything new been (found|discovered|published|decided) about {topic} <since>",
    "=(we heard|there were|i see) (sirens|smoke|helicopters|a loud bang) (in|over|near) {city}(.|,|;) what is going on",
    (
        "np:(today's|this week's|the latest|this morning's|breaking) (news|headlines) (about|from|on) "
        "({topic}|{country}|{city})"
    ),
    "np:a (summary|digest|round-up) of (today's|this week's|the latest) news (about {topic}|from {country})",
    "np:the (latest|current) (state|status|numbers|poll) (on|of|about) {topic}",
    "eq:what (happened|is happening|is going on|changed) (in {country}|at {company}|with {topic}) <present>",
    "eq:(who|which party) won the election in {country} <lately>",
    "eq:(if|whether) the (strike|war|fire|trial|flood) in {country} is over",
    # on the way
    "=(when|at what time) does the (next|last|first) (train|bus|ferry|tram|plane) (leave|go|start) for {city}[ <soon>]",
    "=(from|on) which (platform|gate) does the (train|flight) (to|from) {city} (leave|arrive)[ today]",
    "=is my (train|flight|bus|ferry) (to|from) {city} (on time|late|cancelled|full)[ today| tonight]",
    "=has the (flight|train|ferry|ship) from {city} (landed|arrived|left|docked) yet",
    "=how long is the (queue|wait|tailback) at the (<place>|airport|border) in {city} <present>",
    "=are the (roads|trains|buses|flights|ferries) (to|in|from) {city} (running|moving|safe|full|cancelled) <present>",
    "=which (roads|streets|lines|stations) in {city} are (closed|blocked|flooded) <present>",
    "=how long does it take to {city} with the traffic <present>",
    (
        "=(i am|we are) (stuck|standing|waiting) (near|before|in) {city}(.|,|;) (why is nothing moving|is there "
        "an accident)"
    ),
    "np:(cheap|the cheapest|last-minute) (flights|tickets|trains|rooms) (to|in) {city} <soon>",
    (
        "np:the (departures|arrivals|delays|timetable) (at|of) the (airport|station) (in|of) {city} "
        "(today|tonight|right now)"
    ),
    "eq:(when|from where) the next (train|bus|ferry|flight) (to|for) {city} leaves",
    "eq:(how long|how bad) the (queue|tailback) (at|before|in) {city} is <present>",
    # open, free, on show
    "=(until when|how long) is the <place> in {city} open (today|tonight|tomorrow|on sunday)",
    "=when does the <place> in {city} (open|close) (today|tomorrow|this week|tonight|on friday)",
    "=is the <place> (around the corner|in {city}|near the station) open (now|today|on sunday|already|tonight)",
    "=which (pharmacy|doctor|dentist|petrol station|shop|bakery) in {city} is open (now|tonight|today|on sunday)",
    "=is there (still |)a (table|room|seat|ticket|parking space) (free|left) in {city} <soon>",
    "=what (can|could) (i|we) do in {city} (tonight|this weekend|tomorrow|this evening)",
    (
        "=(is there|do they have) a (market|fair|party|festival|concert|parade) in {city} (today|tonight|this "
        "weekend|tomorrow)"
    ),
    "=how (busy|full|crowded) is the <place> in {city} <present>",
    "=(is|does) {title} (sold out|in the cinemas|still running|on stage) in {city} <present>",
    "=where (can i|could we) (see|watch|hear) {title} <soon>",
    "eq:(if|whether) the <place> in {city} is open (today|now|tonight|on sunday|tomorrow)",
    # newest things and present numbers
    "=is there a new (phone|car|model|product|version) (from|by) {company}[ <present>]",
    "=what (has {company} (launched|announced|recalled|shown)|did {company} (present|bring out|withdraw)) <lately>",
    "=is the (website|app|network|service) of {company} down[ <present>]",
    "=has {company} fixed the (fault|outage|leak|problem) yet",
    "=when (does|will) the (next|new) (film|book|album|season|game) of {title} come out",
    "=(what|which) (book|car|phone|game|song|film) (sells|is selling) best <present>",
    "=what is (number one|on top|first) (in|of) the charts[ in {country}] <present>",
    "=(when|where) is {name} {surname} (playing|on tour|speaking|on television) <soon>",
    "=what is {name} {surname} (working on|writing|up to) <present>",
    "=how many people (live|are out of work|are in prison|have the flu) in ({city}|{country}) <present>",
    "=how many (users|customers|workers|shops) does {company} have <present>",
    "=who is the (richest|oldest|tallest|fastest) (man|woman|person) (alive|in the world|in {country}) <present>",
    "=how (full|high|low) is the (lake|reservoir|river|canal) (near|in) {city} <present>",
    "=is the <thing> (of|in) {city} (open|closed|being repaired|on fire|flooded) <present>",
    "np:the (current|latest|present|up-to-date) population of ({city}|{country})",
    "np:the number of (users|workers|shops|cars sold) of {company} (today|at present|this year|right now)",
    "eq:(when|if|whether) the new (film|book|album|season) of {title} comes out",
    "eq:how many people live in ({city}|{country}) <present>",
)
