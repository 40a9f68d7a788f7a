//! The model that is compiled in.

use std::borrow::Cow;

use strike_models::ModelFiles;

/// The files of the model that is compiled in.
pub fn builtin_files() -> ModelFiles {
    ModelFiles {
        config: Cow::Borrowed(include_bytes!("../models/builtin/config.json")),
        weights: Cow::Borrowed(include_bytes!("../models/builtin/model.safetensors")),
        tokenizer: Cow::Borrowed(include_bytes!("../models/builtin/tokenizer.json")),
    }
}
