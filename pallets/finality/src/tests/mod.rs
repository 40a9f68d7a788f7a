//! Tests by concern. The invariants are checked after every block.

mod clock;
mod reports;
mod timing;

use crate::mock::*;
use strike_primitives::BlockNumber;

/// Blocks of four authors in turns, each of which sees the block three before its own as final.
fn keep_up(blocks: BlockNumber) {
    for _ in 0..blocks {
        let next = now() + 1;
        block((next % 4) as u8, next.saturating_sub(3));
    }
}

/// Blocks of `authors` in turns that see nothing new as final.
fn lag(blocks: BlockNumber, authors: u8) {
    let seen = Finality::last_final();
    for _ in 0..blocks {
        block(((now() + 1) % BlockNumber::from(authors)) as u8, seen);
    }
}
