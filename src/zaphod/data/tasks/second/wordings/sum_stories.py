"""Little stories and comparisons that ask for a sum or a difference; phrases only, with {a} and {b} open."""

from __future__ import annotations

ADDING = (
    "=<teller> had {a} <item><then_i><got> {b}[ more| others| extra| of the same]<stop><how_many>",
    "=<who> <has> {a} <item> and (gets|buys|finds|receives|earns|collects|wins|adds) {b} more<stop><how_many>",
    "=i have {a} <item><then_i><get> {b} more<stop>(<how_many>|how many (do i|will i|would i) have[ then| now])",
    "=there (are|were) {a} <people> <at><later>{b} more <come><stop><how_many>",
    (
        "=there (are|were) {a} <item>[ <at>]<later>{b} (more |)(are added|are put there|arrive|are "
        "brought)<stop><how_many>"
    ),
    (
        "=a (bus|train|tram|ship|plane|lift|boat|ferry|coach) (carries|has|had) {a} <people>[ on board]<later>{b} "
        "(more |)(get on|got on|climb aboard|come on board|enter)<stop><how_many>"
    ),
    (
        "=(i|she|he|<person>) read {a} pages (yesterday|on monday|last week|before lunch) and {b} (today|on "
        "friday|this week|after it)<stop>how many pages (is that|are that|were read)[ <in_all>]"
    ),
    (
        "=(the|a) <wares> costs {a}[ <money>] and (the|a) <wares2> {b}<stop>(<how_much>|(how much|what) do they cost "
        "<in_all>|what do i (pay|owe)[ <in_all>|])"
    ),
    "=what do i pay for a <wares> at {a} and a <wares2> at {b}[ <money>|]",
    "=it costs {a}[ <money>] and {b}( more|) for (delivery|taxes|the rest|shipping|the tip|repairs)<stop><how_much>",
    (
        "=<teller> (walked|ran|drove|cycled|hiked|sailed|swam|flew|rowed|marched|travelled) {a} <length> and then {b} "
        "(more|further)<stop>(how far is that|what distance is that|how long was the way|<how_much>)[ <in_all>|]"
    ),
    (
        "=(how far|what distance) is it to the (sea|town|lake|border) if it is {a} <length> to the (bridge|inn|"
        "mill) and {b} from there"
    ),
    (
        "=it was {a} degrees (this morning|at noon|yesterday|at dawn|in the cellar) and (got|became) {b} degrees "
        "(warmer|hotter)<stop>(what is the temperature|how warm is it|how many degrees is it)[ now]"
    ),
    (
        "=the (thermometer|temperature|price|level|value|index|water|score|reading|counter|bid|rent|fee) (stood|was) "
        "at {a} and (rose|climbed|went up|increased|has risen|jumped) by {b}<stop>(what is it|where does it "
        "stand|where is it|what does it read) now"
    ),
    "=the (rent|price|tax|bill|wage|fare) was {a}[ <money>] and is now {b} (higher|more|dearer)<stop>what is it now",
    "=<person> is {a} years old. (what age|how old) is that in {b} years",
    (
        "=i am {a}[ years old|]<stop>how old (will i be|am i going to be|am i) (in {b} years|{b} years from now|after "
        "{b} years)"
    ),
    "=how old (will|would) i be in {b} years if i am {a} (now|today)",
    (
        "=my sister is {a}[ years old] and my brother is {b} years older[ than her]<stop>(how old is he|how old is my "
        "brother|what is my brother's age|his age)"
    ),
    "=grandpa is {b} years older than grandma, (who|and she) is {a}<stop>how old is (grandpa|he)",
    (
        "=(my|the|our) (account|balance|piggy bank|wallet|purse|savings book|cash box|till) (holds|has|shows) {a}[ "
        "<money>] and i (put in|pay in|deposit|save|add) {b}( more|)<stop>(what is the new balance|how much is in it "
        "now|<how_much>)"
    ),
    (
        "=(our|the|my) (team|club|side|player|school) (had|scored|made|got) {a} points (before the break|on "
        "saturday|in may|at home) and {b} (after the break|on sunday|in june|away)<stop>(what is the final "
        "score|<how_many>)"
    ),
    (
        "=a (cinema|theatre|hall|church|stadium|ship|restaurant) has {a} seats (downstairs|inside|on the left|in "
        "front) and {b} (upstairs|outside|on the right|in the back)<stop>(how many seats (are there|has it "
        "got)|<how_many>)"
    ),
    (
        "=({a} cows and {b} goats|{a} hens and {b} sheep|{a} cats and {b} dogs|{a} lions and {b} bears) "
        "(live|are|stay) <at><stop>how many animals (are there|is that|live there)[ <in_all>]"
    ),
    (
        "=({a} roses and {b} tulips|{a} lilies and {b} daisies) (grow|bloom|stand) <at><stop>how many flowers (are "
        "there|is that|can i pick)[ <in_all>]"
    ),
    "=how many (children|kids|pupils) are {a} boys and {b} girls",
    (
        "=({a} men and {b} women|{a} women and {b} men) <come><stop>how many (people|adults|guests) (are there|is "
        "that|came)"
    ),
    (
        "=({a} cars and {b} lorries|{a} vans and {b} bikes) are parked there. how many vehicles (is that|are "
        "parked|are there)"
    ),
    "=({a} forks and {b} knives|{a} spoons and {b} forks), how many pieces of cutlery (is that|are there|do we have)",
    (
        "={a} (red|blue|big|old|cheap|wooden|round) and {b} (green|yellow|small|new|costly|plastic|square) <item><stop>"
        "<how_many>"
    ),
    (
        "=(the|our|my) (shop|warehouse|store|depot|cellar|stall) (has|had|keeps) {a} <item>[ in stock]<later>(a "
        "delivery of {b} arrives|{b} more are delivered|the lorry brings {b}[ more])<stop>(<how_many>|what is the "
        "stock now)"
    ),
    (
        "=i have {a} <item>(, you have {b}| and you have {b}|, you {b})<stop>how many (do we have|have we got|are "
        "ours) <in_all>"
    ),
    "=<person> has {a} <item> and <giver> (has |){b}<stop>(how many do they have (<in_all>|between them)|<how_many>)",
    (
        '="i have {a} <item>", says <person>. "(and i have|i have|i own) {b}", says <giver>. how many do they have '
        "<in_all>"
    ),
    (
        "=(there are|i have|we have) {a} <volume> in the (tank|barrel|pot|jug|pool) and {b} more are (poured in|pumped "
        "in|added|filled in)<stop><how_much>"
    ),
    (
        "=(the|a) (parcel|box|bag|cat|crate|trunk) weighs {a} <mass> and the (basket|chair|dog|letter|bike) "
        "{b}<stop>(what do they weigh|how heavy are they|<how_much>)[ together]"
    ),
    (
        "=(a|the|our) (dog|pig|calf|baby|horse|boxer) weighed {a} <mass> and (put on|gained) {b}[ more]<stop>(what is "
        "the weight now|how heavy is that now)"
    ),
    "=mix {a} grams of (flour|sand|rice) with {b} grams of (sugar|salt|butter). how (heavy is it|many grams is that)",
    (
        "=the (film|play|concert|lesson|ride) (lasts|takes) {a} <while> and the (break|way home|queue|speech) "
        "{b}<stop>how (long is that|much time is that|long does it all take)[ <in_all>]"
    ),
    (
        "=<teller> (worked|waited|slept|studied|trained|practised) {a} <while> (before|last time|back then) and {b} "
        "(since|this time|after that)<stop>how (long is that|much time is that)[ <in_all>]"
    ),
    (
        "=(the (plan|mayor|song|party) got|they counted|we counted) {a} votes in the (north|town|club) and {b} in the "
        "(south|country|school)<stop>(how many votes (is that|are there)|<how_many>)"
    ),
    (
        "={a} (tickets|copies|cards|cakes|coats) were sold (online|before noon|in spring|in town) and {b} (at the "
        "door|in the evening|in autumn|abroad)<stop>(how many were sold|<how_many>)"
    ),
    (
        "=<person> sold {a} <item> on monday and {b} more than that on tuesday<stop>how many (were sold|was it|were "
        "they) on tuesday"
    ),
    "=my brother has {b} more <item> than me[, and| and|;] i have {a}<stop>how many has (my brother|he)[ got]",
    "=<person> has {a} <item>, <giver> has {b} more than that<stop>how many (is that|are they|has the latter)",
    (
        "=(net price|goods|food|price|wages|basic rent) {a}, (tax|shipping|tip|fees|bonus|heating) {b}[ <money>|]<stop>"
        "(total|what do i pay|<how_much>)"
    ),
    (
        "=the (odometer|km counter|meter) (shows|reads|is at) {a} and (we drive|i drive|the car does) {b} "
        "more<stop>what (does it show|will it show|is the reading) (then|after that|at the end)"
    ),
    (
        "=(i am|we are|she is|he is) on floor {a} and the lift goes up {b} (floors|levels|storeys)<stop>which floor is"
        " that"
    ),
    "=i am on page {a} and (read|turn) {b} more pages<stop>(which|what) page (am i on|is that|do i reach)[ then]",
    (
        "=the (bridge|school|tower|bank) was built in {a}, the (station|church|town hall) {b} years later<stop>in what"
        " year"
    ),
    "=(what|which) year (is|comes|will it be|do we write) {b} years after[ the year] {a}",
    (
        "=(the|our|a) (library|museum|zoo|clinic|park|inn) had {a} (visitors|guests) in (may|june|spring|the morning) "
        "and {b} in (july|august|autumn|the evening)<stop><how_many>"
    ),
    (
        "=the (village|inn|lake|farm) lies at {a} metres and the (hut|peak|pass) {b} metres higher<stop>how high is "
        "the latter"
    ),
    (
        "=a (string|rope|wall|fence|road|pipe|tunnel) of {a} <length> is (extended|lengthened|made longer) by "
        "{b}<stop>how long is it (now|then|after that)"
    ),
    (
        "=(the|a|our) (town|village|island|district|club|colony) had {a} (people|inhabitants|members), then {b} (were "
        "born|moved in|joined|settled there)<stop><how_many>"
    ),
    (
        "=(i|my wife and i|we) (earn|make|get) {a}[ <money>] and (are|will be) paid {b} more[ from may]<stop>(what is "
        "the pay then|<how_much>)"
    ),
    (
        "=i owe {a}[ <money>] to (the bank|<giver>) and {b} to (the shop|the landlord)<stop>how (much do i owe|big is "
        "my debt)"
    ),
    "=my (watch|phone|app|tracker) counted {a} steps before lunch and {b} after it<stop><how_many>",
    (
        "=(the folder|my disk|the album|my phone) has {a} (files|photos|songs) and i (copy|download|save|put) {b} more "
        "into it<stop><how_many>"
    ),
    "=i had {a} unread (mails|messages|letters) and (then |)(got|received) {b} (new|more)[ of them]<stop><how_many>",
    (
        "=i stand on (square|field|step|stair) {a} and (move|go|jump|hop|climb) {b} (forward|further|up)<stop>where am"
        " i then"
    ),
    (
        "=(lay|put|join) a {a} (cm|metre|foot) (board|pipe|rail|rope) and another of {b} end to end. how long is "
        "(it|that|the whole)"
    ),
    "=the (company|hospital|factory|hotel) (employs|has) {a} people and hires {b}( more|)<stop><how_many>",
    (
        "=(milk|bread|rice|tea|petrol) {a}, (cheese|butter|jam|coffee|oil) {b}[ <money>|]<stop>(<how_much>|what is the "
        "bill|what do they cost <in_all>)"
    ),
    (
        "=how many <item> (do i have|are there|have we got) (if|when) {a} are (in the box|on the table) and {b} "
        "(elsewhere|in the bag)"
    ),
    "=suppose i had {a} <item> and <giver> (gave|brought|sent|lent) me {b}( more|)<stop>how many would i have",
    "=<giver> gives me {b} <item>[,] and i already (have|had|own) {a}<stop>(<how_many>|how many have i got now)",
    "=got {a} <item>, (grabbed|bought|found|got|won) {b} more(, | .. |. )(total|how many|so now|how many now)",
    "=i have {a} <item>, come {b} more, how many i have now",
    "=(a|the) (flock|herd|group|swarm|troop) of {a} <beasts> (meets|is joined by) {b} (more|others)<stop><how_many>",
    "=a {a} litre (tank|barrel|bucket) and a {b} litre (tank|jug|pot), how much (do they hold|fits in) <in_all>",
    "={a} <item> (are|lie|stand|were) on the left and {b} on the right<stop><how_many>",
    (
        "=(there are |){a} <people> (inside|upstairs|in front|here) and {b} "
        "(outside|downstairs|behind|there)<stop><how_many>"
    ),
    (
        "=we need {a} <item> for (the party|monday|the kitchen|the school) and {b} for (the wedding|tuesday|the garden)"
        "<stop>how many (must|should|do) we (order|buy|need)[ <in_all>]"
    ),
    (
        "=(i|you|we|they) (must|have to|should) pay {a}[ <money>] now and {b} (later|next month|at the "
        "end)<stop><how_much>"
    ),
    "={a} (came|called|voted|signed) yesterday, {b} today(, |. |; )(how many|<how_many>)",
    "=the (band|author|firm|baker) sold {a} <item> last year and this year {b} more than that<stop>how many this year",
    "=after <giver> took {b} <item>[ away| from me], i (have|had) {a} left<stop>how many did i have before",
    "={a} <item> and {b} <item> are how many[ <in_all>]",
    "=my (shelf|rack|bag|box) has {a} <item>, (his|hers|yours|theirs) (has |){b}. how many <in_all>",
    "=a (jar|bag|chest) with {a} <item> is (tipped|emptied|poured) into another with {b}<stop>how many lie there then",
    "=(day shift|morning|inside|adults): {a}, (night shift|evening|outside|children): {b}. (sum|total|<how_many>)",
    (
        "=(dear (teacher|robot|friend),|please help,|question:) i (had|saved) {a} <item> and <got> {b} "
        "more<stop><how_many>"
    ),
)

TAKING = (
    "=<teller> had {a} <item><then_i><lost> {b}[ of them|]<stop><how_many_left>",
    (
        "=<who> <has> {a} <item> and (loses|sells|gives away|lends|breaks|throws out|uses up|hands over) {b}<stop>"
        "<how_many_left>"
    ),
    "=i have {a} <item><then_i><lose> {b}<stop>(<how_many_left>|how many (do i|will i|would i) (have|keep)[ then])",
    "=there (are|were) {a} <people> <at><later>{b} (of them |)<go><stop><how_many_left>",
    "=there (are|were) {a} <item>[ <at>], (but|then|and) {b}[ of them] <gone><stop><how_many_left>",
    (
        "=(from|of|out of) {a} <item>[,] {b} (<gone>|are used|are bad|are broken)<stop>(<how_many_left>|how many "
        "(are good|are whole|are unsold))"
    ),
    (
        "=a (bus|train|tram|ship|plane|lift|boat|ferry) (carries|has|had) {a} <people>[ on board]<later>{b} (get "
        "off|got off|climb out|leave|step out)<stop>(<how_many_left>|how many travel on)"
    ),
    (
        "={a} <beasts> (sat|were|lived|rested) <at><later>{b} (ran off|were caught|fled|vanished|got "
        "away)<stop><how_many_left>"
    ),
    "={a} birds (sit|are|sat) on a (wire|roof|branch)<later>{b} (fly away|flew off|fly off)<stop><how_many_left>",
    (
        "=(the|a|this|my) book has {a} pages and i (have read|read|am through with) {b}[ of them]<stop>(how many pages"
        " are left|how many must i still read|<how_many_left>)"
    ),
    (
        "=(i pay|she pays|you pay|he pays) with {a} and it costs {b}<stop>(how much|what) (change is that|comes "
        "back|is the change)"
    ),
    "=i pay with {a} and it costs {b}. (how much|what) change do i get",
    (
        "=(how much|what) change (do i get|is due|comes back|should they give) (from|out of) {a}[ <money>] if the "
        "(bill|<wares>|meal) (is|costs) {b}"
    ),
    (
        "=i (have|had|got|saved) {a} <money> and (spend|spent|pay|paid|use|used) {b} (on a <wares>|for a <wares>|on "
        "food)<stop><how_much_left>"
    ),
    (
        "=(a|the) <wares> (costs|was) {a} and (is|gets) {b} (cheaper|off|less)[ in the sale]<stop>(what|how much) is "
        "it now"
    ),
    "=a <wares> for {a}[ <money>], discount {b}(, |. )(what do i pay|what is the price then|<how_much_left>)",
    "=i need {a} <item> (and|but) (i |)(have|own|found) only {b}<stop>how many (more do i need|are missing|do i lack)",
    (
        "=how many[ more] <item> (do i need|must i get|are missing|are still needed) (to have|to reach|for) {a} "
        "(if|when) i (already |)have {b}"
    ),
    (
        "=(a|the) <wares> costs {a}[ <money>] and i have (saved |only |){b}<stop>how much (more do i need|is "
        "missing|must i still save)"
    ),
    (
        "=(my|the|our) goal is {a} and i am at {b}<stop>how (much is missing|many are missing|many more to go|much "
        "remains|far to go)"
    ),
    "=i have {a} <item>, you have {b}<stop>how many more (do i have|have i got|are mine)[ than you]",
    "=i have {b} <item>, <giver> has {a}<stop>how many fewer (do i have|have i got)",
    "=how many more <item> (has|does) <person> with {a} (have |)than <giver> with {b}",
    (
        "=there are {a} (boys|men|cows|cars|apples) and {b} (girls|women|goats|bikes|pears)<stop>how many more of the "
        "former"
    ),
    (
        "=(anna has {a} <item> and ben (has |){b}. how many more has anna|ben has {b} <item> and anna (has |){a}. how "
        "many more has anna|tom owns {b} <item>, mia {a}. how many more does mia own)[ got|]"
    ),
    "=by how (much|many) (is {a} (bigger|larger|greater|higher|more) than|does {a} (exceed|beat|top)) {b}",
    (
        "=it was {a} degrees (this morning|at noon|yesterday|in the sun|outside) and (got|became) {b} degrees (colder|"
        "cooler)<stop>(what is the temperature|how warm is it|how many degrees is it)[ now]"
    ),
    (
        "=the (thermometer|temperature|price|level|value|index|water|reading|balance|rent|fee|speed) (stood|was) at "
        "{a} and (fell|sank|went down|dropped|decreased|came down) by {b}<stop>(what is it|where does it stand|where "
        "is it|what does it read) now"
    ),
    "=the (rent|price|tax|bill|wage|fare) was {a}[ <money>] and is now {b} (lower|less|cheaper)<stop>what is it now",
    "=<person> is {a} years old. how old was that (person|soul) {b} years ago",
    "=i am {a}[ years old|]<stop>how old (was i|have i been) ({b} years ago|{b} years back|{b} years earlier)",
    "=how old was i {b} years ago if i am {a} (now|today)",
    (
        "=my sister is {a}[ years old] and my brother is {b} years younger[ than her]<stop>(how old is he|how old is "
        "my brother|what is my brother's age|his age)"
    ),
    "=how (much|many years) older is (grandpa|the oak|my aunt), (aged|who is|with) {a}, than (grandma|the elm|me), {b}",
    (
        "=someone (was born|came to the world|started school) in {b}. (how old are they|how many years is that) in[ "
        "the year] {a}"
    ),
    "=how (many years|long|much time) is it (from {b} (to|until|till)|between {b} and) {a}",
    "=(what|which) year (was|was it|is) {b} years before[ the year] {a}",
    (
        "=(my|the|our) (account|balance|piggy bank|wallet|purse|cash box|till) (holds|has|shows) {a}[ <money>] and i "
        "(take out|withdraw|spend|draw) {b}<stop>(what is the new balance|how much is in it now|<how_much_left>)"
    ),
    (
        "=(a|the) (film|play|concert|lesson|ride|flight) (lasts|takes) {a} <while> and {b} (are over|have passed|are "
        "gone)<stop>(how long is left|how much longer|<how_much_left>)"
    ),
    (
        "=(the way|the trip|the race|the walk|the route) is {a} <length> and (i|we) (have done|did|covered) "
        "{b}<stop>(how far is it still|how far to go|<how_much_left>)"
    ),
    (
        "=we are {a} <length> from (home|the sea|town) and (go|drive|walk) {b} towards it<stop>how far (is left|is it "
        "then)"
    ),
    (
        "=a (string|rope|board|pipe|plank|cloth|ribbon) of {a} <length> is (shortened|cut short|made shorter) by "
        "{b}<stop>how long is it (now|then|after that)"
    ),
    "=(i|they|we) cut {b} <length> off a (rope|board|pipe|cloth) of {a}<stop>(how long is the rest|<how_much_left>)",
    (
        "=a (cinema|theatre|hall|church|stadium|bus|restaurant) has {a} seats and {b} (are taken|are sold|are "
        "occupied|are booked|are broken)<stop>how many (are free|are empty|can still be used|seats remain)"
    ),
    "={a} (seats|rooms|beds|places), {b} (taken|booked|full|in use), how many (free|empty|are still free)",
    (
        "=(the|our|my) (shop|warehouse|store|depot|cellar|stall) (has|had|keeps) {a} <item>[ in stock]<later>{b} (are "
        "sold|are shipped|go out|leave the house)<stop>(<how_many_left>|what is the stock now)"
    ),
    (
        "=(there are|i have|we have) {a} <volume> in the (tank|barrel|pot|jug), {b} (leak out|are drunk|are "
        "used)<stop><how_much_left>"
    ),
    (
        "=(a|the|our) (dog|pig|boxer|patient|horse|man) weighed {a} <mass> and (lost|shed) {b}<stop>(what is the "
        "weight now|how heavy is that now)"
    ),
    (
        "=the full (box|jar|lorry|bag) weighs {a} <mass>, the empty {b}<stop>(what does the content weigh|how heavy is"
        " the load)"
    ),
    "=(gross|income|takings|salary) {a}, (tax|expenses|costs|rent) {b}[ <money>|]<stop>(net|profit|<how_much_left>)",
    "=(bought|i bought it) for {b} and sold (it |)for {a}(, |. )(what is the profit|how much did i (make|earn|gain))",
    (
        "=(i am|we are|she is|he is) on floor {a} and the lift goes down {b} (floors|levels|storeys)<stop>which floor "
        "is that"
    ),
    (
        "=i stand on (square|field|step|stair) {a} and (go|jump|hop|climb|move) {b} (back|backwards|down)<stop>where "
        "am i then"
    ),
    (
        "=the (peak|hut|tower|top) is at {a} metres, the (village|lake|inn|ground) at {b}<stop>how (far up is it|high "
        "is the climb)"
    ),
    (
        "=(the|a|our) (town|village|island|district|club|colony) had {a} (people|inhabitants|members), then {b} "
        "(died|moved out|left|went abroad)<stop><how_many_left>"
    ),
    "=the (company|hospital|factory|hotel) (employs|has) {a} people and (fires|loses|lets go) {b}<stop><how_many_left>",
    (
        "=i owe {a}[ <money>] and (pay back|paid back|return|have paid) {b}<stop>how (much do i still owe|big is my "
        "debt now)"
    ),
    (
        "=(the folder|my disk|the album|my phone) has {a} (files|photos|songs) and i (delete|erase|remove) "
        "{b}<stop><how_many_left>"
    ),
    "=i had {a} unread (mails|messages|letters) and (read|answered|opened|deleted) {b}[ of them]<stop><how_many_left>",
    (
        "={a} <people> (were invited|signed up|bought tickets|were expected), {b} (stayed away|were ill|could not "
        "come)<stop>how many came"
    ),
    "=of {a} <people>[,] {b} are (men|ill|late|foreign|asleep|new|adults)<stop>how many are not",
    (
        "=a (school|class|club|choir) has {a} (children|members) and {b} (are|of them are) girls<stop>how many boys[ "
        "are there]"
    ),
    (
        "=<person> sold {a} <item> on monday and {b} (fewer|less) than that on tuesday<stop>how many (were sold|was "
        "it) on tuesday"
    ),
    "=my brother has {b} (fewer|less) <item> than me[, and| and|;] i have {a}<stop>how many has (my brother|he)[ got]",
    "=i have {a} <item>, <giver> has {b} (fewer|less)<stop>how many (is that|are they|has the latter)",
    (
        "=suppose i had {a} <item> and <giver> (took|stole|wanted|borrowed) {b}[ of them]<stop>how many would i have "
        "(left|then)"
    ),
    "=<giver> (takes|took|steals|borrows) {b} of my {a} <item><stop><how_many_left>",
    "=got {a} <item>, (sold|lost|gave away|broke) {b}(, | .. |. )(how many left|so now|how many now|what is left)",
    "=i have {a} <item>, {b} go away, how many (i have now|stay)",
    "=if {b} of (the|these|my|our) {a} <item> <gone>, how many (remain|are left|do i have)",
    "=how many <item> (remain|are left|are there) (if|when|after) {b} of {a} <gone>",
    "=i got {b} more <item> and now (have|own) {a}<stop>how many did i have before",
    (
        "=(budget|limit|capacity|order|stock|target) {a}, (used|spent|filled|delivered|sold|done) {b}(, |. "
        ")(rest|remaining|<how_much_left>)"
    ),
    (
        "=(our team|we|the reds) (scored|made|have) {a} points, (the others|they|the blues) {b}<stop>by how many (did "
        "we win|are we ahead|is that a win)"
    ),
    (
        "=(last year|before|yesterday) it was {b}, (now|today) it is {a}<stop>(by how much did it (grow|rise)|how much"
        " more is that)"
    ),
    (
        "=(last year|before|yesterday) it was {a}, (now|today) it is {b}<stop>(by how much did it "
        "(shrink|fall|drop)|how much less is that)"
    ),
    (
        "=the (meter|odometer|counter) (read|showed) {b} at the start and {a} at the end<stop>(how much was used|how "
        "far was that|what came on top)"
    ),
    (
        "=a recipe (needs|asks for|wants) {a} grams of (flour|sugar|rice) and i have {b}<stop>how much (is "
        "missing|more do i need)"
    ),
)
