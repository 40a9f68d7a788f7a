//! A validator that gives up its keys leaves: consensus, proofs and audits know it at the same time.

use super::{accounts, chain, development, equivocations::first_block};
use crate::{AccountId, Babe, Grandpa, Historical, RuntimeCall, RuntimeOrigin, Session, System, Verification};
use frame_support::{
    assert_noop, assert_ok,
    traits::{Hooks, KeyOwnerProofSystem},
};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Ferdie};
use sp_runtime::traits::Dispatchable;

fn purge(who: Sr25519Keyring) -> frame_support::dispatch::DispatchResultWithPostInfo {
    RuntimeCall::from(pallet_session::Call::purge_keys {}).dispatch(RuntimeOrigin::signed(who.to_account_id()))
}

/// Two sessions: in the first one the next validators are chosen, in the second one they are in office.
fn two_sessions() {
    Session::rotate_session();
    Session::rotate_session();
    // GRANDPA learns of it at the end of the block.
    Grandpa::on_finalize(System::block_number());
}

/// Who makes blocks, finalizes, and judges.
fn in_office() -> [usize; 3] {
    [Babe::authorities().len(), Grandpa::grandpa_authorities().len(), Verification::current_validators().len()]
}

fn is_proven(who: Sr25519Keyring) -> bool {
    let key = (sp_consensus_babe::KEY_TYPE, sp_consensus_babe::AuthorityId::from(who.public()));
    let Some(proof) = Historical::prove(key.clone()) else { return false };
    Historical::check_proof(key, proof).map(|(owner, ()): (AccountId, _)| owner) == Some(who.to_account_id())
}

#[test]
fn a_validator_without_keys_leaves_whatever_its_place() {
    for gone in [Alice, Bob, Charlie, Dave] {
        first_block(|| {
            assert_eq!(in_office(), [4; 3]);
            assert_ok!(purge(gone));
            two_sessions();
            let others: Vec<_> = [Alice, Bob, Charlie, Dave].into_iter().filter(|other| *other != gone).collect();
            assert_eq!(Session::validators(), accounts(&others));
            assert_eq!(in_office(), [3; 3]);
            for other in others {
                assert!(is_proven(other), "an equivocation of {other} can be reported");
            }
            assert!(!is_proven(gone));
            // It is in office no more, also when others change their keys.
            two_sessions();
            assert_eq!(in_office(), [3; 3]);
        });
    }
}

#[test]
fn the_last_validator_stays() {
    first_block(|| {
        for gone in [Alice, Bob, Charlie] {
            assert_ok!(purge(gone));
        }
        assert_noop!(purge(Dave), frame_system::Error::<crate::Runtime>::CallFiltered);
        two_sessions();
        assert_eq!((Session::validators(), in_office()), (accounts(&[Dave]), [1; 3]));
        assert_noop!(purge(Dave), frame_system::Error::<crate::Runtime>::CallFiltered);
    });
    chain(development()).execute_with(|| {
        assert_noop!(purge(Alice), frame_system::Error::<crate::Runtime>::CallFiltered);
        assert_noop!(purge(Ferdie), frame_system::Error::<crate::Runtime>::CallFiltered);
    });
}
