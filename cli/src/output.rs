//! What is printed: amounts, tables, JSON values, failures.

use crate::{error::Error, keys};
use serde::Serialize;
use std::io::Write;
use strike_primitives::{AccountId, Balance, TOKEN, TOKEN_DECIMALS, TOKEN_SYMBOL};

/// Parses a decimal number with at most `decimals` digits after the point into units of its last digit. Exact: neither
/// digits nor overflow are dropped.
fn parse_decimal(text: &str, decimals: u32) -> Result<u128, String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) || !is_digits(fraction) {
        return Err("not a decimal number such as 1.5".into());
    }
    let missing = (decimals as usize)
        .checked_sub(fraction.len())
        .ok_or_else(|| format!("more than {decimals} digits after the point"))?;
    let digits = format!("{whole}{fraction}{}", "0".repeat(missing));
    digits.parse().map_err(|_| "too large".into())
}

/// Parses an amount in tokens, such as `1.5`, into the smallest unit.
pub fn parse_amount(text: &str) -> Result<Balance, String> {
    parse_decimal(text, u32::from(TOKEN_DECIMALS))
}

/// Parses a number such as `0.7` into thousandths.
pub fn parse_milli(text: &str) -> Result<u16, String> {
    u16::try_from(parse_decimal(text, 3)?).map_err(|_| "larger than 65.535".into())
}

/// An amount as people read it: `1.5 STRIKE`.
pub fn amount(value: Balance) -> String {
    format!("{} {TOKEN_SYMBOL}", tokens(value))
}

/// An amount in tokens, without trailing zeros: `1.5`.
pub fn tokens(value: Balance) -> String {
    let fraction = value % TOKEN;
    if fraction == 0 {
        return (value / TOKEN).to_string();
    }
    let digits = format!("{fraction:0width$}", width = usize::from(TOKEN_DECIMALS));
    format!("{}.{}", value / TOKEN, digits.trim_end_matches('0'))
}

/// An account as people read it: with its name where it is a development account.
pub fn account(account: &AccountId) -> String {
    match keys::name_of(account) {
        Some(name) => format!("{name} ({account})"),
        None => account.to_string(),
    }
}

/// An account in a narrow column: its development name or its address.
pub fn short_account(account: &AccountId) -> String {
    keys::name_of(account).map_or_else(|| account.to_string(), str::to_owned)
}

/// One line of progress, on stderr.
pub fn progress(line: impl AsRef<str>) {
    eprintln!("{}", line.as_ref());
}

/// Prints a line on stdout. A reader that went away (`strike … | head -1`) is no failure.
pub fn line(text: impl AsRef<str>) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{}", text.as_ref()).and_then(|()| stdout.flush());
}

/// Prints a value as one line of JSON on stdout.
pub fn json(value: &impl Serialize) -> Result<(), Error> {
    // Straight to text: serde_json's `Value` has no 128-bit integers.
    let text = serde_json::to_string(value).map_err(|error| Error::new("OutputNotSerializable", error.to_string()))?;
    line(text);
    Ok(())
}

/// A failure as JSON.
#[derive(Serialize)]
struct ErrorView<'a> {
    error: ErrorBody<'a>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    name: &'a str,
    message: &'a str,
    hint: Option<&'a str>,
}

fn error_json(error: &Error) -> String {
    let body = ErrorBody { name: &error.name, message: &error.message, hint: error.hint.as_deref() };
    serde_json::to_string(&ErrorView { error: body }).unwrap_or_default()
}

/// Prints a failure: one line and a hint on stderr, with `--json` also an object on stdout.
pub fn print_error(error: &Error, as_json: bool) {
    eprintln!("error: {error}");
    if let Some(hint) = &error.hint {
        eprintln!("  hint: {hint}");
    }
    if as_json {
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
    fn amounts_are_parsed_exactly() {
        assert_eq!(parse_amount("1.5"), Ok(1_500_000_000_000));
        assert_eq!(parse_amount("0.000000000001"), Ok(1));
        assert_eq!(parse_amount(".5"), Ok(TOKEN / 2));
        assert_eq!(parse_amount("7."), Ok(7 * TOKEN));
        assert_eq!(parse_amount("007"), Ok(7 * TOKEN));
        // 2^128 - 1 units, and one more.
        assert_eq!(parse_amount("340282366920938463463374607.431768211455"), Ok(Balance::MAX));
        assert!(parse_amount("340282366920938463463374607.431768211456").is_err());
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", ".", "-1", "+1", "1e3", "1,5", "1_000", "1.0000000000001", " 1", "1 ", "١", "1.2.3"] {
            assert!(parse_amount(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn amounts_are_printed_as_they_are_parsed() {
        for value in [0, 1, TOKEN, TOKEN + 1, 1_500_000_000_000, Balance::MAX] {
            assert_eq!(parse_amount(&tokens(value)), Ok(value));
        }
        assert_eq!(amount(1_500_000_000_000), "1.5 STRIKE");
    }

    #[test]
    fn thousandths_are_checked() {
        assert_eq!(parse_milli("0.7"), Ok(700));
        assert_eq!(parse_milli("65.535"), Ok(65_535));
        assert!(parse_milli("65.536").is_err());
        assert!(parse_milli("0.0001").is_err());
    }

    #[test]
    fn failures_have_a_shape() {
        let error = Error::new("JobNotFound", "there is no job 7").hint("see strike job list");
        assert_eq!(
            error_json(&error),
            r#"{"error":{"name":"JobNotFound","message":"there is no job 7","hint":"see strike job list"}}"#
        );
    }

    #[test]
    fn tables_are_aligned() {
        let rows = [vec!["a".into(), "bb".into()], vec!["ccc".into(), "d".into()]];
        assert_eq!(table(&rows), "a    bb\nccc  d");
    }
}
