//! Special tokens.

use serde::Deserialize;

use super::bounds::Bounds;
use crate::architecture::SpecialTokens;
use crate::containers::gguf::Metadata;
use crate::error::ModelError;

/// Defaults of generation; its end-of-text ids join those of `config.json`.
pub(crate) const GENERATION_FILE: &str = "generation_config.json";

/// Most end-of-text ids.
const EOS_LIMIT: usize = 64;

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(u32),
    Many(Vec<u32>),
}

/// The ids as `config.json` and `generation_config.json` have them.
#[derive(Clone, Deserialize, Default)]
pub(crate) struct Ids {
    bos_token_id: Option<OneOrMany>,
    eos_token_id: Option<OneOrMany>,
}

/// Tokens that end a turn, by the texts that the public families write. Many GGUF files name the end of a document alone.
const TURN_ENDS: [&str; 6] =
    ["<|im_end|>", "<|end|>", "<|eot_id|>", "<|eom_id|>", "<end_of_turn>", "<end_of_utterance>"];

/// Kinds of tokens in GGUF files that no text makes by chance: control tokens, and those that whoever made the file defined.
const MADE_KINDS: [i64; 2] = [3, 4];

/// The tokens of a GGUF file that end a turn, as llama.cpp finds them.
fn turn_ends(metadata: &Metadata) -> Result<Vec<u32>, ModelError> {
    let tokens = metadata.strings("tokenizer.ggml.tokens")?.unwrap_or_default();
    let kinds = metadata.integers("tokenizer.ggml.token_type")?.unwrap_or_default();
    let is_one = |(id, text): &(usize, &String)| {
        TURN_ENDS.contains(&text.as_str()) && kinds.get(*id).is_some_and(|kind| MADE_KINDS.contains(kind))
    };
    Ok(tokens.iter().enumerate().filter(is_one).filter_map(|(id, _)| u32::try_from(id).ok()).collect())
}

impl SpecialTokens {
    pub(super) fn from_json(
        bounds: Bounds<'_>,
        config: Ids,
        text: Ids,
        generation: Option<&[u8]>,
        vocab_size: usize,
    ) -> Result<Self, ModelError> {
        let generation = match generation {
            Some(contents) => serde_json::from_slice(contents)
                .map_err(|error| ModelError::malformed(GENERATION_FILE, error.to_string()))?,
            None => Ids::default(),
        };
        let many = |ids: Option<OneOrMany>| match ids {
            None => Vec::new(),
            Some(OneOrMany::One(id)) => vec![id],
            Some(OneOrMany::Many(ids)) => ids,
        };
        let ids = [config, text, generation];
        let bos = ids.iter().find_map(|ids| many(ids.bos_token_id.clone()).first().copied());
        let eos = ids.into_iter().flat_map(|ids| many(ids.eos_token_id)).collect();
        Self::checked(bounds, bos, eos, vocab_size)
    }

    pub(super) fn from_gguf(bounds: Bounds<'_>, metadata: &Metadata, vocab_size: usize) -> Result<Self, ModelError> {
        let id = |field: &str| {
            let id = metadata.unsigned(&format!("tokenizer.ggml.{field}_token_id"))?;
            // Files write all ones for "none".
            Ok(id.filter(|id| *id < u64::from(u32::MAX)).map(|id| id as u32))
        };
        let mut eos: Vec<u32> =
            ["eos", "eot", "eom"].into_iter().filter_map(|field| id(field).transpose()).collect::<Result<_, _>>()?;
        eos.extend(turn_ends(metadata)?);
        Self::checked(bounds, id("bos")?, eos, vocab_size)
    }

    fn checked(bounds: Bounds<'_>, bos: Option<u32>, mut eos: Vec<u32>, vocab_size: usize) -> Result<Self, ModelError> {
        eos.sort_unstable();
        eos.dedup();
        if eos.len() > EOS_LIMIT {
            return bounds.out_of_range("eos_token_id", eos.len(), format!("at most {EOS_LIMIT} ids"));
        }
        let ids = eos.iter().map(|id| ("eos_token_id", id)).chain(bos.iter().map(|id| ("bos_token_id", id)));
        for (field, id) in ids {
            if *id as usize >= vocab_size {
                return bounds.out_of_range(field, id, format!("below the vocab_size {vocab_size}"));
            }
        }
        Ok(Self { bos, eos })
    }
}
