//! Tokens to text as they come, never in the middle of a character.

use crate::statistical::tokenizer::Tokenizer;
use crate::GenerateError;

/// Tokens after which bytes are given out although they are no complete character: UTF-8 needs at
/// most four, so these never will be.
const PATIENCE: usize = 8;

/// Decodes a growing list of tokens. The decoders that are accepted turn each token into the same
/// bytes wherever it stands, so only tokens inside a character are kept.
#[derive(Default)]
pub(crate) struct TextStream {
    pending: Vec<u32>,
    text: String,
}

impl TextStream {
    /// Adds a token and returns the text that is complete now, often empty inside a character.
    pub fn push(&mut self, tokenizer: &Tokenizer, token: u32) -> Result<String, GenerateError> {
        self.pending.push(token);
        self.advance(tokenizer, self.pending.len() >= PATIENCE)
    }

    /// What is left, with U+FFFD for an incomplete character; and the whole text.
    pub fn finish(mut self, tokenizer: &Tokenizer) -> Result<(String, String), GenerateError> {
        let rest = self.advance(tokenizer, true)?;
        Ok((rest, self.text))
    }

    fn advance(&mut self, tokenizer: &Tokenizer, force: bool) -> Result<String, GenerateError> {
        let piece = tokenizer.decode(&self.pending)?;
        if piece.ends_with('\u{FFFD}') && !force {
            return Ok(String::new());
        }
        self.pending.clear();
        self.text.push_str(&piece);
        Ok(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Model;

    #[test]
    fn pieces_are_whole_characters_and_together_the_text() {
        let model = Model::builtin().expect("the built-in model loads");
        let text = "Öl, 日本語 and 🦊🦊!";
        let mut stream = TextStream::default();
        let mut streamed = String::new();
        for token in model.tokenize(text).expect("text encodes") {
            let piece = stream.push(&model.tokenizer, token).expect("tokens decode");
            assert!(!piece.contains('\u{FFFD}'));
            streamed.push_str(&piece);
        }
        let (rest, whole) = stream.finish(&model.tokenizer).expect("tokens decode");
        assert_eq!((rest.as_str(), streamed.as_str(), whole.as_str()), ("", text, text));
    }

    #[test]
    fn bytes_that_never_become_a_character_are_given_out() {
        let model = Model::builtin().expect("the built-in model loads");
        // A lone continuation byte: the second token of a character that byte-level BPE splits.
        let tokens = model.tokenize("🦊").expect("text encodes");
        let lone = *tokens.last().expect("tokens of the character");
        let mut stream = TextStream::default();
        let mut streamed = String::new();
        for _ in 0..20 {
            streamed.push_str(&stream.push(&model.tokenizer, lone).expect("tokens decode"));
        }
        assert!(!streamed.is_empty());
        let (rest, whole) = stream.finish(&model.tokenizer).expect("tokens decode");
        assert_eq!(streamed + &rest, whole);
    }
}
