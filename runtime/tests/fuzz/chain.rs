//! The whole runtime as nodes drive it: blocks with their inherents, and transactions that the pool would take.

use codec::Encode;
use frame_support::storage::with_transaction;
use frame_system::offchain::CreateAuthorizedTransaction;
use sp_consensus_babe::{
    digests::{CompatibleDigestItem, PreDigest, SecondaryPlainPreDigest},
    Slot,
};
use sp_core::H256;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
    generic::Era, traits::Header as _, transaction_validity::TransactionSource, BuildStorage, Digest, DigestItem,
    MultiSignature, TransactionOutcome,
};
use std::sync::OnceLock;
use strike_primitives::{app::AppPair, Balance, BlockNumber};
use strike_runtime::{
    configs::transactions::extension, constants::time::SLOT_DURATION_MILLIS, genesis_config_presets::local_testnet,
    Balances, Executive, Finality, Header, Market, Payouts, Provenance, Providers, Runtime, RuntimeCall,
    RuntimeGenesisConfig, SignedPayload, System, UncheckedExtrinsic, Verification,
};

/// Slot of the first block.
const FIRST_SLOT: u64 = 1_000;

/// The state that `local_testnet` begins with.
pub fn genesis() -> sp_io::TestExternalities {
    static STORAGE: OnceLock<sp_core::storage::Storage> = OnceLock::new();
    STORAGE.get_or_init(|| storage(serde_json::json!({}))).clone().into()
}

/// The same, changed by a patch to the genesis.
pub fn storage(patch: serde_json::Value) -> sp_core::storage::Storage {
    fn merge(target: &mut serde_json::Value, patch: serde_json::Value) {
        match (target, patch) {
            (serde_json::Value::Object(target), serde_json::Value::Object(patch)) => {
                for (key, value) in patch {
                    merge(target.entry(key).or_insert(serde_json::Value::Null), value);
                }
            }
            (target, patch) => *target = patch,
        }
    }
    let mut genesis = serde_json::to_value(RuntimeGenesisConfig::default()).expect("the default genesis is JSON");
    merge(&mut genesis, local_testnet());
    merge(&mut genesis, patch);
    let genesis: RuntimeGenesisConfig = serde_json::from_value(genesis).expect("a preset fits the genesis");
    genesis.build_storage().expect("a preset builds")
}

/// Blocks in a row.
pub struct Chain {
    slot: u64,
    parent: Header,
    /// The session of the last block.
    session: u32,
    /// Whether the last block began a session: the pallet of sessions takes a whole block for that.
    turned: bool,
    /// The last block that authors see final, if finality stands still.
    pub stuck_at: Option<BlockNumber>,
}

impl Chain {
    /// The first block, open.
    pub fn begin() -> Self {
        let parent = Header::new(0, H256::zero(), H256::zero(), H256::zero(), Digest::default());
        let mut chain = Self { slot: FIRST_SLOT - 1, parent, session: 0, turned: false, stuck_at: None };
        chain.open(1, 0);
        chain
    }

    /// Begin a block by an authority, so many slots on, with its inherents.
    pub fn open(&mut self, slots: u64, authority_index: u32) {
        self.slot += slots;
        let author =
            PreDigest::SecondaryPlain(SecondaryPlainPreDigest { authority_index, slot: Slot::from(self.slot) });
        let number = self.parent.number() + 1;
        let digest = Digest { logs: vec![DigestItem::babe_pre_digest(author)] };
        let parent = if number == 1 { System::block_hash(0) } else { self.parent.hash() };
        Executive::initialize_block(&Header::new(number, H256::zero(), H256::zero(), parent, digest));
        let seen = self.stuck_at.unwrap_or(number.saturating_sub(3)).min(number - 1);
        for inherent in [
            RuntimeCall::Timestamp(pallet_timestamp::Call::set { now: self.slot * SLOT_DURATION_MILLIS }),
            RuntimeCall::Finality(pallet_finality::Call::note_final { number: seen }),
        ] {
            let applied = Executive::apply_extrinsic(UncheckedExtrinsic::new_bare(inherent));
            assert!(matches!(applied, Ok(Ok(()))), "an inherent is applied: {applied:?}");
        }
    }

    /// The number of the block that is open.
    pub fn number(&self) -> BlockNumber {
        self.parent.number() + 1
    }

    /// End the block. It is not heavier than blocks may be.
    pub fn close(&mut self) {
        self.parent = Executive::finalize_block();
        let session = pallet_session::CurrentIndex::<Runtime>::get();
        self.turned = session != self.session;
        self.session = session;
        let weight = System::block_weight();
        let limit = strike_runtime::configs::system::RuntimeBlockWeights::get().max_block;
        assert!(self.turned || weight.total().all_lte(limit), "no block is overweight: {weight:?}");
    }

    /// What holds after every block.
    pub fn check(&self) {
        Provenance::do_try_state().expect("provenance holds");
        Providers::do_try_state().expect("providers hold");
        Market::do_try_state().expect("the market holds");
        Verification::do_try_state().expect("verification holds");
        Finality::do_try_state().expect("finality holds");
        Payouts::do_try_state().expect("payouts hold");
        let accounts = frame_system::Account::<Runtime>::iter_values();
        let all: Balance = accounts.map(|it| it.data.free + it.data.reserved).sum();
        assert_eq!(all, Balances::total_issuance(), "all there is, is somebody's");
    }
}

/// What the pool would take: then the block takes it too, or says why not.
pub fn submit(transaction: UncheckedExtrinsic) -> bool {
    let valid = with_transaction(|| {
        let parent = System::parent_hash();
        let validity = Executive::validate_transaction(TransactionSource::External, transaction.clone(), parent);
        TransactionOutcome::Rollback(Ok::<_, sp_runtime::DispatchError>(validity.is_ok()))
    })
    .unwrap_or(false);
    valid && matches!(Executive::apply_extrinsic(transaction), Ok(Ok(())))
}

/// Send a call as a signed transaction, if the pool would take it; whether it succeeded.
pub fn sign(who: Sr25519Keyring, call: RuntimeCall) -> bool {
    let account = who.to_account_id();
    let payload = SignedPayload::new(call, extension(Era::Immortal, System::account_nonce(&account)));
    let Ok(payload) = payload else { return false };
    let signature = payload.using_encoded(|bytes| MultiSignature::Sr25519(who.sign(bytes)));
    let (call, extension, _) = payload.deconstruct();
    submit(UncheckedExtrinsic::new_signed(call, account.into(), signature, extension))
}

/// Send an attestation; whether it succeeded.
pub fn authorized(call: impl Into<RuntimeCall>) -> bool {
    let extension = <Runtime as CreateAuthorizedTransaction<pallet_verification::Call<Runtime>>>::create_extension();
    submit(UncheckedExtrinsic::new_transaction(call.into(), extension))
}

/// The app key of a development account.
pub fn pair_of(who: Sr25519Keyring) -> AppPair {
    AppPair::from(who.pair())
}
