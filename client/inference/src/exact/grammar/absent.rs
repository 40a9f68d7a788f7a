//! An engine that was built without grammars.

use strike_models::tokenizer::Tokenizer;
use strike_models::SpecialTokens;

use crate::exact::error::JobError;

/// Makes no grammars.
#[derive(Default)]
pub(crate) struct Grammars;

/// There is none.
pub(crate) enum Grammar {}

impl Grammars {
    pub fn start(&self, _: &Tokenizer, _: &SpecialTokens, _: &str) -> Result<Grammar, JobError> {
        Err(JobError::GrammarUnavailable)
    }
}

impl Grammar {
    pub fn mask(&mut self, _: &mut [f32]) -> Result<(), JobError> {
        match *self {}
    }

    pub fn accept(&mut self, _: u32) -> Result<(), JobError> {
        match *self {}
    }

    pub fn is_complete(&self) -> bool {
        match *self {}
    }
}
