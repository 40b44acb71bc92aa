"""Ways of asking for sums, by operation, and for several operations in a row; phrases only, with {a} and {b} open."""

from __future__ import annotations

from zaphod.data.tasks import arithmetic
from zaphod.data.tasks.second.grammar import Grammar

RULES = {
    "v_find": (
        "compute",
        "calculate",
        "work out",
        "tell me",
        "find",
        "evaluate",
        "solve",
        "figure out",
        "determine",
        "do",
        "give me",
    ),
    "v_plus": ("add", "sum up", "sum", "count up", "total up", "combine", "join", "put together"),
    "who": (
        "i",
        "we",
        "she",
        "he",
        "anna",
        "tom",
        "my mother",
        "the farmer",
        "the school",
        "the shop",
        "a child",
        "you",
    ),
    "has": ("have", "has", "had", "own", "owns", "keep", "keeps", "hold", "holds"),
    "v_gets": (
        "gets",
        "get",
        "buys",
        "buy",
        "finds",
        "find",
        "receives",
        "earns",
        "collects",
        "wins",
        "picks up",
        "adds",
    ),
    "v_loses": (
        "loses",
        "lose",
        "sells",
        "sell",
        "gives away",
        "give away",
        "eats",
        "spends",
        "drops",
        "breaks",
        "throws out",
    ),
    "thing": (
        "apples",
        "coins",
        "books",
        "stamps",
        "cards",
        "eggs",
        "tickets",
        "stones",
        "pens",
        "boxes",
        "sheep",
        "points",
        "euros",
        "balls",
    ),
    "holder": (
        "boxes",
        "bags",
        "rows",
        "shelves",
        "packets",
        "crates",
        "trays",
        "tables",
        "teams",
        "buses",
        "pages",
        "groups",
    ),
}
GRAMMAR = Grammar(RULES)

FRAMES: dict[str, tuple[str, ...]] = {
    "+": (
        *arithmetic.WORDINGS["+"].seen,
        "<v_find> {a} (+|plus) {b}",
        "<v_find> the (sum|total) of {a} and {b}",
        "<v_plus> {a} (and|to|with) {b}",
        "np:{a} (+|plus|and|added to) {b}",
        "np:the (sum|total) of {a} and {b}",
        "eq:(what|how much) {a} (+|plus|and) {b} (is|makes|gives|comes to)",
        "eq:what (you get|i get|comes out|the result is) (if|when) {a} is added to {b}",
        "={a} (+|plus) {b}[ =| = ?| is| makes| gives|, what is it]",
        "={a} (plus|and|+) {b}, (what|how much) (is that|does that make|is it)",
        "=(what|how much) (is|are|makes|make|gives|do you get for) {a} (+|plus|and|added to) {b}",
        "=(sum|addition|add|plus)[:|,] {a} (and|,|+) {b}",
        (
            "=<who> <has> {a} <thing> and <v_gets> {b}( more|). how many (are there|<thing> are there|in "
            "total|altogether)[ now]"
        ),
        (
            "=there (are|were) {a} <thing>[ in one box], then {b} (more |)(come|came|are added|arrive|in "
            "another). how many (are there|altogether|in total|now)"
        ),
        "={a} <thing> and {b} <thing> are how many[ <thing>]",
        (
            "=(one|the first) (box|bag|shop|class) has {a} <thing>, the other (has |){b}. how many "
            "(together|in all|in total)"
        ),
        (
            "=it costs {a}( euros| dollars|) and {b}( more|) for (delivery|taxes|the rest). (how much|what) "
            "(is that|do i pay)( in all|)"
        ),
        "=(raise|increase|lift|grow) {a} by {b}",
        "={a} more than {b}",
        "={a} increased by {b}",
        "=(if|when) {a} (comes|is added|is put) to {b}, what is the result",
    ),
    "-": (
        *arithmetic.WORDINGS["-"].seen,
        "<v_find> {a} (-|minus|less) {b}",
        "<v_find> the difference (of|between) {a} and {b}",
        "(take|subtract|remove|deduct|take away) {b} from {a}",
        "np:{a} (-|minus|less) {b}",
        "np:the difference (of|between) {a} and {b}",
        "eq:(what|how much) {a} (-|minus|less) {b} (is|makes|gives|leaves)",
        "eq:what (is left|remains|the rest is) (if|when) {b} is (taken|subtracted) from {a}",
        "={a} (-|minus) {b}[ =| = ?| is| makes| gives|, what is it]",
        "={a} (minus|less|take away|-) {b}, (what|how much) (is that|does that leave|is it)",
        "=(what|how much) (is|are|makes|gives|do you get for) {a} (-|minus|less) {b}",
        "=(difference|subtraction|subtract|minus)[:|,] {a} (and|,|-) {b}",
        "=<who> <has> {a} <thing> and <v_loses> {b}. how many (are left|remain|<thing> are left)[ now]",
        (
            "=there (are|were) {a} <thing>, (but|then) {b} (are taken|get lost|break|are sold|fly away|are "
            "eaten). how many (are left|remain)"
        ),
        "=(reduce|lower|decrease|cut|shrink) {a} by {b}",
        "={a} (reduced|lowered|decreased) by {b}",
        "={b} less than {a}",
        "=how many more[ <thing>] is {a} than {b}",
        "=(from|of|out of) {a} <thing>[,] {b} (are gone|are sold|are used). (what|how many) (remain|is left|are left)",
        "=i pay with {a} and it costs {b}. (how much|what) change do i get",
        "=(if|when) {b} (is taken|goes|is removed) from {a}, what is the result",
    ),
    "*": (
        *arithmetic.WORDINGS["*"].seen,
        "<v_find> {a} (*|x|times|multiplied by) {b}",
        "<v_find> the product of {a} and {b}",
        "multiply {a} (by|and|with) {b}",
        "np:{a} (*|x|times|multiplied by) {b}",
        "np:the product of {a} and {b}",
        "eq:(what|how much) {a} (*|x|times|multiplied by) {b} (is|makes|gives)",
        "={a} (*|x|times) {b}[ =| = ?| is| makes| gives|, what is it]",
        "={a} times {b}, (what|how much) (is that|does that make|is it)",
        "=(what|how much) (is|makes|gives|do you get for) {a} (*|x|times|multiplied by) {b}",
        "=(product|multiplication|multiply|times)[:|,] {a} (and|,|*) {b}",
        "=<who> <has> {a} <holder> with {b} <thing> (each|in each|per box). how many <thing>[ are there| is that]",
        "={a} <holder> (of|with|hold) {b} <thing>[ each]. how many[ <thing>] (in all|altogether|in total|are there)",
        "=one costs {a}( euros| dollars|). (what|how much) do {b} cost",
        "={b} people pay {a} each. how much is that",
        "={a} taken {b} times",
        "=(if|when) {a} is multiplied by {b}, what is the result",
    ),
}
STEPS_OF_CHAIN = {
    "+": (
        "add {n}",
        "plus {n}",
        "add {n} to it",
        "{n} more",
        "put {n} on top",
        "get {n} more",
        "increase it by {n}",
        "then come {n}",
    ),
    "-": (
        "subtract {n}",
        "minus {n}",
        "take away {n}",
        "take {n} away",
        "lose {n}",
        "give away {n}",
        "decrease it by {n}",
        "{n} less",
    ),
    "*": ("multiply by {n}", "times {n}", "multiply it by {n}", "take it {n} times"),
}
CHAINS = (
    "(take|start from|begin with|we have|i have|let us take|from) {a}, {steps}",
    "{a}, {steps}",
    "{a}[:|.] {steps}. (what is it|what do you get|what is the result|how much is it|and the result|what is left)",
    "(what is|what do you get from|how much is|compute|calculate|work out|tell me) {a}, {steps}",
    "(i|we) (have|had) {a}, (then|now) {steps}. how many are there",
    "<who> <has> {a} <thing>, (then|and) {steps}. (how many|what) (are there|is left|remain)",
    "(if|when) (i|you) (have|take|start with) {a} and {steps}, (what|how much) (is it|is left|do i get)",
)
