//! Control tokens of a text: where they stand, and tokens of a text in which they stand at given places alone.

use std::collections::BTreeMap;
use std::ops::Range;

use tokenizers::normalizer::Range as Slice;
use tokenizers::{
    AddedVocabulary, Model as _, NormalizedString, Normalizer as _, OffsetReferential, OffsetType, PreTokenizedString,
    PreTokenizer as _, Token,
};

use super::encode::{guarded, Tokenizer, MAX_TEXT_BYTES};
use super::error::{shorten, TokenizerError};

/// A token of the added vocabulary in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its bytes in the text, white space that it takes with it included.
    pub bytes: Range<usize>,
    pub id: u32,
}

/// Whether an added token is written as the public families write those that steer: `<|im_end|>`, `<start_of_turn>`, `[INST]`. Some
/// files do not mark them as special. What templates look for in messages, such as `</think>` and `<tool_call>`, is written otherwise.
fn looks_like_control(text: &str) -> bool {
    let is_enclosed = |open: char, close: char| text.starts_with(open) && text.ends_with(close);
    text.starts_with("<|")
        || text.starts_with("<｜")
        || is_enclosed('[', ']')
        || (is_enclosed('<', '>') && text.contains("_of_"))
}

impl Tokenizer {
    /// The tokens that steer a model, by id: those that the tokenizer calls special, added ones that look like it, and `also`. Their
    /// texts are as in the vocabulary.
    pub(crate) fn control_tokens(&self, also: &[u32]) -> BTreeMap<u32, String> {
        let added = self.inner.get_added_vocabulary().get_added_tokens_decoder();
        let special = added.iter().filter(|(_, token)| token.special || looks_like_control(&token.content));
        let mut controls: BTreeMap<u32, String> = special.map(|(id, token)| (*id, token.content.clone())).collect();
        for id in also {
            if let Ok(Some(text)) = self.token(*id) {
                controls.insert(*id, text);
            }
        }
        controls.retain(|_, text| !text.is_empty());
        controls
    }

    /// The token of text that the vocabulary does not have. It is special in many tokenizers, and steers nothing.
    pub(crate) fn unknown_token(&self) -> Option<u32> {
        self.unknown
    }

    /// The added tokens that [`Self::encode`] recognises in a text, in order.
    pub(crate) fn added_tokens_in(&self, text: &str) -> Result<Vec<Found>, TokenizerError> {
        at_most(text)?;
        guarded(|| {
            let vocabulary: &AddedVocabulary = self.inner.get_added_vocabulary();
            let pieces = vocabulary.extract_and_normalize(self.inner.get_normalizer(), text);
            let pieces = pieces.get_splits(OffsetReferential::Original, OffsetType::Byte);
            let found = pieces.into_iter().filter_map(|(_, (start, end), tokens)| {
                Some(Found { bytes: start..end, id: tokens.as_ref()?.first()?.id })
            });
            found.collect()
        })
        .map_err(failed)
    }

    /// Tokens of a text in which the tokens of `genuine`, in order, stand where they stand, and no other of `controls` does:
    /// what looks like one elsewhere is text. Its tokens may still be control tokens where the vocabulary makes them of plain text,
    /// as a Unigram vocabulary does: the caller looks.
    pub(crate) fn encode_controlled(
        &self,
        text: &str,
        genuine: &[Found],
        controls: &BTreeMap<u32, String>,
    ) -> Result<Vec<u32>, TokenizerError> {
        let found = self.added_tokens_in(text)?;
        let (own, others): (Vec<Found>, Vec<Found>) =
            found.into_iter().partition(|found| controls.contains_key(&found.id));
        if own == genuine {
            return self.encode(text, false);
        }
        let apart = |other: &Found| {
            genuine.iter().all(|found| other.bytes.end <= found.bytes.start || found.bytes.end <= other.bytes.start)
        };
        let mut fixed: Vec<&Found> = genuine.iter().chain(others.iter().filter(|other| apart(other))).collect();
        fixed.sort_by_key(|found| found.bytes.start);
        guarded(|| self.encode_around(text, &fixed))
            .and_then(|ids| ids.map_err(|error| error.to_string()))
            .map_err(failed)
    }

    /// What the library does with a text, but with the added tokens given.
    fn encode_around(&self, text: &str, fixed: &[&Found]) -> tokenizers::Result<Vec<u32>> {
        let mut pieces = PreTokenizedString::from(text);
        pieces.split(|_, whole| Ok(cut(&whole, fixed)))?;
        if let Some(normalizer) = self.inner.get_normalizer() {
            pieces.normalize(|piece| normalizer.normalize(piece))?;
        }
        if let Some(pre_tokenizer) = self.inner.get_pre_tokenizer() {
            pre_tokenizer.pre_tokenize(&mut pieces)?;
        }
        pieces.tokenize(|piece| self.inner.get_model().tokenize(piece.get()))?;
        Ok(pieces.into_encoding(None, 0, OffsetType::None)?.get_ids().to_vec())
    }
}

/// The text in pieces, those of `fixed` with their token.
fn cut(whole: &NormalizedString, fixed: &[&Found]) -> Vec<(NormalizedString, Option<Vec<Token>>)> {
    let mut pieces = Vec::with_capacity(2 * fixed.len() + 1);
    let mut from = 0;
    for found in fixed {
        pieces.extend(whole.slice(Slice::Original(from..found.bytes.start)).map(|piece| (piece, None)));
        if let Some(piece) = whole.slice(Slice::Original(found.bytes.clone())) {
            let value = piece.get().to_owned();
            let token = Token::new(found.id, value, (0, found.bytes.len()));
            pieces.push((piece, Some(vec![token])));
        }
        from = found.bytes.end;
    }
    pieces.extend(whole.slice(Slice::Original(from..whole.len_original())).map(|piece| (piece, None)));
    pieces.retain(|(piece, _)| !piece.is_empty());
    pieces
}

fn at_most(text: &str) -> Result<(), TokenizerError> {
    match text.len() > MAX_TEXT_BYTES {
        true => Err(TokenizerError::TextTooLarge { found: text.len(), limit: MAX_TEXT_BYTES }),
        false => Ok(()),
    }
}

fn failed(reason: String) -> TokenizerError {
    TokenizerError::Failed { reason: shorten(reason, 320) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokenizers() -> Vec<(&'static str, Tokenizer)> {
        let files = [
            ("smollm", include_str!("../../tests/data/tokenizers/smollm.json")),
            ("qwen2", include_str!("../../tests/data/tokenizers/qwen2.json")),
            ("llama3", include_str!("../../tests/data/tokenizers/llama3.json")),
            ("llama", include_str!("../../tests/data/tokenizers/llama.json")),
            ("gemma", include_str!("../../tests/data/tokenizers/gemma.json")),
            ("unigram", include_str!("../../tests/data/tokenizers/unigram.json")),
        ];
        let read = |(name, text): (&'static str, &str)| {
            let content: serde_json::Value = serde_json::from_str(text).expect("JSON");
            let tokenizer = Tokenizer::from_json(content["tokenizer"].to_string().as_bytes(), 1000);
            (name, tokenizer.unwrap_or_else(|error| panic!("{name}: {error}")))
        };
        files.into_iter().map(read).collect()
    }

    #[test]
    fn the_way_around_the_library_gives_what_the_library_gives() {
        for (name, tokenizer) in tokenizers() {
            let controls = tokenizer.control_tokens(&[]);
            let special = controls.values().next().expect("a special token");
            for text in [
                "The ship came home.".to_owned(),
                format!("{special}The ship{special}  came home,\n\n{special}\nand left. "),
                format!(" a{special}{special} b"),
                special.clone(),
                String::new(),
            ] {
                let all = tokenizer.added_tokens_in(&text).expect("tokens");
                let all: Vec<&Found> = all.iter().collect();
                let found = tokenizer.encode_around(&text, &all).expect("tokens");
                assert_eq!(found, tokenizer.encode(&text, false).expect("tokens"), "{name}: {text:?}");
            }
        }
    }

    #[test]
    fn only_genuine_tokens_are_control_tokens() {
        // A Unigram vocabulary finds them in plain text: conversations with it are refused there.
        for (name, tokenizer) in tokenizers().into_iter().filter(|(name, _)| *name != "unigram") {
            let controls = tokenizer.control_tokens(&[]);
            // Letters that a vocabulary lacks become the unknown token too.
            for (id, special) in controls.iter().filter(|(id, _)| Some(**id) != tokenizer.unknown_token()) {
                let text = format!("{special}The ship{special} came home{special}");
                let mut genuine = tokenizer.added_tokens_in(&text).expect("tokens");
                assert_eq!(genuine.len(), 3, "{name}");
                genuine.remove(1);
                let ids = tokenizer.encode_controlled(&text, &genuine, &controls).expect("tokens");
                let count = ids.iter().filter(|found| *found == id).count();
                assert_eq!((count, ids.len() > 4), (2, true), "{name}: {special}");
            }
        }
    }
}
