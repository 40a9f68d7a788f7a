//! A GGUF file, from its header to its last weight and its tokenizer.

use strike_models::gguf::File;
use strike_models::tokenizer::{GgufTokenizer, Tokenizer};
use strike_models::{FloatModel, Model};

use super::{used, Entry};

pub const ENTRY: Entry = Entry { name: "gguf", run, fixed: 8 << 20, factor: 512 };

fn run(data: &[u8]) -> bool {
    let Ok(file) = File::from_bytes("model.gguf", data.to_vec()) else { return false };
    if let Ok(Ok(tokenizer)) = GgufTokenizer::from_metadata(file.metadata()).map(|found| Tokenizer::from_gguf(&found)) {
        used::tokenizer(&tokenizer);
    }
    let model = Model::from_gguf_bytes("model.gguf", data.to_vec());
    if let Ok(model) = &model {
        used::model(model);
    }
    if let Ok(model) = FloatModel::from_gguf_bytes("model.gguf", data.to_vec()) {
        used::floats(&model);
    }
    model.is_ok()
}
