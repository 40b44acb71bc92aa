"""Questions beside something that is not asked, or a time that is none of theirs; phrases only, for `routes`."""

from __future__ import annotations

# One thing is put aside and another is asked; {aside} and {asked} are phrases of the kinds that their names tell.
ASIDE = (
    (
        "=(never mind|forget|forget about|ignore|do not tell me|i do not need|i have already) "
        "{np_aside}[,|.|;|:] {s_asked}"
    ),
    "=(i know|i have read|i was told|i remember|he told me) {eq_aside}[,|.|;|, but|; but] {s_asked}",
    (
        "=(i know|i have read|i was told|i remember) {eq_aside}[,|.|;|, but] (tell me|i ask you|i want to "
        "know|find out) {eq_asked}"
    ),
    "=(instead of|rather than|apart from|besides) {np_aside}[,] (give me|i want|i need|show me|find) {np_asked}",
    "=(give me|i want|i need|show me|find|tell me) {np_asked}[,] (instead of|rather than|not|and not) {np_aside}",
    "=(i am not asking|i do not ask|i did not ask|the question is not) {eq_aside}[,|;] but {eq_asked}",
    "=(tell me|i want to know|i ask you|find out) {eq_asked}[,|;] (not|and not|rather than) {eq_aside}",
    "={s_asked}? (i know|i have read|i remember|nobody asked|i do not care) {eq_aside}",
    "={s_asked}? (not|i do not mean|i did not mean|forget) {np_aside}",
    "={s_aside}? (no|wait|sorry|never mind|forget it|i know that|that was answered), {s_asked}",
    "=(yesterday|before|first|earlier) i asked {eq_aside}[,|.|;] now i ask {eq_asked}",
    "=(my last|the last|the first|your last) question was {eq_aside}[,|.|;] (this one is|now) {eq_asked}",
    (
        "=(i do not want|i don't want|i have enough of|spare me) {np_aside}[,|;|.] "
        "(i want|what i want is|what i need is|give me) {np_asked}"
    ),
    "={np_aside} (can wait|does not matter|is of no interest|is known already|bores me)(.|,|;) {s_asked}",
    "={np_aside} (is settled|is clear|was answered)(.|,|;) (what about|now|next comes|what i lack is) {np_asked}",
    (
        "=(everyone|everybody|the whole class|my sister) (knows|has told me|can say) {eq_aside}(.|;|,) "
        "(nobody|no one|but nobody) (knows|told me|could tell me) {eq_asked}"
    ),
    "=(the book|my teacher|the page|grandpa|the guide) (told us|told me|says|explained) {eq_aside}, but not {eq_asked}",
    "=(after|now that) (you told me|i know|i have learnt|we have cleared up) {eq_aside}, {s_asked}",
    "={s_asked}? (please do not|do not|don't|you need not|no need to) (tell me|explain|say|look up) {eq_aside}",
    (
        "=(skip|drop|leave out|leave aside|strike|cancel) {np_aside}[ and|,|;|.] "
        "(answer|tell me|just answer) (this|only this|this one)[:|,] {s_asked}"
    ),
    "={np_asked}, please[,] (not|and not|never|without) {np_aside}",
    (
        "=there are two questions[:|,] {eq_aside} and {eq_asked}. (answer|take|tell me) (only |just |)the "
        "(second|last|latter)[ one]"
    ),
    (
        "=there are two questions[:|,] {eq_asked} and {eq_aside}. (answer|take|tell me) (only |just |)the "
        "(first|former)[ one]"
    ),
    (
        "=(first|at first|before|originally) i (wanted|meant|was going) to ask {eq_aside}(,|.|;) "
        "(but now i ask|instead i ask|but the question is|now i wonder) {eq_asked}"
    ),
    "=(correction|scratch that|wrong question|strike that|i misspoke)[:|,|.] not {np_aside}[,] (but|i mean) {np_asked}",
    (
        "={s_aside}? (that was my brother's question|that is what he asked|that was yesterday's question|that is done)."
        " (mine is|my question is|here is mine|i ask)[:|,] {s_asked}"
    ),
    (
        "=(he|she|my son|a friend|the other one) (asks|asked|wonders) {eq_aside}(,|;|.) (i|but i|as for me, i) "
        "wonder {eq_asked}"
    ),
    (
        "=(you already told me|you have told me|you said before|thanks for telling me) {eq_aside}(.|,|;) "
        "(now tell me|next tell me|what you did not tell me is) {eq_asked}"
    ),
    (
        "=(do not|don't|no need to) (look up|check|search for|bring) {np_aside}(,|;|.) "
        "(look up|find|check|get me|bring) {np_asked}"
    ),
    (
        "=(what matters|what counts|what i care about|what interests me) is {eq_asked}(,|;) (not|and not|rather "
        "than) {eq_aside}"
    ),
    (
        "=(my friend|the quiz master|a child|my colleague) (answered|knew|guessed) {eq_aside}(.|;|,) "
        "(but|now|and) {s_asked}"
    ),
    "=let us (leave|forget|skip|drop) {np_aside} and (talk about|turn to|look at|go on to) {np_asked}",
    "=(the topic|the question|this) (is|was) not {np_aside} but {np_asked}",
    "={s_asked}? (i ask because|only because|asking because) (i know|i have just read|somebody told me) {eq_aside}",
    "=(much|a lot|enough) (was|has been) (written|said) about {np_aside}(,|;|.) (but|now|still,) {s_asked}",
    "={s_asked}? {np_aside} (is another matter|is for another day|is not my question|can be left for later|i know)",
    "=not {s_aside}(,|;|:) (rather|but|instead|the question is) {s_asked}",
    "=(do not|don't) answer this: {s_aside}? (answer this|but answer this|here is the one to answer): {s_asked}",
    "=question one, {s_aside}, (is done|has been answered|is cancelled). question two: {s_asked}",
    "=(whatever|no matter|regardless of|leaving aside) {np_aside}, {s_asked}",
    (
        "=(my list|my paper|the letter) (has|shows|contains) {np_aside}(,|;) (but it lacks|what is missing "
        "is|but not) {np_asked}"
    ),
    (
        "=someone asked {eq_aside} and (got|was given) an answer(.|;) (i ask|now i want to know|my turn: tell "
        "me) {eq_asked}"
    ),
    "={np_asked}! not {np_aside}",
    "=(forget|ignore) what i asked before, {np_aside}, and (find|tell me|get me) {np_asked}",
)
# What is said before a question, with a time that is none of the question's.
BEFORE_OLD = (
    "(today|this morning|now|right now|tonight|just now|yesterday) (i|we) (have|had) (a test|history|homework)",
    "(today|this morning|now|at the moment|tonight|this week) (i|we) (have|had) (a quiz|a talk|school|an exam)",
    "(for|in) (today's|this week's|tomorrow's|tonight's) (lesson|quiz|homework|class|talk|exam)",
    "(i am|we are) (reading|learning|studying|writing) (about it |)(now|today|right now|this week|tonight)",
    "(the latest|the newest|today's|this morning's) (book|film|page|lesson|paper) (is|was) about {topic}",
    (
        "(today|tonight|tomorrow|right now|this week) (is|there is) (quiz night|our exam|a lecture|my history "
        "test|revision)"
    ),
    (
        "(i have|we have|she has) (ten minutes|an hour|until tonight|until tomorrow) (for my homework|to finish "
        "this essay)"
    ),
    (
        "(just now|a minute ago|this morning|last night|yesterday) (my son|a child|a friend|my neighbour) asked "
        "me something"
    ),
    (
        "(at the moment|currently|these days|lately|this year) (i|we) (read|study|teach|collect) (history|old "
        "books|science)"
    ),
    "(now|today) (i need|we need) (a fact|an old fact|something) for (school|a crossword|my essay|the lesson|a bet)",
    (
        "(i am|we are) (at the museum|in the library|in class|doing a crossword|on a quiz show) (now|right "
        "now|today|tonight)"
    ),
    "(the news|the paper|the radio) (today|this morning|last night) (made me curious|had an old story|had a riddle)",
    "(a new|the latest|this week's) (film|series|podcast|exhibition|school book) (made|makes) me (think|wonder|ask)",
    "(currently|at present|today) (on page one|in chapter two|in the first lesson) of (my book|the course|this guide)",
    "(my exam|the test|the quiz|the lecture) (starts|is) (now|today|soon|tomorrow|in an hour|this afternoon)",
    (
        "(since yesterday|all morning|all week|for an hour now) (i|we) (have puzzled|have argued|wondered) "
        "(over|about) this"
    ),
    "(quick one|one more|last one) (for|before) (today's|tonight's|this evening's) (class|dinner quiz|crossword|exam)",
)
BEFORE_LIVE = (
    "in {old_year} my (father|family|grandmother|school|firm) (was|lived|worked|stayed) in {city}",
    "(i read|we read|he wrote|she told me) about (the year|the war of|the summer of|the king of) {old_year}",
    "(my|this|our) (book|map|list|film|house|table) is (from|of) {old_year}",
    "(long ago|in {old_year}|in the {century}th century) (it|this|that|everything) was (different|better|cheaper|easy)",
    "(the castle|the bridge|this house|our church|the old mill) (was built|burnt down|was founded) in {old_year}",
    "(my grandmother|the founder|this king|an old uncle) (was born|died|ruled|came here) in {old_year}",
    "(last time|the last time) i (asked|looked|was told) was in {old_year}",
    "(i know how it was|i have the numbers|my notes end|the record stops) in {old_year}",
    "(history aside|enough of history|enough of the past|forget the {century}th century|never mind the old days)",
    "(we have just had|i had|after) (history class|a lesson on {old_year}|a talk on the {century}th century)",
    (
        "(in the {century}th century|in the old days|under the romans|a hundred years ago) nobody could "
        "(know|ask|look it up)"
    ),
    "(my encyclopedia|this guide book|the almanac|our atlas) (was printed|appeared|stops|ends) in {old_year}",
    "(i was born|he retired|she moved away|we left) in {old_year} and (lost touch|never looked again|know nothing)",
    "(they used to write letters|people waited for weeks|there was no radio) in {old_year}",
    "(much has changed|everything has changed|a lot has happened) since {old_year}",
)
