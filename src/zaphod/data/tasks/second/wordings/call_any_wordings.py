"""Ways of asking for a tool of a verb and a noun; phrases only, with the slots of `call_wordings`."""

from __future__ import annotations

# With all arguments; only the last three say values without their names …
ANY_TOOL = (
    "{verb} {the_noun}(,|:| -|;) {values}",
    "{verb} {the_noun} (with|using|for|taking|by means of|on the basis of) {values}",
    "{verb} {the_noun} (with|using) {values} <reason>",
    (
        "{verb} {the_noun} with {values}(,|;|.| -) (<occasion>|and be quick about it|and tell me when it is done|i "
        "am counting on you)"
    ),
    "{verb} {the_noun} (now|today|first|quickly|for (me|us)|right away)(,|:|;) (with|using|use|take) {values}",
    "{verb} {the_noun} (where|such that|so that|provided that|in such a way that) {values_is}",
    "{verb} {the_noun}, {values_is}",
    (
        "{verb} {the_noun}(,|;|.| -) (note that|but mind that|remember,|keep in mind that|that is,|which means|know "
        "that) {values_is}"
    ),
    "{verb} {the_noun}. (use|take|set|choose|i want|it needs|apply|go for|i say) {values}",
    "{verb} {the_noun} and (use|take|set|choose|give it|apply|put in|enter) {values}[, <occasion>|]",
    "{verb} a {noun} with {values}",
    "{verb} a {noun}, {values}",
    "{verb} a {noun} (that has|which has|having|which gets|based on) {values}",
    "{verb} {values_noun}",
    "{verb} {values_noun} <reason>",
    "{verb} it, {the_noun} i mean, with {values}",
    "(do not forget|don't forget|remember) to {verb} {the_noun} (with|using) {values}",
    "(go|come) and {verb} {the_noun} with {values}",
    "(take|look at|go to|find|get) {the_noun} and {verb} it( with|,|:| using) {values}[ <reason>]",
    "(use|take|apply|choose) {values} (and|to|in order to) {verb} {the_noun}[ <reason>]",
    "=with {values}(,| -|, then|, please) {verb} {the_noun}",
    "=with {values}, (please |kindly |now |)(go and |)(have|get) {the_noun} {verbed}",
    "(have|get|see) {the_noun} {verbed}(,| with|:| using) {values}[, <occasion>| <reason>]",
    "(get|have) someone to {verb} {the_noun} with {values}",
    "give {the_noun} a {verb} with {values}",
    "start to {verb} {the_noun}(,|;|:) {values}",
    (
        "=(i want|i need|i would like|we want|we need|i wish|we hope|i intend) to {verb} {the_noun} with {values}[ "
        "<reason>]"
    ),
    "=(i want|i need|i would like|we want) {the_noun} (to be |){verbed} (with|using) {values}[ <reason>]",
    "=(i want|we need|i'd like) {the_noun} (to be |){verbed}(,|;|:) {values_is}",
    "=(can|could|may|should) {the_noun} be {verbed} (with|using) {values}[ <reason>|, <occasion>]",
    "=(can|could|shall) (i|we) {verb} {the_noun} with {values}",
    "=(would|could|will) you (please |kindly |ever so kindly |)(go ahead and |){verb} {the_noun}(,|:|;) {values_is}",
    "=(would you mind|do you mind) if (we|i) {verb} {the_noun} with {values}",
    (
        "=(it would be good|it would be lovely|i would be happy|i should be grateful) if {the_noun} (was|were|could "
        "be) {verbed} with {values}"
    ),
    "={the_noun}(:|,|;| -) (please |){verb}[ it|][,|;|:| with] {values}[. <occasion>]",
    "=(for|about|as to|regarding|concerning) {the_noun}(:|,) {values}(.|,|;) {verb} it",
    "=(for|about|as to|regarding|concerning) {the_noun}[:|,] {verb} it with {values}[ <reason>]",
    "={values_is}(.|,|;| -) (now |so |then |please |){verb} {the_noun}",
    "={values_is}(.|,|;| -) (with that|like this|on these terms), (i want|we need|i'd like) {the_noun} {verbed}",
    "={values}(:|,|;| -) {verb} {the_noun}",
    "={values} for {the_noun}(:|,|;|.) {verb} it",
    "={values} - (with that|with these values|like so), {verb} {the_noun}",
    "=(as |)(customer|boss|owner|parent|guard), i (ask|tell|beg|order) you to {verb} {the_noun} with {values}",
    (
        "=(there is|i have|we have|here is|i found|i bought|i see|you know|we own) {the_noun}(,|;|.) {verb} it (with|"
        "using) {values}"
    ),
    "=(there is|i have|here comes) {the_noun}(,|;|.) {values_is}(,|;|.) {verb} it",
    "={the_noun} (must|should|has to|needs to|ought to|is to|may|shall) be {verbed}(,|;|:) {values_is}",
    "={the_noun} (must|should|has to|is to|can|shall) be {verbed} (with|using|for) {values}[ <reason>|, <occasion>]",
    "={the_noun} (is not|isn't|was never|has not been|still has to be) {verbed}[ yet]. do (it|that) with {values}",
    "={the_noun} (is waiting|waits|is ready|is here|is next) to be {verbed}(,|;|:) {values_is}",
    "=<occasion>(.|,|;|:| -) (please |so |){verb} {the_noun} (with|using) {values}",
    "=<occasion>(.|;|:) {the_noun} (must|should|has to) be {verbed}[,| with|:] {values}",
    "=<occasion>, and {the_noun} is not {verbed}. {values_is}",
    (
        "=(if|when|as soon as) (you can|there is time|nobody objects|it is possible|you are back)[,] {verb} "
        "{the_noun} with {values}"
    ),
    "=if {the_noun} is not {verbed} yet, (please |)(do it|{verb} it) with {values}",
    "=is {the_noun} {verbed}[ yet| already]? if not, {verb} it with {values}",
    "=(who|what) can {verb} {the_noun} (with|using) {values}",
    "=(why not|how about we|what if you|suppose we|let's say we) {verb} {the_noun} with {values}",
    "=(to do|todo|job|task|order|errand|wanted|next step|action)(:| -) {verb} {the_noun}[,|;|:|.| with] {values}",
    "=(to do|todo|job|errand|wanted)(:| -) {the_noun} to be {verbed}[,|;|:|.| with] {values}",
    (
        "=(to do|todo|job|errand|wanted)(:| -) {verb} {noun}(.|;|,) (details|data|settings|values|specification)(:| "
        "-) {values}"
    ),
    (
        "=(details|data|settings|values|specification)(:| -) {values}[.|;] (to do|job|errand|wanted)(:| -) {verb} "
        "{the_noun}"
    ),
    "=1. take {the_noun}. 2. {verb} it with {values}",
    "=(first|step one)[:|,] {verb} {the_noun} with {values}",
    (
        "=i (told|asked|promised|said to) (mum|my boss|the customer|them|everybody) (to|that we would|that i would) "
        "{verb} {the_noun} with {values}"
    ),
    (
        "=(mum|dad|my boss|the customer|the teacher|our neighbour) (asks|wants|told) (me|us|you) to {verb} "
        "{the_noun} with {values}"
    ),
    "=(my boss|the customer|grandma|the law|the contract) (says|demands) that {the_noun} be {verbed} with {values}",
    (
        "=(the best|the right|my favourite|the usual) way to {verb} {the_noun} is with {values}, (so |)(do it|go "
        "ahead|please do that)"
    ),
    "=(yo|hey|ok|dude), {verb} {the_noun} (real quick|asap|thx|pls)(,|:|;) {values}",
    (
        "=(dear sir or madam|good day|to whom it may concern)[,|:] (please |kindly ){verb} {the_noun} with "
        "{values}[. yours faithfully|]"
    ),
    "=not (tomorrow|later|next week), now(:|,|;) {verb} {the_noun} with {values}",
    "=you (have|know|see) {the_noun}[?|.] {verb} (it|that one) with {values}",
    "=(hi|hello), (it's me again|quick one|me again)(:|,|;) {the_noun} (has to|must) be {verbed} with {values}",
    "np:to {verb} {the_noun} with {values}",
    "np:(a|the|our) {noun} {verbed} with {values}[, <occasion>]",
    "eq:(if|whether) you (can|could) {verb} {the_noun} (with|using) {values}",
    "eq:(if|whether) {the_noun} (can|could|might) be {verbed} (with|using) {values}",
    "eq:how to {verb} {the_noun} with {values}",
    (
        "=({verb} {noun}|{noun}, {verb}|{verb} the {noun}[,|:]|to do: {verb} {noun}[,|:]|please {verb} {noun}|{verb} "
        "- {noun} -) {bare}"
    ),
    (
        "=({noun} {verb}|{noun}[:|,] {verb}|{noun} to {verb}[:|,]|my {noun}, {verb} it[:|,]|{the_noun}[:|,] {verb}[,|"
        ":]) {bare}"
    ),
    "{verb} {the_noun}[,|:| -|;|] {bare}[, please| <reason>]",
)

# … and without any.
ANY_TOOL_BARE = (
    "{verb} {the_noun}",
    "{verb} a {noun}",
    "{verb} {the_noun}[ (again|once more|quickly|carefully|properly|at last|a bit)][ <reason>]",
    "{verb} {the_noun}(,|;|.| -) (<occasion>|and be quick about it|and tell me when it is done|i am counting on you)",
    "(have|get|see) {the_noun} {verbed}[, <occasion>| <reason>]",
    "(take|look at|go to|find|get) {the_noun} and {verb} it[ <reason>]",
    "(get|have) someone to {verb} {the_noun}",
    "give {the_noun} a {verb}",
    "start to {verb} {the_noun}",
    "(do not|don't) leave {the_noun} (as it is|like that)(,|;|.) {verb} it",
    "=(i want|i need|i would like|we want|we need|i wish|we hope) to {verb} {the_noun}[ <reason>]",
    "=(i want|i need|i would like|we want|i'd love) {the_noun} (to be |){verbed}[ <reason>]",
    "=(can|could|may|should) {the_noun} be {verbed}[ <reason>|, <occasion>]",
    "=(can|could|shall) (i|we) {verb} {the_noun}",
    "=(would|do) you mind if (we|i) {verb} {the_noun}",
    "=(it would be good|it would be lovely|i should be grateful) if {the_noun} (was|were|could be) {verbed}",
    "={the_noun}(:|,|;| -) (please |){verb}[ it|][ now|. <occasion>|]",
    "={the_noun} (must|should|has to|needs to|ought to|is to|shall) be {verbed}[ <reason>|, <occasion>]",
    "={the_noun} (is not|isn't|was never|has not been) {verbed}[ yet](.|,|;) (do it|please do that|can you do it)",
    "=(for|about|as to|regarding) {the_noun}(:|,) {verb} it",
    "=(there is|i have|we have|here is|i found|i bought) {the_noun}(,|;|.) {verb} it",
    "=<occasion>(.|,|;|:| -) (please |so |){verb} {the_noun}",
    "=<occasion>(.|;|:) {the_noun} (must|should|has to) be {verbed}",
    "=(if|when|as soon as) (you can|there is time|nobody objects|it is possible)[,] {verb} {the_noun}",
    "=is {the_noun} {verbed}[ yet| already]? if not, {verb} it",
    "={verb} {noun}[ please| now|]",
    "={noun}[:|,|] {verb}[ please| now|]",
    "=(who|what) can {verb} {the_noun}",
    "=(why not|how come nobody can|how about we|what if you|suppose we) {verb} {the_noun}",
    "={the_noun} (is waiting|waits|is ready|is next) to be {verbed}",
    "=(to do|todo|job|task|order|errand|wanted|next step)(:| -) {verb} {the_noun}",
    "=(to do|todo|job|errand|wanted)(:| -) {the_noun} to be {verbed}",
    "=(to do|todo|job|request)(:| -) {noun} {verb}",
    "=(mum|dad|my boss|the customer|the teacher) (asks|wants|told) (me|us|you) to {verb} {the_noun}",
    "=(my boss|the customer|grandma|the law) (says|demands) that {the_noun} be {verbed}",
    "=(yo|hey|ok|dude), {verb} {the_noun} (real quick|asap|thx|pls)",
    "=(dear sir or madam|good day)[,|:] (please |kindly ){verb} {the_noun}",
    "=not (tomorrow|later|next week), now(:|,|;) {verb} {the_noun}",
    "=you (have|know|see) {the_noun}[?|.] {verb} (it|that one)",
    "=1. take {the_noun}. 2. {verb} it",
    "=(nobody|no one) (wants to|would|could) {verb} {the_noun}(,|;|.) (can you|will you|you do it)",
    "=time to {verb} {the_noun}",
    "=i (forgot|promised|tried) to {verb} {the_noun}(,|;|.) (please do it|do it for me|can you)",
    "np:to {verb} {the_noun}",
    "np:(a|the|our) {noun} {verbed}",
    "eq:(if|whether) you (can|could) {verb} {the_noun}",
    "eq:(if|whether) {the_noun} (can|could|might) be {verbed}",
    "eq:how to {verb} {the_noun}",
)
