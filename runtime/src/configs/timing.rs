//! Periods that follow the chain's timing: sessions, and whatever lasts a day or more. Networks of tests have short
//! ones.

use crate::{constants::time::ANSWERABLE_SESSIONS, BlockNumber, Finality};
use frame_support::traits::Get;
use strike_primitives::traits::GetTiming;

/// Slots in a session, which is an epoch of BABE. BABE counts from the chain's first slot on, so they are for ever.
pub struct SessionSlots;

impl Get<u64> for SessionSlots {
    fn get() -> u64 {
        Finality::timing().slots.into()
    }
}

/// How long a report of an equivocation stays valid, in blocks: as long as validators are answerable.
pub struct ReportLongevity;

impl Get<u64> for ReportLongevity {
    fn get() -> u64 {
        u64::from(ANSWERABLE_SESSIONS).saturating_mul(SessionSlots::get())
    }
}

/// `COUNT` of the chain's units, which are days in production.
pub struct TimingUnits<const COUNT: BlockNumber>;

impl<const COUNT: BlockNumber> Get<BlockNumber> for TimingUnits<COUNT> {
    fn get() -> BlockNumber {
        Finality::timing().unit.saturating_mul(COUNT)
    }
}
