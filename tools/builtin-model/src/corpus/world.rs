//! The world the corpus speaks about: the village of Saltmere, its people, places and animals.
//!
//! Everything here is fixed, so that the model can learn it as fact; the variety comes from the
//! templates.

use super::grammar::Scene;

/// A villager with a trade.
pub struct Person {
    /// First name, unique in the village.
    pub name: &'static str,
    /// True for "she".
    pub she: bool,
    /// The trade: "baker".
    pub trade: &'static str,
    /// Where the trade is done, with article: "the bakery".
    pub place: &'static str,
    /// What the trade gives, without article: "bread".
    pub product: &'static str,
    /// The trade in the third person: "bakes the bread".
    pub does: &'static str,
    /// The same as an infinitive: "bake the bread".
    pub to_do: &'static str,
    /// The most important tool, with article.
    pub tool: &'static str,
    /// The kind of the animal that lives with this person.
    pub pet_kind: &'static str,
    /// The name of that animal.
    pub pet: &'static str,
    /// One adjective of character.
    pub nature: &'static str,
    /// When or how the day's work is done.
    pub habit: &'static str,
}

macro_rules! people {
    ($($name:literal $she:literal $trade:literal $place:literal $product:literal $does:literal
       $to_do:literal $tool:literal $kind:literal $pet:literal $nature:literal $habit:literal;)*) => {
        &[$(Person { name: $name, she: $she, trade: $trade, place: $place, product: $product,
            does: $does, to_do: $to_do, tool: $tool, pet_kind: $kind, pet: $pet, nature: $nature,
            habit: $habit }),*]
    };
}

/// The grown villagers.
pub const PEOPLE: &[Person] = people! {
    "Marta" true "baker" "the bakery" "bread" "bakes the bread" "bake the bread" "a long wooden shovel"
        "cat" "Pip" "cheerful" "gets up before the sun to heat the oven";
    "Tomas" false "fisherman" "the harbour" "fish" "catches the fish" "catch the fish" "a wide net"
        "gull" "Salty" "patient" "sails out with the morning tide";
    "Ida" true "miller" "the mill" "flour" "grinds the flour" "grind the flour" "a heavy millstone"
        "donkey" "Clover" "tireless" "listens to the water wheel all day";
    "Ben" false "lighthouse keeper" "the lighthouse" "light" "keeps the lamp burning"
        "keep the lamp burning" "a brass lamp" "dog" "Barnaby" "wise"
        "climbs the ninety steps every evening";
    "Hugo" false "blacksmith" "the forge" "horseshoes" "makes the horseshoes" "make the horseshoes"
        "a heavy hammer" "horse" "Storm" "strong" "works beside the red fire";
    "Nora" true "teacher" "the school" "lessons" "teaches the children" "teach the children"
        "a piece of chalk" "tortoise" "Plato" "clever" "rings the school bell at eight";
    "Elsa" true "shepherd" "Windy Hill" "wool" "keeps the sheep" "keep the sheep" "a crooked staff"
        "dog" "Fen" "quiet" "leads the sheep up the hill in spring";
    "Rowan" false "forester" "the forest" "firewood" "cuts the firewood" "cut the firewood" "a sharp axe"
        "fox" "Ember" "careful" "plants a new tree for every old one";
    "Greta" true "healer" "the herb garden" "medicine" "makes the medicine" "make the medicine"
        "a stone bowl" "toad" "Moss" "gentle" "gathers her herbs in the morning dew";
    "Peter" false "boat builder" "the boatyard" "boats" "builds the boats" "build the boats" "a sharp saw"
        "goose" "Duchess" "proud" "paints every new boat blue";
    "Lena" true "weaver" "the cottage by the bridge" "cloth" "weaves the cloth" "weave the cloth"
        "a wooden loom" "rabbit" "Button" "neat" "sings while she weaves";
    "Oskar" false "innkeeper" "the inn" "soup" "cooks the soup" "cook the soup" "a copper pot"
        "parrot" "Admiral" "friendly" "tells old stories by the fire at night";
    "Clara" true "beekeeper" "the orchard" "honey" "gathers the honey" "gather the honey" "a straw hat"
        "hen" "Daisy" "calm" "talks softly to her bees";
    "Finn" false "ferryman" "the river" "passage" "carries people across the river"
        "carry people across the river" "a long pole" "duck" "Captain" "brave"
        "crosses the river twenty times a day";
    "Agnes" true "net maker" "the beach" "nets" "mends the nets" "mend the nets" "a bone needle"
        "seal" "Otto" "stubborn" "sits on an old barrel by the sea";
    "Sam" false "postman" "the post office" "letters" "brings the letters" "bring the letters"
        "a leather bag" "pony" "Pepper" "quick" "whistles on his way from door to door";
};

/// A child of the village.
pub struct Child {
    /// First name.
    pub name: &'static str,
    /// True for "she".
    pub she: bool,
    /// Age in words.
    pub age: &'static str,
    /// The parent's name.
    pub parent: &'static str,
    /// "mother" or "father".
    pub parent_is: &'static str,
    /// One adjective of character.
    pub nature: &'static str,
    /// What the child likes best.
    pub likes: &'static str,
}

/// The children.
pub const CHILDREN: &[Child] = &[
    Child {
        name: "Anna",
        she: true,
        age: "nine",
        parent: "Hugo",
        parent_is: "father",
        nature: "curious",
        likes: "old maps",
    },
    Child {
        name: "Jon",
        she: false,
        age: "seven",
        parent: "Hugo",
        parent_is: "father",
        nature: "playful",
        likes: "climbing trees",
    },
    Child {
        name: "Mia",
        she: true,
        age: "ten",
        parent: "Tomas",
        parent_is: "father",
        nature: "daring",
        likes: "small boats",
    },
    Child {
        name: "Emil",
        she: false,
        age: "eight",
        parent: "Ida",
        parent_is: "mother",
        nature: "shy",
        likes: "counting stars",
    },
];

/// A place with what can be said about it.
pub struct Place {
    /// With article: "the harbour".
    pub name: &'static str,
    /// "at", "in" or "on".
    pub at: &'static str,
    /// Where it lies.
    pub lies: &'static str,
    /// What is seen there.
    pub sights: &'static [&'static str],
    /// What is heard or smelled there.
    pub senses: &'static [&'static str],
    /// What people do there.
    pub use_of: &'static str,
    /// One more fact.
    pub fact: &'static str,
}

/// The places of Saltmere.
pub const PLACES: &[Place] = &[
    Place {
        name: "the harbour",
        at: "at",
        lies: "at the foot of the village, where the river meets the sea",
        sights: &["blue boats", "piles of nets", "stone steps", "gulls on the wall"],
        senses: &["salt", "tar and fish", "the bells of the boats"],
        use_of: "sell fish and mend nets",
        fact: "The boats leave with the morning tide and come back before dark",
    },
    Place {
        name: "the market",
        at: "in",
        lies: "in the middle of the village, around the old well",
        sights: &["baskets of apples", "jars of honey", "bright cloth", "warm bread"],
        senses: &["fresh bread", "the voices of the sellers", "apples and spice"],
        use_of: "buy and sell",
        fact: "Market day is Saturday",
    },
    Place {
        name: "the bakery",
        at: "in",
        lies: "on the north side of the market",
        sights: &["a big stone oven", "long loaves", "sacks of flour", "a sleeping cat"],
        senses: &["warm bread", "sugar and cinnamon", "the crackle of the fire"],
        use_of: "buy bread and cakes",
        fact: "Marta opens the door at six in the morning",
    },
    Place {
        name: "the mill",
        at: "at",
        lies: "on the river, above the bridge",
        sights: &["a turning water wheel", "white dust", "heavy sacks", "a grey donkey"],
        senses: &["dry grain", "the rumble of the stones", "falling water"],
        use_of: "bring their grain",
        fact: "The wheel stands still when the river freezes",
    },
    Place {
        name: "the lighthouse",
        at: "at",
        lies: "on the rocks north of the harbour",
        sights: &["white walls", "ninety stone steps", "a great brass lamp", "an old dog"],
        senses: &["lamp oil", "the wind", "the waves below"],
        use_of: "watch the ships",
        fact: "Its light can be seen from Gull Island",
    },
    Place {
        name: "the forge",
        at: "at",
        lies: "next to the stone bridge",
        sights: &["a red fire", "iron tongs", "new horseshoes", "a brown horse"],
        senses: &["smoke", "hot iron", "the ringing hammer"],
        use_of: "have their tools mended",
        fact: "The fire of the forge has not gone out for twenty years",
    },
    Place {
        name: "the school",
        at: "in",
        lies: "behind the market, under a chestnut tree",
        sights: &["wooden benches", "a black board", "a map of the sea", "a slow tortoise"],
        senses: &["chalk", "the laughter of children", "old books"],
        use_of: "learn to read and count",
        fact: "Lessons begin at eight and end at noon",
    },
    Place {
        name: "Windy Hill",
        at: "on",
        lies: "west of the village",
        sights: &["white sheep", "yellow flowers", "a ring of old stones", "the whole village below"],
        senses: &["grass and thyme", "the wind", "the bells of the sheep"],
        use_of: "fly kites and keep sheep",
        fact: "From the top you can see the sea and the forest",
    },
    Place {
        name: "the forest",
        at: "in",
        lies: "beyond the mill, an hour from the sea",
        sights: &["tall oaks", "green moss", "red mushrooms", "the tracks of deer"],
        senses: &["pine and wet leaves", "the call of the owl", "the wind in the branches"],
        use_of: "gather wood and berries",
        fact: "The oldest oak is called the Grandfather",
    },
    Place {
        name: "the herb garden",
        at: "in",
        lies: "behind a low wall near the chapel",
        sights: &["rows of mint", "purple sage", "a stone bench", "a fat toad"],
        senses: &["mint and lavender", "the humming of bees", "wet earth"],
        use_of: "ask for medicine",
        fact: "Greta knows the name of every plant in it",
    },
    Place {
        name: "the boatyard",
        at: "at",
        lies: "on the south side of the harbour",
        sights: &["half a boat", "curls of wood", "pots of blue paint", "a proud goose"],
        senses: &["fresh wood", "paint", "the sound of the saw"],
        use_of: "have their boats repaired",
        fact: "Every boat built here is painted blue",
    },
    Place {
        name: "the bridge",
        at: "on",
        lies: "over the river, between the forge and the mill",
        sights: &["three stone arches", "slow brown water", "small fish", "carts on their way to market"],
        senses: &["the river", "wheels on the stones", "wet stone"],
        use_of: "cross the river and talk to friends",
        fact: "The bridge is three hundred years old",
    },
    Place {
        name: "the inn",
        at: "in",
        lies: "between the market and the harbour",
        sights: &["a long table", "a green parrot", "copper pots", "a good fire"],
        senses: &["onion soup", "songs", "old stories"],
        use_of: "eat, sing and rest",
        fact: "It is called the Blue Heron",
    },
    Place {
        name: "the orchard",
        at: "in",
        lies: "on the sunny side of Windy Hill",
        sights: &["apple trees", "white beehives", "ladders", "long grass"],
        senses: &["blossom", "ripe apples", "humming bees"],
        use_of: "pick apples and gather honey",
        fact: "There are forty apple trees and twelve beehives",
    },
    Place {
        name: "the river",
        at: "at",
        lies: "between the forest and the sea",
        sights: &["reeds", "a flat ferry", "silver fish", "a grey heron"],
        senses: &["cool water", "frogs at night", "mud and mint"],
        use_of: "fish, wash and travel",
        fact: "It is called the Wend and it never runs dry",
    },
    Place {
        name: "the beach",
        at: "on",
        lies: "south of the harbour",
        sights: &["white shells", "driftwood", "crabs", "a sleeping seal"],
        senses: &["seaweed", "the waves", "the cry of the gulls"],
        use_of: "look for shells and mend nets",
        fact: "After a storm the best shells lie near the rocks",
    },
    Place {
        name: "the post office",
        at: "in",
        lies: "next to the inn",
        sights: &["a red door", "shelves of letters", "a small bell", "a spotted pony"],
        senses: &["paper and ink", "the little bell", "sealing wax"],
        use_of: "send letters and hear the news",
        fact: "The post coach comes every Tuesday",
    },
    Place {
        name: "the old well",
        at: "at",
        lies: "in the middle of the market",
        sights: &["a wooden bucket", "mossy stones", "coins in the water", "a bench"],
        senses: &["cold stone", "dripping water", "gossip"],
        use_of: "draw water and make wishes",
        fact: "Its water is cold even in summer",
    },
    Place {
        name: "the marsh",
        at: "in",
        lies: "between the beach and the river",
        sights: &["tall reeds", "dark pools", "white birds", "a narrow path of planks"],
        senses: &["mud", "the song of the frogs", "mist"],
        use_of: "cut reeds for the roofs",
        fact: "Nobody walks there in the fog",
    },
    Place {
        name: "Gull Island",
        at: "on",
        lies: "a mile out in the bay",
        sights: &["steep rocks", "thousands of gulls", "a hidden cave", "seals in the sun"],
        senses: &["wind and salt", "screaming gulls", "the open sea"],
        use_of: "look for eggs and rest from the waves",
        fact: "Nobody lives there except the birds",
    },
];

/// A wild or tame animal and its facts.
pub struct Animal {
    /// Without article: "fox".
    pub name: &'static str,
    /// Plural.
    pub many: &'static str,
    /// Usual colour or look.
    pub look: &'static str,
    /// Where it lives, with preposition.
    pub lives: &'static str,
    /// What it eats.
    pub eats: &'static str,
    /// A habit in the plural: "sleep all winter".
    pub habit: &'static str,
    /// A character for stories.
    pub nature: &'static str,
    /// Where it is met, with article.
    pub met_at: &'static str,
}

macro_rules! animals {
    ($($name:literal $many:literal $look:literal $lives:literal $eats:literal $habit:literal $nature:literal $met:literal;)*) => {
        &[$(Animal { name: $name, many: $many, look: $look, lives: $lives, eats: $eats, habit: $habit, nature: $nature, met_at: $met }),*]
    };
}

/// The animals.
pub const ANIMALS: &[Animal] = animals! {
    "fox" "foxes" "red" "in a den under the roots" "mice and berries" "hunt at dusk" "clever" "the forest";
    "owl" "owls" "brown" "in a hollow tree" "mice" "fly at night without a sound" "wise" "the forest";
    "hare" "hares" "brown" "in the long grass" "grass and herbs" "run faster than any dog" "nervous" "Windy Hill";
    "deer" "deer" "brown" "in the forest" "leaves and grass" "come out at dawn" "shy" "the forest";
    "hedgehog" "hedgehogs" "spiny" "under dry leaves" "beetles and worms" "sleep all winter" "grumpy" "the herb garden";
    "squirrel" "squirrels" "red" "in the oak trees" "nuts and seeds" "hide nuts for the winter" "busy" "the forest";
    "otter" "otters" "sleek" "on the river bank" "fish" "slide down the wet mud for fun" "playful" "the river";
    "heron" "herons" "grey" "among the reeds" "fish and frogs" "stand still for hours" "patient" "the marsh";
    "gull" "gulls" "white" "on the rocks" "fish and crumbs" "follow the boats home" "greedy" "the harbour";
    "seal" "seals" "grey" "on the rocks of Gull Island" "fish" "sleep in the sun" "lazy" "the beach";
    "crab" "crabs" "orange" "under the stones" "small sea things" "walk sideways" "stubborn" "the beach";
    "sheep" "sheep" "white" "on Windy Hill" "grass" "give wool in early summer" "timid" "Windy Hill";
    "badger" "badgers" "striped" "in a deep burrow" "roots and worms" "dig at night" "serious" "the forest";
    "frog" "frogs" "green" "in the dark pools" "flies" "sing after the rain" "merry" "the marsh";
    "bee" "bees" "golden" "in the white hives" "nectar" "make honey from flowers" "busy" "the orchard";
    "swallow" "swallows" "blue" "under the roof of the inn" "flies" "fly south in autumn" "swift" "the bridge";
    "whale" "whales" "huge" "in the deep sea" "tiny sea creatures" "pass the bay in autumn" "gentle" "Gull Island";
    "mouse" "mice" "small" "in the walls of the mill" "grain and crumbs" "come out when it is quiet" "timid" "the mill";
    "goat" "goats" "white" "on the rocks" "almost anything" "climb where nobody else can" "cheeky" "Windy Hill";
    "crow" "crows" "black" "in the tall elms" "seeds and scraps" "remember faces for years" "sly" "the market";
    "bear" "bears" "brown" "in a cave deep in the forest" "berries, fish and honey" "sleep in winter" "slow" "the forest";
    "snail" "snails" "small" "under the cabbage leaves" "green leaves" "carry their houses on their backs" "slow" "the herb garden";
};

/// Sets `$prefix`, `$prefix_he`, `_him`, `_his`, `_self`, `_trade`, `_place` and so on for a villager.
pub fn cast_person(scene: &mut Scene, prefix: &str, person: &Person) {
    cast_pronouns(scene, prefix, person.name, person.she);
    for (field, value) in [
        ("trade", person.trade),
        ("place", person.place),
        ("product", person.product),
        ("does", person.does),
        ("todo", person.to_do),
        ("tool", person.tool),
        ("petkind", person.pet_kind),
        ("pet", person.pet),
        ("nature", person.nature),
        ("habit", person.habit),
    ] {
        scene.set(&format!("{prefix}_{field}"), value);
    }
}

/// Sets the variables of a child; `_trade` is "girl" or "boy".
pub fn cast_child(scene: &mut Scene, prefix: &str, child: &Child) {
    cast_pronouns(scene, prefix, child.name, child.she);
    for (field, value) in [
        ("trade", if child.she { "girl" } else { "boy" }),
        ("nature", child.nature),
        ("age", child.age),
        ("parent", child.parent),
        ("parentis", child.parent_is),
        ("likes", child.likes),
    ] {
        scene.set(&format!("{prefix}_{field}"), value);
    }
}

/// Sets the variables of an animal.
pub fn cast_animal(scene: &mut Scene, prefix: &str, animal: &Animal) {
    for (field, value) in [
        ("", animal.name),
        ("_many", animal.many),
        ("_look", animal.look),
        ("_lives", animal.lives),
        ("_eats", animal.eats),
        ("_habit", animal.habit),
        ("_nature", animal.nature),
        ("_met", animal.met_at),
    ] {
        scene.set(&format!("{prefix}{field}"), value);
    }
}

fn cast_pronouns(scene: &mut Scene, prefix: &str, name: &str, she: bool) {
    let forms = if she { ["she", "her", "her", "herself"] } else { ["he", "him", "his", "himself"] };
    scene.set(prefix, name);
    for (field, form) in ["he", "him", "his", "self"].iter().zip(forms) {
        scene.set(&format!("{prefix}_{field}"), form);
    }
}
