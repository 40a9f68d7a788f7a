//! A small template language in which the corpus is written.
//!
//! `{one|two|three}` picks one alternative at random and nests; `$name` is replaced by a variable
//! of the scene. Sentence starts are capitalised and "a" becomes "an" before a vowel afterwards, so
//! that a template does not need to know which word a variable begins with.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

/// One document being written: its random stream and its variables.
pub struct Scene {
    random: ChaCha8Rng,
    variables: BTreeMap<String, String>,
}

impl Scene {
    /// The scene of document `index` of the corpus `seed`; equal arguments give equal documents.
    pub fn new(seed: u64, index: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(index);
        Self { random, variables: BTreeMap::new() }
    }

    /// A number in `0..bound`; 0 for an empty range.
    pub fn below(&mut self, bound: usize) -> usize {
        // The bias of a remainder is below 2^-20 for the bounds used here.
        (self.random.next_u32() as usize).checked_rem(bound).unwrap_or(0)
    }

    /// True in `percent` of 100 cases.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One element of a non-empty slice.
    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// One element of a non-empty slice of values.
    pub fn one_of<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// `count` different elements of a slice in random order (all of them if it is shorter).
    pub fn several<'a, T>(&mut self, from: &'a [T], count: usize) -> Vec<&'a T> {
        let mut rest: Vec<&T> = from.iter().collect();
        let mut chosen = Vec::new();
        while chosen.len() < count && !rest.is_empty() {
            chosen.push(rest.swap_remove(self.below(rest.len())));
        }
        chosen
    }

    /// Sets the variable `$name` to an expanded template.
    pub fn set(&mut self, name: &str, template: &str) {
        let value = self.expand(template);
        self.variables.insert(name.to_owned(), value);
    }

    /// Expands alternatives and variables, without the final tidying of [`Scene::write`].
    pub fn expand(&mut self, template: &str) -> String {
        let mut out = String::with_capacity(template.len());
        let mut rest = template;
        while let Some(at) = rest.find(['{', '$']) {
            out.push_str(&rest[..at]);
            let tail = &rest[at + 1..];
            if rest.as_bytes()[at] == b'{' {
                let (alternatives, after) = split_group(tail);
                let chosen = alternatives[self.below(alternatives.len())];
                out.push_str(&self.expand(chosen));
                rest = after;
            } else {
                let end = tail.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(tail.len());
                match self.variables.get(&tail[..end]) {
                    Some(value) => out.push_str(value),
                    // Left visible: the corpus test looks for it.
                    None => out.push_str(&rest[at..at + 1 + end]),
                }
                rest = &tail[end..];
            }
        }
        out.push_str(rest);
        out
    }

    /// Expands a template into finished text.
    pub fn write(&mut self, template: &str) -> String {
        let text = self.expand(template);
        tidy(&text)
    }

    /// Writes one of several templates.
    pub fn write_one(&mut self, templates: &[&str]) -> String {
        let template = self.pick(templates);
        self.write(template)
    }
}

/// Splits the inside of a group at its own bars; `text` begins after the opening brace.
fn split_group(text: &str) -> (Vec<&str>, &str) {
    let mut alternatives = Vec::new();
    let (mut depth, mut start) = (0usize, 0usize);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => {
                alternatives.push(&text[start..at]);
                return (alternatives, &text[at + 1..]);
            }
            b'}' => depth -= 1,
            b'|' if depth == 0 => {
                alternatives.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    alternatives.push(&text[start..]);
    (alternatives, "")
}

/// How a sentence continues after a quoted question or cry.
const QUOTE_GOES_ON: &[&str] = &["\" he ", "\" she ", "\" asked ", "\" cried ", "\" said "];

/// Joins double spaces, capitalises sentence starts and chooses between "a" and "an".
pub fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut sentence_start = true;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == ' ' && (out.is_empty() || out.ends_with([' ', '\n'])) {
            continue;
        }
        if c.is_alphabetic() && sentence_start {
            out.extend(c.to_uppercase());
            sentence_start = false;
        } else {
            out.push(c);
            match c {
                '.' | '!' | '?' => {
                    // A question that is quoted may go on: "where is it?" she asked.
                    let goes_on = c != '.' && QUOTE_GOES_ON.iter().any(|word| text[at + 1..].starts_with(word));
                    if matches!(chars.peek(), None | Some((_, ' ' | '\n' | '"'))) && !goes_on {
                        sentence_start = true;
                    }
                }
                '\n' => sentence_start = true,
                ' ' | '"' => {}
                _ => sentence_start = false,
            }
        }
    }
    fix_articles(out.trim_end())
}

fn fix_articles(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find(['a', 'A']) {
        let before = rest[..at].chars().next_back().or_else(|| out.chars().next_back());
        let word_start = before.is_none_or(|c| c == ' ' || c == '"' || c == '\n');
        let tail = &rest[at + 1..];
        out.push_str(&rest[..=at]);
        let next = tail.strip_prefix(' ').and_then(|t| t.chars().next());
        if word_start && next.is_some_and(|c| "aeioAEIO".contains(c)) && !tail.starts_with(" one") {
            out.push('n');
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_groups_and_variables_expand() {
        let mut scene = Scene::new(1, 1);
        scene.set("x", "apple");
        let text = scene.write("{he {ate|took} a $x.|he {ate|took} a $x.}");
        assert!(text == "He ate an apple." || text == "He took an apple.", "{text}");
    }

    #[test]
    fn equal_scenes_write_equal_text() {
        let write = |index| Scene::new(7, index).write("{a|b|c|d|e|f|g|h}{a|b|c|d|e|f|g|h}{i|j|k}");
        assert_eq!(write(3), write(3));
        assert!((0..20).any(|index| write(index) != write(3)));
    }

    #[test]
    fn a_quotation_starts_with_a_capital() {
        assert_eq!(tidy("he said, \"we go.\" then  he went."), "He said, \"we go.\" Then he went.");
    }
}
