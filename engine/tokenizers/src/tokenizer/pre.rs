//! Pre-tokenizers of byte-level BPE by their name in `tokenizer.ggml.pre`.
//!
//! The names are llama.cpp's (`llama-vocab.cpp`, `convert_hf_to_gguf.py`); the expressions are those of the `tokenizer.json`
//! files that were converted, not llama.cpp's own, which rewrite what its engine cannot do.

use serde_json::{json, Value};

use super::error::{shorten, TokenizerError};

/// GPT-2, without its last alternative, which `ByteLevel` has by itself.
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)";
/// Llama 3; digits in groups of three.
const LLAMA3: &str = concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*",
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
);
/// Qwen 2; digits by themselves.
const QWEN2: &str = concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*",
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
);
/// Mistral's Tekken; words end where capital letters begin.
const TEKKEN: &str = concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);
/// o200k (GPT-4o, Phi-4 mini).
const GPT4O: &str = concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);
/// llama.cpp for files that do not say what they need: punctuation by itself, digits in groups of three.
const DEFAULT: [&str; 4] = [r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"];

/// What a name stands for.
pub(super) struct PreTokenizer {
    pub normalizer: Value,
    pub components: Vec<Value>,
    /// Words that are tokens are not built from merges.
    pub ignore_merges: bool,
    /// A begin-of-text token is added unless the file says otherwise.
    pub add_bos: bool,
}

/// Pre-tokenizer of a GGUF file; without a name llama.cpp's `default`.
pub(super) fn by_name(name: Option<&str>) -> Result<PreTokenizer, TokenizerError> {
    let bytes = |use_regex: bool| json!({"type": "ByteLevel", "add_prefix_space": false, "use_regex": use_regex});
    let split = |expression: &str| json!({"type": "Split", "pattern": {"Regex": expression}, "behavior": "Isolated", "invert": false});
    let plain = |components| PreTokenizer { normalizer: Value::Null, components, ignore_merges: false, add_bos: false };
    let by = |expression| plain(vec![split(expression), bytes(false)]);
    Ok(match name.unwrap_or("default") {
        "default" => plain(DEFAULT.into_iter().map(split).chain([bytes(false)]).collect()),
        "gpt-2" | "gpt2" | "phi-2" | "mpt" | "olmo" | "jais" | "jina-es" | "jina-de" | "jina-v1-en" | "jina-v2-es"
        | "jina-v2-de" | "jina-v2-code" | "gigachat" | "roberta-bpe" => plain(vec![bytes(true)]),
        "smollm" | "starcoder" | "refact" | "command-r" | "codeshell" | "exaone" | "minerva-7b" => {
            plain(vec![json!({"type": "Digits", "individual_digits": true}), bytes(true)])
        }
        "llama-bpe" | "llama3" | "llama-v3" | "falcon3" | "falcon-h1" | "pixtral" | "midm-2.0" | "lfm2" => {
            PreTokenizer { ignore_merges: true, add_bos: true, ..by(LLAMA3) }
        }
        "dbrx" | "smaug-bpe" | "chatglm-bpe" | "glm4" => by(LLAMA3),
        "qwen2" | "deepseek-r1-qwen" => PreTokenizer { normalizer: json!({"type": "NFC"}), ..by(QWEN2) },
        "stablelm2" => by(QWEN2),
        "tekken" => PreTokenizer { ignore_merges: true, add_bos: true, ..by(TEKKEN) },
        "gpt-4o" => by(GPT4O),
        other => return Err(TokenizerError::UnknownPreTokenizer { name: shorten(other.to_owned(), 80) }),
    })
}
