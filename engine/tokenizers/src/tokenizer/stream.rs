//! Tokens to text as they come, never in the middle of a character.

use super::encode::Tokenizer;
use super::error::TokenizerError;

/// Decodes a growing list of tokens. All pieces together are [`Tokenizer::decode`] of all tokens: a token gives the same
/// bytes wherever it stands, but for the first one, so only the bytes of an unfinished character are kept.
#[derive(Clone, Debug)]
pub struct TextStream {
    skip_special: bool,
    /// No token has given text yet.
    first: bool,
    /// Leading characters that the decoder still removes.
    strip: Option<(char, usize)>,
    /// Beginning of a character, at most three bytes.
    pending: Vec<u8>,
}

impl TextStream {
    /// A stream that starts at the beginning of a text. `skip_special` leaves special tokens out.
    pub fn new(tokenizer: &Tokenizer, skip_special: bool) -> Self {
        Self { skip_special, first: true, strip: tokenizer.detokenizer.strip, pending: Vec::new() }
    }

    /// Adds a token and returns the text that is complete now, often empty inside a character. Bytes that can never become
    /// a character are given out as U+FFFD, as in [`String::from_utf8_lossy`].
    pub fn push(&mut self, tokenizer: &Tokenizer, id: u32) -> Result<String, TokenizerError> {
        let Some(token) = tokenizer.token(id)? else { return Ok(String::new()) };
        if self.skip_special && tokenizer.is_special(&token) {
            return Ok(String::new());
        }
        self.pending.extend(tokenizer.detokenizer.piece(&token, self.first));
        self.first = false;
        let text = self.take_characters();
        Ok(self.without_leading(text))
    }

    /// What is left: U+FFFD for an unfinished character.
    pub fn finish(self) -> String {
        String::from_utf8_lossy(&self.pending).into_owned()
    }

    fn take_characters(&mut self) -> String {
        let mut text = String::new();
        let mut rest = self.pending.as_slice();
        loop {
            match std::str::from_utf8(rest) {
                Ok(valid) => {
                    text.push_str(valid);
                    rest = &[];
                    break;
                }
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(valid));
                    rest = after;
                    let Some(wrong) = error.error_len() else { break };
                    text.push('\u{FFFD}');
                    rest = rest.get(wrong..).unwrap_or_default();
                }
            }
        }
        self.pending = rest.to_vec();
        text
    }

    fn without_leading(&mut self, text: String) -> String {
        let Some((content, mut left)) = self.strip else { return text };
        let mut rest = text.as_str();
        while let Some(after) = rest.strip_prefix(content).filter(|_| left > 0) {
            rest = after;
            left -= 1;
        }
        self.strip = (left > 0 && rest.is_empty()).then_some((content, left));
        rest.to_owned()
    }
}

impl Tokenizer {
    /// Text of tokens; `skip_special` leaves special tokens out. Bytes that are not UTF-8 become U+FFFD, ids of the embedding
    /// table that no token has become nothing.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String, TokenizerError> {
        let mut stream = TextStream::new(self, skip_special);
        let mut text = String::new();
        for id in ids {
            text.push_str(&stream.push(self, *id)?);
        }
        text.push_str(&stream.finish());
        Ok(text)
    }
}
