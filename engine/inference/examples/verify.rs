//! A generation is claimed, checked in one pass, and a lie about it is found to the token and to the cell.
//!
//! `cargo run --release -p strike-inference --example verify -- "Tell me about the harbour."`

use strike_inference::exact::{Claim, Engine, ExactModel, Job, Sampler, Verification};
use strike_inference::Control;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let prompt = std::env::args().nth(1).unwrap_or_else(|| "Tell me about the harbour.".to_owned());
    let model = ExactModel::builtin()?;
    // The provider and the validator: other threads, other instruction sets and other passes give the same bits.
    let (provider, validator) = (Engine::new(1)?, Engine::new(2)?);
    let control = Control::default();
    let job = Job {
        prompt: model.prompt(&prompt)?,
        max_tokens: 60,
        sampler: Sampler::GREEDY,
        seed: [0; 32],
        stop: vec![],
        json_schema: None,
    };
    let generation = provider.generate(&model, &job, true, &control, |_, _| {})?;
    let trace = generation.trace.as_ref();
    let honest =
        Claim { tokens: generation.tokens.clone(), stop: generation.stop, trace_root: trace.map(|trace| trace.root()) };
    let found = validator.verify(&model, &job, &honest, None, &control)?;
    println!("the claim, replayed: {found:?}");
    assert!(matches!(found, Verification::Valid { .. }));

    // The output of another prompt, with its trace: a lie that reads like the truth.
    let mut other = job.clone();
    other.prompt = model.prompt("Tell me about the mill.")?;
    let lie = provider.generate(&model, &other, true, &control, |_, _| {})?;
    let claim = Claim { tokens: lie.tokens, stop: lie.stop, trace_root: None };
    println!("a lie, by its tokens: {:?}", validator.verify(&model, &job, &claim, None, &control)?);
    println!("a lie, with its trace: {:?}", validator.verify(&model, &job, &claim, lie.trace.as_ref(), &control)?);
    Ok(())
}
