//! Texts that the built-in model must write on every machine and in every later version.
//!
//! A difference here means that nodes of two builds would not accept each other's work.

use strike_inference::{Control, GenerateRequest, Model, Sampler};

const SAMPLED: Sampler =
    Sampler { temperature_milli: 700, min_p_milli: 50, repetition_penalty_milli: 1050, repetition_window: 64 };

#[test]
fn the_builtin_model_writes_these_texts() {
    let model = Model::builtin().expect("the built-in model loads");
    for (prompt, sampler, seed, expected) in [
        ("Tell me about the harbour.", Sampler::GREEDY, 0, GOLDEN[0]),
        ("Question: Who bakes the bread? Answer:", Sampler::GREEDY, 0, GOLDEN[1]),
        ("Once upon a time", SAMPLED, 1, GOLDEN[2]),
        ("Write a letter.", SAMPLED, 2, GOLDEN[3]),
    ] {
        let request =
            GenerateRequest { prompt: prompt.into(), max_tokens: 200, sampler, seed: [seed; 32], stop: vec![] };
        let made = model.generate(&request, &Control::default(), &mut |_| {}).expect("the request is valid");
        assert_eq!(made.text, expected, "{prompt}");
    }
}

const GOLDEN: [&str; 4] = [
    "\nThe harbour is at the foot of the village, where the river meets the sea. In the evening it is quiet, and the gulls cry. In spring it is most beautiful. The boats leave with the morning tide and come back before dark.",
    " Marta bakes the bread.",
    ", in a small village by the sea, there was a boy named Emil. Everyone knew that Emil was shy. One day Finn threw a coin into the old well and made a wish. \"I wish for a ship full of gold,\" he said. The next morning the wish had come true. At first Emil was proud. But after a week it was not as good as he had thought. Nobody came to visit. So Emil went back to the marsh and said, \"Take it back.\" When he woke, everything was as before: the small house, the smell of blossom, and Agnes at the door. Emil was glad. And Emil, Ben and the bear lived happily for many years.",
    "\nMy dear Lena,\nYesterday I saw a heron in the forest, and Jon laughed all day. Thank you for the small blue boat. The boats stay in the harbour, and everyone is busy. Write soon!\nYour friend, Mia",
];
