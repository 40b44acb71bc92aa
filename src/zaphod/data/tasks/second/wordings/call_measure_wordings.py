"""Ways of asking for timers, other units and sums, for known tools; with the slots of `call_wordings`."""

from __future__ import annotations

TIMER = (
    (
        "<v_start> (me |)(another|one more|a quick|a little|a simple|a kitchen|an egg) (timer|countdown|alarm) (for|"
        "of|over) {amount} {unit}"
    ),
    (
        "<v_start> (a timer|a countdown|an alarm|a clock) that (rings|goes off|ends|beeps|runs out|stops) (in|after) "
        "{amount} {unit}"
    ),
    "<v_start> (a|the) (timer|countdown|clock) (for|of) {amount} {unit} <reason>",
    "<v_start> (a timer|an alarm|the alarm) (for|in) {amount} {unit}, (the <dish> must not burn|<occasion>)",
    "<v_start> the (kitchen timer|egg timer|stopwatch|oven clock|alarm clock) (to|for|on) {amount} {unit}",
    "<v_start> a (timer|countdown)[:|,| -] {amount} {unit}",
    "<v_start> a timer (for|on) the <dish>[:|,| -] {amount} {unit}",
    "<v_start> a countdown from {amount} {unit} (to zero|down to zero|to nothing)",
    "(ring|beep|buzz|signal|call me|wake me|alert me|poke me|nudge me|shout) (in|after) {amount} {unit}",
    "(ring|beep|wake me|call me|tell me|alert me) (in|after) {amount} {unit} <reason>",
    "(ring|beep|buzz|wake me|shout) when {amount} {unit} (are over|have passed|are gone|are up|have gone by)",
    "let {amount} {unit} (pass|go by) and (then |)(ring|beep|call me|tell me)",
    "(let|make) the (alarm|clock|bell|timer|buzzer) (ring|sound|go off|beep) (in|after) {amount} {unit}",
    "(measure|time|clock|count off) {amount} {unit}[ for (me|the <dish>|the race|the game)]",
    "(remind|tell|alert|warn|call) (me|us) (again|) (in|after) {amount} {unit}",
    (
        "(remind|tell|alert|warn) (me|us) in {amount} {unit} (about the <dish>|to stop|to leave|to turn it off|that "
        "it is time)"
    ),
    (
        "(give|allow|grant) (me|us|the kids|the players) {amount} {unit}[,|;|.| and] (then ring|then beep|then call|"
        "start the clock now)"
    ),
    "(watch|mind) the clock and (ring|call me|tell me|shout) (in|after) {amount} {unit}",
    "(keep|hold) the timer running for {amount} {unit}",
    "(program|schedule|configure|arm|activate) (a timer|the timer|an alarm|the countdown) (for|to) {amount} {unit}",
    "(sleep|snooze|pause)[ for|] {amount} {unit}(, then| and) (ring|beep|wake me)",
    "np:(an|a kitchen|one) alarm (in|after) {amount} {unit}",
    "np:(a|one) (short|little|new|kitchen|single) (timer|countdown) (of|for|over) {amount} {unit}",
    "np:a (signal|beep|ring|reminder|wake-up call) (in|after) {amount} {unit}",
    "np:{amount} {unit} (of countdown|counted down|on the timer)",
    "eq:when {amount} {unit} (have passed|have gone by|are up|are finished)",
    "eq:if you can (ring|beep|wake me|remind me) (in|after) {amount} {unit}",
    (
        "=(i want|i need|i would like|we need|we want) (a timer|the timer|an alarm|a countdown) (set |)(for|of|to) "
        "{amount} {unit}[ <reason>]"
    ),
    (
        "=(i want|i need|i would like|we want) (a signal|a beep|an alarm|to be called|to be woken|to be alerted) (in|"
        "after) {amount} {unit}"
    ),
    "=(could|can|may) (i|we) (have|get) (a timer|a countdown|an alarm) (for|of) {amount} {unit}",
    "=(could|can|should) (a timer|the timer|an alarm|the alarm|a countdown) be (set|started) (for|to) {amount} {unit}",
    "=(would|do) you mind (setting|starting) (a timer|the timer|an alarm|the alarm) for {amount} {unit}",
    (
        "=(the|our) (timer|alarm|clock|bell) (must|should|has to|needs to|ought to) (ring|go off|beep) (in|after) "
        "{amount} {unit}"
    ),
    "=(the|a) (timer|countdown) (must|should|has to) be (set|started)(,|:|;) {amount} {unit}",
    "=(timer|alarm|countdown|clock|kitchen timer|stopwatch)[:|,| -] {amount} {unit}",
    (
        "=(unit|units)[:|] {unit}(,|;|.) (amount|number|time)[:|] {amount}(,|;|.) (start|set|go)[ the timer| the "
        "countdown|]"
    ),
    "=a timer in {unit}(:|,) {amount} of them",
    "={unit} on the timer(:|,) {amount}",
    (
        "=(only|just|exactly|another|the usual) {amount} {unit}(,|;|.| -) (start the timer|set the timer|set an "
        "alarm|start the clock|ring then)"
    ),
    (
        "={amount} {unit}(,|;|.| -) (start the timer|set the alarm|start counting|from now|then ring|then wake me|"
        "then beep|on the timer please)"
    ),
    "={amount} {unit} from now[,|:| please] (ring|beep|call me|wake me up|i want an alarm)",
    (
        "={amount} {unit} (and not a second more|sharp|exactly|at most)(,|;|.) (start the timer|set the timer|start "
        "the clock|set an alarm)"
    ),
    (
        "=(in|after) {amount} {unit}[,|] (please |)(ring|beep|shout|wake me|call me|alert us|the alarm must ring|i "
        "want to hear the bell)"
    ),
    (
        "=(in|after) {amount} {unit} the <dish> (must come out|will be ready|will be done|will burn)(.|,|;) (ring "
        "then|set a timer|tell me then)"
    ),
    (
        "=(i put the <dish> in the oven|the <dish> must not burn|the <dish> must come out in time)(.|,|;) (set|"
        "start) (a|the) timer for {amount} {unit}"
    ),
    "=the (oven|stove) is (hot|at 180|at 200|on)(.|,|;) (ring|beep|call me) (in|after) {amount} {unit}",
    (
        "=the (recipe|box|label|cook book|packet) says {amount} {unit}(.|,|;) (set a timer|start the timer|tell me "
        "when it is over)"
    ),
    "=the (doctor|teacher|coach|trainer) said {amount} {unit}(.|,|;) (set|start) (a|the) (timer|clock)",
    (
        "=(the kids|the players|the pupils|the guests) (have|get) {amount} {unit}(.|,|;) (start the clock|ring when "
        "it is over|set a timer)"
    ),
    (
        "=(i am|i'm|grandpa is|the baby is) (taking a nap|going to sleep|lying down|going for a walk)(.|,|;) (wake|"
        "call) (me|us) (in|after) {amount} {unit}"
    ),
    (
        "=(i have|we have|there are) (only |exactly |just |){amount} {unit}( left|)(.|,|;) (count them down|set a "
        "timer|ring at the end|start the countdown)"
    ),
    (
        "=(brushing teeth|a break|the nap|the game|the exam|the speech) (takes|lasts|should last) {amount} {unit}(.|"
        ",|;) (set a timer|start the clock|ring at the end)"
    ),
    "=if i (fall asleep|forget the time|forget the <dish>), (wake me|ring|call me) (in|after) {amount} {unit}",
    (
        "=(my|our) (parking ticket|washing machine|meeting|bus|train) (ends|leaves|runs out|stops) in {amount} "
        "{unit}(.|,|;) (remind me|set a timer|set an alarm)"
    ),
    "=(yo|hey|ok), (timer|alarm|countdown) {amount} {unit} (pls|thx|asap|go)",
    "=(job|to do|todo|task|errand)[:|,| -] (set|start) (a timer|the timer|an alarm|the alarm) for {amount} {unit}",
    "=how about {amount} {unit} on the (clock|timer)",
    "=(do not|don't) let me sleep (longer|more) than {amount} {unit}(.|,|;) (set an alarm|wake me then)",
    "=is it possible to (have|get) an alarm (in|after) {amount} {unit}",
    "=not an alarm clock(,|;|:) a timer[,|:|] {amount} {unit}",
)

CONVERT = (
    "<v_convert> {amount} {source} (to|into) {target} <reason>",
    "<v_convert> (the |these |those |my |about |exactly |the given ){amount} {source} (to|into|in) {target}",
    "<v_convert> {amount} {source} (to|into) {target}, <occasion>",
    "<v_convert> {amount} from {source} (to|into) {target}",
    "<v_convert> from {source} (to|into) {target}[:|,| the (value|amount|number)] {amount}",
    "<v_convert> the (value|amount|quantity|number) of {amount} {source} (to|into|in) {target}",
    "(give|tell|show|get) me {amount} {source} (in|as|expressed in|converted to|written in) {target}",
    "(give|tell|show) me how many {target} (make|make up|correspond to|equal|are the same as) {amount} {source}",
    "(find|work out|calculate|check|reckon|see|look up) how many {target} {amount} {source} (is|are|make|would be)",
    "(find|work out|calculate) the number of {target} in {amount} {source}",
    (
        "(take|given|start with|i give you) {amount} {source} and (convert|change|turn|express) (them|that|it) (to|"
        "into|in) {target}"
    ),
    "(rewrite|restate|say|put|note down|express) {amount} {source} (in|as|using) {target}",
    "np:{amount} {source} (as|converted to|expressed in|changed into|turned into|measured in) {target}",
    "np:the (number|amount|count) of {target} (in|for|that make) {amount} {source}",
    "np:the (conversion|equivalent) of {amount} {source} (to|in|into) {target}",
    "np:(a conversion|the conversion)(:|,| of) {amount} {source} (to|into) {target}",
    "eq:what {amount} {source} (make|come to|would be|amount to|correspond to) in {target}",
    "eq:how many {target} (one gets|you get|i get|there are) (for|from|out of|in) {amount} {source}",
    "eq:how to (write|express|say|convert) {amount} {source} (in|as) {target}",
    "=in {target}[,|:|] (how much|what) (is|are) {amount} {source}",
    "=in {target}[,|:] {amount} {source} (is|are|makes|would be) (what|how many|how much)",
    "=(to|into) {target}(:|,|;) {amount} {source}",
    "={target}(,|?|;|.) (please |)(convert |change |from |){amount} {source}",
    "={target} (from|out of|for) {amount} {source}[?| please|]",
    "=how many {target} (would|will|should|could) {amount} {source} (be|make|give|come to)",
    (
        "=how many {target} (correspond to|equal|are equal to|are the same as|go into|do i get for|do you get from) "
        "{amount} {source}"
    ),
    "=how much (is|are) {amount} {source} (when you say it in|counted in|measured in|given in|expressed in) {target}",
    "=what (would|will|do|does) {amount} {source} (be|make|equal|come to|give|amount to) in {target}",
    "=what (number|amount|value) (of|in) {target} (is|are|equals|makes) {amount} {source}",
    "=(value|amount|number|quantity)[:|] {amount}(,|;|.) from[:|] {source}(,|;|.) to[:|] {target}",
    "=from[:|] {source}(,|;|.) to[:|] {target}(,|;|.) (value|amount|number|quantity)[:|] {amount}",
    "=(convert to|target|wanted|result in)[:|] {target}(,|;|.) (given|value|from|what i have)[:|] {amount} {source}",
    "=given[:|] {amount} {source}(,|;|.) (wanted|needed|find|asked)[:|] {target}",
    (
        "={amount} {source}(,|;|:|.| -) (how many {target}|in {target}[,] please|convert to {target}|what is that in "
        "{target}|i need {target})"
    ),
    "={amount} {source} (expressed|given|written|measured|counted) in {target}",
    "={amount} {source} (makes|are|is|equals|gives|would be) (how many|what in|how much in) {target}",
    "={amount} {source} (must|should|has to|have to|need to) be (converted|changed|turned) (to|into) {target}",
    "={amount} {source} to {target}?",
    (
        "=the (label|book|recipe|sign|form|manual|letter|sheet|teacher) says {amount} {source}(.|,|;) (how many "
        "{target} is that|what is that in {target}|i need it in {target}|convert it to {target})"
    ),
    (
        "=(grandma|the americans|the old book|my boss|the customer) (says|writes|wants|gave me) {amount} {source}(.|"
        ",|;) (i need {target}|in {target} please|what is that in {target}|convert it to {target})"
    ),
    "=(i|we) only (know|understand|use|work in|think in) {target}(.|,|;|:) (how much|what) (is|are) {amount} {source}",
    (
        "=(i|we|you) (measured|counted|got|read|ordered|wrote) {amount} {source}(.|,|;|:) (how many {target} is it|"
        "what is it in {target}|turn it into {target}|but it should be in {target})"
    ),
    (
        "=(suppose|say|if|imagine) (i have|there are|you have|it is) {amount} {source}[,|:] how (many|much in) "
        "{target} is (that|it)"
    ),
    (
        "=if (i|you|we) (turn|change|convert) {amount} {source} into {target}, (what|how many|how much) (do i get|is "
        "it|comes out)"
    ),
    "=(i|we) (need|want|have|would like) to (convert|change|turn|switch) {amount} {source} (to|into) {target}",
    "=(i want|we want|i'd like|i need) {target}, not {source}(:|;|,|.) {amount} {source}",
    "=not {source} but {target}[,] please(:|;) {amount} {source}",
    "=(can|could) {amount} {source} be (converted|changed|expressed|written|turned) (to|into|in) {target}",
    "=(would|do) you mind (converting|changing|turning) {amount} {source} (to|into) {target}",
    "=(can|could|will|would) you (say|tell me|write|put|give me) {amount} {source} in {target}",
    "=(yo|hey|ok), (whats|what's) {amount} {source} in {target}",
    "=(job|to do|todo|task|homework|exercise)[:|,| -] (convert|change|turn) {amount} {source} (to|into) {target}",
    "=(for|because of) (the form|my homework|the customs|the recipe|the doctor) i need {amount} {source} in {target}",
    "=is {amount} {source} (a lot|much|little) in {target}[?|,] how (many|much) is it",
    "=my (ruler|cup|scale|watch|map|clock) (only |)(shows|has|knows) {target}(.|,|;) what is {amount} {source}",
)

TIMES = (
    "<v_reckon> the product of {a} (and|times|by) {b}",
    "<v_reckon> {a} (times|multiplied by|x|*) {b} <reason>",
    "(use|take|get|open) the calculator (and|to) (do|compute|multiply|work out) {a} (times|x|*) {b}",
    "(take|write down) {a} and multiply (it|that) (by|with) {b}",
    "np:the (result|answer|value|product) of {a} (times|x|*|multiplied by) {b}",
    "eq:(what|how much) (you get|comes out|i get|one gets) when {a} is multiplied by {b}",
    (
        "=(what|how much) (comes out|is it|do i get|do we have) (if|when) (i multiply|you multiply|we multiply) {a} "
        "(by|with) {b}"
    ),
    "=(factors|numbers)[:|] {a} and {b}(,|;|.) (multiply|product please|find the product)",
    "={a} (times|x|*|multiplied by) {b}[,] (please|is what|makes how much|equals what|is how much)",
    "=(a room|a field|a yard) is {a} by {b}(.|,|;) multiply (them|that|the two)",
    "={a} times {b} (each|in all|altogether)[,|:] how (many|much) is that",
    "=(calculator|maths|multiply|product|homework)[:|,| -] {a} (times|x|*) {b}",
    "=if (i|you) take {a} times {b}, how much is that",
    "=(can|could) {a} be multiplied by {b}[?|,] (do it|what is it|how much is it)",
    "=(i need|i want|we need|i would like) {a} (times|multiplied by|x) {b}",
    "=(i|we) have to multiply {a} (by|with) {b}",
)

DIVIDE = (
    "<v_reckon> {a} divided by {b} <reason>",
    "<v_reckon> the (quotient|ratio) of {a} (and|to|over) {b}",
    "(use|take|get|open) the calculator (and|to) (do|compute|work out) {a} (/|divided by|over) {b}",
    "(take|write down) {a} and divide (it|that) by {b}",
    "(share|split|divide) {a} (equally |fairly |)(among|between) {b} (people|friends|children|shops)",
    "np:the (result|answer|value) of {a} (divided by|/|over) {b}",
    "np:the (quotient|ratio) of {a} to {b}",
    "eq:(what|how much) (you get|comes out|i get|one gets) when {a} is divided by {b}",
    "eq:how (many times|often) {b} (goes|fits) into {a}",
    "=(what|how much) (comes out|is it|do i get) (if|when) (i divide|you divide|we divide) {a} by {b}",
    "={a} (divided by|/|over) {b}[,] (please|is what|makes how much|equals what|is how much)",
    "={b} (people|friends|children|heirs) share {a} (equally|fairly)(.|,|;) how much (is it|does one get|for each)",
    "=how much (does each|does everyone|do they each) get if {b} (people|friends|children) share {a}",
    "=(calculator|maths|divide|division|homework)[:|,| -] {a} (/|divided by|over) {b}",
    "=(dividend: {a}(,|;|.) divisor: {b}|numerator: {a}(,|;|.) denominator: {b})",
    "=(i need|i want|we need|i would like) {a} divided by {b}",
    "=(i|we) have to divide {a} by {b}",
    "=(can|could) {a} be divided by {b}[?|,] (do it|what is it|how much is it)",
    "={a} in {b} equal (parts|shares|heaps|groups)(,|:|;) how (much|big) is one",
    "=what number is {a} over {b}",
)

PERCENT = (
    "<v_reckon> {a}( percent|%| per cent) of {b} <reason>",
    "<v_reckon> (a share|a part|a discount|a tip|a fee|a tax) of {a}( percent|%) (of|on) {b}",
    "(use|take|get|open) the calculator (and|to) (do|compute|work out) {a}( percent|%) of {b}",
    "np:(a|the) (share|tip|fee|tax|discount|interest) of {a}( percent|%) (on|of) {b}",
    "np:the value of {a}( percent|%| per cent) of {b}",
    "eq:(what|how much) {a}( percent|%| per cent) (of|on) {b} (makes|would be|comes to|is)",
    "=(what|how much) (would|will) {a}( percent|%) of {b} (be|come to|make)",
    "={a}( percent|%| per cent) of {b}[,] (please|is what|makes how much|equals what|is how much)",
    "=of {b}[,|] (i want|take|give me|what is|how much is) {a}( percent|%| per cent)",
    "=(from|out of) {b}[,] {a}( percent|%)[ please|, how much is it|, what is that|]",
    "=the (bill|price|sum|rent) is {b}(.|,|;) how much is {a}( percent|%) of (it|that)",
    "={a}( percent|%) of the {b} (people|votes|tickets|pupils) (came|are here|were sold)(.|,|;) how many is that",
    "=the tax is {a}( percent|%)(.|,|;) how much is it on {b}",
    "=(calculator|maths|homework|percent)[:|,| -] {a}( percent|%) of {b}",
    "=(i need|i want|we need|i would like) {a}( percent|%| per cent) of {b}",
    "=(i|we) have to (pay|give|save) {a}( percent|%) of {b}(.|,|;) how much is that",
)

EXPRESSION = (
    "(use|take|get|open) the calculator (and|to) (do|compute|evaluate|solve) {expression}",
    "(type|enter|put|feed) {expression} (into|in) the calculator",
    "(check|simplify|reckon|crunch|tell me|give me) {expression}",
    "<v_reckon> {expression} <reason>",
    "<v_reckon> (this|the following|the sum|the expression|the formula)[:|,] {expression}",
    "<v_reckon> {expression}, <occasion>",
    "np:(the answer to|the solution of|the outcome of|the total of) {expression}",
    "eq:what (comes out of|you get for|one gets from|the result is of) {expression}",
    "eq:how much {expression} (makes|gives|comes to|would be)",
    "=what (do you get for|does the calculator say to|comes out of|is the answer to|is the value of) {expression}",
    "=(expression|formula|calculation|input|exercise|homework|sum)[:|,| -] {expression}",
    "={expression}(,|?|;| -) (please|what is it|how much is it|work it out|calculate that|result please)",
    "={expression} (equals|makes|gives|is) (what|how much)",
    "=(how much|what) (is|would be|makes|gives) {expression}[ exactly|, please| all together|]",
    "=(i|we) (need|want|have|would like) to (calculate|compute|work out|evaluate|know) {expression}",
    "=(can|could) {expression} be (calculated|computed|worked out|evaluated)",
    "=(my|the) (teacher|boss|homework|shopkeeper) (asks|says|wants|has)[:|] {expression}",
    "=(i cannot|i can't|nobody can|my brain cannot) (work out|compute|solve) {expression}",
)

PLUS = (
    "<v_reckon> {a} (plus|+) {b} <reason>",
    "(use|take|open) the calculator (and|to) (add|sum up) {a} and {b}",
    "(take|write down) {a} and add {b}[ to it]",
    "np:the (sum|total) of {a} (and|plus) {b}",
    "eq:(what|how much) {a} (plus|and) {b} (make|makes|come to|comes to)[ together]",
    "=(calculator|maths|add|sum|homework)[:|,| -] {a} (plus|+) {b}",
    "=(i need|i want|we need) {a} (plus|+) {b}",
    "=(can|could) {a} and {b} be added[ up|]",
    "={a} (plus|+) {b}[,] (please|is what|makes how much|equals what)",
)

MINUS = (
    "<v_reckon> {a} (minus|-) {b} <reason>",
    "(use|take|open) the calculator (and|to) subtract {b} from {a}",
    "(take|write down) {a} and (subtract|take away) {b}[ from it]",
    "np:the result of {a} (minus|-) {b}",
    "eq:(what|how much) {a} minus {b} (makes|gives|is|comes to)",
    "eq:how much (is left|remains) of {a} (without|less|after taking away) {b}",
    "=(calculator|maths|subtract|homework)[:|,| -] {a} (minus|-) {b}",
    "=(i need|i want|we need) {a} (minus|-) {b}",
    "=(can|could) {b} be subtracted from {a}[?|,] (do it|what is left|how much is it)",
    "={a} (minus|-) {b}[,] (please|is what|makes how much|equals what)",
)
