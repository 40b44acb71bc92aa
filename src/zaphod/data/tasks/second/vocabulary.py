"""Plain English words by kind, numbers in words, and texts of no meaning; knows no task."""

from __future__ import annotations

import random

from zaphod.data.tasks.wording import invented_word

VERBS = tuple(
    """
    activate add adjust answer apply approve archive arm arrange assign attach bake balance block boil boost bottle brew
    browse brush build buy calibrate cancel capture charge check choose clean clear climb close collect combine comb
    compare compress confirm connect cook copy count cover crop cut cycle darken decline decorate delay delete deliver
    detect dial dim dismiss download draft draw drain dry dust edit empty enable encrypt enter erase estimate examine
    export extend extract fasten feed file fill filter fix flush fold follow forward freeze frame fry gather grade greet
    grill grind guide hang harvest heat hide hire import inflate inspect install invite iron join jump label launch learn
    lend light limit link list load lock log lower mail map mark match measure melt merge mix monitor mount mow mute name
    notify open order organise pack paint park paste patch pause pay peel pin plan plant plug polish post pour prepare
    press print process publish pump purchase quote rank rate read record recycle redeem refill refresh register reject
    release rename rent repair repeat replace report request reserve reset resize restart resume reverse review rinse
    roast rotate save scan schedule scrub search seal select sell send separate serve share sharpen shorten shuffle sign
    silence slice sort split spray stack start steam stop store stream stretch submit subscribe sweep switch sync tag test
    tighten tilt toast toggle track trade train transfer trim tune turn unlock update upgrade upload verify wash watch
    water weigh whip wipe wrap zoom
    """.split()
)
NOUNS = tuple(
    """
    account address advert aerial album alarm antenna apartment aquarium archive arrow article atlas award badge bakery
    balcony balloon banner barn barrel basket battery bed bell belt bill blanket blinds board boat boiler bookcase booking
    boot border branch bracelet brick bridge broom bucket budget building bundle button cabin cable calendar camera candle
    canal card carpet cart case castle catalogue ceiling chain channel chapter chart chimney circuit clinic clock coat code
    coin collar column comment compass concert contact contract cooker copier cottage coupon course crane crate cream crown
    cube curtain cushion database deck delivery design device diagram diary dish display document dome donation doorbell
    draft drawing dress drill drone drum elevator engine envelope equipment essay event exam exhibit fabric factory fan
    farm fence festival field figure file film filter fireplace flag flight floor flower flute folder forest fork form
    fountain frame freezer furnace gallery game garage garden gate gear glove goal grill group guest guitar hallway hammer
    handle harbour heater hedge helmet hose hotel icon image index invoice island jacket journal kettle keyboard kit label
    ladder lamp laptop lawn leaflet lease lecture lens lesson letter level lever licence lift line link list loan locker
    log loop machine magnet mailbox manual map market mask match meal medal meeting member memo menu meter mirror mixer
    model module monitor motor mower museum needle network note notebook oven package page paint palette panel paper parcel
    park parking passport path patient pattern payment pedal permit photo pianist picture pier pillow pipe planet playlist
    plug podcast poem poll pool portrait post poster potion printer prize profile project pump puzzle queue quiz radiator
    radio raft railing ramp receipt recipe record refund region report reservation review ribbon river road robe rocket
    roof room rope route rug sail salad sample sauce saw scanner scarf schedule school score screen script sensor server
    session shelter shield ship shop shower shutter signal sketch slide socket sofa song speaker speech sprinkler stadium
    stage stamp station statue stereo story stove studio subject subtitle suit summary survey switch table tablet tape
    target task taxi teapot team telescope tent terminal test theatre thermostat thread ticket tile timetable tool torch
    tower toy track tractor trailer train translation tray treaty trolley tunnel turbine umbrella uniform vacuum valve van
    vase vehicle ventilator video village vote wagon wall wallet warehouse watch website wheel window winery wire workshop
    zipper
    """.split()
)
ADJECTIVES = tuple(
    """
    ancient blank bold brave bright broad calm cheap clean clear clever common complete cool curious daily dark deep dry
    early eager empty extra fair faint famous fast fine firm flat fresh full gentle golden grand great heavy high hollow
    huge humble idle inner keen kind large late lazy light local long loud low lucky main mild modern narrow neat new next
    noble noisy odd old open outer pale plain polite proud public pure quick quiet rapid rare ready rich rough round royal
    safe secret sharp short silent simple slow small smooth soft solid spare steady steep stiff strange strong sweet tall
    tame thick thin tidy tiny urgent usual vast warm weak weekly wet wide wild wise young
    """.split()
)
PARAMETERS = tuple(
    """
    account address age amount angle area author brand brightness budget category channel city client code colour comment
    company content contact count country currency customer date day deadline degree delay description destination device
    direction distance duration email end file floor folder format frequency gender grade group guest height hour id image
    item key kind label language length level limit line link location message minute mode model month name note number
    option order owner page password path pattern person phone place point position price priority product quality quantity
    query range rate reason recipient region room route score season seat section sender service shape shop side size song
    sort source speed start state station status street style subject table tag target team temperature term text theme
    ticket time title topic track type unit user value version volume weekday weight width year zone
    """.split()
)

_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def in_words(number: int) -> str:
    """A number from 0 to 9999 as it is spoken."""
    if number < 20:
        return _UNITS[number]
    if number < 100:
        return _TENS[number // 10] + ("-" + _UNITS[number % 10] if number % 10 else "")
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    rest = number % size
    joint = " and " if 0 < rest < 100 else " "
    return f"{_UNITS[number // size]} {name}" + (joint + in_words(rest) if rest else "")


def any_word(rng: random.Random) -> str:
    """A word of any kind; one in three means nothing."""
    if rng.random() < 0.35:
        return invented_word(rng)
    return rng.choice(rng.choice((NOUNS, NOUNS, ADJECTIVES, VERBS, PARAMETERS)))


def free_text(rng: random.Random, least: int, most: int) -> str:
    """Words in no order: such text can only be copied."""
    return " ".join(any_word(rng) for _ in range(rng.randint(least, most)))
