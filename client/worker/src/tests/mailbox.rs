use super::support::{check_for, commitment, key, outcome, provide_for, SharedStorage};
use crate::{
    chain::mailbox::{delivered, publish, Entry, Written},
    duty::DutyId,
};
use codec::Encode;
use sp_core::{
    offchain::{OffchainStorage, STORAGE_PREFIX},
    H256,
};
use strike_primitives::{
    api::Duty,
    commitment::Commitment,
    mailbox::{commitment_key, verdict_key, CommitmentEntry, VerdictEntry},
    verdict::Verdict,
};

fn provided(n_in: u32) -> (DutyId, Duty, Entry) {
    let duty = provide_for(key(), 1, 5, 50);
    let claim = commitment(&duty.binding, &crate::Outcome { n_in, ..outcome() });
    let duty = Duty::Provide(duty);
    (DutyId::of(&duty), duty, Entry::Commitment(CommitmentEntry { commitment: Commitment::V1(claim) }))
}

#[test]
fn an_entry_lies_where_the_off_chain_worker_looks() {
    let mut storage = SharedStorage::default();
    let (id, duty, entry) = provided(4);
    assert!(!delivered(&storage, &id, &duty));
    assert_eq!(publish(&mut storage, &id, &duty, &entry), Written::New);
    assert!(delivered(&storage, &id, &duty));

    let Duty::Provide(provide) = &duty else { unreachable!() };
    let binding = &provide.binding;
    let key = commitment_key(&provide.key, binding.job, binding.attempt, &binding.seed);
    let Entry::Commitment(entry) = entry else { unreachable!() };
    assert_eq!(storage.get(b"storage", &key), Some(entry.encode()));
}

#[test]
fn a_verdict_lies_where_the_off_chain_worker_looks() {
    let mut storage = SharedStorage::default();
    let duty = check_for(key(), 1, commitment(&provide_for(key(), 1, 5, 50).binding, &outcome()));
    let at = verdict_key(&duty.key, &duty.audit, &duty.beacon);
    let verdict = VerdictEntry { verdict: Verdict::Valid { units: 7 }, work_tag: None, salt: H256([8; 32]) };
    let duty = Duty::Check(duty);
    publish(&mut storage, &DutyId::of(&duty), &duty, &Entry::Verdict(verdict.clone()));
    assert_eq!(storage.get(b"storage", &at), Some(verdict.encode()));
}

#[test]
fn what_is_there_stays_so_that_nothing_is_attested_twice() {
    let mut storage = SharedStorage::default();
    let (id, duty, first) = provided(4);
    let (_, _, second) = provided(5);
    publish(&mut storage, &id, &duty, &first);
    assert_eq!(publish(&mut storage, &id, &duty, &first), Written::Kept { same: true });
    assert_eq!(publish(&mut storage, &id, &duty, &second), Written::Kept { same: false });
    let Entry::Commitment(first) = first else { unreachable!() };
    assert_eq!(storage.get(STORAGE_PREFIX, id.mailbox_key()), Some(first.encode()));
}

#[test]
fn what_is_no_result_for_the_duty_is_replaced() {
    let (id, duty, entry) = provided(4);
    let other = {
        let mut other = provide_for(key(), 1, 5, 50);
        other.binding.spec_hash = H256([77; 32]);
        let claim = commitment(&other.binding, &outcome());
        CommitmentEntry { commitment: Commitment::V1(claim) }.encode()
    };
    for damaged in [Vec::new(), vec![0, 1, 2], other] {
        let mut storage = SharedStorage::default();
        storage.set(STORAGE_PREFIX, id.mailbox_key(), &damaged);
        assert!(!delivered(&storage, &id, &duty));
        assert_eq!(publish(&mut storage, &id, &duty, &entry), Written::New);
        assert!(delivered(&storage, &id, &duty));
    }
}
