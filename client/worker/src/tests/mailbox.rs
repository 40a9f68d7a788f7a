use super::support::{check_for, commitment, key, outcome, provide_for, SharedStorage};
use crate::{
    chain::mailbox::{publish, Entry, Index, Written},
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
    mailbox::{commitment_key, verdict_key, CommitmentEntry, IndexedEntry, VerdictEntry, INDEX_KEY, MAX_INDEXED},
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
    assert!(!Index::read(&storage).delivered(&storage, &id, &duty));
    assert_eq!(publish(&mut storage, &id, &duty, &entry), Written::New);
    assert!(Index::read(&storage).delivered(&storage, &id, &duty));

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
        assert!(!Index::read(&storage).delivered(&storage, &id, &duty));
        assert_eq!(publish(&mut storage, &id, &duty, &entry), Written::New);
        assert!(Index::read(&storage).delivered(&storage, &id, &duty));
    }
}

#[test]
fn an_entry_that_the_off_chain_worker_does_not_know_of_is_entered_again() {
    let mut storage = SharedStorage::default();
    let (id, duty, entry) = provided(4);
    publish(&mut storage, &id, &duty, &entry);
    for lost in [None, Some(vec![1, 2, 3])] {
        match lost {
            None => storage.remove(STORAGE_PREFIX, INDEX_KEY),
            Some(bytes) => storage.set(STORAGE_PREFIX, INDEX_KEY, &bytes),
        }
        assert!(!Index::read(&storage).delivered(&storage, &id, &duty));
        assert_eq!(publish(&mut storage, &id, &duty, &entry), Written::Kept { same: true });
        assert!(Index::read(&storage).delivered(&storage, &id, &duty));
    }
}

#[test]
fn a_result_waits_while_the_index_has_no_room() {
    let mut storage = SharedStorage::default();
    let (id, duty, entry) = provided(4);
    let entries: Vec<IndexedEntry> = (0..MAX_INDEXED as u64)
        .map(|job| IndexedEntry { entry: job.encode(), key: key(), kind: 0, job, over_since: None })
        .collect();
    storage.set(STORAGE_PREFIX, INDEX_KEY, &entries.encode());
    assert_eq!(publish(&mut storage, &id, &duty, &entry), Written::Full);
    assert_eq!(storage.get(STORAGE_PREFIX, id.mailbox_key()), None, "nobody would find it");
    storage.set(STORAGE_PREFIX, INDEX_KEY, &entries[1..].encode());
    assert_eq!(publish(&mut storage, &id, &duty, &entry), Written::New);
    assert!(Index::read(&storage).delivered(&storage, &id, &duty));
}
