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
)
# What is said before a question, with a time that is none of the question's.
BEFORE_OLD = (
    "(today|this morning|now|right now|tonight|just now|yesterday) (i|we) (have|had) (a test|history|homework)",
    "(today|this morning|now|at the moment|tonight|this week) (i|we) (have|had) (a quiz|a talk|school|an exam)",
    "(for|in) (today's|this week's|tomorrow's|tonight's) (lesson|quiz|homework|class|talk|exam)",
    "(i am|we are) (reading|learning|studying|writing) (about it |)(now|today|right now|this week|tonight)",
    "(the latest|the newest|today's|this morning's) (book|film|page|lesson|paper) (is|was) about {topic}",
)
BEFORE_LIVE = (
    "in {old_year} my (father|family|grandmother|school|firm) (was|lived|worked|stayed) in {city}",
    "(i read|we read|he wrote|she told me) about (the year|the war of|the summer of|the king of) {old_year}",
    "(my|this|our) (book|map|list|film|house|table) is (from|of) {old_year}",
    "(long ago|in {old_year}|in the {century}th century) (it|this|that|everything) was (different|better|cheaper|easy)",
)
