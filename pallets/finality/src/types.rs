//! What the pallet stores.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use strike_primitives::{AccountId, BlockNumber};

/// The most authors that a quorum takes.
pub const MAX_QUORUM: u32 = 4;

/// How many distinct authors have to report a block before it counts as final: all where there is one validator, else
/// an eighth of them, at least two and at most [`MAX_QUORUM`].
pub fn quorum(validators: u32) -> u32 {
    (validators / 8).clamp(2, MAX_QUORUM).min(validators.max(1))
}

/// The reports that a quorum can be made of.
#[derive(Clone, Default, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Reports {
    /// Authors with the highest number that each reported, highest first.
    pub highest: BoundedVec<(AccountId, BlockNumber), ConstU32<MAX_QUORUM>>,
    /// Block of the last report.
    pub reported_at: Option<BlockNumber>,
}

impl Reports {
    /// Enter a report. A number that is not among the highest could not change what a quorum has seen.
    pub fn enter(&mut self, author: AccountId, number: BlockNumber) {
        let mut all: alloc::vec::Vec<_> = core::mem::take(&mut self.highest).into_inner();
        match all.iter_mut().find(|(known, _)| *known == author) {
            Some((_, known)) => *known = number.max(*known),
            None => all.push((author, number)),
        }
        all.sort_by(|(_, one), (_, other)| other.cmp(one));
        self.highest = BoundedVec::truncate_from(all);
    }

    /// The last block that a quorum has seen final; genesis, which always is, as long as there are too few reports.
    pub fn last_final(&self, quorum: u32) -> BlockNumber {
        let last = (quorum as usize).checked_sub(1).and_then(|at| self.highest.get(at));
        last.map_or(0, |(_, number)| *number)
    }
}

/// The clock. Its time is the block's number, or that of the block in which it stopped, less what it stood still
/// before.
#[derive(
    Clone, Copy, Default, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Time {
    /// Blocks in which it stood still, this stop not counted.
    pub lost: BlockNumber,
    /// Since when it stands still, if it does.
    pub standing: Option<Standing>,
}

/// A stop.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Standing {
    /// The last block in which time went on.
    pub since: BlockNumber,
    /// Blocks in a row, up to the last one, in which finality kept up.
    pub kept_up: BlockNumber,
}

impl Time {
    /// What it shows in block `now`.
    pub fn at(&self, now: BlockNumber) -> BlockNumber {
        self.standing.map_or(now, |standing| standing.since.min(now)).saturating_sub(self.lost)
    }
}
