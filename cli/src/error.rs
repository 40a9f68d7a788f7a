//! How a command fails: a name to test for, a line to read, and what to do.

/// Exit code of most failures.
const FAILED: u8 = 1;
/// Exit code where an order is in, but what it gave could not be had: to order again would be to pay again.
pub const ORDERED: u8 = 3;

/// A failure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {message}")]
pub struct Error {
    /// Stable name; that of the pallet's error where the chain refused.
    pub name: String,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Exit code of the process.
    pub exit_code: u8,
    /// Whether the JSON on stdout tells it already.
    pub is_told: bool,
}

/// What commands return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A failure without a hint.
    pub fn new(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self { name: name.into(), message: message.into(), hint: None, exit_code: FAILED, is_told: false }
    }

    /// The same failure with what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same failure with an exit code of its own.
    pub fn exit_code(mut self, exit_code: u8) -> Self {
        self.exit_code = exit_code;
        self
    }

    /// The same failure, which the JSON on stdout tells already.
    pub fn told(mut self) -> Self {
        self.is_told = true;
        self
    }
}

impl From<strike_chain::Error> for Error {
    fn from(error: strike_chain::Error) -> Self {
        Self { hint: error.hint, ..Self::new(error.name, error.message) }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::new("InputOutput", error.to_string())
    }
}
