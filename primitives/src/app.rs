//! The app key: what a provider's or a validator's node signs attestations with.

use crate::{
    hashing::{domain, tagged},
    AccountId,
};
use alloc::vec::Vec;
use sp_core::{crypto::KeyTypeId, H256};

/// Key type of app keys in a keystore.
pub const APP_KEY_TYPE: KeyTypeId = KeyTypeId(*b"strk");

mod sr25519 {
    use sp_application_crypto::{app_crypto, sr25519};
    app_crypto!(sr25519, super::APP_KEY_TYPE);
}

/// Public app key, sr25519: a validator's `strk` session key or the key a provider registered.
pub type AppKey = sr25519::Public;
/// Signature by an app key.
pub type AppSignature = sr25519::Signature;
/// Key pair, where the node holds it.
#[cfg(feature = "std")]
pub type AppPair = sr25519::Pair;

/// The bytes a provider signs with its app key to prove that it holds it: bound to chain and account.
pub fn proof_of_possession_payload(genesis: &H256, provider: &AccountId) -> Vec<u8> {
    tagged(domain::SIGN_APP_KEY, &(genesis, provider))
}
