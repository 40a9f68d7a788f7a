//! `pallet-offences`: equivocations that validators have been shown to commit.

use crate::{Runtime, RuntimeEvent};

impl pallet_offences::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type IdentificationTuple = pallet_session::historical::IdentificationTuple<Self>;
    // Offences are recorded and seen in events; validators from genesis have no stake that could be slashed.
    type OnOffenceHandler = ();
}
