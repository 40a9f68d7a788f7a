//! A runtime of system, balances and this pallet. Tests play the pallets that hold money.

use crate as pallet_payouts;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    derive_impl, parameter_types,
    traits::{
        fungible::{Inspect, InspectHold, MutateHold},
        BuildGenesisConfig, ConstU128, ConstU32, VariantCount,
    },
    PalletId,
};
use scale_info::TypeInfo;
use sp_runtime::{traits::IdentityLookup, BuildStorage};
use strike_primitives::{AccountId, Balance};

pub const ED: Balance = 100;
/// What Rita and Sam have at first.
pub const ENDOWMENT: Balance = 1_000_000;

/// Why the pallets that the tests play hold money.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Reason {
    Escrow,
    Deposit,
}

impl VariantCount for Reason {
    const VARIANT_COUNT: u32 = 2;
}

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Balances: pallet_balances,
        Payouts: pallet_payouts,
    }
);

parameter_types! {
    pub const PayoutsPalletId: PalletId = PalletId(*b"strk/pay");
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlock<Test>;
    type AccountId = AccountId;
    type Lookup = IdentityLookup<AccountId>;
    type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type AccountStore = System;
    type ExistentialDeposit = ConstU128<ED>;
    type RuntimeHoldReason = Reason;
    type FreezeIdentifier = ();
    type MaxFreezes = ConstU32<1>;
}

impl pallet_payouts::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = Reason;
    type PalletId = PayoutsPalletId;
    type WeightInfo = pallet_payouts::weights::SubstrateWeight<Test>;
}

pub fn account(n: u8) -> AccountId {
    AccountId::new([n; 32])
}

/// Pays.
pub fn rita() -> AccountId {
    account(1)
}
/// Pays too.
pub fn sam() -> AccountId {
    account(2)
}
/// Has nothing, and no account.
pub fn nobody() -> AccountId {
    account(3)
}

/// Builds the world of a test: Rita and Sam have money, nobody else has.
pub struct ExtBuilder;

impl ExtBuilder {
    /// Run the test in block 1, and check the state and the money after it.
    pub fn run(self, test: impl FnOnce()) {
        let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
        let balances = vec![(rita(), ENDOWMENT), (sam(), ENDOWMENT)];
        pallet_balances::GenesisConfig::<Test> { balances, ..Default::default() }
            .assimilate_storage(&mut storage)
            .unwrap();
        let mut ext = sp_io::TestExternalities::from(storage);
        ext.execute_with(|| {
            System::set_block_number(1);
            pallet_payouts::GenesisConfig::<Test>::default().build();
            test();
            check();
        });
    }
}

/// What holds after every step: the pallet's own, and that all there is, is somebody's.
pub fn check() {
    Payouts::do_try_state().unwrap();
    let accounts = frame_system::Account::<Test>::iter_values();
    let all: Balance = accounts.map(|it| it.data.free + it.data.reserved).sum();
    assert_eq!(all, Balances::total_issuance());
}

/// Put money of an account on hold.
pub fn hold(reason: Reason, who: &AccountId, amount: Balance) {
    Balances::hold(&reason, who, amount).unwrap();
}

pub fn held(reason: Reason, who: &AccountId) -> Balance {
    Balances::balance_on_hold(&reason, who)
}

pub fn total(who: &AccountId) -> Balance {
    Balances::total_balance(who)
}

pub fn claimable(who: &AccountId) -> Option<Balance> {
    crate::Claimable::<Test>::get(who)
}

pub fn events() -> Vec<crate::Event<Test>> {
    System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::Payouts(event) => Some(event),
            _ => None,
        })
        .collect()
}
