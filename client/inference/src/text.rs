//! Tokens to text as they come, never in the middle of a character.

use crate::tokenizer::Tokenizer;
use crate::GenerateError;

/// Tokens after which bytes are given out although they are no complete character: UTF-8 needs at
/// most four, so these never will be.
const PATIENCE: usize = 8;

/// Decodes a growing list of tokens.
#[derive(Default)]
pub(crate) struct TextStream {
    tokens: Vec<u32>,
    /// Where the context of the next piece begins: a token's text may depend on the one before.
    context: usize,
    /// Tokens before this have been given out.
    given: usize,
    text: String,
}

impl TextStream {
    /// Adds a token and returns the text that is complete now, often empty inside a character.
    pub fn push(&mut self, tokenizer: &Tokenizer, token: u32) -> Result<String, GenerateError> {
        self.tokens.push(token);
        self.advance(tokenizer, self.tokens.len() - self.given >= PATIENCE)
    }

    /// What is left, with U+FFFD for an incomplete character; and the whole text.
    pub fn finish(mut self, tokenizer: &Tokenizer) -> Result<(String, String), GenerateError> {
        let rest = self.advance(tokenizer, true)?;
        Ok((rest, self.text))
    }

    fn advance(&mut self, tokenizer: &Tokenizer, force: bool) -> Result<String, GenerateError> {
        let known = tokenizer.decode(&self.tokens[self.context..self.given])?;
        let longer = tokenizer.decode(&self.tokens[self.context..])?;
        if longer.ends_with('\u{FFFD}') && !force {
            return Ok(String::new());
        }
        let piece = longer.strip_prefix(known.as_str()).unwrap_or_default().to_owned();
        if piece.is_empty() && !force {
            return Ok(piece);
        }
        self.context = self.given;
        self.given = self.tokens.len();
        self.text.push_str(&piece);
        Ok(piece)
    }
}
