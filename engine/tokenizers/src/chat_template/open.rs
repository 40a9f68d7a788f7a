//! Where a model keeps its template.

use std::path::Path;

use strike_models::{gguf, read_whole, ModelError};

use super::{ChatTemplate, ChatTemplateError, MAX_TEMPLATE_BYTES};

/// The template among other settings, and the tokens' texts.
const CONFIG_FILE: &str = "tokenizer_config.json";
/// A template by itself; it comes first.
const TEMPLATE_FILE: &str = "chat_template.jinja";
const CONFIG_LIMIT: u64 = 16 << 20;

impl ChatTemplate {
    /// The template of a model: of a folder `chat_template.jinja` or the one in `tokenizer_config.json`, of a GGUF file
    /// `tokenizer.chat_template`. `None` if the model has none: it was not trained on conversations.
    pub fn open(path: &Path) -> Result<Option<Self>, ChatTemplateError> {
        match path.is_dir() {
            true => Self::of_folder(path),
            false => Self::of_gguf(&gguf::File::open(path)?),
        }
    }

    fn of_folder(folder: &Path) -> Result<Option<Self>, ChatTemplateError> {
        let read = |name: &str, limit: u64| {
            let path = folder.join(name);
            path.exists().then(|| read_whole(&path, limit)).transpose()
        };
        let template = read(TEMPLATE_FILE, MAX_TEMPLATE_BYTES as u64)?.map(String::from_utf8).transpose();
        let template = template
            .map_err(|error| ModelError::Malformed { file: TEMPLATE_FILE.to_owned(), reason: error.to_string() })?;
        match (read(CONFIG_FILE, CONFIG_LIMIT)?, template) {
            (Some(config), template) => Self::from_tokenizer_config(&config, template.as_deref()),
            (None, Some(template)) => Self::new(&template, None, None).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn of_gguf(file: &gguf::File) -> Result<Option<Self>, ChatTemplateError> {
        let metadata = file.metadata();
        let Some(template) = metadata.string("tokenizer.chat_template")? else { return Ok(None) };
        let tokens = metadata.strings("tokenizer.ggml.tokens")?.unwrap_or_default();
        let token = |name: &str| {
            let id = metadata.unsigned(&format!("tokenizer.ggml.{name}_token_id"))?;
            Ok::<_, ModelError>(id.and_then(|id| tokens.get(usize::try_from(id).ok()?)).map(String::as_str))
        };
        let template = Self::new(template, token("bos")?, token("eos")?)?;
        Ok(Some(template.with_tokens(token("padding")?, token("unknown")?)))
    }
}
