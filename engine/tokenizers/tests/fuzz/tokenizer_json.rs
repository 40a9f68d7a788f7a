//! `tokenizer.json`.

use strike_tokenizers::Tokenizer;

use super::used;
use crate::fuzz::Entry;

pub const ENTRY: Entry = Entry { name: "tokenizer_json", run, fixed: 8 << 20, factor: 2048 };

fn run(data: &[u8]) -> bool {
    let Ok(tokenizer) = Tokenizer::from_json(data, 1000) else { return false };
    used::tokenizer(&tokenizer);
    true
}
