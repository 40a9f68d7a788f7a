//! The plots of the stories, as lists of beats with alternatives.

/// One step of a plot.
pub struct Beat {
    /// Left out now and then.
    pub optional: bool,
    /// The ways to tell it.
    pub choices: &'static [&'static str],
}

/// A plot.
pub struct Plot {
    /// The beats in order.
    pub beats: &'static [Beat],
}

const fn tell(choices: &'static [&'static str]) -> Beat {
    Beat { optional: false, choices }
}

const fn maybe(choices: &'static [&'static str]) -> Beat {
    Beat { optional: true, choices }
}

/// All plots.
pub const PLOTS: &[Plot] =
    &[LOST, STORM, RESCUE, GIFT, QUARREL, NOISE, APPRENTICE, WISH, FLOOD, MAP, CHAIN, CONTEST, VISITOR, FEAR];

const LOST: Plot = Plot { beats: &[
    tell(&[
        "one day $hero lost {a|the} $thing {that $friend had given $hero_him|that had belonged to $hero_his grandmother|on the way to $place}.",
        "{but then|that day} $hero noticed that $hero_his $thing was gone. {it was nowhere in the house.|\"where can it be?\" $hero_he asked.}",
        "$hero had a $thing, and {$hero_he loved it very much|it was $hero_his greatest treasure}. {one $time|on $day} it {was gone|disappeared}.",
    ]),
    tell(&[
        "{first|at once} $hero_he looked $place_at, but {there were only $place_sight|$hero_he found nothing except $place_sight}.",
        "$hero searched {the whole house|every corner|under the bed and behind the door}, and then {went|walked|ran} to $place.",
        "$hero_he asked $friend the $friend_trade. \"I have not seen it,\" said $friend, \"but {ask $helper|look $place2_at|go and ask the $beast}.\"",
    ]),
    maybe(&[
        "$place2_at $hero_he met $helper, who {shook $helper_his head|promised to help|looked into every basket}.",
        "{then|after that} $hero_he went to $place2, where it smelled of $place2_smell. {no luck.|nobody had seen a $thing.|there was no $thing to be found.}",
        "$hero was {very sad|close to tears|about to give up}. {\"do not worry,\" said $helper.|\"we will find it together,\" said $helper.}",
    ]),
    tell(&[
        "then {a|the} $beast_look $beast came {closer|out of the shadows|along the path}. {it held something in its mouth|something shone beside it}. it was the $thing!",
        "{at last|in the end} $hero_he saw a $beast $place3_at. the $beast {had made a nest around|was sitting on|was playing with} the $thing.",
        "{suddenly|just then} $hero heard a small sound. {under|behind} {a bush|a stone|an old barrel} sat a $beast, and next to it lay the $thing.",
    ]),
    tell(&[
        "$hero {gave|offered} the $beast {some $beast_eats|a piece of bread|a kind word}, and the $beast {gave back|let go of} the $thing.",
        "\"{thank you|clever $beast},\" said $hero, and {stroked|fed} the {little |$beast_nature |}$beast.",
        "$hero {laughed|was so glad that $hero_he danced|picked up the $thing and held it close}.",
    ]),
] };

const STORM: Plot = Plot { beats: &[
    tell(&[
        "{that $time|on $day} a {great|terrible|sudden} storm came {from the sea|over Windy Hill}. the waves were {as high as houses|grey and wild}.",
        "{in the afternoon|before dark} the sky turned {black|green and grey}, and the wind began to {howl|roar|scream}.",
    ]),
    tell(&[
        "out in the bay {there was a small boat|Tomas was alone in his boat|a ship from far away was lost}. {it was close to the rocks.|the people on the beach could hear a bell.}",
        "{a child|someone} cried, \"There is a boat {out there|near the rocks}!\" {everyone|the whole village} ran to the harbour.",
    ]),
    tell(&[
        "Ben, the lighthouse keeper, {lit|turned} the great lamp, and its light {swept|went} over the {water|waves}.",
        "but the lamp of the lighthouse {had gone out|was dark}. $hero ran up the ninety steps and {helped Ben to light it|lit it again}.",
    ]),
    maybe(&[
        "$friend brought {a long rope|blankets|lanterns}, and $helper {called|shouted} {as loud as $helper_he could|against the wind}.",
        "\"hold {on|the rope}!\" cried $friend. {nobody thought of the rain.|their hands were cold, but nobody let go.}",
        "even the $beast {came to the shore|helped to pull|gave a cry, as if to show the way}.",
    ]),
    tell(&[
        "{slowly|little by little} the boat came {nearer|closer|into the harbour}, and {at last|finally} it was safe.",
        "a {great|big} wave lifted the boat {over|past} the rocks, and $hero caught the {rope|sailor} with both hands.",
    ]),
    tell(&[
        "Oskar cooked {hot|onion} soup for everybody, and {they sat|the fire burned} until the storm was over.",
        "in the morning the sea was {calm|smooth as glass}, and {the beach was full of shells|the gulls sat on the wall as if nothing had happened}.",
    ]),
] };

const RESCUE: Plot = Plot { beats: &[
    tell(&[
        "$place_at $hero {found|saw} a {small|young|little} $beast. it {was hurt|could not walk|was all alone|was stuck between two stones}.",
        "{on the way to $place|near $place} $hero heard {a cry|a weak sound}. it was a $beast {with a hurt leg|in a trap|that had lost its mother}.",
    ]),
    tell(&[
        "\"{poor thing|do not be afraid},\" said $hero, and {carried it home|wrapped it in a scarf|sat down beside it}.",
        "the $beast was {afraid|trembling|too tired to run}, but $hero spoke {softly|gently} until it {was calm|closed its eyes}.",
    ]),
    tell(&[
        "Greta the healer {gave $hero_him|made} {a green medicine|a warm bandage|some tea of mint and sage}. \"{keep it warm|let it sleep},\" she said.",
        "$hero {asked $friend what to do|went to $friend for help}. \"give it {water and|some} $beast_eats,\" said $friend.",
    ]),
    maybe(&[
        "every {morning|evening} $hero {fed it|brought it $beast_eats}, and every day the $beast {grew stronger|could walk a little further}.",
        "for {three|seven|ten} days the $beast {slept by the oven|lived in a basket}. {it liked to hear $hero sing.|$kid came to see it after school.}",
    ]),
    tell(&[
        "{when spring came|one morning|at last} the $beast {was well again|could run again}. $hero opened the door and let it go{|, though it was hard to say goodbye}.",
        "then the $beast {looked back once|touched $hero_his hand} and {ran|went} {home to its own kind|away, back to where $beast_many live}.",
    ]),
    maybe(&[
        "{some weeks later|in the next winter} $hero {was lost in the fog|fell into the river|could not find the way home}. {it was the $beast that came and showed $hero_him the path.|then the $beast came and led $hero_him to the bridge.}",
        "{a year later|one day} the $beast came back{, and it was not alone|with a $thing in its mouth| and brought its young ones}.",
    ]),
] };

const GIFT: Plot = Plot { beats: &[
    tell(&[
        "it was {nearly|almost} $kid's birthday, and $hero wanted to {make|find} a gift.",
        "$hero wanted to give $friend a present, {but $hero_he had no money|because $friend had been so kind}.",
    ]),
    tell(&[
        "\"what would make $friend_him happy?\" $hero {thought|asked}. {$hero_he thought about it all day.|$hero_he walked to $place to think.}",
        "$hero {looked|went} {everywhere in the market|$place_at}, {but everything was too dear|but nothing was right}.",
    ]),
    tell(&[
        "Peter gave $hero_him {some wood|an old piece of oak}, and Lena {gave $hero_him|added} {a piece of blue cloth|a red ribbon}.",
        "$helper said, \"{The best gift is one that you make yourself|Take time, not money}.\" so $hero {set to work|began}.",
        "{from Hugo $hero_he got|Hugo found} {three small nails|a little copper}, and from Clara {a bit of wax|a jar of honey}.",
    ]),
    tell(&[
        "$hero {worked|sat up} {all night|for three days} and {made|carved|sewed} a $thing.",
        "{it took a whole week|$hero_he tried and failed and tried again}, but {in the end|then} the $thing was {ready|finished|beautiful}.",
    ]),
    tell(&[
        "when {the day came|the gift was opened}, {everybody|the whole house} was silent. then $friend {laughed with joy|put $friend_his arms around $hero}.",
        "\"{it is the finest $thing I have ever seen|nobody ever made anything for me},\" {came the answer|said $friend}.",
    ]),
] };

const QUARREL: Plot = Plot { beats: &[
    tell(&[
        "$hero and $friend {were old friends|had been friends for years}, but {one day|on $day} they {quarrelled|had a quarrel} about a $thing.",
        "one {day|morning} $friend {broke|lost} a $thing that belonged to $hero. \"{that was mine|you never take care},\" said $hero {angrily|with a red face}.",
    ]),
    tell(&[
        "{they did not speak|neither said a word} for {three days|a whole week}. {when they met $place_at, they looked away.|$hero walked the long way around so as not to meet $friend_him.}",
        "$friend {stayed|sat} alone $place_at. $hero {sat at home|worked without singing}. {both were unhappy.|even the $hero_nature $hero was not $hero_self.}",
    ]),
    tell(&[
        "then {old Ben|$helper|the teacher Nora} said, \"{A quarrel is like fog. it goes when someone lights a lamp|The one who speaks first is the strong one}.\"",
        "{one night|then} $hero had a dream {about the days when they fished together|in which $friend was far away}, and $hero_he woke up sad.",
    ]),
    tell(&[
        "so $hero {took|brought} some $food and {knocked|went to knock} at $friend's door. \"I am sorry,\" {$hero_he said|they both said at the same time}.",
        "the next morning $friend {stood at the door|came} with {flowers|a new $thing}. \"{forgive me|I was wrong},\" $friend_he said.",
    ]),
    tell(&[
        "they {laughed|shook hands|sat down together}, and {the quarrel was over|soon nobody knew how it had begun}.",
        "\"{friends are more than things|let us never quarrel again},\" {they said|said $friend}.",
    ]),
] };

const NOISE: Plot = Plot { beats: &[
    tell(&[
        "{in the middle of the night|at midnight} $hero heard a {strange|scratching|soft|hollow} {noise|sound}. it came from {the roof|behind the door|the cellar|$place}.",
        "for {three|five} nights there had been {a strange light|a strange sound} $place_at, and {people were afraid|nobody dared to go there}.",
    ]),
    tell(&[
        "\"{it is a ghost|it is only the wind},\" {said|whispered} $friend. {but $hero was not so sure.|$hero shook $hero_his head.}",
        "{$kid|the children} {said|believed} it was {a ghost|a sea monster|a giant}. $hero {laughed, but not very loudly|wanted to know the truth}.",
    ]),
    tell(&[
        "so $hero took {a lamp|a lantern} and {went out|crept to the door}. $hero_his heart {beat fast|was in $hero_his throat}.",
        "$hero and $kid {hid|waited} {behind a barrel|in the dark}. {it grew cold.|the moon came out.} then they heard it again.",
    ]),
    tell(&[
        "and what did $hero_he see? {a|a small} $beast with {its head in a pot|a $thing around its neck|five young ones}!",
        "in the light of the lamp sat {nothing but|only} a $beast. it {was looking for $beast_eats|had found the jar of honey|was more frightened than anyone}.",
    ]),
    tell(&[
        "$hero {laughed and laughed|had to sit down and laugh}. {the next day the whole village laughed too.|\"good evening, ghost,\" $hero_he said.}",
        "$hero {helped it out|gave it some $beast_eats}, and {the noise never came back|after that the nights were quiet}.",
    ]),
] };

const APPRENTICE: Plot = Plot { beats: &[
    tell(&[
        "$hero wanted to learn how to $friend_todo. so {one morning|on $day} $hero_he went to $friend the $friend_trade.",
        "\"{can you teach me|will you show me how} to $friend_todo?\" $hero asked $friend. {$friend thought for a while.|\"come tomorrow,\" said $friend.}",
    ]),
    tell(&[
        "\"{it is not easy|it takes time},\" said $friend, {and handed|and gave} $hero_him $friend_tool.",
        "$friend {showed $hero_him|took out} $friend_tool. \"{this is the first thing you must know|first look, then do},\" $friend_he said.",
    ]),
    tell(&[
        "the first {try|day} was {a disaster|not good}: {everything fell down|$hero_his hands hurt|$friend_pet the $friend_petkind ran away}. $hero {wanted to run away|was ashamed}.",
        "$hero {tried once, twice, three times|worked until noon}, {but nothing went right|and made every mistake there is}. $friend's $friend_petkind, $friend_pet, {watched|looked on} {with one eye|from the corner}.",
    ]),
    tell(&[
        "\"{I made the same mistakes|when I was young, I was no better},\" said $friend. \"try again{| tomorrow|, and slowly}.\"",
        "$helper {passed by|came in} and said, \"{Do not give up|Every master was once a beginner}.\"",
    ]),
    tell(&[
        "and {day after day|week after week} it went better, until {one $time|at last} $hero could do it {alone|without help}.",
        "{after a month|by the end of $season} $hero {knew|had learned} {how to do it|the secret: patience}. \"{now you are a real $friend_trade|I could not do it better},\" said $friend.",
    ]),
] };

const WISH: Plot = Plot { beats: &[
    tell(&[
        "{one day|on a quiet $time} $hero threw a coin into the old well and made a wish. \"I wish {that I could fly|for a ship full of gold|that it were always summer|that I never had to work again},\" $hero_he said.",
        "$hero caught a {silver|golden} fish, and the fish {spoke|could speak}. \"let me go,\" it said, \"and {I will give you one wish|you shall have what you want}.\"",
        "a $beast_look $beast {sat|stood} on the path and said, \"{I will grant you a wish|What do you wish for, $hero}?\" $hero {could hardly believe it|rubbed $hero_his eyes}.",
    ]),
    tell(&[
        "the next morning the wish {had come true|was true}. at first $hero was $feeling.",
        "$hero {asked for a house full of gold|wished to be the richest $hero_trade in the land}. and {so it was|the wish was granted at once}.",
    ]),
    tell(&[
        "but {soon|after a week} {$hero was lonely|something was wrong|it was not as good as $hero_he had thought}. {nobody came to visit.|$friend did not laugh any more.|the bread had no taste.}",
        "{yet|but} gold does not {sing|talk|keep you warm}, and {$hero missed $hero_his friends|the nights were long}.",
    ]),
    tell(&[
        "so $hero {went back to $place|called out} and said, \"{Take it back|I want my old life again}.\"",
        "$hero asked $friend for advice. \"{wish for what you already have|a wish is good, but work is better},\" said $friend.",
    ]),
    tell(&[
        "{when $hero_he woke|in a moment}, everything was as before: {the small house, the smell of $place_smell, and $friend at the door|the sea, the gulls and the smell of bread}. $hero was $feeling.",
        "{the well was silent|the water grew still|there was a splash}, and $hero {went home with empty hands and a light heart|laughed out loud}.",
    ]),
] };

const FLOOD: Plot = Plot { beats: &[
    tell(&[
        "it had rained for {seven|ten|twelve} days, and the river {rose|grew} {higher and higher|over its banks}.",
        "in {spring|autumn} the river {became wild|was full of brown water}, and the old bridge {began to shake|was in danger}.",
    ]),
    tell(&[
        "\"the {mill|bridge} {will be lost|cannot stand},\" {cried|said} {Ida|Finn|$friend}. {everyone was afraid.|nobody knew what to do.}",
        "Sam {rode|ran} from door to door. \"{come quickly|everybody to the river},\" he called.",
    ]),
    tell(&[
        "$hero had an idea. \"we need {sand and sacks|wood and rope|all hands},\" $hero_he said.",
        "Rowan {brought|cut} wood, Hugo {brought|made} nails, and Lena {sewed|filled} {sack after sack|the sacks}.",
    ]),
    maybe(&[
        "the children {carried|brought} {stones|bread and tea}, and even the $beast {seemed to help|dug in the mud}.",
        "they worked {all night|without a break}. {Marta baked bread for everyone.|Oskar kept the soup hot.}",
    ]),
    tell(&[
        "{in the morning|when the sun came up} {the water stopped|the rain was over}, and {the bridge still stood|the mill was safe}.",
        "{at last|finally} the river {went back to its bed|grew quiet}. {they were wet and tired and proud.|there was mud everywhere, but nobody was hurt.}",
    ]),
    tell(&[
        "\"{alone I could have done nothing|together we are stronger than the river},\" said $hero.",
        "they {built|painted} {a new wall|the bridge} together, and $kid {wrote all their names on it|put a $thing on top of it}.",
    ]),
] };

const MAP: Plot = Plot { beats: &[
    tell(&[
        "{in an old book|in a bottle on the beach|under a loose stone} $hero found a map. {there was a red cross on it|it showed Gull Island|it showed a path to $place}.",
        "$kid came running with {an old map|a piece of paper}. \"{look, a treasure|this is $place},\" $kid_he cried.",
    ]),
    tell(&[
        "$hero and $friend {set out|left} {at dawn|the same day} with {a spade|a lamp} and some $food.",
        "they followed the map {past|from} $place to $place2, {over stones and roots|through the high grass}.",
    ]),
    tell(&[
        "{on the way|after an hour} they met a $beast_nature $beast. it {would not let them pass|wanted to come along}, until $friend gave it {$beast_eats|a bit of bread}.",
        "{soon|then} {the fog came|it grew dark}, and they {lost the way|could not read the map}. {\"listen,\" said $hero. \"I hear something.\"|but a $beast {showed|knew} the way.}",
    ]),
    tell(&[
        "{there|at last, $place3_at,} they {dug|began to dig}. {an hour later|soon} the spade {struck|hit} {wood|something hard}. it was {a box|a chest}.",
        "under {the third stone|an old root} {lay|stood} a {small|rusty} chest. $hero_his hands {shook|trembled}.",
    ]),
    tell(&[
        "in it there was {no gold, only|nothing but} a $thing and a letter. \"{whoever finds this, be kind|the real treasure is the way here},\" {it said|said the letter}.",
        "inside lay {twelve silver coins|a $thing} {and a picture of the village|wrapped in blue cloth}. {they shared it with everybody.|they gave it to the school.}",
    ]),
] };

const CHAIN: Plot = Plot { beats: &[
    tell(&[
        "Marta wanted to bake a cake, but {she had no flour|the sack was empty}. so $hero went to Ida at the mill.",
        "$hero {needed|wanted} bread for {the feast|the journey}, but Marta {had no flour|said, \"I have no flour today\"}.",
    ]),
    tell(&[
        "\"I {would gladly grind some|have grain enough},\" said Ida, \"but {my sack is torn|I need a new sack}. {go to|ask} Lena.\"",
        "Ida {said|told $hero_him}, \"{the wheel is broken|a nail of the wheel is broken}. {go to|ask} Hugo.\"",
    ]),
    tell(&[
        "\"{yes|of course},\" said {Lena|Hugo}, \"but I have {no wool|no wood for the fire}. {see|ask} {Elsa on Windy Hill|Rowan in the forest}.\"",
        "but {first|there} $hero had to {bring|find} {wool from Elsa|firewood from Rowan}, and {that was a long way|the way was steep}.",
    ]),
    tell(&[
        "{up on the hill|on the way} a $beast {asked for|wanted} {a bit of honey|something to eat}, and Clara {gave it gladly|had plenty}.",
        "{so|then} $hero ran {back again|from one to the other} until {everyone had what they needed|the sun was low}.",
    ]),
    tell(&[
        "{then|now} the {wheel turned|sack was full}, the flour was ground, and Marta baked {the biggest cake|the best bread} {of the year|anyone had ever seen}.",
        "that evening {the oven was hot|the cake was ready}. \"{it has a little of everyone in it|no one bakes alone},\" said Marta.",
    ]),
] };

const CONTEST: Plot = Plot { beats: &[
    tell(&[
        "every {year|summer} there is a {race|contest} in Saltmere: {who can row the fastest to Gull Island|who can cook the best soup|who can build the highest kite|who can carry the most sacks}.",
        "at the {summer|harvest} feast {there was a contest|the children held a race}, and the prize was a $thing.",
    ]),
    tell(&[
        "$hero {wanted to win|had never won}, but {so did|everyone said that} $friend{| the $friend_trade} {was the best|wanted to win}.",
        "\"you cannot win against $friend,\" said {the people|$helper}. but $hero {practised|tried} {every day|each $time} $place_at.",
    ]),
    tell(&[
        "on the {great|big} day {the whole village came|everyone stood $place2_at}. $weather. \"{one, two, three|ready|go},\" {called|cried} Nora.",
        "the bell rang, and {they were off|it began}. {at first|soon} $friend was {ahead|in front}, {but then|until} {$friend_he fell|something went wrong}.",
    ]),
    tell(&[
        "$hero {saw that|stopped when} $friend {had fallen|was in trouble}. {should $hero_he go on?|$hero_he could have won now.} {but $hero|$hero} {turned back and helped|gave $friend_him a hand}.",
        "a $beast {ran across the path|sat in the middle of the way}, and {everyone laughed|$hero stopped so as not to hurt it}.",
    ]),
    tell(&[
        "so {somebody else|$helper} won, but {the loudest cheer was for $hero|everyone clapped for $hero}.",
        "they came in {together|last}, arm in arm, and {the prize was shared|Nora gave them both a $thing}.",
    ]),
] };

const VISITOR: Plot = Plot { beats: &[
    tell(&[
        "{one $time|on $day} a stranger came to {the inn|the harbour|the market}. {he wore a long coat|she carried a green bag} and {nobody knew the name|did not speak much}.",
        "a ship {arrived|came} from {the south|a far country}, and {with it came an old sailor|on board was a small girl with a $thing}.",
    ]),
    tell(&[
        "\"{where do you come from|who are you}?\" asked $hero. \"from {beyond the sea|the mountains|an island of ice},\" {was the answer|said the stranger}.",
        "{people whispered|the village was full of talk}. {only $hero|but $hero} {was not afraid|said good morning} and {brought|offered} some $food.",
    ]),
    tell(&[
        "the stranger {told of|had seen} {cities of glass|whales as big as hills|deserts where it never rains|towers that touch the clouds}, and the children {listened with open mouths|wanted to hear more}.",
        "{in return|as thanks} the stranger {taught $kid a song|mended the clock|gave $hero a $thing}.",
    ]),
    maybe(&[
        "even $friend, who {trusts nobody|never smiles}, {sat down to listen|began to smile}.",
        "the $beast {followed|liked} the stranger everywhere, {and that is a good sign|as if they were old friends}.",
    ]),
    tell(&[
        "{after three days|when the wind turned} the stranger {left|went away} {as quietly as before|with the morning tide}. on the table lay {a $thing|a letter with one word: thanks}.",
        "\"stay with us,\" said $hero. and {so the stranger stayed|the stranger stayed until spring}{, and is now one of us|}.",
    ]),
] };

const FEAR: Plot = Plot { beats: &[
    tell(&[
        "$hero had one secret: $hero_he was afraid of {the dark|deep water|thunder|high places|the marsh}.",
        "{everybody|people} thought that $hero was afraid of nothing, but {in truth|at night} $hero_he feared {the dark|thunder|the deep water}.",
    ]),
    tell(&[
        "{one $time|on $day} $kid {did not come home|was lost $place_at}, and {someone had to go|only $hero was near}.",
        "then $friend {called for help|was in danger} $place_at. {nobody else was there.|there was no time to lose.}",
    ]),
    tell(&[
        "$hero {stood still|trembled}. {\"I cannot,\" $hero_he thought. \"but I must.\"|then $hero_he took a deep breath.} {step by step|slowly} $hero_he went {on|forward}.",
        "\"I am {afraid|not brave},\" said $hero. \"{to be brave is to be afraid and to go|so am I},\" {said $helper|answered the $beast}.",
    ]),
    tell(&[
        "a $beast {walked beside $hero_him|showed the way}, and {its eyes shone like lamps|that helped}. {soon|at last} $hero found {the lost one|what $hero_he was looking for}.",
        "it was {not as bad as $hero_he had thought|only half as dark as it had seemed}. {there were stars in the water.|$hero_he even began to sing.}",
    ]),
    tell(&[
        "{when they came home|later}, {everyone called $hero brave|$friend made $food for them}. $hero {knew better and smiled|said nothing}.",
        "{since that night|now} $hero {is still a little afraid|is no longer afraid}, but {that is all right|$hero_he knows what to do}.",
    ]),
] };
