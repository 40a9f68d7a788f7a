//! `strike engine …`: the inference engine on this machine, without a chain.

use super::{job, model::BUILTIN, Context};
use crate::{
    args::{EngineCommand, PromptArgs, SamplerArgs},
    error::{Error, Result},
    output::{self, progress},
};
use serde::Serialize;
use std::{
    io::Write,
    path::Path,
    time::{Duration, Instant},
};
use strike_inference::{Control, GenerateError, GenerateRequest, Generation, Model, ModelError, Sampler, StopReason};

/// A generation as JSON.
#[derive(Serialize)]
struct GenerationView {
    text: String,
    tokens: Vec<u32>,
    prompt_tokens: usize,
    stop: &'static str,
    seed: String,
    seconds: f64,
}

/// Runs a command of the group.
pub async fn run(context: &Context, command: EngineCommand) -> Result<()> {
    let EngineCommand::Generate { model, prompt, max_tokens, sampler, seed } = command;
    let json = context.json;
    let control = Control::default();
    let request = request(&prompt, max_tokens, &sampler, seed.as_deref())?;
    let seed = format!("0x{}", hex::encode(request.seed));
    let work = tokio::task::spawn_blocking({
        let control = control.clone();
        move || generate(&model, &request, &control, !json)
    });
    let stopped = async {
        // Ctrl-C ends the text, not the command: what was written is reported.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        control.cancel();
        std::future::pending::<()>().await;
    };
    let result = tokio::select! {
        result = work => result.map_err(|error| Error::new("EngineFailed", error.to_string()))?,
        () = stopped => return Ok(()),
    };
    let (generation, elapsed) = result?;
    if json {
        return output::json(&GenerationView {
            prompt_tokens: generation.prompt_tokens.len(),
            stop: stop(generation.stop),
            text: generation.text,
            tokens: generation.tokens,
            seed,
            seconds: elapsed.as_secs_f64(),
        });
    }
    output::line("");
    let written = generation.tokens.len();
    let rate = written as f64 / elapsed.as_secs_f64().max(f64::EPSILON);
    progress(format!(
        "{} tokens read, {written} written at {rate:.0} a second, {}; seed {seed}",
        generation.prompt_tokens.len(),
        stop(generation.stop)
    ));
    Ok(())
}

fn request(prompt: &PromptArgs, max_tokens: u32, sampler: &SamplerArgs, seed: Option<&str>) -> Result<GenerateRequest> {
    let sampler = job::sampler(sampler)?;
    Ok(GenerateRequest {
        prompt: job::prompt(prompt)?.into_bytes(),
        max_tokens,
        sampler: Sampler {
            temperature_milli: sampler.temperature_milli,
            min_p_milli: sampler.min_p_milli,
            repetition_penalty_milli: sampler.repetition_penalty_milli,
            repetition_window: sampler.repetition_window,
        },
        seed: seed.map_or_else(|| Ok(random_seed()), parse_seed)?,
        stop: Vec::new(),
    })
}

fn parse_seed(text: &str) -> Result<[u8; 32]> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let bytes = hex::decode(digits).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| Error::new("SeedInvalid", format!("'{text}' is no seed")).hint("give 64 hex digits"))
}

fn random_seed() -> [u8; 32] {
    use sp_core::Pair;
    sp_core::sr25519::Pair::generate().1
}

/// Loads the model and generates, streaming the text to stdout if asked to.
fn generate(model: &str, request: &GenerateRequest, control: &Control, stream: bool) -> Result<(Generation, Duration)> {
    let model = match model {
        BUILTIN => Model::builtin(),
        folder => Model::load(Path::new(folder)),
    }
    .map_err(|error| refused(model, error))?;
    let start = Instant::now();
    let mut stdout = std::io::stdout();
    let generation = model
        .generate(request, control, &mut |event| {
            if stream {
                // A reader that went away is no failure of the engine.
                let _ = write!(stdout, "{}", event.text).and_then(|()| stdout.flush());
            }
        })
        .map_err(failed)?;
    Ok((generation, start.elapsed()))
}

fn refused(model: &str, error: ModelError) -> Error {
    Error::new("ModelRefused", format!("{model}: {error}"))
        .hint("--model takes 'builtin' or a folder with config.json, model.safetensors and tokenizer.json")
}

fn failed(error: GenerateError) -> Error {
    // The variant's name says which condition; the text says the numbers.
    let name = format!("{error:?}");
    let name = name.split(|character: char| !character.is_alphanumeric()).next().unwrap_or_default().to_owned();
    Error::new(name, error.to_string())
}

fn stop(reason: StopReason) -> &'static str {
    match reason {
        StopReason::EndOfText => "end_of_text",
        StopReason::StopSequence => "stop_sequence",
        StopReason::MaxTokens => "max_tokens",
        StopReason::ContextFull => "context_full",
    }
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

    #[test]
    fn a_folder_without_a_model_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let request = GenerateRequest {
            prompt: b"x".to_vec(),
            max_tokens: 1,
            sampler: Sampler::GREEDY,
            seed: [0; 32],
            stop: vec![],
        };
        let path = folder.path().to_str().unwrap();
        let error = generate(path, &request, &Control::default(), false).unwrap_err();
        assert_eq!(error.name, "ModelRefused");
        assert!(error.message.contains("config.json"), "{error}");
    }
}
