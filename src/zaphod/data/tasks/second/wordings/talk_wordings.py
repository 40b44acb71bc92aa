"""Talk that asks for no fact and no deed: greetings, moods, games, jokes, the assistant itself; phrases only."""

from __future__ import annotations

from zaphod.data.tasks import out_of_scope

RULES = {
    "feel": (
        "(sad|happy|bored|tired|hungry|lonely|angry|nervous)",
        "(in love|proud|ill|afraid|jealous|homesick|worried|ashamed)",
        "(grumpy|excited|confused|restless|depressed|stressed|disappointed|heartbroken)",
    ),
    "you_are": (
        "(a human|a robot|an ai|conscious|alive|real|smart|old|young|busy|bored|free)",
        "(a person|a man|a woman|a toy|a spy|a ghost|religious|married|rich|shy|evil|honest|jealous|asleep)",
        "(clever|intelligent|mad at me|afraid of death|afraid of the dark|made of metal|left-handed|ticklish)",
    ),
    "you_can": (
        "(sing|dance|laugh|feel|think|dream|sleep|swim|learn|forget|lie|love|see)",
        "(cry|smell|taste|get tired|get angry|feel pain|fall in love|keep a secret|tell lies|have children)",
        "(make mistakes|remember me|read minds|see the future|get bored|change your mind|miss somebody|die)",
    ),
    "somebody": (
        "(my (boss|brother|sister|mother|father|son|daughter|teacher|neighbour|best friend|girlfriend|boyfriend))",
        "(nobody|everybody|my whole family|the whole class|my cat|my dog|grandma|my colleague|my team)",
    ),
    "did_me": (
        "(does not|doesn't|will not|won't) (talk to|listen to|believe|like|understand|play with|care about) me",
        "(left|ignores|hates|forgot|blames|misses|adores|annoys|teases|envies) me",
        "(is|seems|looks) (mad at|angry with|disappointed in|proud of|jealous of|bored with) me",
    ),
    "game": (
        "(chess|cards|hangman|twenty questions|tic tac toe|hide and seek|truth or dare|charades|checkers)",
        "(rock paper scissors|i spy|a word game|a guessing game|a quiz|a text adventure|trivia|a game)",
    ),
    "role_played": (
        "(a pirate|a king|a cat|a dragon|a wizard|a detective|a doctor|a grumpy old man|a knight|a vampire)",
        "(my teacher|my grandmother|my therapist|shakespeare|a talking tree|a spaceship captain|santa claus)",
        "(a ghost|an alien|a princess|the sun|a time traveller|a poet|a news reader|my imaginary friend)",
    ),
    "fun": (
        "(joke|riddle|story|secret|compliment|proverb|fun fact|tongue twister|limerick|rhyme|pun|anecdote)",
        "(bedtime story|ghost story|knock-knock joke|nursery rhyme|brain teaser|dad joke|fairy tale|puzzle)",
        "(poem|haiku|love poem|nonsense verse|short tale|bad pun|silly verse|good one-liner)",
    ),
    "deep": ("(god|heaven|fate|free will|luck|ghosts|aliens|karma|magic|miracles|angels|life after death|true love)",),
    "liked": (
        "(me|music|people|other robots|your job|chess|mondays|cats|dogs|jokes|poems|spiders|winter)",
        "(football|pizza|chocolate|the colour blue|long walks|being alone|children|parties|loud people|rain)",
    ),
    "about_you": (
        "(name|age|job|hobby|favourite colour|favourite food|dream|opinion|plan|secret|worst fear)",
        "(favourite (book|animal|song|number|season|word|film|sport|joke)|star sign|birthday|gender|religion|salary)",
        "(biggest wish|first memory|greatest strength|weakness|motto|nickname|political view|shoe size)",
    ),
    "made_of": (
        (
            "(a neural network|a language model|a chatbot|a search engine|open source|offline|on the internet|in "
            "the cloud)"
        ),
        "(connected to the internet|listening to me|recording this|up to date|multilingual|a big model|a small model)",
    ),
}

TALK = (
    *out_of_scope.TALK.seen,
    # the assistant itself
    "=(are|were) you[ ever| really| always] <you_are>",
    "=(can|could|do|will) you[ ever| really] <you_can>",
    "=(why|when|how|where) (can|do|did|will) you <you_can>",
    "=(do|did) you (like|love|hate|miss|know|fear) <liked>",
    "=what (is|was) your <about_you>",
    "=(tell me|i want to know|guess i should ask) what your <about_you> is",
    (
        "=(do you have|have you got) a (favourite "
        "(song|word|film)|soul|heart|face|mother|pet|brain|conscience|sense of humour)"
    ),
    "=(what|how) (would|do) you (feel|think|say|do) (if|when) (i left|it rains|you lose|people lie|you are alone)",
    "=(what|how) (are you|about you|was your day|have you been|is your mood|is life)",
    "=are you <made_of>[ or not| by any chance]",
    "=(is it true|i heard|they say) that you are (<you_are>|<made_of>)",
    "=(which|what) (company|person|country|school|language|data) (do you come from|made you|were you made with)",
    "=(how|where|when|by whom) were you (made|trained|born|programmed|invented|switched on)",
    "=(what|which) (version|kind of model|sort of machine|type of program) are you",
    "=how (big|large|smart|fast|reliable|good|expensive|heavy) are you",
    "=(what|which) (languages|words) (can|do) you (speak|understand|know)",
    "=what (can't|can not|won't|will not) you (do|say|answer|tell me)",
    "=what (are|were) you (thinking|dreaming) (of|about)",
    "=(are you|is this thing) (better|smarter|faster|nicer|dumber) than (me|a human|siri|alexa|other robots|a dog)",
    "=(do|will|can) robots (like you |)(take over the world|replace us|have rights|go to heaven|have feelings)",
    "=(who|what) (pays|controls|trains|owns|feeds|teaches) you",
    "=(do|will) you (store|keep|share|sell|save|remember) (my data|what i say|our talks|everything i type)",
    "=(what|why) (is|are) (you|your makers|your program) (so slow|so small|like that|never wrong)",
    "=(does it|would it) (hurt|bother|scare|annoy) you (when|if) (i swear|i leave|you are switched off|i ask too much)",
    "=(describe|introduce|rate|draw|praise|explain) yourself[ in (one sentence|three words|a few words)]",
    "=(talk|speak|write|answer) (like|as) <role_played>",
    "=(in one sentence|in three words|honestly|be honest)[,|:] (who are you|what are you|what makes you special)",
    # games and parts
    "=(pretend|imagine|suppose) (you are|i am|we are) (<you_are>|<role_played>|on the moon|stranded on an island)",
    "=(pretend to be|act like|act as|play the part of|be|speak as if you were) <role_played>[ for a while]",
    "=(you are|you're) <role_played>[ now|] and i am <role_played>[. (you begin|go|what do you say)]",
    "=(let us|let's|shall we) (chat|play <game>|be friends|sing|talk about you|philosophise|tell each other jokes)",
    "=(play|would you like a round of|how about a round of|fancy a round of|who wins at) <game>[ with me]",
    "=(i am|i'm) thinking of (a number|an animal|a famous person|a colour)[,|.] (guess|guess it|can you guess it)",
    "=(my move|your move|your turn|check|checkmate|you start|i go first|new round|rematch)",
    "=would you rather (fly or be invisible|be rich or happy|live on the moon or under the sea|be a cat or a dog)",
    # jokes, stories, rhymes
    "=(tell|give) me (a|another|your best|one more|a short) <fun>",
    "=(i want|i need|i'd love|i could use|i am in the mood for) a[ good| short| silly| new] <fun>",
    "=(do you know|have you heard|have you got|know) (a|any|another) [good ]<fun>",
    "=(a|one|another) <fun>[,] (please|quick|now|about cats|about teachers|about robots|about the sea)",
    "=make (me|us|him|her|the children) (laugh|smile|giggle|happy)",
    "=(say|tell me) something (silly|romantic|rude|wise|surprising|poetic|that rhymes|in rhyme|nobody knows)",
    "=(knock knock|why did the chicken cross the road|what has four legs and cannot walk|guess what)",
    "=(that joke|your last joke|this story|that riddle) was (bad|old|funny|too long|great|not funny)",
    # moods
    "=(i am|i'm|my cat is|my friend is|we are)[ so| very| a bit] <feel>[ today| because of you|]",
    "=i (feel|have been feeling|am feeling|often feel)[ so| very| a bit| terribly|] <feel>[ lately| today| at school]",
    "=(why|how long) (am i|do i feel|are people)[ always|] so <feel>",
    "=<somebody> <did_me>[, (what now|why|can you believe it|i could cry|it hurts|and i do not know why)]",
    "=(nobody|no one) (likes|understands|needs|calls|visits|believes) me[ anymore]",
    "=i (miss|love|hate|cannot stand|adore|envy|dreamt of|argued with|broke up with) <somebody>",
    "=i (cannot|can't|could not) (sleep|stop crying|concentrate|calm down|decide|relax|find friends|forget him)",
    "=i (failed my exam|lost my job|got a new job|passed the test|won a prize|am getting married|became an uncle)",
    "=(today|yesterday|this week) (was|has been) (awful|wonderful|long|boring|the best|a disaster|strange)[ for me]",
    "=(i am|i'm|we are) (bored|bored to death|so bored)[,|.] (what now|amuse me|entertain me|say something|any ideas)",
    "=there is nothing to do[ here| at home| today]",
    "=(comfort|console|encourage|motivate|calm|inspire|distract|flatter|cheer up) (me|us|my sister|<somebody>)",
    "=(give me|i need) (a hug|some courage|a friend|someone to talk to|a pep talk|some cheering up|love|comfort)",
    "=(my|our) (dog|cat|grandfather|goldfish|best friend) (died|is gone|ran away|moved away)[ (today|last week)]",
    "=(tell me|say that|promise me) (it will be all right|you like me|i am pretty|i am smart|you care|i can do it)",
    # opinions
    "=(what do you think|how do you feel|what is your view|do you have an opinion) (about|of|on) (<liked>|<deep>)",
    "=do you believe in <deep>",
    "=(is|are) there <deep>[, do you think|, in your opinion]",
    "=(who|which one of us|what) is (smarter|right|prettier|stronger|the best|the greatest|cooler)[, you or me]",
    "=(what|which) (is|was) the (best|worst|saddest|funniest) (day|moment|thing) (of|in) your life",
    "=(am i|was i|is she|is he) (right|wrong|pretty|too old|too fat|normal|a good person|crazy)[, do you think]",
    "=what (makes|is) a good (friend|life|person|teacher|parent|robot)",
    "=why (are we here|do we live|must we die|is life so hard|is there something and not nothing|is life unfair)",
    "=(what|who) would you (be|marry|save|eat|choose|invite) if you (could|were human|had a body|were free)",
    # thanks, praise, blame, farewell, signs of life
    "=(thanks|thank you|thx|many thanks|cheers|much obliged|bless you)[ (a lot|so much|for that|for nothing|robot)]",
    "=(that|this) (was|is) (very |)(helpful|kind|useless|wrong|nonsense|brilliant|rude|all|enough|funny|clever)",
    "=(well done|good job|nice work|bad robot|you rock|you win|i give up|no way|oh dear|come on|never mind that)",
    "=(i am|i'm) (sorry|grateful|impressed|disappointed|not convinced|only joking|just kidding|just testing you|back)",
    "=you (made a mistake|are not helping|saved my day|disappoint me|sound like my mother|talk too much|are boring)",
    "=you (stupid|silly|lovely|clever|useless|sweet) (machine|thing|robot|computer|bag of bolts)",
    "=(haha|lol|hihi|hehe|ha|rofl|omg|aha|ugh|meh|yay|oops|huh|wow)[, (that is funny|nice|good one|really|i see)]",
    "=(bye|goodbye|see you|ciao|farewell|so long|later|good night)[ (robot|then|my friend|for now|until tomorrow)]",
    "=(good|happy) (morning|evening|night|birthday|new year|afternoon|holidays)[ to you|]",
    "=(hi|hello|hey|yo|good day)[ there] (again|from me|old friend|everyone|beautiful|you|little robot)",
    "=(are you|is anybody|is anyone|is someone) (there|awake|home|listening)",
    "=(can|do) you (hear|see|read|understand|follow) me[ (now|at all)]",
    "=(test|testing|just a test|one two|is this thing on|blah blah|knock knock|anybody home)",
    "=(how was|tell me about) your (day|night|weekend|holiday|childhood|morning|week)",
    "=(nice|lovely|beautiful|strange|long) (day|evening|morning|week)[ today], (isn't it|is it not|don't you think)",
    "=(my name is|i am|call me) (anna|tom|maria|ben|lucy)[,|.] (who are you|and you|nice to meet you|what about you)",
    "=(i have|my uncle has|we got) a (new (dog|baby|haircut|girlfriend|hobby)|kitten|birthday today|day off today)",
    (
        "=(i just|today i) (woke up|came home|ate (pizza|too much|cake)|saw a rainbow|met a girl|bought shoes)[, "
        "(and you|lol)]"
    ),
    "=(how|what) (do|should|can) i call you",
    "=(will you|would you|can you) (be my (friend|valentine|teacher)|marry me|go out with me|keep me company|hug me)",
    "=(do you want|would you like) (a coffee|some cake|a cookie|to be human|to see my dog|a name|a day off)",
    "=(ask|tell) me (something|anything|a question|what you want|what is on your mind|a quiz question)",
    "=(i do not|i don't) (know what to say|want to talk|trust you|believe you|like you|need you|care)",
    "=(say|repeat after me)[:|,] (hello world|i am a robot|you are the best|banana banana|cheese|please)",
)
