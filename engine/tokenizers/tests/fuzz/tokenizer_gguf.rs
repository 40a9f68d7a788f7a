//! The tokenizer of a GGUF file. The input is the entries of the metadata; what stands before and behind them is put there.

use strike_models::gguf::File;
use strike_tokenizers::{GgufTokenizer, Tokenizer};

use super::used;
use crate::fuzz::Entry;

pub const ENTRY: Entry = Entry { name: "tokenizer_gguf", run, fixed: 8 << 20, factor: 2048 };

fn run(data: &[u8]) -> bool {
    let Some((entries, rest)) = data.split_first() else { return false };
    let mut contents = b"GGUF\x03\0\0\0".to_vec();
    contents.extend(0u64.to_le_bytes());
    contents.extend(u64::from(*entries).to_le_bytes());
    contents.extend(rest);
    let Ok(file) = File::from_bytes("model.gguf", contents) else { return false };
    let Ok(found) = GgufTokenizer::from_metadata(file.metadata()) else { return false };
    let Ok(tokenizer) = Tokenizer::from_gguf(&found) else { return false };
    assert_eq!(tokenizer.vocab_size(), found.tokens.len());
    used::tokenizer(&tokenizer);
    true
}
