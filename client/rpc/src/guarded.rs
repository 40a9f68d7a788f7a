//! The methods, of which a panic is an error of the one call.

use crate::{
    error::Error, BytesView, CostsView, JobPageView, JobView, ModelView, OutputView, ProviderView, QuoteView,
    StrikeServer, UploadView,
};
use jsonrpsee::{core::RpcResult, Extensions};
use serde_json::Value;
use sp_core::{Bytes, H256};
use strike_primitives::JobId;

/// Serves the methods of another server. Where one of them panics, the caller gets [`Error::CallPanicked`], and the node goes on.
pub struct Guarded<Server>(pub Server);

/// The answer of a call; a panic is an error.
fn answer<T>(call: impl FnOnce() -> RpcResult<T>) -> RpcResult<T> {
    strike_guard::catch(call).unwrap_or_else(|panicked| Err(Error::from(panicked).into()))
}

impl<Server: StrikeServer> StrikeServer for Guarded<Server> {
    fn job(&self, id: JobId, at: Option<H256>) -> RpcResult<JobView> {
        answer(|| self.0.job(id, at))
    }

    fn jobs(&self, requester: Option<String>, before: Option<JobId>, limit: Option<u32>) -> RpcResult<JobPageView> {
        answer(|| self.0.jobs(requester, before, limit))
    }

    fn quote(&self, order: Value) -> RpcResult<Option<QuoteView>> {
        answer(|| self.0.quote(order))
    }

    fn costs(&self, order: Value) -> RpcResult<Option<CostsView>> {
        answer(|| self.0.costs(order))
    }

    fn providers(&self, after: Option<String>, limit: Option<u32>) -> RpcResult<Vec<ProviderView>> {
        answer(|| self.0.providers(after, limit))
    }

    fn models(&self, after: Option<Value>, limit: Option<u32>) -> RpcResult<Vec<ModelView>> {
        answer(|| self.0.models(after, limit))
    }

    fn input(&self, id: JobId) -> RpcResult<BytesView> {
        answer(|| self.0.input(id))
    }

    fn output(&self, id: JobId) -> RpcResult<OutputView> {
        answer(|| self.0.output(id))
    }

    fn store_blob(&self, ext: &Extensions, bytes: Bytes) -> RpcResult<UploadView> {
        answer(|| self.0.store_blob(ext, bytes))
    }
}
