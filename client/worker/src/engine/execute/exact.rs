//! Generations of the exact class.

use super::{
    executor::Claimed,
    outcome::{count, ExecuteError, Outcome},
};
use sp_core::H256;
use std::sync::Arc;
use strike_inference::{
    exact::{Claim, Engine, ExactModel, Job, JobError, Sampler, Stop, Trace},
    Control, MAX_PROMPT_BYTES,
};
use strike_primitives::{artifact::output_bytes, commitment::StopReason, job::Generate};

/// The job that a generation is, or the outcome of one that is none.
fn job(model: &ExactModel, prompt: &[u8], work: &Generate, seed: &H256) -> Result<Result<Job, Outcome>, ExecuteError> {
    if prompt.len() > MAX_PROMPT_BYTES {
        return Ok(Err(Outcome::job_error(StopReason::InputTooLong)));
    }
    let Ok(text) = std::str::from_utf8(prompt) else {
        return Ok(Err(Outcome::job_error(StopReason::InvalidInput)));
    };
    let tokens = match model.prompt(text) {
        Ok(tokens) => tokens,
        Err(error) => return job_error_or(error).map(Err),
    };
    if tokens.len() > work.max_input_tokens as usize {
        return Ok(Err(Outcome::job_error(StopReason::InputTooLong)));
    }
    Ok(Ok(Job {
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
    }))
}

/// Run a generation, and sort what goes wrong: the job's fault gives an outcome, the node's an error.
pub(super) fn generate(
    engine: &Engine,
    model: &ExactModel,
    prompt: &[u8],
    work: &Generate,
    seed: &H256,
    control: &Control,
) -> Result<Outcome, ExecuteError> {
    let job = match job(model, prompt, work, seed)? {
        Ok(job) => job,
        Err(outcome) => return Ok(outcome),
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
    outcome(model, &job, &generation.tokens, stop, generation.trace)
}

/// The outcome of a generation that was claimed, if the claim is right: replayed in one pass. `None` where it is not,
/// or where only a run of the job can tell.
pub(super) fn replay(
    engine: &Engine,
    model: &ExactModel,
    prompt: &[u8],
    work: &Generate,
    seed: &H256,
    claimed: &Claimed,
    control: &Control,
) -> Result<Option<Outcome>, ExecuteError> {
    let Ok(job) = job(model, prompt, work, seed)? else { return Ok(None) };
    let stop = match claimed.stop {
        StopReason::EndOfText => Stop::EndOfText,
        StopReason::StopSequence => Stop::StopSequence,
        StopReason::MaxTokens => Stop::MaxTokens,
        StopReason::ContextFull => Stop::ContextFull,
        _ => return Ok(None),
    };
    let (tokens, rest) = claimed.output.as_chunks::<4>();
    if !rest.is_empty() {
        return Ok(None);
    }
    let tokens: Vec<u32> = tokens.iter().map(|token| u32::from_le_bytes(*token)).collect();
    let claim = Claim { tokens, stop, trace_root: claimed.trace_root.map(|root| root.0) };
    match engine.retrace(model, &job, &claim, control) {
        Ok(Some(trace)) => outcome(model, &job, &claim.tokens, claimed.stop, Some(trace)).map(Some),
        Err(JobError::Cancelled) => Err(ExecuteError::Cancelled),
        Err(JobError::DeadlinePassed) => Err(ExecuteError::TooSlow),
        // A claim that cannot even be replayed, such as one of tokens that the model has not.
        Ok(None) | Err(_) => Ok(None),
    }
}

fn outcome(
    model: &ExactModel,
    job: &Job,
    tokens: &[u32],
    stop: StopReason,
    trace: Option<Trace>,
) -> Result<Outcome, ExecuteError> {
    let text = model.tokenizer().decode(tokens, true).map_err(engine_failed)?;
    Ok(Outcome {
        n_in: count(job.prompt.len())?,
        n_out: count(tokens.len())?,
        output: output_bytes(tokens),
        stop,
        text,
        trace: trace.map(Arc::new),
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
