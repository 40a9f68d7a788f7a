//! A validator that contradicts itself is reported, by anybody's block, once.

use super::{chain, local_testnet};
use crate::{
    configs::session::GenesisValidators, constants::time::ANSWERABLE_SESSIONS, AccountId, Babe, Executive, Grandpa,
    Header, Historical, Runtime, RuntimeEvent, RuntimeOrigin, System,
};
use codec::{Decode, Encode};
use frame_support::traits::KeyOwnerProofSystem;
use pallet_session::SessionManager;
use sp_consensus_babe::{
    digests::{CompatibleDigestItem, PreDigest, SecondaryPlainPreDigest},
    Slot,
};
use sp_core::{Pair, H256};
use sp_keyring::{
    Ed25519Keyring,
    Sr25519Keyring::{Alice, Bob},
};
use sp_runtime::{traits::Header as _, transaction_validity::InvalidTransaction, Digest, DigestItem};

/// The slot of the first block, which is the first of epoch 0.
const SLOT: u64 = 1_000;

/// A header in [`SLOT`] by the authority at `index`, without a seal.
fn header(index: u32, state_root: H256) -> Header {
    let author = PreDigest::SecondaryPlain(SecondaryPlainPreDigest { authority_index: index, slot: Slot::from(SLOT) });
    Header::new(
        1,
        Default::default(),
        state_root,
        System::block_hash(0),
        Digest { logs: vec![DigestItem::babe_pre_digest(author)] },
    )
}

/// A network of four in its first block, by whoever is the first authority.
pub(super) fn first_block(test: impl FnOnce()) {
    chain(local_testnet()).execute_with(|| {
        Executive::initialize_block(&header(0, H256::zero()));
        test();
    });
}

fn offences() -> Vec<[u8; 16]> {
    System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::Offences(pallet_offences::Event::Offence { kind, .. }) => Some(kind),
            _ => None,
        })
        .collect()
}

#[test]
fn two_blocks_in_one_slot_are_an_offence() {
    first_block(|| {
        let offender = sp_consensus_babe::AuthorityId::from(Bob.public());
        let index = Babe::authorities().iter().position(|(id, _)| *id == offender).expect("Bob is an authority") as u32;
        let sealed = |state_root| {
            let mut header = header(index, state_root);
            let signature = Bob.pair().sign(header.hash().as_bytes());
            header.digest_mut().push(DigestItem::babe_seal(signature.into()));
            header
        };
        let proof = sp_consensus_babe::EquivocationProof {
            offender: offender.clone(),
            slot: Slot::from(SLOT),
            first_header: sealed(H256::repeat_byte(1)),
            second_header: sealed(H256::repeat_byte(2)),
        };
        let owner = Historical::prove((sp_consensus_babe::KEY_TYPE, offender)).expect("Bob's key is in the session");

        Babe::report_equivocation_unsigned(RuntimeOrigin::none(), Box::new(proof.clone()), owner.clone())
            .expect("the proof holds");
        assert_eq!(offences(), [*b"babe:equivocatio"]);

        assert!(Babe::report_equivocation_unsigned(RuntimeOrigin::none(), Box::new(proof), owner).is_err());
    });
}

/// Two votes of Bob in one round, and whose key it is.
fn two_votes(
    round: u64,
) -> (sp_consensus_grandpa::EquivocationProof<H256, crate::BlockNumber>, sp_session::MembershipProof) {
    let set = Grandpa::current_set_id();
    let pair = Ed25519Keyring::Bob.pair();
    let offender = sp_consensus_grandpa::AuthorityId::from(pair.public());
    let vote = |byte: u8| {
        let prevote =
            sp_consensus_grandpa::Prevote::<Header> { target_hash: H256::repeat_byte(byte), target_number: 1 };
        // The message is the enum of all votes; a prevote is its first variant.
        let payload = sp_consensus_grandpa::localized_payload(round, set, &(0u8, prevote.clone()));
        (prevote, pair.sign(&payload))
    };
    // `Equivocation::Prevote`, whose content is of a crate that is not ours to name.
    let bytes = (0u8, round, offender.clone(), vote(1), vote(2)).encode();
    let equivocation =
        sp_consensus_grandpa::Equivocation::<H256, u32>::decode(&mut &bytes[..]).expect("an equivocation");
    let proof = sp_consensus_grandpa::EquivocationProof::new(set, equivocation);
    let owner = Historical::prove((sp_consensus_grandpa::KEY_TYPE, offender)).expect("Bob's key is in the session");
    (proof, owner)
}

#[test]
fn two_votes_in_one_round_are_an_offence() {
    first_block(|| {
        let (proof, owner) = two_votes(1);
        Grandpa::report_equivocation_unsigned(RuntimeOrigin::none(), Box::new(proof.clone()), owner.clone())
            .expect("the proof holds");
        assert_eq!(offences(), [*b"grandpa:equivoca"]);

        assert!(Grandpa::report_equivocation_unsigned(RuntimeOrigin::none(), Box::new(proof), owner).is_err());
    });
}

#[test]
fn reports_of_one_offender_and_session_are_taken_once_whatever_the_round() {
    first_block(|| {
        // GRANDPA cannot tell which rounds there were, so a validator can contradict itself in as many as it likes.
        for round in 1..=200 {
            let (proof, owner) = two_votes(round);
            let call = pallet_grandpa::Call::report_equivocation_unsigned {
                equivocation_proof: Box::new(proof.clone()),
                key_owner_proof: owner.clone(),
            };
            let (checked, reported) = (
                Grandpa::pre_dispatch(&call),
                Grandpa::report_equivocation_unsigned(RuntimeOrigin::none(), Box::new(proof), owner),
            );
            if round == 1 {
                checked.expect("nobody has reported it");
                reported.expect("the proof holds");
            } else {
                assert_eq!(checked, Err(InvalidTransaction::Stale.into()), "no block takes it, so it costs nobody");
                assert!(reported.is_err());
            }
        }
        assert_eq!(pallet_offences::Reports::<Runtime>::iter().count(), 1);
    });
}

#[test]
fn reports_are_kept_for_as_long_as_a_validator_is_answerable() {
    first_block(|| {
        let (proof, owner) = two_votes(1);
        let session = owner.session;
        Grandpa::report_equivocation_unsigned(RuntimeOrigin::none(), Box::new(proof), owner).expect("the proof holds");
        let kept = || {
            let index = pallet_offences::ConcurrentReportsIndex::<Runtime>::iter().count();
            (pallet_offences::Reports::<Runtime>::iter().count(), index)
        };
        let end = <GenesisValidators as SessionManager<AccountId>>::end_session;
        end(session + ANSWERABLE_SESSIONS);
        assert_eq!(kept(), (1, 1));
        end(session + ANSWERABLE_SESSIONS + 1);
        assert_eq!(kept(), (0, 0));
    });
}

#[test]
fn a_proof_of_another_key_is_refused() {
    first_block(|| {
        let owner =
            Historical::prove((sp_consensus_babe::KEY_TYPE, sp_consensus_babe::AuthorityId::from(Alice.public())))
                .expect("Alice's key is in the session");
        let key = (sp_consensus_babe::KEY_TYPE, sp_consensus_babe::AuthorityId::from(Bob.public()));
        assert_eq!(Historical::check_proof(key, owner), None::<(AccountId, ())>);
    });
}
