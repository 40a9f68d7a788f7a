//! The `strike_*` JSON-RPC namespace: jobs, quotes, providers, models, inputs and outputs, in friendly JSON.
//!
//! The README lists every method with its parameters, result and errors.

mod convert;
mod error;
mod order;
#[cfg(test)]
mod tests;
mod views;

pub use error::Error;
pub use views::{
    AskView, BytesView, CommitmentView, InputView, JobView, ModelView, OutputView, PaymentView, ProviderView,
    QuoteView, ReceiptView, StatusView, WorkView,
};

use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use serde_json::Value;
use sp_api::{ApiError, ProvideRuntimeApi};
use sp_blockchain::HeaderBackend;
use sp_core::H256;
use sp_runtime::traits::Block as BlockT;
use std::{marker::PhantomData, sync::Arc};
use strike_blobs::BlobStore;
use strike_primitives::{
    api::{JobInfo, StrikeApi},
    artifact::{ArtifactId, ArtifactKind},
    commitment::StopReason,
    embedding::{decode_texts, decode_vectors},
    job::{Input, JobOrder, WorkSpec},
    AccountId, JobId,
};
use views::{parse_account, parse_artifact, Accounts};

/// Entries of a list where the caller names no limit.
pub const DEFAULT_PAGE: u32 = 20;
/// Most entries of a list in one answer.
pub const MAX_PAGE: u32 = 100;

/// The methods, at the best block unless `at` names another.
#[rpc(server, namespace = "strike")]
pub trait Strike {
    /// A job, while the chain keeps it.
    #[method(name = "job", blocking)]
    fn job(&self, id: JobId, at: Option<H256>) -> RpcResult<JobView>;

    /// Jobs the chain keeps, newest first: of one requester or of all, below the id `before`.
    #[method(name = "jobs", blocking)]
    fn jobs(&self, requester: Option<String>, before: Option<JobId>, limit: Option<u32>) -> RpcResult<Vec<JobView>>;

    /// What an order would cost now; `null` if no ask fits it.
    #[method(name = "quote", blocking)]
    fn quote(&self, order: Value) -> RpcResult<Option<QuoteView>>;

    /// Registered providers with their asks, from the one after `after`.
    #[method(name = "providers", blocking)]
    fn providers(&self, after: Option<String>, limit: Option<u32>) -> RpcResult<Vec<ProviderView>>;

    /// Registered models, from the one after `after`.
    #[method(name = "models", blocking)]
    fn models(&self, after: Option<Value>, limit: Option<u32>) -> RpcResult<Vec<ModelView>>;

    /// The bytes of a job's input.
    #[method(name = "input", blocking)]
    fn input(&self, id: JobId) -> RpcResult<BytesView>;

    /// The output of a job's last commitment, if this node ran or checked it.
    #[method(name = "output", blocking)]
    fn output(&self, id: JobId) -> RpcResult<OutputView>;
}

/// Turns token ids into text.
pub trait Detokenizer: Send + Sync {
    /// The text of token ids of a model; `None` if the node does not have the model.
    fn detokenize(&self, model: &ArtifactId, tokens: &[u32]) -> Result<Option<String>, String>;
}

impl<F> Detokenizer for F
where
    F: Fn(&ArtifactId, &[u32]) -> Result<Option<String>, String> + Send + Sync,
{
    fn detokenize(&self, model: &ArtifactId, tokens: &[u32]) -> Result<Option<String>, String> {
        self(model, tokens)
    }
}

/// Serves [`StrikeServer`] from a client, the node's blobs and its models.
pub struct StrikeRpc<Client, Block> {
    client: Arc<Client>,
    blobs: Arc<BlobStore>,
    detokenizer: Arc<dyn Detokenizer>,
    accounts: Accounts,
    block: PhantomData<fn() -> Block>,
}

impl<Client, Block> StrikeRpc<Client, Block> {
    /// The methods over these parts; `ss58_prefix` is the chain's.
    pub fn new(
        client: Arc<Client>,
        blobs: Arc<BlobStore>,
        detokenizer: Arc<dyn Detokenizer>,
        ss58_prefix: u16,
    ) -> Self {
        Self { client, blobs, detokenizer, accounts: Accounts(ss58_prefix), block: PhantomData }
    }
}

impl<Client, Block> StrikeRpc<Client, Block>
where
    Block: BlockT<Hash = H256>,
    Client: ProvideRuntimeApi<Block> + HeaderBackend<Block> + Send + Sync + 'static,
    Client::Api: StrikeApi<Block>,
{
    fn best(&self) -> H256 {
        self.client.info().best_hash
    }

    fn info(&self, id: JobId, at: H256) -> Result<JobInfo, Error> {
        self.client.runtime_api().job(at, id).map_err(unavailable(at))?.ok_or(Error::JobNotFound(id))
    }

    /// The bytes of a job's input.
    fn input_bytes(&self, job: JobId, input: &Input) -> Result<Vec<u8>, Error> {
        match input {
            Input::Plain(bytes) => Ok(bytes.to_vec()),
            Input::Blob { root, .. } => {
                self.blobs.get(ArtifactKind::File, root)?.ok_or(Error::InputNotHere { job, root: *root })
            }
            Input::Encrypted { .. } => Err(Error::InputEncrypted(job)),
        }
    }
}

fn unavailable(at: H256) -> impl Fn(ApiError) -> Error {
    move |error| Error::BlockUnavailable { at, reason: error.to_string() }
}

fn page(limit: Option<u32>) -> Result<u32, Error> {
    match limit.unwrap_or(DEFAULT_PAGE) {
        limit @ 1..=MAX_PAGE => Ok(limit),
        limit => Err(Error::InvalidParameter(format!("limit: {limit} is not between 1 and {MAX_PAGE}"))),
    }
}

impl<Client, Block> StrikeServer for StrikeRpc<Client, Block>
where
    Block: BlockT<Hash = H256>,
    Client: ProvideRuntimeApi<Block> + HeaderBackend<Block> + Send + Sync + 'static,
    Client::Api: StrikeApi<Block>,
{
    fn job(&self, id: JobId, at: Option<H256>) -> RpcResult<JobView> {
        let info = self.info(id, at.unwrap_or_else(|| self.best()))?;
        Ok(self.accounts.job(info))
    }

    fn jobs(&self, requester: Option<String>, before: Option<JobId>, limit: Option<u32>) -> RpcResult<Vec<JobView>> {
        let requester = requester.as_deref().map(parse_account).transpose()?;
        let (limit, at) = (page(limit)?, self.best());
        let jobs = self.client.runtime_api().jobs(at, requester, before, limit).map_err(unavailable(at))?;
        Ok(jobs.into_iter().map(|info| self.accounts.job(info)).collect())
    }

    fn quote(&self, order: Value) -> RpcResult<Option<QuoteView>> {
        let (order, at): (JobOrder, _) = (order::parse_order(order)?, self.best());
        let quote = self.client.runtime_api().quote(at, order).map_err(unavailable(at))?;
        Ok(quote.map(|quote| self.accounts.quote(quote)))
    }

    fn providers(&self, after: Option<String>, limit: Option<u32>) -> RpcResult<Vec<ProviderView>> {
        let after: Option<AccountId> = after.as_deref().map(parse_account).transpose()?;
        let (limit, at) = (page(limit)?, self.best());
        let providers = self.client.runtime_api().providers(at, after, limit).map_err(unavailable(at))?;
        Ok(providers.into_iter().map(|info| self.accounts.provider(info)).collect())
    }

    fn models(&self, after: Option<Value>, limit: Option<u32>) -> RpcResult<Vec<ModelView>> {
        let after = after.as_ref().map(parse_artifact).transpose()?;
        let (limit, at) = (page(limit)?, self.best());
        let models = self.client.runtime_api().models(at, after, limit).map_err(unavailable(at))?;
        Ok(models.into_iter().map(|info| self.accounts.model(info)).collect())
    }

    fn input(&self, id: JobId) -> RpcResult<BytesView> {
        let JobOrder::V1(order) = self.info(id, self.best())?.order;
        Ok(BytesView::new(&self.input_bytes(id, order.work.input())?))
    }

    fn output(&self, id: JobId) -> RpcResult<OutputView> {
        let info = self.info(id, self.best())?;
        let JobOrder::V1(order) = info.order;
        let commitment = info.commitment.ok_or(Error::NoCommitment(id))?;
        let claim = commitment.v1();
        let root = claim.out_root;
        let not_here = || Error::OutputNotHere { job: id, root };
        let (mut tokens, mut text, mut vectors) = (None, None, None);
        match &order.work {
            WorkSpec::Generate(_) => {
                let output = self.blobs.output(&root).map_err(Error::from)?.ok_or_else(not_here)?;
                text = self
                    .detokenizer
                    .detokenize(&order.model, &output)
                    .map_err(|reason| Error::TextUnavailable { job: id, reason })?;
                tokens = Some(output);
            }
            WorkSpec::Embed(work) => {
                let output = self.blobs.get(ArtifactKind::Output, &root).map_err(Error::from)?.ok_or_else(not_here)?;
                vectors = Some(match claim.stop {
                    StopReason::Complete => {
                        let texts = decode_texts(&self.input_bytes(id, &work.input)?).unwrap_or_default();
                        decode_vectors(&output, texts.len()).ok_or(Error::OutputMalformed { job: id, root })?
                    }
                    _ => Vec::new(),
                });
            }
        }
        let (n_in, n_out, stop) = (claim.n_in, claim.n_out, claim.stop);
        Ok(OutputView { job: id, out_root: root, tokens, text, vectors, n_in, n_out, stop })
    }
}
