//! Transactions made by hand: what a node's own off-chain worker would refuse to send, and many of an account at once.

use codec::Encode;
use frame_system::offchain::CreateAuthorizedTransaction;
use sp_core::{sr25519, Pair};
use sp_runtime::{generic::Era, transaction_validity::InvalidTransaction, MultiSignature};
use strike_cli::{
    chain::{errors, Chain},
    keys,
};
use strike_primitives::H256;
use strike_runtime::{
    configs::transactions::extension, Nonce, Runtime, RuntimeCall, SignedPayload, UncheckedExtrinsic, VERSION,
};
use subxt::rpcs;

/// The node's pool refused the transaction because it is invalid.
const INVALID: i32 = 1010;

/// An attestation as the off-chain worker makes it, with whatever call.
pub fn authorized(call: RuntimeCall) -> Vec<u8> {
    let transaction: UncheckedExtrinsic =
        <Runtime as CreateAuthorizedTransaction<RuntimeCall>>::create_authorized_transaction(call);
    transaction.encode()
}

/// A transaction that an account signed, valid for ever.
pub fn signed(genesis: H256, call: RuntimeCall, nonce: Nonce, pair: &sr25519::Pair) -> Vec<u8> {
    let implicit = ((), (), VERSION.spec_version, VERSION.transaction_version, genesis, genesis, (), (), (), None, ());
    let payload = SignedPayload::from_raw(call, extension(Era::Immortal, nonce), implicit);
    let signature = MultiSignature::Sr25519(payload.using_encoded(|bytes| pair.sign(bytes)));
    let (call, extension, _) = payload.deconstruct();
    UncheckedExtrinsic::new_signed(call, keys::account_of(pair).into(), signature, extension).encode()
}

/// Hands a transaction to a node. Panics unless the node takes it or says why it is invalid.
pub async fn send(chain: &Chain, transaction: &[u8]) -> Result<(), InvalidTransaction> {
    let error = match chain.methods().author_submit_extrinsic(transaction).await {
        Ok(_) => return Ok(()),
        Err(rpcs::Error::User(error)) if error.code == INVALID => error,
        Err(error) => panic!("the node neither takes nor judges the transaction: {error}"),
    };
    let reason = errors::data(&error);
    if let Some(code) = reason.strip_prefix("Custom error: ") {
        return Err(InvalidTransaction::Custom(code.parse().unwrap_or_else(|_| panic!("{reason}"))));
    }
    let known = [InvalidTransaction::Stale, InvalidTransaction::BadProof, InvalidTransaction::Future];
    let found = known.into_iter().find(|known| <&str>::from(*known) == reason);
    Err(found.unwrap_or_else(|| panic!("the node refused the transaction for another reason: {reason}")))
}
