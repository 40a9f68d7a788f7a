//! Receipts as JSON.

use crate::present::words::{hash, model, verdict};
use serde::Serialize;
use std::collections::BTreeMap;
use strike_primitives::{
    amount::Amount,
    job::VerificationClass,
    receipt::{CloseReason, PaymentRole, Receipt},
    verdict::{InvalidReason, Verdict},
    AccountId, Attempt, BlockNumber, JobId, Units,
};

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
    pub price: Amount,
    /// What the work cost.
    pub fee: Amount,
    /// What went back to the requester.
    pub refunded: Amount,
    /// What of the fee was burned.
    pub burned: Amount,
    /// What was burned of bonds.
    pub slashed: Amount,
    /// What the requester burned beside the fee, for attestations and for visits while the job waited.
    pub upkeep: Amount,
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
    pub amount: Amount,
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
    pub paid: BTreeMap<String, Amount>,
    /// What went back to the requester.
    pub refunded: Amount,
    /// Blocks from the order to the settlement.
    pub blocks: BlockNumber,
}

impl Summary {
    /// The summary of a receipt and the text that was delivered.
    pub fn new(receipt: &Receipt, output: Option<String>) -> Self {
        let mut paid: BTreeMap<String, Amount> = BTreeMap::new();
        for payment in &receipt.payments {
            let Amount(sum) = paid.entry(payment.account.to_string()).or_default();
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
            refunded: receipt.refunded.into(),
            blocks: receipt.closed_at.saturating_sub(receipt.submitted_at),
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
            price: receipt.price.into(),
            fee: receipt.fee.into(),
            refunded: receipt.refunded.into(),
            burned: receipt.burned.into(),
            slashed: receipt.slashed.into(),
            upkeep: receipt.upkeep.into(),
            payments: receipt
                .payments
                .iter()
                .map(|payment| PaymentView {
                    account: payment.account.clone(),
                    role: payment.role,
                    amount: payment.amount.into(),
                })
                .collect(),
            submitted_at: receipt.submitted_at,
            closed_at: receipt.closed_at,
            hash: hash(&receipt.hash()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::present::fixtures::receipt;

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
        // Sums per account, beyond 64 bits, to the unit.
        assert!(text.contains(&format!(r#""{}":"18446744073709551621""#, paid(2))), "{text}");
        assert!(text.contains(&format!(r#""{}":"7""#, paid(3))), "{text}");
        assert!(text.ends_with(r#"},"refunded":"88","blocks":11}"#), "{text}");
    }

    #[test]
    fn receipts_are_printed_in_words() {
        let text = serde_json::to_string(&ReceiptView::from(&receipt())).unwrap();
        for part in [
            r#""reason":"settled""#,
            r#""verdict":"valid""#,
            r#""invalid_reason":null"#,
            r#""role":"royalty","amount":"5""#,
            r#""class":"statistical""#,
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
