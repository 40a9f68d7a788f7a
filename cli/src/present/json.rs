//! What commands print as JSON. Accounts are SS58 addresses, hashes and roots `0x…`, amounts decimal strings of the smallest unit
//! ([`strike_primitives::amount`]).

mod account;
mod failure;
mod job;
mod receipt;
mod registered;
mod work;

pub use account::{BalanceView, TextsView, TransactionStateView, TransactionView};
pub use failure::{ErrorView, SentView};
pub use job::{CommitmentView, JobListView, JobView};
pub use receipt::{PaymentView, ReceiptView, Summary};
pub use registered::{AskView, ModelView, ProviderView};
pub use work::WorkView;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::present::fixtures::{order, receipt};
    use serde_json::{to_string, Value};
    use strike_primitives::{
        amount::Amount,
        api::{AskInfo, JobInfo, JobStatus, ProviderInfo},
        artifact::{ArtifactId, ArtifactKind},
        job::{JobOrder, VerificationClass},
        receipt::CloseReason,
        AccountId, Balance, H256,
    };

    /// An amount that loses its last digits as a binary64.
    const LARGE: Balance = Balance::MAX;

    fn job() -> JobInfo {
        let JobOrder::V1(order) = order();
        let mut receipt = receipt();
        for amount in [
            &mut receipt.price,
            &mut receipt.fee,
            &mut receipt.refunded,
            &mut receipt.burned,
            &mut receipt.slashed,
            &mut receipt.upkeep,
        ] {
            *amount = LARGE;
        }
        receipt.payments.iter_mut().for_each(|payment| payment.amount = LARGE);
        JobInfo {
            job: 9,
            attempt: 0,
            requester: receipt.requester.clone(),
            order: JobOrder::V1(strike_primitives::job::JobOrderV1 { max_price: LARGE, ..order }),
            submitted_at: 10,
            escrow: LARGE,
            upkeep: LARGE,
            reserve: LARGE,
            deposit: LARGE,
            kept_until: Some(900),
            status: JobStatus::Closed { reason: CloseReason::Settled },
            commitment: None,
            receipt: Some(receipt),
        }
    }

    fn provider() -> ProviderInfo {
        let provider = AccountId::new([2; 32]);
        let model = ArtifactId { kind: ArtifactKind::Bundle, root: H256([7; 32]) };
        let ask = AskInfo {
            provider: provider.clone(),
            model,
            class: VerificationClass::Exact,
            price: LARGE,
            capacity: 1,
            running: 0,
            max_units: 4_096,
            throughput: 100,
        };
        ProviderInfo {
            provider,
            bond: LARGE,
            reserved: LARGE,
            active: true,
            models: vec![model],
            linked: vec![],
            asks: vec![ask],
        }
    }

    /// The numbers of a value that a JavaScript client reads as others.
    fn inexact(value: &Value) -> Vec<String> {
        const SAFE: u64 = (1 << 53) - 1;
        match value {
            Value::Number(number) if number.as_u64().is_some_and(|number| number <= SAFE) => vec![],
            Value::Number(number) => vec![number.to_string()],
            Value::Array(values) => values.iter().flat_map(inexact).collect(),
            Value::Object(fields) => fields.values().flat_map(inexact).collect(),
            Value::Null | Value::Bool(_) | Value::String(_) => vec![],
        }
    }

    #[test]
    fn every_amount_keeps_its_digits_in_a_javascript_client() {
        let job = job();
        let balance = BalanceView {
            account: AccountId::new([1; 32]),
            free: Amount(LARGE),
            held: [("Market.Escrow".to_owned(), Amount(LARGE))].into(),
            held_until: [("Market.Escrow".to_owned(), "its jobs close")].into(),
            frozen: Amount(LARGE),
            total: Amount(LARGE),
        };
        let receipt = job.receipt.as_ref().unwrap();
        // Each with how many amounts it has.
        let views = [
            (to_string(&JobView::from(&job)), 5 + 6 + 3),
            (to_string(&ReceiptView::from(receipt)), 6 + 3),
            (to_string(&Summary::new(receipt, None)), 2 + 1),
            (to_string(&ProviderView::from(&provider())), 2 + 1),
            (to_string(&balance), 4),
        ];
        for (text, amounts) in views {
            let text = text.unwrap();
            let value: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(inexact(&value), Vec::<String>::new(), "{text}");
            assert_eq!(text.matches(&format!(r#""{LARGE}""#)).count(), amounts, "{text}");
        }
        assert_eq!(inexact(&serde_json::from_str(&format!("[{LARGE}]")).unwrap()).len(), 1);
        // A view that this test does not know has no other type of amounts either.
        let sources = [
            include_str!("json/account.rs"),
            include_str!("json/job.rs"),
            include_str!("json/receipt.rs"),
            include_str!("json/registered.rs"),
            include_str!("json/work.rs"),
        ];
        let code = |source: &'static str| source.lines().filter(|line| !line.trim_start().starts_with("//"));
        let words = |line: &'static str| line.split(|it: char| !it.is_alphanumeric() && it != '_');
        let mut named = sources.into_iter().flat_map(code).flat_map(words);
        assert!(named.all(|word| !["Balance", "u128"].contains(&word)));
    }
}
