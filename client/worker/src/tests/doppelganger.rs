use super::support::{key, provide, provide_for, SharedStorage};
use crate::{
    chain::doppelganger::{is_foreign, KeyWatch},
    duty::DutyId,
};
use codec::Encode;
use sp_core::offchain::{OffchainStorage, STORAGE_PREFIX};
use strike_primitives::{
    api::Duty,
    app::AppSignature,
    mailbox::{sent_key, SentNote, MAX_SIGNATURES, STEP_COMMIT},
};

fn signature(byte: u8) -> AppSignature {
    sp_core::sr25519::Signature::from_raw([byte; 64]).into()
}

/// A transaction with a signature somewhere in it.
fn transaction(byte: u8) -> Vec<u8> {
    [vec![1, 2, 3], vec![byte; 64], vec![4]].concat()
}

fn noted(bytes: Vec<u8>) -> (SharedStorage, DutyId) {
    let (mut storage, id) = (SharedStorage::default(), DutyId::of(&provide(1, 5, 50)));
    storage.set(STORAGE_PREFIX, &sent_key(id.mailbox_key(), STEP_COMMIT), &bytes);
    (storage, id)
}

#[test]
fn what_is_not_owed_any_more_is_told_once() {
    let mut watch = KeyWatch::default();
    let (one, two) = (provide(1, 5, 50), provide(2, 5, 50));
    assert!(watch.observe([&one, &two].into_iter()).is_empty());
    let gone = watch.observe([&two].into_iter());
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0].0, DutyId::of(&one));
    assert_eq!(Duty::Provide(gone[0].1.clone()), Duty::Provide(provide_for(key(), 1, 5, 50)));
    assert!(watch.observe([&two].into_iter()).is_empty());
}

#[test]
fn a_commitment_with_a_signature_of_this_node_is_its_own() {
    let mut note = SentNote { at: 7, signatures: vec![] };
    for byte in 1..=6 {
        note.sign(signature(byte));
    }
    assert_eq!(note.signatures.len(), MAX_SIGNATURES);
    let (storage, id) = noted(note.encode());
    for byte in 3..=6 {
        assert!(!is_foreign(&storage, &id, &[transaction(9), transaction(byte)]));
    }
    assert!(is_foreign(&storage, &id, &[transaction(2), transaction(9)]));
    assert!(is_foreign(&storage, &id, &[]));
}

#[test]
fn a_commitment_that_was_never_sent_is_anothers() {
    let id = DutyId::of(&provide(1, 5, 50));
    assert!(is_foreign(&SharedStorage::default(), &id, &[transaction(1)]));
}

#[test]
fn a_note_of_an_older_runtime_tells_nothing() {
    let (storage, id) = noted(7u32.encode());
    assert!(!is_foreign(&storage, &id, &[transaction(1)]));
    // Nor does what was written in its place, however often it was sent again.
    let mut note = SentNote::in_place_of_unreadable(7);
    for byte in 1..=6 {
        note.sign(signature(byte));
        let (storage, id) = noted(note.encode());
        assert!(!is_foreign(&storage, &id, &[transaction(9)]));
    }
    assert_eq!(note.signatures.len(), 1 + MAX_SIGNATURES);
}
