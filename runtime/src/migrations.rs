//! What the first block of this runtime changes in the state that older ones left behind.

use crate::Runtime;

/// Run in this order, before anything else in that block. Each does nothing where its pallet's storage has another version than
/// the one it begins with, so a chain may come from any release since 101, and what all chains have behind them can be
/// taken away.
pub type SingleBlockMigrations = (
    // 102: deadlines count time.
    pallet_verification::migrations::MigrateToV2<Runtime>,
    // 104: asks say their throughput.
    pallet_market::migrations::MigrateToV2<Runtime>,
);
