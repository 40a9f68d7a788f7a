//! Conversations as prompts.

use super::words::{failed, unreadable};
use crate::{
    args::EngineGenerateArgs,
    commands::{model::BUILTIN, prompt::prompt},
    error::{Error, Result},
};
use std::{path::Path, time::SystemTime};
use strike_inference::exact::ExactModel;
use strike_tokenizers::chat_template::{ChatTemplate, Date, Message, MAX_OUTPUT_BYTES};

/// What the command line asks to go on from.
pub enum Prompt {
    /// A text.
    Text(String),
    /// A conversation, and the day that the model's template may tell.
    Chat(Vec<Message>, Date),
}

impl Prompt {
    pub fn read(args: &EngineGenerateArgs) -> Result<Self> {
        let chat = &args.chat;
        if let Some(file) = &chat.messages {
            return Ok(Self::Chat(messages(file)?, day(chat.date)));
        }
        let prompt = prompt(&args.prompt)?;
        if !chat.chat {
            return Ok(Self::Text(prompt));
        }
        let message = |role: &str, content: String| Message { role: role.to_owned(), content };
        let system = chat.system.clone().map(|content| message("system", content));
        let messages = system.into_iter().chain([message("user", prompt)]).collect();
        Ok(Self::Chat(messages, day(chat.date)))
    }

    /// The text as the model reads it, and its tokens.
    pub fn tokens(&self, model: &ExactModel, path: &str) -> Result<(String, Vec<u32>)> {
        let (messages, date) = match self {
            Self::Text(text) => return Ok((text.clone(), model.prompt(text).map_err(failed)?)),
            Self::Chat(messages, date) => (messages, *date),
        };
        let missing = || {
            Error::new(
                "ChatTemplateMissing",
                format!("{path} has no chat template, it was not trained on conversations"),
            )
            .hint("leave out --chat and --messages, or put a chat_template.jinja into the model's folder")
        };
        let failed = |error: strike_tokenizers::chat_template::ChatTemplateError| {
            Error::new("ChatTemplateFailed", error.to_string())
        };
        if path == BUILTIN {
            return Err(missing());
        }
        let template = ChatTemplate::open(Path::new(path)).map_err(failed)?.ok_or_else(missing)?.with_date(date);
        let text = template.render(messages, true).map_err(failed)?;
        Ok((text, model.chat_prompt(&template, messages).map_err(failed)?))
    }
}

/// The day that was asked for, or that of this machine's clock.
fn day(asked: Option<Date>) -> Date {
    let today = || {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Date::at_unix_time(since.as_secs()).unwrap_or(Date::FIXED)
    };
    asked.unwrap_or_else(today)
}

fn messages(file: &Path) -> Result<Vec<Message>> {
    let length = std::fs::metadata(file).map_err(|error| unreadable(file, &error))?.len();
    let malformed = |reason: String| {
        Error::new("FileMalformed", format!("{}: {reason}", file.display()))
            .hint("the file holds a JSON array of {\"role\": \"user\", \"content\": \"…\"}")
    };
    // In JSON a byte takes at most six.
    if length > 6 * MAX_OUTPUT_BYTES as u64 {
        return Err(malformed(format!("{length} bytes, at most {} are read", 6 * MAX_OUTPUT_BYTES)));
    }
    let contents = std::fs::read(file).map_err(|error| unreadable(file, &error))?;
    serde_json::from_slice(&contents).map_err(|error| malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_hold_conversations() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("messages.json");
        std::fs::write(&file, r#"[{"role": "user", "content": "Hello"}]"#).unwrap();
        let expected = [Message { role: "user".to_owned(), content: "Hello".to_owned() }];
        assert_eq!(messages(&file).unwrap(), expected);
        for wrong in ["{}", r#"[{"role": "user"}]"#, r#"[{"role": "user", "content": "x", "tool_calls": []}]"#] {
            std::fs::write(&file, wrong).unwrap();
            assert_eq!(messages(&file).unwrap_err().name, "FileMalformed");
        }
        assert_eq!(messages(&folder.path().join("none")).unwrap_err().name, "FileUnreadable");
    }

    #[test]
    fn the_day_is_that_of_the_clock_or_of_the_command() {
        let asked = Date::new(2026, 2, 3);
        assert_eq!(Some(day(asked)), asked);
        assert_ne!(day(None), Date::FIXED, "a clock of today is not in 2024");
    }

    #[test]
    fn a_model_without_a_template_says_so() {
        let model = ExactModel::builtin().unwrap();
        let messages = vec![Message { role: "user".to_owned(), content: "Hello".to_owned() }];
        let chat = Prompt::Chat(messages, Date::FIXED);
        assert_eq!(chat.tokens(&model, BUILTIN).unwrap_err().name, "ChatTemplateMissing");
        let (text, tokens) = Prompt::Text("Hello".to_owned()).tokens(&model, BUILTIN).unwrap();
        assert_eq!((text.as_str(), tokens), ("Hello", model.prompt("Hello").unwrap()));
    }
}
