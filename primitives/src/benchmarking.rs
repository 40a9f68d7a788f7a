//! What benchmarks of one pallet need of the others. Built with the feature `runtime-benchmarks` only.

use crate::{app::AppKey, artifact::ArtifactId, job::WorkSpec, AccountId, BlockNumber, JobId};
use alloc::vec::Vec;

/// Puts the chain into the states that benchmarks begin with. Implemented by the runtime, over the real pallets.
/// Panics where it cannot: a benchmark has nobody to answer to.
pub trait BenchmarkHelper {
    /// Give the account money for everything it may do here.
    fn fund(account: &AccountId);

    /// A new key, which the keystore signs with.
    fn new_key() -> AppKey;

    /// Register a model with the highest royalty and the longest name, of an owner of its own.
    fn register_model(seed: u32) -> ArtifactId;

    /// Register a provider of `model`, with as many models and links as may be; the links begin with `linked`.
    fn register_provider(provider: &AccountId, app_key: AppKey, model: ArtifactId, linked: Vec<AccountId>);

    /// Begin a session with these validators, in this order; an account may be in it more than once.
    fn set_validators(validators: Vec<(AccountId, AppKey)>);

    /// Order `work` of `model` in the exact class from `provider`, which has an ask for it then, and enter the beacon
    /// that the job's seed hangs on. The block is then the first one in which the provider may commit.
    fn assign_job(provider: &AccountId, model: ArtifactId, work: WorkSpec) -> JobId;

    /// Go on to this block, without its hooks.
    fn set_block(block: BlockNumber);

    /// Let the author of the running block be `author`.
    fn set_author(author: &AccountId);
}
