//! A folder with every file that is read: parts in the order of [`FILES`], then the second shard.

use strike_models::{CacheUse, FloatModel, Model, OpenOptions};

use super::{used, Entry, Parts};

pub const ENTRY: Entry = Entry { name: "folder", run, fixed: 8 << 20, factor: 512 };

/// An empty part is no file.
pub const FILES: [&str; 7] = [
    "config.json",
    "generation_config.json",
    "modules.json",
    "1_Pooling/config.json",
    "model.safetensors.index.json",
    "model.safetensors",
    "first.safetensors",
];
/// What is left of the input.
pub const LAST: &str = "second.safetensors";

fn run(data: &[u8]) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, contents: &[u8]| std::fs::write(folder.path().join(name), contents).expect("a file");
    std::fs::create_dir(folder.path().join("1_Pooling")).expect("a folder");
    let mut parts = Parts(data);
    for name in FILES {
        if let Some(part) = parts.some() {
            put(name, part);
        }
    }
    put(LAST, parts.0);
    let options = OpenOptions { cache: CacheUse::Off, ..OpenOptions::default() };
    let model = Model::open(folder.path(), &options);
    if let Ok(model) = &model {
        used::model(model);
    }
    if let Ok(model) = FloatModel::open(folder.path()) {
        used::floats(&model);
    }
    model.is_ok()
}
