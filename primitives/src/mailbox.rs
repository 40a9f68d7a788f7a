//! The off-chain worker's mailbox: `docs/protocol.md`, "Mailbox".
//!
//! The native worker writes an entry into the node's persistent off-chain storage; the verification pallet's off-chain
//! worker reads it, checks it against the chain, signs and submits. Keys derive from chain state alone, so both sides
//! find an entry without telling each other, and a result for another fork (another seed, another beacon) lies under
//! another key.

use crate::{
    app::{AppKey, AppSignature},
    commitment::Commitment,
    verdict::{AuditRef, Verdict},
    Attempt, BlockNumber, JobId,
};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use sp_core::H256;

const PREFIX: &[u8] = b"strike/1/mailbox/";

/// Key of a provider's result for one attempt.
pub fn commitment_key(key: &AppKey, job: JobId, attempt: Attempt, seed: &H256) -> Vec<u8> {
    [PREFIX, b"commit/", &(key, job, attempt, seed).encode()].concat()
}

/// Key of a validator's verdict on one commitment.
pub fn verdict_key(key: &AppKey, audit: &AuditRef, beacon: &H256) -> Vec<u8> {
    [PREFIX, b"check/", &(key, audit, beacon).encode()].concat()
}

/// Key of the index of mailbox entries: `Vec<IndexedEntry>`.
pub const INDEX_KEY: &[u8] = b"strike/1/mailbox-index";
/// Most entries that the index names. A result that finds no room waits until others are cleared.
pub const MAX_INDEXED: usize = 4_096;

/// A mailbox entry in the index. That storage cannot be searched, so the off-chain worker finds entries by the index
/// alone. The native worker adds to it before it writes an entry; the off-chain worker clears what is over.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct IndexedEntry {
    /// The key of the entry.
    pub entry: Vec<u8>,
    /// The app key that owes the duty.
    pub key: AppKey,
    /// The kind of the duty: one of [`crate::api::duty_kind`].
    pub kind: u8,
    /// The job.
    pub job: JobId,
    /// The best block from which on the duty has not been owed, if it is not.
    pub over_since: Option<BlockNumber>,
}

/// The step of an attempt that a commitment is.
pub const STEP_COMMIT: &[u8] = b"commit";
/// The first step of a check.
pub const STEP_SEAL: &[u8] = b"seal";
/// The second step of a check.
pub const STEP_REVEAL: &[u8] = b"reveal";

/// Key of the note when an attestation was last submitted, so that it is repeated, but not with every block.
pub fn sent_key(entry_key: &[u8], step: &[u8]) -> Vec<u8> {
    [entry_key, b"/sent/", step].concat()
}

/// A provider's result.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct CommitmentEntry {
    /// What to commit to.
    pub commitment: Commitment,
}

/// A validator's verdict: enough to seal and, later, to reveal.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct VerdictEntry {
    /// The verdict.
    pub verdict: Verdict,
    /// See [`crate::verdict::RevealedVerdict::work_tag`].
    pub work_tag: Option<H256>,
    /// From the key's VRF pre-output: [`crate::verdict::salt`].
    pub salt: H256,
}

/// Signatures that a note keeps: an attestation that is in after more tries than these was in the pools all the while.
pub const MAX_SIGNATURES: usize = 4;

/// When an attestation was last submitted, and with which signatures.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SentNote {
    /// The best block then.
    pub at: BlockNumber,
    /// The last [`MAX_SIGNATURES`] that were submitted, newest last. No two are alike, also of the same attestation
    /// with the same key, so they tell what this node sent from what another one with the same key did.
    pub signatures: Vec<AppSignature>,
}

/// Stands for a signature that was submitted and is not known.
fn unknown() -> AppSignature {
    sp_core::sr25519::Signature::from_raw([0; 64]).into()
}

impl SentNote {
    /// In place of a note that cannot be read, as those of an older runtime: something was submitted, and nobody
    /// knows with which signature.
    pub fn in_place_of_unreadable(at: BlockNumber) -> Self {
        Self { at, signatures: alloc::vec![unknown()] }
    }

    /// Whether something was submitted whose signature is not known.
    pub fn is_incomplete(&self) -> bool {
        self.signatures.contains(&unknown())
    }

    /// Note another signature.
    pub fn sign(&mut self, signature: AppSignature) {
        self.signatures.push(signature);
        // That something is not known stays known.
        let first = usize::from(self.is_incomplete());
        let surplus = self.signatures.len().saturating_sub(first).saturating_sub(MAX_SIGNATURES);
        self.signatures.drain(first..first.saturating_add(surplus));
    }
}
