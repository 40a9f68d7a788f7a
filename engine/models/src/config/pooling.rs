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
}

/// Every way of pooling is a field that is true or false.
#[derive(Deserialize)]
struct Modes(std::collections::BTreeMap<String, serde_json::Value>);

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
                        "Transformer" | "Pooling" => {}
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
                let Modes(modes) = serde_json::from_slice(contents)
                    .map_err(|error| ModelError::malformed(POOLING_FILE, error.to_string()))?;
                let chosen: Vec<_> = modes
                    .iter()
                    .filter(|(field, value)| field.starts_with("pooling_mode_") && value.as_bool() == Some(true))
                    .map(|(field, _)| field.as_str())
                    .collect();
                match chosen.as_slice() {
                    ["pooling_mode_cls_token"] => Pooling::Cls,
                    ["pooling_mode_mean_tokens"] | [] => Pooling::Mean,
                    other => return Bounds { file: POOLING_FILE }.unsupported("pooling mode", other.join(", ")),
                }
            }
        };
        Ok((pooling, normalize))
    }
}
