//! `TryRuntime`: an upgrade and blocks with all checks. What fails has to stop whoever tries it.

use crate::{configs::system::RuntimeBlockWeights, Block, Executive};
use frame_support::weights::Weight;
use frame_try_runtime::{TryStateSelect, UpgradeCheckSelect};
use sp_runtime::traits::Block as BlockT;

/// What the upgrade weighs, and the most that a block may.
///
/// Panics if it fails its checks.
pub(super) fn on_runtime_upgrade(checks: UpgradeCheckSelect) -> (Weight, Weight) {
    match Executive::try_runtime_upgrade(checks) {
        Ok(weight) => (weight, RuntimeBlockWeights::get().max_block),
        Err(error) => panic!("the runtime upgrade failed: {error:?}"),
    }
}

/// What the block weighs.
///
/// Panics if it fails its checks.
pub(super) fn execute_block(
    block: <Block as BlockT>::LazyBlock,
    state_root_check: bool,
    signature_check: bool,
    select: TryStateSelect,
) -> Weight {
    match Executive::try_execute_block(block, state_root_check, signature_check, select) {
        Ok(weight) => weight,
        Err(error) => panic!("the block failed: {error:?}"),
    }
}
