//! What is printed: lines, tables, JSON values, failures.
//!
//! Much of it was written by strangers: texts that models wrote, names of models, what nodes say. A terminal gets their control characters
//! escaped, so that none of it moves the cursor, hides what was printed or sends keys. Files and pipes get everything as it is.

use crate::{error::Error, present::json::ErrorView};
use serde::Serialize;
use std::{
    borrow::Cow,
    io::{IsTerminal, Write},
};
use strike_chain::Progress;

/// Whether a terminal acts on a character instead of showing it. Newlines and tabs do no harm.
fn is_acted_on(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\t')
}

/// A text as a stream gets it: a terminal with control characters escaped.
fn shown(text: &str, is_terminal: bool) -> Cow<'_, str> {
    if !is_terminal || !text.contains(is_acted_on) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match is_acted_on(character) {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    Cow::Owned(shown)
}

/// One line of progress, on stderr.
pub fn progress(line: impl AsRef<str>) {
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(stderr, "{}", shown(line.as_ref(), stderr.is_terminal()));
}

/// Progress of the libraries, likewise.
pub fn on_stderr() -> Progress {
    Progress::new(|line| progress(line))
}

/// Prints a line on stdout. A reader that went away (`strike … | head -1`) is no failure.
pub fn line(text: impl AsRef<str>) {
    let mut stdout = std::io::stdout().lock();
    let is_terminal = stdout.is_terminal();
    let _ = writeln!(stdout, "{}", shown(text.as_ref(), is_terminal)).and_then(|()| stdout.flush());
}

/// Prints a piece of a text on stdout as it comes, likewise.
pub fn piece(text: impl AsRef<str>) {
    let mut stdout = std::io::stdout().lock();
    let is_terminal = stdout.is_terminal();
    let _ = write!(stdout, "{}", shown(text.as_ref(), is_terminal)).and_then(|()| stdout.flush());
}

/// Prints a value as one line of JSON on stdout.
pub fn json(value: &impl Serialize) -> Result<(), Error> {
    line(json_text(value)?);
    Ok(())
}

/// A value as JSON without any control character: serde_json escapes those of ASCII but DEL, and terminals act on others too.
fn json_text(value: &impl Serialize) -> Result<String, Error> {
    let text = serde_json::to_string(value).map_err(|error| Error::new("OutputNotSerializable", error.to_string()))?;
    if !text.contains(char::is_control) {
        return Ok(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        // Only strings can have one.
        match character.is_control() {
            true => escaped.push_str(&format!("\\u{:04x}", u32::from(character))),
            false => escaped.push(character),
        }
    }
    Ok(escaped)
}

/// A failure as JSON.
#[derive(Serialize)]
struct FailureView {
    error: ErrorView,
}

fn error_json(error: &Error) -> String {
    json_text(&FailureView { error: error.into() }).unwrap_or_default()
}

/// Prints a failure: one line, its transaction and a hint on stderr, with `--json` also an object on stdout, unless what is there
/// tells it.
pub fn print_error(error: &Error, as_json: bool) {
    progress(format!("error: {error}"));
    if let Some(sent) = &error.transaction {
        progress(format!("  transaction: {:?}, of {} with nonce {}", sent.hash, sent.account, sent.nonce));
    }
    if let Some(hint) = &error.hint {
        progress(format!("  hint: {hint}"));
    }
    if as_json && !error.is_told {
        line(error_json(error));
    }
}

/// Rows in aligned columns, the first row being the header.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_have_a_shape() {
        let error = Error::new("JobNotFound", "there is no job 7").hint("see strike job list");
        assert_eq!(
            error_json(&error),
            r#"{"error":{"name":"JobNotFound","message":"there is no job 7","hint":"see strike job list"}}"#
        );
    }

    #[test]
    fn a_failure_behind_a_transaction_names_it_and_what_is_ordered() {
        let sent = strike_chain::Sent {
            hash: strike_primitives::H256([0xab; 32]),
            account: strike_primitives::AccountId::new([1; 32]),
            nonce: 7,
            signed_at: 100,
        };
        let json = error_json(&Error::new("TransactionUnknown", "gone").transaction(&sent).jobs(vec![5, 6]));
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let expected = serde_json::json!({
            "hash": format!("0x{}", "ab".repeat(32)),
            "account": sent.account.to_string(),
            "nonce": 7,
            "first_block": 100,
            "last_block": 164,
        });
        assert_eq!(value["error"]["transaction"], expected);
        assert_eq!(value["error"]["jobs"], serde_json::json!([5, 6]));
    }

    #[test]
    fn a_terminal_gets_what_strangers_wrote_without_effects_and_a_pipe_as_it_is() {
        let hostile = "ok\u{1b}]0;title\u{7}\u{1b}[2J\tb\r\n\u{9b}31m\u{7f}\u{0}é…";
        assert_eq!(shown(hostile, false), hostile);
        let safe = shown(hostile, true);
        assert_eq!(safe, "ok\\u{1b}]0;title\\u{7}\\u{1b}[2J\tb\\r\n\\u{9b}31m\\u{7f}\\u{0}é…");
        assert!(!safe.contains(is_acted_on));
        assert!(matches!(shown("plain\n\ttext", true), Cow::Borrowed(_)));
    }

    #[test]
    fn json_has_no_control_characters_and_says_the_same() {
        let hostile: String = (0..0x100).filter_map(char::from_u32).collect();
        let text = json_text(&hostile).unwrap();
        assert!(!text.contains(char::is_control), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), hostile);
    }

    #[test]
    fn tables_are_aligned() {
        let rows = [vec!["a".into(), "bb".into()], vec!["ccc".into(), "d".into()]];
        assert_eq!(table(&rows), "a    bb\nccc  d");
    }
}
