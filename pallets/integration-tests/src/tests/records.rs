//! What is kept, and when it is forgotten.

use crate::{actions::*, runtime::*, world::*};
use frame_support::assert_ok;
use strike_primitives::receipt::CloseReason;

/// Nothing of any job is left anywhere.
fn assert_nothing_kept() {
    assert_eq!(pallet_market::Jobs::<Test>::iter().count(), 0);
    assert_eq!(pallet_market::Orders::<Test>::iter().count(), 0);
    assert_eq!(pallet_market::Receipts::<Test>::iter().count(), 0);
    assert_eq!(pallet_market::JobsOf::<Test>::iter().count(), 0);
    assert_eq!(pallet_market::Verdicts::<Test>::iter().count(), 0);
    assert_eq!(pallet_market::AwaitingCommitment::<Test>::iter().count(), 0);
    assert_eq!(pallet_market::Running::<Test>::iter().count(), 0);
    assert_eq!(pallet_market::Deadlines::<Test>::iter().count(), 0);
    assert_eq!(pallet_verification::AuditRecords::<Test>::iter().count(), 0);
    assert_eq!(pallet_verification::OpenAudits::<Test>::iter().count(), 0);
    assert_eq!(pallet_verification::Deadlines::<Test>::iter().count(), 0);
    assert_eq!(pallet_verification::KeySetUses::<Test>::iter().count(), 0);
}

#[test]
fn pruned_jobs_should_be_forgotten_everywhere_and_deposits_return() {
    ExtBuilder::default().run(|| {
        let free = Balances::free_balance(rita().account);
        let settled = submit();
        let failed = submit();
        let late = submit();
        let cancelled = submit_as(&rita(), strike_primitives::job::JobOrderV1 { model: FREE_MODEL, ..order() });
        assert_eq!(held(&rita(), pallet_market::HoldReason::JobDeposit), 4 * JOB_DEPOSIT);
        assert_ok!(Market::cancel(rita().signed(), cancelled));
        commit(settled, TRUE_OUTPUT);
        commit(failed, FALSE_OUTPUT);
        judge_honestly(settled, &validators());
        judge_honestly(failed, &validators());
        while pallet_market::Receipts::<Test>::iter().count() < 4 {
            next_block();
        }
        assert_eq!(receipt(settled).reason, CloseReason::Settled);
        assert_eq!(receipt(cancelled).reason, CloseReason::Cancelled);
        assert_eq!(receipt(late).reason, CloseReason::ProviderLate);
        // Of what was judged, the last audit is still readable.
        assert_eq!(Verification::audit(settled).and_then(|audit| audit.verdict), Some(VALID));
        let last = receipt(failed).closed_at.max(receipt(late).closed_at);
        let gained = total(&rita());

        run_to(last + RETENTION - 1);
        assert!(pallet_market::Receipts::<Test>::iter().count() > 0);
        next_block();
        assert_nothing_kept();
        assert!(Verification::commitment(settled).is_none());
        assert_eq!(held(&rita(), pallet_market::HoldReason::JobDeposit), 0);
        assert_eq!(Balances::free_balance(rita().account), gained);
        assert!(free + 100_000_000 > gained && gained + 100_000_000 > free);
    });
}

#[test]
fn job_should_be_kept_for_the_whole_retention() {
    ExtBuilder::default().run(|| {
        let job = submit();
        deliver(job, TRUE_OUTPUT);
        let closed = receipt(job).closed_at;
        assert_eq!(closed, now());
        run_to(closed + RETENTION - 1);
        assert_eq!(receipt(job).reason, CloseReason::Settled);
        assert!(Verification::audit(job).is_some());
        next_block();
        assert_nothing_kept();
    });
}
