//! `pallet-finality`: the clock of deadlines.

use super::market::MIN_DEADLINE;
use crate::{constants::time::MINUTES, Authorship, BlockNumber, Runtime};
use frame_support::{
    parameter_types,
    traits::{ConstU32, Get},
};
use strike_primitives::AccountId;

/// Blocks that the last final one may lie behind before deadlines stand still: a minute. Where all is well it lies four to
/// six behind in the eyes of the chain. The quorum's second report grows older while one author makes all blocks, so with one of
/// four silent a limit of 10 would be passed every few hundred blocks, and one of 20 about once in ten million.
pub const LAG_LIMIT: BlockNumber = 20;

// Whoever hangs on a block that is not final must not be late before deadlines stand still, and needs time for the work.
const _: () = assert!(LAG_LIMIT + MINUTES / 2 <= MIN_DEADLINE);

parameter_types! {
    /// Author of the block being executed.
    pub Author: Option<AccountId> = Authorship::author();
}

/// How many validators the session has, without reading who they are.
pub struct Validators;

impl Get<u32> for Validators {
    fn get() -> u32 {
        pallet_session::Validators::<Runtime>::decode_len().unwrap_or(0) as u32
    }
}

impl pallet_finality::Config for Runtime {
    type Author = Author;
    type Validators = Validators;
    type LagLimit = ConstU32<LAG_LIMIT>;
    type WeightInfo = pallet_finality::weights::SubstrateWeight<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Chain;
}
