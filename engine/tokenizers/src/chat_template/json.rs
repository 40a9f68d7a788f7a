//! `tojson` as `transformers` has it: Python's `json.dumps` without escapes for HTML and for what is not ASCII.

use std::io::{self, Write};

use minijinja::{value::Kwargs, Error, ErrorKind, State, Value};
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use super::guard;

/// The widest indentation.
const MAX_INDENT: usize = 16;

/// On one line, with a space behind every comma and colon.
struct Python;

impl Formatter for Python {
    fn begin_array_value<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }
}

pub(super) fn tojson(state: &State<'_, '_>, value: Value, options: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let ascii: Option<bool> = options.get("ensure_ascii")?;
    options.assert_all_used()?;
    if indent.is_some_and(|indent| indent > MAX_INDENT) || ascii == Some(true) {
        return Err(Error::new(ErrorKind::InvalidOperation, "tojson: unsupported option"));
    }
    guard::check(state, &value)?;
    let mut out = Vec::new();
    let spaces = " ".repeat(indent.unwrap_or(0));
    let result = match indent {
        Some(_) => {
            value.serialize(&mut Serializer::with_formatter(&mut out, PrettyFormatter::with_indent(spaces.as_bytes())))
        }
        None => value.serialize(&mut Serializer::with_formatter(&mut out, Python)),
    };
    result.map_err(|error| Error::new(ErrorKind::InvalidOperation, "tojson").with_source(error))?;
    let text = String::from_utf8(out).map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))?;
    Ok(Value::from(text))
}
