//! Conversations, letters, diaries, rhymes and lists.

use super::grammar::{tidy, Scene};
use super::world::{ANIMALS, PEOPLE, PLACES};

/// A conversation of two villagers in lines. `stories::cast` has been called.
pub fn conversation(scene: &mut Scene) -> String {
    const GREETINGS: &[(&str, &str)] = &[
        (
            "good {morning|evening}, $helper. {how are you?|you are early today.}",
            "good {morning|evening}, $friend. {I am well, thank you.|I could not sleep.|the work will not wait.}",
        ),
        (
            "hello, $helper! {where are you going?|what are you carrying?}",
            "{I am going to $place.|a $thing for $kid.|just some $food. would you like some?}",
        ),
        (
            "$helper, have you {heard|seen}? {there is a $beast $place_at!|$hero has found a $thing!}",
            "{no! tell me more.|yes, everybody talks about it.|I can hardly believe it.}",
        ),
    ];
    const EXCHANGES: &[(&str, &str)] = &[
        (
            "what do you think, will it rain {today|tomorrow}?",
            "{the gulls fly low, so yes.|no, the smoke goes straight up.|ask old Ben, he always knows.}",
        ),
        (
            "do you need any $friend_product?",
            "{yes, please.|not today, thank you.} {and I can give you some $helper_product.|how is $friend_pet?}",
        ),
        (
            "how is {your $helper_petkind|$helper_pet}?",
            "{as $beast_nature as ever.|$helper_pet sleeps all day.|hungry, as always.|well, thank you.}",
        ),
        (
            "I saw a $beast $place2_at {yesterday|this morning}.",
            "{was it big?|they like to eat $beast_eats.|that brings good luck.|$beast_many $beast_habit, you know.}",
        ),
        (
            "my {boat|roof|door|old coat} is broken again.",
            "{I will help you on $day.|ask Peter, he can mend it.|then we must repair it before winter.}",
        ),
        (
            "when did you learn to $helper_todo?",
            "{my mother taught me.|when I was ten.|long ago, and I am still learning.}",
        ),
        (
            "shall we meet {at the inn|$place_at} on $day?",
            "{gladly.|yes, and bring $kid with you.|I would like that.|if the weather is good.}",
        ),
        (
            "the children are {loud|happy} today.",
            "{it is the last day of school.|let them play.|they have found a $thing.}",
        ),
    ];
    let mut lines = Vec::new();
    let (one, two) = *scene.one_of(GREETINGS);
    lines.push(format!("$friend: {one}"));
    lines.push(format!("$helper: {two}"));
    let count = 1 + scene.below(3);
    for (one, two) in scene.several(EXCHANGES, count) {
        lines.push(format!("$friend: {one}"));
        lines.push(format!("$helper: {two}"));
    }
    if scene.chance(50) {
        lines.push("$friend: {goodbye|see you soon|until $day}, $helper!".to_owned());
    }
    let lines: Vec<String> = lines
        .iter()
        .map(|line| {
            let line = scene.expand(line);
            // The speech is its own sentence.
            match line.split_once(": ") {
                Some((who, what)) => format!("{who}: {}", tidy(what)),
                None => line,
            }
        })
        .collect();
    lines.join("\n")
}

/// A letter from one person to another. `stories::cast` has been called.
pub fn letter(scene: &mut Scene) -> String {
    const BODY: &[&str] = &[
        "{I hope you are well.|how are you?|it is a long time since you wrote.}",
        "here {it is $season, and $weather|all is well|nothing much has happened}.",
        "{yesterday|last $day} {I saw|we found} a $beast $place_at{, and $kid laughed all day|}.",
        "$helper {sends greetings|asks about you|has a new $thing}.",
        "{thank you for the $thing.|the $thing you sent is wonderful.|do you still have my $thing?}",
        "{we ate $food and thought of you.|please bring some $food when you come.}",
        "{the sea is rough|the boats stay in the harbour|the market was full}, {but we are fine|and everyone is busy}.",
        "{please come and visit us in $season.|write soon!|when will you come home?}",
    ];
    let count = 3 + scene.below(3);
    // Several keeps no order; a letter needs one.
    let mut chosen: Vec<usize> = (0..BODY.len()).collect();
    while chosen.len() > count {
        let at = scene.below(chosen.len());
        chosen.remove(at);
    }
    let body: Vec<String> = chosen.iter().map(|at| scene.expand(BODY[*at])).collect();
    let head = scene.write("{Dear|My dear} $friend,");
    let tail = scene.expand("{Your friend|With love|Many greetings|Yours}, $hero");
    format!("{head}\n{}\n{tail}", tidy(&body.join(" ")))
}

/// A page of a diary. `stories::cast` has been called.
pub fn diary(scene: &mut Scene) -> String {
    scene.write_one(&[
        "$day. today $weather. I went to $place and saw $place_sight. {later|in the afternoon} I met $friend, {who gave me some $food|who told me about a $beast}. {now I am tired.|it was a good day.|tomorrow I will go there again.}",
        "$day, in the $time. {I am sitting by the window.|everyone is asleep.} {all day|since morning} $weather. $friend $friend_does as always, but {I did nothing at all|I found a $thing}. {I wonder where it comes from.|I will show it to $kid.}",
        "$day. {$kid came to see me today.|I walked with $kid to $place.} we {talked about|looked for} {the $beast|$beast_many|a $thing}, and {laughed a lot|ate $food}. {I wish every day were like this.|I hope it will not rain tomorrow.}",
    ])
}

/// A few rhymed lines.
pub fn rhyme(scene: &mut Scene) -> String {
    const COUPLETS: &[&str] = &[
        "the {wind|rain} comes {over|down} the hill,\nand {turns|wets} the wheel of Ida's mill.",
        "the {boats|ships} sail {out|far} at break of day,\nand {bring|carry} the silver fish {away|our way}.",
        "the {fox|badger} sleeps {below|beneath} the tree,\nthe {gull|heron} flies {out over|above} the sea.",
        "the lamp is {bright|lit}, the {night|sky} is deep,\nand {all the|the tired} children are asleep.",
        "the {snow|frost} lies {white|soft} on {wall|roof} and stone,\nbut {by the fire|with friends} no one is alone.",
        "a {bee|frog} {sat|slept} on {an apple|a chestnut} tree,\nand {sang|hummed} {a song|a tune} {for you and|just for} me.",
        "{come|walk} with me {down|along} to the shore,\nwhere {the waves|the seals} {will play|are playing} {for ever more|and more}.",
        "the {baker|miller} {rises|works} {with|before} the sun,\nand {rests|sleeps} when all {his|the} work is done.",
        "{old|our} Ben, he climbs the {winding|long} stair,\nthe {salt|wind} of the sea in his {silver|grey} hair.",
        "the owl {looks down|calls out} {from the oak so|so very} high,\nand counts {all|each} the stars in the {winter|evening} sky.",
        "the {river|Wend} {runs|flows} {on} and never will stay,\nit {carries|takes} the leaves of the autumn away.",
        "the cat {lies|sleeps} {near|beside} the oven door,\nand dreams of mice upon the floor.",
    ];
    let count = 2 + scene.below(3);
    let lines: Vec<&&str> = scene.several(COUPLETS, count);
    let lines: Vec<String> = lines.into_iter().map(|couplet| scene.write(couplet)).collect();
    lines.join("\n")
}

/// A request for a list with the list: `(request, list)`.
pub fn list(scene: &mut Scene) -> (String, String) {
    const COUNT: &[&str] = &["two", "three", "four", "five"];
    let at = scene.below(COUNT.len());
    let count = at + 2;
    scene.set("count", COUNT[at]);
    let (what, items): (&str, Vec<String>) = match scene.below(4) {
        0 => ("animals", scene.several(ANIMALS, count).into_iter().map(|a| format!("the {}", a.name)).collect()),
        1 => ("places in Saltmere", scene.several(PLACES, count).into_iter().map(|p| p.name.to_owned()).collect()),
        2 => (
            "people of Saltmere",
            scene.several(PEOPLE, count).into_iter().map(|p| format!("{} the {}", p.name, p.trade)).collect(),
        ),
        _ => ("trades", scene.several(PEOPLE, count).into_iter().map(|p| p.trade.to_owned()).collect()),
    };
    scene.set("what", what);
    let request = scene.write("{name|give me|tell me|list} $count $what.");
    let text = match items.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}.", rest.join(", ")),
        _ => String::new(),
    };
    (request, tidy(&text))
}
