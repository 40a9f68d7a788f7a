//! How a job ended and who was paid: `docs/protocol.md`, "Receipts".

use crate::{
    artifact::ArtifactId,
    hashing::{domain, hash},
    job::VerificationClass,
    verdict::Verdict,
    AccountId, Attempt, Balance, BlockNumber, JobId, Units,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_core::H256;

/// Most payments in one receipt.
pub const MAX_PAYMENTS: u32 = 128;

/// Why a job closed. Every job closes with one of these.
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
pub enum CloseReason {
    /// Found valid and paid.
    #[codec(index = 0)]
    Settled,
    /// Withdrawn by the requester before a provider had it.
    #[codec(index = 1)]
    Cancelled,
    /// No fitting provider was free within the deadline.
    #[codec(index = 2)]
    NoProvider,
    /// The last provider committed nothing in time.
    #[codec(index = 3)]
    ProviderLate,
    /// The last provider's result was found invalid.
    #[codec(index = 4)]
    Invalid,
    /// The last provider's result could not be checked because it was withheld.
    #[codec(index = 5)]
    Withheld,
    /// Too few validators gave a verdict, or they did not agree: nobody is paid, nobody is punished.
    #[codec(index = 6)]
    Undecided,
}

/// What somebody is paid for.
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
pub enum PaymentRole {
    /// Doing the work.
    #[codec(index = 0)]
    Provider,
    /// Owning the model or data.
    #[codec(index = 1)]
    Royalty,
    /// Checking the result.
    #[codec(index = 2)]
    Validator,
    /// Being let down by a provider: from its bond, not from the fee.
    #[codec(index = 3)]
    Compensation,
}

/// One payment of a settlement.
#[derive(
    Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Serialize, Deserialize,
)]
pub struct Payment {
    /// Who.
    pub account: AccountId,
    /// For what.
    pub role: PaymentRole,
    /// How much.
    pub amount: Balance,
}

/// The one record behind every payment of a job.
///
/// `fee = provider + royalties + validators + burned`, and `escrow = fee + refunded`. Compensation and slashed
/// amounts come from bonds. `upkeep` is paid beside the fee and not from the escrow.
#[derive(
    Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Serialize, Deserialize,
)]
pub struct Receipt {
    /// The job.
    pub job: JobId,
    /// The attempt it ended with.
    pub attempt: Attempt,
    /// Why it closed.
    pub reason: CloseReason,
    /// Who asked and paid.
    pub requester: AccountId,
    /// Who did the work last, if anyone.
    pub provider: Option<AccountId>,
    /// The model.
    pub model: ArtifactId,
    /// How it was verified.
    pub class: VerificationClass,
    /// Hash of the commitment that was judged, if one was.
    pub commitment: Option<H256>,
    /// What the validators found, if they did.
    pub verdict: Option<Verdict>,
    /// How many validators' verdicts agree with it.
    pub verdicts: u32,
    /// Units paid for.
    pub units: Units,
    /// Price per 1,000 units.
    pub price: Balance,
    /// What the work cost.
    pub fee: Balance,
    /// What went back to the requester from the escrow.
    pub refunded: Balance,
    /// What of the fee was burned.
    pub burned: Balance,
    /// What was burned of providers' bonds, all attempts together.
    pub slashed: Balance,
    /// What the requester burned beside the fee: for attestations, and for visits while the job waited.
    pub upkeep: Balance,
    /// Who got what.
    pub payments: BoundedVec<Payment, ConstU32<MAX_PAYMENTS>>,
    /// Block of the order.
    pub submitted_at: BlockNumber,
    /// Block of the settlement.
    pub closed_at: BlockNumber,
}

impl Receipt {
    /// `H(RECEIPT, self)`: outlives the receipt in the closing event.
    pub fn hash(&self) -> H256 {
        hash(domain::RECEIPT, self)
    }
}
