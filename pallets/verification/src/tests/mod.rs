//! Tests by behaviour. Each ends with a check of the pallet's invariants.

mod audits;
mod beacon;
mod commitments;
mod deadlines;
mod duties;
mod load;
mod offchain;
mod refusals;
mod validators;
mod votes;

use crate::{
    mock::Test,
    types::{Phase, Refusal},
    OpenAudits,
};
use sp_runtime::transaction_validity::TransactionValidityError;
use strike_primitives::verdict::{InvalidReason, Verdict};

type Event = crate::Event<Test>;

const WRONG: Verdict = Verdict::Invalid { reason: InvalidReason::OutputMismatch };

fn phase(job: u64) -> Phase {
    OpenAudits::<Test>::get(job).unwrap().phase
}

/// What the pool answers for a refusal.
fn refused<V>(refusal: Refusal) -> Result<V, TransactionValidityError> {
    Err(refusal.into())
}
