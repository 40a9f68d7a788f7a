//! What the worker reads of the chain: the duties of this node's keys, and the block of a commitment.

use crate::chain::duties::{DutyApi, DutyReader};
use codec::Encode;
use sc_client_api::BlockBackend;
use sp_api::{ApiExt, ProvideRuntimeApi, RuntimeApiInfo};
use sp_blockchain::HeaderBackend;
use sp_consensus::SyncOracle;
use sp_runtime::{traits::Block as BlockT, SaturatedConversion};
use std::{marker::PhantomData, sync::Arc};
use strike_primitives::{
    api::{duty_kind, Duty, DutyCursor, DutyPage, JobStatus, StrikeApi},
    app::AppKey,
    commitment::AttemptBinding,
    BlockNumber, JobId,
};

/// The chain as the worker sees it.
pub(crate) trait Chain {
    /// What `keys` owe at the best block: at most `limit` duties, of those that `wants` says yes to.
    fn view(
        &mut self,
        keys: Vec<AppKey>,
        limit: usize,
        wants: &mut dyn FnMut(&Duty) -> bool,
    ) -> Result<ChainView, String>;

    /// The transactions of the block in which a result of this attempt was committed to; `None` if none was, or if it
    /// is judged already.
    fn committed_in(&self, attempt: &AttemptBinding) -> Result<Option<Vec<Vec<u8>>>, String>;
}

/// The chain at one moment, as far as it concerns the worker.
pub(crate) struct ChainView {
    /// Height of the best block.
    pub best: BlockNumber,
    /// Height of the last final block. The best block descends from it.
    pub finalized: BlockNumber,
    /// What the keys owe at the best block, as far as this node wants it.
    pub duties: Vec<Duty>,
    /// How many commitments and how many checks the keys owe, whatever this node wants.
    pub owed: (usize, usize),
    /// Whether the node catches up with the chain.
    pub syncing: bool,
}

/// A node's client as such a chain.
pub(crate) struct ClientChain<Block, Client> {
    pub client: Arc<Client>,
    pub sync_oracle: Arc<dyn SyncOracle + Send + Sync>,
    pub reader: DutyReader,
    pub block: PhantomData<Block>,
}

/// The runtime at one block.
struct At<'c, Block: BlockT, Client> {
    client: &'c Client,
    block: Block::Hash,
}

impl<Block, Client> DutyApi for At<'_, Block, Client>
where
    Block: BlockT,
    Client: ProvideRuntimeApi<Block>,
    Client::Api: StrikeApi<Block>,
{
    fn heads(&self, keys: &[AppKey], after: Option<DutyCursor>, limit: u32) -> Result<DutyPage, String> {
        let page = self.client.runtime_api().duty_heads(self.block, keys.to_vec(), after, limit);
        page.map_err(|error| error.to_string())
    }

    fn duty(&self, key: &AppKey, kind: u8, job: JobId) -> Result<Option<Duty>, String> {
        self.client.runtime_api().duty(self.block, key.clone(), kind, job).map_err(|error| error.to_string())
    }
}

impl<Block, Client> Chain for ClientChain<Block, Client>
where
    Block: BlockT,
    Client: ProvideRuntimeApi<Block> + HeaderBackend<Block> + BlockBackend<Block>,
    Client::Api: StrikeApi<Block>,
{
    fn view(
        &mut self,
        keys: Vec<AppKey>,
        limit: usize,
        wants: &mut dyn FnMut(&Duty) -> bool,
    ) -> Result<ChainView, String> {
        // One read of both heads: the best block descends from the final one of the same reading.
        let info = self.client.info();
        let duties = if keys.is_empty() {
            Vec::new()
        } else {
            let api = self.client.runtime_api();
            let version = api.api_version::<dyn StrikeApi<Block>>(info.best_hash).map_err(|error| error.to_string())?;
            understood(version, <dyn StrikeApi<Block> as RuntimeApiInfo>::VERSION)?;
            let at = At::<Block, Client> { client: &self.client, block: info.best_hash };
            self.reader.read(&at, &keys, info.best_number.saturated_into(), limit, wants)?
        };
        Ok(ChainView {
            best: info.best_number.saturated_into(),
            finalized: info.finalized_number.saturated_into(),
            duties,
            owed: (self.reader.owed(duty_kind::PROVIDE), self.reader.owed(duty_kind::CHECK)),
            syncing: self.sync_oracle.is_major_syncing(),
        })
    }

    fn committed_in(&self, attempt: &AttemptBinding) -> Result<Option<Vec<Vec<u8>>>, String> {
        let best = self.client.info().best_hash;
        let info = self.client.runtime_api().job(best, attempt.job).map_err(|error| error.to_string())?;
        let number = match info.filter(|info| info.attempt == attempt.attempt).map(|info| info.status) {
            Some(JobStatus::Committed { committed_at, .. }) => committed_at,
            _ => return Ok(None),
        };
        let block = self.client.hash(number.into()).map_err(|error| error.to_string())?;
        let body = block.map(|block| self.client.block_body(block)).transpose().map_err(|error| error.to_string())?;
        Ok(body.flatten().map(|body| body.iter().map(Encode::encode).collect()))
    }
}

/// Whether this node understands what the runtime at the best block answers: `found` is its version of `StrikeApi`, `known` the
/// node's.
pub(crate) fn understood(found: Option<u32>, known: u32) -> Result<(), String> {
    match found {
        Some(found) if found == known => Ok(()),
        Some(found) if found < known => Err(format!(
            "the chain's runtime is older than this node (StrikeApi {found}, the node knows {known}); the node follows the chain, and \
             works from when the chain is upgraded"
        )),
        Some(found) => Err(format!(
            "the chain's runtime is newer than this node (StrikeApi {found}, the node knows {known}); install a newer strike-node"
        )),
        None => Err("the chain's runtime has no StrikeApi; is this a Strike chain?".into()),
    }
}
