//! Prints how near texts are to the first one, by a model of the BERT family.
//!
//! `cargo run --release -p strike-inference --example embed -- MODEL TEXT TEXT…`
//!
//! `MODEL` is a folder or a GGUF file, such as `engine/inference/tests/families/bert`.

use std::path::Path;

use strike_inference::exact::{Engine, ExactEncoder, OpenOptions};
use strike_inference::Control;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(model), texts) = (arguments.next(), arguments.collect::<Vec<_>>()) else {
        return Err("expected a model and texts".into());
    };
    let encoder = ExactEncoder::open(Path::new(&model), &OpenOptions::default())?;
    let vectors = Engine::new(0)?.embed_texts(&encoder, &texts, &Control::default())?;
    let Some(first) = vectors.first() else { return Err("expected texts".into()) };
    for (text, vector) in texts.iter().zip(&vectors) {
        // Of vectors of length 1 the product is the cosine of their angle.
        let product: f32 = first.iter().zip(vector).map(|(a, b)| a * b).sum();
        println!("{product:.4}  {text}");
    }
    Ok(())
}
