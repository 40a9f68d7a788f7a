//! Amounts in JSON: decimal strings of the smallest unit, such as `"1500000000000"` for 1.5 tokens.
//!
//! Most JSON parsers read numbers as binary64, which holds integers up to 2^53: 9,007 tokens. A string keeps every unit.
//! Readers also take a JSON integer below 2^64, for what people write by hand. A larger one is refused, however exactly a parser
//! has read it: what is taken does not depend on the parser's features.

use crate::Balance;
use serde::{
    de::{self, Unexpected},
    Deserialize, Deserializer, Serialize, Serializer,
};
use std::{
    fmt::{self, Display, Formatter},
    str::FromStr,
};

/// An amount that JSON shows as a decimal string of the smallest unit. All views and orders in JSON use it for money.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Amount(pub Balance);

/// The text is no amount: digits `0` to `9` alone, no leading zero, at most 2^128 - 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidAmount;

impl Display for InvalidAmount {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }
}

impl std::error::Error for InvalidAmount {}

/// What a reader is told that wrote something else.
const EXPECTED: &str =
    "an amount in units of 10^-12 token: a decimal string such as \"1500000000000\", or an integer below 2^64";

impl From<Balance> for Amount {
    fn from(amount: Balance) -> Self {
        Self(amount)
    }
}

impl From<Amount> for Balance {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

impl Display for Amount {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Amount {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        // The parser of integers takes a sign and leading zeros.
        let is_canonical = text == "0" || !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        match is_canonical {
            true => text.parse().map(Self).map_err(|_| InvalidAmount),
            false => Err(InvalidAmount),
        }
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

/// Reads an amount of a JSON object; an error names the field, which serde by itself does not.
///
/// For `#[serde(deserialize_with = …)]`, by way of a function for each field.
pub fn field<'de, D: Deserializer<'de>>(name: &str, deserializer: D) -> Result<Balance, D::Error> {
    Amount::deserialize(deserializer).map(Balance::from).map_err(|error| de::Error::custom(format!("{name}: {error}")))
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Amount;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_u64<E>(self, amount: u64) -> Result<Amount, E> {
        Ok(Amount(amount.into()))
    }

    fn visit_str<E: de::Error>(self, amount: &str) -> Result<Amount, E> {
        amount.parse().map_err(|_| E::invalid_value(Unexpected::Str(amount), &self))
    }

    /// With the feature `arbitrary_precision`, serde_json hands numbers that are no such integer over as maps.
    fn visit_map<A: de::MapAccess<'de>>(self, _: A) -> Result<Amount, A::Error> {
        Err(de::Error::invalid_type(Unexpected::Other("an object or another number"), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{from_str, from_value, json, to_string, Value};

    #[derive(Debug, Deserialize)]
    struct Order {
        #[serde(deserialize_with = "price")]
        price: Balance,
    }

    fn price<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Balance, D::Error> {
        field("price", deserializer)
    }

    #[test]
    fn amounts_are_written_as_decimal_strings() {
        assert_eq!(to_string(&Amount(0)).unwrap(), r#""0""#);
        assert_eq!(to_string(&Amount(1_500_000_000_000)).unwrap(), r#""1500000000000""#);
        assert_eq!(to_string(&Amount(u128::MAX)).unwrap(), r#""340282366920938463463374607431768211455""#);
        assert_eq!(Amount(7).to_string(), "7");
    }

    #[test]
    fn strings_and_integers_are_read_exactly() {
        for (text, amount) in [
            (r#""0""#, 0),
            ("0", 0),
            (r#""1500000000000""#, 1_500_000_000_000),
            ("1500000000000", 1_500_000_000_000),
            ("9007199254740993", 9_007_199_254_740_993),
            ("18446744073709551615", u64::MAX.into()),
            (r#""18446744073709551616""#, u128::from(u64::MAX) + 1),
            (r#""340282366920938463463374607431768211455""#, u128::MAX),
        ] {
            assert_eq!(from_str::<Amount>(text).unwrap(), Amount(amount), "{text}");
            // By way of a value, as JSON-RPC reads its parameters.
            assert_eq!(from_value::<Amount>(from_str(text).unwrap()).unwrap(), Amount(amount), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            // Strings: empty, signs, leading zeros, whitespace, hex, fractions, exponents, separators, other digits, too large.
            r#""""#,
            r#""+1""#,
            r#""-1""#,
            r#""-0""#,
            r#""00""#,
            r#""007""#,
            r#"" 1""#,
            r#""1 ""#,
            r#""1\n""#,
            r#""0x10""#,
            r#""ff""#,
            r#""1.0""#,
            r#""1.""#,
            r#"".5""#,
            r#""1e3""#,
            r#""1E3""#,
            r#""1_000""#,
            r#""1,000""#,
            r#""١""#,
            r#""340282366920938463463374607431768211456""#,
            // Numbers: signs, fractions, exponents, and those that most parsers round.
            "-1",
            "-0",
            "1.0",
            "1.5",
            "1e3",
            "1E3",
            "18446744073709551616",
            "340282366920938463463374607431768211455",
            // No amounts at all.
            "null",
            "true",
            "[1]",
            r#"{"amount":1}"#,
        ] {
            let error = from_str::<Amount>(text).expect_err(text).to_string();
            assert!(error.contains("10^-12 token") && error.contains("decimal string"), "{text}: {error}");
            assert!(from_value::<Amount>(from_str(text).unwrap()).is_err(), "{text}");
        }
        for malformed in ["+1", "007", "0x10", " ", ""] {
            assert!(from_str::<Amount>(malformed).is_err(), "{malformed:?}");
        }
    }

    #[test]
    fn an_error_names_the_field() {
        assert_eq!(from_value::<Order>(json!({ "price": "12" })).unwrap().price, 12);
        for bad in [json!("1.5"), json!(1.5), json!(-1), json!("0x1"), Value::Null] {
            let error = from_value::<Order>(json!({ "price": bad })).unwrap_err().to_string();
            assert!(error.starts_with("price: invalid"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(amount: u128) {
            let text = to_string(&Amount(amount)).unwrap();
            prop_assert_eq!(from_str::<Amount>(&text).unwrap(), Amount(amount));
            prop_assert_eq!(amount.to_string().parse::<Amount>().unwrap(), Amount(amount));
        }
    }
}
