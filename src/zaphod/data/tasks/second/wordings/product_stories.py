"""Little stories that ask for a product; phrases only, with {a} and {b} open."""

from __future__ import annotations

MULTIPLYING = (
    "=<who> <has> {a} <holder> with {b} <item> (each|in each|apiece)<stop><how_many>",
    (
        "=({a} coops with {b} hens each. how many hens|{a} vases of {b} roses. how many roses|{b} shelves hold {a} "
        "books each. how many books|{a} cars have {b} wheels each. how many wheels|{b} trees bear {a} apples each. how"
        " many apples|{a} spiders with {b} legs. how many legs|{b} albums of {a} stamps. how many stamps|{b} cartons "
        "with {a} eggs in each. how many eggs|{a} tables with {b} guests at each. how many guests)[ is that| are "
        "there]"
    ),
    "={a} <holder> (of|with|hold) {b} <item>[ each]<stop>how many (in all|altogether|in total|are there|of them)",
    "={b} <holder> (with|hold) {a} <item> each<stop><how_many>",
    "=there are {b} <holder>(, each| and each of them) (has|holds|contains|with) {a} <item><stop><how_many>",
    "=there are {a} <holder>(, each| and each of them) (has|holds|contains|with) {b} <item><stop><how_many>",
    (
        "=(each|every) (box|bag|row|shelf|packet|crate|tray|basket) (holds|has|contains) {a} <item><stop>how many "
        "(are|lie) in {b} of them"
    ),
    "=how many <item> (are|fit|do i have) in {b} <holder> (of {a}[ each]|with {a} each|if each has {a})",
    "=how many <item> (are there|do i need|is that) (if|when) {b} <people> (get|bring|have|want|need) {a} each",
    "={b} people pay {a} each<stop>(how much is that|<how_much>)",
    "={b} <people> (pay|give|get|receive|earn|save|owe|spend) {a}[ <money>] (each|apiece|per head)<stop><how_much>",
    "=each of (us|the) {b} (pays|gives|gets|earns|saves) {a}[ <money>]<stop><how_much>",
    "={b} <people> (each|all) (bring|have|buy|pick|sell|carry|find) {a} <item>[ each]<stop><how_many>",
    (
        "=every (child|guest|worker|student|player|man) (gets|brings|has|carries) {b} <item> and there are {a}[ of "
        "them]<stop><how_many>"
    ),
    (
        "=(a|the|each|every) <wares> costs {a}[ <money>]<stop>((what|how much) do {b}[ of them| of these] cost|what do "
        "i pay for {b})"
    ),
    "=(each|a piece) costs {a}( euros| dollars|)<stop>(what|how much) do {b} cost",
    "=(what|how much) (do|would|will) {b} <item> cost (at|if they are|if each is|for) {a}[ <money>][ each]",
    "=(what|how much) (is|are|do i pay for) {b} <item> at {a}[ <money>] (each|apiece|a piece|per piece)",
    (
        "=i (buy|order|sell|take|want) {b} <item> (at|for) {a}[ <money>] (each|apiece|a piece)<stop>(<how_much>|what "
        "is the bill)"
    ),
    (
        "=<person> (bought|sold|ordered) {b} <item> at {a}[ <money>] (each|apiece|a piece)<stop>(<how_much>|what was "
        "the bill)"
    ),
    (
        "=price per (piece|unit|kilo|litre|metre|head|night|ticket): {a}, (number|amount|quantity): "
        "{b}<stop>(total|<how_much>)"
    ),
    (
        "={b} (nights|days|hours|lessons|rides) at {a}[ <money>] (each|a piece|per unit)<stop>(<how_much>|what does "
        "that cost)"
    ),
    (
        "=(the room|the car|the boat|the bike|parking) costs {a} (a night|a day|an hour|per day)<stop>what (for|do i "
        "pay for|about) {b}"
    ),
    (
        "=i (earn|make|get|save) {a}[ <money>] (an hour|a day|a week|a month|per day)<stop>(what|how much) (is that|do"
        " i get) (in|after|for) {b}"
    ),
    (
        "=<person> (saves|earns|spends|pays) {a}[ <money>] (a day|every day|each week|a month)<stop>how much is that "
        "after {b}"
    ),
    "=<teller> (read|wrote|typed|copied) {a} pages a day for {b} days<stop>(how many pages is that|<how_many>)",
    (
        "=<teller> (walked|ran|drove|cycled|swam|rowed) {a} <length> a day for {b} days<stop>(how far is that|what "
        "distance is that)"
    ),
    (
        "=(a car|a train|a ship|a bird|the bus|a plane) (does|makes|covers|goes) {a} (km|miles|kilometres) an "
        "hour<stop>how far (in|after) {b} hours"
    ),
    "=(how far|what distance) (do i get|is it|do we go) in {b} hours at {a} (km|miles|kilometres) (an hour|per hour)",
    (
        "=a (machine|printer|factory|baker|hen house|press|robot) makes {a} <item> (an hour|a day|a minute)<stop>how "
        "many in {b}"
    ),
    "=(the|a) (pump|tap|pipe|spring) gives {a} <volume> (a minute|an hour|per day)<stop>how much (in|after) {b}",
    "=(it|the work|a lap|a page|a repair|a lesson) takes {a} <while><stop>how long do {b} of (them|these) take",
    "=(i|we|they) need {a} <while> for (each|every) (lap|page|room|car|wall|song)<stop>how long for {b}",
    (
        "={b} (laps|rounds|trips|lengths|turns) of {a} <length>[ each]<stop>(how far is that|what distance is "
        "that|<how_much>)"
    ),
    "=(a lap|a round|the way|the track) is {a} <length>[ long]<stop>how far is it if i do it {b} times",
    "=i (go|walk|drive|run) the {a} <length> to (school|work|town|the lake) {b} times<stop>how far is that[ <in_all>]",
    (
        "=a (field|garden|room|wall|carpet|yard|plot|court) is {a} (metres|feet|yards) long and {b} wide<stop>(what is"
        " the area|what is its area|how big is the area)"
    ),
    "=(what is the|find the|area:) (area|surface) of a (room|field|rectangle|wall) of {a} by {b}[ metres| feet]",
    "=(area|surface) of a rectangle[ with sides|:| of| measuring] {a} (and|by|x) {b}",
    "={a} rows (of|with) {b} (seats|chairs|trees|plants|tiles|desks)[ each]<stop>(<how_many>|how many is that)",
    "={b} rows (of|with) {a} (seats|chairs|trees|plants|tiles|soldiers)[ each]<stop>(<how_many>|how many is that)",
    (
        "=(the|a) (hall|theatre|field|garden|page|chessboard) has {a} rows and {b} columns<stop>how many "
        "(places|squares|cells) are there"
    ),
    "=(a grid|a table|a sheet|a quilt|a tray) (of|with) {a} by {b} (cells|squares|fields|pieces)<stop><how_many>",
    "=<person> has {b} times as many <item> as <giver>, who has {a}<stop>how many (is that|are they)",
    "=i have {a} <item>, you have {b} times as many<stop>how many (do you have|have you got|are yours)",
    (
        "=my (sister|brother|boss) (earns|saves|owns|weighs|owes) {b} times as much as me, and i am at {a}<stop>how "
        "much is that"
    ),
    "=(a|the) <wares> costs {a} and (a|the) <wares2> {b} times as much<stop>what does the latter cost",
    (
        "=(a|the) (tower|oak|rope|road|bridge) is {a} <length> and (another|a new model|mine) is {b} times (as "
        "long|that)<stop>how long is the latter"
    ),
    (
        "=(grandpa|the tree|the castle|the king) is {b} times as old as (me|my son), (aged|who is) {a}<stop>how old is"
        " that"
    ),
    "=what (is|number is|would be) {b} times (as much as|as big as|as many as|the size of|the amount of) {a}",
    (
        "=the (price|number|value|crowd|stock|debt|swarm) was {a} and (is now|has become|became) {b} times as "
        "(big|large|high)<stop>what is it now"
    ),
    "=(they were|there were|we had) {a}[ <item>] and (their|the|our) number (grew|rose) {b}-fold<stop><how_many>",
    "=(add up|sum up|take together) {b} (numbers|coins|bills|packets|heaps) of {a} each<stop>(what is it|<how_much>)",
    (
        "=(a recipe|the cake|the soup|a batch) needs {a} grams of (flour|sugar|rice|salt)<stop>how many grams for {b} "
        "(cakes|batches|pots) of it"
    ),
    (
        "=(a|the|each) (parcel|crate|stone|sack|box|brick) weighs {a} <mass><stop>(how heavy are|what do) {b} of them("
        " weigh|)"
    ),
    (
        "={b} (parcels|crates|stones|sacks|bricks) weigh {a} <mass> each<stop>(how heavy is the load|<how_much>|what "
        "do they weigh)"
    ),
    "=(a|each) (bottle|barrel|tank|bucket|can) holds {a} <volume><stop>how much (do {b} hold|fits in {b} of them)",
    (
        "=(a|each) (bus|boat|train|tent|table|plane) (seats|holds|takes|carries) {a} <people><stop>how many (do|can) "
        "{b} of them (hold|take|carry)"
    ),
    "={b} (buses|boats|trains|planes|tents) (with|carry|take) {a} <people> each<stop><how_many>",
    (
        "={a} (teams|groups|crews|families|classes|choirs) of {b} (players|people|members|children)[ each]<stop>how "
        "many (people is that|are there)"
    ),
    (
        "=(a|each|every) (house|school|hotel|tower) has {a} (windows|doors|rooms|steps) and there are {b} (of "
        "them|such houses)<stop><how_many>"
    ),
    (
        "=(a|the) (house|tower|hotel|ship) has {b} (floors|decks|levels) with {a} (rooms|windows|cabins|steps) "
        "each<stop><how_many>"
    ),
    (
        "=(a|every) (dog|hen|cow|bee|child) (eats|needs|gets) {a} (grams|grains|crumbs) a day<stop>how much (is that "
        "for|do i need for) {b} of them"
    ),
    "=i (plant|set|lay|put) {b} (trees|bulbs|tiles|stones) in each of {a} rows<stop><how_many>",
    "=(take|do|run|try) the test {b} times with {a} <item> each time<stop><how_many>",
    "={b} times <teller> (got|bought|paid|found|ate|carried) {a}[ <item>]<stop>(<how_many>|what is that <in_all>)",
    "=<giver> (gives|pays|sends|hands) me {a}[ <money>] {b} times<stop>(<how_much>|how much have i got then)",
    (
        "=(we play|they played|the team played) {b} (games|rounds|matches) and (score|scored) {a} points in "
        "each<stop><how_many>"
    ),
    "=(a win|every hit|each goal|a star) (gives|is worth|brings) {a} points<stop>how many points for {b}",
    "=(got|have) {b} <holder>, {a} <item> (each|in each)(, |. |; )(total|how many|so how many then)",
    "=i have {b} <holder>, in every (is|are) {a} <item>, how many i have[ <in_all>]",
    "=suppose i had {b} <holder> and there were {a} <item> in each<stop>how many would (i have|that be)",
    "=if {b} <people> (pay|bring|want|get) {a}[ <money>] each, (how much|what) is (that|it)[ <in_all>]",
    "=if a <wares> (is|costs) {a}, (how much|what) (do|would|will) {b} (cost|be|come to)",
    "=(order|invoice|bill|receipt): {b} (pieces|units|items) at {a}[ <money>][ each](, |. )(total|sum|<how_much>)",
    "=my heart beats {a} times a minute<stop>how (many beats is that|often does it beat) in {b} minutes",
    (
        "=(the|a) (song|video|film|round) is {a} minutes long and i (hear|play|see|watch) it {b} times<stop>how many "
        "minutes is that"
    ),
    (
        "=(the|our) (class|choir|club|team) of {a} (children|people|members) (eat|need|get|bring) {b} <item> "
        "each<stop><how_many>"
    ),
    "={a} <people> (shake|clap|jump|call|knock) {b} times each<stop>how (many times|often) is that <in_all>",
    (
        "=(a|the) (ladder|stair|tower) has {b} (flights|parts|sections) of {a} steps<stop>(how many steps are "
        "there|<how_many>)"
    ),
    "=the (bell|clock|cuckoo|drum) (rings|strikes|sounds) {b} times in every hour<stop>how often in {a} hours",
)
