//! Transactions made by hand: what a node's own off-chain worker would refuse to send, and many of an account at once.

use codec::Encode;
use frame_system::offchain::CreateAuthorizedTransaction;
use sp_core::{sr25519, Pair};
use sp_runtime::{generic::Era, transaction_validity::InvalidTransaction, MultiSignature};
use strike_chain::{errors, keys, Chain};
use strike_primitives::{AccountId, H256};
use strike_runtime::{
    configs::transactions::extension, Nonce, Runtime, RuntimeCall, SignedPayload, UncheckedExtrinsic,
};
use subxt::rpcs::{self, methods::legacy::RuntimeVersion};

/// The node's pool refused the transaction because it is invalid.
const INVALID: i32 = 1010;

/// An attestation as the off-chain worker makes it, with whatever call.
pub fn authorized(call: RuntimeCall) -> Vec<u8> {
    let transaction: UncheckedExtrinsic =
        <Runtime as CreateAuthorizedTransaction<RuntimeCall>>::create_authorized_transaction(call);
    transaction.encode()
}

/// The runtime's version at the best block.
pub async fn version(chain: &Chain) -> RuntimeVersion {
    chain.methods().state_get_runtime_version(None).await.expect("a node knows its runtime")
}

/// The nonce of an account's next transaction.
pub async fn nonce(chain: &Chain, account: &AccountId) -> Nonce {
    let id = subxt::config::substrate::AccountId32(*account.as_ref());
    let nonce = chain.methods().system_account_next_index(&id).await.expect("a node tells nonces");
    Nonce::try_from(nonce).expect("a short history")
}

/// A transaction that an account signed for a runtime, valid as long as that is the chain's.
pub fn signed(
    genesis: H256,
    version: &RuntimeVersion,
    call: RuntimeCall,
    nonce: Nonce,
    pair: &sr25519::Pair,
) -> Vec<u8> {
    let RuntimeVersion { spec_version, transaction_version, .. } = *version;
    let implicit = ((), (), spec_version, transaction_version, genesis, genesis, (), (), (), None, ());
    let payload = SignedPayload::from_raw(call, extension(Era::Immortal, nonce), implicit);
    let signature = MultiSignature::Sr25519(payload.using_encoded(|bytes| pair.sign(bytes)));
    let (call, extension, _) = payload.deconstruct();
    UncheckedExtrinsic::new_signed(call, keys::account_of(pair).into(), signature, extension).encode()
}

/// How often a pool is asked that judged by a block whose state is gone.
const ASKED: usize = 20;
/// What it says then.
const STATE_GONE: &str = "State already discarded";

/// Hands a transaction to a node. Panics unless the node takes it or says why it is invalid.
///
/// A busy node's pool may judge by a block whose state is gone already, and then does not judge at all: it is asked again.
pub async fn send(chain: &Chain, transaction: &[u8]) -> Result<(), InvalidTransaction> {
    let mut asked = 0;
    let error = loop {
        asked += 1;
        match chain.methods().author_submit_extrinsic(transaction).await {
            Ok(_) => return Ok(()),
            Err(rpcs::Error::User(error)) if error.code == INVALID => break error,
            Err(error) if asked < ASKED && error.to_string().contains(STATE_GONE) => {}
            Err(error) => panic!("the node neither takes nor judges the transaction: {error}"),
        }
    };
    let reason = errors::data(&error);
    if let Some(code) = reason.strip_prefix("Custom error: ") {
        return Err(InvalidTransaction::Custom(code.parse().unwrap_or_else(|_| panic!("{reason}"))));
    }
    let known = [InvalidTransaction::Stale, InvalidTransaction::BadProof, InvalidTransaction::Future];
    let found = known.into_iter().find(|known| <&str>::from(*known) == reason);
    Err(found.unwrap_or_else(|| panic!("the node refused the transaction for another reason: {reason}")))
}
