//! What is asked of the engine, in tokens: everything that determines the result.

pub use strike_arithmetic::sampler::Sampler;
use strike_arithmetic::sampler::MAX_REPETITION_WINDOW;

use crate::exact::error::JobError;

/// Most stop sequences of a request.
pub const MAX_STOP_SEQUENCES: usize = 16;
/// Longest stop sequence in tokens.
pub const MAX_STOP_LENGTH: usize = 64;

/// A generation. Model and job together determine every bit of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Tokens of the prompt, at least one.
    pub prompt: Vec<u32>,
    /// Most tokens to generate. 0 generates none.
    pub max_tokens: u32,
    /// How a token is chosen.
    pub sampler: Sampler,
    /// The only source of randomness.
    pub seed: [u8; 32],
    /// Sequences of token ids that end the generation and stay in it.
    pub stop: Vec<Vec<u32>>,
    /// A JSON schema that the output satisfies if it comes to its end: at most [`MAX_SCHEMA_BYTES`](super::MAX_SCHEMA_BYTES).
    /// What it means is what [`GRAMMAR_ENGINE`](super::GRAMMAR_ENGINE) makes of it.
    pub json_schema: Option<String>,
}

/// Why a generation ended; looked at in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    /// The model chose an end-of-text token, which is the last of the tokens.
    EndOfText,
    /// The tokens end in a stop sequence.
    StopSequence,
    /// The tokens satisfy the schema, and no token can follow them.
    GrammarComplete,
    /// `max_tokens` were generated.
    MaxTokens,
    /// Prompt and output fill the context of the model.
    ContextFull,
}

/// The limits of a model that end a generation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits<'a> {
    pub vocab_size: usize,
    pub context_length: usize,
    pub eos: &'a [u32],
}

impl Job {
    /// Refuses what cannot be computed.
    pub(crate) fn validate(&self, limits: &Limits<'_>) -> Result<(), JobError> {
        let sampler = |field, found, expected| Err(JobError::InvalidSampler { field, found, expected });
        if self.sampler.min_p_milli > 1000 {
            return sampler("min_p_milli", self.sampler.min_p_milli.into(), "at most 1000");
        }
        if self.sampler.repetition_penalty_milli == 0 {
            return sampler("repetition_penalty_milli", 0, "at least 1");
        }
        if self.sampler.repetition_window > MAX_REPETITION_WINDOW {
            return sampler("repetition_window", self.sampler.repetition_window.into(), "at most 64");
        }
        if self.prompt.is_empty() {
            return Err(JobError::PromptEmpty);
        }
        if self.prompt.len() > limits.context_length {
            let (prompt_tokens, context_length) = (self.prompt.len(), limits.context_length);
            return Err(JobError::PromptTooLong { prompt_tokens, context_length });
        }
        if self.stop.len() > MAX_STOP_SEQUENCES {
            let found = self.stop.len();
            return Err(JobError::InvalidStop(format!("{found} sequences, at most {MAX_STOP_SEQUENCES} are accepted")));
        }
        for (at, sequence) in self.stop.iter().enumerate() {
            if sequence.is_empty() || sequence.len() > MAX_STOP_LENGTH {
                let found = sequence.len();
                return Err(JobError::InvalidStop(format!(
                    "sequence {at} has {found} tokens, expected 1 to {MAX_STOP_LENGTH}"
                )));
            }
        }
        in_vocabulary("the prompt", &self.prompt, limits.vocab_size)?;
        self.stop.iter().try_for_each(|sequence| in_vocabulary("a stop sequence", sequence, limits.vocab_size))
    }

    /// Whether generation ends after these tokens, with which the grammar may be complete.
    pub(crate) fn stop_after(&self, tokens: &[u32], complete: bool, limits: &Limits<'_>) -> Option<Stop> {
        if tokens.last().is_some_and(|last| limits.eos.contains(last)) {
            Some(Stop::EndOfText)
        } else if self.stop.iter().any(|stop| tokens.ends_with(stop)) {
            Some(Stop::StopSequence)
        } else if complete {
            Some(Stop::GrammarComplete)
        } else if tokens.len() as u64 >= u64::from(self.max_tokens) {
            Some(Stop::MaxTokens)
        } else if self.prompt.len() + tokens.len() >= limits.context_length {
            Some(Stop::ContextFull)
        } else {
            None
        }
    }
}

pub(crate) fn in_vocabulary(place: &'static str, tokens: &[u32], vocab_size: usize) -> Result<(), JobError> {
    match tokens.iter().find(|id| **id as usize >= vocab_size) {
        Some(id) => Err(JobError::TokenOutOfRange { place, id: *id, vocab_size }),
        None => Ok(()),
    }
}
