//! `adapter_config.json` of PEFT.

use serde::Deserialize;

use crate::error::ModelError;

const RANK_LIMIT: usize = 1024;

#[derive(Deserialize)]
struct Raw {
    peft_type: Option<String>,
    r: usize,
    lora_alpha: f64,
    #[serde(default)]
    use_rslora: bool,
    #[serde(default)]
    use_dora: bool,
    #[serde(default)]
    fan_in_fan_out: bool,
    bias: Option<String>,
    modules_to_save: Option<Vec<String>>,
    /// All other fields: names, what training did, and [`OTHER_FORMULAS`].
    #[serde(flatten)]
    rest: serde_json::Map<String, serde_json::Value>,
}

/// Fields that, where they say anything, make the layer compute something else than `W x + scale · B (A x)`.
const OTHER_FORMULAS: [&str; 9] = [
    "rank_pattern",
    "alpha_pattern",
    "lora_bias",
    "layer_replication",
    "trainable_token_indices",
    "target_parameters",
    "use_qalora",
    "use_bdlora",
    "alora_invocation_tokens",
];

/// Ways to begin training that leave the base model as it is. The others (`pissa`, `olora`, `corda`, `loftq`, `lora_ga` …) change its
/// weights, and the factors are to be added to what they have become.
const PLAIN_BEGINNINGS: [&str; 3] = ["gaussian", "eva", "orthogonal"];

/// Whether a field says nothing: it is null, false, or has no entries.
fn says_nothing(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(entries) => entries.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

pub(super) struct Config {
    pub rank: usize,
    pub scale: f32,
}

/// Rank and scale; what changes the formula in another way is refused.
pub(super) fn parse(file: &str, contents: &[u8]) -> Result<Config, ModelError> {
    let raw: Raw = serde_json::from_slice(contents).map_err(|error| ModelError::malformed(file, error.to_string()))?;
    let unsupported = |field: &str, found: String| {
        Err(ModelError::UnsupportedConfig { file: file.to_owned(), field: field.to_owned(), found })
    };
    let out_of_range = |field: &str, found: String, expected: String| {
        Err(ModelError::ConfigOutOfRange { file: file.to_owned(), field: field.to_owned(), found, expected })
    };
    if let Some(kind) = raw.peft_type.filter(|kind| kind != "LORA") {
        return unsupported("peft_type", kind);
    }
    for (field, set) in [("use_dora", raw.use_dora), ("fan_in_fan_out", raw.fan_in_fan_out)] {
        if set {
            return unsupported(field, "true".to_owned());
        }
    }
    if let Some(bias) = raw.bias.filter(|bias| bias != "none") {
        return unsupported("bias", bias);
    }
    if let Some(modules) = raw.modules_to_save.filter(|modules| !modules.is_empty()) {
        return unsupported("modules_to_save", modules.join(", "));
    }
    for field in OTHER_FORMULAS {
        if raw.rest.get(field).is_some_and(|value| !says_nothing(value)) {
            return unsupported(field, "given".to_owned());
        }
    }
    if let Some(found) = raw.rest.get("init_lora_weights").and_then(serde_json::Value::as_str) {
        if !PLAIN_BEGINNINGS.contains(&found) {
            return unsupported("init_lora_weights", found.to_owned());
        }
    }
    if !(1..=RANK_LIMIT).contains(&raw.r) {
        return out_of_range("r", raw.r.to_string(), format!("1 to {RANK_LIMIT}"));
    }
    if !(0.0..=1e6).contains(&raw.lora_alpha) {
        return out_of_range("lora_alpha", raw.lora_alpha.to_string(), "0 to 1e6".to_owned());
    }
    let divisor = if raw.use_rslora { libm::sqrt(raw.r as f64) } else { raw.r as f64 };
    Ok(Config { rank: raw.r, scale: (raw.lora_alpha / divisor) as f32 })
}
