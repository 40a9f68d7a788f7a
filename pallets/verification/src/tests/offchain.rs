use crate::{mock::*, offchain::KEEP_ENTRIES, Call};
use codec::Encode;
use frame_support::assert_ok;
use sp_core::offchain::StorageKind;
use sp_runtime::offchain::storage::StorageValueRef;
use strike_primitives::{
    api::{duty_kind, Duty},
    commitment::Commitment,
    mailbox::{
        commitment_key, sent_key, verdict_key, CommitmentEntry, IndexedEntry, SentNote, VerdictEntry, INDEX_KEY,
        MAX_SIGNATURES, STEP_COMMIT, STEP_REVEAL, STEP_SEAL,
    },
    traits::Beacon,
    verdict::{AuditRef, InvalidReason, Verdict},
    H256,
};

/// The native worker found a commitment; returns the entry's key.
fn leave_commitment(job: u64, commitment: Commitment) -> Vec<u8> {
    let binding = Verification::binding(job).unwrap();
    let key = commitment_key(&provider().key(), job, binding.attempt, &binding.seed);
    StorageValueRef::persistent(&key).set(&CommitmentEntry { commitment });
    index(&key, &provider(), duty_kind::PROVIDE, job);
    key
}

/// As the native worker does before it leaves an entry.
fn index(entry: &[u8], by: &Actor, kind: u8, job: u64) {
    let index = StorageValueRef::persistent(INDEX_KEY);
    let mut entries: Vec<IndexedEntry> = index.get().unwrap().unwrap_or_default();
    if entries.iter().all(|known| known.entry != entry) {
        entries.push(IndexedEntry { entry: entry.to_vec(), key: by.key(), kind, job, over_since: None });
    }
    index.set(&entries);
}

/// The native worker of a validator found a verdict; returns the entry's key.
fn leave_verdict(audit: &AuditRef, by: &Actor, verdict: Verdict) -> Vec<u8> {
    let key = verdict_key(&by.key(), audit, &Verification::beacon(audit.beacon_block).unwrap());
    let salt = revealed(audit, by, verdict).salt;
    StorageValueRef::persistent(&key).set(&VerdictEntry { verdict, work_tag: None, salt });
    index(&key, by, duty_kind::CHECK, audit.job);
    key
}

/// One call of this pallet.
fn only(calls: Vec<RuntimeCall>) -> Call<Test> {
    let [RuntimeCall::Verification(call)] = &calls[..] else { panic!("one call, not {calls:?}") };
    call.clone()
}

#[test]
fn a_commitment_in_the_mailbox_is_submitted_and_included() {
    ExtBuilder::default().keystore(&[provider()]).execute_on_node(|node| {
        assign(1);
        run_for(2);
        assert!(node.run().is_empty());
        let found = commitment(1);
        leave_commitment(1, found.clone());
        let call = only(node.run());
        assert!(matches!(&call, Call::commit { job: 1, attempt: 0, commitment, .. } if *commitment == found));
        next_block();
        assert_ok!(include(call));
        assert_eq!(Verification::commitment(1), Some(found));
    });
}

#[test]
fn a_commitment_is_submitted_again_until_it_is_included() {
    ExtBuilder::default().keystore(&[provider()]).execute_on_node(|node| {
        assign(1);
        run_for(2);
        leave_commitment(1, commitment(1));
        only(node.run());
        for _ in 1..ResendAfter::get() {
            assert!(node.run().is_empty());
            next_block();
        }
        assert!(node.run().is_empty());
        next_block();
        let call = only(node.run());
        assert_ok!(include(call));
        run_for(ResendAfter::get() + 1);
        assert!(node.run().is_empty());
    });
}

#[test]
fn signatures_of_what_was_sent_are_noted() {
    ExtBuilder::default().keystore(&[provider()]).execute_on_node(|node| {
        assign(1);
        run_for(2);
        let key = leave_commitment(1, commitment(1));
        let mut sent = Vec::new();
        for _ in 0..MAX_SIGNATURES + 2 {
            let Call::commit { signature, .. } = only(node.run()) else { panic!("a commitment") };
            sent.push(signature);
            run_for(ResendAfter::get());
        }
        let note = StorageValueRef::persistent(&sent_key(&key, STEP_COMMIT)).get::<SentNote>().unwrap().unwrap();
        assert_eq!(note.signatures, sent[2..]);
    });
}

#[test]
fn what_the_pool_does_not_take_leaves_the_signature_noted_that_it_has() {
    ExtBuilder::default().keystore(&[provider()]).execute_on_node(|node| {
        assign(1);
        run_for(2);
        let key = leave_commitment(1, commitment(1));
        let Call::commit { signature, .. } = only(node.run()) else { panic!("a commitment") };
        node.pool.write().refuses = true;
        for _ in 0..MAX_SIGNATURES + 2 {
            run_for(ResendAfter::get());
            assert!(node.run().is_empty());
        }
        let note = StorageValueRef::persistent(&sent_key(&key, STEP_COMMIT)).get::<SentNote>().unwrap().unwrap();
        assert_eq!(note.signatures, [signature]);
        assert!(note.at + ResendAfter::get() > System::block_number());
    });
}

/// The writes since the native worker left its result are lost, and those before the signature was noted.
#[test]
fn a_lost_note_sends_again_and_what_is_in_already_is_refused() {
    ExtBuilder::default().keystore(&[provider()]).execute_on_node(|node| {
        assign(1);
        run_for(2);
        let key = leave_commitment(1, commitment(1));
        let first = only(node.run());
        for lost in [None, Some(Vec::new()), Some(vec![1, 2]), Some(SentNote { at: 1, signatures: vec![] }.encode())] {
            let note = sent_key(&key, STEP_COMMIT);
            match lost {
                None => StorageValueRef::persistent(&note).clear(),
                Some(bytes) => sp_io::offchain::local_storage_set(StorageKind::PERSISTENT, &note, &bytes),
            }
            let unreadable = StorageValueRef::persistent(&note).get::<SentNote>().is_err();
            let again = only(node.run());
            let noted = StorageValueRef::persistent(&note).get::<SentNote>().unwrap().unwrap();
            assert_eq!(noted.is_incomplete(), unreadable);
            assert!(matches!((&first, &again), (Call::commit { commitment: one, .. }, Call::commit { commitment: other, .. }) if one == other));
            run_for(ResendAfter::get());
        }
        assert_ok!(include(first.clone()));
        assert!(include(first).is_err());
        StorageValueRef::persistent(&key).clear();
        assert!(node.run().is_empty());
    });
}

#[test]
fn what_the_pool_refuses_is_not_lost() {
    ExtBuilder::default().keystore(&[provider()]).execute_on_node(|node| {
        assign(1);
        run_for(2);
        leave_commitment(1, commitment(1));
        node.pool.write().refuses = true;
        assert!(node.run().is_empty());
        // The first submission has nothing to wait for.
        node.pool.write().refuses = false;
        only(node.run());
        // A repetition may be refused because the pool has the first one: it waits.
        run_for(ResendAfter::get());
        node.pool.write().refuses = true;
        assert!(node.run().is_empty());
        node.pool.write().refuses = false;
        next_block();
        assert!(node.run().is_empty());
        run_for(ResendAfter::get());
        only(node.run());
    });
}

#[test]
fn a_note_of_a_fork_that_was_left_does_not_hold_up() {
    ExtBuilder::default().keystore(&[provider()]).execute_on_node(|node| {
        assign(1);
        run_for(2);
        let key = leave_commitment(1, commitment(1));
        StorageValueRef::persistent(&sent_key(&key, STEP_COMMIT)).set(&SentNote { at: 1_000, signatures: vec![] });
        only(node.run());
    });
}

#[test]
fn a_result_that_does_not_fit_is_not_submitted() {
    ExtBuilder::default().keystore(&[provider()]).execute_on_node(|node| {
        assign(1);
        run_for(2);
        let Commitment::V1(mut other) = commitment(1);
        other.job_root = H256::repeat_byte(1);
        let key = leave_commitment(1, Commitment::V1(other));
        assert!(node.run().is_empty());
        StorageValueRef::persistent(&key).set(&"damaged");
        assert!(node.run().is_empty());
        assert!(!node.stored(&sent_key(&key, STEP_COMMIT)));
    });
}

#[test]
fn keys_of_others_are_not_served() {
    ExtBuilder::default().keystore(&[validator(0)]).execute_on_node(|node| {
        assign(1);
        run_for(2);
        leave_commitment(1, commitment(1));
        assert!(node.run().is_empty());
    });
}

#[test]
fn a_verdict_is_sealed_then_revealed() {
    ExtBuilder::default().validators(2).keystore(&[validator(0), validator(1)]).execute_on_node(|node| {
        let audit = sealing(1);
        leave_verdict(&audit, &validator(0), VALID);
        let call = only(node.run());
        assert!(matches!(call, Call::seal { .. }));
        assert_ok!(include(call));
        // Sealed: it waits for the other one.
        run_for(ResendAfter::get());
        assert!(node.run().is_empty());

        leave_verdict(&audit, &validator(1), VALID);
        assert_ok!(include(only(node.run())));
        let reveals = node.run();
        assert_eq!(reveals.len(), 2);
        for call in reveals {
            assert!(matches!(&call, RuntimeCall::Verification(Call::reveal { .. })));
            assert_ok!(include(call));
        }
        assert_eq!(outcome().verdict, Some(VALID));
        assert!(node.run().is_empty());
    });
}

#[test]
fn a_verdict_other_than_the_sealed_one_is_not_revealed() {
    ExtBuilder::default().validators(1).keystore(&[validator(0)]).execute_on_node(|node| {
        let audit = sealing(1);
        assert_ok!(seal(&audit, &validator(0), VALID));
        leave_verdict(&audit, &validator(0), Verdict::Invalid { reason: InvalidReason::OutputMismatch });
        assert!(node.run().is_empty());
        leave_verdict(&audit, &validator(0), VALID);
        assert_ok!(include(only(node.run())));
        assert_eq!(outcome().verdict, Some(VALID));
    });
}

#[test]
fn a_mailbox_that_was_lost_is_filled_again() {
    ExtBuilder::default().validators(1).keystore(&[validator(0)]).execute_on_node(|node| {
        let audit = sealing(1);
        let key = leave_verdict(&audit, &validator(0), VALID);
        assert_ok!(include(only(node.run())));
        StorageValueRef::persistent(&key).clear();
        StorageValueRef::persistent(&sent_key(&key, STEP_SEAL)).clear();
        assert!(node.run().is_empty());
        // The duty is listed, so the native worker makes the verdict anew, with the same salt.
        assert!(matches!(&duties(&[validator(0).key()])[..], [Duty::Check(duty)] if duty.audit == audit));
        leave_verdict(&audit, &validator(0), VALID);
        assert_ok!(include(only(node.run())));
        assert_eq!(outcome().verdict, Some(VALID));
    });
}

#[test]
fn entries_of_finished_audits_are_cleared_after_a_while() {
    ExtBuilder::default().validators(1).keystore(&[validator(0), provider()]).execute_on_node(|node| {
        assign(1);
        run_for(2);
        let committed = leave_commitment(1, commitment(1));
        assert_ok!(include(only(node.run())));
        run_for(2);
        let found = leave_verdict(&audit_ref(1), &validator(0), VALID);
        assert_ok!(include(only(node.run())));
        assert_ok!(include(only(node.run())));
        let keys = [
            committed.clone(),
            found.clone(),
            sent_key(&committed, STEP_COMMIT),
            sent_key(&found, STEP_SEAL),
            sent_key(&found, STEP_REVEAL),
        ];
        // It looks with every block.
        assert!(node.run().is_empty());
        run_for(KEEP_ENTRIES - 1);
        assert!(node.run().is_empty());
        assert!(keys.iter().all(|key| node.stored(key)));
        run_for(1);
        assert!(node.run().is_empty());
        assert!(keys.iter().all(|key| !node.stored(key)));
    });
}

#[test]
fn what_others_owe_costs_the_off_chain_worker_nothing() {
    ExtBuilder::default().validators(1).keystore(&[validator(0)]).execute_on_node(|node| {
        // More than a page of duties, of which this node has done the last.
        for job in 1..=300 {
            assign(job);
        }
        run_for(2);
        for job in 1..=300 {
            assert_ok!(include(commit_call(job, 0, commitment(job), &provider())));
        }
        run_for(2);
        let audit = audit_ref(300);
        leave_verdict(&audit, &validator(0), VALID);
        assert!(matches!(only(node.run()), Call::seal { sealed, .. } if sealed.audit == audit));
    });
}
