//! Stories: an opening, a plot out of beats, an ending.

use super::grammar::{tidy, Scene};
use super::plots::{Plot, PLOTS};
use super::world::{cast_animal, cast_child, cast_person, Animal, ANIMALS, CHILDREN, PEOPLE, PLACES};

/// Casts every role a plot may use: `$hero`, `$friend`, `$helper`, `$beast`, places, weather, things.
pub fn cast(scene: &mut Scene) {
    let people = scene.several(PEOPLE, 3);
    cast_person(scene, "friend", people[1]);
    cast_person(scene, "helper", people[2]);
    let children = scene.several(CHILDREN, 2);
    cast_child(scene, "kid", children[0]);
    if scene.chance(45) {
        cast_child(scene, "hero", children[1]);
    } else {
        cast_person(scene, "hero", people[0]);
    }
    // A whale does not come to the door, and a bee carries no lamp.
    let on_foot: Vec<&Animal> = ANIMALS.iter().filter(|a| !["whale", "bee"].contains(&a.name)).collect();
    let beast = *scene.one_of(&on_foot);
    cast_animal(scene, "beast", beast);
    let places = scene.several(PLACES, 3);
    for (name, place) in ["place", "place2", "place3"].iter().zip(places) {
        scene.set(name, place.name);
        scene.set(&format!("{name}_at"), &format!("{} {}", place.at, place.name));
        let sight = scene.one_of(place.sights);
        scene.set(&format!("{name}_sight"), sight);
        // The first of the senses of every place is a smell.
        scene.set(&format!("{name}_smell"), place.senses[0]);
    }
    let (season, weather) = *scene.one_of(SEASONS);
    scene.set("season", season);
    scene.set("time", "{morning|afternoon|evening|night}");
    scene.set("weather", weather);
    scene.set("thing", "{silver key|small blue boat|red scarf|wooden flute|brass bell|old map|little lamp|copper ring|leather book|warm blanket|basket of apples|jar of honey|glass marble|straw hat|golden button|paper kite|white shell|clay cup}");
    scene.set("food", "{warm bread|apple cake|onion soup|honey cakes|fresh fish|cheese and pears|hot tea and biscuits|roasted chestnuts|blackberry pie|pancakes}");
    scene.set("day", "{Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday}");
    scene.set("feeling", "{happy|glad|proud|thankful|full of joy|very pleased}");
}

const SEASONS: &[(&str, &str)] = &[
    ("spring", "{a soft wind blew from the sea|soft rain fell on the roofs|the swallows were back|the apple trees were in blossom|the air was mild and smelled of $place_smell}"),
    ("summer", "{the sun was warm|the sky was clear and blue|the air was still and smelled of $place_smell|not a cloud was to be seen|the grass was high and the bees were humming}"),
    ("autumn", "{a cold wind blew from the sea|a grey fog lay over the bay|dark clouds stood over the hill|the leaves were red and yellow|rain beat against the windows}"),
    ("winter", "{snow covered the fields|ice lay on the river|it was bitterly cold|white frost lay on the roofs|the snow fell softly on the harbour}"),
];

const OPENINGS: &[&str] = &[
    "once upon a time {there lived|there was} a $hero_nature $hero_trade {named|called} $hero {in the village of Saltmere|in Saltmere|in a village by the sea}.",
    "once upon a time, in {the village of Saltmere|a small village by the sea}, {there lived|there was} a $hero_trade {named|called} $hero. everyone {knew|said} that $hero was $hero_nature.",
    "one $season $time, $hero was {walking|on $hero_his way|sitting alone} {near|not far from} $place.",
    "{it was|it was early on} a $season $time {and|when} $weather. $hero stood $place_at and {looked around|waited|listened|thought}.",
    "{long ago|many years ago|in the old days}, when {the bridge was new|the oldest oak was young|ships still came from the east}, a $hero_trade called $hero lived in Saltmere.",
    "$hero was {a|the} $hero_nature $hero_trade who {loved|liked} {nothing more than|above all} {the sea|the forest|a good story|the quiet hours of the day|$place}.",
    "on $day $hero woke up {early|late|before the birds|with a smile|with a strange feeling}. $weather.",
    "this is the story of {a $hero_nature $hero_trade|$hero, the $hero_trade,} and {a $beast_nature $beast|the $beast of $beast_met}.",
    "nobody in Saltmere {had ever seen|could remember} such a {$season|$time}. $weather, and $hero {could not sleep|went out to look|stayed close to the fire|hurried home}.",
    "there was once a $beast_nature $beast that lived $beast_lives. {every day|each $time} it {watched|saw} $hero, the $hero_nature $hero_trade, {go by|pass|at work}.",
];

const ENDINGS: &[&str] = &[
    "and from that day on, $hero {was never alone|always smiled when $hero_he passed $place|never forgot the $beast|helped everyone who asked}.",
    "that {evening|night} they {all ate|shared|sat by the fire and ate} $food, and {nobody|no one} in Saltmere was {sad|hungry|cold}.",
    "{since then|to this day}, {when $weather|whenever the wind is right|on quiet evenings}, {people|the people of Saltmere} {tell|still tell} the story of $hero and the $beast.",
    "$hero went home {tired but|slowly and|late and very} {happy|glad}. it had been a {good|long|strange|wonderful} day.",
    "{so|and so} $hero learned that {a small kindness|a friend|patience|a little help|an honest word} is worth more than {gold|a ship full of silver|a hundred clever plans}.",
    "{\"well done,\"|\"thank you,\"|\"you have a good heart,\"} said $friend, and $hero {smiled|blushed|laughed|felt warm inside}. {the end.|}",
    "{and if you ever come to Saltmere|if you walk to $place today}, you can {still see|find} the $thing {there|above the door|on the wall of the inn}.",
    "and {they|$hero, $friend and the $beast} lived {happily|in peace} {ever after|for many years}.",
    "the {moon|sun|first star} {rose|looked down} over {the sea|the harbour|Windy Hill}, and {all was quiet|the village slept|the waves whispered on the stones}.",
    "$hero {put|kept} the $thing {in a safe place|beside the bed|on a shelf by the window} and {looked at it|remembered the $beast} every {morning|evening|day}.",
];

/// One story. `cast` has been called.
pub fn story(scene: &mut Scene) -> String {
    let plot: &Plot = scene.one_of(PLOTS);
    let mut sentences = vec![scene.pick(OPENINGS).to_owned()];
    for beat in plot.beats {
        // A beat that may be left out carries a "?" in front.
        let templates = beat.choices;
        if beat.optional && scene.chance(40) {
            continue;
        }
        sentences.push(scene.pick(templates).to_owned());
    }
    sentences.push(scene.pick(ENDINGS).to_owned());
    let mut text = String::new();
    let with_paragraphs = scene.chance(35);
    let count = sentences.len();
    for (at, sentence) in sentences.iter().enumerate() {
        let sentence = scene.expand(sentence);
        text.push_str(&sentence);
        let breaks = with_paragraphs && (at == 0 || at + 2 == count || at == count / 2);
        text.push(if breaks { '\n' } else { ' ' });
    }
    tidy(&text)
}
