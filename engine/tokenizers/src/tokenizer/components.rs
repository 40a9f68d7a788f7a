//! Normalizers and pre-tokenizers: which are accepted, written with the fields that matter and nothing else.

use serde_json::{json, Map, Value};

use super::error::TokenizerError;

/// The most components of one kind, nested sequences counted flat.
const MAX_COMPONENTS: usize = 16;
/// How deep sequences may nest.
const MAX_DEPTH: usize = 4;
/// Bytes of the longest regular expression or replaced text.
const MAX_PATTERN: usize = 4096;
/// The most that all replacements together may lengthen a text, as a factor.
const MAX_GROWTH: usize = 64;
/// Bytes of the longest replacement in a precompiled character map. NFKC's longest has 33.
const MAX_MAPPED: usize = 64;

/// A field of a component: its name, and what stands for it where it is missing.
type Field = (&'static str, Option<Value>);

/// Components of a possibly nested `Sequence`, in order. `null` is the empty sequence.
pub(super) fn flatten(kind: &'static str, value: &Value, list: &str) -> Result<Vec<Value>, TokenizerError> {
    fn walk(
        kind: &'static str,
        value: &Value,
        list: &str,
        depth: usize,
        out: &mut Vec<Value>,
    ) -> Result<(), TokenizerError> {
        if value.is_null() {
            return Ok(());
        }
        if value["type"] != "Sequence" {
            out.push(value.clone());
        } else {
            let inner = value[list].as_array().filter(|_| depth > 0);
            for value in inner.ok_or_else(|| TokenizerError::unsupported(kind, value))? {
                walk(kind, value, list, depth - 1, out)?;
            }
        }
        match out.len() {
            0..=MAX_COMPONENTS => Ok(()),
            found => Err(TokenizerError::TooLarge { what: kind, found, limit: MAX_COMPONENTS }),
        }
    }
    let mut out = Vec::new();
    walk(kind, value, list, MAX_DEPTH, &mut out)?;
    Ok(out)
}

/// The accepted normalizers of a `tokenizer.json`.
pub(super) fn normalizers(value: &Value) -> Result<Vec<Value>, TokenizerError> {
    let mut growth = 1_usize;
    let components = flatten("normalizer", value, "normalizers")?;
    let checked = components.iter().map(|component| {
        let unsupported = || TokenizerError::unsupported("normalizer", component);
        let fields: Vec<Field> = match component["type"].as_str().unwrap_or_default() {
            "NFC" | "NFD" | "NFKC" | "NFKD" | "Lowercase" | "StripAccents" | "Nmt" => vec![],
            "Strip" => vec![("strip_left", None), ("strip_right", None)],
            "Prepend" => {
                growth = growth.saturating_mul(lengthening(&component["prepend"], 1));
                vec![("prepend", None)]
            }
            "Replace" => {
                let shortest = match pattern(&component["pattern"]).ok_or_else(unsupported)? {
                    Pattern::Text(length) => length,
                    // An expression may match nothing, before every character.
                    Pattern::Expression => 1,
                };
                let inserted = usize::from(shortest == 1);
                growth = growth.saturating_mul(lengthening(&component["content"], shortest).saturating_add(inserted));
                vec![("pattern", None), ("content", None)]
            }
            "BertNormalizer" => vec![
                ("clean_text", Some(json!(true))),
                ("handle_chinese_chars", Some(json!(true))),
                ("strip_accents", Some(Value::Null)),
                ("lowercase", Some(json!(true))),
            ],
            "Precompiled" => {
                check_character_map(&component["precompiled_charsmap"])?;
                growth = growth.saturating_mul(4);
                vec![("precompiled_charsmap", None)]
            }
            _ => return Err(unsupported()),
        };
        select("normalizer", component, fields)
    });
    let checked: Vec<Value> = checked.collect::<Result<_, _>>()?;
    match growth {
        0..=MAX_GROWTH => Ok(checked),
        found => Err(TokenizerError::TooLarge { what: "growth by normalizers", found, limit: MAX_GROWTH }),
    }
}

/// The accepted pre-tokenizers of a `tokenizer.json`.
pub(super) fn pre_tokenizers(value: &Value) -> Result<Vec<Value>, TokenizerError> {
    let components = flatten("pre_tokenizer", value, "pretokenizers")?;
    let checked = components.iter().map(|component| {
        let unsupported = || TokenizerError::unsupported("pre_tokenizer", component);
        let fields: Vec<Field> = match component["type"].as_str().unwrap_or_default() {
            "ByteLevel" => {
                let mut made = select(
                    "pre_tokenizer",
                    component,
                    vec![("add_prefix_space", None), ("use_regex", Some(json!(true)))],
                )?;
                // The library wants it; it only moves offsets, which nobody reads.
                made["trim_offsets"] = json!(true);
                return Ok(made);
            }
            "Digits" => vec![("individual_digits", None)],
            "Split" => {
                pattern(&component["pattern"]).ok_or_else(unsupported)?;
                vec![("pattern", None), ("behavior", None), ("invert", Some(json!(false)))]
            }
            "Metaspace" => {
                // Before there were schemes there was only this flag.
                let scheme = if component["add_prefix_space"] == false { "never" } else { "always" };
                vec![("replacement", None), ("prepend_scheme", Some(json!(scheme))), ("split", Some(json!(true)))]
            }
            "Punctuation" => vec![("behavior", Some(json!("Isolated")))],
            "BertPreTokenizer" | "Whitespace" | "WhitespaceSplit" => vec![],
            _ => return Err(unsupported()),
        };
        select("pre_tokenizer", component, fields)
    });
    checked.collect()
}

/// A component with these fields only.
fn select(kind: &'static str, component: &Value, fields: Vec<Field>) -> Result<Value, TokenizerError> {
    let mut made = Map::new();
    made.insert("type".to_owned(), component["type"].clone());
    for (name, missing) in fields {
        let found = component.get(name).filter(|value| !value.is_null()).cloned();
        let value = found.or(missing).ok_or_else(|| TokenizerError::unsupported(kind, component))?;
        made.insert(name.to_owned(), value);
    }
    Ok(Value::Object(made))
}

enum Pattern {
    /// A text of so many bytes.
    Text(usize),
    Expression,
}

fn pattern(value: &Value) -> Option<Pattern> {
    let short = |value: &Value| Some(value.as_str()?.len()).filter(|length| (1..=MAX_PATTERN).contains(length));
    let object = value.as_object().filter(|object| object.len() == 1)?;
    match object.get("String") {
        Some(text) => short(text).map(Pattern::Text),
        None => short(object.get("Regex")?).map(|_| Pattern::Expression),
    }
}

/// By which factor a text gets longer at most if every `from` bytes become `to`.
fn lengthening(to: &Value, from: usize) -> usize {
    to.as_str().map_or(1, str::len).div_ceil(from.max(1)).max(1)
}

/// Looks for replacements that would make a text a thousand times longer. The layout is SentencePiece's: the length of the
/// trie, the trie, the replacements, each ended by a zero byte.
fn check_character_map(value: &Value) -> Result<(), TokenizerError> {
    let malformed = || TokenizerError::malformed("precompiled_charsmap");
    let bytes = value.as_str().and_then(base64).ok_or_else(malformed)?;
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(malformed)?;
    let trie = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| malformed())?;
    let replacements = rest.get(trie..).ok_or_else(malformed)?;
    let longest = replacements.split(|byte| *byte == 0).map(<[u8]>::len).max().unwrap_or(0);
    match longest {
        0..=MAX_MAPPED => Ok(()),
        found => Err(TokenizerError::TooLarge { what: "bytes of a mapped character", found, limit: MAX_MAPPED }),
    }
}

/// Standard base64 with padding (RFC 4648, section 4).
fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut held) = (0_u32, 0);
    for symbol in text.bytes() {
        let value = match symbol {
            b'A'..=b'Z' => symbol - b'A',
            b'a'..=b'z' => symbol - b'a' + 26,
            b'0'..=b'9' => symbol - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_the_rfc_decodes() {
        for (text, bytes) in [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYmFy", "foobar")] {
            assert_eq!(base64(text).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!(base64("Zg=g"), None);
    }

    #[test]
    fn normalizers_that_lengthen_a_text_without_bound_are_refused() {
        let replace = |content: &str| json!({"type": "Replace", "pattern": {"String": " "}, "content": content});
        assert!(normalizers(&replace("▁")).is_ok());
        let twice = json!({"type": "Sequence", "normalizers": [replace("▁▁▁▁"), replace("▁▁▁▁")]});
        assert!(matches!(normalizers(&twice), Err(TokenizerError::TooLarge { .. })));
        let empty = json!({"type": "Replace", "pattern": {"String": ""}, "content": "x"});
        assert!(matches!(normalizers(&empty), Err(TokenizerError::Unsupported { .. })));
    }

    #[test]
    fn sequences_nest_to_a_depth_and_a_length() {
        let mut nested = json!({"type": "NFC"});
        for _ in 0..3 {
            nested = json!({"type": "Sequence", "normalizers": [nested]});
        }
        assert_eq!(normalizers(&nested).expect("a shallow sequence"), [json!({"type": "NFC"})]);
        for _ in 0..3 {
            nested = json!({"type": "Sequence", "normalizers": [nested]});
        }
        assert!(normalizers(&nested).is_err());
        let long = json!({"type": "Sequence", "normalizers": vec![json!({"type": "NFC"}); 17]});
        assert!(normalizers(&long).is_err());
    }
}
