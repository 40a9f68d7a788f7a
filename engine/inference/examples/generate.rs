//! Prints what a model writes after a prompt, with the root of the trace.
//!
//! `cargo run --release -p strike-inference --example generate -- "Tell me about the harbour." [seed] [model]`
//!
//! `model` is a folder or a GGUF file; without it, the model that is compiled in.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use strike_inference::exact::{Engine, ExactModel, Job, OpenOptions, Sampler};
use strike_inference::Control;
use strike_tokenizers::TextStream;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let prompt = arguments.next().unwrap_or_else(|| "Once upon a time".to_owned());
    let seed: u8 = arguments.next().map_or(Ok(0), |seed| seed.parse())?;
    let model = match arguments.next() {
        Some(path) => ExactModel::open(Path::new(&path), &OpenOptions::default())?,
        None => ExactModel::builtin()?,
    };
    let engine = Engine::new(1)?;
    let job = Job {
        prompt: model.prompt(&prompt)?,
        max_tokens: 250,
        sampler: Sampler { temperature_milli: 700, min_p_milli: 50, ..Sampler::GREEDY },
        seed: [seed; 32],
        stop: vec![],
        json_schema: None,
    };
    print!("{prompt}");
    let mut text = TextStream::new(model.tokenizer(), true);
    let started = Instant::now();
    let generation = engine.generate(&model, &job, true, &Control::default(), |_, token| {
        // A token of this model decodes, and a pipe that was closed is no reason to fail.
        print!("{}", text.push(model.tokenizer(), token).unwrap_or_default());
        let _ = std::io::stdout().flush();
    })?;
    let (seconds, tokens) = (started.elapsed().as_secs_f64(), generation.tokens.len());
    eprintln!("\n[{:?}, {tokens} tokens at {:.0} a second on one core]", generation.stop, tokens as f64 / seconds);
    if let Some(trace) = &generation.trace {
        eprintln!("[trace {}]", trace.root().map(|byte| format!("{byte:02x}")).concat());
    }
    Ok(())
}
