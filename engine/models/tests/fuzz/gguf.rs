//! A GGUF file, from its header to its last weight. The file's tokenizer is added in `engine/tokenizers/tests/fuzz/gguf.rs`.

use strike_models::gguf::File;
use strike_models::{FloatModel, Model};

use super::{used, Entry};

pub const ENTRY: Entry = Entry { name: "gguf", run, fixed: 8 << 20, factor: 512 };

fn run(data: &[u8]) -> bool {
    if File::from_bytes("model.gguf", data.to_vec()).is_err() {
        return false;
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
