//! A GGUF file with its tokenizer, from its header to its last weight.

use strike_models::gguf::File;
use strike_tokenizers::{GgufTokenizer, Tokenizer};

use super::used;
use crate::fuzz::{gguf, Entry};

pub const ENTRY: Entry = Entry { run, ..gguf::ENTRY };

fn run(data: &[u8]) -> bool {
    let Ok(file) = File::from_bytes("model.gguf", data.to_vec()) else { return false };
    if let Ok(Ok(tokenizer)) = GgufTokenizer::from_metadata(file.metadata()).map(|found| Tokenizer::from_gguf(&found)) {
        used::tokenizer(&tokenizer);
    }
    (gguf::ENTRY.run)(data)
}
