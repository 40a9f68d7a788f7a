//! Failures and names of the engine, as all its commands tell them.

use crate::error::Error;
use std::path::Path;
use strike_inference::exact::{JobError, Stop};

/// The failure of a command whose work failed.
pub fn failed(error: JobError) -> Error {
    // The variant's name says which condition; the text says the numbers.
    let name = format!("{error:?}");
    let name = name.split(|character: char| !character.is_alphanumeric()).next().unwrap_or_default().to_owned();
    Error::new(name, error.to_string())
}

/// The failure of a command that cannot read a file.
pub fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::new("FileUnreadable", format!("{}: {error}", path.display()))
}

/// `0x…` of a hash.
pub fn hex_hash(hash: &[u8; 32]) -> String {
    format!("0x{}", hex::encode(hash))
}

/// The word for why an output ended.
pub fn stop_name(stop: Stop) -> &'static str {
    match stop {
        Stop::EndOfText => "end_of_text",
        Stop::StopSequence => "stop_sequence",
        Stop::GrammarComplete => "grammar_complete",
        Stop::MaxTokens => "max_tokens",
        Stop::ContextFull => "context_full",
    }
}
