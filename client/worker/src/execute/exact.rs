//! Generations of the exact class.

use super::{count, ExecuteError, Outcome};
use sp_core::H256;
use std::sync::Arc;
use strike_inference::{
    exact::{Engine, ExactModel, Job, JobError, Sampler, Stop},
    Control, MAX_PROMPT_BYTES,
};
use strike_primitives::{artifact::output_bytes, commitment::StopReason, job::Generate};

/// Run a generation, and sort what goes wrong: the job's fault gives an outcome, the node's an error.
pub(super) fn generate(
    engine: &Engine,
    model: &ExactModel,
    prompt: &[u8],
    work: &Generate,
    seed: &H256,
    control: &Control,
) -> Result<Outcome, ExecuteError> {
    if prompt.len() > MAX_PROMPT_BYTES {
        return Ok(Outcome::job_error(StopReason::InputTooLong));
    }
    let Ok(text) = std::str::from_utf8(prompt) else {
        return Ok(Outcome::job_error(StopReason::InvalidInput));
    };
    let tokens = match model.prompt(text) {
        Ok(tokens) => tokens,
        Err(error) => return job_error_or(error),
    };
    if tokens.len() > work.max_input_tokens as usize {
        return Ok(Outcome::job_error(StopReason::InputTooLong));
    }
    let job = Job {
        prompt: tokens,
        max_tokens: work.max_output_tokens,
        sampler: Sampler {
            temperature_milli: work.sampler.temperature_milli,
            min_p_milli: work.sampler.min_p_milli,
            repetition_penalty_milli: work.sampler.repetition_penalty_milli,
            repetition_window: work.sampler.repetition_window,
        },
        seed: seed.0,
        stop: work.stop.iter().map(|sequence| sequence.to_vec()).collect(),
        json_schema: None,
    };
    let generation = match engine.generate(model, &job, true, control, |_, _| {}) {
        Ok(generation) => generation,
        Err(error) => return job_error_or(error),
    };
    let stop = match generation.stop {
        Stop::EndOfText => StopReason::EndOfText,
        Stop::StopSequence => StopReason::StopSequence,
        Stop::MaxTokens => StopReason::MaxTokens,
        Stop::ContextFull => StopReason::ContextFull,
        // Jobs of the chain have no schema.
        Stop::GrammarComplete => return Err(engine_failed("a job without a schema ended with one")),
    };
    let text = model.tokenizer().decode(&generation.tokens, true).map_err(engine_failed)?;
    Ok(Outcome {
        n_in: count(job.prompt.len())?,
        n_out: count(generation.tokens.len())?,
        output: output_bytes(&generation.tokens),
        stop,
        text,
        trace: generation.trace.map(Arc::new),
    })
}

fn engine_failed(error: impl std::fmt::Display) -> ExecuteError {
    ExecuteError::Engine(error.to_string())
}

/// The outcome where the job itself is at fault, so that every honest node gets the same; the error otherwise.
pub(super) fn job_error_or(error: JobError) -> Result<Outcome, ExecuteError> {
    let stop = match error {
        JobError::PromptTooLong { .. } | JobError::TextTooLong { .. } => StopReason::InputTooLong,
        JobError::PromptEmpty
        | JobError::TextEmpty { .. }
        | JobError::TokenOutOfRange { .. }
        | JobError::InvalidSampler { .. }
        | JobError::InvalidStop(_)
        | JobError::SchemaRefused(_)
        | JobError::Tokenizer(_) => StopReason::InvalidInput,
        JobError::NotFinite => StopReason::NotFinite,
        JobError::Cancelled => return Err(ExecuteError::Cancelled),
        JobError::DeadlinePassed => return Err(ExecuteError::TooSlow),
        other => return Err(engine_failed(other)),
    };
    Ok(Outcome::job_error(stop))
}
