//! What authors put into every block: the slot, the time, and what their node has seen final.

use crate::client::FullClient;
use sp_blockchain::HeaderBackend;
use sp_consensus_babe::SlotDuration;
use sp_inherents::{CreateInherentDataProviders, InherentData, InherentDataProvider, InherentIdentifier};
use std::sync::Arc;
use strike_primitives::finality::{FinalNumber, INHERENT_IDENTIFIER};
use strike_runtime::{opaque::Block, Hash};

type Slot = sp_consensus_babe::inherents::InherentDataProvider;
type Timestamp = sp_timestamp::InherentDataProvider;

/// Provides what the blocks of others are checked against: slot and time.
pub(super) type Checked = Arc<dyn CreateInherentDataProviders<Block, (), InherentDataProviders = (Slot, Timestamp)>>;

/// The number of the last block that this node has seen final.
pub(super) struct SeenFinal(FinalNumber);

#[async_trait::async_trait]
impl InherentDataProvider for SeenFinal {
    async fn provide_inherent_data(&self, data: &mut InherentData) -> Result<(), sp_inherents::Error> {
        data.put_data(INHERENT_IDENTIFIER, &self.0)
    }

    async fn try_handle_error(
        &self,
        _identifier: &InherentIdentifier,
        _error: &[u8],
    ) -> Option<Result<(), sp_inherents::Error>> {
        None
    }
}

/// Slot and time by this machine's clock.
fn slot_and_time(slot_duration: SlotDuration) -> (Slot, Timestamp) {
    let timestamp = Timestamp::from_system_time();
    (Slot::from_timestamp_and_slot_duration(*timestamp, slot_duration), timestamp)
}

/// For the import of others' blocks. What another node has seen final cannot be checked.
pub(super) fn of_import(slot_duration: SlotDuration) -> Checked {
    Arc::new(move |_, ()| async move { Ok(slot_and_time(slot_duration)) })
}

/// For blocks of this node's own.
pub(super) fn of_author(
    client: Arc<FullClient>,
    slot_duration: SlotDuration,
) -> impl CreateInherentDataProviders<Block, (), InherentDataProviders = (Slot, Timestamp, SeenFinal)> {
    move |parent: Hash, ()| {
        let client = client.clone();
        async move {
            let (slot, timestamp) = slot_and_time(slot_duration);
            // While the block is being made, later ones may become final on another fork.
            let parent = client.number(parent)?.unwrap_or(0);
            let seen = client.info().finalized_number.min(parent);
            Ok((slot, timestamp, SeenFinal(seen)))
        }
    }
}
