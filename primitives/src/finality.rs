//! What authors report of finality: `pallets/finality`.

use crate::BlockNumber;

/// Names the report among a block's inherent data.
pub const INHERENT_IDENTIFIER: [u8; 8] = *b"strkfinl";

/// The report: the number of the last block that the author's node has seen final.
pub type FinalNumber = BlockNumber;
