//! The calls that programs make, as the runtime's metadata names them.

use codec::{Compact, Encode};
use sp_core::sr25519;
use strike_primitives::{
    app::AppKey, artifact::ArtifactId, job::JobOrder, job::VerificationClass, AccountId, Balance, JobId, Units, H256,
};

/// A call: where it is found and its SCALE-encoded arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Name of the pallet.
    pub pallet: &'static str,
    /// Name of the call.
    pub name: &'static str,
    /// Its arguments, one after the other.
    pub args: Vec<u8>,
}

impl Call {
    fn new(pallet: &'static str, name: &'static str, args: impl Encode) -> Self {
        Self { pallet, name, args: args.encode() }
    }
}

/// Order a job.
pub fn submit_job(order: &JobOrder) -> Call {
    Call::new("Market", "submit", order)
}

/// Withdraw a job that no provider has yet.
pub fn cancel_job(job: JobId) -> Call {
    Call::new("Market", "cancel", job)
}

/// Forget a closed job before its time, and get its deposit back.
pub fn forget_job(job: JobId) -> Call {
    Call::new("Market", "forget", job)
}

/// Offer a model, or change the offer.
pub fn place_ask(
    model: &ArtifactId,
    class: VerificationClass,
    price: Balance,
    capacity: u32,
    max_units: Units,
    throughput: u32,
) -> Call {
    Call::new("Market", "place_ask", (model, class, price, capacity, max_units, throughput))
}

/// Withdraw an offer.
pub fn withdraw_ask(model: &ArtifactId, class: VerificationClass) -> Call {
    Call::new("Market", "withdraw_ask", (model, class))
}

/// Register a model under a name, with a royalty in parts per billion.
pub fn register_model(model: &ArtifactId, name: &str, size: u64, royalty: u32) -> Call {
    Call::new("Provenance", "register_model", (model, name, size, royalty))
}

/// Serve these models and no others.
pub fn set_models(models: &[ArtifactId]) -> Call {
    Call::new("Providers", "set_models", models)
}

/// Register as a provider.
pub fn register_provider(
    bond: Balance,
    app_key: &AppKey,
    proof_of_possession: &sr25519::Signature,
    models: &[ArtifactId],
    linked: &[AccountId],
) -> Call {
    Call::new("Providers", "register", (bond, app_key, proof_of_possession, models, linked))
}

/// Allow one runtime to be applied, with the root key.
pub fn authorize_upgrade(code_hash: &H256) -> Call {
    Call::new("System", "authorize_upgrade", code_hash)
}

/// Apply the runtime that was allowed.
pub fn apply_authorized_upgrade(code: &[u8]) -> Call {
    Call::new("System", "apply_authorized_upgrade", code)
}

/// Make a call, encoded with its indices, as root.
pub fn sudo(call: Vec<u8>) -> Call {
    Call { pallet: "Sudo", name: "sudo", args: call }
}

/// Send tokens, but never so many that the sender's account ends.
pub fn transfer(to: &AccountId, amount: Balance) -> Call {
    /// `MultiAddress::Id`.
    const ID: u8 = 0;
    Call::new("Balances", "transfer_keep_alive", (ID, to, Compact(amount)))
}
