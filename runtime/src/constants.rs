//! What the chain's numbers are made of: time, money and fees.

/// Blocks, slots and sessions. Sessions' length and whatever lasts a day or more follow the chain's timing:
/// [`crate::configs::timing`].
pub mod time {
    use crate::BlockNumber;

    /// One BABE slot, and so the target time between two blocks: 3 seconds.
    pub const SLOT_DURATION_MILLIS: u64 = 3_000;
    /// The smallest time between two blocks' timestamps. BABE takes twice this value as its slot.
    pub const MINIMUM_PERIOD_MILLIS: u64 = SLOT_DURATION_MILLIS / 2;

    /// Blocks in a minute, when no slot stays empty.
    pub const MINUTES: BlockNumber = 60_000 / (SLOT_DURATION_MILLIS as BlockNumber);
    /// Blocks in an hour, when no slot stays empty.
    pub const HOURS: BlockNumber = MINUTES * 60;
    /// Three of four slots have no primary author on average and fall to a secondary one, so almost none stays empty.
    pub const PRIMARY_PROBABILITY: (u64, u64) = (1, 4);

    /// Sessions for which validators stay answerable for an equivocation: one week of ten minutes each.
    ///
    /// Proofs of key ownership, the session of a GRANDPA set and the validity of a report all live this long. It has
    /// to be no shorter than the unbonding period, and needs no more.
    pub const ANSWERABLE_SESSIONS: u32 = 7 * 24 * 6;
}

/// The native token.
pub mod currency {
    use crate::Balance;

    pub use strike_primitives::{TOKEN as STRIKE, TOKEN_DECIMALS as DECIMALS, TOKEN_SYMBOL as SYMBOL};

    /// A thousandth of a token.
    pub const MILLISTRIKE: Balance = STRIKE / 1_000;
    /// A millionth of a token.
    pub const MICROSTRIKE: Balance = STRIKE / 1_000_000;

    /// The least an account holds: 0.001 token. An account below it is removed and the rest burned.
    pub const EXISTENTIAL_DEPOSIT: Balance = MILLISTRIKE;

    /// The deposit for keeping `items` entries of `bytes` bytes in all in the chain's state.
    pub const fn deposit(items: u32, bytes: u32) -> Balance {
        (items as Balance)
            .saturating_mul(100 * MILLISTRIKE)
            .saturating_add((bytes as Balance).saturating_mul(100 * MICROSTRIKE))
    }

    /// The deposit for keeping so many bytes in the chain's state for a day at most: as much as a byte of a transaction
    /// costs, a hundredth of what is held for what stands as long as its owner likes.
    ///
    /// It is no bound on what is stored; what is burned is. Each job burns no less than 0.03 tokens with four validators,
    /// so a gigabyte of jobs, which is gone a day later, costs above 15,000 tokens burned and 1,000 held.
    pub const fn deposit_for_a_day(bytes: u32) -> Balance {
        (bytes as Balance).saturating_mul(MICROSTRIKE)
    }
}

/// The part of each block that a pallet's upkeep may use, of every pallet that has upkeep. Together they are at most
/// half of a block, so that upkeep never crowds out transactions.
pub mod hook_shares {
    use sp_runtime::Perbill;

    /// Matching, deadlines and settlements. It has what the others leave. By the measured weights a block full of
    /// orders that all fail takes 33 % to end, 41 % where each looks at 128 asks, and up to 47 % together with
    /// forgetting as many, a day later. So only a day of full blocks of such orders lets upkeep fall behind.
    pub const MARKET: Perbill = Perbill::from_percent(40);
    /// Deadlines of audits.
    pub const VERIFICATION: Perbill = Perbill::from_percent(10);

    /// All of them, by the pallet's name. Who adds a pallet with upkeep adds it here and takes its share from the
    /// market's.
    pub const ALL: [(&str, Perbill); 2] = [("Market", MARKET), ("Verification", VERIFICATION)];

    /// The most that all have together.
    pub const MOST: Perbill = Perbill::from_percent(50);
}

/// What a transaction pays, beside what its call moves.
pub mod fee {
    use super::currency::MICROSTRIKE;
    use crate::Balance;

    /// For a picosecond of reference time. A block of two seconds that is full of transactions costs 3 tokens, and a
    /// plain transfer with its length about 0.001.
    pub const PER_PICOSECOND: Balance = 2;
    /// For a byte of the encoded transaction.
    pub const PER_BYTE: Balance = MICROSTRIKE;
}
