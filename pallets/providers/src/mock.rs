//! A runtime of system, balances and this pallet.

use crate as pallet_providers;
use crate::{GenesisProvider, HoldReason, Pallet, ProviderOf, Providers as ProvidersMap};
use frame_support::{
    derive_impl,
    traits::{fungible::InspectHold, ConstU128, ConstU32},
    BoundedVec,
};
use pallet_fakes::{FakeProvenance, Models};
use sp_core::Pair;
use sp_runtime::{traits::IdentityLookup, BuildStorage};
use strike_primitives::{
    app::{proof_of_possession_payload, AppKey, AppPair, AppSignature},
    artifact::{ArtifactId, ArtifactKind},
    AccountId, Balance, BlockNumber, H256,
};

pub const MIN_BOND: Balance = 1_000;
pub const UNBONDING_PERIOD: BlockNumber = 10;
pub const EXISTENTIAL_DEPOSIT: Balance = 10;
pub const ENDOWMENT: Balance = 10_000;

pub const ALICE: AccountId = AccountId::new([1; 32]);
pub const BOB: AccountId = AccountId::new([2; 32]);
pub const CHARLIE: AccountId = AccountId::new([3; 32]);
/// Has no balance.
pub const STRANGER: AccountId = AccountId::new([9; 32]);

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeSlashReason,
        RuntimeLockId,
        RuntimeTask,
        RuntimeViewFunction
    )]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;
    #[runtime::pallet_index(1)]
    pub type Balances = pallet_balances;
    #[runtime::pallet_index(2)]
    pub type Providers = pallet_providers;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlockU32<Test>;
    type AccountId = AccountId;
    type Lookup = IdentityLookup<AccountId>;
    type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type ExistentialDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
    type AccountStore = System;
}

impl pallet_providers::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Artifacts = FakeProvenance;
    type MinBond = ConstU128<MIN_BOND>;
    type UnbondingPeriod = ConstU32<UNBONDING_PERIOD>;
    type MaxModels = ConstU32<3>;
    type MaxLinked = ConstU32<3>;
    type WeightInfo = crate::weights::SubstrateWeight<Test>;
}

/// A registered model for 1 to 4, an unknown one otherwise.
pub fn model(index: u8) -> ArtifactId {
    ArtifactId { kind: ArtifactKind::Bundle, root: H256::repeat_byte(index) }
}

pub fn models(indices: &[u8]) -> BoundedVec<ArtifactId, ConstU32<3>> {
    indices.iter().map(|index| model(*index)).collect::<Vec<_>>().try_into().unwrap()
}

pub fn links(accounts: &[AccountId]) -> BoundedVec<AccountId, ConstU32<3>> {
    accounts.to_vec().try_into().unwrap()
}

pub fn pair(seed: u8) -> AppPair {
    AppPair::from_seed(&[seed; 32])
}

pub fn key(seed: u8) -> AppKey {
    pair(seed).public()
}

/// Proof by the pair of `seed` that `who` holds its key on this chain.
pub fn proof(seed: u8, who: &AccountId) -> AppSignature {
    pair(seed).sign(&proof_of_possession_payload(&System::block_hash(0), who))
}

/// Register `who` with the key of `seed`, model 1 and no links.
pub fn register(who: AccountId, seed: u8, bond: Balance) -> sp_runtime::DispatchResult {
    let proof = proof(seed, &who);
    Providers::register(RuntimeOrigin::signed(who), bond, key(seed), proof, models(&[1]), links(&[]))
}

pub fn provider(who: &AccountId) -> ProviderOf<Test> {
    ProvidersMap::<Test>::get(who).unwrap()
}

pub fn held(who: &AccountId) -> Balance {
    Balances::balance_on_hold(&HoldReason::Bond.into(), who)
}

/// Everything the pallet has emitted, oldest first.
pub fn events() -> Vec<crate::Event<Test>> {
    System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::Providers(event) => Some(event),
            _ => None,
        })
        .collect()
}

pub fn last_event() -> crate::Event<Test> {
    events().pop().unwrap()
}

/// ALICE, BOB and CHARLIE with [`ENDOWMENT`] each, in block 1.
#[derive(Default)]
pub struct ExtBuilder {
    providers: Vec<GenesisProvider>,
}

impl ExtBuilder {
    pub fn provider(mut self, provider: GenesisProvider) -> Self {
        self.providers.push(provider);
        self
    }

    /// ALICE as a provider with the key of seed 1, model 1 and no links.
    pub fn alice(self, bond: Balance) -> Self {
        self.provider((ALICE, bond, key(1), vec![model(1)], vec![]))
    }

    pub fn build(self) -> sp_io::TestExternalities {
        let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
        pallet_balances::GenesisConfig::<Test> {
            balances: vec![(ALICE, ENDOWMENT), (BOB, ENDOWMENT), (CHARLIE, ENDOWMENT)],
            ..Default::default()
        }
        .assimilate_storage(&mut storage)
        .unwrap();
        pallet_providers::GenesisConfig::<Test> { providers: self.providers, ..Default::default() }
            .assimilate_storage(&mut storage)
            .unwrap();
        let mut ext = sp_io::TestExternalities::new(storage);
        ext.execute_with(|| {
            System::set_block_number(1);
            Models::set([1, 2, 3, 4].map(model).into());
        });
        ext
    }

    /// Run `test`, then check every invariant, and that nothing is on hold for an account that is no provider.
    pub fn execute(self, test: impl FnOnce()) {
        self.build().execute_with(|| {
            test();
            Pallet::<Test>::do_try_state().unwrap();
            for (who, holds) in pallet_balances::Holds::<Test>::iter() {
                let bonded = holds.iter().any(|hold| hold.id == HoldReason::Bond.into());
                assert!(!bonded || ProvidersMap::<Test>::contains_key(&who), "orphan hold of {who}");
            }
        });
    }
}
