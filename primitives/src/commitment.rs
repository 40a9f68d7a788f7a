//! What a provider commits to: `docs/protocol.md`, "Commitments".

use crate::{
    hashing::{domain, hash, tagged},
    AccountId, Attempt, JobId, Units,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_core::H256;

/// Why an output ended. Those that [`Self::is_job_error`] names follow from a job that cannot be run, the others from
/// running the model.
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
pub enum StopReason {
    /// The model's end token.
    #[codec(index = 0)]
    EndOfText,
    /// One of the job's stop sequences.
    #[codec(index = 1)]
    StopSequence,
    /// The job's limit of output tokens.
    #[codec(index = 2)]
    MaxTokens,
    /// The model's context is full.
    #[codec(index = 3)]
    ContextFull,
    /// The prompt has more tokens than the job allows or the context holds, or the texts have more than the job
    /// allows; nothing was delivered.
    #[codec(index = 4)]
    InputTooLong,
    /// The input is not UTF-8 or no list of texts, or the sampler or a stop sequence is not one the model can run;
    /// nothing was delivered.
    #[codec(index = 5)]
    InvalidInput,
    /// The model's arithmetic left the finite numbers; nothing was delivered.
    #[codec(index = 6)]
    NotFinite,
    /// Every text was embedded.
    #[codec(index = 7)]
    Complete,
    /// The model is of the other kind: a decoder generates, an encoder embeds; nothing was delivered.
    #[codec(index = 8)]
    WrongModel,
    /// The input is a blob that could not be had in time; nothing was delivered. An audit confirms it or ends without
    /// a verdict, and never finds it invalid: nobody can tell whose fault it is that one node has a blob and another
    /// has not.
    #[codec(index = 9)]
    InputUnavailable,
}

impl StopReason {
    /// Whether the job, not the provider, made an output impossible.
    pub fn is_job_error(self) -> bool {
        match self {
            Self::InputTooLong | Self::InvalidInput | Self::NotFinite | Self::WrongModel | Self::InputUnavailable => {
                true
            }
            Self::EndOfText | Self::StopSequence | Self::MaxTokens | Self::ContextFull | Self::Complete => false,
        }
    }
}

/// A provider's commitment to a result, versioned.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Commitment {
    /// The first form.
    #[codec(index = 0)]
    V1(CommitmentV1),
}

/// First form of a [`Commitment`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct CommitmentV1 {
    /// [`job_root`]: binds all that follows to this job, attempt, provider and seed.
    pub job_root: H256,
    /// Root of the output: of its token ids, or of its vectors.
    pub out_root: H256,
    /// Root of the execution trace, where the class has one.
    pub trace_root: Option<H256>,
    /// Tokens read.
    pub n_in: u32,
    /// Tokens written.
    pub n_out: u32,
    /// Why the output ended.
    pub stop: StopReason,
}

impl Commitment {
    /// `H(COMMITMENT, self)`: how seals and reveals name it.
    pub fn hash(&self) -> H256 {
        hash(domain::COMMITMENT, self)
    }

    /// The first form's fields.
    pub fn v1(&self) -> &CommitmentV1 {
        let Self::V1(commitment) = self;
        commitment
    }
}

impl CommitmentV1 {
    /// Units of this result, if the validators confirm its counts. A job error costs nothing.
    pub fn units(&self) -> Units {
        if self.stop.is_job_error() {
            0
        } else {
            Units::from(self.n_in).saturating_add(Units::from(self.n_out))
        }
    }
}

/// Names one attempt at one job by one provider.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct AttemptBinding {
    /// Genesis hash of the chain.
    pub genesis: H256,
    /// The job.
    pub job: JobId,
    /// The attempt.
    pub attempt: Attempt,
    /// The assigned provider.
    pub provider: AccountId,
    /// [`crate::job::spec_hash`] of the work.
    pub spec_hash: H256,
    /// [`crate::job::seed`] of the attempt.
    pub seed: H256,
}

/// `H(JOB, binding ‖ out_root ‖ trace_root ‖ n_in ‖ n_out ‖ stop)`. The runtime computes it again from chain state,
/// so a commitment made for another job, attempt, provider, spec or fork is refused.
pub fn job_root(
    binding: &AttemptBinding,
    out_root: &H256,
    trace_root: &Option<H256>,
    n_in: u32,
    n_out: u32,
    stop: StopReason,
) -> H256 {
    hash(domain::JOB, &(binding, out_root, trace_root, n_in, n_out, stop))
}

/// The bytes a provider signs: `tagged(SIGN_COMMIT, genesis ‖ job ‖ attempt ‖ commitment)`.
pub fn commit_payload(genesis: &H256, job: JobId, attempt: Attempt, commitment: &Commitment) -> Vec<u8> {
    tagged(domain::SIGN_COMMIT, &(genesis, job, attempt, commitment))
}
