//! How a command fails: a name to test for, a line to read, what to do, and whether it may be done again.

use strike_chain::Sent;
use strike_primitives::JobId;

/// Exit code of most failures: nothing was sent that acts, or it is known that it did nothing.
const FAILED: u8 = 1;
/// Exit code where a transaction is in, or may be, but what it gave could not be had or is not known: to do it again may be to pay again.
pub const SENT: u8 = 3;
/// Exit code of what Ctrl-C ended, as of a shell.
pub const INTERRUPTED: u8 = 130;

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
    /// The transaction that a node may have taken.
    pub transaction: Option<Box<Sent>>,
    /// Jobs that are ordered: not to be ordered again.
    pub jobs: Vec<JobId>,
}

/// What commands return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A failure without a hint.
    pub fn new(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            message: message.into(),
            hint: None,
            exit_code: FAILED,
            is_told: false,
            transaction: None,
            jobs: Vec::new(),
        }
    }

    /// What Ctrl-C ended.
    pub fn interrupted() -> Self {
        Self::new("Interrupted", "ended by a signal").exit_code(INTERRUPTED)
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

    /// The same failure behind a transaction.
    pub fn transaction(mut self, sent: &Sent) -> Self {
        self.transaction = Some(Box::new(sent.clone()));
        self
    }

    /// The same failure, with jobs that are ordered.
    pub fn jobs(mut self, jobs: Vec<JobId>) -> Self {
        self.jobs = jobs;
        self
    }
}

impl From<strike_chain::Error> for Error {
    fn from(error: strike_chain::Error) -> Self {
        let exit_code = if error.fate.may_have_acted() { SENT } else { FAILED };
        let transaction = error.fate.sent().map(|sent| Box::new(sent.clone()));
        Self { hint: error.hint, exit_code, transaction, ..Self::new(error.name, error.message) }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::new("InputOutput", error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strike_primitives::{AccountId, H256};

    #[test]
    fn a_transaction_that_may_have_acted_has_an_exit_code_of_its_own_in_every_command() {
        let sent = Sent { hash: H256([0xab; 32]), account: AccountId::new([1; 32]), nonce: 7, signed_at: 100 };
        let error = || strike_chain::Error::new("ConnectionLost", "gone");
        let code = |error: strike_chain::Error| {
            let error = Error::from(error);
            (error.exit_code, error.transaction.map(|sent| sent.nonce))
        };
        assert_eq!(code(error()), (FAILED, None), "nothing was sent");
        assert_eq!(code(error().failed(&sent)), (FAILED, Some(7)));
        assert_eq!(code(error().unknown(&sent)), (SENT, Some(7)));
        assert_eq!(code(error().accepted(&sent)), (SENT, Some(7)));
    }
}
