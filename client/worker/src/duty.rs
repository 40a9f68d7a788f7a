//! Duties as the worker names them.

use std::fmt;
use strike_primitives::{api::Duty, mailbox};

/// Names a duty: the key of its mailbox entry, which binds app key, job, attempt and seed, or app key, audit and
/// beacon.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct DutyId(Vec<u8>);

impl DutyId {
    pub fn of(duty: &Duty) -> Self {
        Self(match duty {
            Duty::Provide(duty) => {
                mailbox::commitment_key(&duty.key, duty.binding.job, duty.binding.attempt, &duty.binding.seed)
            }
            Duty::Check(duty) => mailbox::verdict_key(&duty.key, &duty.audit, &duty.beacon),
        })
    }

    /// The key of the mailbox entry.
    pub fn mailbox_key(&self) -> &[u8] {
        &self.0
    }
}

/// The kind of a duty, as metrics and logs name it.
pub(crate) fn kind(duty: &Duty) -> &'static str {
    match duty {
        Duty::Provide(_) => "provide",
        Duty::Check(_) => "check",
    }
}

/// A duty in a log line: `job 7, attempt 0 (check)`.
#[derive(Clone, Copy)]
pub(crate) struct Named<'a>(pub &'a Duty);

impl Named<'_> {
    /// The kind of the duty.
    pub fn kind(&self) -> &'static str {
        kind(self.0)
    }
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let binding = match self.0 {
            Duty::Provide(duty) => &duty.binding,
            Duty::Check(duty) => &duty.binding,
        };
        write!(f, "job {}, attempt {} ({})", binding.job, binding.attempt, self.kind())
    }
}
