//! Tokenizers of GGUF files, written as the `tokenizer.json` that says the same.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use serde_json::{json, Map, Value};
use strike_models::gguf::Metadata;
use strike_models::ModelError;

use super::error::TokenizerError;
use super::model::{self, Merge, Source};
use super::pre;

/// What a GGUF file says about its tokenizer: the metadata under `tokenizer.ggml`.
#[derive(Clone, Debug, Default)]
pub struct GgufTokenizer {
    /// `model`: `gpt2` (byte-level BPE), `llama` (SentencePiece BPE) or `bert` (WordPiece).
    pub model: String,
    /// `pre`: the pre-tokenizer of byte-level BPE.
    pub pre: Option<String>,
    /// `tokens`: the vocabulary by id.
    pub tokens: Vec<String>,
    /// `scores`: the order of merges of `llama`, highest first.
    pub scores: Option<Vec<f32>>,
    /// `token_type`: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte. All normal where missing.
    pub token_types: Option<Vec<i32>>,
    /// `merges`: pairs of tokens with a space between, of `gpt2`.
    pub merges: Option<Vec<String>>,
    /// `bos_token_id`: begin of text.
    pub bos: Option<u32>,
    /// `eos_token_id`: end of text.
    pub eos: Option<u32>,
    /// `unknown_token_id`.
    pub unk: Option<u32>,
    /// `padding_token_id`.
    pub pad: Option<u32>,
    /// `cls_token_id`: before a text, of `bert`.
    pub cls: Option<u32>,
    /// `seperator_token_id` (so it is written): behind a text, of `bert`.
    pub sep: Option<u32>,
    /// `add_bos_token`.
    pub add_bos: Option<bool>,
    /// `add_eos_token`.
    pub add_eos: Option<bool>,
    /// `add_space_prefix`, of `llama`.
    pub add_space_prefix: Option<bool>,
}

const UNKNOWN: i32 = 2;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;
const UNUSED: i32 = 5;
const BYTE: i32 = 6;
/// Bytes of all merges that are made of scores, as a multiple of the bytes of all tokens.
const MERGE_GROWTH: usize = 64;
/// The most bytes of all merges that are made of scores.
const MAX_MERGE_BYTES: usize = 32 << 20;
/// What SentencePiece writes for a space.
const SPACE: char = '▁';

impl GgufTokenizer {
    /// What the keys under `tokenizer.ggml` of a file say. Missing ones are `None` or empty; one of another type is an error.
    pub fn from_metadata(metadata: &Metadata) -> Result<Self, ModelError> {
        let id = |name: &str| -> Result<Option<u32>, ModelError> {
            let id = metadata.unsigned(&format!("tokenizer.ggml.{name}_token_id"))?;
            Ok(id.and_then(|id| u32::try_from(id).ok()))
        };
        let strings = |key: &str| -> Result<Option<Vec<String>>, ModelError> {
            Ok(metadata.strings(key)?.map(<[String]>::to_vec))
        };
        let token_types = metadata.integers("tokenizer.ggml.token_type")?;
        Ok(Self {
            model: metadata.string("tokenizer.ggml.model")?.unwrap_or_default().to_owned(),
            pre: metadata.string("tokenizer.ggml.pre")?.map(str::to_owned),
            tokens: strings("tokenizer.ggml.tokens")?.unwrap_or_default(),
            scores: metadata.floats("tokenizer.ggml.scores")?.map(<[f32]>::to_vec),
            token_types: token_types.map(|types| types.into_iter().map(|kind| kind as i32).collect()),
            merges: strings("tokenizer.ggml.merges")?,
            bos: id("bos")?,
            eos: id("eos")?,
            unk: id("unknown")?,
            pad: id("padding")?,
            cls: id("cls")?,
            sep: id("seperator")?,
            add_bos: metadata.boolean("tokenizer.ggml.add_bos_token")?,
            add_eos: metadata.boolean("tokenizer.ggml.add_eos_token")?,
            add_space_prefix: metadata.boolean("tokenizer.ggml.add_space_prefix")?,
        })
    }

    /// The `tokenizer.json` that says the same.
    pub(super) fn source(&self) -> Result<Source, TokenizerError> {
        model::at_most("tokens", self.tokens.len(), model::MAX_TOKENS)?;
        model::at_most("bytes of all tokens", self.tokens.iter().map(String::len).sum(), model::MAX_VOCABULARY_BYTES)?;
        let longest = self.tokens.iter().map(String::len).max().unwrap_or(0);
        model::at_most("bytes of a token", longest, model::MAX_TOKEN_BYTES)?;
        for (what, length) in
            [("token types", self.token_types.as_ref().map(Vec::len)), ("scores", self.scores.as_ref().map(Vec::len))]
        {
            if length.is_some_and(|length| length != self.tokens.len()) {
                return Err(TokenizerError::malformed(format!("there are not as many {what} as tokens")));
            }
        }
        match self.model.as_str() {
            "gpt2" => self.byte_level(),
            "llama" => self.sentence_piece(),
            "bert" => self.word_piece(),
            other => Err(TokenizerError::unsupported("tokenizer.ggml.model", other)),
        }
    }

    fn byte_level(&self) -> Result<Source, TokenizerError> {
        let pre = pre::by_name(self.pre.as_deref())?;
        let merges =
            self.merges.as_ref().ok_or_else(|| TokenizerError::malformed("tokenizer.ggml.merges is missing"))?;
        let malformed = || TokenizerError::malformed("tokenizer.ggml.merges is not a list of pairs of tokens");
        let lines = merges.iter().filter(|line| !line.starts_with("#version"));
        let merges = lines.map(|line| model::pair(line).ok_or_else(malformed)).collect::<Result<_, _>>()?;
        let json = json!({
            "added_tokens": self.added(&self.tokens),
            "normalizer": pre.normalizer,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": pre.components},
            "post_processor": self.around(pre.add_bos, false)?,
            "decoder": {"type": "ByteLevel"},
            "model": {
                "type": "BPE",
                "unk_token": null,
                "ignore_merges": pre.ignore_merges,
            },
        });
        Ok(Source { json, vocab: Some(self.vocabulary(&self.tokens)?), merges: Some(merges) })
    }

    fn sentence_piece(&self) -> Result<Source, TokenizerError> {
        let prefixed = self.add_space_prefix.unwrap_or(true);
        let spaces = json!({"type": "Replace", "pattern": {"String": " "}, "content": SPACE});
        let mut normalizers = vec![spaces];
        let mut decoders = vec![
            json!({"type": "Replace", "pattern": {"String": SPACE}, "content": " "}),
            json!({"type": "ByteFallback"}),
            json!({"type": "Fuse"}),
        ];
        if prefixed {
            normalizers.insert(0, json!({"type": "Prepend", "prepend": SPACE}));
            decoders.push(json!({"type": "Strip", "content": " ", "start": 1, "stop": 0}));
        }
        let unknown = self.unk.or_else(|| self.first_of(UNKNOWN)).map(|id| self.token(id)).transpose()?;
        let json = json!({
            "added_tokens": self.added(&self.tokens),
            "normalizer": {"type": "Sequence", "normalizers": normalizers},
            "pre_tokenizer": null,
            "post_processor": self.around(true, false)?,
            "decoder": {"type": "Sequence", "decoders": decoders},
            "model": {
                "type": "BPE",
                "unk_token": unknown,
                "fuse_unk": true,
                "byte_fallback": true,
            },
        });
        Ok(Source { json, vocab: Some(self.vocabulary(&self.tokens)?), merges: Some(self.merges_by_score()?) })
    }

    fn word_piece(&self) -> Result<Source, TokenizerError> {
        // The file has U+2581 where a word begins and nothing where it goes on; BERT has it the other way round.
        let written = |(id, token): (usize, &String)| match token.strip_prefix(SPACE) {
            Some(start) => start.to_owned(),
            None if matches!(self.kind(id), CONTROL | UNKNOWN | USER_DEFINED) || is_bracketed(token) => token.clone(),
            None => format!("##{token}"),
        };
        let tokens: Vec<String> = self.tokens.iter().enumerate().map(written).collect();
        // The file does not say whether case matters, but a vocabulary with capital letters has no use for small ones only.
        let cased = |(id, token): (usize, &String)| {
            self.kind(id) == 1 && !is_bracketed(token) && token.bytes().any(|byte| byte.is_ascii_uppercase())
        };
        let lowercase = !tokens.iter().enumerate().any(cased);
        let unknown = match self.unk.or_else(|| self.first_of(UNKNOWN)) {
            Some(id) => tokens.get(id as usize).cloned(),
            None => Some("[UNK]".to_owned()).filter(|unknown| tokens.contains(unknown)),
        };
        let unknown = unknown.ok_or(TokenizerError::MissingToken { role: "unknown" })?;
        let mut around = self.clone();
        around.bos = self.cls.or(self.bos);
        around.eos = self.sep.or(self.eos);
        let json = json!({
            "added_tokens": self.added(&tokens),
            "normalizer": {"type": "BertNormalizer", "lowercase": lowercase},
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": around.around(true, true)?,
            "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
            "model": {
                "type": "WordPiece",
                "unk_token": unknown,
                "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100,
            },
        });
        Ok(Source { json, vocab: Some(self.vocabulary(&tokens)?), merges: None })
    }

    fn kind(&self, id: usize) -> i32 {
        self.token_types.as_ref().and_then(|types| types.get(id).copied()).unwrap_or(1)
    }

    fn first_of(&self, kind: i32) -> Option<u32> {
        (0..self.tokens.len()).find(|id| self.kind(*id) == kind).and_then(|id| u32::try_from(id).ok())
    }

    fn token(&self, id: u32) -> Result<&str, TokenizerError> {
        let vocab_size = self.tokens.len();
        self.tokens.get(id as usize).map(String::as_str).ok_or(TokenizerError::TokenOutOfRange { id, vocab_size })
    }

    /// Tokens to ids. Unused ones only fill the table up.
    fn vocabulary(&self, tokens: &[String]) -> Result<Vec<(String, u32)>, TokenizerError> {
        let mut seen = HashSet::new();
        let mut vocabulary = Vec::with_capacity(tokens.len());
        for (id, token) in (0..).zip(tokens).filter(|(id, _)| self.kind(*id as usize) != UNUSED) {
            if !seen.insert(&token[..]) {
                return Err(TokenizerError::malformed(format!("token {id} is there twice")));
            }
            vocabulary.push((token.clone(), id));
        }
        Ok(vocabulary)
    }

    /// Tokens that are found in a text before it is split. Control tokens are special.
    fn added(&self, tokens: &[String]) -> Vec<Value> {
        let added = tokens.iter().enumerate().filter(|(id, token)| {
            // The unknown token is special in every tokenizer.json, but a file without types has none.
            matches!(self.kind(*id), UNKNOWN | CONTROL | USER_DEFINED) && !token.is_empty()
        });
        let added = added.map(|(id, token)| {
            json!({"id": id, "content": token, "normalized": false, "special": self.kind(id) != USER_DEFINED})
        });
        added.collect()
    }

    /// A template with the tokens around a text.
    fn around(&self, add_bos: bool, add_eos: bool) -> Result<Value, TokenizerError> {
        let mut single = vec![json!({"Sequence": {"id": "A", "type_id": 0}})];
        let mut special = Map::new();
        let mut name = |role, id: Option<u32>| {
            let id = id.ok_or(TokenizerError::MissingToken { role })?;
            self.token(id)?;
            special.insert(role.to_owned(), json!({"id": role, "ids": [id], "tokens": [role]}));
            Ok::<_, TokenizerError>(json!({"SpecialToken": {"id": role, "type_id": 0}}))
        };
        if self.add_bos.unwrap_or(add_bos) {
            single.insert(0, name("begin-of-text", self.bos)?);
        }
        if self.add_eos.unwrap_or(add_eos) {
            single.push(name("end-of-text", self.eos)?);
        }
        Ok(json!({"type": "TemplateProcessing", "single": single, "pair": [], "special_tokens": special}))
    }

    /// Every way to make a token of two others, best score first; among equals as Hugging Face's converter has it
    /// (`generate_merges` in `transformers`): longest left part, longest right part, then by ids.
    fn merges_by_score(&self) -> Result<Vec<Merge>, TokenizerError> {
        let scores =
            self.scores.as_ref().ok_or_else(|| TokenizerError::malformed("tokenizer.ggml.scores is missing"))?;
        if scores.iter().any(|score| score.is_nan()) {
            return Err(TokenizerError::malformed("a score is not a number"));
        }
        // Tokens that stand for bytes or are found in the text beforehand are not made of others.
        let made = |id: usize| !matches!(self.kind(id), UNKNOWN | CONTROL | UNUSED | BYTE);
        let tokens = self.tokens.iter().map(String::as_str).enumerate().filter(|(id, _)| made(*id));
        let ids: HashMap<&str, usize> = tokens.clone().map(|(id, token)| (token, id)).collect();
        let mut merges = Vec::new();
        // Vocabularies of models have two to five ways for each byte; one of `a`, `aa`, `aaa` and so on has hundreds.
        let vocabulary: usize = self.tokens.iter().map(String::len).sum();
        let most = MERGE_GROWTH.saturating_mul(vocabulary).min(MAX_MERGE_BYTES);
        let mut bytes = 0_usize;
        for ((id, token), score) in self.tokens.iter().map(String::as_str).enumerate().zip(scores) {
            if !made(id) {
                continue;
            }
            let splits = token.char_indices().skip(1).filter_map(|(at, _)| {
                let (left, right) = token.split_at_checked(at)?;
                Some((ids.get(left)?, ids.get(right)?, left, right))
            });
            for (left_id, right_id, left, right) in splits {
                bytes += token.len();
                let lengths = (left.chars().count(), right.chars().count());
                merges.push((ordered(*score), lengths, id, left_id, right_id, left, right));
            }
            model::at_most("merges", merges.len(), model::MAX_MERGES)?;
            model::at_most("bytes of all merges", bytes, most)?;
        }
        merges.sort_by_key(|(score, lengths, id, left, right, ..)| (Reverse((*score, *lengths)), *id, *left, *right));
        Ok(merges.into_iter().map(|(.., left, right)| (left.to_owned(), right.to_owned())).collect())
    }
}

/// A key that sorts as the score does, for scores that are numbers; both zeros are one.
fn ordered(score: f32) -> i32 {
    let bits = (score + 0.0).to_bits() as i32;
    bits ^ (((bits >> 31) as u32) >> 1) as i32
}

/// Names that BERT's vocabulary keeps as they are even where a file gives no types.
fn is_bracketed(token: &str) -> bool {
    let Some(name) = token.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else { return false };
    let unused = name.strip_prefix("unused").is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()));
    unused || matches!(name, "PAD" | "UNK" | "CLS" | "SEP" | "MASK")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_sort_as_numbers() {
        let scores = [f32::NEG_INFINITY, -1e9, -2.0, -1.0, -0.5, 0.0, 1e-40, 3.0, f32::INFINITY];
        let keys: Vec<i32> = scores.into_iter().map(ordered).collect();
        assert!(keys.is_sorted());
        assert_eq!(ordered(-0.0), ordered(0.0));
    }
}
