//! Tests by behaviour. Each ends with a check of the pallet's invariants.

mod audits;
mod beacon;
mod commitments;
mod deadlines;
mod duties;
mod migrations;
mod offchain;
mod validators;

use crate::{mock::Test, types::Refusal};
use sp_runtime::transaction_validity::TransactionValidityError;

type Event = crate::Event<Test>;

/// What the pool answers for a refusal.
fn refused<V>(refusal: Refusal) -> Result<V, TransactionValidityError> {
    Err(refusal.into())
}
