//! What keeps a node from starting.

use std::fmt;

/// What is wrong, and the command lines that mend it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Problem {
    what: String,
    lines: Vec<String>,
}

impl Problem {
    pub fn new(what: String, lines: impl IntoIterator<Item = String>) -> Self {
        Self { what, lines: lines.into_iter().collect() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.what)?;
        if !self.lines.is_empty() {
            writeln!(formatter)?;
        }
        self.lines.iter().try_for_each(|line| write!(formatter, "\n  {line}"))
    }
}

impl std::error::Error for Problem {}

impl From<Problem> for sc_cli::Error {
    fn from(problem: Problem) -> Self {
        Self::Application(Box::new(problem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_one_thing_and_then_lines_to_copy() {
        let problem = Problem::new("this is wrong:".into(), ["one".into(), "two".into()]);
        assert_eq!(problem.to_string(), "this is wrong:\n\n  one\n  two");
        assert_eq!(Problem::new("this is wrong".into(), []).to_string(), "this is wrong");
    }
}
