//! Amounts as people write and read them: in tokens, with a decimal point. JSON has them in the smallest unit instead, see
//! [`strike_primitives::amount`].

use strike_primitives::{Balance, TOKEN, TOKEN_DECIMALS, TOKEN_SYMBOL};

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
}
