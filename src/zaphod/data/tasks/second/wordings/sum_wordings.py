"""Ways of asking for sums, by operation, and for several operations in a row; phrases only, with {a} and {b} open."""

from __future__ import annotations

from zaphod.data.tasks import arithmetic
from zaphod.data.tasks.second.grammar import Grammar
from zaphod.data.tasks.second.wordings import product_stories, sum_rules, sum_stories

RULES = sum_rules.RULES
GRAMMAR = Grammar(RULES)

FRAMES: dict[str, tuple[str, ...]] = {
    "+": (
        *arithmetic.WORDINGS["+"].seen,
        "<v_find> {a} (+|plus) {b}",
        "<v_find> the (sum|total) of {a} and {b}",
        "<v_find> (the result of adding|what you get by adding|what comes from adding) {a} (and|to) {b}",
        "<sum_up> {a} (and|with) {b}",
        "(add|join|put) {b} (to|onto) {a}",
        "(put|tack|pile|stick|throw|lay) {b} (on top of|onto|on) {a}",
        "(count|go|move|step|climb) (up|on|further|forward) (by {b} from {a}|{b} from {a}|from {a} by {b})",
        "(start|begin) (at|from|with) {a} and (go up|add|count up|put on|climb) {b}",
        "(push|bump|move|turn|bring) {a} up by {b}",
        "(raise|increase|lift|grow|enlarge|extend|boost|augment) {a} by {b}",
        "top (up {a} with {b}|{a} up by {b})",
        "let {a} (grow|rise|increase) by {b}[ and say what it is| and tell me the result]",
        "(use|do|try|perform) (addition on {a} and {b}|the addition {a} (+|plus) {b})",
        "(find|name|say|tell me) the number (that is|which is) {b} (more|bigger|higher|larger|greater) than {a}",
        "take {a} and (add|put) {b}[ to it| on top]",
        "(make|form) (a|the) (sum|total) (of|from|out of) {a} and {b}",
        "np:{a} (+|plus|and|added to) {b}",
        "np:the (sum|total|grand total|sum total) of {a} and {b}",
        "np:the (result|answer|outcome|value) (of adding|when adding|of the addition of) {a} and {b}",
        "np:the number (that is |){b} (more than|above|greater than|higher than|larger than) {a}",
        "np:{a} (with {b} added[ to it]|together with {b}|increased by {b})",
        "np:(a|the) (total|sum) (for|from) {a} and {b}",
        "eq:(what|how much) {a} (+|plus|and) {b} (is|makes|gives|comes to)",
        "eq:what (you get|i get|comes out|the result is) (if|when) {a} is added to {b}",
        "eq:what {a} and {b} (add up|come|amount|sum up) to[ <in_all>]",
        "eq:what {a} (becomes|turns into|is) (if|when|after) (i|you|we) add {b}[ to it]",
        "eq:(which|what) number is {b} (more|greater|larger|higher) than {a}",
        "eq:how much {a} and {b} (make|are|come to|give) <in_all>",
        "eq:where (you (end|land) if you|i (end|land) when i) start at {a} and go {b} (up|forward|further)",
        "eq:how much (it is|that makes|there is) when {a} (grows|rises|increases|goes up) by {b}",
        "={a} (+|plus) {b}[ =| = ?| is| makes| gives|, what is it]",
        "={a} (plus|and|+) {b}, (what|how much) (is that|does that make|is it)",
        "=(what|how much) (is|are|makes|make|gives|do you get for) {a} (+|plus|and|added to) {b}",
        "=(sum|addition|add|plus)[:|,] {a} (and|,|+) {b}",
        "={b} more than {a}[ is| is what| is which number| =]",
        "={a} increased by {b}",
        "=(if|when) {a} (comes|is added|is put) to {b}, what is the result",
        (
            "={a}[,] (and another|and a further|with an extra|plus an extra|plus another|and on top) {b}[, (what|how "
            "much) is that]"
        ),
        (
            "=(let x be {a} and y be {b}|x = {a}, y = {b}|say x is {a} and y is {b}), (what is x + y|find x plus y|x +"
            " y = ?)"
        ),
        "=(do|will|would) {a} and {b} (add up to|make|come to|give) what",
        "=(the sum of|the total of|adding) {a} and {b} (is|equals|would be|gives|makes|comes to)[ what]",
        (
            "={a} (goes|went|moves|moved|climbs|rises|rose|shot) up by {b}[,|.|;] (what is it now|what does it "
            "become|new value|where is it now|what now)"
        ),
        (
            "={a} (and |, |){b}(,|:|;) (add them|add them up|sum them|please add|add em up|to be added|sum "
            "please|total please)"
        ),
        (
            "=(i|you) (typed|type|enter|key in) {a}, then (press |)plus, then {b}(, |. )what (shows|appears|is on the "
            "display)"
        ),
        "=(my|the) (calculator|phone|abacus) (is broken|died|is dead|is gone|is lost), what is {a} (+|plus) {b}",
        "=(homework|maths|exam|test|exercise|sum|problem)[:|,|.] {a} (+|plus) {b}",
        "=my (son|daughter|pupil|brother) (asks|wants to know|must learn|cannot do) {a} (+|plus) {b}",
        "=what (must|do|should|can) i write (after|behind) {a} (+|plus) {b} =",
        "=if (you|i|we) (had|put|took) {a} and (then |)added {b}, (what|how much) would (it|that) (be|make)",
        "=adding {b} to {a} (gives|makes|yields|results in|leads to|brings)[ what| which number| how much]",
        "={a} and {b} (makes|make|are|is) (how much|how many|what)[ <in_all>]",
        "=what (is|comes|lies) {b} (beyond|above|higher than|more than|on top of) {a}",
        "=to {a} (add|join|put) {b}[ and (tell me|say) (the result|what you get)]",
        (
            "=(when|if|suppose) {b} is (added to|put on|joined to|counted onto) {a}, (what|how much) (is it|comes "
            "out|have we)"
        ),
        "=how (much|big|high|large) is {a} (with {b} added|after adding {b}|when {b} come on top|raised by {b})",
        "=what (number |)do (i|you|we) (reach|get to|arrive at) (by|when) (counting|going) {b} (up|on) from {a}",
        "=(is there|do you have|have you) a (result|total|sum) for {a} (plus|+) {b}",
        "=can {a} and {b} be (added|summed up|put together), and (what|how much) is it",
        "={a} , {b} , (sum|total|plus|together|in all) ?",
        "=i (always forget|keep forgetting|never remember|do not know) (what|how much) {a} (plus|+) {b} is",
        *sum_stories.ADDING,
    ),
    "-": (
        *arithmetic.WORDINGS["-"].seen,
        "<v_find> {a} (-|minus|less) {b}",
        "<v_find> the difference (of|between) {a} and {b}",
        "<v_find> (the result of taking|what you get by taking|what is left after taking) {b} from {a}",
        "(take|subtract|remove|deduct|take away|strip|draw|knock) {b} (from|off) {a}",
        "(cut|chop|slice|shave|clip|strike) {b} off {a}",
        "(count|go|move|step|climb) (down|back|backwards) (by {b} from {a}|{b} from {a}|from {a} by {b})",
        "(start|begin) (at|from|with) {a} and (go down|take away|count back|subtract|drop) {b}",
        "(push|bump|turn|bring|mark) {a} down by {b}",
        "(reduce|lower|decrease|cut|shrink|diminish|lessen|shorten) {a} by {b}",
        "let {a} (shrink|fall|drop|sink|decrease) by {b}[ and say what it is| and tell me the result]",
        "(use|do|try|perform) (subtraction on {a} and {b}|the subtraction {a} (-|minus) {b})",
        "(find|name|say|tell me) the number (that is|which is) {b} (less|smaller|lower) than {a}",
        "take {a} and (subtract|remove|take away) {b}[ from it|]",
        "(find|say|name|tell me) what (must be|has to be|should be|is to be) added to {b} to (get|make|reach|give) {a}",
        "(compare|set) {a} with {b} and say how much (bigger|more|larger|higher) (it|the former) is",
        "(fill|complete): {b} + ? = {a}",
        "np:{a} (-|minus|less) {b}",
        "np:the difference (of|between) {a} and {b}",
        "np:the (result|answer|outcome|value) (of|when) (taking|subtracting|removing) {b} from {a}",
        "np:the number (that is |){b} (less than|below|smaller than|lower than|under) {a}",
        "np:{a} (with {b} taken away|without {b}|decreased by {b}|lessened by {b}|less {b}|reduced by {b})",
        "np:(what is left of|the rest of|the remainder of) {a} after (taking|removing|losing|spending) {b}",
        "np:the (gap|distance|way|step) (from {b} up to|up from {b} to) {a}",
        "np:the missing number in {b} + ? = {a}",
        "eq:(what|how much) {a} (-|minus|less) {b} (is|makes|gives|leaves)",
        "eq:what (is left|remains|the rest is) (if|when) {b} is (taken|subtracted) from {a}",
        "eq:what {a} (becomes|turns into|is) (if|when|after) (i|you|we) (take away|subtract|remove) {b}",
        "eq:(which|what) number is {b} (less|smaller|lower) than {a}",
        "eq:how much (more|bigger|larger|higher) {a} is than {b}",
        "eq:how (much|many) (i|you|we) (must|have to|should) add to {b} to (get|reach|make) {a}",
        "eq:where (you (end|land) if you|i (end|land) when i) start at {a} and go {b} (down|back|backwards)",
        "eq:how much (it is|is left|there is) when {a} (shrinks|falls|decreases|goes down) by {b}",
        "eq:by how much {a} (exceeds|is bigger than|beats|is above|is more than) {b}",
        "={a} (-|minus) {b}[ =| = ?| is| makes| gives|, what is it]",
        "={a} (minus|less|take away|-) {b}, (what|how much) (is that|does that leave|is it)",
        "=(what|how much) (is|are|makes|gives|do you get for) {a} (-|minus|less) {b}",
        "=(difference|subtraction|subtract|minus)[:|,] {a} (and|,|-) {b}",
        "={a} (reduced|lowered|decreased) by {b}",
        "={b} less than {a}[ is| is what| is which number| =]",
        "=how many more[ <item>] (is|are) {a}[ <item>] than {b}",
        "=how much (less|smaller|lower|fewer) (is|are) {b} than {a}",
        "=(if|when) {b} (is taken|goes|is removed) from {a}, what is the result",
        "={a}[,] (take away|take off|but without|less|lose|remove|deduct) {b}[, (what|how much) is (that|left)]",
        (
            "=(let x be {a} and y be {b}|x = {a}, y = {b}|say x is {a} and y is {b}), (what is x - y|find x minus y|x "
            "- y = ?)"
        ),
        "=(the difference of|the difference between) {a} and {b} (is|equals|would be|comes to)[ what]",
        (
            "={a} (goes|went|moves|moved|came|slid|comes) down by {b}[,|.|;] (what is it now|what does it become|new "
            "value|where is it now|what now)"
        ),
        (
            "=(from|off|out of) {a} (take|remove|subtract|deduct|draw|cut) {b}[ and (tell me|say) (the result|what is "
            "left)]"
        ),
        "={b} (from|off|out of) {a} (leaves|is|makes|gives)[ what| how much| how many]",
        "=(taking|subtracting|removing|deducting) {b} from {a} (gives|makes|yields|leaves|leads to)[ what| how much]",
        "=(what|which number) (plus|and|added to) {b} (is|makes|gives|equals) {a}",
        "={b} (plus|and|+) (what|which number|how much|how many) (is|makes|gives|equals) {a}",
        "={b} + ? = {a}",
        "=(x + {b} = {a}|{b} + x = {a}|if x + {b} = {a})(, |. |; )(what is x|find x|x = ?|solve for x)",
        "=how (far|much|many) (is it|more is it|is missing) from {b} (up |)to {a}",
        (
            "=(i|you) (typed|type|enter|key in) {a}, then (press |)minus, then {b}(, |. )what (shows|appears|is on the"
            " display)"
        ),
        "=(my|the) (calculator|phone|abacus) (is broken|died|is dead|is gone|is lost), what is {a} (-|minus) {b}",
        "=(homework|maths|exam|test|exercise|sum|problem)[:|,|.] {a} (-|minus) {b}",
        "=my (son|daughter|pupil|brother) (asks|wants to know|must learn|cannot do) {a} (-|minus) {b}",
        "=what (must|do|should|can) i write (after|behind) {a} (-|minus) {b} =",
        (
            "=if (you|i|we) (had|took) {a} and (then |)(subtracted|took away|removed) {b}, (what|how much) would (it "
            "be|be left)"
        ),
        "=what (is|comes|lies) {b} (below|under|lower than|less than) {a}",
        "=(when|if|suppose) {a} (loses|gives away|drops|is robbed of|is short of) {b}, (what|how much) is left[ of it]",
        "=how (much|big|high|large) is {a} (without {b}|after losing {b}|with {b} taken off|when {b} are cut off)",
        ("=what (number |)do (i|you|we) (reach|get to|arrive at) (by|when) (counting|going) {b} (down|back) from {a}"),
        "=(is there|do you have|have you) a (result|difference) for {a} (minus|-) {b}",
        "=i (always forget|keep forgetting|never remember|do not know) (what|how much) {a} (minus|-) {b} is",
        *sum_stories.TAKING,
    ),
    "*": (
        *arithmetic.WORDINGS["*"].seen,
        "<v_find> {a} (*|x|times|multiplied by) {b}",
        "<v_find> the product (of|from) {a} and {b}",
        (
            "<v_find> (the result of multiplying|what you get by multiplying|what comes from multiplying) {a} "
            "(and|by|with) {b}"
        ),
        "multiply {a} (by|and|with) {b}",
        "multiply (together |up |)(the numbers |these: |){a} and {b}",
        "(scale|scale up|blow up|magnify|enlarge) {a} (by a factor of|by the factor) {b}",
        "(take|count|use|lay down|write) {a} {b} times[ over| and add it all up| and sum it up]",
        "(add|sum) {a} to itself so that it (is there|appears|stands there) {b} times",
        "(add up|sum up|put together) {b} (lots|copies|heaps|sets|portions) of {a}",
        "(use|do|try|perform) (multiplication on {a} and {b}|the multiplication {a} (*|x|times) {b})",
        "(find|name|say|tell me) the number (that is|which is) {b} times (as big as|as large as|as much as) {a}",
        "take {a} and (multiply|multiply it|times it) by {b}",
        "(make|form) the product (of|from|out of) {a} and {b}",
        "(let {a} grow|grow {a}|increase {a}|raise {a}) {b}-fold",
        "times {a} by {b}",
        "np:{a} (*|x|times|multiplied by) {b}",
        "np:the product of {a} and {b}",
        "np:the (result|answer|outcome|value) of multiplying {a} (and|by|with) {b}",
        "np:the number (that is |){b} times (as big as|as large as|as much as) {a}",
        "np:{b} times (the number |the amount |the value |){a}",
        "np:the {b}-fold of {a}",
        "np:the total of {b} (lots|sets|groups|packs) of {a}",
        "eq:(what|how much) {a} (*|x|times|multiplied by) {b} (is|makes|gives)",
        "eq:what (you get|i get|comes out|the result is) (if|when) {a} is multiplied (by|with) {b}",
        "eq:what {a} (becomes|turns into|is) (if|when|after) (i|you|we) multiply it by {b}",
        "eq:(which|what) number is {b} times (as big as|as large as|as much as) {a}",
        "eq:how (much|many) {b} (times|lots of|groups of|sets of) {a} (make|are|come to|give)",
        "eq:how much (it is|that makes|there is) when {a} (is there|is taken|is counted|comes) {b} times",
        "={a} (*|x|times) {b}[ =| = ?| is| makes| gives|, what is it]",
        "={a} times {b}, (what|how much) (is that|does that make|is it)",
        "=(what|how much) (is|makes|gives|do you get for) {a} (*|x|times|multiplied by) {b}",
        "=(product|multiplication|multiply|times)[:|,] {a} (and|,|*) {b}",
        "={a} taken {b} times",
        "=(if|when) {a} is multiplied by {b}, what is the result",
        "={b} (times|lots of|sets of|groups of|copies of) {a}[ is| are| make| gives][ what| how much| how many]",
        (
            "=(let x be {a} and y be {b}|x = {a}, y = {b}|say x is {a} and y is {b}), (what is x * y|find x times y|x "
            "* y = ?)"
        ),
        "=(let x be {a}|x = {a}|if x is {a})(, |; )(what is {b}x|find {b} times x|what is x times {b}|{b} * x = ?)",
        "=(the product of|multiplying) {a} and {b} (is|equals|would be|gives|makes|comes to)[ what]",
        "={a} and {b}(,|:|;) (multiply them|times them|their product|to be multiplied|product please|multiplied)",
        (
            "=(i|you) (typed|type|enter|key in) {a}, then (press |)times, then {b}(, |. )what (shows|appears|is on the"
            " display)"
        ),
        "=(my|the) (calculator|phone|abacus) (is broken|died|is dead|is gone|is lost), what is {a} (*|x|times) {b}",
        "=(homework|maths|exam|test|exercise|problem)[:|,|.] {a} (*|x|times) {b}",
        "=my (son|daughter|pupil|brother) (asks|wants to know|must learn|cannot do) {a} (*|x|times) {b}",
        "=what (must|do|should|can) i write (after|behind) {a} (*|x|times) {b} =",
        "=if (you|i|we) (had|took) {a} and (then |)multiplied (it |)by {b}, (what|how much) would (it|that) (be|make)",
        "=multiplying {a} (by|with) {b} (gives|makes|yields|results in|leads to|brings)[ what| which number| how much]",
        "={a} and {a} and so on, {b} times[ over| in all](, |. )(what|how much) is (it|that|the sum)",
        "=(when|if|suppose) {b} is multiplied (by|with) {a}, (what|how much) (is it|comes out|have we)",
        "=how (much|big|high|large) is {a} (times {b}|multiplied by {b}|taken {b} times|grown {b}-fold)",
        (
            "={a} (becomes|grew to be|is now|gets) {b} times as (big|much|large|many)[,|.|;] (what is it now|new "
            "value|what now)"
        ),
        "=(factors|the factors are|numbers to multiply)[:] {a} and {b}(, |. )(product|what is the product|result)",
        "={a} , {b} , (product|multiplied|times) ?",
        "=(is there|do you have|have you) a (result|product) for {a} (*|x|times) {b}",
        "=can {a} be multiplied by {b}, and (what|how much) is it",
        "=i (always forget|keep forgetting|never remember|do not know) (what|how much) {a} (*|x|times) {b} is",
        *product_stories.MULTIPLYING,
    ),
}
STEPS_OF_CHAIN = {
    "+": (
        *("add {n}", "plus {n}", "add {n} to it", "{n} more", "put {n} on top", "get {n} more", "increase it by {n}"),
        *("in come {n}", "add another {n}", "{n} come along", "{n} more arrive", "find {n}", "find {n} more"),
        *("buy {n}", "buy {n} more", "receive {n}", "earn {n}", "win {n}", "gain {n}", "pick up {n}", "collect {n}"),
        *("gather {n} more", "raise it by {n}", "go up by {n}", "go up {n}", "it grows by {n}", "it rises by {n}"),
        *("pay in {n}", "deposit {n}", "save {n}", "save another {n}", "put {n} in", "put {n} to it", "bring in {n}"),
        *("{n} join", "{n} others join", "{n} are added", "{n} get on", "{n} come in", "{n} enter", "{n} are born"),
        *("{n} new arrivals", "another {n} turn up", "{n} on top", "{n} extra", "an extra {n}", "another {n}"),
        *("step up {n}", "climb {n}", "climb {n} higher", "move forward {n}", "go {n} further", "count up {n}"),
        *("top it up by {n}", "top up with {n}", "boost it by {n}", "lift it by {n}", "make it {n} bigger"),
        *(
            "make it {n} more",
            "sum it with {n}",
            "join {n} to that",
            "throw in {n}",
            "throw in {n} more",
            "pour in {n}",
        ),
        *("adding {n}", "and add {n}", "+ {n}", "order {n} more", "stock up by {n}", "{n} are delivered", "gained {n}"),
        *("bought {n}", "found {n} more", "got {n}", "got another {n}", "won {n}", "{n} came", "{n} arrived"),
        *("{n} were added", "borrow {n}", "i am given {n}", "someone gives me {n}", "someone brings {n}", "score {n}"),
        *("{n} points up", "{n} are put in", "it gets {n} more", "it goes up by {n}", "it becomes {n} higher"),
        *("hire {n}", "plant {n} more", "bake {n} more", "catch {n}", "inherit {n}", "load {n}", "load {n} more"),
    ),
    "-": (
        *("subtract {n}", "minus {n}", "take away {n}", "take {n} away", "lose {n}", "give away {n}", "{n} less"),
        *(
            "decrease it by {n}",
            "take off {n}",
            "take {n} off",
            "take {n} from it",
            "subtract {n} from it",
            "remove {n}",
        ),
        *("deduct {n}", "knock off {n}", "cut {n} off", "cut it by {n}", "reduce it by {n}", "lower it by {n}"),
        *(
            "go down by {n}",
            "go down {n}",
            "it falls by {n}",
            "it drops by {n}",
            "it shrinks by {n}",
            "it sinks by {n}",
        ),
        *("pay {n}", "spend {n}", "pay out {n}", "withdraw {n}", "draw out {n}", "sell {n}", "sell {n} of them"),
        *("give {n} away", "give {n} to a friend", "hand over {n}", "hand out {n}", "give back {n}", "lend out {n}"),
        *("throw away {n}", "throw {n} out", "drop {n}", "break {n}", "use {n}", "use up {n}", "eat {n}", "waste {n}"),
        *("donate {n}", "{n} leave", "{n} of them leave", "{n} go away", "{n} go home", "{n} get off", "{n} disappear"),
        *(
            "{n} are lost",
            "{n} are sold",
            "{n} are taken away",
            "{n} are stolen",
            "{n} break",
            "{n} die",
            "{n} fly off",
        ),
        *("{n} are removed", "{n} fall off", "{n} get lost", "{n} fewer", "{n} off", "without {n}", "step down {n}"),
        *("move back {n}", "go {n} back", "go back by {n}", "count back {n}", "count down {n}", "climb down {n}"),
        *("make it {n} smaller", "make it {n} less", "shorten it by {n}", "pour out {n}", "take out {n}", "- {n}"),
        *("subtracting {n}", "lost {n}", "sold {n}", "spent {n}", "gave away {n}", "gave {n} back", "threw out {n}"),
        *("{n} went away", "{n} were sold", "{n} ran off", "someone takes {n}", "someone steals {n}", "fire {n}"),
        *(
            "hand back {n}",
            "burn {n}",
            "unload {n}",
            "get rid of {n}",
            "send {n} away",
            "it gets {n} less",
            "delete {n}",
        ),
        *("it goes down by {n}", "it becomes {n} lower", "part with {n}", "erase {n}", "let {n} go", "leave out {n}"),
    ),
    "*": (
        *("multiply by {n}", "times {n}", "multiply it by {n}", "take it {n} times", "multiplied by {n}", "* {n}"),
        *("multiply that by {n}", "multiply with {n}", "multiply the result by {n}", "multiply everything by {n}"),
        *("{n} times that", "{n} times as much", "{n} times as many", "{n} times the amount", "{n} times over"),
        *(
            "take that {n} times",
            "make it {n} times as much",
            "make it {n} times as big",
            "make that {n} times as many",
        ),
        *(
            "scale it by {n}",
            "scale up by a factor of {n}",
            "by a factor of {n}",
            "grow it {n}-fold",
            "all of it {n} times",
        ),
        *("increase it {n}-fold", "it grows {n}-fold", "it becomes {n} times as much", "it becomes {n} times as big"),
        *("the whole {n} times", "count it {n} times", "{n} lots of that", "{n} such lots", "have {n} times that"),
        *(
            "use the factor {n}",
            "apply a factor of {n}",
            "times it by {n}",
            "the product with {n}",
            "multiplying by {n}",
        ),
        *(
            "multiplied it by {n}",
            "took it {n} times",
            "get {n} times that",
            "x {n}",
            "the lot times {n}",
            "that times {n}",
        ),
    ),
}
_ASKED = "(what is it|what do you get|what is the result|how much is it|how much is that|what comes out|and the result)"
CHAINS = (
    "(take|start from|begin with|we have|i have|let us take|from) {a}, {steps}",
    "{a}, {steps}",
    "{a}(:|.) {steps}. (what is it|what do you get|what is the result|how much is it|and the result|what is left)",
    "(what is|what do you get from|how much is|compute|calculate|work out|tell me) {a}, {steps}",
    "(i|we) (have|had) {a}, (then|now) {steps}. how many are there",
    "<teller> had {a} <item>, (then|and) {steps}. (how many|what) (are there|is left|remain|is it now)",
    "(if|when) (i|you) (have|take|start with) {a} and {steps}, (what|how much) (is it|is left|do i get)",
    "(start|begin|set out|set off|commence) (at|from|with) {a}(.|,|:|;) {steps}[. " + _ASKED + "]",
    "(starting|beginning|counting|going on) (from|at|with) {a}(,|:) {steps}",
    "(the start|the beginning|the starting number|the opening value) is {a}(,|.|:) {steps}[. " + _ASKED + "]",
    "(start|base|initial value|beginning|opening balance|before)[:] {a}. (steps|changes|moves|then|after): {steps}",
    "(my|the|our) (account|balance|purse|till|piggy bank) (has|holds|shows) {a}[ <money>]. {steps}. how much is in it",
    "there (are|were) {a} <people> <at>; {steps}. how many (are there|are there now|is that)",
    "there (are|were) {a} <item>[ <at>]. {steps}[.|,|;] (how many now|how many are there|what is the number then)",
    "(a|the) (bus|train|ship|tram|ferry) with {a} <people>: {steps}. how many (are on board|travel on|is that)",
    (
        "(the|our) (shop|warehouse|store|kitchen|library) has {a} <item>. {steps}. (what is the stock|how many are "
        "there)[ now]"
    ),
    "(think of|imagine|picture|suppose you have|say we have|assume) {a}(.|,|;) {steps}. " + _ASKED,
    (
        "i (think of|have in mind|write down|thought of|pick) {a}. {steps}. (what number is it|which number do i "
        "get|what now)"
    ),
    (
        "(the|my) (counter|meter|score|level|number|register|value) (is|stands|starts) at {a}; {steps}. where "
        "does it end"
    ),
    "(do|perform|work through|carry out|follow) (this|these steps|the following|it in order): {a}, {steps}",
    "(step by step|in this order|in order|in turn|slowly): {a}, {steps}",
    "do this (to|with) {a}: {steps}[. " + _ASKED + "]",
    "(what happens to|what becomes of|what do i make of) {a} (after this|when this is done)(:|,) {steps}",
    "(what|how much) (is|do i have|do i get|comes out) if i (start with|begin with|have|take) {a}, {steps}",
    "{steps}, (starting|beginning|all of it starting) (from|at|with) {a}[. " + _ASKED + "]",
    "{steps}. (the start is|i started with|start with|it all begins at) {a}[. " + _ASKED + "]",
    "take the number {a}. {steps}. (tell me|say|what is|give me|write down) the (result|end|final number)",
    "(can|could|would) you (take|start from|begin with) {a}, {steps}[, and tell me the result]",
    "(please |)(compute|reckon|figure out|find out|solve|calculate)[:] {a} (and then|then|,|and) {steps}",
    "{a} (and then|and|then|after that|..) {steps} (is|makes|gives|equals|=)[ what| how much]",
    "{a} (to begin with|at the start|to start with|in the morning)(,|.|;) {steps}[. " + _ASKED + "]",
    "(in the beginning|originally|this morning) (there were|it was|i had|we had|she had) {a}, then {steps}",
    (
        "i (begin|start) the (day|week|game|month) with {a}[ <money>| points]. {steps}. (what do i end with|how much "
        "is left)"
    ),
    "<person> (begins|starts) with {a} <item>. {steps}. how many (does that leave|are there in the end|is that)",
    "<person> (has|had|owns) {a}. {steps}. (what|how much) is there (in the end|at last|now|finally)",
    (
        "(in the game|on the board|in this level) i (have|am at|stand at) {a}. {steps}. (my score|where am i|what is "
        "it now)"
    ),
    "(a|the) (tank|barrel|pool|jar|box|basket) (has|holds|contains) {a}[ <volume>]. {steps}. (how much|what) is in it",
    "(a|the) (flock|herd|swarm|group) of {a} <beasts>. {steps}. how many (are there|is that|are there then)",
    (
        "(a|the) (village|class|club|team|choir) (has|counts|had) {a} (people|members). {steps}. how many (is that|are"
        " there)"
    ),
    (
        "(the|today's) temperature is {a}[ degrees]; {steps}. (how warm is it|what does the thermometer show|what is "
        "it then)"
    ),
    (
        "(i am|we are|he is|she is) (at|on) (floor|page|step|square|number|level) {a}. {steps}. (where is that|which "
        "is it then)"
    ),
    "(homework|exercise|puzzle|riddle|question|problem)[:] {a}, {steps}[. " + _ASKED + "]",
    "(my|the) (teacher|boss|son|friend) (says|said|writes): {a}, {steps}. " + _ASKED,
    "let x be {a}. {steps}. (what is x|what is x now|x = ?|find x)",
    "(x|n|y|total|sum) = {a}; {steps}; (what is it now|print it|show it|value)",
    "{a} .. {steps} .. (what now|result|so|and|total)",
    "(in the end|finally|after all this)[,] (how many|how much|what) is it: {a}, {steps}",
    "(keep|hold|remember|store) {a}[ in mind]. {steps}. (what have you got|what is it now|say the result)",
    "(enter|type|key in|dial) {a}, {steps}, (what shows|what does the display say|press enter|read it out)",
    "from {a} (we|you|i|they) go on: {steps}[. " + _ASKED + "]",
)
