"""Ways of asking for household work, put together from clauses: where a thing is and where it goes; no plans.

Slots as in `robot_wordings`: {object} with article, {from} "off the shelf", {at} "on the shelf", {to} "onto the table",
{put} "on the table", {source}, {target} with articles; {second…} for a second thing, {other} a thing to be left alone.
"""

from __future__ import annotations

from zaphod.data.tasks import robot_wordings as first
from zaphod.data.tasks.second.grammar import Grammar
from zaphod.data.tasks.second.wordings import fetch_wordings, move_wordings, visit_wordings
from zaphod.data.tasks.second.wordings.household_rules import RULES

GRAMMAR = Grammar(RULES)

MOVE = (
    *first.MOVE.seen,
    # One clause.
    "<v_move> {object} {from} {to}",
    "<v_move> {object} {to} {from}",
    "<v_take> {object} {from}<then> <v_put> it {put}",
    "<v_take> {object} {at}<then> <v_move> it {to}",
    "from {source}[,] <v_move> {object} {to}",
    "{from} {to}: <v_move> {object}",
    "<v_put> {object} {at} {put}",
    "<v_put> (the thing|what is|what you see) {at}, {object}, {put}",
    "<v_put> {put} {object} (that|which) is {at}",
    "<v_move> {to} {object} {from}",
    "<v_go> to {source}<then> <v_take> {object}<then> <v_move> it {to}",
    "<v_go> to {source}, <v_take> {object}, <v_go> to {target}, <v_put> it {put}",
    "<v_go> to {target} with {object} {from}[ and <v_put> it {put}]",
    "help {object} {from} {to}",
    "(empty|free|clear|tidy|clean up) {source}: {object} goes {put}",
    "(free|clear|rid) {source} of {object}[,] (which|it) goes {put}",
    "(decorate|equip|fill|lay) {target} with {object} {from}",
    "(replace|change|exchange|swap) the (place|spot|position) of {object}: {from} {to}",
    "use {source} as start and {target} as (goal|end) for {object}",
    "<v_move> {object} (that|which) is {at} {to}",
    "<v_move> {object} (lying|standing|sitting|placed|left) {at} {to}",
    "<v_take> {object} (lying|standing|sitting|placed|left) {at} and <v_put> it {put}",
    "not {at} but {put}: that is where i want {object}",
    "<v_put> {object} {put}, not {at}",
    "<v_move> {object} away {from} and <v_put> it {put}",
    "=(what if|how about if|what about when) {object} {at} (were|was|went) {put}",
    "={object} {at}, {target}[, please| now]",
    "={object}: {source}, {target}",
    "={object} from {source} to {target}[ please| now| quickly]",
    "={object}: from {source} to {target}",
    "=from {source} to {target}: {object}",
    "={source} -> {target}: {object}",
    "=item {object}, from {source}, to {target}",
    "=(can|could|may|should|will) {object} {at} (be|get) (moved|carried|put|taken|brought|shifted) {to}",
    "=i <wants> {object} (moved|carried|taken|brought|shifted|put) {from} {to}",
    "=i (do not|don't) <wants> {object} {at}, (<v_put> it|but) {put}",
    "=(why is|who put|who left) {object} {at}? <goal_it>",
    "=(is|isn't) that {object} {at}? <goal_it>",
    "=(when|if|as) you are (at|near|by) {source}, <v_take> {object} and <goal_it>",
    "=on your way to {target}, <v_take> {object} {from}[ with you] and <v_put> it {put}",
    "=after you have taken {object} {from}, <v_put> it {put}",
    "=before you <v_put> {object} {put}, <v_take> it {from}",
    "={object} (is|stands|lies) (wrong|badly|in the way) {at}, it <ought> {put}",
    "={target}, not {source}, is the place for {object}",
    # Two clauses in either order, and a third about what is to be left alone.
    "=<where_o>(.|;|, so|, and| and|:|, please) <goal_it>",
    "=<where_o>. <goal_it>",
    "=<where_o>, <goal_it>",
    "=<goal_o>(.|;|,|:| -) <where_it>",
    "=<goal_o>. <where_it>",
    "=<goal_o>, <where_it>",
    "=(as|since|because) <where_o>, <goal_it>",
    "=(if|when|whenever) <where_o>, <goal_it>",
    "=<goal_o>, (because|since|as|for|but|and|though|although|while) <where_it>",
    "=<where_o>, (but|yet|and|while|whereas|though) it <ought> {put}",
    "=<where_o>. <leave_alone>. <goal_it>",
    "=<leave_alone>, but <v_move> {object} {from} {to}",
    "=<v_move> {object} {from} {to}, (but|and) <leave_alone>",
    "=<goal_o>(.|,) <where_it>. <leave_alone>",
    "=(not {other}, i mean|i do not mean {other} but|forget {other};) {object}: <v_move> it {from} {to}",
    "=<v_move> {other}, (no|sorry|i mean|no wait|correction), {object} {from} {to}",
    "=<v_move> {object}, not {other}, {from} {to}",
    (
        "=(i was about to cook|guests are coming|i am tired|my back hurts|the baby sleeps|it is late|i have "
        "no time), so <v_move> {object} {from} {to}"
    ),
    "=(i was about to cook|guests are coming|i am tired|my back hurts|it is late|i have no time). <where_o>. <goal_it>",
    "=(first|step one|step 1)[,|:] <v_take> {object} {from}[.|,|;] (second|then|step two|step 2)[,|:] <v_put> it {put}",
    "=1. <v_go> to {source} 2. <v_take> {object} 3. <v_go> to {target} 4. <v_put> it down",
    *move_wordings.MOVE,
)

BRING = (
    *first.BRING.seen,
    "<v_hand> me {object} {from}",
    "<v_hand> me {object} (that is|which is|lying|standing|sitting|from where it is) {at}",
    "<v_take> {object} {from}<then> <v_hand> it to me",
    "<v_take> {object} {at}<then> (come|drive|walk) (back |over |)to me[ with it]",
    "<v_move> {object} {from} to (me|the user|my place|where i am|my hand|my seat)",
    "<v_go> to {source}<then> <v_hand> me {object}",
    "<v_go> to {source}, <v_take> {object}, <v_hand> it to me",
    "let me have {object} {from}",
    "(come|come back|come here|come over|return) to me with {object} {from}",
    "hand over {object} {from} to me",
    "(serve|supply|provide|equip) me with {object} {from}",
    "=i <wants> {object} {from}",
    "=i <wants> {object}[,|.|;] <where_it>",
    "=i <wants> {object} (that|which) is {at}",
    "=(can|could|may|might|will) i (have|get|take|borrow|see) {object} {from}",
    "=(can|could|will|would) i (have|get) {object}? <where_it>",
    (
        "=<where_o>(.|,|;| and) (<v_hand> it to me|i <wants> it|please <v_hand> it to me|<v_hand> it over to "
        "me|come to me with it)"
    ),
    "=<where_o>. (<v_hand> it to me|i <wants> it here|<v_hand> it here|let me have it)",
    "=<v_hand> me {object}(.|,|;|:) <where_it>",
    "=<v_hand> {object} to me, (because i need it|i need it for work|i will use it). <where_it>",
    (
        "=(i am|i'm) (missing|looking for|waiting for|asking for|without|in need of) {object}[.|,|;] "
        "<where_it>[, <v_hand> it to me]"
    ),
    (
        "=(i cannot|i can't|i am too lazy to|i am too tired to|i am not able to) (reach|get|fetch|hold) "
        "{object} {at}, <v_hand> it to me"
    ),
    "=(i cannot|i can't) (reach|get|fetch) {object} {at}[, please help]",
    "={object} {from}, (to me|for me|here)[, please| now| quickly]",
    "={object} {from} to me",
    "=the user (wants|needs|asks for|would like|is waiting for) {object} {at}",
    "={object}, (it is|which is|still) {at}, (<v_hand> it to me|i need it|for me)",
    "=<v_hand> me {object}, not {other}. <where_it>",
    "=<leave_alone>, <v_hand> me {object} {from}",
    "=(my|the) (hands|arms|fingers) (need|want|miss) {object} {from}",
    "=(i am|i'm) (cold|thirsty|hungry|bored|busy|ill|in the bath), <v_hand> me {object} {from}",
    "=(where is|do you see|can you see|have you got) {object}? <where_it>. <v_hand> it to me",
    "=to me: {object} {from}",
    "=if you are at {source}, <v_hand> me {object}",
    "=(please have|have) {object} {from} (brought|handed|delivered|carried|given) to me",
    "={object} {at} (should|must|has to) (come|be brought|be handed|get) to me",
    *fetch_wordings.BRING,
)

THEN = (
    "{A}. then {B}",
    "{A}, then {B}",
    "first {A}, then {B}",
    "{A} and {B}",
    "{A} and then {B}",
    "{A}; {B}",
    "{A}. {B}",
    "{A}. (after that|afterwards|next|also|furthermore|besides|in addition|as well|and|finally)[,] {B}",
    "1. {A}[,] 2. {B}",
    "a. {A}[,] b. {B}",
    "start with this: {A}. go on with this: {B}",
    "(two things|two tasks|a list|my list|to do|your jobs|orders): {A}; {B}",
    "{A}, (when|once|as soon as) that is done, {B}",
    "{A}, and (also|afterwards|after that|finally|while you are at it) {B}",
    (
        "(task one|job one|number one|firstly|to begin with)[:|,] {A}. (task two|job two|number "
        "two|secondly|to end with)[:|,] {B}"
    ),
    "{A}. (when|once|as soon as) (that is|this is|you are) done, {B}",
    *visit_wordings.THEN,
)

MOVE_TWO = (*first.MOVE_TWO.seen, *move_wordings.MOVE_TWO)

MOVE_BOTH = (
    *first.MOVE_BOTH.seen,
    "<v_move> {object} and {second} {from} {to}",
    "<v_move> {object} {from} {to}, {second} (too|as well|also|likewise)",
    "<v_move> {object} {from} {to}, and (do the same with|also|the same for|likewise with) {second}",
    "<v_move> both[,] {object} and {second}[,] {from} {to}",
    "<v_take> {object} and {second} {from}<then> <v_put> (them|both|the two|the things) {put}",
    "<v_put> {object} {put}, together with {second}, both are {at}",
    "<v_move> {object} together with {second} {from} {to}",
    "(empty|free|clear|tidy) {source}: {object} and {second} go {put}",
    "={object} and {second} are[ both| still] {at}(.|,|;) (<v_put>|<v_move>) (them|both|the two) {put}",
    (
        "={object} and {second} (should be|must be|belong|go|have to be|need to be) {put}, (they are|both "
        "are|you find them|they lie) {at}"
    ),
    "=i <wants> {object} and {second} {put}(.|,|;) (they are|both are|you find them|they lie) {at}",
    "=i <wants> {object} and {second} {from} {put}",
    "={object} and {second}: from {source} to {target}",
    "=from {source} to {target}: {object}, {second}",
    "=there are {object} and {second} {at}, <v_put> them {put}",
    "=you will (find|see) {object} {at}, and {second} (too|as well); <v_put> (them|both) {put}",
    "<v_move> {object} and also {second} {from} {to}",
    "first <v_move> {object}, then {second}, {from} {to}",
    "=everything {at}, that is {object} and {second}, <v_move> it {to}",
    *move_wordings.MOVE_BOTH,
)

GO = (
    *first.GO.seen,
    "<v_go> to {target}",
    "<v_go> over to {target}",
    "<v_go> towards {target}",
    "<v_go> (straight|directly|quickly|slowly|back|right) to {target}",
    "(stand|wait|stop|stay|halt|rest|park|stay put) (at|by|near|next to|beside|in front of|close to) {target}",
    "(visit|approach|reach|see|find|inspect|look at|check on|drop by|pop over to|call at) {target}",
    "(bring|take|move|carry|get) yourself to {target}",
    "=i <wants> you (at|by|near|next to) {target}",
    "=(your|the) (next|new) (place|position|stop|goal|target|destination|waypoint) is {target}",
    "=(you are|you're) (needed|wanted|expected|awaited) at {target}",
    "=(i am|we are|she is|he is) (standing|waiting|sitting) (at|by|near) {target}, <v_go> there",
    "=(i will|we will|we'll|i'll) (meet|see) you at {target}",
    "={target}[, please| now| next]",
    "=to {target}[, please| now| quickly]",
    "=(can|could|will) you be at {target} (soon|now|in a minute)",
    "=destination {target}",
    "=(please |)(leave|go away) (from |)here and <v_go> to {target}",
    "=do you know {target}? <v_go> there",
    "=where is {target}? <v_go> there",
    "=<leave_alone>, just <v_go> to {target}",
    *visit_wordings.GO,
)

GO_THEN_GO = (
    *first.GO_THEN_GO.seen,
    "<v_go> to {source}<then> <v_go> to {target}",
    "<v_go> to {source}<then> to {target}",
    "(visit|see|check|inspect) {source}<then> {target}",
    "(visit|see|check|inspect) {source} (before|first, then|followed by) {target}",
    "<v_go> first to {source}[ and] (then|after that|afterwards|later) to {target}",
    "<v_go> to {target}, but (stop|call|pass|halt) (at|by) {source} (on the way|before|first)",
    "=(stops|route|tour|path|waypoints|stations): {source}, {target}",
    "=(stops|route|tour|path|waypoints): first {source}, then {target}",
    "=from {source} <v_go> on to {target}",
    "=(when|once|as soon as|after) you (have reached|have been at|are at|were at) {source}, <v_go> to {target}",
    "={source}, then {target}",
    "=i <wants> you at {source}[ first], (then|later|after that) at {target}",
    "=before (going to|you go to|you visit) {target}, <v_go> to {source}",
    *visit_wordings.GO_THEN_GO,
)

OPEN = (
    *first.OPEN.seen,
    "open {target}",
    "open up {target}",
    "<v_go> to {target} and open it",
    "(unlock|unclose|unfasten|unseal|pull open|push open|swing open) {target}",
    "(make|get|have) {target} open",
    "leave {target} (open|opened)",
    "=i <wants> {target} (open|opened)",
    "=i need to (look|see|get|reach) (into|inside) {target}, open it",
    "={target} (is|was) (closed|shut), (open it|i want it open)",
    "={target} (should|must|has to|needs to) be (open|opened)",
    "=(can|could|would) {target} be opened",
    "=why is {target} closed? open it",
    "=let me (look|see) (into|inside) {target}",
    "=open: {target}",
    "=open sesame, {target}",
    "=do not (close|shut) {target}, open it",
    *visit_wordings.OPEN,
)

OPEN_THEN_CLOSE = (
    *first.OPEN_THEN_CLOSE.seen,
    "open {target}<then> (close|shut) it[ again]",
    "open and (close|shut) {target}",
    "open {target}, (wait|look inside|count to three|have a look|check it), (close|shut) it",
    "<v_go> to {target}, open it, (close|shut) it",
    "(close|shut) {target} after (opening it|you opened it)",
    "=after opening {target}, (close|shut) it[ again]",
    "=i <wants> {target} opened and (closed|shut)[ again]",
    "={target}: open it, (close|shut) it",
    "={target} (should|must) be opened[,] and (closed|shut) (again|after that)",
    "do not leave {target} open after opening it",
    "=(open|check) {target}, but (close|shut) it (after|afterwards|again)",
    "=first open {target}, then (close|shut) it",
    *visit_wordings.OPEN_THEN_CLOSE,
)

NO_SOURCE = (
    *first.NO_SOURCE.seen,
    "<v_put> {object} {put}",
    "<v_move> {object} {to}",
    "<v_hand> me {object}",
    "<v_take> {object}",
    "<v_take> {object}<then> <v_put> it {put}",
    "<v_take> {object}<then> <v_hand> it to me",
    "<v_put> {object} (back |straight |quickly |)(where it belongs, |)({put})",
    "(find|look for|search|search for|seek|hunt for|locate|detect|discover) {object}",
    "(find|look for|search for|locate) {object} and (<v_put> it {put}|<v_hand> it to me|<v_move> it {to})",
    "=<goal_o>",
    "=i <wants> {object}",
    "=i <wants> {object} {put}",
    "=(can|could|may) i (have|get|see|use) {object}",
    "=(where|where on earth) (is|did i leave|did i put|could be|have you seen) {object}",
    "=(where|where on earth) (is|did i leave|did i put) {object}? <goal_it>",
    "=(i lost|i have lost|i miss|i am missing|i am looking for|i can't find|i don't find) {object}",
    "=(i lost|i have lost|i miss|i can't find) {object}(.|,) <goal_it>",
    "=(nobody|no one) knows where {object} is[. <goal_it>|, <goal_it>|]",
    "={object} (is|has been) (lost|gone|missing|nowhere to be found)[. <goal_it>|]",
    "={object}[, please| now| here| to me]",
    "={object} {to}",
    "={object} (for|to) me",
    "=(do|did) you (see|have|know where to find) {object}",
    "=<v_move> {object} {to}, (but|and) <leave_alone>",
    "<v_move> {object} over {to}",
    *fetch_wordings.NO_SOURCE,
)
