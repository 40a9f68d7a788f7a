//! Prints what a model writes after a prompt, and how fast.
//!
//! `cargo run --release -p strike-inference --example generate -- "Once upon a time" [seed] [directory]`

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use strike_inference::{Control, GenerateRequest, Model, Sampler};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let prompt = arguments.next().unwrap_or_else(|| "Once upon a time".to_owned());
    let seed: u8 = arguments.next().map_or(Ok(0), |seed| seed.parse())?;
    let model = match arguments.next() {
        Some(directory) => Model::load(Path::new(&directory))?,
        None => Model::builtin()?,
    };
    let request = GenerateRequest {
        prompt: prompt.clone().into_bytes(),
        max_tokens: 250,
        sampler: Sampler { temperature_milli: 700, min_p_milli: 50, ..Sampler::GREEDY },
        seed: [seed; 32],
        stop: vec![],
    };
    print!("{prompt}");
    let started = Instant::now();
    let generation = model.generate(&request, &Control::default(), &mut |event| {
        print!("{}", event.text);
        // A pipe that was closed is no reason to fail.
        let _ = std::io::stdout().flush();
    })?;
    let generated = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let outcome = model.check(&request, &generation.tokens, &Control::default())?;
    eprintln!(
        "\n[{:?}, {} tokens at {:.0} a second; {outcome:?} in {:.0} % of that time]",
        generation.stop,
        generation.tokens.len(),
        generation.tokens.len() as f64 / generated,
        100.0 * started.elapsed().as_secs_f64() / generated,
    );
    Ok(())
}
