//! A runtime of system, balances and this pallet.

use crate as pallet_provenance;
use crate::{ArtifactOf, Artifacts, HoldReason, Pallet};
use frame_support::{
    derive_impl, parameter_types,
    traits::{fungible::InspectHold, ConstU128, ConstU32},
    BoundedVec,
};
use sp_runtime::{traits::IdentityLookup, BuildStorage, Perbill};
use strike_primitives::{
    artifact::{ArtifactId, ArtifactKind},
    AccountId, Balance, H256,
};

pub const BASE_DEPOSIT: Balance = 100;
pub const BYTE_DEPOSIT: Balance = 2;
pub const EXISTENTIAL_DEPOSIT: Balance = 10;
pub const ENDOWMENT: Balance = 1_000;

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
    pub type Provenance = pallet_provenance;
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

parameter_types! {
    pub const MaxRoyalty: Perbill = Perbill::from_percent(20);
}

impl pallet_provenance::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type BaseDeposit = ConstU128<BASE_DEPOSIT>;
    type ByteDeposit = ConstU128<BYTE_DEPOSIT>;
    type MaxRoyalty = MaxRoyalty;
    type MaxName = ConstU32<64>;
    type WeightInfo = crate::weights::SubstrateWeight<Test>;
}

pub fn model(index: u8) -> ArtifactId {
    ArtifactId { kind: ArtifactKind::Bundle, root: H256::repeat_byte(index) }
}

pub fn name(name: &str) -> BoundedVec<u8, ConstU32<64>> {
    name.as_bytes().to_vec().try_into().unwrap()
}

/// What a name costs.
pub fn deposit(name: &str) -> Balance {
    BASE_DEPOSIT + BYTE_DEPOSIT * name.len() as Balance
}

pub fn percent(percent: u32) -> Perbill {
    Perbill::from_percent(percent)
}

/// Register model `index` for `who` as `tiny`, 4,096 bytes, with a royalty of 5 %.
pub fn register(who: AccountId, index: u8) -> sp_runtime::DispatchResult {
    Provenance::register_model(RuntimeOrigin::signed(who), model(index), name("tiny"), 4_096, percent(5))
}

pub fn artifact(index: u8) -> ArtifactOf<Test> {
    Artifacts::<Test>::get(model(index)).unwrap()
}

pub fn held(who: &AccountId) -> Balance {
    Balances::balance_on_hold(&HoldReason::Registration.into(), who)
}

pub fn last_event() -> crate::Event<Test> {
    System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::Provenance(event) => Some(event),
            _ => None,
        })
        .next_back()
        .unwrap()
}

type GenesisModel = (AccountId, ArtifactId, String, u64, Perbill);

/// ALICE, BOB and CHARLIE with [`ENDOWMENT`] each, in block 1.
#[derive(Default)]
pub struct ExtBuilder {
    models: Vec<GenesisModel>,
}

impl ExtBuilder {
    pub fn model(mut self, model: GenesisModel) -> Self {
        self.models.push(model);
        self
    }

    pub fn build(self) -> sp_io::TestExternalities {
        let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
        pallet_balances::GenesisConfig::<Test> {
            balances: vec![(ALICE, ENDOWMENT), (BOB, ENDOWMENT), (CHARLIE, ENDOWMENT)],
            ..Default::default()
        }
        .assimilate_storage(&mut storage)
        .unwrap();
        pallet_provenance::GenesisConfig::<Test> { models: self.models, ..Default::default() }
            .assimilate_storage(&mut storage)
            .unwrap();
        let mut ext = sp_io::TestExternalities::new(storage);
        ext.execute_with(|| System::set_block_number(1));
        ext
    }

    /// Run `test`, then check every invariant, that nothing is on hold for an account that owns nothing, and that no
    /// unit was made or lost.
    pub fn execute(self, test: impl FnOnce()) {
        self.build().execute_with(|| {
            test();
            Pallet::<Test>::do_try_state().unwrap();
            let owners: Vec<AccountId> = Artifacts::<Test>::iter_values().map(|record| record.owner).collect();
            for (who, holds) in pallet_balances::Holds::<Test>::iter() {
                let held = holds.iter().any(|hold| hold.id == HoldReason::Registration.into());
                assert!(!held || owners.contains(&who), "orphan hold of {who}");
            }
            assert_eq!(Balances::total_issuance(), 3 * ENDOWMENT);
        });
    }
}
