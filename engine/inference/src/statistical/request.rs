//! What is asked of the engine, and which requests are refused before anything is computed.

use super::error::GenerateError;
use super::sampler::Sampler;
use crate::exact::{MAX_STOP_LENGTH, MAX_STOP_SEQUENCES};

/// Longest prompt in bytes.
pub const MAX_PROMPT_BYTES: usize = 1 << 20;

/// A generation, fully determined: the same request gives the same tokens on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerateRequest {
    /// The text to continue, in UTF-8. Names of special tokens in it are read as those tokens.
    pub prompt: Vec<u8>,
    /// Most tokens to generate. 0 generates none.
    pub max_tokens: u32,
    /// How a token is chosen.
    pub sampler: Sampler,
    /// The only source of randomness.
    pub seed: [u8; 32],
    /// Sequences of token ids that end the generation.
    pub stop: Vec<Vec<u32>>,
}

impl GenerateRequest {
    /// The prompt as text.
    pub(crate) fn prompt_text(&self) -> Result<&str, GenerateError> {
        if self.prompt.len() > MAX_PROMPT_BYTES {
            return Err(GenerateError::PromptTooLarge { found: self.prompt.len(), limit: MAX_PROMPT_BYTES });
        }
        std::str::from_utf8(&self.prompt)
            .map_err(|error| GenerateError::PromptNotUtf8 { valid_up_to: error.valid_up_to() })
    }

    /// Checks sampler and stop sequences against the model's vocabulary.
    pub(crate) fn validate(&self, vocab_size: usize) -> Result<(), GenerateError> {
        self.sampler.validate()?;
        let invalid = |reason| Err(GenerateError::InvalidStop { reason });
        if self.stop.len() > MAX_STOP_SEQUENCES {
            return invalid(format!("{} sequences, at most {MAX_STOP_SEQUENCES} are accepted", self.stop.len()));
        }
        for (at, sequence) in self.stop.iter().enumerate() {
            if sequence.is_empty() {
                return invalid(format!("sequence {at} is empty"));
            }
            if sequence.len() > MAX_STOP_LENGTH {
                return invalid(format!(
                    "sequence {at} has {} tokens, at most {MAX_STOP_LENGTH} are accepted",
                    sequence.len()
                ));
            }
            if let Some(id) = sequence.iter().find(|id| **id as usize >= vocab_size) {
                return invalid(format!("token {id} of sequence {at} is outside the vocabulary of {vocab_size}"));
            }
        }
        Ok(())
    }
}
