use crate::mock::*;
use frame_support::assert_ok;
use std::collections::BTreeSet;
use strike_primitives::{
    api::{duty_kind, CheckDuty, Duty, DutyCursor, DutyPage},
    app::AppKey,
    JobId,
};

fn checks(keys: &[AppKey]) -> Vec<CheckDuty> {
    let checks = duties(keys).into_iter().map(|duty| match duty {
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
        assert_eq!(duties(&keys), vec![]);
        next_block();
        let owed = duties(&keys);
        let [Duty::Provide(duty)] = &owed[..] else { panic!() };
        assert_eq!(Some(&duty.binding), Verification::binding(1).as_ref());
        assert_eq!((duty.assigned_at, duty.deadline, &duty.work), (1, 31, &work()));
        assert_eq!(duties(&[validator(0).key()]), vec![]);
        assert_ok!(include(commit_call(1, 0, commitment(1), &provider())));
        assert_eq!(duties(&keys), vec![]);
    });
}

#[test]
fn a_provider_owes_nothing_after_the_deadline() {
    ExtBuilder::default().execute(|| {
        assign(1);
        run_to(32);
        assert_eq!(duties(&[provider().key()]), vec![]);
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
fn commitments_and_checks_are_owed_together() {
    ExtBuilder::default().execute(|| {
        for job in [5, 9, 2, 7] {
            assign(job);
        }
        run_for(2);
        for job in [9, 2] {
            assert_ok!(include(commit_call(job, 0, commitment(job), &provider())));
        }
        run_for(2);
        let owed = duties(&[validator(0).key(), provider().key()]);
        let jobs: Vec<_> = owed
            .iter()
            .map(|duty| match duty {
                Duty::Provide(duty) => ("provide", duty.binding.job),
                Duty::Check(duty) => ("check", duty.binding.job),
            })
            .collect();
        assert_eq!(jobs, vec![("check", 2), ("provide", 5), ("provide", 7), ("check", 9)]);
    });
}

/// The jobs of all heads, page by page with this limit, and how many pages there were.
fn pages(keys: &[AppKey], limit: u32) -> (Vec<JobId>, usize) {
    let (mut jobs, mut after, mut count) = (Vec::new(), None, 0);
    loop {
        let DutyPage { heads, next } = Verification::duty_heads(keys, after, limit);
        assert!(heads.len() as u32 <= limit.max(2));
        jobs.extend(heads.iter().map(|head| head.job));
        count += 1;
        assert!(count < 10_000, "pages end");
        after = next;
        if after.is_none() {
            jobs.sort_unstable();
            return (jobs, count);
        }
    }
}

#[test]
fn nothing_that_others_owe_hides_a_duty() {
    ExtBuilder::default().execute(|| {
        let jobs: Vec<JobId> = (1..=700).collect();
        jobs.iter().for_each(|job| assign(*job));
        run_for(2);
        // The provider has more jobs than a page has places.
        assert_eq!(pages(&[provider().key()], 256).0, jobs);
        for job in &jobs {
            assert_ok!(include(commit_call(*job, 0, commitment(*job), &provider())));
        }
        run_for(2);
        let keys = [validator(0).key()];
        for limit in [0, 1, 2, 7, 256, u32::MAX] {
            let (seen, count) = pages(&keys, limit);
            assert_eq!(seen, jobs);
            assert!(count >= jobs.len() / 256);
        }
        // Keys that owe nothing cost nothing but themselves.
        assert_eq!(pages(&[actor("//Other").key()], 256), (vec![], 1));
    });
}

#[test]
fn a_duty_that_stays_keeps_its_name_and_others_have_others() {
    ExtBuilder::default().execute(|| {
        for job in [1, 2] {
            assign(job);
        }
        run_for(2);
        assert_ok!(include(commit_call(2, 0, commitment(2), &provider())));
        run_for(2);
        let keys = [validator(0).key(), validator(1).key(), provider().key()];
        let heads = || Verification::duty_heads(&keys, None, 256).heads;
        let before = heads();
        assert_eq!(before.len(), 3);
        assert_eq!(before.iter().map(|head| head.id).collect::<BTreeSet<_>>().len(), 3);
        assert_ok!(seal(&audit_ref(2), &validator(0), VALID));
        next_block();
        let after = heads();
        assert_eq!(
            after.iter().map(|head| head.id).collect::<Vec<_>>(),
            before.iter().map(|head| head.id).collect::<Vec<_>>()
        );
        assert_ne!(after, before, "the next step has another deadline");
    });
}

#[test]
fn kinds_that_the_runtime_does_not_know_are_owed_by_nobody() {
    ExtBuilder::default().execute(|| {
        sealing(1);
        let keys = [validator(0).key()];
        let after = Some(DutyCursor { kind: 9, key: 0, after: None });
        assert_eq!(Verification::duty_heads(&keys, after, 10), DutyPage { heads: vec![], next: None });
        assert_eq!(Verification::duty(&keys[0], 9, 1), None);
        assert!(Verification::duty(&keys[0], duty_kind::CHECK, 1).is_some());
    });
}
