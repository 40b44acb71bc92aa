"""Questions whose answer stays: history, places, works, nature, how things work; phrases only.

Slots and most rules as in `route_wordings`; those of people, places, topics and years alone.
"""

from __future__ import annotations

RULES = {
    "science": (
        "(the sky blue|water wet|the sea salty|ice slippery|the moon round|blood red|grass green)",
        "(iron heavy|fire hot|glass transparent|snow white|gold rare|metal shiny|the sun bright)",
        "(lemon juice sour|sugar sweet|the desert dry|a year 365 days long|platinum precious|rubber elastic)",
        "(the south pole colder than the north pole|lead soft|mercury liquid|steel harder than iron|space black)",
    ),
    "how": (
        "(a fridge works|birds fly|bees make honey|rain forms|magnets attract|a clock ticks|planes fly)",
        "(plants grow|the heart beats|a battery works|waves form|glass is made|bread rises|fish breathe)",
        "(volcanoes erupt|cats see at night|cheese is made|stars are born|soap cleans|a lens works|salt is won)",
        "(paper is made|a zip closes|a telephone carries a voice|a submarine dives|vaccines protect us|a lock opens)",
        "(a microwave heats food|trees drink|chameleons change colour|pearls grow|coal forms|spiders spin webs)",
        "(a steam engine runs|bats find their way|the eye sees|muscles grow|memory works|a piano makes its sound)",
        "(a satellite stays up|wine is made|silk is made|concrete hardens|a toilet flushes|birds find their way south)",
        "(the brain stores words|caterpillars become butterflies|a bicycle stays upright|mountains form|yeast works)",
    ),
    "how_do": (
        "(does a (fridge|battery|lens|zip|toaster|lock|vacuum cleaner|thermometer|radio|camera|compass|lift) work)",
        "(do (birds fly|bees make honey|fish breathe|plants grow|magnets attract|volcanoes erupt|spiders spin webs))",
        "(does (rain form|the heart beat|bread rise|soap clean|yeast work|a submarine dive|the eye see|sound travel))",
        (
            "(do (trees drink|bats hunt|cats purr|muscles grow|stars die|vaccines protect us|traffic lights "
            "work|eels breed))"
        ),
        "(is|was) (glass|paper|cheese|silk|steel|chocolate|soap|wine|salt|ink|rubber|porcelain) made",
        (
            "(are (pearls formed|stars born|mountains formed|coins minted|books bound|tunnels dug|bells "
            "cast|diamonds cut))"
        ),
        "(did (life begin|the moon form|whales come to live in the sea|birds learn to fly|people tame the horse))",
        "(can (a ship of steel float|fish live under ice|a gecko walk on the ceiling|a plane fly upside down))",
    ),
    "fact": (
        "(the sky is blue|ice floats on water|onions make us cry|cats purr|bread gets hard|metal feels cold)",
        "(leaves fall in autumn|the sea is salty|the moon has phases|stars twinkle|iron rusts|milk turns sour)",
        (
            "(we yawn|we dream|hair turns grey|babies cry|dogs bark|birds sing at dawn|zebras have stripes|moths "
            "love lamps)"
        ),
        (
            "(hot air rises|days are shorter in winter|the year has leap days|snow is white|oil swims on "
            "water|glass breaks)"
        ),
        "(popcorn pops|bananas are curved|cheese has holes|champagne bubbles|flamingos are pink|ducks do not get wet)",
        (
            "(we cannot breathe under water|the tongue burns on cold metal|mirrors swap left and right|bees die "
            "when they sting)"
        ),
        (
            "(thunder comes after lightning|it is colder on mountains|rain falls|the wind blows|rivers bend|fog "
            "forms at dawn)"
        ),
        (
            "(aeroplanes leave white lines|wheels squeak|a kettle whistles|ships of steel float|tyres are "
            "black|soap foams)"
        ),
        (
            "(people shake hands|keyboards are not in order of letters|clocks run clockwise|coins are round|we "
            "have two ears)"
        ),
    ),
    "why_do": (
        "(is the sky blue|does ice float|do onions make us cry|do cats purr|does bread get hard|does metal feel cold)",
        (
            "(do leaves fall|is the sea salty|does the moon change shape|do stars twinkle|does iron rust|does "
            "milk turn sour)"
        ),
        "(do we (yawn|dream|sneeze|blush|shiver|laugh|have fingerprints|need sleep|get old|have eyebrows))",
        (
            "(do (dogs bark|birds sing|zebras have stripes|moths fly to lamps|cows chew twice|geese fly in a "
            "v|camels have humps))"
        ),
        (
            "(does (hot air rise|it rain|the wind blow|wood burn|glass break|popcorn pop|a ball bounce|soap "
            "foam|chalk squeak))"
        ),
        "(are (days shorter in winter|bananas curved|flamingos pink|tyres black|coins round|tears salty|leaves green))",
        (
            "(is it (colder on mountains|dark at night|warm in summer|hot at the equator|quiet after snow|cool "
            "in a cellar))"
        ),
        "(can't (we breathe under water|penguins fly|we see in the dark|we tickle ourselves|fish live on land))",
        (
            "(don't (oil and water mix|spiders stick to their webs|birds on wires get a shock|trees fall "
            "over|ducks get wet))"
        ),
        (
            "(do (ships float|planes stay in the air|bridges swing|clocks tick|kettles whistle|batteries run "
            "out|lamps glow))"
        ),
    ),
    "phenomena": (
        "(rainbows|the tides|earthquakes|clouds|hiccups|fossils|echoes|dunes|mirages|sunspots|icicles|geysers)",
    ),
    "phenomenon": (
        "(thunder|lightning|rust|fog|mould|static electricity|the smell of rain|jet lag|dew|hail|an eclipse|amber)",
        "(a rainbow|the northern light|a tornado|an avalanche|acid rain|limescale|a whirlpool|the greenhouse effect)",
    ),
    "event_of_nature": (
        (
            "(water freezes|a star dies|a volcano erupts|iron gets wet|we sleep|a bee stings|vinegar meets "
            "soda|light meets glass)"
        ),
        (
            "(we hold our breath|milk boils|the moon covers the sun|a tree is hit by lightning|a bone "
            "breaks|salt meets ice)"
        ),
        "(two black holes meet|you mix blue and yellow|a magnet is cut in two|the earth turns faster|paper burns)",
    ),
    "is_it": (
        "(is (a tomato a fruit|a whale a fish|a spider an insect|glass a liquid|the sun a star|a bat a bird))",
        "(do (fish sleep|plants sleep|cats always land on their feet|snakes have ears|ants have a queen|bees dance))",
        (
            "(can (penguins fly|cows climb stairs|sharks smell blood|parrots understand words|elephants "
            "jump|sound cross space))"
        ),
        (
            "(does (sound travel faster in water|hot water freeze faster|lightning strike twice|hair grow after "
            "death|gold rust))"
        ),
        "(was (the earth once all ice|zero always known|einstein bad at school|iron once dearer than gold))",
        "(are (bananas berries|viruses alive|diamonds made of coal|polar bears white|we made of water|corals animals))",
    ),
    "claim": (
        "(a tomato is a fruit|a whale is a fish|spiders are insects|the sun is a star|glass is a liquid|fish sleep)",
        (
            "(cats land on their feet|snakes are deaf|penguins can fly|sharks smell blood|elephants cannot "
            "jump|gold rusts)"
        ),
        "(sound is faster in water|lightning never strikes twice|bananas are berries|bulls hate red|bats are blind)",
        "(we use a tenth of our brain|the great wall can be seen from the moon|camels keep water in their humps)",
    ),
    "superlative": (
        "(longest river|highest mountain|deepest lake|largest desert|biggest ocean|smallest continent) in the world",
        (
            "(fastest|biggest|smallest|longest-lived|loudest|heaviest|most poisonous) "
            "(animal|bird|fish|snake|mammal|insect)"
        ),
        "(biggest|smallest|hottest|nearest|farthest) planet",
        "(hardest|lightest|heaviest|most common|rarest) (metal|element|gas|stone)",
        "(largest|smallest|longest|strongest) (bone|muscle|organ) in the body",
        "oldest (language|religion|board game|instrument|tree|alphabet|tool) we know of",
    ),
    "invention": (
        "(telephone|wheel|printing press|steam engine|light bulb|bicycle|telescope|compass|piano|zip|thermometer)",
        "(microscope|radio|parachute|sewing machine|typewriter|fridge|helicopter|battery|lift|umbrella|pendulum clock)",
        "(vacuum cleaner|microwave oven|fountain pen|camera|submarine|traffic light|tin can|toothbrush|safety match)",
    ),
}

KNOWLEDGE = (
    "=who was the (first|second|third|last) <role> of {country}",
    "=who was the <role> of {country} <past>",
    "=who (led|governed|ruled|headed) {country} <past>",
    "np:the (first|second|last) <role> of {country}",
    "np:the <role> of {country} <past>",
    "eq:who the <role> of {country} was <past>",
    "eq:who (led|governed|ruled) {country} <past>",
    "=who (founded|started|created) {company}",
    "=who was the (first |)<boss> of {company} <past>",
    "=when was {company} (founded|started|created)",
    "=(what was|how high was|how much was) the <price> of <good> <past>",
    "=how (expensive|cheap) was <good> <past>",
    "np:the <price> of <good> <past>",
    "eq:what <good> cost <past>",
    "=why did the <price> of <good> (rise|fall) <past>",
    "=who (won|lost|played in) the <event>[ in {city}] <past>",
    "eq:who won the <event> <past>",
    "np:the (score|result|outcome|winner) of the <event> <past>",
    "=where (was|took place) the <event> <past>",
    "=when was the first <event>",
    "=what happened (in {city}|in {country}) <past>",
    "=what (is|was) the capital of {country}",
    "np:the capital[ city] of {country}",
    "eq:what the capital of {country} is",
    "=(what|which) (language|languages) do they speak in {country}",
    "=(what|which) (currency|alphabet|religion|flag|anthem) (does|has) {country}[ have| use|]",
    "=where (is|lies) ({city}|{country})",
    "=which country (is {city} in|does {city} belong to)",
    "=which (river|sea|mountain|countries) (is|are|lies) (next to|near|in|closest to) ({country}|{city})",
    (
        "=how (high|long|deep|old|big|wide|far) is the (highest |longest |oldest |biggest |)<thing> (of|in) "
        "({country}|{city})"
    ),
    "np:the (height|length|age|depth|size|history|name) of the <thing> (of|in) {city}",
    "eq:how (high|long|deep|old|big) the <thing> (of|in) {city} is",
    "=when was the <thing> (of|in) {city} (built|opened|discovered|finished|destroyed)",
    "=who (built|designed|discovered|painted|planned) the <thing> (of|in) {city}",
    "=who (wrote|painted|composed|directed|sang) {title}",
    "=when (was|did) {name} {surname} (born|die)[ <past>|]",
    "=who was {name} {surname}",
    "=what did {name} {surname} (write|invent|discover|do) <past>",
    "=what is {name} {surname} (known|famous) for",
    "=why is <science>",
    "eq:how <how>",
    "=how is it that <how>",
    "=explain how <how>",
    "=how does it (happen|come) that <how>",
    "np:the (reason|cause|history|origin|theory|laws) (of|behind) {topic}",
    "=what (caused|ended|started) the (war|crisis|revolution|plague|fire) (in {city}|in {country}) <past>",
    "=how did (people|farmers|kings|sailors|children) (live|travel|eat|dress|work) <past>",
    "=(describe|tell me about|explain) the history of ({city}|{country}|{company}|{topic})",
    (
        "=what is the (chemical symbol|boiling point|melting point|density|formula) of "
        "(gold|iron|water|silver|salt|copper)"
    ),
    (
        "=how many (legs|bones|teeth|planets|letters|sides|strings) (does|has|have) (a spider|a human|a "
        "shark|the sun|the alphabet|a cube|a violin)[ have|]"
    ),
    "=(what|who) (invented|discovered) (the telephone|penicillin|the wheel|gravity|paper|the steam engine|glass|zero)",
    "=(is|are) (whales|spiders|mushrooms|bats|tomatoes|sponges) (mammals|insects|plants|birds|fruit|animals)",
    "=what is the (difference|relation) between {topic} and {topic2}",
    (
        "=(in|of) which (century|year|decade) was (the wheel|printing|paper|{title}|the <thing> in {city}) "
        "(invented|made|finished|written)"
    ),
    "=how (big|far|heavy|hot|old) is (the moon|the sun|the earth|mars|a whale|an atom|the universe)",
    "=how many (people|soldiers|ships|houses) (were|lived) (there|) (in {city}|in {country}) <past>",
    "np:the population of {city} <past>",
    "=what was {city} called <past>",
    "=what (language|money|tools|clothes) did they (use|have|wear) in {country} <past>",
    # offices then, and how they are filled
    "=who (held|had) the office of <role> (of|in) {country} <past>",
    "=which party (ruled|governed|was in power in) {country} <past>",
    "=what did the <role> of {country} (say|decide|sign|promise|do)[ about {topic}|] <past>",
    "=(did {country} (have|get|elect) a <role> <past>|when did {country} first (have|elect) a <role>)",
    "=how is (the|a) <role> of {country} (elected|chosen|appointed)",
    "=what (does|can|may|must) a <role> (do|decide|sign)[ in {country}]",
    "=how long is the term of (a|the) <role>( of {country}|)",
    "=how many (presidents|kings|queens|prime ministers) did {country} have (before|until|by) {old_year}",
    "=who became <role> of {country} after the (war|revolution|election|crisis) of {old_year}",
    "=who (succeeded|replaced|followed) {name} {surname} (as <role> of {country}|in {old_year}|at {company} <past>)",
    "=(until|since|from) when was {name} {surname} the <role> of {country}",
    "=how old was {name} {surname} (in {old_year}|at the <event> of {old_year})",
    "=was {name} {surname} (ever|once|really) the (<role> of {country}|<boss> of {company})",
    "=was {name} {surname} the (<role> of {country}|<boss> of {company}) <past>",
    "=why did the <role> of {country} (resign|step down|flee|lose the vote) <past>",
    "np:a list of the (kings|queens|presidents|emperors|rulers) of {country} (until|before|from) {old_year}",
    "np:the (duties|powers|rights) of a <role>",
    "eq:(who|which party) was in (power|government|office) in {country} <past>",
    "eq:how (a|the) <role> of {country} is (elected|chosen|appointed)",
    "=what was the first (car|product|phone|machine|shop) (of|by|from) {company}",
    "=how did {company} (begin|start|get its name|become big|survive the war)",
    "=(where|in which city|in what year) was {company} founded",
    "=what did {company} (make|sell|build|produce) <past>",
    "eq:(who founded|where they founded|why they founded|when somebody founded) {company}",
    # prices then, and why there are prices
    "=what did (a loaf of bread|a house|a horse|a pound of butter|<good>) cost[ in {country}| in {city}] <past>",
    "=how much did <good> (cost|sell for)[ in {country}] <past>",
    "=was <good> (cheap|expensive|scarce|rationed|taxed) <past>",
    "=why was <good> (cheap|expensive|scarce|rationed|so dear) <past>",
    "=what was a share of {company} worth <past>",
    "=how high was (inflation|unemployment|the interest rate|the income tax) in {country} <past>",
    "=(where|when) was (gold|silver|copper|oil|coffee|sugar|cotton) first (found|traded|used)",
    "=what (determines|decides|sets|drives) the price of (gold|oil|bread|coffee|a share|a house|a painting)",
    "=how are (share prices|exchange rates|oil prices|interest rates|wages) (set|made|agreed)",
    "=why do (prices|rents|shares) (rise|fall|go up and down)",
    "=what happens to prices (when|if) (money is printed|demand rises|a harvest fails|there is too much of a thing)",
    "=which (country|king|bank) (issued|made|printed) the first (coin|paper money|banknote|gold coin)",
    "np:the highest <price> of <good> <past>",
    "eq:how much (<good>|a loaf of bread|a horse) cost[ in {country}] <past>",
    "eq:why <good> was so (expensive|cheap|scarce) <past>",
    # contests then, and their rules
    "=who (won|lost|hosted|organised|cancelled) the <event> of {old_year}",
    "=where was the <event>[ of {country}] held <past>",
    "=how many (countries|teams|people|riders) took part in the <event> <past>",
    "=how often is the <event> held",
    "=since when is there a <event>[ in {country}]",
    "=what are the rules of (chess|football|tennis|cricket|rugby|golf|poker|hockey)",
    "=how many players (are in|make up) a (football|cricket|volleyball|rugby|basketball) team",
    "=how (long|big|wide) is a (marathon|football pitch|tennis court|boxing ring|chess board)",
    "=who scored (the first goal|the winner|twice) in the <event> <past>",
    "=how (does|did) (offside|a penalty|scoring|extra time|a tie-break) work in (football|tennis|hockey|rugby)",
    "np:the rules of (chess|football|tennis|cricket|rugby|golf|poker|go)",
    "eq:(where|when|how) the first <event> was held",
    # history
    "=what happened (in {old_year}|at the end of the {century}th century|on the day {country} became free)",
    "=what is the year {old_year} (known|remembered) for",
    "=which (war|battle|treaty|plague|discovery) (happened|took place|was) in[ the year] {old_year}",
    "=who (fought|ruled|traded|settled) in ({city}|{country}) <past>",
    "=why did (the war|the empire|the revolution|the uprising in {city}) of {old_year} (start|end|fail|break out)",
    "=how did the (war|revolution|strike|crisis|trial) of {old_year}[ in {country}] end",
    "=what did (the romans|the vikings|the aztecs|the celts|knights|monks|sailors) (eat|wear|believe|build|trade)",
    "=when did the (roman empire|bronze age|last ice age|middle ages|stone age|cold war) (begin|end)",
    "=how were (pyramids|cathedrals|castles|roman roads|viking ships|city walls) built",
    "=when did (women get the vote|slavery end|the railway come|the war end) in {country}",
    "=(when|how) did {country} (become independent|become a republic|lose the war|get its flag|get its name)",
    "=why did people (build castles|leave {country}|burn witches|move to {city}|use candles) <past>",
    "=(my homework|our lesson|the quiz|my essay) is (on|about) {country} <past>(.|,|:) (who ruled|what happened) then",
    "=how (long|big|expensive) was the (war|siege|fire|journey|plague) (of {old_year}|in {city}) <past>",
    "np:the (causes|consequences|course|end) of the (war|revolution|plague|crisis) of {old_year}",
    "np:the history of (bread|glass|money|writing|tea|the bicycle|chess|clocks|the potato|paper)",
    "eq:(how|why|when) the (roman empire|last ice age|bronze age|age of sail) (began|ended)",
    "eq:(what happened|how people lived|who ruled) in ({city}|{country}) <past>",
    # places that stay where they are
    (
        "=which is the (longest|highest|deepest|biggest|smallest|oldest) "
        "(river|mountain|lake|island|city|desert|forest) in {country}"
    ),
    "=on which (continent|river|sea|coast|island) is {city}",
    "=(what|which) countries (surround|border on|lie next to|share a border with) {country}",
    "=how far is (it from |){city} from the (sea|equator|north pole|mountains|border)",
    "=which time zone is {city} in",
    "=does {country} (lie by the sea|have volcanoes|have a coast|have deserts|have high mountains)",
    "=(what|which) colours does the flag of {country} have",
    "=which (animals|plants|birds|trees) (live|are found) in {country}",
    "=how did {city} get its name",
    "=what is {city} (famous|known) for",
    "=who (lies|is) buried in the <thing> (of|in) {city}",
    "=how many (arches|towers|steps|rooms|bells) does the <thing> (of|in) {city} have",
    "=why was the <thing> (of|in) {city} (built|moved|painted|given its name)",
    (
        "=(what|which) is the (longest|highest|deepest|biggest|driest|coldest) "
        "(river|mountain|lake|desert|place|ocean) on earth"
    ),
    "np:the (longest river|highest mountain|biggest lake|flag|anthem|coat of arms) of {country}",
    "eq:(where {city} is|which river flows through {city}|on which continent {country} is|what {city} is famous for)",
    # people and works
    "=(where|when|in which century) was {name} {surname} born",
    "=(what|which books|which plays|which songs) did {name} {surname} write",
    "=(how|when|where) did {name} {surname} (die|grow up|study|become a painter)[ <past>]",
    "=(whom did|where did) {name} {surname} marry <past>",
    "=who was the (father|wife|teacher|rival|husband|mother) of {name} {surname}",
    "=what did {name} {surname} (find out|prove|paint|build|teach|believe)[ <past>]",
    "=what is {title} about",
    "=who is the (hero|narrator|villain|author|composer) of {title}",
    "=how does {title} end",
    "=(when|in what language|by whom|for whom) was {title} written",
    "=why (is|was) {title} (famous|forbidden|called that|so long)",
    "np:the (life|biography|youth|works|discoveries|death) of {name} {surname}",
    "np:the (author|plot|ending|moral|composer|first line) of {title}",
    "eq:(when|where) {name} {surname} (was born|died|lived|studied)",
    "eq:(who wrote|who painted|who composed|when someone wrote) {title}",
    # nature and everyday things
    "=why <why_do>",
    "=(but|and|so|tell me,|ever wondered,|dad,|mum,|please,) why <why_do>",
    "=why (on earth|exactly|actually|then|really) <why_do>",
    "=(my daughter|a child|my class|somebody|my son) (asks|asked|wants to know|keeps asking) why <fact>",
    "=how come <fact>",
    "=(why is it that|how is it possible that|what is the reason that|how can it be that) <fact>",
    "=<fact>(.|,| -|;) (why|but why|why is that|how come|for what reason|what is the reason|explain)",
    "=i (noticed|see|read|learnt|was told) that <fact>(.|,|;) (why|why is that|how come|what is behind that)",
    "=explain[ to me| to a child| briefly| in simple words|] why <fact>",
    "=(explain|describe|show|sketch)[ briefly| simply| step by step|] how <how>",
    "eq:why <fact>",
    "eq:the reason why <fact>",
    "np:(an explanation|the reason|a simple reason) why <fact>",
    "np:(an explanation of|a short text on|the science of) how <how>",
    "=how <how_do>",
    "=how (exactly|on earth|in fact|actually|then|really) <how_do>",
    "=(in simple words|briefly|for a child|roughly|in one sentence|step by step)[,|:] (how <how_do>|why <why_do>)",
    "=(i have|we have) always wondered (how <how>|why <fact>)",
    "=i (never understood|would love to understand|want to understand|cannot see) (how <how>|why <fact>)",
    "=what (causes|creates|produces|brings about|is behind) (<phenomena>|<phenomenon>)",
    "=(how|why|where) (do <phenomena>|does <phenomenon>) (come about|arise|form|happen)",
    "np:the (cause|origin|science|physics|explanation) of (<phenomena>|<phenomenon>)",
    "eq:(what causes|what is behind|what brings about) (<phenomena>|<phenomenon>)",
    "=what happens (when|if) <event_of_nature>",
    "eq:what happens (when|if) <event_of_nature>",
    "=<is_it>",
    "=(is it true|are you sure|would you say|is it a myth) that <claim>",
    "eq:(if|whether) <claim>",
    "=true or false[:|,] <claim>",
    "=(what|which) is the <superlative>",
    "np:the (name of the |)<superlative>",
    "eq:(what|which) the <superlative> is",
    "=who (invented|built|made) the first <invention>",
    "=(who invented|when did someone invent|who came up with|where was someone first to build) the <invention>",
    "=(when|where|by whom|how) was the <invention> invented",
    "=what (was life like|did people use|did people do) before the <invention>[ was invented]",
    "np:the (inventor|history|invention|origin) of the <invention>",
    "eq:(who invented|who built|how people came to invent) the <invention>",
    "=what is a <invention> (made of|good for|used for)",
    "=how does a <invention> work",
    "eq:how a <invention> works",
)
