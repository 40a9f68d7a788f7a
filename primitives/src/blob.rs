//! Where nodes look for blobs: keys of the distributed hash table (`docs/protocol.md`, "Blobs").

use crate::{
    hashing::{domain, hash},
    AccountId,
};
use sp_core::H256;

/// `H(PROVIDER_NODE, genesis ‖ account)`: the nodes of a provider announce themselves under it.
pub fn provider_place(genesis: &H256, account: &AccountId) -> H256 {
    hash(domain::PROVIDER_NODE, &(genesis, account))
}

/// `H(INPUT_NODE, genesis ‖ root)`: a node announces itself under it for as long as it keeps an input that was left
/// with it.
pub fn input_place(genesis: &H256, root: &H256) -> H256 {
    hash(domain::INPUT_NODE, &(genesis, root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_every_chain_is_its_own() {
        let (chain, other) = (H256::repeat_byte(1), H256::repeat_byte(2));
        let account = |byte| AccountId::new([byte; 32]);
        let places = [
            provider_place(&chain, &account(3)),
            provider_place(&chain, &account(4)),
            provider_place(&other, &account(3)),
            input_place(&chain, &H256::repeat_byte(3)),
            input_place(&chain, &H256::repeat_byte(4)),
            input_place(&other, &H256::repeat_byte(3)),
        ];
        let distinct: alloc::collections::BTreeSet<_> = places.iter().collect();
        assert_eq!(distinct.len(), places.len());
        assert_eq!(provider_place(&chain, &account(3)), provider_place(&chain, &account(3)));
    }
}
