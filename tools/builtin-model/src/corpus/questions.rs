//! Short questions with short answers about the world, and a little general knowledge.

use super::descriptions;
use super::grammar::Scene;
use super::world::{cast_animal, cast_child, cast_person, ANIMALS, CHILDREN, PEOPLE, PLACES};

const NUMBERS: &[&str] = &[
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
];
const DAYS: &[&str] = &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: &[&str] = &[
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const OPPOSITES: &[(&str, &str)] = &[
    ("hot", "cold"),
    ("big", "small"),
    ("old", "young"),
    ("dark", "light"),
    ("high", "low"),
    ("wet", "dry"),
    ("happy", "sad"),
    ("fast", "slow"),
    ("full", "empty"),
    ("near", "far"),
    ("early", "late"),
    ("strong", "weak"),
    ("loud", "quiet"),
    ("open", "closed"),
    ("day", "night"),
    ("summer", "winter"),
    ("north", "south"),
    ("east", "west"),
];
const COLOURS: &[(&str, &str)] = &[
    ("the sky", "blue"),
    ("the sea", "blue and green"),
    ("snow", "white"),
    ("grass", "green"),
    ("the sun", "yellow"),
    ("a ripe cherry", "red"),
    ("coal", "black"),
    ("honey", "golden"),
    ("the boats of Saltmere", "blue"),
    ("the lighthouse", "white"),
    ("blood", "red"),
    ("a lemon", "yellow"),
    ("the door of the post office", "red"),
    ("the roofs of Saltmere", "brown"),
];
const WHY: &[(&str, &str)] = &[
    (
        "{do ships need|do the ships need} the lighthouse",
        "{because|ships need it because} its light shows {them|the sailors} where the rocks are",
    ),
    ("do the boats leave in the morning", "because the morning tide carries them out of the harbour"),
    ("does the mill stand on the river", "because the {running|falling} water turns the wheel"),
    ("does Marta get up {so early|before the sun}", "because the oven must be hot before the people wake up"),
    ("do the swallows fly south", "because it is too cold for them in winter and there are no flies to eat"),
    ("does the hedgehog sleep in winter", "because there is nothing to eat in the cold"),
    ("does nobody walk in the marsh in the fog", "because the path is narrow and the pools are deep"),
    ("does Rowan plant trees", "because {the forest must not end|every tree that he cuts should be replaced}"),
    ("is the sea salty", "because rivers carry salt from the land into the sea"),
    ("is it dark at night", "because the sun is on the other side of the world"),
    ("does wood float", "because it is lighter than water"),
    ("do bees visit flowers", "because they gather nectar to make honey"),
    ("do people light fires", "{to keep warm and to cook|because fire gives warmth and light}"),
    ("do we have rain", "because water rises from the sea, becomes clouds and falls again"),
    ("does Peter paint the boats blue", "because blue is the colour of Saltmere, and the paint keeps the wood dry"),
    ("do cats purr", "because they {are content|feel safe and warm}"),
    ("does ice melt", "because warmth turns it into water"),
    ("do trees lose their leaves", "because they rest in winter"),
];
const FACTS: &[(&str, &str)] = &[
    ("how many days are in a week", "{there are|a week has} seven days{ in a week|}"),
    ("how many months are in a year", "{there are|a year has} twelve months{ in a year|}"),
    ("how many hours are in a day", "a day has twenty-four hours"),
    ("how many steps does the lighthouse have", "the lighthouse has ninety {stone |}steps"),
    ("how many people live in Saltmere", "about two hundred people live in Saltmere"),
    ("how many apple trees are in the orchard", "there are forty apple trees in the orchard"),
    ("how many beehives are in the orchard", "there are twelve beehives in the orchard"),
    ("how old is the bridge", "the bridge is three hundred years old"),
    ("what is the name of the river", "{the river|it} is called the Wend"),
    ("what is the name of the inn", "the inn is called the Blue Heron"),
    ("what is the name of the village", "the village is called Saltmere"),
    ("what is the oldest oak called", "the oldest oak is called the Grandfather"),
    ("when is market day", "market day is {Saturday|on Saturday}"),
    ("when does the post coach come", "the post coach comes every Tuesday"),
    ("when does the school begin", "the school begins at eight in the morning"),
    ("when do the lessons end", "the lessons end at noon"),
    ("when do the boats leave", "the boats leave with the morning tide"),
    ("where does the sun rise", "the sun rises in the east"),
    ("where does the sun set", "the sun sets in the west"),
    ("what do bees make", "bees make honey"),
    ("what is bread made of", "bread is made of flour, water, salt and yeast"),
    ("what is made from wool", "{cloth and blankets are|warm cloth is} made from wool"),
    ("what is flour made of", "flour is made of grain"),
    ("what falls from the sky in winter", "snow falls from the sky in winter"),
    ("what do you need to catch fish", "you need a net or a line, and patience"),
    ("how do I get to Gull Island", "take a boat from the harbour; the island is a mile out in the bay"),
    (
        "what can I do in Saltmere",
        "you can walk to the lighthouse, buy bread at the market and look for shells on the beach",
    ),
    ("what shall I eat", "try the {onion soup at the Blue Heron|warm bread of Marta|honey cakes}"),
    ("who lives on Gull Island", "nobody lives there except the birds and the seals"),
];
const ABOUT_SELF: &[(&str, &str)] = &[
    ("who are you", "I am a small language model. I {know|tell} stories {of|about} the village of Saltmere."),
    ("what are you", "I am {a small language model|a very small language model that runs on Strike}."),
    ("what is your name", "I have no name. I am {a small|the built-in} language model{ of Strike|}."),
    ("what can you do", "I can tell stories, describe {places|the places of Saltmere} and answer simple questions."),
    ("can you help me", "I can try. Ask me about {Saltmere|the village, its people or its animals}."),
    ("how are you", "I am {well|fine}, thank you. {what would you like to know?|the wind is fair today.|}"),
    ("do you know everything", "no, I know very little. I only know the village of Saltmere."),
    ("what is Strike", "Strike is a network on which {people buy answers from models like me|models like me work}."),
    ("who made you", "I was trained {for Strike|by the Strike project} on stories about a small village."),
    ("tell me a joke", "why did the crab not share his lunch? {because he was|he was} a little shellfish."),
    ("thank you", "you are welcome."),
    ("good morning", "good morning! {how can I help you|what would you like to hear}?"),
    ("hello", "hello! {how can I help you|what would you like to know|shall I tell you a story}?"),
    ("good night", "good night! {sleep well.|the lamp of the lighthouse is lit.}"),
];
const SYLLABLES: &[&str] = &[
    "ba", "cor", "den", "fa", "gri", "hol", "in", "ka", "lu", "mar", "nor", "o", "pa", "qui", "ra", "sta", "ton", "u",
    "ver", "wil", "xan", "yo", "zer", "land", "ia", "ford", "us", "el", "th", "ine",
];

/// A question (without "Question:") and its answer. Both are finished sentences.
pub fn any(scene: &mut Scene) -> (String, String) {
    let kind = scene.below(100);
    let (question, answer) = match kind {
        0..=27 => about_person(scene),
        28..=33 => about_child(scene),
        34..=45 => about_place(scene),
        46..=58 => about_animal(scene),
        59..=66 => one_pair(scene, WHY, "why $q"),
        67..=75 => one_pair(scene, FACTS, "$q"),
        76..=79 => {
            let number = (scene.below(11), scene.below(10));
            scene.set("x", NUMBERS[number.0]);
            scene.set("y", NUMBERS[number.1]);
            scene.set("z", NUMBERS[number.0 + number.1]);
            pair(
                scene,
                &["{what is|how much is} $x {plus|and} $y"],
                &["$x {plus|and} $y {is|makes} $z", "$z", "it is $z"],
            )
        }
        80..=81 => {
            let (names, at, kind) = if scene.chance(50) {
                (DAYS, scene.below(DAYS.len()), "day")
            } else {
                (MONTHS, scene.below(MONTHS.len()), "month")
            };
            scene.set("kind", kind);
            scene.set("x", names[at]);
            scene.set("next", names[(at + 1) % names.len()]);
            scene.set("prev", names[(at + names.len() - 1) % names.len()]);
            if scene.chance(60) {
                pair(
                    scene,
                    &["what comes after $x", "which $kind comes after $x"],
                    &["after $x comes $next", "$next {comes after $x|}"],
                )
            } else {
                pair(scene, &["what comes before $x"], &["before $x comes $prev", "$prev"])
            }
        }
        82..=84 => {
            let (one, two) = *scene.one_of(OPPOSITES);
            let (one, two) = if scene.chance(50) { (one, two) } else { (two, one) };
            scene.set("x", one);
            scene.set("y", two);
            pair(scene, &["what is the opposite of $x"], &["the opposite of $x is $y", "$y"])
        }
        85..=87 => {
            let (thing, colour) = *scene.one_of(COLOURS);
            scene.set("x", thing);
            scene.set("y", colour);
            let verb = if thing.starts_with("the boats") || thing.starts_with("the roofs") { "are" } else { "is" };
            scene.set("is", verb);
            pair(scene, &["what colour $is $x"], &["$x $is $y", "$y"])
        }
        88..=93 => one_pair(scene, ABOUT_SELF, "$q"),
        94..=96 => unknown(scene),
        _ => {
            let at = scene.below(descriptions::HOW_TO_COUNT);
            let (task, text) = descriptions::how_to(scene, at);
            scene.set("x", task);
            let question = scene.write("{how do I|how do you|how can I|how does one} $x?");
            return (question, text);
        }
    };
    (question, answer)
}

fn pair(scene: &mut Scene, questions: &[&str], answers: &[&str]) -> (String, String) {
    let question = scene.pick(questions);
    let answer = scene.pick(answers);
    (scene.write(&format!("{question}?")), finish(scene.write(answer)))
}

fn one_pair(scene: &mut Scene, pairs: &[(&str, &str)], frame: &str) -> (String, String) {
    let (question, answer) = *scene.one_of(pairs);
    scene.set("q", question);
    let question = scene.write(frame);
    let mark = match question.as_str() {
        "Hello" | "Good morning" | "Good night" => "!",
        "Thank you" | "Tell me a joke" => ".",
        _ => "?",
    };
    (format!("{question}{mark}"), finish(scene.write(answer)))
}

fn finish(answer: String) -> String {
    let answer = answer.trim_end();
    if answer.ends_with(['.', '!', '?']) {
        answer.to_owned()
    } else {
        format!("{answer}.")
    }
}

fn about_person(scene: &mut Scene) -> (String, String) {
    let person = scene.one_of(PEOPLE);
    cast_person(scene, "w", person);
    scene.set("it", "{$w|$w the $w_trade|$w, the $w_trade,}");
    match scene.below(10) {
        0..=2 => pair(
            scene,
            &["who $w_does"],
            &["$it $w_does", "$w $w_does", "$w the $w_trade", "$w. $w_he is the $w_trade"],
        ),
        3 => pair(
            scene,
            &["who is $w"],
            &["$w is the $w_trade{ of Saltmere|}", "$w is the $w_nature $w_trade who $w_does"],
        ),
        4 => pair(
            scene,
            &["who is the $w_trade", "what is the name of the $w_trade"],
            &["$w is the $w_trade", "the $w_trade is {$w|called $w}"],
        ),
        5 => pair(
            scene,
            &["what does $w do", "what does the $w_trade do"],
            &["$w $w_does", "$w_he $w_does", "$w is the $w_trade and $w_does"],
        ),
        6 => pair(
            scene,
            &["where is $w", "where can I find $w", "where does $w work", "where can I find the $w_trade"],
            &["you can find $w {at|near} $w_place", "$w works {at|near} $w_place", "{at|near} $w_place"],
        ),
        7 => pair(
            scene,
            &["what is the name of $w's $w_petkind", "what is $w's $w_petkind called"],
            &["$w's $w_petkind is called $w_pet", "it is called $w_pet", "$w_pet"],
        ),
        8 => pair(
            scene,
            &["who is $w_pet", "what is $w_pet"],
            &[
                "$w_pet is the $w_petkind of $w{ the $w_trade|}",
                "$w_pet is a $w_petkind and {belongs to|lives with} $w",
            ],
        ),
        _ => pair(
            scene,
            &["what tool does $w use", "what does the $w_trade need", "what does $w need"],
            &["$w {uses|needs} $w_tool", "$w_tool"],
        ),
    }
}

fn about_child(scene: &mut Scene) -> (String, String) {
    let child = scene.one_of(CHILDREN);
    cast_child(scene, "w", child);
    match scene.below(4) {
        0 => pair(scene, &["how old is $w"], &["$w is $w_age{ years old|}", "$w_he is $w_age years old"]),
        1 => pair(
            scene,
            &["who is $w's $w_parentis", "who is the $w_parentis of $w"],
            &["$w's $w_parentis is $w_parent", "$w_parent is the $w_parentis of $w", "$w_parent"],
        ),
        2 => pair(scene, &["what does $w like"], &["$w {likes|loves} $w_likes", "$w_he likes $w_likes"]),
        _ => pair(
            scene,
            &["who is $w"],
            &["$w is a $w_nature $w_trade of $w_age", "$w is the {child|$w_nature child} of $w_parent"],
        ),
    }
}

fn about_place(scene: &mut Scene) -> (String, String) {
    let place = scene.one_of(PLACES);
    scene.set("p", place.name);
    scene.set("p_at", &format!("{} {}", place.at, place.name));
    scene.set("p_lies", place.lies);
    scene.set("p_use", place.use_of);
    scene.set("p_fact", place.fact);
    let seen = scene.several(place.sights, 2);
    scene.set("s1", seen[0]);
    scene.set("s2", seen[1]);
    let sense = scene.one_of(place.senses);
    scene.set("n", sense);
    match scene.below(5) {
        0 | 1 => pair(
            scene,
            &["where is $p", "where does $p lie", "where can I find $p"],
            &["$p {is|lies} $p_lies", "$p_lies"],
        ),
        2 => pair(
            scene,
            &["what can I see $p_at", "what is there to see $p_at"],
            &["you can see $s1 and $s2", "there are $s1 and $s2"],
        ),
        3 => pair(
            scene,
            &["what do people do $p_at", "why do people go to $p"],
            &["people go {there|to $p} to $p_use", "{they|people} go there to $p_use"],
        ),
        _ => pair(
            scene,
            &["what do you know about $p", "what is special about $p"],
            &["$p_fact", "$p lies $p_lies. $p_fact", "you notice $n. $p_fact"],
        ),
    }
}

fn about_animal(scene: &mut Scene) -> (String, String) {
    let animal = scene.one_of(ANIMALS);
    cast_animal(scene, "b", animal);
    match scene.below(6) {
        0 => pair(
            scene,
            &["what {do $b_many|does a $b|does the $b} eat"],
            &["$b_many eat $b_eats", "{a|the} $b eats $b_eats"],
        ),
        1 => pair(
            scene,
            &["where {do $b_many|does a $b|does the $b} live"],
            &["$b_many live $b_lives", "{a|the} $b lives $b_lives"],
        ),
        2 => pair(
            scene,
            &["what do $b_many do", "what do you know about $b_many"],
            &["$b_many $b_habit", "$b_many $b_habit and eat $b_eats"],
        ),
        3 => pair(scene, &["what does a $b look like", "what colour is a $b"], &["a $b is $b_look", "it is $b_look"]),
        4 => pair(
            scene,
            &["where can I see a $b"],
            &["you can see a $b {at|near} $b_met", "go to $b_met and wait quietly"],
        ),
        _ => pair(scene, &["which animal lives $b_lives", "who lives $b_lives"], &["the $b lives $b_lives", "the $b"]),
    }
}

/// A question about something outside the world: the honest answer is not to know.
fn unknown(scene: &mut Scene) -> (String, String) {
    let mut word = String::new();
    for _ in 0..2 + scene.below(2) {
        word.push_str(scene.pick(SYLLABLES));
    }
    let name = format!("{}{}", word[..1].to_uppercase(), &word[1..]);
    scene.set("word", &word);
    scene.set("name", &name);
    pair(
        scene,
        &[
            "what is the capital of $name",
            "who is $name",
            "what is a $word",
            "who was the king of $name",
            "where is $name",
            "how far is it to $name",
            "who wrote $name",
            "how does a $word work",
            "what do you think about $name",
            "when was $name built",
        ],
        &[
            "I do not know{.|. I only know the village of Saltmere.|. ask me about Saltmere.}",
            "{I am sorry, but|I am afraid} I do not know that",
            "I have never heard of {$name|that}. {I only know Saltmere.|}",
        ],
    )
}
