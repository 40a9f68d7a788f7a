//! `config.json` and `model.safetensors` in memory: a part with the configuration, then the weights.

use strike_models::{FloatModel, Model, ModelFiles};

use super::{used, Entry, Parts};

pub const ENTRY: Entry = Entry { name: "safetensors", run, fixed: 8 << 20, factor: 512 };

fn run(data: &[u8]) -> bool {
    let mut parts = Parts(data);
    let files = ModelFiles {
        config: parts.next().to_vec().into(),
        weights: parts.0.to_vec().into(),
        tokenizer: Vec::new().into(),
    };
    let model = Model::from_files(&files);
    if let Ok(model) = &model {
        used::model(model);
    }
    if let Ok(model) = FloatModel::from_files(&files) {
        used::floats(&model);
    }
    model.is_ok()
}
