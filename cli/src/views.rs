//! What commands print as JSON. Accounts are SS58 addresses, hashes and roots `0x…`, amounts integers in the smallest unit.

mod work;

pub use work::WorkView;

use crate::output::ErrorView;
use serde::Serialize;
use std::collections::BTreeMap;
use strike_primitives::{
    api::{AskInfo, JobInfo, JobStatus, ModelInfo, ProviderInfo},
    artifact::ArtifactId,
    commitment::StopReason,
    job::{JobOrder, VerificationClass},
    receipt::{CloseReason, PaymentRole, Receipt},
    verdict::{InvalidReason, Verdict},
    AccountId, Attempt, Balance, BlockNumber, JobId, Units, H256,
};

/// `0x…` of a hash.
pub fn hash(hash: &H256) -> String {
    format!("0x{}", hex::encode(hash.0))
}

/// How a model is named: by its root.
pub fn model(id: &ArtifactId) -> String {
    hash(&id.root)
}

/// The word for a verdict.
pub fn verdict(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Valid { .. } => "valid",
        Verdict::Invalid { .. } => "invalid",
        Verdict::Withheld => "withheld",
    }
}

/// The word for why a job closed.
pub fn reason(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::Settled => "settled",
        CloseReason::Cancelled => "cancelled",
        CloseReason::NoProvider => "no_provider",
        CloseReason::ProviderLate => "provider_late",
        CloseReason::Invalid => "invalid",
        CloseReason::Withheld => "withheld",
        CloseReason::Undecided => "undecided",
    }
}

/// A job.
#[derive(Clone, Debug, Serialize)]
pub struct JobView {
    /// Its id.
    pub job: JobId,
    /// The running or last attempt.
    pub attempt: Attempt,
    /// Who ordered.
    pub requester: AccountId,
    /// Root of the model.
    pub model: String,
    /// How it is verified.
    pub class: VerificationClass,
    /// What is ordered.
    pub work: WorkView,
    /// The most the requester pays.
    pub max_price: Balance,
    /// Blocks from assignment to commitment.
    pub deadline: BlockNumber,
    /// Block of the order.
    pub submitted_at: BlockNumber,
    /// What is held for it.
    pub escrow: Balance,
    /// Where it stands.
    pub status: JobStatus,
    /// The last commitment.
    pub commitment: Option<CommitmentView>,
    /// Its receipt, once closed.
    pub receipt: Option<ReceiptView>,
    /// The text, where it was asked for and the node has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Why there is no text, where it was asked for and could not be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_error: Option<ErrorView>,
}

/// What a provider committed to.
#[derive(Clone, Debug, Serialize)]
pub struct CommitmentView {
    /// Hash of the commitment.
    pub hash: String,
    /// Root of the output.
    pub out_root: String,
    /// Tokens read.
    pub n_in: u32,
    /// Tokens written.
    pub n_out: u32,
    /// Why the output ended.
    pub stop: StopReason,
}

/// A receipt.
#[derive(Clone, Debug, Serialize)]
pub struct ReceiptView {
    /// The job.
    pub job: JobId,
    /// The attempt it ended with.
    pub attempt: Attempt,
    /// Why it closed.
    pub reason: CloseReason,
    /// Who asked and paid.
    pub requester: AccountId,
    /// Who did the work last.
    pub provider: Option<AccountId>,
    /// Root of the model.
    pub model: String,
    /// How it was verified.
    pub class: VerificationClass,
    /// Hash of the commitment that was judged.
    pub commitment: Option<String>,
    /// What the validators found.
    pub verdict: Option<&'static str>,
    /// Why the result is invalid, if it is.
    pub invalid_reason: Option<InvalidReason>,
    /// How many validators' verdicts agree with it.
    pub verdicts: u32,
    /// Units paid for.
    pub units: Units,
    /// Price per 1,000 units.
    pub price: Balance,
    /// What the work cost.
    pub fee: Balance,
    /// What went back to the requester.
    pub refunded: Balance,
    /// What of the fee was burned.
    pub burned: Balance,
    /// What was burned of bonds.
    pub slashed: Balance,
    /// Who got what, and for what.
    pub payments: Vec<PaymentView>,
    /// Block of the order.
    pub submitted_at: BlockNumber,
    /// Block of the settlement.
    pub closed_at: BlockNumber,
    /// Hash of the receipt, as its event names it.
    pub hash: String,
}

/// A payment.
#[derive(Clone, Debug, Serialize)]
pub struct PaymentView {
    /// Who.
    pub account: AccountId,
    /// For what.
    pub role: PaymentRole,
    /// How much.
    pub amount: Balance,
}

/// A settled job on one line: the last line of `strike localnet --demo --once`.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The job.
    pub job: JobId,
    /// Root of the model.
    pub model: String,
    /// How it was verified.
    pub class: VerificationClass,
    /// What the validators found.
    pub verdict: Option<&'static str>,
    /// How many validators' verdicts agree with it.
    pub verdicts: u32,
    /// The text.
    pub output: Option<String>,
    /// What each account was paid.
    pub paid: BTreeMap<String, Balance>,
    /// What went back to the requester.
    pub refunded: Balance,
    /// Blocks from the order to the settlement.
    pub blocks: BlockNumber,
}

impl Summary {
    /// The summary of a receipt and the text that was delivered.
    pub fn new(receipt: &Receipt, output: Option<String>) -> Self {
        let mut paid: BTreeMap<String, Balance> = BTreeMap::new();
        for payment in &receipt.payments {
            let sum = paid.entry(payment.account.to_string()).or_default();
            // All of it was issued, and the issuance is a `Balance`.
            *sum = sum.saturating_add(payment.amount);
        }
        Self {
            job: receipt.job,
            model: model(&receipt.model),
            class: receipt.class,
            verdict: receipt.verdict.as_ref().map(verdict),
            verdicts: receipt.verdicts,
            output,
            paid,
            refunded: receipt.refunded,
            blocks: receipt.closed_at.saturating_sub(receipt.submitted_at),
        }
    }
}

impl From<&JobInfo> for JobView {
    fn from(info: &JobInfo) -> Self {
        let JobOrder::V1(order) = &info.order;
        Self {
            job: info.job,
            attempt: info.attempt,
            requester: info.requester.clone(),
            model: model(&order.model),
            class: order.class,
            work: (&order.work).into(),
            max_price: order.max_price,
            deadline: order.deadline,
            submitted_at: info.submitted_at,
            escrow: info.escrow,
            status: info.status.clone(),
            commitment: info.commitment.as_ref().map(|commitment| CommitmentView {
                hash: hash(&commitment.hash()),
                out_root: hash(&commitment.v1().out_root),
                n_in: commitment.v1().n_in,
                n_out: commitment.v1().n_out,
                stop: commitment.v1().stop,
            }),
            receipt: info.receipt.as_ref().map(Into::into),
            output: None,
            output_error: None,
        }
    }
}

impl From<&Receipt> for ReceiptView {
    fn from(receipt: &Receipt) -> Self {
        Self {
            job: receipt.job,
            attempt: receipt.attempt,
            reason: receipt.reason,
            requester: receipt.requester.clone(),
            provider: receipt.provider.clone(),
            model: model(&receipt.model),
            class: receipt.class,
            commitment: receipt.commitment.as_ref().map(hash),
            verdict: receipt.verdict.as_ref().map(verdict),
            invalid_reason: match receipt.verdict {
                Some(Verdict::Invalid { reason }) => Some(reason),
                _ => None,
            },
            verdicts: receipt.verdicts,
            units: receipt.units,
            price: receipt.price,
            fee: receipt.fee,
            refunded: receipt.refunded,
            burned: receipt.burned,
            slashed: receipt.slashed,
            payments: receipt
                .payments
                .iter()
                .map(|payment| PaymentView {
                    account: payment.account.clone(),
                    role: payment.role,
                    amount: payment.amount,
                })
                .collect(),
            submitted_at: receipt.submitted_at,
            closed_at: receipt.closed_at,
            hash: hash(&receipt.hash()),
        }
    }
}

/// A registered model.
#[derive(Clone, Debug, Serialize)]
pub struct ModelView {
    /// Its root.
    pub model: String,
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its owner.
    pub owner: AccountId,
    /// The owner's share of fees, in parts per billion.
    pub royalty: u32,
}

impl From<&ModelInfo> for ModelView {
    fn from(info: &ModelInfo) -> Self {
        Self {
            model: model(&info.model),
            name: info.name.clone(),
            size: info.size,
            owner: info.owner.clone(),
            royalty: info.royalty,
        }
    }
}

/// A registered provider.
#[derive(Clone, Debug, Serialize)]
pub struct ProviderView {
    /// Its account.
    pub provider: AccountId,
    /// Its bond.
    pub bond: Balance,
    /// The part that backs jobs.
    pub reserved: Balance,
    /// Whether it takes jobs.
    pub active: bool,
    /// Roots of the models it serves.
    pub models: Vec<String>,
    /// Accounts it is linked to.
    pub linked: Vec<AccountId>,
    /// Its offers.
    pub asks: Vec<AskView>,
}

/// An offer.
#[derive(Clone, Debug, Serialize)]
pub struct AskView {
    /// Root of the model.
    pub model: String,
    /// The class.
    pub class: VerificationClass,
    /// Price per 1,000 units.
    pub price: Balance,
    /// Jobs it takes at once.
    pub capacity: u32,
    /// Jobs it has.
    pub running: u32,
    /// The most units it takes in one job.
    pub max_units: Units,
    /// The units of one job that it promises to do in a block.
    pub throughput: u32,
}

impl From<&ProviderInfo> for ProviderView {
    fn from(info: &ProviderInfo) -> Self {
        Self {
            provider: info.provider.clone(),
            bond: info.bond,
            reserved: info.reserved,
            active: info.active,
            models: info.models.iter().map(model).collect(),
            linked: info.linked.clone(),
            asks: info.asks.iter().map(Into::into).collect(),
        }
    }
}

impl From<&AskInfo> for AskView {
    fn from(ask: &AskInfo) -> Self {
        Self {
            model: model(&ask.model),
            class: ask.class,
            price: ask.price,
            capacity: ask.capacity,
            running: ask.running,
            max_units: ask.max_units,
            throughput: ask.throughput,
        }
    }
}

/// A transaction that did what it was sent for.
#[derive(Clone, Debug, Serialize)]
pub struct TransactionView {
    /// Hash of the transaction.
    pub transaction: String,
    /// Hash of the block it is in.
    pub block: String,
    /// Height of that block.
    pub number: BlockNumber,
    /// Whether that block was final by then.
    pub finalized: bool,
    /// The job that it ordered, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
}

/// What an account has.
#[derive(Clone, Debug, Serialize)]
pub struct BalanceView {
    /// The account.
    pub account: AccountId,
    /// Free.
    pub free: Balance,
    /// Held, by pallet and reason.
    pub held: BTreeMap<String, Balance>,
    /// The part of what is free that is frozen.
    pub frozen: Balance,
    /// Everything.
    pub total: Balance,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use strike_primitives::{artifact::ArtifactKind, receipt::Payment};

    /// A receipt in which one account is paid twice.
    pub(crate) fn receipt() -> Receipt {
        let account = |byte| AccountId::new([byte; 32]);
        let pay = |byte, role, amount| Payment { account: account(byte), role, amount };
        let payments = vec![
            pay(2, PaymentRole::Provider, u128::from(u64::MAX) + 1),
            pay(2, PaymentRole::Royalty, 5),
            pay(3, PaymentRole::Validator, 7),
        ];
        Receipt {
            job: 9,
            attempt: 0,
            reason: CloseReason::Settled,
            requester: account(1),
            provider: Some(account(2)),
            model: ArtifactId { kind: ArtifactKind::Bundle, root: H256([0xab; 32]) },
            class: VerificationClass::Statistical,
            commitment: Some(H256([1; 32])),
            verdict: Some(Verdict::Valid { units: 10 }),
            verdicts: 4,
            units: 10,
            price: 1,
            fee: 12,
            refunded: 88,
            burned: 0,
            slashed: 0,
            payments: payments.try_into().unwrap(),
            submitted_at: 10,
            closed_at: 21,
        }
    }

    #[test]
    fn the_summary_has_its_shape() {
        let receipt = receipt();
        let paid = |byte| AccountId::new([byte; 32]).to_string();
        let expected = format!(
            r#"{{"job":9,"model":"0x{}","class":"statistical","verdict":"valid","verdicts":4,"output":"Once","#,
            "ab".repeat(32)
        );
        let text = serde_json::to_string(&Summary::new(&receipt, Some("Once".into()))).unwrap();
        assert!(text.starts_with(&expected), "{text}");
        // Sums per account, beyond 64 bits, as integers.
        assert!(text.contains(&format!(r#""{}":18446744073709551621"#, paid(2))), "{text}");
        assert!(text.contains(&format!(r#""{}":7"#, paid(3))), "{text}");
        assert!(text.ends_with(r#"},"refunded":88,"blocks":11}"#), "{text}");
    }

    #[test]
    fn receipts_are_printed_in_words() {
        let text = serde_json::to_string(&ReceiptView::from(&receipt())).unwrap();
        for part in [
            r#""reason":"settled""#,
            r#""verdict":"valid""#,
            r#""invalid_reason":null"#,
            r#""role":"royalty","amount":5"#,
            r#""class":"statistical""#,
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
