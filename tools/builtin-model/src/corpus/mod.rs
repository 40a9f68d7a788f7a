//! The corpus: an endless, seeded supply of short documents about the village of Saltmere.

pub mod descriptions;
pub mod grammar;
pub mod other;
pub mod plots;
pub mod questions;
pub mod stories;
pub mod world;

use grammar::{tidy, Scene};

/// Document `index` of the corpus with this seed.
pub fn document(seed: u64, index: u64) -> String {
    let scene = &mut Scene::new(seed, index);
    // Now and then several pieces in one document, so that the model also learns long contexts.
    let pieces = if scene.chance(5) { 2 + scene.below(4) } else { 1 };
    let pieces: Vec<String> = (0..pieces).map(|_| piece(scene)).collect();
    pieces.join("\n\n")
}

fn piece(scene: &mut Scene) -> String {
    stories::cast(scene);
    match scene.below(100) {
        0..=29 => stories::story(scene),
        30..=37 => requested_story(scene),
        38..=53 => description(scene),
        54..=81 => questions_and_answers(scene),
        82..=87 => other::conversation(scene),
        88..=90 => {
            with_request(scene, "{write|please write} a letter {from $hero to $friend|to $friend|}.", other::letter)
        }
        91..=93 => with_request(scene, "{write|give me} a page of {a|$hero's} diary.", other::diary),
        94..=96 => with_request(scene, "{write|tell me|sing} {a|a short|a little} {poem|rhyme|song}.", other::rhyme),
        _ => {
            let (request, list) = other::list(scene);
            request_and_answer(scene, &request, &list)
        }
    }
}

fn requested_story(scene: &mut Scene) -> String {
    let story = stories::story(scene);
    // The request names only what the story tells of.
    let mut subjects = vec!["", "", " about $hero", " about $hero", " about Saltmere"];
    let beast = scene.expand("$beast");
    let thing = scene.expand("$thing");
    let friend = scene.expand("$friend");
    if story.contains(&beast) {
        subjects.extend([" about a $beast", " about a $beast", " about $hero and a $beast"]);
    }
    if story.contains(&thing) {
        subjects.extend([" about a $thing", " about $hero and a $thing"]);
    }
    if story.contains(&friend) {
        subjects.push(" about $hero and $friend");
    }
    let subject = scene.pick(&subjects);
    let request = scene.write(&format!("{{tell|write|tell me|write me}} a {{short |}}story{subject}."));
    request_and_answer(scene, &request, &story)
}

fn with_request(scene: &mut Scene, request: &str, write: fn(&mut Scene) -> String) -> String {
    let request = scene.write(request);
    let text = write(scene);
    if scene.chance(60) {
        request_and_answer(scene, &tidy(&request.replace(" .", ".")), &text)
    } else {
        text
    }
}

fn description(scene: &mut Scene) -> String {
    let (subject, text) = descriptions::any(scene);
    scene.set("subject", &subject);
    let request = scene.write_one(&[
        "tell me about $subject.",
        "tell me {something|more} about $subject.",
        "describe $subject.",
        "what can you tell me about $subject?",
        "what do you know about $subject?",
    ]);
    if scene.chance(80) {
        request_and_answer(scene, &request, &text)
    } else {
        text
    }
}

/// A request and what answers it, in one of the layouts a user may type.
fn request_and_answer(scene: &mut Scene, request: &str, answer: &str) -> String {
    match scene.below(10) {
        0..=3 => format!("{request}\n{answer}"),
        4..=5 => format!("{request} {answer}"),
        6..=7 => format!("Question: {request}\nAnswer: {answer}"),
        _ => format!("Question: {request} Answer: {answer}"),
    }
}

fn questions_and_answers(scene: &mut Scene) -> String {
    let count = if scene.chance(70) { 1 } else { 2 + scene.below(4) };
    let layout = scene.below(10);
    let mut text = String::new();
    for _ in 0..count {
        let (question, answer) = questions::any(scene);
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&match layout {
            0..=4 => format!("Question: {question}\nAnswer: {answer}"),
            5..=7 => format!("Question: {question} Answer: {answer}"),
            8 => format!("{question}\n{answer}"),
            _ => format!("{question} {answer}"),
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::document;

    #[test]
    fn documents_are_finished_text_and_depend_on_seed_and_index_alone() {
        for index in 0..3000 {
            let text = document(5, index);
            assert_eq!(text, document(5, index));
            assert!(!text.contains(['$', '{', '}', '|']), "{text}");
            assert!(text.len() > 8, "{text}");
        }
        assert_ne!(document(5, 1), document(6, 1));
    }
}
