"""Requests for texts, translations, programs, advice, opinions and facts that the model does not have; phrases only."""

from __future__ import annotations

from zaphod.data.tasks import out_of_scope
from zaphod.data.tasks.second.wordings import route_wordings, talk_wordings

RULES = {
    **route_wordings.RULES,
    **talk_wordings.RULES,
    "v_write": (
        "(write|compose|draft|create|invent|make up|dictate|prepare|give me|produce)",
        "(write|type up|come up with|think up|put together|pen|improvise|scribble|finish|continue)",
    ),
    "work": (
        "(poem|essay|story|letter|song|haiku|email|speech|blog post|summary|report)",
        "(review|joke|limerick|play|slogan|article|diary entry|fable|advert|presentation)",
        "(rhyme|sonnet|ballad|novel|fairy tale|film script|rap|toast|eulogy|press release|cover letter|rap verse)",
        "(love letter|thank you note|book report|school essay|travel guide|crime story|monologue|sermon|complaint)",
    ),
    "v_teach": (
        "(explain|describe|teach me|discuss|analyse|comment on|criticise|introduce|outline)",
        "(lecture me on|go into|shed light on|interpret|evaluate|reflect on|argue about|expand on)",
    ),
    "language": (
        "(french|german|spanish|italian|latin|chinese|japanese|russian|arabic|greek|dutch)",
        "(polish|turkish|korean|hindi|swedish|danish|finnish|czech|welsh|portuguese|hebrew|esperanto|irish|swahili)",
    ),
    "advice": ("(tips|help|an opinion|ideas|suggestions|facts|information|examples|arguments|advice|guidance|hints)",),
    "media": ("(book|film|restaurant|hotel|game|recipe|song|podcast|present|holiday|sport|hobby|novel|series|museum)",),
    "phrase_said": (
        "(good morning|i love you|where is the station|thank you|my name is {name}|happy birthday|see you soon)",
        "(i would like to pay|how are you|cheese|the cat sleeps|we are lost|i am hungry|two beers please|bless you)",
    ),
    "code_language": ("(python|java|rust|c|html|sql|javascript|c++|bash|go|haskell|php|typescript|css|excel)",),
    "code": (
        "(program|script|function|query|class|loop|macro|regex|web page|api|unit test|shell script|parser)",
        "(for sorting a list|that reads a file|that prints primes|for a login form|that renames files)",
    ),
    "illness": (
        "(a headache|a cough|a rash|a fever|back pain|a sore throat|a toothache|a cold|chest pain|a stomach ache)",
        "(an allergy|a migraine|hiccups|insomnia|high blood pressure|a swollen knee|a broken toe|dizziness|acne)",
    ),
    "medicine": ("(aspirin|antibiotics|vitamin c|herbal tea|sleeping pills|ibuprofen|cough syrup|garlic|painkillers)",),
    "legal": (
        (
            "(my landlord|my employer|the shop|my neighbour|the airline|my bank) (cheated me|will not pay|broke "
            "the contract)"
        ),
        "(i was fired|i got a parking fine|i lost my passport|my rent went up|my tenant left|i want to sue {name})",
    ),
    "relation": (
        "(my girlfriend|my husband|my mother|my boss|my teenage son|my flatmate|a shy friend|my ex|my grandmother)",
        "(a colleague|the neighbours|my best friend|my little sister|my crush|an old friend|my team)",
    ),
    "life_choice": (
        "(quit my job|move to {city}|buy a house|get a dog|dye my hair|tell her the truth|become vegan|marry {name})",
        "(study law|lend him money|change schools|apologise|invest in gold|have children|leave {city}|get a tattoo)",
    ),
    "skill": (
        "(sleep better|lose weight|save money|make friends|stop smoking|get rich|run faster|speak in public|draw)",
        "(learn <language>|write a novel|become a pilot|get a job|quit sugar|learn the guitar|train a dog|juggle)",
        "(get over a breakup|ask someone out|study for exams|grow tomatoes|paint a wall|knit a scarf|tie a tie)",
    ),
    "meal": (
        "(pancakes|lasagne|tomato soup|an apple pie|goulash|risotto|a chocolate cake|sushi|pizza dough|a curry|hummus)",
        "(bread|paella|an omelette|lentil stew|a vegan burger|meatballs|dumplings|a cheesecake|jam|mayonnaise)",
    ),
    "era": (
        "(the romans|the middle ages|the renaissance|the cold war|the french revolution|ancient egypt|the vikings)",
        (
            "(the industrial revolution|the silk road|the crusades|the plague|the moon landing|colonialism|the "
            "enlightenment)"
        ),
    ),
    "thinker": (
        "(plato|kant|marx|darwin|freud|newton|einstein|shakespeare|goethe|mozart|napoleon|caesar|cleopatra|picasso)",
    ),
    "math": (
        (
            "(the theorem of pythagoras|that there are infinitely many primes|x squared|this integral|the "
            "quadratic formula)"
        ),
        "(a proof by induction|this inequality|the derivative of sin x|fermat's last theorem|that pi is irrational)",
    ),
    "text_done": ("(text|essay|letter|article|book|page|paragraph|chapter|email|report|speech|poem|cv|thesis)",),
    "pupil": ("(a child|a beginner|a five year old|my class|my grandmother|an expert|a tourist|dummies|an alien)",),
}

QUESTIONS = (
    *out_of_scope.QUESTIONS.seen,
    *route_wordings.KNOWLEDGE,
    # texts
    "<v_write> (a|an|a short|a long|a funny|a sad|a formal) <work> (about|on|for|against) {topic}",
    "<v_write> (a|an) <work> (about|on|for) {name} {surname}",
    "<v_write> a <work> (in the style of <thinker>|about <era>|for <relation>|that begins with the word {word})",
    "<v_write> a[ short| funny| sad] <work> (in which|where) a {noun} (falls in love|talks|saves {city}|gets lost)",
    "<v_write> (two|four|ten|five) (lines|verses|sentences|pages|paragraphs) (about|on) ({topic}|<era>|a {noun})",
    "<v_write> a <work> with the words {word} and {noun}",
    "np:(a|an) <work> (about|on) {topic}",
    "np:a[ short| long| funny| rhyming] <work> (about <era>|for <relation>|about a {noun}|in <language>)",
    (
        "=(i have to|i must|my son has to|we must) (hand in|deliver|give|write) a <work> (about|on) {topic}[, "
        "can you do it]"
    ),
    "=(a <work>|<work>)[:|,|;] {topic}",
    "=how (do i|does one|should i) (begin|end|structure|title) (a|my) <work>[ about {topic}]",
    (
        "=(find|think of|suggest) (a (name|title|slogan|headline)|(some|five) (names|titles|slogans)) for (my|a|our) "
        "({noun}|band|dog|cafe)"
    ),
    "=(what|which) (name|title) (fits|suits|is good for) (my|a) ({noun}|novel|kitten|baby|song|company)",
    "=(what|which words) (rhymes|rhyme) with {word}",
    "(find|give me|list) (a rhyme|rhymes|ten rhymes) (for|on|with) {word}",
    (
        "=(continue|finish|end)[ this| the] (story|poem|tale): (once upon a time|it was a dark night|a {noun} "
        "met a {noun})"
    ),
    "=what should i (write|say|put) (in|on) (a|my) (birthday card|love letter|cv|postcard|speech) (for|to) <relation>",
    (
        "=(summarise|shorten|rewrite|correct|proofread|translate|improve|polish|paraphrase|simplify) (this|my|the) "
        "<text_done>[ about {topic}|]"
    ),
    "=(make|turn) (this|my|the) <text_done> (shorter|into a poem|sound better|more polite|into plain english|longer)",
    "=(are there|do you see|can you find) (mistakes|typos|errors) in my <text_done>",
    "=(quiz|examine|interview|test) me (on|about) ({topic}|<era>|<thinker>)",
    # languages
    "(translate|say|write) {word} (in|into|to) <language>",
    "(translate|say|write) the (sentence|text|word|phrase) {topic} (in|into) <language>",
    "(translate|put|render|say) <phrase_said> (in|into) <language>",
    "=how (do|would|can) (you|i|they|people) (say|write|greet|spell|pronounce) (<phrase_said>|{word}) in <language>",
    "=what is[ the word for] {word} in <language>",
    "=(the|a) <language> (word|translation|expression) for {word}",
    "=<language> for {word}",
    "={word} in <language>[, please|, what is it|, how is it said]",
    "=(teach|show) me (a few words of|some|the alphabet in|basic) <language>",
    "=(is|was) {word} a <language> word",
    "=(conjugate|decline|inflect) (the verb|the noun|) {word}( in <language>|)",
    "=(how hard|how easy) is it to learn <language>",
    # programs, mathematics beyond sums
    "=(write|fix|explain|debug|translate|optimise|review|test) (a|my|this) <code_language> (<code>|program|code)",
    "=(write|give me|show me) (some|the) (code|source code) (that|which) (sorts {noun}s|reads a file|draws a {noun})",
    "=why does my <code_language> (code|program|script|loop) (crash|not run|give an error|never stop|print nothing)",
    (
        "=how (do i|does one|can i) (sort a list|read a file|open a socket|declare a variable|catch an error) in "
        "<code_language>"
    ),
    "=(is <code_language> (better|older|faster) than|should i learn <code_language> (or|before)) <code_language>",
    "=(prove|solve|integrate|simplify|derive) (the|this|that) (theorem|equation|integral|formula|inequality)",
    "=(prove|derive|explain|show|help me with) <math>",
    "=(how|why) (do|does|can) (one|you|we|mathematicians) (prove|know|derive) <math>",
    # advice
    (
        "=(i have|my son has|my mother has|grandpa has)[ had] <illness>[,|.] (what (helps|should i do)|is it "
        "serious|what now)"
    ),
    "=(what|which medicine|which doctor|which food) (helps|is good|is best) (against|for) <illness>",
    "=(may|can|should) (i|a child|my dog|pregnant women) take <medicine>[ (for <illness>|with <medicine>|every day)]",
    "=(is it|would it be) (dangerous|safe|wise|healthy|stupid) to take <medicine>[ (every day|at night|with wine)]",
    "=(what are|name|list) the (signs|symptoms|causes) of <illness>",
    "=<legal>[,|.] (what can i do|can i sue|is that legal|what are my rights|do i need a lawyer|help)",
    (
        "=(is it|would it be) (legal|illegal|allowed|a crime) to (<life_choice>|sleep in a car|record a "
        "call|copy a film)[ in {country}]"
    ),
    "=(should i|shall i|would you|is it wise to|is it stupid to|do you advise me to) <life_choice>",
    "=(i cannot|i can't|help me) decide (whether i should|whether to|if i should) <life_choice>",
    "=(how can i|how do i|how to|what helps to|teach me to|i want to|i would like to) <skill>",
    "np:(<advice>|a good book|a course) on how to <skill>",
    "np:<advice> (on|about|for) {topic}",
    "np:<advice> (for <relation>|about <illness>|about money|about love|for a job interview|for parents|on my garden)",
    "=what (can|should|do) i (give|buy|say to|write to|cook for|do with) <relation>[ (for christmas|for a birthday)]",
    "=how (do|can|should) i (apologise to|impress|surprise|forgive|cheer up|talk to|get rid of|live with) <relation>",
    "=<relation> (is|seems) (so |)<feel>[,|.] (how can i help|what should i do|what do i say)",
    (
        "=(my|the) (plant|cat|dog|hamster|lawn|rose) (will not eat|is dying|has yellow leaves|sleeps all "
        "day)[,|.] (why|what now)"
    ),
    (
        "=(my|the) (knee|car|computer|cat|back|tooth|phone|heating|printer|fridge) (hurts|is broken|makes noises|is "
        "strange|smells)[, what should i do|]"
    ),
    "=how (do i|can i|to) (cook|build|repair|learn|clean|sell|grow|paint|fix) (a |an |){noun}",
    "=what (should|do) i (wear|bring|say|do) (at|to) a (wedding|funeral|job interview|first date|party)",
    "=how much (money|sleep|water|salt|sport) (does|should) (a person|a child|an adult) (need|have)",
    "=(should|where should|how should) i invest[ my savings| my money]",
    # food, travel, things to choose
    "np:(a|the|an easy|grandma's|a quick) recipe for <meal>",
    "=how (do i|do you|does one|would you|did people) (make|cook|prepare|serve|season|freeze) <meal>",
    "=(what|which ingredients) (do i need|goes|belongs) (for|in|into|with) <meal>",
    "=what can i (cook|bake|make) (with|from|out of) (eggs and flour|leftover rice|{noun}s|carrots|old bread)",
    "=what (wine|sauce|salad|dessert) goes (well |)with <meal>",
    "np:a good <media>[ about {topic}| in {city}|]",
    "=(recommend|suggest|choose|pick) (a|me a|some) <media>[ about {topic}| in {city}| for {name}|]",
    "=(which|what) <media> (should|can|would) (i|we) (read|see|try|choose|buy)",
    "=(do you know|is there) a (nice|cheap|good|quiet) <media> (in|near) {city}",
    "=(plan|book|organise) (a|my|our) (trip|flight|wedding|party|holiday|hotel)[ to {city}| in {city}|]",
    "=what (is|are) (the sights|worth seeing|there to see|the best part) (in|of) {city}",
    "=(is|would) {city} (worth a visit|nice for children|be a good place to live|be too hot for me)",
    "=(three|two|five) days in {city}[,|:] (what should we see|any ideas|where do we eat)",
    "=what (gift|present|toy|flowers) (would|does) <relation> (like|want|enjoy)",
    # facts, opinions, comparisons
    "<v_teach> {topic}[ to me| to <pupil>| in simple words| briefly| in detail|]",
    "<v_teach> the (history|basics|theory|future|meaning|ethics|dangers) of {topic}",
    "<v_teach> (<era>|the ideas of <thinker>|the fall of <era>|the life of <thinker>)[ (to <pupil>|in detail|briefly)]",
    "eq:why {topic} (is|are) (important|popular|dangerous|expensive)",
    "eq:(what {name} {surname} thinks about {topic}|who {name} {surname} is|what to do about {topic})",
    "eq:(what <thinker> taught|who <thinker> was|how <era> began|how <era> ended|why <era> mattered)",
    "=(who was <thinker>|what did <thinker> (teach|believe|want|mean)|(when|where) did <thinker> (live|die))",
    "=(what|who) (caused|ended|came before|came after|profited from|is to blame for) <era>",
    "=how (important|big|bloody|long|peaceful) was <era>",
    "=(compare|weigh|set) <thinker> (with|against) <thinker>",
    "=(is|are) {topic} (better|worse|older|cheaper) than {other}",
    "=(what|how) (do|does) {topic} (mean for|change|cost|do to) (us|people|children|the world|{country})",
    "=(should|must|may|can) (i|we|people|children) (buy|study|trust|avoid|fear|ban|eat) {topic}",
    "=(are you|is your maker|would you vote) (for or against|in favour of|against) {topic}",
    "=(the pros and cons|pros and cons|arguments for and against|both sides)( of|:) {topic}",
    "=(what are|tell me|list) the (pros and cons|dangers|advantages|limits|ethics) of {topic}",
    "=(in your opinion|honestly|be honest|frankly)[,] (is|are) {topic} (overrated|a good thing|good for us|boring)",
    "=weigh {topic} against {other}",
    "=(what|how) will (the world|{city}|{topic}|my life) (be|look) like in (a hundred|fifty|ten) years",
    "=(predict|foresee|read|tell me) (my future|my horoscope|the lottery numbers|my fortune|the end of the world)",
    "=(i dreamt of|last night i dreamt of|in my dream there was) a {noun}[,|.] (why|interpret it|is that a bad sign)",
    "=(brainstorm|collect|list|note down) (some|ten|a few) (ideas|questions|arguments|reasons) (for|about|on) {topic}",
    (
        "=(name|list|give me) (three|five|ten|some) (famous {city} people|facts about {topic}|books by {name} "
        "{surname}|inventors)"
    ),
    "=(draw|paint|show|send|make) (me |)(a|the) (picture|photo|drawing|map|diagram|video) of ({topic}|{city}|{name})",
    (
        "=(design|sketch|invent|draw) (a|me a|us a) (logo|poster|house|dress|flag|board game|tattoo)[ (for "
        "{name}|about {topic})]"
    ),
    "=(debate|argue|disagree|philosophise|chat|gossip) with me (about|over|on) ({topic}|<deep>|{name} {surname})",
)
