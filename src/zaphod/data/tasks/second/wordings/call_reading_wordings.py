"""Ways of asking for news and definitions, for known tools; phrases only, with the slots of `call_wordings`."""

from __future__ import annotations

NEWS = (
    (
        "(search|look through|read|scan|browse|check) (the papers|the news|the internet|the headlines|the web|"
        "today's news) for {topic}"
    ),
    (
        "(find|get|read|fetch|bring|show|send) me (whatever|something|everything|anything) (new|recent) (about|on|"
        "concerning) {topic}"
    ),
    (
        "(give|read|send|bring) me (a|the) (summary|digest|round-up|overview|list) of (the |)(latest |recent |)(news|"
        "reports|articles) (about|on) {topic}"
    ),
    (
        "(tell|inform|brief|update|catch) (me|us) (about|on|up on) the (latest|newest|recent) (news|events|"
        "developments) (about|on|with|around) {topic}"
    ),
    (
        "(look up|check|see|find out) what (is new|is going on|was reported|has happened|the papers say) (about|with|"
        "on) {topic}"
    ),
    (
        "(look up|pull up|open|load|bring up) (three|five|ten|two|some|a few) (articles|headlines|reports|stories) "
        "(about|on) {topic}"
    ),
    (
        "(read|show) me (yesterday's|today's|this week's|this morning's|the evening) (news|headlines|papers) (about|"
        "on) {topic}"
    ),
    "(do|run|start) a news search (for|on|about) {topic}",
    "(keep an eye on|follow|track) the news (about|on) {topic}",
    "(go through|leaf through|scan|skim) the (papers|headlines|magazines) (for|and find) {topic}",
    "(search|find|look for|get) (the |)<press> (about|on) {topic}, <occasion>",
    "put together (the |)(latest |)(news|headlines|reports) (about|on) {topic}",
    (
        "np:(the |)(latest |newest |recent |breaking |world |local |)(news|headlines) (about|on|concerning|regarding|"
        "around) {topic}"
    ),
    "np:(a|any|some) (recent |new |)(article|report|story|press release) (about|on) {topic}",
    "np:(a|the) (news|press) (search|review|summary) (about|on|for) {topic}",
    "np:(recent|the latest|current) (events|developments|events in the world) (about|around|concerning) {topic}",
    "np:what the (papers|newspapers|journalists|media) (say|write|report) about {topic}",
    "eq:(if|whether) (there is|they reported|the papers have|anyone wrote) (anything|something) new (about|on) {topic}",
    "eq:(if|whether) {topic} (is in|made it into|came up in) the (news|papers)",
    "eq:what the (latest|newest|recent) (news|reports|headlines) say about {topic}",
    "eq:what (journalists|the media|newspapers|reporters) are saying about {topic}",
    "=(anything|something) new (about|on|with|concerning) {topic}",
    "=(anything|something) (in the news|in the papers|on the wires|in the press) (about|on) {topic}",
    "=what (did they|did the papers|do the media|did journalists) (report|write|say|publish) (about|on) {topic}",
    "=what are the (latest|newest|top|main|biggest) (stories|headlines|reports|news) (about|on) {topic}",
    "=(how|where) do things stand with {topic} in the news",
    "=(topic|subject|theme|keyword|search term)[:|] {topic}(.|,|;) (news|headlines|articles)[,] please",
    "=(topic|subject|news topic|headline search|news search)(:| -) {topic}",
    "={topic}[:|,| -] (what is new|any news|what do the papers say|what is in the news|latest headlines)",
    "={topic} in the (news|papers|press|headlines)",
    '="{topic}" - (news|headlines|articles)[,] please',
    "=(news|headlines|articles|reports) (please|wanted|needed)(:|,) {topic}",
    (
        "=(i am|i'm|we are) (interested in|curious about|following|writing about) {topic}(.|,|;) (what is new|any "
        "news|show me the headlines)"
    ),
    (
        "=i (missed|did not read|have not seen) the (papers|news) (today|yesterday|this week)(.|,|;) what (happened|"
        "is new|did they say) (with|about) {topic}"
    ),
    (
        "=i (want|need|would like|'d like) (to read|to hear|to see|to know) (the latest|the news|the headlines|what "
        "is new) (about|on) {topic}"
    ),
    (
        "=(my|our) (teacher|boss|uncle|daughter|class|customer) (asks|wants to know|talks) about {topic}(.|,|;) "
        "(find|get|show me|look for) (the news|news|articles|headlines)"
    ),
    (
        "=for (school|work|my talk|a bet|my article|the meeting) i need (the latest|recent|some|today's) (news|"
        "articles|headlines|reports) (about|on) {topic}"
    ),
    (
        "=(everybody|everyone|the whole town|the radio) (talks|is talking) about {topic}(.|,|;) (what happened|what "
        "is the news|get me the headlines)"
    ),
    "=(are|were) there (new|recent|any|fresh) (articles|reports|headlines|developments) (about|on|concerning) {topic}",
    "=(was|is) there (something|anything) in the (paper|papers|news) about {topic}",
    "=has (there been any news|anything been reported|anything been written|anything been said) (about|on) {topic}",
    "=have the (papers|reporters|journalists) (written|said|reported|published) (anything|something) about {topic}",
    "=(did|do) the (papers|news|media) (mention|cover|discuss) {topic}",
    "=which (articles|stories|headlines|reports) (are there|came out|were published|appeared) (about|on) {topic}",
    "=who (wrote|reported) (something|anything) new about {topic}",
    "=(not the weather|not sports|no gossip|no adverts)(,|:|;|.) (only|just) news (about|on) {topic}",
    (
        "=(could|can|may) (i|we) (read|hear|see|have|get) (the news|the headlines|some articles|today's reports) "
        "(about|on) {topic}"
    ),
    "=(would|do) you mind (checking|searching|reading me|looking up) the news (about|on) {topic}",
    "=(yo|hey|ok), what's (the word|the latest|the scoop|poppin|new) (on|with) {topic}",
    (
        "=(job|to do|todo|task|errand)[:|,| -] (find|search|read|collect) (the |)(news|headlines|articles) (about|"
        "on) {topic}"
    ),
    "=(hot|fresh|breaking|latest) off the press (about|on) {topic}",
    "=if there is (anything|something) new (about|on) {topic}, (show me|tell me|i want to read it|read it to me)",
    "=before (breakfast|the meeting|work|bed) i (read|want|like|need) (the |)(news|headlines) (about|on) {topic}",
)

DEFINE = (
    '(define|explain|describe|clarify|look up) "{word}"[ for (me|us|my son|the class)]',
    "(define|explain|describe|clarify) (the word |the term |the expression |)'{word}'[ <reason>]",
    "(define|explain|describe|clarify) (the word|the term|this word[:]|the following word[:]|the noun or verb) {word}",
    (
        "(define|explain) the word {word} (in simple words|in one sentence|briefly|to a child|like in a dictionary|"
        "properly)"
    ),
    "(open|use|take|check|consult|ask) the dictionary (for|and look up|and find) (the word |){word}",
    "(look|search) (in the dictionary for|for the meaning of|for the definition of|up the meaning of) {word}",
    (
        "(give|tell|read|find|show|get) me the (meaning|definition|sense|dictionary entry|explanation) (of|for) (the "
        "word |the term |){word}"
    ),
    "(give|tell|read) us what the dictionary (says|has|writes) (about|for|under) {word}",
    "(teach|help) me (what {word} means|the meaning of {word}|to understand the word {word})",
    "say (in other words|in a few words|in plain words) what {word} (means|stands for)",
    "put the meaning of {word} (in|into) (words|plain words|one sentence)",
    (
        "np:(the|a) (short|exact|simple|good|proper|precise|plain|correct) (definition|explanation|meaning) of (the "
        "word |){word}"
    ),
    "np:the (dictionary|lexicon) (entry|article|page) (for|on|about) {word}",
    'np:the sense of the word "{word}"',
    (
        "eq:what (the word|the term|the expression|this word,) {word} (means|stands for|signifies|is supposed to "
        "mean|could mean)"
    ),
    "eq:what {word} (means|might mean|signifies|stands for)[ exactly| in plain words| as a word]",
    "eq:how (you|one|people|a dictionary) would (define|explain|describe) {word}",
    "eq:how the (dictionary|lexicon) (defines|explains) {word}",
    '=what (does|would|can|should) "{word}" (mean|stand for|signify)',
    "=what (does|would) the (word|term|expression) {word} (mean|signify|stand for|tell us)[ exactly|, please|]",
    "=what (exactly|on earth|the heck|precisely) does {word} mean",
    "=what is (the sense|the exact meaning|the dictionary meaning|the definition) of (the word |){word}",
    "=what is {word} supposed to mean",
    "=what (meaning|sense|meanings) does (the word |){word} have",
    "=what (would|might) you (understand by|mean by) {word}",
    "=what (do|did) (they|you|people|writers|lawyers) mean (by|with|when they say) {word}",
    "=how (would a dictionary|do dictionaries|can one|do teachers) (define|explain|describe) (the word |){word}",
    "={word}(:|,| -|?) (meaning|definition|what is that|what does that mean|please explain|please define)[,] please",
    "={word}(?|,| -) (never heard of it|i do not know that word|unknown word|no idea)(.|,|;) what does it mean",
    '="{word}" (means what|is what|in plain words please)',
    "=(word|term|entry|dictionary entry|vocabulary|unknown word|new word)[:|,| -] {word}",
    "=(word|term)[:|] {word}(.|,|;) (meaning|definition)[?| please|]",
    "=(explain|meaning|definition|dictionary|glossary|look up)[:|,| -] {word}",
    (
        "=(my|our) (teacher|boss|doctor|lawyer|son|grandma|letter|book) (said|says|used|uses|wrote|writes) (the word "
        "|){word}(.|,|;) (what does it mean|what does that mean|please explain|define it)"
    ),
    (
        "=in (my book|the letter|the crossword|the contract|a poem|the news|my homework) (there is|i found|i read|"
        "stands|it says) (the word |){word}(.|,|;) (what does it mean|please define it|explain it)"
    ),
    (
        "=(i came across|i stumbled over|i do not get|we are learning|i must learn|i never understood) the word "
        "{word}(.|,|;) (what does it mean|explain it|give me the definition)"
    ),
    "=i (keep|always|often) (forget|forgetting|hear|hearing) the (word|expression) {word}(.|,|;) what does it mean",
    (
        "=i (need|want|would like|have to find) (the|a) (definition|meaning|dictionary entry) (of|for) {word}[, "
        "<occasion>|]"
    ),
    "=(we|i) (do not|don't|cannot|can't) (know|understand|get|find) the (meaning|sense|definition) of {word}",
    (
        "=(could|can|would|will) you (explain|define|clarify|look up|tell me the meaning of) (the word |the term |"
        "){word}[ for me| <reason>|]"
    ),
    (
        "=(is there|do you have|have you got|does the dictionary have) (an entry|an explanation|a definition|"
        "something) for {word}"
    ),
    "=is {word} in the dictionary[?|,] (what does it say|what does it mean|read it to me)",
    "=(if someone says|when people say|if i read) {word}, what does (it|that) mean",
    "=(would|do) you mind (explaining|defining|looking up) (the word |){word}",
    "=(yo|hey|ok|umm), {word} (means what|what's that mean|is what now)",
    "=(job|to do|todo|task|homework|exercise)[:|,| -] (define|explain|look up) (the word |){word}",
    "=(homework|exercise|question|quiz)[:|,| -] what does {word} mean",
    "=not the (spelling|origin|translation)(,|;|:) (only|just) the meaning of {word}",
    "=for (school|the crossword|my homework|the exam|my letter) i need the (meaning|definition) of {word}",
    "=a (child|foreigner|pupil|customer) (asks|asked) (me |us |)what {word} means",
    "=(a|one) (short|simple|quick) (definition|explanation) of {word}[,] please",
    "=(in|with) (simple|plain|other|few) words[,|:] what (does {word} mean|is meant by {word})",
    "=does {word} (mean anything|have a meaning)[?|,] (which one|what is it|look it up)",
    "=before i use the word {word}, (tell me what it means|what does it mean|i want its definition)",
)
