//! `strike engine generate`.

use super::{
    chat::Prompt,
    saved,
    session::Session,
    start::start,
    words::{failed, hex_hash, stop_name, unreadable},
};
use crate::{
    args::EngineGenerateArgs,
    commands::prompt::sampler,
    error::{Error, Result},
    output::{self, progress},
};
use serde::Serialize;
use std::{path::Path, time::Instant};
use strike_inference::exact::{ExactModel, Job, Sampler, MAX_SCHEMA_BYTES};
use strike_primitives::artifact::output_root;
use strike_tokenizers::TextStream;

/// A generation as JSON.
#[derive(Serialize)]
struct View {
    tokens: Vec<u32>,
    text: String,
    n_in: usize,
    stop: &'static str,
    seed: String,
    model_root: String,
    weights_root: String,
    out_root: String,
    trace_root: String,
    tokens_per_second: f64,
}

pub fn run(args: &EngineGenerateArgs, session: &Session, json: bool) -> Result<()> {
    let sampler = sampler(&args.sampler)?;
    let prompt = Prompt::read(args)?;
    let seed = args.seed.as_deref().map_or_else(|| Ok(random_seed()), parse_seed)?;
    let (engine, model) = start(&args.engine, session)?;
    let (prompt, tokens) = prompt.tokens(&model, &args.engine.engine.model)?;
    let job = Job {
        prompt: tokens,
        max_tokens: args.max_tokens,
        sampler: Sampler {
            temperature_milli: sampler.temperature_milli,
            min_p_milli: sampler.min_p_milli,
            repetition_penalty_milli: sampler.repetition_penalty_milli,
            repetition_window: sampler.repetition_window,
        },
        seed,
        stop: Vec::new(),
        json_schema: args.json_schema.as_deref().map(schema).transpose()?,
    };
    let mut stream = TextStream::new(model.tokenizer(), true);
    let began = Instant::now();
    let generation = engine
        .generate(&model, &job, true, &session.control, |_, token| {
            if !json {
                // A token without text, or a reader that went away, is no failure of the engine.
                output::piece(stream.push(model.tokenizer(), token).unwrap_or_default());
            }
        })
        .map_err(failed)?;
    let seconds = began.elapsed().as_secs_f64();
    let trace_root = generation.trace.as_ref().map(strike_inference::exact::Trace::root).unwrap_or_default();
    if let Some(folder) = &args.save {
        saved::write(folder, &model, &prompt, &job, &generation)?;
    }
    let rate = generation.tokens.len() as f64 / seconds.max(f64::EPSILON);
    if json {
        return output::json(&View {
            text: text(&model, &generation.tokens)?,
            n_in: job.prompt.len(),
            stop: stop_name(generation.stop),
            seed: hex_hash(&seed),
            model_root: hex_hash(&model.model_root()),
            weights_root: hex_hash(&model.weights_root()),
            out_root: format!("{:?}", output_root(&generation.tokens)),
            trace_root: hex_hash(&trace_root),
            tokens_per_second: rate,
            tokens: generation.tokens,
        });
    }
    output::line(stream.finish());
    progress(format!(
        "{} tokens read, {} written at {rate:.0} a second, {}; seed {}, trace {}",
        job.prompt.len(),
        generation.tokens.len(),
        stop_name(generation.stop),
        hex_hash(&seed),
        hex_hash(&trace_root)
    ));
    Ok(())
}

fn text(model: &ExactModel, tokens: &[u32]) -> Result<String> {
    model.tokenizer().decode(tokens, true).map_err(|error| Error::new("TokenizerFailed", error.to_string()))
}

fn schema(file: &Path) -> Result<String> {
    let unreadable = |error| unreadable(file, &error);
    let length = std::fs::metadata(file).map_err(unreadable)?.len();
    if length > MAX_SCHEMA_BYTES as u64 {
        let message = format!("{}: {length} bytes, at most {MAX_SCHEMA_BYTES} are accepted", file.display());
        return Err(Error::new("SchemaRefused", message));
    }
    std::fs::read_to_string(file).map_err(unreadable)
}

fn parse_seed(text: &str) -> Result<[u8; 32]> {
    saved::parse_hash(text)
        .ok_or_else(|| Error::new("SeedInvalid", format!("'{text}' is no seed")).hint("give 64 hex digits"))
}

fn random_seed() -> [u8; 32] {
    use sp_core::Pair;
    sp_core::sr25519::Pair::generate().1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_hex() {
        assert_eq!(parse_seed(&"ab".repeat(32)).unwrap(), [0xab; 32]);
        assert_eq!(parse_seed(&format!("0x{}", "ab".repeat(32))).unwrap(), [0xab; 32]);
        assert_eq!(parse_seed("ab").unwrap_err().name, "SeedInvalid");
        assert_ne!(random_seed(), random_seed());
    }
}
