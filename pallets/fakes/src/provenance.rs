//! Models, and who is owed a share.

use crate::tables::{Models, Shares};
use sp_runtime::Perbill;
use strike_primitives::{
    artifact::ArtifactId,
    traits::{ArtifactRegistry, Royalties},
    AccountId,
};

/// Models of a table, all with the same shares.
pub struct FakeProvenance;

impl ArtifactRegistry for FakeProvenance {
    fn is_model(artifact: &ArtifactId) -> bool {
        Models::get().contains(artifact)
    }
}

impl Royalties for FakeProvenance {
    fn shares(_: &ArtifactId) -> Vec<(AccountId, Perbill)> {
        Shares::get()
    }
}
