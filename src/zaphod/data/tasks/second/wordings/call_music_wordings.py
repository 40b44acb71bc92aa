"""Ways of asking for music, for a known tool; phrases only, with the slots of `call_wordings`."""

from __future__ import annotations

PLAY = (
    '<v_play> "{title}" by {artist}',
    '<v_play> "{title}" (of|from|by) {artist} <setting>',
    "<v_play> '{title}' by {artist}[ for (me|us|the kids|my wife|everybody)]",
    "(play|put on for|find|start for|stream for|queue up for) (me|us|everybody) {title} by {artist}",
    "<v_play> {title}, (a|the|that|my favourite) (song|track|piece|tune|hit|classic|number) by {artist}",
    "<v_play> {title} by (the band|the singer|the artist|the group|the great|the one and only|a certain) {artist}",
    "<v_play> {title} by {artist} <setting>",
    "<v_play> {title} by {artist} <reason>",
    (
        "<v_play> (the|that|an|this) (old|new|sweet|sad|lovely|famous|latest|first) (song|hit|tune|piece) {title} by "
        "{artist}"
    ),
    "<v_play> (the|that) (song|track|piece|tune|hit) by {artist} (called|named|titled|entitled|with the title) {title}",
    (
        "<v_play> (something|a song|a track|a piece|a tune|music) by {artist}[:|,| -|, namely|, i mean|, to be "
        "exact] {title}"
    ),
    "<v_play> {artist} (singing|playing|performing|with|doing) {title}",
    "<v_play> the (band|singer|artist|group|musician) {artist} with (the song|the track|the tune|) {title}",
    '<v_play> {artist}[:|,| -] the (song|track|piece|tune) (is |called |)"{title}"',
    "<v_play> the (title|song|track) {title}, (artist|singer|band) {artist}",
    "<v_play> {artist}'s (song|track|hit|classic|piece|tune|version of) {title}",
    '<v_play> {artist}\'s (old|new|great|sweet|latest) (song|hit) "{title}" <setting>',
    "<v_play> the (record|single) {title} by {artist}",
    "(play|start|put on) (once more|again|one more time|right now) {title} by {artist}",
    (
        "(go to|open|choose|pick|select|look for|search for|find|get) {title} by {artist} and (play it|start it|let "
        "me hear it|press play)"
    ),
    (
        "(search|look through|check) (the library|my music|the playlist|my records) for {title} by {artist} and "
        "(play|start) it"
    ),
    "(stop|leave|skip) (this|that noise|the radio) and play {title} by {artist}",
    "(let|make) {artist} (sing|play|perform) {title}[ <setting>| for (me|us)]",
    "(add|put) {title} by {artist} (next|to the queue|in the player|on the speakers)",
    "let {title} (from|by) {artist} (sound|play|ring out|fill the room|begin)",
    "(do not|don't) play the radio, play {title} by {artist}",
    "turn the (radio|television|tv) off and (put on|play) {title} by {artist}",
    "np:{title}, (sung|played|performed|recorded) by {artist}",
    "np:(a|the|that) (song|track|piece|tune) by {artist}[ called|, it is called|, its title is|:] {title}",
    "np:{artist}'s (song |track |piece |tune |hit |){title}",
    "np:{artist} with {title}",
    "np:some music: {title} by {artist}",
    'np:"{title}" by {artist}[ <setting>]',
    "eq:if you have {title} by {artist}",
    "eq:whether {title} by {artist} can be played[ <setting>]",
    "=(title|song|track)[:|] {title}(,|;|.) (artist|band|by|singer)[:|] {artist}",
    "=(artist|band|singer)[:|] {artist}(,|;|.) (title|song|track|piece)[:|] {title}",
    '=(by|from) {artist}[:|,] (the song|the track|) "{title}"',
    "=(by|from|of) {artist}[,] (i want|i would like|we want|i'd love|i wish) (to hear |)(the song |the track |){title}",
    "=(from|of) {artist} (play|put on|choose|take) {title}",
    "=(the|our) (next|first|last) (song|track|piece) (is|should be|must be|will be) {title} by {artist}",
    "=next[ up| one| song|][:|,] {title} by {artist}",
    "={title}, {artist}'s (song|hit|track), (please |)(play it|put it on|let me hear it|start it)",
    "={title} by {artist}(,|;|.| -) (play|start|spin|stream) (it|that|this)[ <setting>| now| please]",
    (
        "={artist} (sings|sang|plays|wrote|made|recorded|has) (a song called |the song |){title}(.|,|;) (play it|"
        "start it|let me hear it|put it on)"
    ),
    "={artist} has a (song|track|piece) (named|called|titled) {title}(.|,|;) (i want to hear it|play it|put it on)",
    "={artist} (is my favourite|is great|is in town|is on my mind|makes me happy)(.|,|;) (play|put on|start) {title}",
    (
        "=i (heard|liked|loved|missed) {title} by {artist} (yesterday|on the radio|at a party|in a shop)(.|,|;) "
        "(play it|put it on)[ again]"
    ),
    (
        "=(my|our) (daughter|son|grandma|mother|boss|friend|baby) (likes|loves|wants|asks for|wishes for) {title} by "
        "{artist}[, (play it|put it on)| now|]"
    ),
    (
        "=(there is|do you have|have you got|is there) (that|a) song {title} by {artist}(?|,|.) (play it|i want to "
        "hear it|let's hear it)"
    ),
    "=do you (have|know) {title} by {artist}[?|,] (play it|put it on|start it)",
    "=if you (have|find|know) {title} by {artist}, (play|start) it",
    "=if (there is|you have) (anything|something) by {artist}, (then |)(play|make it|take|start) {title}",
    "=(it is|we have) (a party|a wedding|a birthday|our anniversary)(.|,|;) (play|put on|start) {title} by {artist}",
    (
        "=(guests are coming|we are cooking|i am sad|the baby cries|i cannot sleep)(.|,|;) (play|put on|start) "
        "{title} by {artist}"
    ),
    "=(i am|i'm|we are) in the mood for {artist}(.|,|:|;) (play |put on |start |the song |){title}",
    "=(i|we) would (love|like) (to hear|to listen to|to have) {artist}'s {title}",
    "=(i|we) want {title}, the one by {artist}",
    "=(i|we) want to (dance|sing|cry|work|relax|cook) to {title} by {artist}",
    "=what about {artist}'s {title}",
    "=nothing (cheers me up|helps me sleep|wakes me up) like {title} by {artist}, (play it|put it on)",
    "=(can|could|would|will) you (find|get|put on|start|queue|stream) {artist}'s {title}[ <setting>]",
    "=(can|could|may|might) (i|we) (hear|have|listen to) {artist} with {title}",
    "=(would|do) you mind (playing|putting on|starting) {title} by {artist}",
    "=(it is|it's) (called|named) {title} and (it is|it's) by {artist}(.|,|;) (play|start) it",
    "=not the radio[,|;] {title} by {artist}",
    "=not (loud|too loud|the whole album)(,|:|;) (just|only) {title} by {artist}",
    "=(job|to do|wish|request|music request|dj)[:|,| -] {title} by {artist}",
    "=(job|to do|task|dj): play {artist}'s {title}",
    "=(could|can|should) {title} by {artist} (be played|be put on|come next|run)[ <setting>]",
    "={title} by {artist} (should|must|has to|may) (be played|play|run|start|come next)[ <setting>| now]",
    "=(yo|hey|ok), (drop|bang on|throw on|hit play on|blast) {title} by {artist}",
)

PLAY_TITLE = (
    '<v_play> the (song|track|tune|hit|piece) "{title}"',
    '<v_play> the (song|track|tune) "{title}" <setting>',
    (
        "<v_play> (a|the|that|this) (song|track|piece|tune|hit) (called|named|titled|entitled|with the title|by the "
        "name of) {title}"
    ),
    "<v_play> (my favourite|that lovely|that old|the new|the sad|the famous|our) (song|track|tune|hit|piece) {title}",
    "<v_play> the (song|track|tune) {title} (please|again|once more|for us|for me)",
    "<v_play> the (song|track|tune) {title} <setting>",
    "<v_play> the (song|track|tune) {title} <reason>",
    "<v_play> (music|a tune|a track|something): the (song|title) is {title}",
    "(find|look for|search for|pick|choose|select|open) the (song|track|tune) {title} and (play|start) it",
    "(search|look through|check) (my music|the library|the playlist) for the (song|track) {title} and (play|start) it",
    "(stop|skip|leave) (this one|that noise|the radio) and play the (song|track) {title}",
    "(add|put) the (song|track) {title} (next|to the queue|in the player)",
    "let the (song|track|tune) {title} (sound|play|begin|fill the room)",
    "np:the (track|tune|piece|hit) {title}",
    "np:(a|that) (song|track|tune) (called|named) {title}",
    "np:that (old|lovely|famous|nice) (song|tune|hit) {title}",
    "eq:if you have the (song|track) {title}",
    "=(title|song title|track)[:|] {title}",
    '=title "{title}"(,|;|.) (play it|start it|put it on)',
    "=the (next|first|last) (song|track) (is|should be|must be|will be) {title}",
    "=(the|that) (song|track) {title}(.|,|;| -) (play|start|spin) (it|that)",
    "=there is (a|this) (song|track) called {title}(.|,|;) (play it|put it on|i want to hear it)",
    "=i heard the (song|track) {title} (yesterday|on the radio|in a shop)(.|,|;) play it[ again]",
    "=my (son|daughter|grandma|boss|wife) (loves|wants|likes|asks for) the (song|tune) {title}[, (play it|put it on)|]",
    "=do you have the (song|track) {title}[?|,] (play it|start it)",
    "=(i am|i'm) in the mood for the (song|track) {title}",
    (
        "=(we are cooking|guests are here|it is a party|i cannot sleep)(.|,|;) (play|put on|start) the (song|track) "
        "{title}"
    ),
    "=(we|i) want to (dance|sing|relax|work) to the (song|tune) {title}",
    "=which song? the one called {title}, (play|start) it",
    "=nothing else(,|:|;) (just|only) the (song|track) {title}",
    "=(should|could|can) the (song|track) {title} be (played|started)[ <setting>]",
    "=the (song|track) {title} (should|must) be (played|started|next)[ <setting>]",
    "=(would|do) you mind playing the (song|track) {title}",
    "=(yo|hey|ok), (drop|blast|throw on) the (song|track) {title}",
    "=(wish|dj|music|to do)[:|,| -] the (song|track) {title}",
)

PLAY_STYLE = (
    "<v_play> {style} (music|songs|tunes|tracks)[ <setting>]",
    "<v_play> (a few|some|more|an hour of|nothing but|only|any|two or three) {style} (songs|tunes|tracks)",
    "<v_play> (music|songs|something) (of the style|of the genre|from the genre|in the style) {style}",
    "<v_play> (some|a little|a bit of) {style} music (for|while) (dinner|we eat|the guests|i work)",
    "<v_play> some {style} music <reason>",
    "<v_play> (a|the|my) {style} (playlist|station|mix|channel)",
    "(switch|change) to {style} music",
    "(change|set) the (style|genre|music) to {style}",
    "(stop this and|skip this and|turn off the radio and) play some {style} music",
    "(find|choose|pick|select|look for) {style} (music|songs|tunes) and (play|start) (it|them)",
    "fill the (room|house|kitchen|air|garden) with {style} music",
    "np:(a bit of|a little|more|nothing but) {style} music",
    "np:(a few|some|two or three) {style} (songs|tunes|tracks)",
    "np:music (of the style|in the style) {style}",
    "np:a {style} (playlist|mix)[ <setting>]",
    "eq:if you have (some|any) {style} music",
    "=(style|genre|mood)[:| is|,] {style}(,|;|.) (play something|start the music|music please)",
    "=music[:|,| -] (style|genre) {style}",
    "={style} music[ please| now| <setting>|]",
    "={style} (songs|tunes)[ please| now| <setting>|]",
    "={style}, that is the music (i want|i like|for today|for me)",
    "=(i am|i'm|we are) (sad|tired|cooking|happy|bored|having a party)(.|,|;) (play|put on|start) some {style} music",
    "=(guests are coming|the baby sleeps|we open soon|it is a party)(.|,|;) {style} music[,|] please",
    "=(my|our) (grandma|boss|daughter|cat|neighbour) (likes|loves|wants|prefers) {style} music[, (play|put on) some|]",
    "=(i|we) want to (dance|sing|sleep|work|cook|dream) to (some |){style} music",
    "=(could|can|may) (i|we) (have|hear|get) (some |a bit of |){style} music[ <setting>]",
    "=which music? {style}[,|] (please|of course|as always)",
    "=not that(,|;|.) (i want|play|rather) {style} music",
    "=(can|could|should) {style} music be played[ <setting>]",
    "=(today|tonight|now) (we want|i want|it should be) {style} music",
    "=there should be {style} music <setting>",
    "=(yo|hey|ok), (drop|blast|throw on) some {style} (tunes|music|beats)",
    "=(would|do) you mind playing some {style} music",
    "=(wish|dj|to do)[:|,| -] (some |){style} music",
)
