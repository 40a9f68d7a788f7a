//! How a request fails: a name to test for, a line to read, what to do, and whether a transaction may have acted all the same.

use crate::fate::{Fate, Sent};

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
    /// What is known of the transaction behind it.
    pub fate: Fate,
}

/// What the calls of this crate return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A failure without a hint, and without a transaction.
    pub fn new(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self { name: name.into(), message: message.into(), hint: None, fate: Fate::NotTaken }
    }

    /// The same failure with what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The failure of a call whose transaction is in a final block, where the chain refused it.
    pub fn failed(mut self, sent: &Sent) -> Self {
        self.fate = Fate::Failed(Box::new(sent.clone()));
        self
    }

    /// A failure after which nobody knows what becomes of a transaction: `TransactionUnknown`. A failure that knows it stays as it is.
    pub fn unknown(self, sent: &Sent) -> Self {
        if self.fate != Fate::NotTaken {
            return self;
        }
        let message = format!(
            "transaction {:?} was sent, but what became of it is not known: {}: {}",
            sent.hash, self.name, self.message
        );
        Self {
            fate: Fate::Unknown(Box::new(sent.clone())),
            ..Self::new("TransactionUnknown", message)
                .hint(format!("do not send it again: '{}' tells what became of it", sent.lookup()))
        }
    }

    /// A failure behind a transaction that is in a block and did what it was sent for. A failure that knows more stays as it is.
    pub fn accepted(mut self, sent: &Sent) -> Self {
        if self.fate != Fate::NotTaken {
            return self;
        }
        self.message = format!("transaction {:?} is in a block, but then: {}", sent.hash, self.message);
        let advice = self.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        self.hint = Some(format!("do not send it again: '{}' shows it{advice}", sent.lookup()));
        self.fate = Fate::Accepted(Box::new(sent.clone()));
        self
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

    fn sent() -> Sent {
        Sent { hash: H256([0xab; 32]), account: AccountId::new([1; 32]), nonce: 7, signed_at: 100 }
    }

    #[test]
    fn a_transaction_of_unknown_fate_is_named_with_the_command_that_looks_it_up() {
        let error = Error::new("ConnectionLost", "the node closed the connection").hint("again").unknown(&sent());
        assert_eq!(error.name, "TransactionUnknown");
        assert!(error.fate.may_have_acted());
        let hash = format!("0x{}", "ab".repeat(32));
        assert!(error.message.contains(&hash) && error.message.contains("ConnectionLost"), "{error}");
        let hint = error.hint.unwrap();
        let command =
            format!("strike account transaction {hash} --account {} --nonce 7 --from 100", AccountId::new([1; 32]));
        assert!(hint.starts_with("do not send it again") && hint.contains(&command), "{hint}");
        assert!(!hint.contains("again; again"), "{hint}");
    }

    #[test]
    fn what_is_known_of_a_transaction_is_not_forgotten() {
        let failed = Error::new("InsufficientBalance", "too little").failed(&sent());
        assert_eq!(failed.clone().unknown(&sent()), failed);
        assert_eq!(failed.clone().accepted(&sent()), failed);
        assert!(!failed.fate.may_have_acted());
        let accepted = Error::new("RuntimeIncompatible", "no job id").hint("see the list").accepted(&sent());
        assert_eq!((accepted.name.as_str(), accepted.fate.may_have_acted()), ("RuntimeIncompatible", true));
        assert!(accepted.hint.as_ref().is_some_and(|hint| hint.ends_with("see the list")), "{accepted:?}");
        assert_eq!(accepted.clone().unknown(&sent()), accepted);
        assert_eq!(Error::new("KeyMissing", "who signs?").fate, Fate::NotTaken);
    }

    #[test]
    fn a_transaction_has_a_last_block() {
        assert_eq!(sent().last_block(), 164);
        assert_eq!(Sent { signed_at: u32::MAX, ..sent() }.last_block(), u32::MAX);
    }
}
