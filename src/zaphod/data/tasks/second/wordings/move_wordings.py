"""More ways of asking for a thing, or two, to be moved: reports, errands, notes, children's talk; phrases only."""

from __future__ import annotations

MOVE = (
    # Where it goes first, where it is after that.
    "={object} <ought> {put}(;|,|:| -) <h_now> it (sits|stands|lies|is) {at}",
    "={object} <ought> {put}, (at least that is my opinion|if you ask me|says my wife|i think). <where_it>",
    "={target} is where i (want|need|expect|imagine|picture) {object}, (not {at}|so get it {from})",
    "={target} (wants|needs|gets|is to have) {object}, (which|that) (is|sits|stands|lies) {at}",
    "={target} (should|must|ought to) have {object}, and {source} (should not|must not|ought not to)",
    "={target} is (waiting|longing|ready) for {object}, (which is still|still|at present) {at}",
    "={target} (looks bare|is empty|is too tidy); (why not bring|what about taking|bring) {object} over {from}",
    "=why isn't {object} {put}[ yet]? it is still {at}. (change that|fix that|see to it|do something about it)",
    "=why is {object} not {put}? (take|get|fetch) it {from} and <v_put> it there",
    (
        "=you were (supposed|meant|asked) to put {object} {put}, and it is still {at}. (do it now|so do "
        "it|please finish that)"
    ),
    "={object} was supposed to be {put}, (yet|but|and) <where_it>. (sort that out|fix that|put that right)",
    "=to (complete|fill|decorate|finish|set up) {target}, <v_move> {object} {from} to it",
    "=before you <v_put> {object} {put}, you will have to (pick it up|get it|collect it) {from}",
    "=(goal|aim|target state|wanted)[:] {object} {put}[.|,|;] (start|present state|so far)[:] {object} {at}",
    "=<goal_o>. (how? easy|that is simple|it works like this): <v_take> it {from}",
    "=<goal_o>, (you'll have to|you need to|you must|first) (fetch|get|collect|pick) it {from}",
    "=<goal_o>. (hint|note|info|by the way|fyi|ps)[:|,] <where_it>",
    "=<goal_o>, (even though|despite the fact that|no matter that) <where_it>",
    "=<goal_o>(.|;|:) (pick it up|collect it|fetch it|you can get it) {from}",
    "=<goal_o>(.|;|,) last seen: {at}",
    "=<goal_o> (instead of|and not|rather than) {at}",
    "=i (wish|would be happy if|would smile if) {object} were {put} (and not|instead of|rather than) {at}",
    "=if only {object} were {put} (and not|instead of|rather than) {at}",
    "=(would|could|might) {object} not be better off {put} than {at}",
    "=i'd rather (see|have|find) {object} {put} than {at}",
    "=rather {put} than {at}, that is (what i think about|what i say of|my view of) {object}",
    "=wouldn't {object} look (nicer|better|prettier) {put} than {at}? (move it|let's try|see to it)",
    (
        "=how (nice|lovely|useful|tidy) {object} would be {put}. (alas|sadly|unfortunately|but), <where_it>. "
        "please (move|carry) it"
    ),
    "={target}! that's the place for {object}, not {source}",
    "=it's {target} (where|in my plan, where) {object} belongs, not {source}",
    # Where it is first.
    (
        "={source} is (no place|not the place|the wrong place|a bad place) for {object}(;|,|:|.) {target} "
        "is[ better| right]"
    ),
    "={source} has {object}, but it's {target} that (should have|needs|wants|ought to have) it",
    (
        "={source} (is getting crowded|is full|is needed|has to be cleaned|will be painted), so {object} "
        "(goes|moves|has to go) {to}"
    ),
    "={source} (is|gets|was) (sold|repaired|cleaned|dirty|wet). (rescue|save|remove) {object} and <v_put> it {put}",
    "=i need to (sit down|work|cook|iron|sleep|draw) at {source}, so (take|move|shift|clear) {object} away {to}",
    "=i want to (use|clean|polish|paint|repair) {source}. {object} is still there, it <ought> {put}",
    "=what is {object} doing {at}? <goal_it>",
    "=what's that {at}? {object}? <goal_it>",
    "=(see|notice|spot) {object} {at}? <goal_it>",
    "=you (see|know|remember) {object} {at}(?|,) (it|that one) <ought> {put}",
    "=there's {object} {at}. there (should not be|shouldn't be). <goal_it>",
    "=there's {object} {at} that (should be|belongs|ought to be|was meant to be) {put}",
    "=there (is|stands|lies) {object} {at} (which|that) i <wants> {put}",
    "=<h_now> {object} is {at}. (tonight|soon|in a minute|after your work), it <ought> {put}",
    "=<h_now> {at}, (soon|next|later) {put}: {object}",
    "=(yesterday|last week|once upon a time) {object} (was|lay|stood) {at}, and there it still is. <goal_it>",
    "={object} at {source}? (no|nope|wrong|nonsense|never)! {object} {put}",
    (
        "={object} (is tired of|is bored with|is done with|has had enough of) {source} and (wants|would "
        "like) to live {put}"
    ),
    "={object} (dreams of|misses|longs for) {target}, (free it|rescue it|take it) {from}",
    (
        "={object} {at} (is in my way|bothers me|looks odd|annoys everybody|makes a mess|might break|is not "
        "safe). <goal_it>"
    ),
    "={object} {at} (might fall on someone|could trip somebody up|is too close to the baby|worries me), so <goal_it>",
    "={object} has (been|spent) enough time {at}. <goal_it>",
    "={object} (must|has to|should|ought to) (leave|get off|quit) {source} and (go|move|get) {to}",
    "={object} (must|has to|should|ought to) go {from} and end up {put}",
    "=say goodbye to {object} {at} and (hello|welcome) to it {put}: <v_move> it",
    "=(whoever|the person who|the one who) (left|put) {object} {at} was wrong. <goal_it>",
    "=<who> <left> {object} {at}. (could you see that|please see to it that|make sure) it (gets|goes|ends up) {put}",
    "=<who> <left> {object} {at} (by mistake|again|on purpose|without asking). <goal_it>",
    (
        "=(my wife|the boss|grandma|the lady upstairs|my doctor) (told|asked) me to <v_move> {object} {from} "
        "{to}, (can you do it|please do it for me|now it is your job)"
    ),
    (
        "=(mum said|the boss says|the note says|it is written here that|my wife has decided that) {object} "
        "{at} <ought> {put}"
    ),
    "=(somebody mixed things up|i made a mistake|we were careless): {object} is {at} (when|but) it <ought> {put}",
    "=(oops|whoops|oh no|ugh|darn|hmm|omg|look), {object} is {at}(.|,|!) <goal_it>",
    (
        "=i was going to (carry|take|bring) {object} {from} {to}, but (the phone rang|my hands are full|i "
        "forgot). would you"
    ),
    "=i (carried|put|left) {object} {at}, (silly me|which was wrong|by mistake), and it <ought> {put}",
    # To free a place.
    "free up {source}: {object} (can|should|may|has to) (go|move|travel) {to}",
    "free up {source} by (moving|taking|carrying|bringing) {object} {to}",
    "(relieve|strip|unburden|empty) {source} of {object}<then> (take|bring|carry) it {to}",
    "(rid|clear|relieve) {source} of {object} and (furnish|supply|grace|provide|honour) {target} with it",
    "make (room|space) at {source}: {object} (goes|moves|travels) {to}",
    "make (room|space) at {source} by (moving|taking|carrying|bringing) {object} {to}",
    (
        "=by (moving|taking|carrying|bringing) {object} {to}, you (free|clear|empty) {source}. (do that|so "
        "do it|please do)"
    ),
    "=so that {source} (is|gets|becomes) (free|empty|clear|clean), <v_move> {object} {to}",
    "=(i need|we need|they need) {source} (free|empty|clear), so <v_move> {object} {to}",
    "=(as|since|because) (i need|we need|they need) {source} (free|empty|clear), {object} <ought> {put}",
    "=(nothing|not a thing) may stay {at}: <v_move> {object} {to}",
    # One clause, another verb or another order.
    "(have|let|make) {object} (travel|journey|make the trip|change places|wander|go) {from} {to}",
    "(separate|part|free|release|detach) {object} from {source}<then> (take|bring|carry) it {to}",
    "(find|pick out|get hold of) {object} {at}<then> (drop|leave|deliver) it {put}",
    "(unload|unstack|lift) {object} {from}<then> (load|stack|lower) it {put}",
    "grip {object} {at}, (lift|raise it), (drive|roll|go) to {target}, (release|let go|lower it)",
    "(reach|stretch) (over |)towards {source}, (grip|grasp|take) {object}, turn to {target}, (put|set) it down there",
    "(stop by|call at|pass by|drop in at) {source} for {object} and (take|carry|bring) it {to}",
    "(fetch|get|collect) {object} {from} so that (i|we|they) can have it {put}",
    "(fetch|get|collect) {object} {from}, (it is needed|we want it|it is wanted|it's going to live) {put}",
    "go (get|fetch|find|collect) {object}; <where_it>; then <goal_it>",
    "(swap|change|exchange) {source} for {target} as the (home|place|spot) of {object}",
    "turn {target} into the new home of {object}, (which|that) is {at}",
    "(pick|choose|take) {object} out of what is {at} and <v_put> it {put}",
    "<v_move> {object}, (which|that) (you find|is|sits|was left) {at}, <h_way> {to}",
    "<v_move> {object} (out of its place|away from its place) {at} {to}",
    "<v_move> {to} what (sits|stands|lies|is) {at}: {object}",
    "do (with|to) {object} what i (always|usually) do: <v_move> it {from} {to}",
    "without (touching|moving|taking) {other}, <v_move> {object} {from} {to}",
    "={other} is fine where it is, but {object} (must|has to|should) go {from} {to}",
    "=there are two things {at}, {other} and {object}; only {object} (goes|moves|has to go) {to}",
    "=(i said|i meant|i was talking of) {object}, not {other}: {from} {to} with it",
    # Orders, forms, notes and code.
    "=it is (hereby |)(requested|ordered|proposed) that {object} be (moved|taken|brought|transferred) {from} {to}",
    "=kindly be advised that {object}, presently (located|situated|stored) {at}, is to be (brought|moved|taken) {to}",
    (
        "=the (moving|transport|transfer|removal|relocation) of {object} {from} {to} (is your job|is "
        "next|would be appreciated)"
    ),
    (
        "=(moving|bringing|carrying|taking) {object} {from} {to} (is|would be) (a great help|your next "
        "task|all i ask|lovely)"
    ),
    "=(having|keeping) {object} {put} (instead of|rather than) {at} (would help|would make me happy|is the idea)",
    "=all i ask is that {object} (be moved|be taken|be brought|gets|goes) {from} {to}",
    "=only one (job|thing|task)[ today| left]: {object}, {from} {to}",
    (
        "=(origin|start|pick-up|collect at)[:] {source}(.|,|;) (destination|drop-off|deliver to)[:] "
        "{target}(.|,|;) item: {object}"
    ),
    (
        "=(destination|drop-off|deliver to)[:] {target}(.|,|;) (origin|pick-up|collect at)[:] "
        "{source}(.|,|;) item: {object}"
    ),
    "=(item|object|cargo|what): {object}; (to|where to|goal): {target}; (from|where from|start): {source}",
    "=(item|object|cargo|what): {object}; (from|where from|start): {source}; (to|where to|goal): {target}",
    "=pick and place: {object}, {source}, {target}",
    "=pick {object} @ {source}, place @ {target}",
    "=(transfer|transport|delivery|work|moving) (order|request|slip): {object}, {source} to {target}",
    "=(mission|quest|challenge|errand|chore)[ of the day]: {object} {from} {to}",
    "=(on the list|to do|reminder|memo|note to robot): {object} {from} {to}",
    "={object}: away {from}, {to}",
    "={object}: now {source}, later {target}",
    "={object}, old place {source}, new place {target}",
    "=old place {source}, new place {target}, thing {object}",
    "=wrong place: {source}. right place: {target}. thing: {object}",
    "={object} => {target}, currently {at}",
    "=get {object}. where from? {source}. where to? {target}",
    "=who: you. what: {object}. from: {source}. to: {target}",
    # As children, friends and strangers talk.
    "=(can|could|cud) u (put|move|take|get) {object} {from} {to}[ pls| plz| thx| ta|]",
    "=(pls|plz|yo|hey|lol) (move|get|take|shift) {object} {from} {to}[ thx| asap| k|]",
    "=need {object} {put} asap, it's {at}",
    "=me (want|need|wish) {object} {put}, is now {at}",
    "=please you (take|get) {object} {from}, you bring {to}",
    "=i want that you <v_move> {object} {from} {to}",
    "=robot make {object} go {from} {to}",
    "={object} not {at}, {object} {put}[ please|]",
    "=(i bet you can't|i dare you to|show me how you|let me see you|who can) <v_move> {object} {from} {to}",
    "=(ready steady go|one two three|abracadabra|beep beep): {object} {from} {to}",
    "=let's play moving house: {object} moves {from} {to}",
    "={object} is going on holiday {from} {to}, be its taxi",
    "=imagine {source} is the station and {target} the harbour: {object} travels {from} {to}",
    # A reason, a time or a worry, some of them in words that sound worse than they are.
    "=(kill some time by|make yourself useful by|surprise me by) (moving|taking|carrying) {object} {from} {to}",
    "=(a little bird told me|my gut says|i'd bet my life that) {object} {at} <ought> {put}",
    "=(the kids are|grandma is|everyone is) dying to see {object} {put}(;|,|.) <where_it>",
    "=(attack|beat|fight) the (mess|chaos) {at}: {object} (goes|belongs|has to go) {put}",
    "={object} is a (death trap|danger|menace|pain in the neck) {at}(,|;|.) <goal_it>",
    "=the (baby|toddler|dog|cat) can reach {object} {at}(,|;|.) <goal_it>",
    "=(keep|save|protect) the (kids|baby|dog|guests) from {object} {at}: <v_move> it {to}",
    "=(so that nobody gets cut|so that nobody is hurt|to make it childproof), <v_move> {object} {from} {to}",
    "=(shoot|fly|dash|nip) over to {source}, grab {object} and <v_put> it {put}",
    "=(hit the road|off you shoot|fire up your wheels): {object} {from} {to}",
    "=i am (ill|freezing|in bed with a fever), so <v_move> {object} {from} {to}",
    "=(for safety|to be safe|to avoid an accident|so that nobody trips), <v_move> {object} {from} {to}",
    (
        "=before (anyone trips over it|somebody gets hurt|the dog gets it|it breaks|i forget), <v_move> "
        "{object} {from} {to}"
    ),
    "=out of (harm's way|the reach of the kids|the sun|sight) with {object}: {from} {to}",
    (
        "=(my feet are killing me|i'm dead tired|i am dying to sit down|i can't face the stairs), so "
        "<v_move> {object} {from} {to}"
    ),
    (
        "=(the baby is asleep|grandpa is napping|the guests are here|the boss is coming), so quietly "
        "<v_move> {object} {from} {to}"
    ),
    "=(no rush|whenever it suits you|when you pass by|some time today), but {object} {at} <ought> {put}",
    "=(every evening|tonight|before dinner|at six|from now on) {object} (goes|travels|moves) {from} {to}",
    "=(it's|it is) (time|high time|about time) {object} (left|got away from) {source} (for|and went to) {target}",
    "=i know you are busy, but {object} (needs to get|must get|has to get|should come) {from} {to}",
    "=whatever else you do, <v_move> {object} {from} {to}",
    "=(thanks for earlier|well done just now|good robot). now (for |){object}: {from} {to} with it",
    "=if it is not too (heavy|much|far), <v_move> {object} {from} {to}",
    "=i (hurt|broke|twisted) my (arm|foot|back), so it is you who must <v_move> {object} {from} {to}",
    "=there will be (trouble|tears|a party|visitors) unless {object} gets {from} {to}",
)

MOVE_BOTH = (
    "={object} and {second} <h_both_ought> {put}(;|,|:| -) <h_now> (they are|both are|they sit|they lie) {at}",
    (
        "={object} <ought> {put}, and so (should|must|does) {second}(.|;|,) (both are|they are|you find "
        "both|you get both) {at}"
    ),
    "={target} is where i (want|need|expect) {object} and {second}, (both|which) are[ still] {at}",
    (
        "={target} (needs|is waiting for|could do with|gets|should have) {object} and {second}, (both|which) "
        "are[ still] {at}"
    ),
    "=why are {object} and {second} {at}? (put|place|set|leave) (them|both) {put}",
    "=what are {object} and {second} doing {at}? they (belong|should be|go|ought to be) {put}",
    "={source} is (no place|not the place|the wrong place) for {object} and {second}(;|,|.) {target} is",
    "={source} has {object} and {second}, {target} (should have|needs|ought to get) (them|both)",
    "=(as well as|along with|besides|in addition to) {object}, <v_move> {second} {from} {to}; both are {at}",
    "=not only {object} but also {second} (goes|moves|must go|has to go) {from} {to}",
    "=neither {object} nor {second} (belongs|should be|may stay) {at}(;|,|.) (both|they) (go|belong) {put}",
    "={object} goes {from} {to}. (so does|the same goes for|and with it) {second}",
    "={object} {from} {to}, (and|ditto|same for|plus) {second}",
    "={object} + {second}: {source} => {target}",
    "={object} & {second} {from} {to}",
    "=(items|objects|cargo|things): {object}, {second}; from: {source}; to: {target}",
    "=(destination|to|goal): {target}; (origin|from|start): {source}; (items|objects|things): {object}, {second}",
    "=two things, {object} and {second}, (have to get|must get|should come|need to come) {from} {to}",
    "=(both|the two of them), {object} as well as {second}, (go|move|travel|are going) {from} {to}",
    "=(a pair|two things) {at} are in my way, {object} and {second}(;|.|,) <v_move> both {to}",
    "=<who> <left> {object} and {second} {at}(.|;|,) (please put|would you put|put|place) (them|both) {put}",
    "=i (see|found|noticed) {object} {at} and {second} right (beside it|next to it); (put|place|set) (them|both) {put}",
    "=i need {source} (free|empty|clear), so {object} and {second} (go|move|have to go|must go) {to}",
    "=(make sure|see to it|take care) (that |)both {object} and {second} get {from} {to}",
    "=i'd rather (have|see) {object} and {second} {put} than {at}",
    "=if only {object} and {second} were {put} (and not|instead of) {at}",
    "=(can|could) u (move|take|bring|get) {object} n {second} {from} {to}[ pls| thx|]",
    "=(guests are coming|it is late|my hands are full), so {object} and {second} (go|have to go|must go) {from} {to}",
    "={object}, then {second}: one by one {from} {to}",
    "=(if|when) you take {object} {from} {to}, take {second} (with it|along|too). (do so now|off you go)",
    "=you will have to go twice: {object} and {second} (go|move|come) {from} {to}",
    "=the (moving|transfer|transport) of {object} and {second} {from} {to} (is your job|is next|would help)",
    "=it is (hereby |)requested that {object} and {second} be (moved|taken|brought|transferred) {from} {to}",
    "={second} stands {at}, {object} (too|as well|also); (bring|take|carry|move) both {to}",
    "=leave nothing {at}: {object} (goes|moves) {to}, {second} (goes|moves) there too",
    "free up {source}: {object} and {second} (can|should|may|have to) (go|move) {to}",
    "make (room|space) at {source} by (moving|taking|carrying) {object} and {second} {to}",
    "(relieve|strip|rid|clear) {source} of {object} and {second}<then> (take|bring|carry) (them|both) {to}",
    "<v_move> {object} {from} {to} and let {second}, (also|likewise) {at}, follow",
    "<v_move> {object} {from} {to} and (come back|return|go back) for {second}, (which|that) goes there too",
    "<v_take> {object} {from}, <v_put> it {put}, (come back|return) and do the same with {second}",
    "(fetch|get|collect) {object} and {second} {from} so that we can have them {put}",
    "(empty|unload) {source}, that is, <v_move> {object} and {second} {to}",
    "have {object} (moved|brought|taken) {from} {to}, {second} likewise",
)

MOVE_TWO = (
    (
        "={object} (belongs|goes|should be|must be) {put} and {second} {second_put}(;|.|,) the former is "
        "{at}, the latter {second_at}"
    ),
    "={object} is {at}, {second} {second_at}(;|.|,) the first (goes|belongs) {put}, the second {second_put}",
    "=there (is|lies|stands) {object} {at} and {second} {second_at}(;|.|,) put the one {put}, the other {second_put}",
    (
        "={object} and {second} are {at} and {second_at}. they (belong|go|should be) {put} and {second_put}, "
        "(in that order|respectively)"
    ),
    "={object}: {source} to {target}, {second}: {second_source} to {second_target}",
    "={object} from {source} to {target} and {second} from {second_source} to {second_target}",
    "={source} -> {target}: {object}; {second_source} -> {second_target}: {second}",
    "={target} gets {object} {from}(,|;|.) {second_target} gets {second} {second_from}",
    (
        "={target} (needs|wants|is waiting for) {object}, {second_target} {second}(;|.) (they are|you find "
        "them) {at} and {second_at}"
    ),
    "=while {object} (goes|moves|travels) {from} {to}, {second} (goes|moves|travels) {second_from} {second_to}",
    (
        "={object} should (move|go|travel) {from} {to}, (whereas|while|and|just as) {second} should go "
        "{second_from} {second_to}"
    ),
    "=not only {object} {from} {to}, but also {second} {second_from} {second_to}",
    "=(both|two things) need moving: {object} {from} {to}, {second} {second_from} {second_to}",
    "=in exchange for {object}, (which|that) goes {from} {to}, {second} goes {second_from} {second_to}",
    (
        "=i <wants> {object} {put} and {second} {second_put}(.|;|,) (look|search) {at} for the first, "
        "{second_at} for the second"
    ),
    "=i'd like {object} (moved|taken|brought) {from} {to} and {second} {second_from} {second_to}",
    "=(on my list|to do|orders|today|chores): {object} {from} {to}, {second} {second_from} {second_to}",
    "=1 {object} {from} {to} 2 {second} {second_from} {second_to}",
    "={put} i want {object}, {second_put} {second}(;|.|,) <h_now> they are {at} and {second_at}",
    "={at} is {object} and {second_at} is {second}: take them {to} and {second_to}, in that order",
    "=(please |)two errands: {from} {to} with {object}, {second_from} {second_to} with {second}",
    "<v_move> {object} {from} {to}, {second} {second_from} {second_to}",
    "<v_move> {object} {to} {from}, and {second} {second_to} {second_from}",
    "<v_move> {object} {from} {to}; as for {second}, <v_move> it {second_from} {second_to}",
    "<v_move> {object} {from} {to} and, while you are at it, {second} {second_from} {second_to}",
    "<v_put> {object} {put} and {second} {second_put}; (you find|i left|i saw) them {at} and {second_at}",
    "<v_take> {object} {from} and <v_put> it {put}, then {second} {second_from}, and <v_put> that {second_put}",
    "(take|carry|bring|move) {object} {at} {to}, and {second} {second_at} {second_to}",
    "(empty|clear|free) {source} and {second_source}: {object} goes {to}, {second} {second_to}",
    "let {object} go {from} {to} and {second} {second_from} {second_to}",
)
