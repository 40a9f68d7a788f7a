//! Limits on what a template makes on its way to the output.
//!
//! The interpreter counts steps, but forty steps of `{% set x = x ~ x %}` make a terabyte. It has no limit of memory, so the
//! template is instrumented before it is parsed: behind every variable, attribute, index, call and parenthesis in an
//! expression goes a filter that refuses strings and lists beyond [`MAX_STRING`] and [`MAX_LIST`], and that counts what was
//! looked at in all. Within one tag there are few operators that make strings longer, filters and methods that do so are
//! checked before they run, and statements that would escape this (`with`, `call`, `filter`, `raw`, `block`) are refused.
//! No template of a model that we know needs them.

use std::sync::atomic::{AtomicU64, Ordering};

use minijinja::{
    value::{from_args, Kwargs, Object, ValueKind},
    Environment, Error, ErrorKind, State, Value,
};
use minijinja_contrib::pycompat;

use super::instrument::{instrumented, FILTER};

/// Bytes of the longest string.
pub const MAX_STRING: usize = 4 << 20;
/// The most values in a list or a map, everything inside counted.
pub const MAX_LIST: usize = 1 << 17;
/// How deep lists and maps may nest.
const MAX_DEPTH: usize = 32;
/// What all checks together may look at: a value counts as 64 bytes.
const MAX_WORK: u64 = 1 << 30;
/// The widest indentation of lines.
const MAX_INDENT: usize = 64;

/// Begins the messages of errors that say that a limit was met.
pub(super) const LIMIT: &str = "limit: ";

/// What checks have looked at so far in one rendering.
#[derive(Debug, Default)]
struct Work(AtomicU64);

impl Object for Work {}

/// The template with checks in it; the environment gets what they need.
pub(super) fn guarded(source: &str, environment: &mut Environment<'_>) -> Result<String, String> {
    environment.add_filter(FILTER, |state: &State<'_, '_>, value: Value| check(state, &value).map(|()| value));
    environment.add_filter("replace", replace);
    environment.add_filter("join", join);
    environment.add_filter("indent", indent);
    for grows in ["format", "batch", "slice", "pprint", "urlencode"] {
        environment.remove_filter(grows);
    }
    instrumented(source)
}

/// Methods of Python's types; those that make strings longer are checked.
pub(super) fn method(state: &State<'_, '_>, value: &Value, name: &str, arguments: &[Value]) -> Result<Value, Error> {
    let length = |at: usize| arguments.get(at).and_then(Value::as_str).map_or(0, str::len);
    let growth = match (name, value.as_str()) {
        ("format", Some(text)) => return format(state, text, arguments),
        ("replace", Some(text)) => replaced_length(text, arguments.first().and_then(Value::as_str), length(1)),
        ("join", Some(separator)) => joined_length(arguments.first(), separator.len()),
        _ => 0,
    };
    charge(state, growth)?;
    pycompat::unknown_method_callback(state, value, name, arguments)
}

/// Refuses a value that is too large.
pub(super) fn check(state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    let mut weight = Weight { values: 0, bytes: 0 };
    let result = weight.add(value, MAX_DEPTH);
    charge(state, weight.bytes.saturating_add(weight.values.saturating_mul(64)))?;
    result
}

/// Counts work, in bytes.
pub(super) fn charge(state: &State<'_, '_>, bytes: usize) -> Result<(), Error> {
    if bytes > MAX_STRING.max(MAX_LIST * 64).saturating_mul(2) {
        return Err(limit("a value is too large"));
    }
    let work = state.get_or_set_temp_object(FILTER, Work::default);
    let before = work.0.fetch_add(bytes as u64, Ordering::Relaxed);
    if before > MAX_WORK {
        return Err(limit("the values together are too large"));
    }
    Ok(())
}

fn limit(reason: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("{LIMIT}{reason}"))
}

struct Weight {
    values: usize,
    bytes: usize,
}

impl Weight {
    fn add(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        self.values += 1;
        self.bytes = self.bytes.saturating_add(value.as_str().map_or(0, str::len));
        if self.bytes > MAX_STRING || self.values > MAX_LIST {
            return Err(limit("a value is too large"));
        }
        if !matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable | ValueKind::Map) {
            return Ok(());
        }
        let deeper = depth.checked_sub(1).ok_or_else(|| limit("a value is nested too deep"))?;
        for inner in value.try_iter()? {
            if value.kind() == ValueKind::Map {
                self.add(&value.get_item(&inner)?, deeper)?;
            }
            self.add(&inner, deeper)?;
        }
        Ok(())
    }
}

/// `str.format` of Python with plain fields: `{}`, `{0}` and `{name}`; two braces stand for one.
fn format(state: &State<'_, '_>, text: &str, arguments: &[Value]) -> Result<Value, Error> {
    let failed = |reason: &str| Error::new(ErrorKind::InvalidOperation, format!("format: {reason}"));
    let (places, names) = from_args::<(&[Value], Kwargs)>(arguments)?;
    let (mut out, mut next) = (String::new(), 0usize);
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..at + 1];
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix(brace) {
            out.push_str(brace);
            rest = behind;
            continue;
        }
        let end = rest.find('}').filter(|_| brace == "{").ok_or_else(|| failed("a brace stands alone"))?;
        let field = &rest[..end];
        rest = &rest[end + 1..];
        let value = if field.is_empty() {
            next += 1;
            places.get(next - 1).cloned()
        } else if field.bytes().all(|byte| byte.is_ascii_digit()) {
            field.parse::<usize>().ok().and_then(|place| places.get(place)).cloned()
        } else if field.chars().all(|character| character.is_alphanumeric() || character == '_') {
            // What is none is there.
            names.has(field).then(|| names.get::<Value>(field)).transpose()?
        } else {
            return Err(failed("only plain fields are supported: {}, {0} and {name}"));
        };
        let value = value.ok_or_else(|| failed("a field has no value"))?;
        check(state, &value)?;
        out.push_str(&python_text(&value));
        charge(state, out.len())?;
        if out.len() > MAX_STRING {
            return Err(limit("a value is too large"));
        }
    }
    out.push_str(rest);
    Ok(Value::from(out))
}

/// What Python's `str` makes of a value, as far as this interpreter writes it so.
fn python_text(value: &Value) -> String {
    match value.kind() {
        ValueKind::Bool if value.is_true() => "True".to_owned(),
        ValueKind::Bool => "False".to_owned(),
        ValueKind::None => "None".to_owned(),
        _ => value.to_string(),
    }
}

fn replaced_length(text: &str, from: Option<&str>, to: usize) -> usize {
    let matches = from.map_or(0, |from| text.matches(from).count());
    matches.saturating_mul(to).saturating_add(text.len())
}

fn joined_length(values: Option<&Value>, separator: usize) -> usize {
    let count = values.and_then(|values| values.try_iter().ok()).map_or(0, Iterator::count);
    count.saturating_mul(separator)
}

fn replace(state: &State<'_, '_>, text: Value, from: &str, to: &str) -> Result<Value, Error> {
    let text = text.to_string();
    charge(state, replaced_length(&text, Some(from), to.len()))?;
    Ok(Value::from(text.replace(from, to)))
}

/// Strings of the values with a separator between.
fn join(state: &State<'_, '_>, values: &Value, separator: Option<&str>) -> Result<Value, Error> {
    let separator = separator.unwrap_or_default();
    charge(state, joined_length(Some(values), separator.len()))?;
    let strings: Vec<String> = values.try_iter()?.map(|value| value.to_string()).collect();
    Ok(Value::from(strings.join(separator)))
}

/// Jinja's `indent`: spaces before every line, before the first and before empty ones on request.
fn indent(text: &str, width: Option<usize>, options: Kwargs) -> Result<Value, Error> {
    let width = width.or(options.get("width")?).unwrap_or(4);
    let first: Option<bool> = options.get("first")?;
    let blank: Option<bool> = options.get("blank")?;
    options.assert_all_used()?;
    if width > MAX_INDENT {
        return Err(limit("an indentation is too wide"));
    }
    let mut out = String::new();
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
        }
        let indented = if number == 0 { first == Some(true) } else { blank == Some(true) || !line.is_empty() };
        if indented {
            out.extend(std::iter::repeat_n(' ', width));
        }
        out.push_str(line);
    }
    Ok(Value::from(out))
}
