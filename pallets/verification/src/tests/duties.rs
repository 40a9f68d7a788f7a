use crate::mock::*;
use frame_support::assert_ok;
use strike_primitives::{
    api::{CheckDuty, Duty},
    app::AppKey,
};

fn checks(keys: &[AppKey]) -> Vec<CheckDuty> {
    let checks = Verification::duties(keys).into_iter().map(|duty| match duty {
        Duty::Check(duty) => duty,
        Duty::Provide(_) => panic!("no commitment is owed"),
    });
    checks.collect()
}

#[test]
fn a_provider_owes_a_commitment_once_the_seed_is_known() {
    ExtBuilder::default().execute(|| {
        let keys = [provider().key()];
        assign(1);
        next_block();
        assert_eq!(Verification::duties(&keys), vec![]);
        next_block();
        let duties = Verification::duties(&keys);
        let [Duty::Provide(duty)] = &duties[..] else { panic!() };
        assert_eq!(Some(&duty.binding), Verification::binding(1).as_ref());
        assert_eq!((duty.assigned_at, duty.deadline, &duty.work), (1, 31, &work()));
        assert_eq!(Verification::duties(&[validator(0).key()]), vec![]);
        assert_ok!(include(commit_call(1, 0, commitment(1), &provider())));
        assert_eq!(Verification::duties(&keys), vec![]);
    });
}

#[test]
fn a_provider_owes_nothing_after_the_deadline() {
    ExtBuilder::default().execute(|| {
        assign(1);
        run_to(32);
        assert_eq!(Verification::duties(&[provider().key()]), vec![]);
    });
}

#[test]
fn a_validator_owes_a_check_until_its_verdict_is_revealed() {
    ExtBuilder::default().execute(|| {
        let keys = [validator(0).key()];
        committed(1);
        next_block();
        assert_eq!(checks(&keys), vec![]);
        next_block();
        let audit = audit_ref(1);
        let duty = checks(&keys).remove(0);
        assert_eq!((&duty.audit, &duty.validator), (&audit, &validator(0).account));
        assert_eq!((duty.committed_at, duty.deadline), (3, 3 + SealPeriod::get()));
        assert_eq!(Some(duty.commitment), Verification::commitment(1));

        assert_ok!(seal(&audit, &validator(0), VALID));
        assert_eq!(checks(&keys)[0].deadline, 3 + SealPeriod::get() + RevealPeriod::get());
        for index in 1..4 {
            assert_ok!(seal(&audit, &validator(index), VALID));
        }
        assert_eq!(checks(&keys)[0].deadline, System::block_number() + RevealPeriod::get());
        assert_ok!(reveal(&audit, &validator(0), VALID));
        assert_eq!(checks(&keys), vec![]);
        assert_eq!(checks(&[validator(1).key()]).len(), 1);
    });
}

#[test]
fn who_did_not_seal_owes_no_reveal() {
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        for index in 0..3 {
            assert_ok!(seal(&audit, &validator(index), VALID));
        }
        run_for(SealGrace::get() + 1);
        assert_eq!(checks(&[validator(3).key()]), vec![]);
        assert_eq!(checks(&[validator(2).key()]).len(), 1);
    });
}

#[test]
fn who_may_not_judge_owes_nothing() {
    ExtBuilder::default().execute(|| {
        Linked::set([(validator(1).account, provider().account)].into());
        sealing(1);
        assert_eq!(checks(&[validator(1).key(), actor("//Other").key()]), vec![]);
    });
}

#[test]
fn duties_come_in_the_order_of_jobs() {
    ExtBuilder::default().execute(|| {
        for job in [5, 9, 2, 7] {
            assign(job);
        }
        run_for(2);
        for job in [9, 2] {
            assert_ok!(include(commit_call(job, 0, commitment(job), &provider())));
        }
        run_for(2);
        let duties = Verification::duties(&[validator(0).key(), provider().key()]);
        let jobs: Vec<_> = duties
            .iter()
            .map(|duty| match duty {
                Duty::Provide(duty) => ("provide", duty.binding.job),
                Duty::Check(duty) => ("check", duty.binding.job),
            })
            .collect();
        assert_eq!(jobs, vec![("check", 2), ("provide", 5), ("provide", 7), ("check", 9)]);
    });
}
