//! Tokens back to bytes.
//!
//! Every decoder accepted here turns a token into the same bytes wherever it stands, except for the first token of a text.
//! That is what lets text be given out token by token. It is the `tokenizers` library's result for tokens that came from
//! text; for byte tokens that are no UTF-8 the library writes one U+FFFD for every byte of the run, here only the bytes that
//! are wrong become U+FFFD, as in the byte-level decoder.

use serde_json::{json, Value};

use super::components::flatten;
use super::error::TokenizerError;

/// One step on the text of a token.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Replace {
        pattern: String,
        content: String,
    },
    Metaspace {
        replacement: char,
        prepended: bool,
    },
    WordPiece {
        prefix: String,
        cleanup: bool,
    },
    /// No decoder: tokens are joined with spaces.
    Spaced,
}

/// What a decoder of `tokenizer.json` does.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Detokenizer {
    byte_level: bool,
    steps: Vec<Step>,
    byte_fallback: bool,
    /// A character and how many of it are removed at the beginning of the text.
    pub strip: Option<(char, usize)>,
}

impl Detokenizer {
    pub fn parse(decoder: &Value) -> Result<Self, TokenizerError> {
        let components = flatten("decoder", decoder, "decoders")?;
        let mut made = Self { byte_level: false, steps: Vec::new(), byte_fallback: false, strip: None };
        let mut fused = false;
        if components.is_empty() {
            made.steps.push(Step::Spaced);
        }
        for component in &components {
            let refused = || TokenizerError::unsupported("decoder", component);
            let text = |field: &str| component[field].as_str().map(str::to_owned).ok_or_else(refused);
            match component["type"].as_str().unwrap_or_default() {
                "ByteLevel" if components.len() == 1 => made.byte_level = true,
                "Replace" if !made.byte_fallback && !fused => {
                    let pattern = component["pattern"]["String"].as_str().filter(|pattern| !pattern.is_empty());
                    let pattern = pattern.ok_or_else(refused)?.to_owned();
                    made.steps.push(Step::Replace { pattern, content: text("content")? });
                }
                "Metaspace" if !made.byte_fallback && !fused => {
                    let replacement = single_char(&component["replacement"]).ok_or_else(refused)?;
                    let prepended = component["prepend_scheme"] != "never" && component["add_prefix_space"] != false;
                    made.steps.push(Step::Metaspace { replacement, prepended });
                }
                "WordPiece" if components.len() == 1 => {
                    let cleanup = component["cleanup"].as_bool().ok_or_else(refused)?;
                    made.steps.push(Step::WordPiece { prefix: text("prefix")?, cleanup });
                }
                "ByteFallback" if !fused => made.byte_fallback = true,
                "Fuse" => fused = true,
                // Without Fuse it would cut every token, and at the end it needs the whole text.
                "Strip" if fused && made.strip.is_none() && component["stop"] == 0 => {
                    let content = single_char(&component["content"]).ok_or_else(refused)?;
                    let start = component["start"].as_u64().and_then(|start| usize::try_from(start).ok());
                    made.strip = Some((content, start.filter(|start| *start <= 16).ok_or_else(refused)?));
                }
                _ => return Err(refused()),
            }
        }
        Ok(made)
    }

    /// Bytes of a token. `first` is true where it is the first token of a text that is not left out.
    pub fn piece(&self, token: &str, first: bool) -> Vec<u8> {
        if self.byte_level {
            let bytes: Option<Vec<u8>> = token.chars().map(byte_of).collect();
            return bytes.unwrap_or_else(|| token.as_bytes().to_vec());
        }
        let mut text = token.to_owned();
        for step in &self.steps {
            text = step.apply(text, first);
        }
        match fallback_byte(&text).filter(|_| self.byte_fallback) {
            Some(byte) => vec![byte],
            None => text.into_bytes(),
        }
    }

    /// The form that goes into the tokenizer's root.
    pub fn canonical(&self) -> Value {
        let steps: Vec<Value> = self.steps.iter().map(Step::canonical).collect();
        json!({
            "byte_fallback": self.byte_fallback,
            "byte_level": self.byte_level,
            "steps": steps,
            "strip": self.strip.map(|(content, count)| json!([content, count])),
        })
    }
}

impl Step {
    fn apply(&self, text: String, first: bool) -> String {
        match self {
            Self::Replace { pattern, content } => text.replace(pattern.as_str(), content),
            Self::Metaspace { replacement, prepended } if first && *prepended => text.replace(*replacement, ""),
            Self::Metaspace { replacement, .. } => text.replace(*replacement, " "),
            Self::WordPiece { prefix, cleanup } => {
                let text = match text.strip_prefix(prefix.as_str()) {
                    _ if first => text,
                    Some(rest) => rest.to_owned(),
                    None => format!(" {text}"),
                };
                if *cleanup {
                    cleaned(&text)
                } else {
                    text
                }
            }
            Self::Spaced if first => text,
            Self::Spaced => format!(" {text}"),
        }
    }

    fn canonical(&self) -> Value {
        match self {
            Self::Replace { pattern, content } => json!(["replace", pattern, content]),
            Self::Metaspace { replacement, prepended } => json!(["metaspace", replacement, prepended]),
            Self::WordPiece { prefix, cleanup } => json!(["wordpiece", prefix, cleanup]),
            Self::Spaced => json!(["spaced"]),
        }
    }
}

/// The replacements of the library's WordPiece decoder (`cleanup`), in its order.
fn cleaned(text: &str) -> String {
    let replacements = [
        (" .", "."),
        (" ?", "?"),
        (" !", "!"),
        (" ,", ","),
        (" ' ", "'"),
        (" n't", "n't"),
        (" 'm", "'m"),
        (" do not", " don't"),
        (" 's", "'s"),
        (" 've", "'ve"),
        (" 're", "'re"),
    ];
    replacements.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// The byte that a character of a byte-level token stands for: GPT-2's `bytes_to_unicode`, where printable bytes stand for
/// themselves and the other 68 are counted from U+0100.
fn byte_of(character: char) -> Option<u8> {
    let code = u32::from(character);
    let byte = match code {
        0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF => code,
        0x100..=0x120 => code - 0x100,
        0x121..=0x142 => code - 0x121 + 0x7F,
        0x143 => 0xAD,
        _ => return None,
    };
    u8::try_from(byte).ok()
}

/// The byte of a token of the form `<0x0A>`.
fn fallback_byte(token: &str) -> Option<u8> {
    let digits = token.strip_prefix("<0x")?.strip_suffix('>')?;
    let two = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u8::from_str_radix(digits, 16).ok().filter(|_| two)
}

fn single_char(value: &Value) -> Option<char> {
    let mut characters = value.as_str()?.chars();
    characters.next().filter(|_| characters.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_byte_level_tokens_stand_for_every_byte_once() {
        let mut seen = [0; 256];
        for byte in (0..0x1000).filter_map(char::from_u32).filter_map(byte_of) {
            seen[usize::from(byte)] += 1;
        }
        assert_eq!(seen, [1; 256]);
        assert_eq!((byte_of('Ġ'), byte_of('Ċ')), (Some(b' '), Some(b'\n')));
    }

    #[test]
    fn only_two_hex_digits_are_a_byte() {
        assert_eq!(fallback_byte("<0x0A>"), Some(10));
        for other in ["<0x+A>", "<0xé>", "<0x0A", "<0x00A>", "<0x>", "0x0A"] {
            assert_eq!(fallback_byte(other), None);
        }
    }
}
