use crate::{mock::*, types::Phase, weights::SubstrateWeight, DeadlineCursor, Deadlines, OpenAudits, WeightInfo};
use frame_support::{assert_ok, weights::Weight};

#[test]
fn validators_have_as_long_as_the_provider_had() {
    ExtBuilder::default().execute(|| {
        for (job, period) in [(1, SealPeriod::get() - 1), (2, SealPeriod::get() + 9)] {
            assign(job);
            Assigned::mutate(|jobs| jobs.get_mut(&job).unwrap().period = period);
            run_for(2);
            assert_ok!(include(commit_call(job, 0, commitment(job), &provider())));
            let until = System::block_number() + period.max(SealPeriod::get());
            assert_eq!(OpenAudits::<Test>::get(job).unwrap().phase, Phase::Sealing { until });
        }
        // The last moment of the longer one.
        run_for(SealPeriod::get() + 9);
        let audit = audit_ref(2);
        for index in 0..4 {
            assert_ok!(seal(&audit, &validator(index), VALID));
        }
        assert!(matches!(OpenAudits::<Test>::get(2).unwrap().phase, Phase::Revealing { .. }));
    });
}

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

        type W = SubstrateWeight<Test>;
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

#[test]
fn sealing_and_revealing_wait_while_time_stands_still() {
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        stand_still_for(500);
        for index in 0..4 {
            seal(&audit, &validator(index), VALID).unwrap();
        }
        stand_still_for(500);
        for index in 0..4 {
            reveal(&audit, &validator(index), VALID).unwrap();
        }
        assert_eq!(outcome().verdict, Some(VALID));
    });
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        run_for(SealPeriod::get() - 2);
        stand_still_for(500);
        // The last time at which a seal counts.
        assert!(seal(&audit, &validator(0), VALID).is_ok());
        next_block();
        assert!(seal(&audit, &validator(1), VALID).is_err());
        assert_eq!(outcome().verdict, None);
    });
}

#[test]
fn a_commitment_waits_while_time_stands_still() {
    ExtBuilder::default().execute(|| {
        assign(1);
        stand_still_for(500);
        run_for(30);
        include(commit_call(1, 0, commitment(1), &provider())).unwrap();
        assert_eq!(OpenAudits::<Test>::get(1).unwrap().committed_at, System::block_number());
    });
}

#[test]
fn duties_end_in_the_block_in_which_their_deadline_does() {
    use strike_primitives::api::Duty;
    ExtBuilder::default().execute(|| {
        assign(1);
        stand_still_for(500);
        let duties = duties(&[provider().key()]);
        let [Duty::Provide(duty)] = &duties[..] else { panic!("one job is owed: {duties:?}") };
        let last = duty.deadline;
        run_to(last);
        include(commit_call(1, 0, commitment(1), &provider())).unwrap();
        assert_eq!(last, 1 + 30 + 500);
    });
}
