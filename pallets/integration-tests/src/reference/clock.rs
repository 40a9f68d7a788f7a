//! When time goes on: from the whole history of reports.

use crate::runtime::LAG_LIMIT;
use std::collections::BTreeMap;
use strike_primitives::BlockNumber;

#[derive(Default)]
pub struct Clock {
    /// What each of the four authors has seen final.
    seen: BTreeMap<BlockNumber, BlockNumber>,
    /// Blocks after which time did not go on.
    stood: Vec<BlockNumber>,
    /// Blocks in a row, up to the last one, without a lag.
    kept_up: BlockNumber,
}

impl Clock {
    pub fn report(&mut self, block: BlockNumber, seen: BlockNumber) {
        let highest = self.seen.entry(block % 4).or_default();
        *highest = seen.max(*highest);
    }

    /// Two of four authors have to have seen a block as final.
    fn last_final(&self) -> BlockNumber {
        let mut seen: Vec<_> = self.seen.values().copied().collect();
        seen.sort_unstable();
        seen.iter().rev().nth(1).copied().unwrap_or(0)
    }

    pub fn end_block(&mut self, block: BlockNumber) {
        let lags = block - self.last_final() > LAG_LIMIT;
        self.kept_up = if lags { 0 } else { self.kept_up + 1 };
        let stands = self.stood.last() == Some(&(block - 1));
        if lags || (stands && self.kept_up < LAG_LIMIT) {
            self.stood.push(block);
        }
    }

    pub fn at(&self, block: BlockNumber) -> BlockNumber {
        block - self.stood.iter().filter(|stood| **stood < block).count() as BlockNumber
    }
}
