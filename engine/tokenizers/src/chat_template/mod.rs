//! Chat templates: messages to the text that a model was trained on.
//!
//! A template is Jinja as `transformers` runs it: blocks are trimmed (`trim_blocks`, `lstrip_blocks`), loops have `break` and
//! `continue`, methods of Python's strings, lists and dictionaries work, and there are `raise_exception`, `strftime_now` and
//! a `tojson` that writes as Python's `json.dumps`. `{% generation %}` marks what is trained on and does nothing here.
//! Variables are `messages`, `add_generation_prompt`, `bos_token`, `eos_token`, `pad_token`, `unk_token`, and `tools` and `documents`, which are none.
//!
//! Rendering reads no clock: `strftime_now` gives [`Date`], by default [`Date::FIXED`]. Whoever renders says which day
//! it is: a command that of its machine or of its user, a job that of the block with its order.
//!
//! [`ChatTemplate::encode`] gives the tokens of a conversation, and keeps apart control tokens of the template and text of
//! messages that looks like them.
//!
//! A template is bounded by its size, by steps of the interpreter and by the size of its output; so are the strings and lists
//! that it may make on the way, see `guard`.

mod date;
mod encode;
mod guard;
mod instrument;
mod json;
mod open;

use std::collections::BTreeMap;

use minijinja::{value::ValueKind, Environment, ErrorKind, Output, State, Value};
use serde::Deserialize;
use serde_json::Value as Json;
use strike_models::ModelError;
use thiserror::Error;

pub use date::Date;
pub use guard::{MAX_LIST, MAX_STRING};

use crate::tokenizer::error::TokenizerError;

/// Bytes of the longest template.
pub const MAX_TEMPLATE_BYTES: usize = 64 << 10;
/// Bytes of the largest `tokenizer_config.json`. Those of Gemma 3 have 1.2 MB.
pub const MAX_CONFIG_BYTES: usize = 4 << 20;
/// Bytes of the longest rendered text.
pub const MAX_OUTPUT_BYTES: usize = 4 << 20;
/// The most messages.
pub const MAX_MESSAGES: usize = 1024;
/// Steps of the interpreter for a conversation, and for every message more.
const FUEL: (u64, u64) = (100_000, 2_000);
/// Macros and includes within each other, in the interpreter's measure: a macro call counts four.
const RECURSION: usize = 100;
const NAME: &str = "chat_template";

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Who speaks: `system`, `user`, `assistant` or what else the template knows.
    pub role: String,
    /// What is said.
    pub content: String,
}

/// Why a template was refused or did not render.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChatTemplateError {
    /// The template, the conversation or the text is larger than accepted.
    #[error("chat template: {what}: {found}, at most {limit} are accepted")]
    TooLarge {
        /// What was counted.
        what: &'static str,
        /// How many were found.
        found: usize,
        /// The most that is accepted.
        limit: usize,
    },
    /// The configuration is not JSON, or `chat_template` in it is neither a text nor a list of named texts.
    #[error("chat template: malformed configuration: {reason}")]
    MalformedConfig {
        /// What is wrong with it.
        reason: String,
    },
    /// There are named templates, and none of them is called `default`.
    #[error("chat template: no template is called default")]
    NoDefault,
    /// The template is not Jinja, or uses what is not known here.
    #[error("chat template: malformed: {reason}")]
    MalformedTemplate {
        /// What the parser met.
        reason: String,
    },
    /// The template refuses these messages with `raise_exception`.
    #[error("chat template: {message}")]
    Refused {
        /// What it says.
        message: String,
    },
    /// The template needs more steps or more memory than a template may.
    #[error("chat template: {reason}")]
    Exhausted {
        /// Which limit it met.
        reason: String,
    },
    /// The texts of control tokens in the messages cannot be kept apart from the template's own.
    #[error(
        "chat template: a message has the text of a control token, which cannot be kept apart from the template's own"
    )]
    Inseparable,
    /// A message or the template has a character that stands for the beginnings of control tokens here.
    #[error("chat template: a message has a character of Supplementary Private Use Area-A (U+F0000 ..), leave it out")]
    StandIn,
    /// A file of the model was refused.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The tokenizer failed on the text.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The template failed on these messages.
    #[error("chat template: {reason}")]
    Failed {
        /// What the interpreter reported.
        reason: String,
    },
}

/// A parsed template.
#[derive(Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    /// What `bos_token` and its like stand for. A token that the model does not have is undefined, not empty: templates ask.
    tokens: BTreeMap<&'static str, String>,
}

impl ChatTemplate {
    /// Parses a template: `tokenizer.chat_template` of a GGUF file, or `chat_template.jinja`. The tokens are what `bos_token`
    /// and `eos_token` stand for in it.
    pub fn new(source: &str, bos_token: Option<&str>, eos_token: Option<&str>) -> Result<Self, ChatTemplateError> {
        at_most("bytes of the template", source.len(), MAX_TEMPLATE_BYTES)?;
        let mut environment = Environment::new();
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment.set_recursion_limit(RECURSION);
        environment.set_unknown_method_callback(guard::method);
        environment.set_formatter(write_as_python);
        environment.add_filter("tojson", json::tojson);
        environment.add_test("iterable", is_iterable);
        environment.add_function("raise_exception", |message: String| -> Result<Value, minijinja::Error> {
            Err(minijinja::Error::new(ErrorKind::InvalidOperation, format!("{RAISED}{message}")))
        });
        environment.add_function("strftime_now", |format: String| Date::FIXED.format(&format));
        let guarded = guard::guarded(source, &mut environment)
            .map_err(|reason| ChatTemplateError::MalformedTemplate { reason })?;
        environment
            .add_template_owned(NAME, guarded)
            .map_err(|error| ChatTemplateError::MalformedTemplate { reason: describe(&error) })?;
        let template = Self { environment, tokens: BTreeMap::new() };
        Ok(template.with_token("bos_token", bos_token).with_token("eos_token", eos_token))
    }

    /// The same template in which a variable stands for a token, if the model has it.
    fn with_token(mut self, name: &'static str, token: Option<&str>) -> Self {
        self.tokens.extend(token.map(|token| (name, token.to_owned())));
        self
    }

    /// The same template with what `pad_token` and `unk_token` stand for, if the model has them.
    pub fn with_tokens(self, pad_token: Option<&str>, unk_token: Option<&str>) -> Self {
        self.with_token("pad_token", pad_token).with_token("unk_token", unk_token)
    }

    /// Reads `tokenizer_config.json`; `None` if it has no template. Of named templates it is the one called `default`. `file`
    /// is the content of a `chat_template.jinja` beside it, which comes first.
    pub fn from_tokenizer_config(config: &[u8], file: Option<&str>) -> Result<Option<Self>, ChatTemplateError> {
        at_most("bytes of the configuration", config.len(), MAX_CONFIG_BYTES)?;
        let malformed = |reason: String| ChatTemplateError::MalformedConfig { reason };
        let config: Json = serde_json::from_slice(config).map_err(|error| malformed(error.to_string()))?;
        let token = |field: &str| config[field].as_str().or_else(|| config[field]["content"].as_str());
        let source = match (file, &config["chat_template"]) {
            (Some(source), _) => source,
            (None, Json::Null) => return Ok(None),
            (None, Json::String(source)) => source,
            (None, Json::Array(named)) => {
                let default =
                    named.iter().find(|entry| entry["name"] == "default").ok_or(ChatTemplateError::NoDefault)?;
                default["template"].as_str().ok_or_else(|| malformed("a template is no text".to_owned()))?
            }
            (None, _) => return Err(malformed("chat_template is neither a text nor a list".to_owned())),
        };
        let template = Self::new(source, token("bos_token"), token("eos_token"))?;
        Ok(Some(template.with_tokens(token("pad_token"), token("unk_token"))))
    }

    /// The same template on another day: what `strftime_now` gives.
    pub fn with_date(mut self, date: Date) -> Self {
        self.environment.add_function("strftime_now", move |format: String| date.format(&format));
        self
    }

    /// The text of a conversation. `add_generation_prompt` begins the model's turn behind it.
    pub fn render(&self, messages: &[Message], add_generation_prompt: bool) -> Result<String, ChatTemplateError> {
        at_most("messages", messages.len(), MAX_MESSAGES)?;
        let said = messages.iter().map(|message| message.role.len().saturating_add(message.content.len()));
        at_most("bytes of the messages", said.fold(0, usize::saturating_add), MAX_OUTPUT_BYTES)?;
        let mut environment = self.environment.clone();
        environment.set_fuel(Some(FUEL.0 + FUEL.1 * messages.len() as u64));
        let described = messages.iter().map(|message| {
            Value::from_iter([("role", Value::from(&message.role)), ("content", Value::from(&message.content))])
        });
        let mut context = vec![
            ("messages", described.collect()),
            ("add_generation_prompt", Value::from(add_generation_prompt)),
            ("tools", Value::from(())),
            ("documents", Value::from(())),
        ];
        context.extend(self.tokens.iter().map(|(name, token)| (*name, Value::from(token))));

        let template = environment.get_template(NAME).map_err(|error| failed(&error))?;
        let mut out = Bounded::default();
        let result = template.render_captured_to(Value::from_iter(context), &mut out);
        if out.full {
            let reason = format!("the text has more than {MAX_OUTPUT_BYTES} bytes");
            return Err(ChatTemplateError::Exhausted { reason });
        }
        result.map_err(|error| failed(&error))?;
        String::from_utf8(out.bytes).map_err(|error| ChatTemplateError::Failed { reason: error.to_string() })
    }
}

/// Marks an error as raised by the template itself.
const RAISED: &str = "raised: ";

/// Output up to a limit.
#[derive(Default)]
struct Bounded {
    bytes: Vec<u8>,
    full: bool,
}

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.bytes.len().saturating_add(bytes.len()) > MAX_OUTPUT_BYTES {
            self.full = true;
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// As Jinja2 has it: none is not iterable, unlike in this interpreter; what is undefined is.
fn is_iterable(value: &Value) -> bool {
    !value.is_none() && value.try_iter().is_ok()
}

/// Truth values and none as Python prints them.
fn write_as_python(out: &mut Output<'_>, state: &State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    // Text may be captured instead of written, so it counts here.
    guard::check(state, value)?;
    let written = match value.kind() {
        ValueKind::Bool if value.is_true() => out.write_str("True"),
        ValueKind::Bool => out.write_str("False"),
        ValueKind::None => out.write_str("None"),
        _ => write!(out, "{value}"),
    };
    written.map_err(minijinja::Error::from)
}

fn at_most(what: &'static str, found: usize, limit: usize) -> Result<(), ChatTemplateError> {
    if found > limit {
        return Err(ChatTemplateError::TooLarge { what, found, limit });
    }
    Ok(())
}

fn failed(error: &minijinja::Error) -> ChatTemplateError {
    // Inside macros and filters an error comes as the source of another.
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(inner) = source {
        if let Some(inner) = inner.downcast_ref::<minijinja::Error>() {
            let detail = inner.detail().unwrap_or_default();
            if let Some(message) = detail.strip_prefix(RAISED) {
                return ChatTemplateError::Refused { message: message.chars().take(1000).collect() };
            }
            if inner.kind() == ErrorKind::OutOfFuel || detail.starts_with(guard::LIMIT) {
                return ChatTemplateError::Exhausted { reason: describe(inner) };
            }
        }
        source = inner.source();
    }
    ChatTemplateError::Failed { reason: describe(error) }
}

/// The error with its place; a hostile template could make it long.
fn describe(error: &minijinja::Error) -> String {
    error.to_string().chars().take(1000).collect()
}
