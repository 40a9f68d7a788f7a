//! What validators find: `docs/protocol.md`, "Verdicts".

use crate::{
    hashing::{domain, hash, tagged},
    AccountId, Attempt, BlockNumber, JobId, Units,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_core::H256;

/// Why a result is invalid: the first thing a check found.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum InvalidReason {
    /// The output root is not that of the output the check got.
    #[codec(index = 0)]
    OutputMismatch,
    /// The counts of tokens read or written differ.
    #[codec(index = 1)]
    CountMismatch,
    /// The stop reason differs.
    #[codec(index = 2)]
    StopMismatch,
    /// The output is right and the trace is not: it was not made by running the model. Exact class only.
    #[codec(index = 3)]
    TraceMismatch,
}

/// A validator's verdict on one commitment.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The result is what the job's work gives.
    #[codec(index = 0)]
    Valid {
        /// Units the check counted; these are paid, not the provider's claim.
        units: Units,
    },
    /// It is not.
    #[codec(index = 1)]
    Invalid {
        /// What was found first.
        reason: InvalidReason,
    },
    /// What the check needs was not served in time. No node says so: who lacks an output runs the work itself. A
    /// majority that did would count like `Invalid`.
    #[codec(index = 2)]
    Withheld,
}

impl Verdict {
    /// Whether two verdicts count as the same vote: valid with the same units, or invalid for whatever reason.
    pub fn agrees_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Verdict::Valid { units: a }, Verdict::Valid { units: b }) => a == b,
            (Verdict::Invalid { .. }, Verdict::Invalid { .. }) | (Verdict::Withheld, Verdict::Withheld) => true,
            _ => false,
        }
    }
}

/// Why a validator may judge this commitment.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum AssignmentProof {
    /// Every eligible validator checks.
    #[codec(index = 0)]
    All,
    /// Drawn privately: a VRF over the commitment and the beacon. Reserved: refused.
    #[codec(index = 1)]
    Vrf {
        /// VRF pre-output.
        pre_output: [u8; 32],
        /// VRF proof.
        proof: [u8; 64],
    },
}

/// What a verdict is about, the part every signed payload of a check begins with.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct AuditRef {
    /// The job.
    pub job: JobId,
    /// The attempt.
    pub attempt: Attempt,
    /// [`crate::commitment::Commitment::hash`] of what is judged.
    pub commitment: H256,
    /// The block whose beacon the draw is over.
    pub beacon_block: BlockNumber,
}

/// A verdict, hidden.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct SealedVerdict {
    /// What it is about.
    pub audit: AuditRef,
    /// Who judges.
    pub validator: AccountId,
    /// Why it may.
    pub assignment: AssignmentProof,
    /// [`seal`] of the verdict.
    pub seal: H256,
}

/// A verdict, opened.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct RevealedVerdict {
    /// What it is about.
    pub audit: AuditRef,
    /// Who judges.
    pub validator: AccountId,
    /// The verdict.
    pub verdict: Verdict,
    /// [`work_tag`]: what only running the work shows. Present with a valid verdict on a commitment that has a trace,
    /// absent otherwise: in the statistical class honest machines may differ in it.
    pub work_tag: Option<H256>,
    /// What the seal was salted with.
    pub salt: H256,
}

impl RevealedVerdict {
    /// The [`seal`] this opens.
    pub fn seal(&self, genesis: &H256) -> H256 {
        seal(genesis, &self.audit, &self.validator, &self.verdict, &self.work_tag, &self.salt)
    }
}

/// Whether two revealed verdicts count as the same vote: they agree, and so do their work tags.
pub fn same_vote(a: (&Verdict, &Option<H256>), b: (&Verdict, &Option<H256>)) -> bool {
    a.0.agrees_with(b.0) && a.1 == b.1
}

/// The trace cell that a work tag is made of, of `cells` in the order position by position and layer by layer: the
/// first eight bytes of `H(WORK_CELL, audit ‖ beacon)` as a little-endian number, modulo `cells`. The beacon is that
/// of the audit's beacon block, so nobody knows the cell before the commitment. None if there are no cells.
pub fn work_cell(audit: &AuditRef, beacon: &H256, cells: u64) -> Option<u64> {
    let drawn = hash(domain::WORK_CELL, &(audit, beacon));
    let bytes = drawn.as_bytes().first_chunk::<8>()?;
    u64::from_le_bytes(*bytes).checked_rem(cells)
}

/// `H(WORK_TAG, cell)`: only who ran the work has the cell, of which the chain knows the root alone.
pub fn work_tag(cell: &H256) -> H256 {
    hash(domain::WORK_TAG, cell)
}

/// `H(SEAL, genesis ‖ audit ‖ validator ‖ verdict ‖ work_tag ‖ salt)`.
pub fn seal(
    genesis: &H256,
    audit: &AuditRef,
    validator: &AccountId,
    verdict: &Verdict,
    work_tag: &Option<H256>,
    salt: &H256,
) -> H256 {
    hash(domain::SEAL, &(genesis, audit, validator, verdict, work_tag, salt))
}

/// The VRF input whose pre-output under the validator's app key is the salt: derived, so a lost mailbox is no no-show.
pub fn salt_input(genesis: &H256, audit: &AuditRef) -> Vec<u8> {
    tagged(domain::SALT, &(genesis, audit))
}

/// The salt from a VRF pre-output's 32 bytes.
pub fn salt(pre_output: &[u8; 32]) -> H256 {
    hash(domain::SALT, pre_output)
}

/// The bytes signed with a [`SealedVerdict`]: domain, genesis, then the verdict with job, attempt, commitment and
/// beacon block.
pub fn seal_payload(genesis: &H256, sealed: &SealedVerdict) -> Vec<u8> {
    tagged(domain::SIGN_SEAL, &(genesis, sealed))
}

/// The bytes signed with a [`RevealedVerdict`].
pub fn reveal_payload(genesis: &H256, revealed: &RevealedVerdict) -> Vec<u8> {
    tagged(domain::SIGN_REVEAL, &(genesis, revealed))
}

/// The beacon rolls on with every block: `H(BEACON, previous ‖ VRF randomness of the block's author)`.
pub fn next_beacon(previous: &H256, author_randomness: &H256) -> H256 {
    hash(domain::BEACON, &(previous, author_randomness))
}
