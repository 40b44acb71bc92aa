"""Ways of sending a message, for a known tool; phrases only, with the slots of `call_wordings`."""

from __future__ import annotations

MESSAGE = (
    '<v_send> {name} (a message|a text|a quick note|an sms|a line|an email|a reply)[ that (says|reads)|:] "{text}"',
    "<v_send> (this|the following|these words|the following words|the message below) to {name}[:|,| -] {text}",
    '<v_send> "{text}" to {name}',
    "<v_send> '{text}' to {name}[ <before>]",
    '<v_send> "{text}" to {name} <reason>',
    '<v_send> the (words|sentence|line|message|text|reply|answer) "{text}" to {name}',
    "<v_send> (an answer|a reply|an answer back) to {name}[:|,| saying| with the words] {text}",
    "<v_send> {name} (the words|the sentence|the answer|the reply|what follows|the following)(:|,| -) {text}",
    '<v_tell> {name} "{text}"[ <before>| <reason>]',
    "<v_tell> (my friend|our friend|good old|poor|dear|our) {name} that {text}",
    "<v_tell> {name} (from me|in my name|for me|by phone|by text|on the phone) that {text}",
    "<v_tell> {name} (quickly|right away|now|at once|today|this minute)( that|:) {text}",
    "<v_tell> {name} the following(:|,| -) {text}",
    "let {name} (hear|read|see|know about) this: {text}",
    "(forward|drop|type|dictate|address|direct|hand) (to {name}|{name} a note)[:|,| -] {text}",
    "(leave|drop) (a note|a message|word) for {name}[:| saying| that says] {text}",
    "(answer|reply|respond) to {name}[ with|:| saying] {text}",
    '(answer|reply to) {name} with[ the words] "{text}"',
    "(break it|break the news) to {name} that {text}",
    '(type|write|compose|draft and send) "{text}" and (send|mail|forward) it to {name}',
    "(open a chat with|start a chat with|find|look up) {name}[ in my contacts] and (write|type|say|text)[:|,] {text}",
    "(get a message|get a note|get word|get the message) to {name}[:| that| saying] {text}",
    "(get back|write back|text back) to {name} (saying|with)[:] {text}",
    "(give|hand|bring) {name} my message(,|:) {text}",
    '(put|write) "{text}" in a (message|text|note|mail) (to|for) {name}',
    '(make sure|see to it|see) that {name} (gets|reads|hears|receives|sees) "{text}"[ <before>]',
    "(make sure|see to it|see) that {name} (knows|hears|learns|understands)[ that|:] {text}",
    "(drop|shoot) {name} a (quick|short) (text|line|message), <reason>: {text}",
    "sms {name} {text}",
    "sms (to |){name}[:|,| -] {text}",
    'np:a (quick|short|friendly|private|new) (message|text|note|reply) (to|for) {name}[:|,| saying] "{text}"',
    'np:an sms (to|for) {name}[:|,| with the words] "{text}"',
    'np:a (message|text|note|line) to {name} (saying|that says|with the words|that reads|reading) "{text}"',
    'np:the (words|line|message|sentence) "{text}" sent to {name}',
    "eq:if you (can|could|would) (tell|text|message|inform|let) {name}[ this]: {text}",
    "=(text|sms|message|note|mail)[ to| for|:|,] {name}(:|;| -|.) {text}",
    "=recipient[:|,| is| -] {name}(,|;|.) (message|text|body|words)(:| is| -) {text}",
    "=(to|recipient|contact|for)[:|] {name}. (message|text|body): {text}",
    '=(text|message|body): "{text}"(,|;|.) (to|recipient|for|contact)[:|] {name}',
    '=(message|text|words) "{text}", (to|for) {name}',
    '="{text}" - (send|text|mail|message) (this|that|it) to {name}',
    '="{text}"[,|.] (please |)(tell|text|write|say) (that|this) to {name}',
    '="{text}" is what {name} (should|must|needs to|has to) (read|hear|know)',
    '="{text}" is (the|my) (message|answer|reply|text) (to|for) {name}',
    '="{text}" - (could|can|will) you (send|pass|forward) that to {name}',
    '="{text}" (should|must|has to|needs to) (go|be sent|be texted|be mailed) to {name}[ <before>]',
    "=(can|could|may) (this|the following) (go|be sent|be passed on) to {name}(:|?) {text}",
    "=what {name} (should|must|needs to|has to) (hear|know|read) is[:|,|] {text}",
    "=what i (want|would like|have) to (tell|say to|write to) {name} is[:|,|] {text}",
    "={name} (has|needs|ought) to (read|see|hear) (this|the following)(:|,| -) {text}",
    "={name} (does not|doesn't) know (it|this) yet(:|.| -) {text}",
    (
        "={name} (is waiting|is worried|asks|wrote|called|did not answer|is at home|is at work)(.|,|;) (tell|text|"
        "answer|message) (him|her|them)[ that|:] {text}"
    ),
    (
        "={name} (asked|wants to know|is asking) (how it went|what is going on|how i am|where i am)(.|,|;) (write "
        "back|answer|reply|say)[:|,] {text}"
    ),
    (
        "={name} (must|should|has to) (learn|find out|hear|be told|be informed) (today|now|soon|at once|from me)( "
        "that|:) {text}"
    ),
    "={name} would (like|love|want) to (know|hear) that {text}",
    (
        "={name} (will|would) be (happy|glad|sad|sorry|surprised|angry) to hear that {text}, (so |)(tell|text|write "
        "to) (him|her|them)"
    ),
    "=i (have|need|want|would like|ought) to (tell|text|write|inform|message|let) {name}( something|)(:| -) {text}",
    "=i (promised|want|have|need) to (tell|write to|text|inform) {name} that {text}",
    "=i (promised|forgot) to (write|text|call|answer) {name}. (say|write|send)[:|,] {text}",
    (
        "=(i am|i'm) (late|busy|in a meeting|at the doctor's|driving)(.|,|;) (tell|text|message|write) {name}[ that|"
        ":] {text}"
    ),
    (
        "=my (phone|battery|hand|voice) is (dead|broken|gone|weak), (so |)(please |)(tell|text|message) {name}[ that|"
        ":] {text}"
    ),
    '=(we open tomorrow|it cannot wait|it is urgent|i am driving)(.|,|;) (text|message|write to|tell) {name} "{text}"',
    "=(please someone|somebody should|can someone|could somebody) (tell|text|inform) {name}[ that|:] {text}",
    "=does {name} know (already|yet)? if not, (tell|text|write) (him|her|them)[ that|:] {text}",
    "=has {name} (heard|been told|seen it)? (write|send|text)[:|,] {text}",
    "=if {name} is (online|awake|at home|free), (tell|text|write|message) (him|her|them)[ that|:] {text}",
    '=when {name} (comes home|calls|wakes up|is online)[,] (tell|show|give) (him|her|them) "{text}"',
    (
        '=(would you|could you|can you|will you) (be so kind as to |please |)(write|send|text|mail) {name} "{text}"[ '
        "<before>]"
    ),
    "=(would|do) you mind (telling|texting|informing|messaging) {name} that {text}",
    "=(would|do) you mind (sending|texting) {name} this: {text}",
    "=(i wonder|i was wondering) whether {name} could be (told|informed)[ that|:] {text}",
    "=it is (time|best|important) (for {name} to learn|for {name} to know|to tell {name}|to inform {name}) that {text}",
    "=(tell|text) {name}, (not the others|only that one|nobody else), that {text}",
    "=not a call, (just|only) a (text|message|note) to {name}: {text}",
    "=(only|just) one (line|sentence|message) to {name}[:|,] {text}",
    "=(yo|hey|ok), (hit up|text|hmu|ping) {name}[ and say|:] {text}",
    "=(job|to do|todo|task|errand)[:|,| -] (tell|text|inform|message) {name}[ that|:] {text}",
    '=(job|to do|todo|task): (send|write) {name} "{text}"',
    "=(communication|letter|telegram|memo) (to|for) {name}(:|.| -) {text}",
    "=(hereby |)(inform|notify|advise) {name} (in writing|by message|officially)[ that|:] {text}",
    "=message {name}, quote, {text}",
    "=my (answer|reply|words|note|line) (to|for) {name}[ is|:| would be] {text}",
    "=(here is|this is) (my|the|a) (message|note|answer) (to|for) {name}(:|,| -) {text}",
    "=(there is|i have) (news|something to say|a message|word) for {name}(:|,| -) {text}",
    "=let it be known to {name} that {text}",
    "=greet {name} from me and (say|write|add)[ that|:] {text}",
    "=(dad|mum|the boss|my wife|my son) (says|thinks)[ that] you should (tell|text|write) {name} that {text}",
    "=after the (meeting|lesson|match|film)[,] (tell|text|write to) {name}[ that|:] {text}",
)
