//! Embeddings, which are of the exact class.

use super::{
    exact::job_error_or,
    outcome::{count, ExecuteError, Outcome},
};
use std::sync::Arc;
use strike_inference::{
    exact::{Engine, ExactEncoder},
    Control,
};
use strike_primitives::{
    commitment::StopReason,
    embedding::{decode_texts, vector_bytes},
    job::Embed,
};

/// Embed the texts of an input, and sort what goes wrong: the job's fault gives an outcome, the node's an error.
pub(super) fn embed(
    engine: &Engine,
    encoder: &ExactEncoder,
    input: &[u8],
    work: &Embed,
    control: &Control,
) -> Result<Outcome, ExecuteError> {
    let Some(texts) = decode_texts(input) else {
        return Ok(Outcome::job_error(StopReason::InvalidInput));
    };
    let (mut tokens, mut n_in) = (Vec::with_capacity(texts.len()), 0usize);
    for text in &texts {
        let read = match encoder.tokens(text) {
            Ok(read) => read,
            Err(error) => return job_error_or(error),
        };
        n_in = n_in.saturating_add(read.len());
        if n_in > work.max_input_tokens as usize {
            return Ok(Outcome::job_error(StopReason::InputTooLong));
        }
        tokens.push(read);
    }
    match engine.embed_traced(encoder, &tokens, control) {
        Ok((vectors, trace)) => Ok(Outcome {
            output: vector_bytes(&vectors),
            n_in: count(n_in)?,
            n_out: 0,
            stop: StopReason::Complete,
            text: String::new(),
            trace: Some(Arc::new(trace)),
        }),
        Err(error) => job_error_or(error),
    }
}
