//! The `strike_*` JSON-RPC namespace: jobs, quotes, providers, models, inputs and outputs, in friendly JSON.
//!
//! The README lists every method with its parameters, result and errors.

mod bounds;
mod convert;
mod error;
mod guarded;
mod order;
#[cfg(test)]
mod tests;
mod views;

pub use bounds::Bounds;
pub use error::Error;
pub use guarded::Guarded;
pub use views::{
    AskView, BytesView, CommitmentView, CostsView, InputView, JobPageView, JobView, ModelView, OutputView, PaymentView,
    ProviderView, QuoteView, ReceiptView, StatusView, UploadView, WorkView,
};

use bounds::turn;
use jsonrpsee::{core::RpcResult, proc_macros::rpc, Extensions};
use sc_rpc_api::check_if_safe;
use serde_json::Value;
use sp_api::{ApiError, ApiExt, ApiRef, ProvideRuntimeApi, RuntimeApiInfo};
use sp_blockchain::HeaderBackend;
use sp_core::{Bytes, H256};
use sp_runtime::{traits::Block as BlockT, SaturatedConversion};
use std::{marker::PhantomData, sync::Arc, time::Instant};
use strike_blobs::{BlobQuery, BlobSource, BlobStore, FetchError, Uploads};
use strike_primitives::{
    api::{JobInfo, JobStatus, MarketApi, ProvenanceApi, ProvidersApi, StrikeApi},
    artifact::{ArtifactId, ArtifactKind},
    blob::{input_place, provider_place},
    commitment::StopReason,
    embedding::{decode_texts, decode_vectors},
    job::{Input, JobOrder, WorkSpec, MAX_TEXTS},
    AccountId, JobId,
};
use tokio::sync::Semaphore;
use views::{parse_account, parse_artifact, Accounts};

/// Entries of a list where the caller names no limit.
pub const DEFAULT_PAGE: u32 = 20;
/// Most entries of a list in one answer.
pub const MAX_PAGE: u32 = 100;
/// Bytes of a token id in an output.
const TOKEN_BYTES: u64 = 4;
/// Most bytes of the vectors of one job: of as many texts as a job takes, with 16,384 dimensions each.
const MAX_VECTOR_BYTES: u64 = MAX_TEXTS as u64 * 16_384 * 4;

/// The methods, at the best block unless `at` names another.
#[rpc(server, namespace = "strike")]
pub trait Strike {
    /// A job, while the chain keeps it.
    #[method(name = "job", blocking)]
    fn job(&self, id: JobId, at: Option<H256>) -> RpcResult<JobView>;

    /// Jobs the chain keeps, newest first: of one requester or of all, below the id `before`. `next` is the `before` of the next page.
    #[method(name = "jobs", blocking)]
    fn jobs(&self, requester: Option<String>, before: Option<JobId>, limit: Option<u32>) -> RpcResult<JobPageView>;

    /// What an order would cost now; `null` if no ask fits it.
    #[method(name = "quote", blocking)]
    fn quote(&self, order: Value) -> RpcResult<Option<QuoteView>>;

    /// What an order costs and holds now beside its price, whoever gets it; `null` if it is not one that is taken now.
    #[method(name = "costs", blocking)]
    fn costs(&self, order: Value) -> RpcResult<Option<CostsView>>;

    /// Registered providers with their asks, from the one after `after`.
    #[method(name = "providers", blocking)]
    fn providers(&self, after: Option<String>, limit: Option<u32>) -> RpcResult<Vec<ProviderView>>;

    /// Registered models, from the one after `after`.
    #[method(name = "models", blocking)]
    fn models(&self, after: Option<Value>, limit: Option<u32>) -> RpcResult<Vec<ModelView>>;

    /// The bytes of a job's input.
    #[method(name = "input", blocking)]
    fn input(&self, id: JobId) -> RpcResult<BytesView>;

    /// The output of a job's last commitment: this node's copy, or else that of another node. Fetching one may take some
    /// seconds.
    #[method(name = "output", blocking)]
    fn output(&self, id: JobId) -> RpcResult<OutputView>;

    /// Leave an input with this node, for an order that names it by its root. It is kept until the chain forgets the jobs that use
    /// it, or for half an hour if none does. Changes the node, so it is answered where unsafe methods are.
    #[method(name = "storeBlob", blocking, with_extensions)]
    fn store_blob(&self, bytes: Bytes) -> RpcResult<UploadView>;
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

/// Serves [`StrikeServer`] from a client, the blobs that are here and a source of others, the inputs left here and the node's models.
pub struct StrikeRpc<Client, Block> {
    client: Arc<Client>,
    store: Arc<BlobStore>,
    blobs: Arc<dyn BlobSource>,
    uploads: Arc<Uploads>,
    detokenizer: Arc<dyn Detokenizer>,
    accounts: Accounts,
    bounds: Bounds,
    block: PhantomData<fn() -> Block>,
}

impl<Client, Block> StrikeRpc<Client, Block> {
    /// The methods over these parts; `ss58_prefix` is the chain's.
    pub fn new(
        client: Arc<Client>,
        store: Arc<BlobStore>,
        blobs: Arc<dyn BlobSource>,
        uploads: Arc<Uploads>,
        detokenizer: Arc<dyn Detokenizer>,
        ss58_prefix: u16,
        bounds: Bounds,
    ) -> Self {
        let accounts = Accounts(ss58_prefix);
        Self { client, store, blobs, uploads, detokenizer, accounts, bounds, block: PhantomData }
    }
}

impl<Client, Block> StrikeRpc<Client, Block>
where
    Block: BlockT<Hash = H256>,
    Client: ProvideRuntimeApi<Block> + HeaderBackend<Block> + Send + Sync + 'static,
    Client::Api: StrikeApi<Block> + MarketApi<Block> + ProvidersApi<Block> + ProvenanceApi<Block>,
{
    fn best(&self) -> H256 {
        self.client.info().best_hash
    }

    /// The runtime at a block, if it answers for the API of this name in types that this node knows.
    fn api<Api: RuntimeApiInfo + ?Sized>(
        &self,
        name: &'static str,
        at: H256,
    ) -> Result<ApiRef<'_, Client::Api>, Error> {
        let (api, known) = (self.client.runtime_api(), Api::VERSION);
        let found = api.api_version::<Api>(at).map_err(unavailable(at))?.unwrap_or(0);
        match found == known {
            true => Ok(api),
            false => Err(Error::RuntimeIncompatible { at, api: name, found, known }),
        }
    }

    /// The same for jobs.
    fn jobs_api(&self, at: H256) -> Result<ApiRef<'_, Client::Api>, Error> {
        self.api::<dyn StrikeApi<Block>>("StrikeApi", at)
    }

    fn genesis(&self) -> H256 {
        self.client.info().genesis_hash
    }

    /// Where the nodes of the provider of the last commitment are found.
    fn committers_place(&self, info: &JobInfo) -> Option<H256> {
        committer(info).map(|account| provider_place(&self.genesis(), &account))
    }

    fn info(&self, id: JobId, at: H256) -> Result<JobInfo, Error> {
        self.jobs_api(at)?.job(at, id).map_err(unavailable(at))?.ok_or(Error::JobNotFound(id))
    }

    /// A blob: the one that is here, or another node's, while it is this call's turn to fetch.
    fn read(&self, query: &BlobQuery, turns: &Semaphore) -> Result<Result<Vec<u8>, FetchError>, Error> {
        match self.store.read(query) {
            // A damaged one is fetched again.
            Err(FetchError::NotFound { .. } | FetchError::Unfinished | FetchError::Store(_)) => {
                let _turn = turn(turns)?;
                Ok(self.blobs.read(query))
            }
            here => Ok(here),
        }
    }

    /// The bytes of a job's input.
    fn input_bytes(&self, info: &JobInfo) -> Result<Vec<u8>, Error> {
        let (JobOrder::V1(order), job) = (&info.order, info.job);
        match order.work.input() {
            Input::Plain(bytes) => Ok(bytes.to_vec()),
            Input::Blob { root, length } => {
                let mut places = vec![input_place(&self.genesis(), root)];
                places.extend(self.committers_place(info));
                let query = BlobQuery { kind: ArtifactKind::File, root: *root, max_length: *length, places };
                let read = self.read(&query, &self.bounds.inputs)?.map_err(|error| match error {
                    FetchError::Store(error) => Error::BlobUnreadable(error),
                    FetchError::Unfinished => Error::FetchUnfinished { root: *root },
                    // No file of another length than the order's has its root.
                    FetchError::NotFound { .. } | FetchError::TooLong { .. } => {
                        Error::InputNotHere { job, root: *root }
                    }
                })?;
                (read.len() as u64 == *length).then_some(read).ok_or(Error::InputNotHere { job, root: *root })
            }
            Input::Encrypted { .. } => Err(Error::InputEncrypted(job)),
        }
    }

    /// The bytes of the output that a provider committed to: no more than `possible`, or it is none, and no more than are
    /// `answerable`.
    fn output_bytes(&self, info: &JobInfo, root: H256, possible: u64, answerable: u64) -> Result<Vec<u8>, Error> {
        let job = info.job;
        let query = BlobQuery {
            kind: ArtifactKind::Output,
            root,
            max_length: possible.min(answerable),
            places: self.committers_place(info).into_iter().collect(),
        };
        self.read(&query, &self.bounds.outputs)?.map_err(|error| match error {
            FetchError::Store(error) => Error::BlobUnreadable(error),
            FetchError::NotFound { .. } => Error::OutputNotHere { job, root },
            FetchError::Unfinished => Error::FetchUnfinished { root },
            FetchError::TooLong { length, .. } if length <= possible => Error::OutputTooLarge { job, root, length },
            FetchError::TooLong { .. } => Error::OutputMalformed { job, root },
        })
    }
}

/// The provider of the last commitment.
fn committer(info: &JobInfo) -> Option<AccountId> {
    match &info.status {
        JobStatus::Committed { provider, .. } | JobStatus::Judged { provider } => Some(provider.clone()),
        JobStatus::Closed { .. } => info.receipt.as_ref().and_then(|receipt| receipt.provider.clone()),
        JobStatus::Pending { .. } | JobStatus::Assigned { .. } => None,
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
    Client::Api: StrikeApi<Block> + MarketApi<Block> + ProvidersApi<Block> + ProvenanceApi<Block>,
{
    fn job(&self, id: JobId, at: Option<H256>) -> RpcResult<JobView> {
        let info = self.info(id, at.unwrap_or_else(|| self.best()))?;
        Ok(self.accounts.job(info))
    }

    fn jobs(&self, requester: Option<String>, before: Option<JobId>, limit: Option<u32>) -> RpcResult<JobPageView> {
        let requester = requester.as_deref().map(parse_account).transpose()?;
        let (limit, at) = (page(limit)?, self.best());
        let page = self.jobs_api(at)?.jobs(at, requester, before, limit).map_err(unavailable(at))?;
        let jobs = page.jobs.into_iter().map(|info| self.accounts.job(info)).collect();
        Ok(JobPageView { jobs, next: page.next })
    }

    fn quote(&self, order: Value) -> RpcResult<Option<QuoteView>> {
        let (order, at): (JobOrder, _) = (order::parse_order(order)?, self.best());
        let api = self.api::<dyn MarketApi<Block>>("MarketApi", at)?;
        let quote = api.quote(at, order).map_err(unavailable(at))?;
        Ok(quote.map(|quote| self.accounts.quote(quote)))
    }

    fn costs(&self, order: Value) -> RpcResult<Option<CostsView>> {
        let (order, at): (JobOrder, _) = (order::parse_order(order)?, self.best());
        let api = self.api::<dyn MarketApi<Block>>("MarketApi", at)?;
        let costs = api.costs(at, order).map_err(unavailable(at))?;
        Ok(costs.map(convert::costs))
    }

    fn providers(&self, after: Option<String>, limit: Option<u32>) -> RpcResult<Vec<ProviderView>> {
        let after: Option<AccountId> = after.as_deref().map(parse_account).transpose()?;
        let (limit, at) = (page(limit)?, self.best());
        let api = self.api::<dyn ProvidersApi<Block>>("ProvidersApi", at)?;
        let providers = api.providers(at, after, limit).map_err(unavailable(at))?;
        Ok(providers.into_iter().map(|info| self.accounts.provider(info)).collect())
    }

    fn models(&self, after: Option<Value>, limit: Option<u32>) -> RpcResult<Vec<ModelView>> {
        let after = after.as_ref().map(parse_artifact).transpose()?;
        let (limit, at) = (page(limit)?, self.best());
        let api = self.api::<dyn ProvenanceApi<Block>>("ProvenanceApi", at)?;
        let models = api.models(at, after, limit).map_err(unavailable(at))?;
        Ok(models.into_iter().map(|info| self.accounts.model(info)).collect())
    }

    fn input(&self, id: JobId) -> RpcResult<BytesView> {
        let info = self.info(id, self.best())?;
        Ok(BytesView::new(&self.input_bytes(&info)?))
    }

    fn store_blob(&self, ext: &Extensions, bytes: Bytes) -> RpcResult<UploadView> {
        check_if_safe(ext)?;
        let final_block = self.client.info().finalized_number.saturated_into();
        let root = self.uploads.put(&bytes, final_block, Instant::now()).map_err(Error::from)?;
        Ok(UploadView { root, length: bytes.len() as u64 })
    }

    fn output(&self, id: JobId) -> RpcResult<OutputView> {
        let info = self.info(id, self.best())?;
        let JobOrder::V1(order) = &info.order;
        let claim = info.commitment.as_ref().ok_or(Error::NoCommitment(id))?.v1();
        let root = claim.out_root;
        let malformed = || Error::OutputMalformed { job: id, root };
        let mut room = self.bounds.room();
        let (mut tokens, mut text, mut vectors) = (None, None, None);
        match &order.work {
            WorkSpec::Generate(work) => {
                let most = claim.n_out.min(work.max_output_tokens);
                let possible = u64::from(most).saturating_mul(TOKEN_BYTES);
                let bytes = self.output_bytes(&info, root, possible, possible)?;
                let output = output_tokens(&bytes).ok_or_else(malformed)?;
                let too_large = || Error::OutputTooLarge { job: id, root, length: bytes.len() as u64 };
                room.take(&output).then_some(()).ok_or_else(too_large)?;
                text = self
                    .detokenizer
                    .detokenize(&order.model, &output)
                    .map_err(|reason| Error::TextUnavailable { job: id, reason })?;
                room.take(&text).then_some(()).ok_or_else(too_large)?;
                tokens = Some(output);
            }
            WorkSpec::Embed(_) => {
                // A number takes no less room in JSON: an output that is longer fits into no answer.
                let output = self.output_bytes(&info, root, MAX_VECTOR_BYTES, room.bytes() as u64)?;
                vectors = Some(match claim.stop {
                    StopReason::Complete => {
                        let texts = decode_texts(&self.input_bytes(&info)?).unwrap_or_default().len();
                        let length = output.len() as u64;
                        let fits = room.take_vectors(&output, texts);
                        fits.then_some(()).ok_or(Error::OutputTooLarge { job: id, root, length })?;
                        decode_vectors(&output, texts).ok_or_else(malformed)?
                    }
                    _ => Vec::new(),
                });
            }
        }
        let (n_in, n_out, stop) = (claim.n_in, claim.n_out, claim.stop);
        Ok(OutputView { job: id, out_root: root, tokens, text, vectors, n_in, n_out, stop })
    }
}

/// Token ids of an output's bytes; `None` where they are no whole number of tokens.
fn output_tokens(bytes: &[u8]) -> Option<Vec<u32>> {
    let (tokens, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| tokens.iter().map(|token| u32::from_le_bytes(*token)).collect())
}
