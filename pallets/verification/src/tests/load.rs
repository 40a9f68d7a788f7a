use crate::{mock::*, BlockAttestations};
use frame_support::{
    assert_ok,
    traits::{Authorize, Get},
};
use frame_system::limits::BlockWeights;
use sp_runtime::{
    traits::Dispatchable,
    transaction_validity::{InvalidTransaction, TransactionSource, TransactionValidityError},
    Perbill,
};
use strike_primitives::traits::Attestations;

/// Put a call into the block as an author does.
fn author(call: impl Into<RuntimeCall>) -> Result<(), TransactionValidityError> {
    let call = call.into();
    call.authorize(TransactionSource::InBlock).unwrap()?;
    call.dispatch(frame_system::RawOrigin::Authorized.into()).unwrap();
    Ok(())
}

#[test]
fn an_attempt_weighs_a_commitment_and_two_attestations_of_each_validator() {
    for count in [1u32, 4, 7] {
        ExtBuilder::default().validators(count as usize).execute(|| {
            let verdict = Verification::seal_weight().saturating_add(Verification::reveal_weight());
            let all = Verification::commit_weight().saturating_add(verdict.saturating_mul(count.into()));
            assert_eq!((Verification::validators(), <Verification as Attestations>::weight()), (count, all));
            assert!(verdict.all_gte(AttestationOverhead::get().saturating_mul(2)));
        });
    }
}

#[test]
fn attestations_beyond_their_part_of_a_block_wait_for_the_next_one_and_stay_in_the_pool() {
    ExtBuilder::default().execute(|| {
        let audit = sealing(1);
        let call = |index| sign_seal(sealed(&audit, &validator(index), VALID), &validator(index));
        // Room for two seals and a half.
        let two = Verification::seal_weight().ref_time() * 5 / 2;
        let limits: BlockWeights = <Test as frame_system::Config>::BlockWeights::get();
        let block = limits.max_block.ref_time();
        next_block();
        AttestationShare::set(Perbill::from_rational(two, block));
        assert_ok!(author(call(0)));
        assert_ok!(author(call(1)));
        assert_eq!(author(call(2)), Err(InvalidTransaction::ExhaustsResources.into()));
        assert_ok!(validate(call(2)));
        assert_eq!(BlockAttestations::<Test>::get(), 2 * Verification::seal_weight().ref_time());
        next_block();
        assert_eq!(BlockAttestations::<Test>::get(), 0);
        assert_ok!(author(call(2)));
    });
}
