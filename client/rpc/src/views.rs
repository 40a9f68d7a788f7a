//! The JSON that clients see: accounts in SS58 with the chain's prefix, hashes and bytes in hex, amounts as decimal
//! strings of the smallest unit ([`strike_primitives::amount`]).

use crate::error::Error;
use serde::Serialize;
use serde_json::Value;
use sp_core::{
    crypto::{Ss58AddressFormat, Ss58Codec},
    H256,
};
use strike_primitives::{
    amount::Amount,
    artifact::{ArtifactId, ArtifactKind},
    commitment::StopReason,
    job::{Sampler, VerificationClass},
    receipt::{CloseReason, PaymentRole},
    verdict::Verdict,
    AccountId, Attempt, BlockNumber, JobId, Units,
};

/// Writes accounts with the chain's SS58 prefix.
#[derive(Clone, Copy)]
pub(crate) struct Accounts(pub u16);

impl Accounts {
    pub fn show(self, account: &AccountId) -> String {
        account.to_ss58check_with_version(Ss58AddressFormat::custom(self.0))
    }

    pub fn show_all(self, accounts: &[AccountId]) -> Vec<String> {
        accounts.iter().map(|account| self.show(account)).collect()
    }
}

/// Characters of the longest address: 35 bytes in base 58, rounded up. Reading base 58 takes time that is quadratic in the length.
const MAX_ADDRESS: usize = 64;
/// Characters of a parameter that an error repeats.
const SHOWN: usize = 80;

/// An account in SS58, of whichever prefix, or 0x and 64 hex digits.
pub(crate) fn parse_account(text: &str) -> Result<AccountId, Error> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => hash_from_digits(digits).map(|hash| AccountId::new(hash.0)),
        None if text.len() <= MAX_ADDRESS => AccountId::from_ss58check(text).ok(),
        None => None,
    };
    parsed.ok_or_else(|| {
        let text = shortened(format!("{text:?}"));
        Error::InvalidParameter(format!("{text} is no account: expected an SS58 address or 0x and 64 hex digits"))
    })
}

/// The beginning of a text that somebody else wrote.
pub(crate) fn shortened(text: String) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}

fn hash_from_digits(digits: &str) -> Option<H256> {
    let mut bytes = [0u8; 32];
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    Some(H256(bytes))
}

/// An artifact: `{"kind": …, "root": …}`, or the root alone, which then is a bundle's, as models are.
pub(crate) fn parse_artifact(value: &Value) -> Result<ArtifactId, Error> {
    let parsed = match value {
        Value::String(text) => text
            .strip_prefix("0x")
            .and_then(hash_from_digits)
            .map(|root| ArtifactId { kind: ArtifactKind::Bundle, root }),
        value => serde_json::from_value(value.clone()).ok(),
    };
    parsed.ok_or_else(|| {
        let value = shortened(value.to_string());
        Error::InvalidParameter(format!(
            "{value} is no artifact: expected {{\"kind\",\"root\"}} or 0x and 64 hex digits"
        ))
    })
}

/// Bytes as hex, and as text where they are UTF-8.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BytesView {
    /// Hex with 0x.
    pub hex: String,
    /// The text; `null` if the bytes are not UTF-8.
    pub text: Option<String>,
}

impl BytesView {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self { hex: format!("0x{}", hex::encode(bytes)), text: std::str::from_utf8(bytes).ok().map(ToOwned::to_owned) }
    }
}

/// An input that this node keeps for a job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct UploadView {
    /// File root: how an order names it.
    pub root: H256,
    /// Length in bytes.
    pub length: u64,
}

/// A job's input.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum InputView {
    /// The bytes, from the chain.
    Plain(BytesView),
    /// A blob that travels off chain.
    Blob {
        /// Its root.
        root: H256,
        /// Its length in bytes.
        length: u64,
    },
    /// A blob only the assigned nodes can read.
    Encrypted {
        /// Root of the ciphertext.
        root: H256,
        /// Its length in bytes.
        length: u64,
    },
}

/// The work of a job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum WorkView {
    /// Generate text.
    Generate {
        /// The prompt.
        input: InputView,
        /// How tokens are drawn.
        sampler: Sampler,
        /// Most tokens the prompt may have.
        max_input_tokens: u32,
        /// Most tokens to generate.
        max_output_tokens: u32,
        /// Token ids that end the output early.
        stop: Vec<Vec<u32>>,
    },
    /// Embed texts.
    Embed {
        /// The texts as bytes.
        input: InputView,
        /// The texts; `null` if the bytes are no list of texts, or are not on chain.
        texts: Option<Vec<String>>,
        /// Most tokens read of all texts together.
        max_input_tokens: u32,
    },
}

/// Where a job stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum StatusView {
    /// Waits for a provider.
    Pending {
        /// Last block of waiting.
        deadline: BlockNumber,
    },
    /// A provider works on it.
    Assigned {
        /// Who.
        provider: String,
        /// Since.
        assigned_at: BlockNumber,
        /// Last block for the commitment.
        deadline: BlockNumber,
    },
    /// The result is being checked.
    Committed {
        /// Whose result.
        provider: String,
        /// Since.
        committed_at: BlockNumber,
        /// Validators that may check it.
        eligible: u32,
        /// Sealed verdicts so far.
        sealed: u32,
        /// Revealed verdicts so far.
        revealed: u32,
    },
    /// The verdict is in and waits for its settlement.
    Judged {
        /// Whose result.
        provider: String,
    },
    /// Over.
    Closed {
        /// Why.
        reason: CloseReason,
    },
}

/// What a provider committed to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CommitmentView {
    /// Hash by which verdicts name it.
    pub hash: H256,
    /// Binds the fields below to job, attempt, provider and seed.
    pub job_root: H256,
    /// Root of the output.
    pub out_root: H256,
    /// Root of the trace, where the class has one.
    pub trace_root: Option<H256>,
    /// Tokens read.
    pub n_in: u32,
    /// Tokens written.
    pub n_out: u32,
    /// Why the output ended.
    pub stop: StopReason,
}

/// One payment of a receipt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PaymentView {
    /// Who.
    pub account: String,
    /// For what.
    pub role: PaymentRole,
    /// How much.
    pub amount: Amount,
}

/// How a job ended and who was paid. Fields as in the runtime's receipt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ReceiptView {
    /// Its hash, as in the closing event.
    pub hash: H256,
    /// The attempt the job ended with.
    pub attempt: Attempt,
    /// Why it closed.
    pub reason: CloseReason,
    /// Who did the work last, if anyone.
    pub provider: Option<String>,
    /// What the validators found, if they did.
    pub verdict: Option<Verdict>,
    /// How many validators' verdicts agree with it.
    pub verdicts: u32,
    /// Units paid for.
    pub units: Units,
    /// Price per 1,000 units.
    pub price: Amount,
    /// What the work cost.
    pub fee: Amount,
    /// What went back to the requester.
    pub refunded: Amount,
    /// What of the fee was burned.
    pub burned: Amount,
    /// What was burned of providers' bonds.
    pub slashed: Amount,
    /// What the requester burned beside the fee, for attestations and for visits while the job waited.
    pub upkeep: Amount,
    /// Who got what.
    pub payments: Vec<PaymentView>,
    /// Block of the order.
    pub submitted_at: BlockNumber,
    /// Block of the settlement.
    pub closed_at: BlockNumber,
}

/// Some of the jobs that the chain keeps.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct JobPageView {
    /// The jobs, newest first. May be empty though there are more pages.
    pub jobs: Vec<JobView>,
    /// `before` of the next page; none behind the last one.
    pub next: Option<JobId>,
}

/// Everything the chain knows of a job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct JobView {
    /// Its id.
    pub job: JobId,
    /// The running or last attempt.
    pub attempt: Attempt,
    /// Who ordered.
    pub requester: String,
    /// The model.
    pub model: ArtifactId,
    /// How the result is verified.
    pub class: VerificationClass,
    /// The work.
    pub work: WorkView,
    /// The most the requester pays.
    pub max_price: Amount,
    /// Blocks each provider has to its commitment.
    pub deadline: BlockNumber,
    /// Block of the order.
    pub submitted_at: BlockNumber,
    /// What is held of the requester for it.
    pub escrow: Amount,
    /// What the requester burned for attestations, and for visits while the job waited.
    pub upkeep: Amount,
    /// What is held for the attestations of further attempts, until the job closes.
    pub reserve: Amount,
    /// What is held for storage, until the job is forgotten.
    pub deposit: Amount,
    /// The block in which a closed job is forgotten at the latest.
    pub kept_until: Option<BlockNumber>,
    /// Where it stands.
    pub status: StatusView,
    /// The last commitment.
    pub commitment: Option<CommitmentView>,
    /// Its receipt, once closed.
    pub receipt: Option<ReceiptView>,
}

/// A job's output.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct OutputView {
    /// The job.
    pub job: JobId,
    /// Root of the output, as committed.
    pub out_root: H256,
    /// Token ids; `null` if the work was another than to generate.
    pub tokens: Option<Vec<u32>>,
    /// Their text; `null` if there are none, or if this node does not have the model's tokenizer.
    pub text: Option<String>,
    /// A vector for each text, none for a job error; `null` if the work was another than to embed.
    pub vectors: Option<Vec<Vec<f32>>>,
    /// Tokens read, as the provider claims until the job is settled as valid.
    pub n_in: u32,
    /// Tokens written, likewise.
    pub n_out: u32,
    /// Why the output ended.
    pub stop: StopReason,
}

/// What an order costs and holds beside its price. Fields as in the runtime's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CostsView {
    /// Burned by the transaction that orders, about.
    pub transaction_fee: Amount,
    /// Burned with the order, for the attestations of one attempt.
    pub attestation_fee: Amount,
    /// Held until the job closes, and burned only if a further attempt causes attestations again.
    pub reserve: Amount,
    /// Burned with the order if no provider is free.
    pub waiting_fee: Amount,
    /// Held for storage until the job is forgotten.
    pub deposit: Amount,
    /// Blocks for which a closed job is kept, unless its requester forgets it earlier.
    pub retention: BlockNumber,
}

/// What an order would cost now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct QuoteView {
    /// The provider that would get it.
    pub provider: String,
    /// Its price per 1,000 units.
    pub price: Amount,
    /// The most units the order can use.
    pub max_units: Units,
    /// The most it can cost.
    pub max_fee: Amount,
    /// What the order costs and holds beside that.
    pub costs: CostsView,
}

/// An offer of a provider.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AskView {
    /// The model.
    pub model: ArtifactId,
    /// The class.
    pub class: VerificationClass,
    /// Price per 1,000 units.
    pub price: Amount,
    /// Jobs it takes at once.
    pub capacity: u32,
    /// Jobs it has.
    pub running: u32,
    /// The most units it takes in one job.
    pub max_units: Units,
    /// The units of one job that it promises to do in a block.
    pub throughput: u32,
}

/// A registered provider.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ProviderView {
    /// Its account.
    pub provider: String,
    /// Its bond.
    pub bond: Amount,
    /// The part that backs jobs.
    pub reserved: Amount,
    /// Whether it takes jobs.
    pub active: bool,
    /// Models it serves.
    pub models: Vec<ArtifactId>,
    /// Accounts it is linked to.
    pub linked: Vec<String>,
    /// Its offers.
    pub asks: Vec<AskView>,
}

/// A registered model.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ModelView {
    /// Its typed root.
    pub model: ArtifactId,
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its owner.
    pub owner: String,
    /// The owner's share of fees, in parts per billion.
    pub royalty: u32,
}
