//! Paragraphs about places, people, animals, seasons and work: answers to "Tell me about ...".

use super::grammar::{tidy, Scene};
use super::world::{cast_animal, cast_child, cast_person, Animal, Child, Person, Place, CHILDREN, PEOPLE, PLACES};

/// Two to six sentences about a place.
pub fn place(scene: &mut Scene, place: &Place) -> String {
    scene.set("p", place.name);
    scene.set("p_at", &format!("{} {}", place.at, place.name));
    scene.set("p_lies", place.lies);
    scene.set("p_use", place.use_of);
    scene.set("p_fact", place.fact);
    let sights = scene.several(place.sights, 3);
    for (name, sight) in ["s1", "s2", "s3"].iter().zip(sights) {
        scene.set(name, sight);
    }
    let senses = scene.several(place.senses, 2);
    for (name, sense) in ["n1", "n2"].iter().zip(senses) {
        scene.set(name, sense);
    }
    let mut parts = vec!["$p {lies|is} $p_lies.".to_owned()];
    let mut middle = vec![
        "{you can see|there are|there you find|visitors see} $s1{ and $s2|, $s2 and $s3|}.",
        "{you notice|the first thing you notice is|everyone remembers} {$n1|$n1 and $n2}.",
        "{people come here to|the villagers go there to|here people} $p_use.",
        "$p_fact.",
        "{in the morning|at noon|in the evening} {it is quiet|it is full of people|the light is soft}{, and the children play there|, and the gulls cry|}.",
        "{in winter|in summer|in autumn|in spring} {it is most beautiful|few people come|everyone likes to be there}.",
    ];
    let count = 2 + scene.below(4);
    for _ in 0..count {
        let at = scene.below(middle.len());
        parts.push(middle.swap_remove(at).to_owned());
    }
    // Whoever works there belongs to the description.
    if let Some(person) = PEOPLE.iter().find(|person| person.place == place.name) {
        if scene.chance(60) {
            cast_person(scene, "w", person);
            parts.push("{this is where|here} $w{, the $w_trade,| the $w_trade|} $w_does{, together with $w_his $w_petkind $w_pet|}.".to_owned());
        }
    }
    join(scene, &parts)
}

/// Two to six sentences about a villager.
pub fn person(scene: &mut Scene, person: &Person) -> String {
    cast_person(scene, "w", person);
    let first = "$w is {the $w_trade|the $w_trade of Saltmere|our $w_trade|the $w_nature $w_trade of the village}.";
    let rest = [
        "$w_he $w_does{ $w_where|}.",
        "$w_he $w_habit.",
        "$w_his {most important|favourite|best} tool is $w_tool.",
        "$w_he {has|lives with} a $w_petkind {called|named} $w_pet.",
        "{everyone says|people say|we all know} that $w_he is $w_nature.",
        "{you can find $w_him|$w_he works|you will meet $w_him} {at|near} $w_place.",
        "{without $w_him|without $w} there would be no $w_product.",
    ];
    scene.set("w_where", "{every day|all year|with care|for the whole village}");
    let mut parts = vec![first.to_owned()];
    let count = 2 + scene.below(4);
    parts.extend(scene.several(&rest, count).into_iter().map(|s| (*s).to_owned()));
    join(scene, &parts)
}

/// Some sentences about a child.
pub fn child(scene: &mut Scene, child: &Child) -> String {
    cast_child(scene, "w", child);
    let rest = [
        "$w_his $w_parentis is $w_parent.",
        "$w_he {likes|loves} $w_likes{ more than anything|}.",
        "$w_he is {a $w_nature $w_trade|very $w_nature}.",
        "$w_he {goes to|learns to read at} the school of {Nora|the teacher Nora}.",
        "{after school|in the summer} $w_he {plays on the beach|runs to the harbour|helps $w_parent}.",
    ];
    let mut parts = vec!["$w is {a $w_trade of $w_age|$w_age years old|$w_age}.".to_owned()];
    let count = 2 + scene.below(3);
    parts.extend(scene.several(&rest, count).into_iter().map(|s| (*s).to_owned()));
    join(scene, &parts)
}

/// Two to five sentences about a kind of animal.
pub fn animal(scene: &mut Scene, animal: &Animal) -> String {
    cast_animal(scene, "b", animal);
    let rest = [
        "{it|the $b} {lives|makes its home} $b_lives.",
        "$b_many {eat|feed on} $b_eats.",
        "$b_many $b_habit.",
        "{you can meet|the children often see|sometimes you see} {one|a $b} {at|near} $b_met.",
        "in {the stories|the tales} of Saltmere the $b is {always |}$b_nature.",
    ];
    let mut parts =
        vec!["{the|a} $b is {a $b_look animal|$b_look|a $b_look creature|$b_look and $b_nature}.".to_owned()];
    let count = 2 + scene.below(3);
    parts.extend(scene.several(&rest, count).into_iter().map(|s| (*s).to_owned()));
    join(scene, &parts)
}

/// The four seasons: name, what happens.
pub const SEASONS: &[(&str, &[&str])] = &[
    (
        "spring",
        &[
            "the swallows come back",
            "the apple trees are in blossom",
            "Elsa leads her sheep up Windy Hill",
            "the river is high",
            "Peter paints the boats",
            "the lambs are born",
            "it rains often",
            "the days grow longer",
        ],
    ),
    (
        "summer",
        &[
            "the days are long and warm",
            "the children swim in the bay",
            "Clara gathers the honey",
            "the sheep give their wool",
            "there is a feast on the beach",
            "the nights are short",
            "boats race to Gull Island",
        ],
    ),
    (
        "autumn",
        &[
            "the apples are ripe",
            "the swallows fly south",
            "the whales pass the bay",
            "the storms begin",
            "the leaves turn red and yellow",
            "Rowan fills the woodsheds",
            "fog lies over the marsh",
            "the farmers bring their grain to the mill",
        ],
    ),
    (
        "winter",
        &[
            "snow lies on the roofs",
            "the river freezes at the banks",
            "the hedgehog sleeps under the leaves",
            "everyone sits by the fire of the inn",
            "Lena weaves warm blankets",
            "the lamp of the lighthouse burns for many hours",
            "the days are short",
        ],
    ),
];

/// A few sentences about a season.
pub fn season(scene: &mut Scene, at: usize) -> String {
    let (name, facts) = SEASONS[at % SEASONS.len()];
    scene.set("sn", name);
    let count = 3 + scene.below(3);
    let facts: Vec<&str> = scene.several(facts, count).into_iter().copied().collect();
    let mut parts = vec![format!("in $sn {{ |in Saltmere }}{}.", facts[0])];
    for pair in facts[1..].chunks(2) {
        parts.push(match pair {
            [one, two] => format!("{{then|also,|}} {one}, and {two}."),
            _ => format!("{}.", pair[0]),
        });
    }
    if scene.chance(40) {
        parts.push("{many people like it best of all|it is a good time for {stories|long walks|songs}|nobody is bored in $sn}.".to_owned());
    }
    join(scene, &parts)
}

/// The village as a whole.
pub fn village(scene: &mut Scene) -> String {
    let rest = [
        "{it lies|the village lies} {where the river Wend meets the sea|between the forest and the sea}.",
        "{about|some} two hundred people live {here|there}.",
        "there is {a harbour, a mill and a lighthouse|a market, a school and an old bridge|a bakery, a forge and an inn called the Blue Heron}.",
        "{in the west|behind the houses} stands Windy Hill, {where Elsa keeps her sheep|and to the north the lighthouse}.",
        "{the people|most people} {catch fish, weave cloth and bake bread|live from the sea and the forest}.",
        "{everyone knows everyone|nobody locks the door|the doors are blue and the roofs are made of reeds}.",
        "on Saturday there is a market {around the old well|with honey, cloth and fish}.",
    ];
    let mut parts =
        vec!["Saltmere is {a|a small|an old} village {by the sea|on the coast|at the mouth of the river Wend}."
            .to_owned()];
    let count = 3 + scene.below(3);
    parts.extend(scene.several(&rest, count).into_iter().map(|s| (*s).to_owned()));
    join(scene, &parts)
}

const HOW_TO: &[(&str, &[&str], &[&str])] = &[
    (
        "bake bread",
        &["take flour, water, salt and yeast", "mix flour with water, salt and a little yeast"],
        &[
            "knead the dough until it is smooth",
            "let it rest in a warm place for an hour",
            "shape a loaf",
            "heat the oven",
            "bake it until the crust is brown",
            "let the bread cool before you cut it",
        ],
    ),
    (
        "catch a fish",
        &["find a quiet place on the river", "take a rod, a line and a hook"],
        &[
            "put a worm on the hook",
            "throw the line into the water",
            "sit still and wait",
            "pull gently when the line moves",
            "put small fish back into the river",
        ],
    ),
    (
        "make a kite",
        &["take two thin sticks and some paper", "tie two light sticks into a cross"],
        &[
            "glue the paper over the sticks",
            "add a long tail",
            "tie a string to the middle",
            "go to Windy Hill and wait for the wind",
            "run and let the string go slowly",
        ],
    ),
    (
        "cook soup",
        &["cut onions, carrots and potatoes", "take a big pot and some butter"],
        &[
            "fry the onions until they are golden",
            "add water and salt",
            "let it cook slowly for an hour",
            "taste it and add herbs",
            "eat it hot with bread",
        ],
    ),
    (
        "plant a tree",
        &["dig a deep hole", "choose a sunny place"],
        &[
            "set the young tree in the hole",
            "fill the hole with good earth",
            "give it plenty of water",
            "tie it to a stick so that the wind cannot bend it",
            "be patient, for a tree needs years",
        ],
    ),
    (
        "mend a net",
        &["look for the hole", "spread the net on the ground"],
        &[
            "cut away the torn threads",
            "fill the needle with strong string",
            "tie new knots from left to right",
            "keep every mesh the same size",
            "pull on the net to test it",
        ],
    ),
    (
        "light a fire",
        &["gather dry wood", "find a place out of the wind"],
        &[
            "lay small sticks on dry leaves",
            "put bigger wood on top",
            "light the leaves",
            "blow softly",
            "never leave the fire alone",
        ],
    ),
    (
        "make tea",
        &["boil some water", "take a pot and some mint"],
        &[
            "put the leaves into the pot",
            "pour the hot water over them",
            "wait for five minutes",
            "add a spoon of honey",
            "drink it while it is warm",
        ],
    ),
    (
        "write a letter",
        &["take paper and ink", "sit down in a quiet place"],
        &[
            "write the date at the top",
            "greet your friend",
            "tell what has happened",
            "ask a question or two",
            "sign your name",
            "give the letter to Sam the postman",
        ],
    ),
    (
        "walk to Gull Island",
        &["you cannot walk there, because it lies in the sea", "nobody can walk to an island in the sea"],
        &["go to the harbour", "ask Tomas for a place in his boat", "wait for a calm day"],
    ),
];

/// Index count of [`how_to`].
pub const HOW_TO_COUNT: usize = HOW_TO.len();

/// The task of how-to number `at` and a text that explains it.
pub fn how_to(scene: &mut Scene, at: usize) -> (&'static str, String) {
    let (task, first, steps) = HOW_TO[at % HOW_TO.len()];
    let mut parts = vec![format!("{{first|first of all|to begin}}, {}.", scene.pick(first))];
    let keep = scene.below(2);
    let last = steps.len() - 1;
    for (at, step) in steps.iter().enumerate() {
        if at == keep && steps.len() > 4 && scene.chance(30) {
            continue;
        }
        let link =
            if at == last { "{finally, |at the end, |last of all, }" } else { "{then |after that, |next, |now |}" };
        parts.push(format!("{link}{step}."));
    }
    (task, join(scene, &parts))
}

/// What the weather is like on a day, as a short report.
pub fn weather(scene: &mut Scene) -> String {
    scene.set("wind", "{north|south|east|west}");
    scene.write_one(&[
        "Weather for $wday: {in the morning|at dawn} {fog|light rain|clear sky|snow|sun}, {later|in the afternoon} {clouds|sun|strong wind|calm}. the wind comes from the $wind. {a good day for fishing.|the boats should stay in the harbour.|bring a coat.|a fine day for a walk on Windy Hill.}",
        "{today|this morning} the wind {comes|blows} from the $wind, and the sea is {calm|rough|grey|green}. {Tomas says|old Ben says|Finn thinks} it will {rain|be fine|snow|clear up} {before evening|tomorrow|by noon}.",
        "it is {cold|warm|mild|stormy} today. {the sky is|above the harbour the sky is} {blue|grey|white|full of clouds}, and {the gulls fly low|the smoke goes straight up|the flags are flying}. that means {rain|good weather|wind from the $wind}.",
    ])
}

fn join(scene: &mut Scene, parts: &[String]) -> String {
    let text: Vec<String> = parts.iter().map(|part| scene.expand(part)).collect();
    tidy(&text.join(" "))
}

/// A random subject and a paragraph about it.
pub fn any(scene: &mut Scene) -> (String, String) {
    scene.set("wday", "{Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday}");
    match scene.below(20) {
        0..=6 => {
            let subject = scene.one_of(PLACES);
            (subject.name.to_owned(), place(scene, subject))
        }
        7..=11 => {
            let subject = scene.one_of(PEOPLE);
            let title = if scene.chance(60) { subject.name.to_owned() } else { format!("the {}", subject.trade) };
            (title, person(scene, subject))
        }
        12..=13 => {
            let subject = scene.one_of(CHILDREN);
            (subject.name.to_owned(), child(scene, subject))
        }
        14..=16 => {
            let subject = scene.one_of(super::world::ANIMALS);
            let title = if scene.chance(50) { format!("the {}", subject.name) } else { subject.many.to_owned() };
            (title, animal(scene, subject))
        }
        17 => {
            let at = scene.below(SEASONS.len());
            (SEASONS[at].0.to_owned(), season(scene, at))
        }
        18 => ("the weather".to_owned(), weather(scene)),
        _ => {
            let title = scene.expand("{Saltmere|the village|the village of Saltmere}");
            (title, village(scene))
        }
    }
}
