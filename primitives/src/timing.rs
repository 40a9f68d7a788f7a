//! What a chain's sessions, eras and long periods are measured in.

use crate::BlockNumber;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// The measures of a chain, set at genesis and for ever. Networks of tests set short ones and run the shipped runtime.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// Slots in a session, which is an epoch of BABE.
    pub slots: BlockNumber,
    /// Blocks in an era: a whole number of sessions in which no slot stays empty.
    pub era: BlockNumber,
    /// Blocks that periods of an hour or more are multiples of: a whole number of eras.
    pub unit: BlockNumber,
}

impl Timing {
    /// Ten minutes, six hours and a day, of slots of three seconds.
    pub const PRODUCTION: Self = Self { slots: 200, era: 7_200, unit: 28_800 };

    /// The longest [`Self::unit`]: a year, so that no multiple in use leaves `u32`.
    pub const MAX_UNIT: BlockNumber = 365 * Self::PRODUCTION.unit;

    /// Whether a chain can run so; if not, why.
    pub fn check(&self) -> Result<(), &'static str> {
        let holds = |holds: bool, otherwise| if holds { Ok(()) } else { Err(otherwise) };
        holds(self.slots > 0, "a session has at least one slot")?;
        holds(self.era > 0 && self.era.is_multiple_of(self.slots), "an era is a whole number of sessions")?;
        holds(self.unit > 0 && self.unit.is_multiple_of(self.era), "a unit is a whole number of eras")?;
        holds(self.unit <= Self::MAX_UNIT, "a unit is at most a year of blocks")
    }
}

/// [`Timing::PRODUCTION`].
impl Default for Timing {
    fn default() -> Self {
        Self::PRODUCTION
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_and_short_measures_hold() {
        assert_eq!(Timing::default(), Timing { slots: 200, era: 7_200, unit: 28_800 });
        for (slots, era, unit) in [(200, 7_200, 28_800), (10, 20, 40), (1, 1, 1), (1, 1, Timing::MAX_UNIT)] {
            assert_eq!(Timing { slots, era, unit }.check(), Ok(()));
        }
    }

    #[test]
    fn nonsense_is_refused_with_its_reason() {
        let refused = |slots, era, unit| Timing { slots, era, unit }.check().unwrap_err();
        assert_eq!(refused(0, 20, 40), "a session has at least one slot");
        assert_eq!(refused(10, 0, 40), "an era is a whole number of sessions");
        assert_eq!(refused(10, 25, 50), "an era is a whole number of sessions");
        assert_eq!(refused(10, 20, 0), "a unit is a whole number of eras");
        assert_eq!(refused(10, 20, 50), "a unit is a whole number of eras");
        assert_eq!(refused(1, 1, Timing::MAX_UNIT + 1), "a unit is at most a year of blocks");
        assert_eq!(refused(1, 1, BlockNumber::MAX), "a unit is at most a year of blocks");
    }
}
