//! What a schema may ask for. The grammar engine counts its steps, but some steps take exponentially long: those that intersect
//! regular expressions, and those that find multiples of large numbers. So they are bounded before it sees the schema.

use serde_json::Value;

/// The largest number of a schema that says how often something occurs: `minItems`, `maxLength` and their like. The grammar
/// grows with it.
const MAX_SCHEMA_COUNT: u64 = 4096;
/// The most patterns of a schema.
const MAX_PATTERNS: usize = 64;
/// The most patterns of which all may have to hold at once.
const MAX_JOINT_PATTERNS: usize = 8;
/// The largest product of all `multipleOf`, without their decimal points.
const MAX_MULTIPLE: u64 = 4096;

/// Keywords whose number says how often something occurs.
const COUNTS: [&str; 8] =
    ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties", "minContains", "maxContains"];
/// Keywords that join schemas, so that the patterns of several hold.
const JOINTS: [&str; 11] = [
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "$ref",
    "$dynamicRef",
    "$recursiveRef",
    "dependentSchemas",
];

/// What was met so far.
struct Met {
    patterns: usize,
    names: usize,
    multiple: u64,
    joins: bool,
}

/// What of a schema is out of bounds is the error.
pub(super) fn check(schema: &Value) -> Result<(), String> {
    let mut met = Met { patterns: 0, names: 0, multiple: 1, joins: false };
    met.walk(schema)?;
    let most = if met.joins { MAX_JOINT_PATTERNS } else { MAX_PATTERNS };
    // Names of further properties match none of `patternProperties`, so these always hold at once.
    for (what, found, most) in
        [("patternProperties", met.names, MAX_JOINT_PATTERNS), ("patterns", met.patterns + met.names, most)]
    {
        if found > most {
            return Err(format!("{found} {what}, at most {most} are accepted in a schema like this"));
        }
    }
    Ok(())
}

impl Met {
    fn walk(&mut self, schema: &Value) -> Result<(), String> {
        match schema {
            Value::Object(fields) => fields.iter().try_for_each(|(key, value)| {
                self.keyword(key, value)?;
                self.walk(value)
            }),
            Value::Array(values) => values.iter().try_for_each(|value| self.walk(value)),
            _ => Ok(()),
        }
    }

    fn keyword(&mut self, key: &str, value: &Value) -> Result<(), String> {
        if COUNTS.contains(&key) && value.as_f64().is_some_and(|count| count > MAX_SCHEMA_COUNT as f64) {
            return Err(format!("{key} is {value}, at most {MAX_SCHEMA_COUNT} is accepted"));
        }
        self.joins |= JOINTS.contains(&key);
        match (key, value) {
            ("pattern", Value::String(_)) => self.patterns += 1,
            ("patternProperties", Value::Object(patterns)) => self.names += patterns.len(),
            ("multipleOf", Value::Number(number)) => {
                let text = number.to_string();
                let digits = text.split(['e', 'E']).next().unwrap_or_default().replace(['.', '-'], "");
                let factor = digits.parse::<u64>().unwrap_or(u64::MAX).max(1);
                let factor = if text.contains(['e', 'E']) && !text.contains("e-") { u64::MAX } else { factor };
                self.multiple = self.multiple.saturating_mul(factor);
                if self.multiple > MAX_MULTIPLE {
                    return Err(format!("the product of all multipleOf is above {MAX_MULTIPLE}"));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn schemas_ask_for_what_is_bounded() {
        let pattern =
            |count: usize| -> Vec<Value> { (0..count).map(|at| json!({"pattern": format!("a{at}")})).collect() };
        for accepted in [
            json!(true),
            json!({"minItems": 4096, "maxLength": 0}),
            json!({"multipleOf": 0.01, "items": {"multipleOf": 4096}}),
            json!({"multipleOf": 1e-7}),
            json!({"prefixItems": pattern(64)}),
            json!({"anyOf": pattern(8)}),
            // Not keywords but names; strict where it cannot be told.
            json!({"properties": {"pattern": {"type": "string"}, "maxLength": {"type": "integer"}}}),
        ] {
            assert_eq!(check(&accepted), Ok(()), "{accepted}");
        }
        let names: Value = (0..9).map(|at| (format!("a{at}"), json!(true))).collect::<serde_json::Map<_, _>>().into();
        for refused in [
            json!({"items": {"maxItems": 4097}}),
            json!({"minLength": 1e9}),
            json!({"multipleOf": 99_999_999}),
            json!({"multipleOf": 1e30}),
            json!({"multipleOf": 0.12345}),
            json!({"allOf": [{"multipleOf": 251}, {"multipleOf": 257}]}),
            json!({"prefixItems": pattern(65)}),
            json!({"allOf": pattern(9)}),
            json!({"patternProperties": names}),
        ] {
            assert!(check(&refused).is_err(), "{refused}");
        }
    }
}
