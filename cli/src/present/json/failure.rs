//! Failures as JSON.

use crate::error::Error;
use serde::Serialize;

/// What went wrong, in JSON.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorView {
    /// Stable name.
    pub name: String,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl From<&Error> for ErrorView {
    fn from(error: &Error) -> Self {
        Self { name: error.name.clone(), message: error.message.clone(), hint: error.hint.clone() }
    }
}
