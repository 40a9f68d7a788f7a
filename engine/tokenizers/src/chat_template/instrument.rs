//! Puts the checks of `guard` into the source of a template.

use std::ops::Range;

/// The filter that is put behind expressions.
pub(super) const FILTER: &str = "strike_bounded";
/// Operators within one tag that may make a string longer.
const MAX_JOINED: usize = 64;
/// Multiplications within one tag; the interpreter repeats a string up to 100 MB.
const MAX_MULTIPLIED: usize = 2;
/// Bytes of text that one step of the interpreter captures.
const MAX_TEXT: usize = 4096;
/// A tag that writes nothing.
const EMPTY_TAG: &str = "{{ '' }}";

const KEYWORDS: [&str; 15] = [
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "else",
    "true",
    "false",
    "none",
    "True",
    "False",
    "None",
    "recursive",
    "loop",
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Name,
    Literal,
    Operator,
}

/// A token of an expression, and where it ends in the source.
#[derive(Clone, Copy, Debug)]
struct Token<'a> {
    kind: Kind,
    text: &'a str,
    end: usize,
}

impl Token<'_> {
    fn is(&self, operator: &str) -> bool {
        self.kind == Kind::Operator && self.text == operator
    }

    fn is_name(&self, name: &str) -> bool {
        self.kind == Kind::Name && self.text == name
    }
}

/// The template with a filter behind every value that an expression loads or computes in parts.
pub(super) fn instrumented(source: &str) -> Result<String, String> {
    let mut out = String::with_capacity(source.len() * 2);
    let mut at = 0;
    while let Some(found) = next_tag(source, at) {
        push_text(&source[at..found], &mut out)?;
        if source[found..].starts_with("{#") {
            let length = source[found..].find("#}").ok_or("a comment is not closed")?;
            at = found + length + 2;
            out.push_str(&source[found..at]);
            continue;
        }
        let statement = source[found..].starts_with("{%");
        let (tokens, end) = tokens(source, found, if statement { "%}" } else { "}}" })?;
        let rewritten = if statement { statement_tag(&tokens)? } else { Rewrite::Checked(Checks::From(0)) };
        let start = found + 2;
        match rewritten {
            Rewrite::Checked(checks) => checked(source, start, end, &tokens, &checks, &mut out)?,
            Rewrite::Replaced(text) => {
                let inner = source[start..end - 2].trim();
                let (open, close) = (inner.starts_with(['-', '+']), inner.ends_with(['-', '+']));
                out.push_str("{%");
                out.push_str(if open { &inner[..1] } else { "" });
                out.push_str(text);
                out.push_str(if close { &inner[inner.len() - 1..] } else { "" });
                out.push_str("%}");
            }
        }
        at = end;
    }
    push_text(&source[at..], &mut out)?;
    Ok(out)
}

/// Text between two tags, with empty tags in it so that no step of the interpreter captures more than [`MAX_TEXT`] bytes.
/// Its first and its last piece hold more than white space, so what the tags around it trim stays the same.
fn push_text(text: &str, out: &mut String) -> Result<(), String> {
    let (first, last) = (text.find(is_text), text.rfind(is_text));
    let mut from = 0;
    while text.len() - from > MAX_TEXT {
        // Not behind a brace, with which the empty tag would begin as another one.
        let places = text[from..].char_indices().skip(1).map(|(at, _)| from + at);
        let is_place = |at: &usize| {
            !text[..*at].ends_with('{')
                && first.is_some_and(|first| first < *at)
                && last.is_some_and(|last| last >= *at)
        };
        let place = places.take_while(|at| at - from <= MAX_TEXT).filter(is_place).last();
        let at = place.ok_or_else(|| format!("text between tags has more than {MAX_TEXT} bytes of white space"))?;
        out.push_str(&text[from..at]);
        out.push_str(EMPTY_TAG);
        from = at;
    }
    out.push_str(&text[from..]);
    Ok(())
}

fn is_text(character: char) -> bool {
    !character.is_whitespace()
}

enum Rewrite {
    /// Checks go into the tag.
    Checked(Checks),
    /// The statement becomes this one.
    Replaced(&'static str),
}

/// Which tokens of a tag are of expressions.
enum Checks {
    /// Those from this one on.
    From(usize),
    /// Those of the defaults of a macro: ranges of tokens.
    Defaults(Vec<Range<usize>>),
}

impl Checks {
    fn contains(&self, token: usize) -> bool {
        match self {
            Self::From(first) => token >= *first,
            Self::Defaults(ranges) => ranges.iter().any(|range| range.contains(&token)),
        }
    }
}

/// The defaults of a macro's parameters, as ranges of its tokens: from behind a `=` to the comma or parenthesis that ends it,
/// within the macro's own parentheses alone.
fn defaults(tokens: &[Token<'_>]) -> Result<Vec<Range<usize>>, String> {
    let (mut ranges, mut depth, mut begun) = (Vec::new(), 0_usize, None);
    for (at, token) in tokens.iter().enumerate() {
        if depth == 1 && (token.is(",") || token.is(")")) {
            ranges.extend(begun.take().map(|first| first..at));
        }
        if token.kind == Kind::Operator {
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                "=" if depth == 1 && begun.is_none() => begun = Some(at + 1),
                _ => {}
            }
        }
        // The name, a parenthesis, parameters, a parenthesis.
        let ends = depth == 0 && at > 1;
        if ends && at + 1 < tokens.len() {
            return Err("a macro has something behind its parameters".to_owned());
        }
    }
    Ok(ranges)
}

fn next_tag(source: &str, from: usize) -> Option<usize> {
    let tags = source[from..].match_indices('{').map(|(at, _)| from + at);
    tags.into_iter().find(|at| matches!(source.as_bytes().get(at + 1), Some(b'{' | b'%' | b'#')))
}

/// Which tokens of a statement are expressions.
fn statement_tag(tokens: &[Token<'_>]) -> Result<Rewrite, String> {
    let after = |found: &dyn Fn(&Token<'_>) -> bool| tokens.iter().position(found).map_or(tokens.len(), |at| at + 1);
    let name = tokens.first().map_or("", |token| token.text);
    match name {
        "if" | "elif" | "do" => Ok(Rewrite::Checked(Checks::From(1))),
        "for" => Ok(Rewrite::Checked(Checks::From(after(&|token| token.is_name("in"))))),
        "set" => {
            let expression = after(&|token| token.is("="));
            // A captured text may go through filters, which would see it before it is checked.
            if expression == tokens.len() && tokens.len() > 2 {
                return Err("a captured text with filters is not supported".to_owned());
            }
            Ok(Rewrite::Checked(Checks::From(expression)))
        }
        "macro" => Ok(Rewrite::Checked(Checks::Defaults(defaults(tokens)?))),
        "else" | "endif" | "endfor" | "endset" | "endmacro" | "break" | "continue" => {
            Ok(Rewrite::Checked(Checks::From(tokens.len())))
        }
        // Marks what is trained on.
        "generation" => Ok(Rewrite::Replaced(" if true ")),
        "endgeneration" => Ok(Rewrite::Replaced(" endif ")),
        other => Err(format!("the statement {} is not supported", other.chars().take(40).collect::<String>())),
    }
}

/// The tag from `start` to `end` with checks behind those of its tokens that `checks` names.
fn checked(
    source: &str,
    start: usize,
    end: usize,
    tokens: &[Token<'_>],
    checks: &Checks,
    out: &mut String,
) -> Result<(), String> {
    let count = |operators: &[&str]| tokens.iter().filter(|token| operators.iter().any(|text| token.is(text))).count();
    if count(&["~", "+"]) > MAX_JOINED || count(&["*", "**"]) > MAX_MULTIPLIED {
        return Err("an expression has too many operators".to_owned());
    }
    let mut at = start - 2;
    let mut tests = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let next = tokens.get(index + 1);
        let before = |back: usize| index.checked_sub(back).and_then(|index| tokens.get(index));
        let is_test = before(1).is_some_and(|token| token.is_name("is"))
            || before(1).is_some_and(|token| token.is_name("not"))
                && before(2).is_some_and(|token| token.is_name("is"));
        if token.is("(") {
            // The parentheses of a test are no expression that a filter could follow.
            let named_before = before(1).is_some_and(|token| token.kind == Kind::Name);
            let test = before(2).is_some_and(|token| token.is_name("is"))
                || before(2).is_some_and(|token| token.is_name("not"))
                    && before(3).is_some_and(|token| token.is_name("is"));
            tests.push(named_before && test);
        }
        let ends = match token.kind {
            Kind::Name => {
                let attribute = before(1).is_some_and(|token| token.is("."));
                let filter = before(1).is_some_and(|token| token.is("|"));
                (attribute || !KEYWORDS.contains(&token.text)) && !is_test && !filter
            }
            Kind::Operator if token.text == ")" => !tests.pop().unwrap_or(false),
            Kind::Operator => token.text == "]",
            Kind::Literal => false,
        };
        let goes_on = next.is_some_and(|next| [".", "[", "(", "="].iter().any(|operator| next.is(operator)));
        if checks.contains(index) && ends && !goes_on {
            out.push_str(&source[at..token.end]);
            out.push('|');
            out.push_str(FILTER);
            at = token.end;
        }
    }
    out.push_str(&source[at..end]);
    Ok(())
}

/// The tokens of the tag that begins at `start`, and the end of the tag.
fn tokens<'a>(source: &'a str, start: usize, close: &str) -> Result<(Vec<Token<'a>>, usize), String> {
    let mut tokens = Vec::new();
    let mut at = start + 2;
    if matches!(source.as_bytes().get(at), Some(b'-' | b'+')) {
        at += 1;
    }
    let mut depth = 0_usize;
    loop {
        let rest = &source[at..];
        let first = rest.chars().next().ok_or("a tag is not closed")?;
        let closes = |text: &str| depth == 0 && text.starts_with(close);
        if closes(rest) {
            return Ok((tokens, at + 2));
        }
        if matches!(first, '-' | '+') && closes(&rest[1..]) {
            return Ok((tokens, at + 3));
        }
        let in_name = |character: char| character.is_alphanumeric() || character == '_';
        let (kind, length) = match first {
            _ if first.is_whitespace() => {
                at += first.len_utf8();
                continue;
            }
            '"' | '\'' => (Kind::Literal, string_length(rest, first)?),
            '0'..='9' => {
                let digits = rest.find(|character: char| !in_name(character)).unwrap_or(rest.len());
                let fraction = rest[digits..]
                    .strip_prefix('.')
                    .filter(|text| text.starts_with(|next: char| next.is_ascii_digit()));
                let more = fraction
                    .map_or(0, |text| 1 + text.find(|character: char| !in_name(character)).unwrap_or(text.len()));
                (Kind::Literal, digits + more)
            }
            _ if in_name(first) => (Kind::Name, rest.find(|character: char| !in_name(character)).unwrap_or(rest.len())),
            _ => {
                let double = ["==", "!=", "<=", ">=", "//", "**"].iter().any(|operator| rest.starts_with(operator));
                (Kind::Operator, if double { 2 } else { first.len_utf8() })
            }
        };
        match first {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.checked_sub(1).ok_or("a bracket is not opened")?,
            _ => {}
        }
        at += length;
        tokens.push(Token { kind, text: &rest[..length], end: at });
    }
}

fn string_length(text: &str, quote: char) -> Result<usize, String> {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return Ok(at + 1),
            _ => {}
        }
    }
    Err("a string is not closed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_stand_behind_values_only() {
        for (source, expected) in [
            ("a {{ x }} b", "a {{ x| }} b"),
            ("{{- x.y[0].z(k=1)|trim -}}", "{{- x.y[0].z(k=1)||trim -}}"),
            ("{%- set ns.a = b ~ 'c}}' -%}", "{%- set ns.a = b| ~ 'c}}' -%}"),
            ("{% for a, b in c if a is not none %}", "{% for a, b in c| if a| is not none %}"),
            ("{% if x is divisibleby(y) and loop.first %}", "{% if x| is divisibleby(y|) and loop.first| %}"),
            ("{{ {'a': [x]} }}", "{{ {'a': [x|]|} }}"),
            ("{{ f(a=b, c=1.5) if d['e'] else none }}", "{{ f(a=b|, c=1.5)| if d['e']| else none }}"),
            ("{{ x|join(', ') }}", "{{ x||join(', ')| }}"),
            ("{# {{ x }} #}{%- generation -%}y{% endgeneration %}", "{# {{ x }} #}{%- if true -%}y{% endif %}"),
            ("{% macro f(a, b='c') %}{% endmacro %}", "{% macro f(a, b='c') %}{% endmacro %}"),
            ("{% macro f(a, b=a ~ [x], c=g(d=e)) -%}", "{% macro f(a, b=a| ~ [x|]|, c=g(d=e|)|) -%}"),
        ] {
            let made = instrumented(source).expect("the source has tags");
            assert_eq!(made.replace(FILTER, ""), expected);
        }
    }

    #[test]
    fn what_cannot_be_checked_is_refused() {
        for source in [
            "{{ x",
            "{% set",
            "{# x",
            "{{ 'x }}",
            "{{ ) }}",
            "{% raw %}{{ x }}{% endraw %}",
            "{% with a = b %}{% endwith %}",
            "{% call f() %}{% endcall %}",
            "{% filter upper %}{% endfilter %}",
            "{% include 'x' %}",
            "{% macro f(a) x %}{% endmacro %}",
            "{% set x|upper %}{% endset %}",
        ] {
            assert!(instrumented(source).is_err(), "{source}");
        }
        assert!(instrumented(&format!("{{{{ x{} }}}}", "~x".repeat(100))).is_err());
    }
}
