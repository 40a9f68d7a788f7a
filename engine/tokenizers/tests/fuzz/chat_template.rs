//! A chat template: a byte that says whether the rest is the template or a `tokenizer_config.json`.

use strike_tokenizers::chat_template::{ChatTemplate, Message, MAX_OUTPUT_BYTES};

use crate::fuzz::Entry;

/// A rendering may hold some strings of the longest length at once, whatever the template.
pub const ENTRY: Entry = Entry { name: "chat_template", run, fixed: 256 << 20, factor: 512 };

fn run(data: &[u8]) -> bool {
    let Some((kind, rest)) = data.split_first() else { return false };
    let template = match (kind & 1, std::str::from_utf8(rest)) {
        (0, Ok(source)) => ChatTemplate::new(source, Some("<s>"), Some("</s>")).map(Some),
        (0, Err(_)) => return false,
        _ => ChatTemplate::from_tokenizer_config(rest, None),
    };
    let Ok(Some(template)) = template else { return false };
    let message = |role: &str, content: &str| Message { role: role.to_owned(), content: content.to_owned() };
    let messages = [
        message("system", "Be short."),
        message("user", "  Wie spät? {{ x }}\n"),
        message("assistant", "<s>12'\"\n"),
        message("user", ""),
    ];
    for prompt in [false, true] {
        if let Ok(text) = template.render(&messages, prompt) {
            assert!(text.len() <= MAX_OUTPUT_BYTES);
        }
    }
    true
}
