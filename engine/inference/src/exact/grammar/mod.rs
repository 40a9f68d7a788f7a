//! Output that satisfies a JSON schema: `docs/arithmetic.md`, "Grammar".

mod bounds;
mod json_schema;

pub use json_schema::MAX_SCHEMA_BYTES;
pub(crate) use json_schema::{Grammar, Grammars};

use strike_arithmetic::sampler::{Choice, Sampler};
use strike_arithmetic::NotFinite;

use crate::exact::error::JobError;
use crate::isa::Isa;
use crate::kernels::sampler::{all_finite, choose_finite};

/// The engine of grammars and its version. Another version may let other tokens pass, so it is part of what a job with a schema
/// means.
pub const GRAMMAR_ENGINE: &str = "llguidance 1.9.1";

impl Grammar {
    /// Chooses a token among those that the grammar lets pass, as [`crate::kernels::sampler::choose`], and goes on behind it.
    pub fn choose(
        &mut self,
        isa: Isa,
        sampler: &Sampler,
        logits: &mut [f32],
        history: &[u32],
        seed: &[u8; 32],
        position: u32,
    ) -> Result<Choice, JobError> {
        if !all_finite(isa, logits) {
            return Err(NotFinite.into());
        }
        self.mask(logits)?;
        let choice = choose_finite(isa, sampler, logits, history, seed, position)?;
        self.accept(choice.token)?;
        Ok(choice)
    }

    /// Whether the grammar lets the tokens pass, and nothing can follow them.
    pub fn completes(mut self, tokens: &[u32]) -> bool {
        tokens.iter().all(|token| self.accept(*token).is_ok()) && self.is_complete()
    }
}
