//! Generations of the statistical class.

use super::outcome::{count, ExecuteError, Outcome};
use sp_core::H256;
use strike_inference::{
    Control, GenerateError, GenerateRequest, Model, Sampler, StopReason as EngineStop, MAX_PROMPT_BYTES,
};
use strike_primitives::{artifact::output_bytes, commitment::StopReason, job::Generate};

/// Run a generation, and sort what goes wrong: the job's fault gives an outcome, the node's an error.
pub(super) fn generate(
    model: &Model,
    prompt: Vec<u8>,
    work: &Generate,
    seed: &H256,
    control: &Control,
) -> Result<Outcome, ExecuteError> {
    match within_input_limit(model, &prompt, work.max_input_tokens) {
        Ok(true) => {}
        Ok(false) => return Ok(Outcome::job_error(StopReason::InputTooLong)),
        Err(error) => return job_error_or(error),
    }
    let request = GenerateRequest {
        prompt,
        max_tokens: work.max_output_tokens,
        sampler: Sampler {
            temperature_milli: work.sampler.temperature_milli,
            min_p_milli: work.sampler.min_p_milli,
            repetition_penalty_milli: work.sampler.repetition_penalty_milli,
            repetition_window: work.sampler.repetition_window,
        },
        seed: seed.0,
        stop: work.stop.iter().map(|sequence| sequence.to_vec()).collect(),
    };
    let generation = match model.generate(&request, control, &mut |_| {}) {
        Ok(generation) => generation,
        Err(error) => return job_error_or(error),
    };
    let stop = match generation.stop {
        EngineStop::EndOfText => StopReason::EndOfText,
        EngineStop::StopSequence => StopReason::StopSequence,
        EngineStop::MaxTokens => StopReason::MaxTokens,
        EngineStop::ContextFull => StopReason::ContextFull,
    };
    Ok(Outcome {
        n_in: count(generation.prompt_tokens.len())?,
        n_out: count(generation.tokens.len())?,
        output: output_bytes(&generation.tokens),
        stop,
        text: generation.text,
        trace: None,
    })
}

/// Whether the prompt has at most `limit` tokens. The engine itself knows only the limits of the model.
fn within_input_limit(model: &Model, prompt: &[u8], limit: u32) -> Result<bool, GenerateError> {
    if prompt.len() > MAX_PROMPT_BYTES {
        return Ok(false);
    }
    let text = std::str::from_utf8(prompt)
        .map_err(|error| GenerateError::PromptNotUtf8 { valid_up_to: error.valid_up_to() })?;
    // Generation starts from one token even if the text has none.
    let tokens = model.tokenize(text)?.len().max(1);
    Ok(u32::try_from(tokens).is_ok_and(|tokens| tokens <= limit))
}

/// The outcome where the job itself is at fault, so that every honest node gets the same; the error otherwise.
fn job_error_or(error: GenerateError) -> Result<Outcome, ExecuteError> {
    let stop = match error {
        GenerateError::PromptTooLarge { .. } | GenerateError::PromptTooLong { .. } => StopReason::InputTooLong,
        GenerateError::PromptNotUtf8 { .. }
        | GenerateError::PromptEmpty
        | GenerateError::InvalidSampler { .. }
        | GenerateError::InvalidStop { .. }
        | GenerateError::Tokenizer { .. } => StopReason::InvalidInput,
        GenerateError::NotFinite { .. } => StopReason::NotFinite,
        GenerateError::Cancelled => return Err(ExecuteError::Cancelled),
        GenerateError::DeadlinePassed => return Err(ExecuteError::TooSlow),
        other => return Err(ExecuteError::Engine(other.to_string())),
    };
    Ok(Outcome::job_error(stop))
}
