use crate::{mock::*, weights::CountedWeight, DeadlineCursor, Deadlines, OpenAudits, WeightInfo};
use frame_support::weights::Weight;

#[test]
fn a_share_that_suffices_for_one_audit_works_them_off_one_by_one() {
    ExtBuilder::default().execute(|| {
        for job in 0..3 {
            assign(job);
        }
        run_for(2);
        for job in 0..3 {
            include(commit_call(job, 0, commitment(job), &provider())).unwrap();
        }
        run_for(SealPeriod::get());
        assert_eq!(open(), 3);

        type W = CountedWeight<Test>;
        let one = W::poll_base() + W::poll_height().saturating_mul(2) + W::poll_audit();
        for left in [2, 1, 0] {
            next_block_with(one);
            assert_eq!(open(), left);
            Verification::do_try_state().unwrap();
        }
        assert_eq!(Outcomes::get().len(), 3);
        run_for(1);
        assert_eq!(DeadlineCursor::<Test>::get(), System::block_number() + 1);
        assert_eq!(Deadlines::<Test>::iter().count(), 0);
    });
}

#[test]
fn without_weight_the_cursor_lags_and_catches_up() {
    ExtBuilder::default().execute(|| {
        committed(1);
        let before = DeadlineCursor::<Test>::get();
        for _ in 0..SealPeriod::get() + 5 {
            next_block_with(Weight::from_parts(1, 1));
        }
        assert_eq!(DeadlineCursor::<Test>::get(), before);
        next_block();
        assert_eq!(DeadlineCursor::<Test>::get(), System::block_number() + 1);
        assert_eq!(outcome().verdict, None);
    });
}

fn open() -> usize {
    OpenAudits::<Test>::iter().count()
}
