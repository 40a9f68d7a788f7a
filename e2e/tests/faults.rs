//! Providers that misbehave are caught every time, requesters get their money back, and nobody honest is punished.

use strike_cli::{chain, keys, localnet::Options};
use strike_e2e::{
    command::{binary, strike},
    ledger::Ledger,
    network,
};
use strike_primitives::{
    receipt::{CloseReason, PaymentRole, Receipt},
    verdict::Verdict,
    AccountId, Balance, JobId,
};

const REQUESTER: &str = "ferdie";
/// Jobs that each misbehaving provider gets.
const JOBS: usize = 10;

fn faulty(fault: &str) -> impl FnOnce(&mut Options) + '_ {
    move |options| {
        for provider in &mut options.providers {
            provider.binary = Some(binary("faulty-node"));
            provider.env.push(("STRIKE_FAULT".into(), fault.into()));
        }
    }
}

/// Runs jobs on a network whose provider has the fault; returns their receipts after the books were checked.
async fn receipts_with(fault: &str) -> Vec<Receipt> {
    let mut network = network::start(faulty(fault)).await;
    let url = network::url(&network, "alice");
    let chain = network.connect("alice").await.unwrap_or_else(|error| panic!("{error}"));
    let account = |name: &str| keys::account(name).unwrap_or_else(|error| panic!("{error}"));
    let (requester, provider) = (account(REQUESTER), account("eve"));
    let (block, _) = chain.finalized().await.unwrap_or_else(|error| panic!("{error}"));
    let before = Ledger::read(&chain, block).await;

    let mut jobs: Vec<JobId> = Vec::new();
    for index in 0..JOBS {
        let prompt = format!("Tell me about house {index}.");
        // The shortest deadline, so that waiting for a silent provider is soon over.
        let args =
            ["job", "generate", "--prompt", &prompt, "--max-tokens", "16", "--deadline", "10", "--key", REQUESTER];
        jobs.push(strike(&url, &args).await.succeeded().json()["job"].as_u64().expect("a job id"));
    }
    let mut receipts = Vec::new();
    for job in jobs {
        let info = chain::follow(&chain, job, None, |_| {}).await.unwrap_or_else(|error| panic!("{error}"));
        let strike_primitives::job::JobOrder::V1(order) = &info.order;
        let receipt = info.receipt.expect("a closed job has a receipt");
        assert_eq!(receipt.refunded, order.max_price, "the whole price goes back");
        receipts.push(receipt);
    }

    let (block, _) = chain.finalized().await.unwrap_or_else(|error| panic!("{error}"));
    let after = Ledger::read(&chain, block).await;
    assert_only_the_provider_lost(&before, &after, &receipts, &requester, &provider);
    network.stop().await;
    receipts
}

fn compensation(receipt: &Receipt) -> Balance {
    let paid = receipt.payments.iter().filter(|payment| payment.role == PaymentRole::Compensation);
    paid.map(|payment| payment.amount).sum()
}

fn assert_only_the_provider_lost(
    before: &Ledger,
    after: &Ledger,
    receipts: &[Receipt],
    requester: &AccountId,
    provider: &AccountId,
) {
    before.assert_balanced();
    after.assert_balanced();
    let slashed: Balance = receipts.iter().map(|receipt| receipt.slashed).sum();
    let compensated: Balance = receipts.iter().map(compensation).sum();
    assert!(slashed > 0 && compensated > 0);
    assert!(slashed >= compensated, "at least half of a penalty burns");
    let transactions = before.issuance - after.issuance - slashed;
    for (account, total) in &before.totals {
        let expected = if account == provider {
            total - slashed - compensated
        } else if account == requester {
            total + compensated - transactions
        } else {
            *total
        };
        assert_eq!(after.total(account), expected, "{account:?}");
    }
}

#[tokio::test]
async fn another_text_is_caught_every_time() {
    for receipt in receipts_with("other-text").await {
        assert_eq!(receipt.reason, CloseReason::Invalid, "{receipt:?}");
        assert!(matches!(receipt.verdict, Some(Verdict::Invalid { .. })), "{receipt:?}");
        assert_eq!(receipt.verdicts, 4, "all four validators see it");
        assert!(receipt.slashed > 0 && compensation(&receipt) > 0);
    }
}

#[tokio::test]
async fn silence_is_caught_every_time() {
    for receipt in receipts_with("silent").await {
        assert_eq!(receipt.reason, CloseReason::ProviderLate, "{receipt:?}");
        assert_eq!(receipt.verdict, None);
        assert!(receipt.slashed > 0 && compensation(&receipt) > 0);
    }
}
