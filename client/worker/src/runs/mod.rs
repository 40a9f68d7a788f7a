//! One run of a duty: from the duty to the entry for the mailbox, or to the failure.

pub(crate) mod failure;
pub(crate) mod judge;
pub(crate) mod loading;
pub(crate) mod runner;
pub(crate) mod unsaved_results;
