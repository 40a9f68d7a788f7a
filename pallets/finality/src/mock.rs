//! A runtime of system and this pallet.

use crate as pallet_finality;
use crate::{weights::SubstrateWeight, Call, Pallet};
use frame_support::{
    derive_impl, parameter_types,
    traits::{Hooks, UnfilteredDispatchable},
};
use sp_runtime::{traits::IdentityLookup, BuildStorage, DispatchResult};
use strike_primitives::{AccountId, BlockNumber};

pub const LAG_LIMIT: BlockNumber = 5;

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(RuntimeCall, RuntimeEvent, RuntimeError, RuntimeOrigin, RuntimeTask)]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;
    #[runtime::pallet_index(1)]
    pub type Finality = pallet_finality;
}

parameter_types! {
    pub static Author: Option<AccountId> = None;
    pub static Validators: u32 = 4;
    pub const LagLimit: BlockNumber = LAG_LIMIT;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlockU32<Test>;
    type AccountId = AccountId;
    type Lookup = IdentityLookup<AccountId>;
}

impl pallet_finality::Config for Test {
    type Author = Author;
    type Validators = Validators;
    type LagLimit = LagLimit;
    type WeightInfo = SubstrateWeight<Test>;
}

pub fn author(n: u8) -> AccountId {
    AccountId::new([n; 32])
}

/// Run a test from block 0 on, with so many validators; the invariants are checked after every block.
pub fn with_validators(count: u32, test: impl FnOnce()) {
    Validators::set(count);
    Author::set(None);
    let storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
    sp_io::TestExternalities::from(storage).execute_with(test);
}

/// The call of an author that has seen this block final.
pub fn report(number: BlockNumber) -> DispatchResult {
    Call::<Test>::note_final { number }
        .dispatch_bypass_filter(RuntimeOrigin::none())
        .map(|_| ())
        .map_err(|failed| failed.error)
}

/// A block by this author, that has seen `number` final.
pub fn block(by: u8, number: BlockNumber) {
    begin_block(by);
    report(number).unwrap();
    end_block();
}

/// A block by this author, up to its inherents.
pub fn begin_block(by: u8) {
    System::set_block_number(System::block_number() + 1);
    Author::set(Some(author(by)));
    Pallet::<Test>::on_initialize(System::block_number());
}

pub fn end_block() {
    Pallet::<Test>::on_finalize(System::block_number());
    Finality::do_try_state().unwrap();
}

pub fn now() -> BlockNumber {
    System::block_number()
}

pub fn events() -> Vec<crate::Event<Test>> {
    System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::Finality(event) => Some(event),
            _ => None,
        })
        .collect()
}
