//! What a requester orders: `docs/protocol.md`, "Jobs".
//!
//! Enums that may grow carry explicit indices; an unknown index fails to decode, so a later variant never means
//! something else to older code.

use crate::{
    artifact::ArtifactId,
    commitment::StopReason,
    hashing::{domain, hash},
    Attempt, Balance, BlockNumber, JobId, Units,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_core::H256;

/// Longest input that rides inline in a transaction, in bytes.
pub const MAX_PLAIN_INPUT: u32 = 4_096;
/// Longest input that travels as a blob, in bytes: more than the tokens that a job may let in can say, and 16 chunks.
pub const MAX_BLOB_INPUT: u64 = 1 << 20;
/// Most stop sequences of a job.
pub const MAX_STOP_SEQUENCES: u32 = 4;
/// Most token ids in one stop sequence.
pub const MAX_STOP_TOKENS: u32 = 16;
/// Most texts of an embedding job.
pub const MAX_TEXTS: u32 = 256;
/// Most tokens a job may let in or out.
pub const MAX_TOKENS: u32 = 131_072;
/// Widest window of the repetition penalty, in tokens.
pub const MAX_REPETITION_WINDOW: u8 = 64;

/// How a result is verified. Named on the job, on the ask and in the receipt.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
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
pub enum VerificationClass {
    /// Frozen arithmetic: the same bits on every machine.
    #[codec(index = 0)]
    Exact,
    /// Stock floating point, checked by running it again: a mismatch withholds payment and costs a capped penalty.
    #[codec(index = 1)]
    Statistical,
}

/// A job's input.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Input {
    /// The bytes themselves, public on chain.
    #[codec(index = 0)]
    Plain(BoundedVec<u8, ConstU32<MAX_PLAIN_INPUT>>),
    /// A blob that travels between nodes: the file that has this root and this length. Where no file has both, the
    /// input is one that nobody has.
    #[codec(index = 1)]
    Blob {
        /// File root.
        root: H256,
        /// Length in bytes, 1 to [`MAX_BLOB_INPUT`].
        length: u64,
    },
    /// A blob only the assigned nodes can read. Reserved: refused.
    #[codec(index = 2)]
    Encrypted {
        /// File root of the ciphertext.
        root: H256,
        /// Length of the ciphertext in bytes.
        length: u64,
        /// Hash of the key and its recipients.
        key_commitment: H256,
    },
}

/// How tokens are drawn. Integers, so that every machine reads the same numbers.
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
pub struct Sampler {
    /// Temperature in thousandths; 0 takes the most likely token.
    pub temperature_milli: u16,
    /// Tokens less likely than this many thousandths of the most likely one are left out; 0 keeps all.
    pub min_p_milli: u16,
    /// Repetition penalty in thousandths; 1,000 is none. At least 1.
    pub repetition_penalty_milli: u16,
    /// How many of the last tokens the penalty looks at, at most [`MAX_REPETITION_WINDOW`].
    pub repetition_window: u8,
}

impl Sampler {
    /// Always the most likely token.
    pub const GREEDY: Self =
        Self { temperature_milli: 0, min_p_milli: 0, repetition_penalty_milli: 1_000, repetition_window: 0 };

    /// Whether every value is in range.
    pub fn is_valid(&self) -> bool {
        self.min_p_milli <= 1_000
            && self.repetition_penalty_milli >= 1
            && self.repetition_window <= MAX_REPETITION_WINDOW
    }
}

/// Token ids that end an output when they appear in a row. They stay in the output.
pub type StopSequence = BoundedVec<u32, ConstU32<MAX_STOP_TOKENS>>;

/// Text generation.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Generate {
    /// The prompt, UTF-8.
    pub input: Input,
    /// How tokens are drawn.
    pub sampler: Sampler,
    /// Most tokens the prompt may have, the start token included. A longer one ends the job as
    /// [`crate::commitment::StopReason::InputTooLong`].
    pub max_input_tokens: u32,
    /// Most tokens to generate.
    pub max_output_tokens: u32,
    /// What ends the output early, besides the model's own end token.
    pub stop: BoundedVec<StopSequence, ConstU32<MAX_STOP_SEQUENCES>>,
}

/// Embedding of texts: one vector for each. Exact class only.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Embed {
    /// The texts, as [`crate::embedding::encode_texts`] joins them.
    pub input: Input,
    /// Most tokens that are read of all texts together, those included that the tokenizer adds. More end the job as
    /// [`crate::commitment::StopReason::InputTooLong`].
    pub max_input_tokens: u32,
}

/// The work ordered. Index 2 (train) is reserved.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum WorkSpec {
    /// Generate text.
    #[codec(index = 0)]
    Generate(Generate),
    /// Embed texts.
    #[codec(index = 1)]
    Embed(Embed),
}

/// What kind of work a [`WorkSpec`] is. Indices are those of its variants.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum WorkKind {
    /// Text is generated.
    #[codec(index = 0)]
    Generate,
    /// Texts are embedded.
    #[codec(index = 1)]
    Embed,
}

/// The throughput of an ask where the provider names none: units of one job in a block of three seconds.
pub const USUAL_THROUGHPUT: u32 = 30;

/// The deadline of an order where the requester names none: 50 blocks, or as many as the least deadline on this
/// network and the [`USUAL_THROUGHPUT`] ask for, but no more than an hour.
pub fn usual_deadline(max_units: Units) -> BlockNumber {
    let blocks = max_units.checked_div(USUAL_THROUGHPUT.into()).and_then(|blocks| u32::try_from(blocks).ok());
    blocks.unwrap_or(u32::MAX).saturating_add(30).clamp(50, 1_200)
}

impl WorkSpec {
    /// Its kind.
    pub fn kind(&self) -> WorkKind {
        match self {
            WorkSpec::Generate(_) => WorkKind::Generate,
            WorkSpec::Embed(_) => WorkKind::Embed,
        }
    }

    /// The most units this work can cost.
    pub fn max_units(&self) -> Units {
        Units::from(self.max_input_tokens()).saturating_add(Units::from(self.max_output_tokens()))
    }

    /// Most tokens read.
    pub fn max_input_tokens(&self) -> u32 {
        match self {
            WorkSpec::Generate(work) => work.max_input_tokens,
            WorkSpec::Embed(work) => work.max_input_tokens,
        }
    }

    /// Most tokens written.
    pub fn max_output_tokens(&self) -> u32 {
        match self {
            WorkSpec::Generate(work) => work.max_output_tokens,
            WorkSpec::Embed(_) => 0,
        }
    }

    /// The input.
    pub fn input(&self) -> &Input {
        match self {
            WorkSpec::Generate(work) => &work.input,
            WorkSpec::Embed(work) => &work.input,
        }
    }

    /// Whether the class can verify such work.
    pub fn has_class(&self, class: VerificationClass) -> bool {
        match self {
            WorkSpec::Generate(_) => true,
            WorkSpec::Embed(_) => class == VerificationClass::Exact,
        }
    }

    /// Whether such work can end for this reason.
    pub fn may_stop(&self, stop: StopReason) -> bool {
        match stop {
            StopReason::InputUnavailable => matches!(self.input(), Input::Blob { .. }),
            _ => stop.is_job_error() || (stop == StopReason::Complete) == matches!(self, WorkSpec::Embed(_)),
        }
    }
}

/// An order for a job, versioned.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum JobOrder {
    /// The first form.
    #[codec(index = 0)]
    V1(JobOrderV1),
}

/// First form of a [`JobOrder`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct JobOrderV1 {
    /// The work.
    pub work: WorkSpec,
    /// The model to run.
    pub model: ArtifactId,
    /// How the result is verified.
    pub class: VerificationClass,
    /// The most the requester pays, held until the job closes.
    pub max_price: Balance,
    /// Blocks each provider has from assignment to commitment; also how long the order waits for one.
    pub deadline: BlockNumber,
}

/// Identity of the work itself: `H(SPEC, work ‖ model ‖ class)`.
pub fn spec_hash(work: &WorkSpec, model: &ArtifactId, class: VerificationClass) -> H256 {
    hash(domain::SPEC, &(work, model, class))
}

/// The seed of an attempt: `H(SEED, genesis ‖ job ‖ attempt ‖ beacon)` with the beacon of the block after assignment,
/// which neither requester nor provider can know beforehand.
pub fn seed(genesis: &H256, job: JobId, attempt: Attempt, beacon: &H256) -> H256 {
    hash(domain::SEED, &(genesis, job, attempt, beacon))
}

/// Price of `units` at `price` per [`crate::UNITS_PER_PRICE`], rounded up; `None` on overflow.
pub fn fee(units: Units, price: Balance) -> Option<Balance> {
    Balance::from(units).checked_mul(price).map(|total| total.div_ceil(Balance::from(crate::UNITS_PER_PRICE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_round_up_and_never_overflow_silently() {
        assert_eq!(fee(0, 7), Some(0));
        assert_eq!(fee(1, 7), Some(1));
        assert_eq!(fee(1_000, 7), Some(7));
        assert_eq!(fee(1_001, 7), Some(8));
        assert_eq!(fee(2, Balance::MAX), None);
    }

    #[test]
    fn unknown_variants_are_refused() {
        assert!(Input::decode(&mut &[3u8, 0][..]).is_err());
        assert!(WorkSpec::decode(&mut &[2u8, 0][..]).is_err());
        assert!(VerificationClass::decode(&mut &[2u8][..]).is_err());
    }
}
