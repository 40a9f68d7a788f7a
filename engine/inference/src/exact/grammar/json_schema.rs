//! Grammars on llguidance.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, OnceLock};

use llguidance::api::{ParserLimits, TopLevelGrammar};
use llguidance::toktrie::{ApproximateTokEnv, InferenceCapabilities, TokEnv, TokRxInfo, TokTrie, INVALID_TOKEN};
use llguidance::{Matcher, ParserFactory};
use serde_json::Value;
use strike_models::SpecialTokens;
use strike_tokenizers::Tokenizer;

use super::bounds;
use crate::exact::error::JobError;

/// Bytes of the longest schema.
pub const MAX_SCHEMA_BYTES: usize = 64 << 10;

/// What all grammars of a model share: its vocabulary as bytes. Made when the first is asked for.
#[derive(Default)]
pub(crate) struct Grammars(OnceLock<Result<ParserFactory, String>>);

/// The place in a grammar behind the tokens so far.
pub(crate) struct Grammar(Matcher);

impl Grammars {
    /// The grammar of a schema, before its first token.
    pub fn start(&self, tokenizer: &Tokenizer, special: &SpecialTokens, schema: &str) -> Result<Grammar, JobError> {
        let refused = |reason: String| JobError::SchemaRefused(reason.chars().take(1000).collect());
        if schema.len() > MAX_SCHEMA_BYTES {
            return Err(refused(format!("{} bytes, at most {MAX_SCHEMA_BYTES} are accepted", schema.len())));
        }
        let schema: Value = serde_json::from_str(schema).map_err(|error| refused(error.to_string()))?;
        if !(schema.is_object() || schema.is_boolean()) {
            return Err(refused("a schema is an object or a truth value".to_owned()));
        }
        bounds::check(&schema).map_err(refused)?;
        let factory = self.0.get_or_init(|| factory(tokenizer, special)).as_ref();
        let factory = factory.map_err(|reason| JobError::Grammar(reason.clone()))?;
        let parser = factory.create_parser(TopLevelGrammar::from_json_schema(schema));
        Ok(Grammar(Matcher::new(Ok(parser.map_err(|error| refused(format!("{error:#}")))?))))
    }
}

impl Grammar {
    /// Takes the tokens that cannot come next out of the logits.
    pub fn mask(&mut self, logits: &mut [f32]) -> Result<(), JobError> {
        let mask = self.0.compute_mask().map_err(|error| stuck(&error))?;
        if mask.is_zero() {
            return Err(JobError::Grammar("no token of the vocabulary can come next".to_owned()));
        }
        for (token, logit) in logits.iter_mut().enumerate() {
            if token >= mask.len() || !mask.is_allowed(token as u32) {
                *logit = f32::NEG_INFINITY;
            }
        }
        Ok(())
    }

    /// Goes on behind a token.
    pub fn accept(&mut self, token: u32) -> Result<(), JobError> {
        self.0.consume_token(token).map_err(|error| stuck(&error))
    }

    /// Whether nothing can follow.
    pub fn is_complete(&self) -> bool {
        self.0.is_stopped() && !self.0.is_error()
    }
}

fn stuck(error: &impl std::fmt::Display) -> JobError {
    JobError::Grammar(error.to_string().lines().next().unwrap_or_default().chars().take(1000).collect())
}

/// What bounds memory and time of a grammar: some tens of megabytes, and fractions of a second a token. They are counts, so a job
/// meets them on every machine or on none.
fn limits() -> ParserLimits {
    ParserLimits {
        max_items_in_row: 2000,
        initial_lexer_fuel: 1_000_000,
        step_lexer_fuel: 200_000,
        step_max_items: 50_000,
        max_lexer_states: 20_000,
        max_grammar_size: 100_000,
        precompute_large_lexemes: false,
        verbose_errors: false,
    }
}

fn factory(tokenizer: &Tokenizer, special: &SpecialTokens) -> Result<ParserFactory, String> {
    // Special and end tokens are no text: behind this byte, which UTF-8 does not have, no string of a grammar meets them.
    let control = |id: u32| tokenizer.is_special_id(id) || special.eos.contains(&id) || special.bos == Some(id);
    let words = (0..tokenizer.vocab_size() as u32).map(|id| {
        let bytes = tokenizer.token_bytes(id).unwrap_or_default();
        match control(id) {
            true => [&[TokTrie::SPECIAL_TOKEN_MARKER][..], &bytes[..]].concat(),
            false => bytes,
        }
    });
    let words: Vec<Vec<u8>> = words.collect();
    let info = TokRxInfo::new(words.len() as u32, special.eos.first().copied().unwrap_or(INVALID_TOKEN));
    let build = || {
        let mut trie = TokTrie::from(&info, &words);
        if !special.eos.is_empty() {
            trie = trie.with_eos_tokens(&special.eos);
        }
        // Not canonical: it forces no tokens, each is chosen among all that fit.
        let environment: TokEnv = Arc::new(ApproximateTokEnv::new(trie));
        let slices = llguidance::earley::SlicedBiasComputer::json_slices();
        let mut factory = ParserFactory::new(&environment, InferenceCapabilities::default(), &slices)
            .map_err(|error| error.to_string())?;
        factory.quiet();
        *factory.limits_mut() = limits();
        Ok(factory)
    };
    catch_unwind(AssertUnwindSafe(build)).unwrap_or_else(|_| Err("the vocabulary is not accepted".to_owned()))
}
