//! How sentence-transformers pools: `1_Pooling/config.json` and `modules.json`.

use std::path::Path;

use serde::Deserialize;

use super::bounds::Bounds;
use crate::architecture::Pooling;
use crate::containers::source::read_whole;
use crate::error::ModelError;

/// The pipeline of a sentence-transformers model.
const MODULES_FILE: &str = "modules.json";
/// Its pooling step.
const POOLING_FILE: &str = "1_Pooling/config.json";

const LIMIT: u64 = 1 << 16;

/// Contents of the two files, where they exist.
#[derive(Clone, Copy, Default)]
pub(crate) struct PoolingFiles<'a> {
    pub modules: Option<&'a [u8]>,
    pub pooling: Option<&'a [u8]>,
}

/// The two files of a folder.
pub(crate) struct PoolingContents {
    modules: Option<Vec<u8>>,
    pooling: Option<Vec<u8>>,
}

impl PoolingContents {
    pub fn read(folder: &Path) -> Result<Self, ModelError> {
        let optional = |file: &str| {
            let path = folder.join(file);
            path.exists().then(|| read_whole(&path, LIMIT)).transpose()
        };
        Ok(Self { modules: optional(MODULES_FILE)?, pooling: optional(POOLING_FILE)? })
    }

    pub fn files(&self) -> PoolingFiles<'_> {
        PoolingFiles { modules: self.modules.as_deref(), pooling: self.pooling.as_deref() }
    }
}

#[derive(Deserialize)]
struct Module {
    #[serde(rename = "type")]
    kind: String,
    /// Its folder, below the model's.
    #[serde(default)]
    path: String,
}

/// The fields of the pooling step. Older files have a field for each way, which is true or false; newer ones name the way, or
/// several whose vectors are joined.
#[derive(Deserialize)]
struct Modes(std::collections::BTreeMap<String, serde_json::Value>);

impl Modes {
    /// The ways that are chosen, by the names of the newer files.
    fn chosen(&self) -> Result<Vec<String>, ModelError> {
        let bounds = Bounds { file: POOLING_FILE };
        let mut chosen: Vec<String> = match self.0.get("pooling_mode") {
            None | Some(serde_json::Value::Null) => Vec::new(),
            Some(serde_json::Value::String(way)) => vec![way.clone()],
            Some(serde_json::Value::Array(ways)) => {
                let texts = ways.iter().map(|way| way.as_str().map(str::to_owned)).collect::<Option<_>>();
                texts
                    .ok_or_else(|| ModelError::malformed(POOLING_FILE, "pooling_mode is no list of texts".to_owned()))?
            }
            Some(other) => return bounds.unsupported("pooling_mode", other),
        };
        let (mut is_said, named) = (!chosen.is_empty(), !chosen.is_empty());
        for (field, value) in self.0.iter().filter(|(field, _)| field.starts_with("pooling_mode_")) {
            is_said = true;
            if value.as_bool() != Some(true) {
                continue;
            }
            let way = match field.as_str() {
                "pooling_mode_cls_token" => "cls",
                "pooling_mode_mean_tokens" => "mean",
                other => other,
            };
            match named && chosen.iter().all(|other| other != way) {
                true => return bounds.unsupported("pooling_mode", format!("{}, and {field}", chosen.join(", "))),
                false if named => {}
                false => chosen.push(way.to_owned()),
            }
        }
        // A file that says nothing of it means what sentence-transformers does by itself.
        if !is_said {
            chosen.push("mean".to_owned());
        }
        Ok(chosen)
    }
}

impl PoolingFiles<'_> {
    /// The pooling, and whether the vector is normalized: mean and yes without the files.
    pub(super) fn parse(self) -> Result<(Pooling, bool), ModelError> {
        let normalize = match self.modules {
            None => true,
            Some(contents) => {
                let modules: Vec<Module> = serde_json::from_slice(contents)
                    .map_err(|error| ModelError::malformed(MODULES_FILE, error.to_string()))?;
                let bounds = Bounds { file: MODULES_FILE };
                let mut normalize = false;
                for module in modules {
                    match module.kind.rsplit('.').next().unwrap_or_default() {
                        "Transformer" if module.path.is_empty() => {}
                        "Pooling" if POOLING_FILE.strip_suffix("/config.json") == Some(module.path.as_str()) => {}
                        "Transformer" | "Pooling" => return bounds.unsupported("path", module.path),
                        "Normalize" => normalize = true,
                        _ => return bounds.unsupported("type", module.kind),
                    }
                }
                normalize
            }
        };
        let pooling = match self.pooling {
            None => Pooling::Mean,
            Some(contents) => {
                let modes: Modes = serde_json::from_slice(contents)
                    .map_err(|error| ModelError::malformed(POOLING_FILE, error.to_string()))?;
                let chosen = modes.chosen()?;
                match chosen.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                    ["cls"] => Pooling::Cls,
                    ["mean"] => Pooling::Mean,
                    other => return Bounds { file: POOLING_FILE }.unsupported("pooling mode", other.join(", ")),
                }
            }
        };
        Ok((pooling, normalize))
    }
}
