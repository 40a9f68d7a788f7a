//! The connection, and what is read over it.

use crate::{
    error::{Error, Result},
    errors,
    progress::Progress,
};
use codec::{Decode, Encode};
use sp_core::crypto::{set_default_ss58_version, Ss58AddressFormat};
use std::{sync::Arc, time::Duration};
use strike_primitives::{
    api::{AskInfo, Costs, JobInfo, JobPage, ModelInfo, ProviderInfo, Quote},
    artifact::ArtifactId,
    job::JobOrder,
    AccountId, Balance, BlockNumber, JobId, H256,
};
use subxt::{
    backend::LegacyBackend,
    client::{ClientAtBlock, OnlineClientAtBlockImpl},
    config::RpcConfigFor,
    dynamic::{self, At, Value},
    ext::scale_value::ValueDef,
    rpcs::{methods::legacy::LegacyRpcMethods, RpcClient},
    OnlineClient, SubstrateConfig,
};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a silent node is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Without news, until the node is asked whether it is still there.
    pub quiet: Duration,
    /// For the answer to that.
    pub answer: Duration,
}

impl Default for Patience {
    /// Half a minute each.
    fn default() -> Self {
        Self { quiet: Duration::from_secs(30), answer: Duration::from_secs(30) }
    }
}

/// Entries asked for at once where a list may be long.
const PAGE: u32 = 64;

/// The chain's state at one block.
pub type AtBlock = ClientAtBlock<SubstrateConfig, OnlineClientAtBlockImpl<SubstrateConfig>>;
/// The node's JSON-RPC methods of the long-standing namespaces.
pub type Methods = LegacyRpcMethods<RpcConfigFor<SubstrateConfig>>;

/// A connection to a Strike chain.
#[derive(Clone, Debug)]
pub struct Chain {
    client: OnlineClient<SubstrateConfig>,
    methods: Methods,
    rpc: RpcClient,
    progress: Progress,
    patience: Patience,
}

/// A hash as subxt writes it.
pub fn subxt_hash(hash: H256) -> subxt::config::substrate::H256 {
    subxt::config::substrate::H256(hash.0)
}

/// What an account has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holdings {
    /// Free to use, but for what is frozen.
    pub free: Balance,
    /// Held, by pallet and reason.
    pub held: Vec<(String, Balance)>,
    /// Reserved in the old way, if anything.
    pub reserved: Balance,
    /// The part of what is free that is frozen.
    pub frozen: Balance,
}

impl Holdings {
    /// Everything.
    pub fn total(&self) -> Balance {
        self.free.saturating_add(self.reserved)
    }
}

impl Chain {
    /// Connects to a node, by `ws://…` or `wss://…`, and makes sure that its chain is a Strike chain. Progress is silent until
    /// [`Chain::with_progress`].
    ///
    /// Fails with `UrlInvalid`, with `NodeUnreachable` where no node has answered within 20 seconds, and with `NotAStrikeChain`.
    pub async fn connect(url: &str) -> Result<Self> {
        if !["ws://", "wss://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(errors::no_url(url));
        }
        let late = |_| errors::unreachable(url, &format!("no answer within {} s", CONNECT_TIMEOUT.as_secs()));
        tokio::time::timeout(CONNECT_TIMEOUT, Self::open(url)).await.map_err(late)?
    }

    async fn open(url: &str) -> Result<Self> {
        let rpc = RpcClient::from_insecure_url(url).await.map_err(|error| errors::connect(url, error))?;
        let backend = LegacyBackend::builder().build(rpc.clone());
        let client =
            OnlineClient::from_backend(Arc::new(backend)).await.map_err(|error| errors::connect(url, error))?;
        let methods = Methods::new(rpc.clone());
        let chain = Self { client, methods, rpc, progress: Progress::default(), patience: Patience::default() };
        let now = chain.client.at_current_block().await.map_err(errors::subxt)?;
        if now.metadata_ref().pallet_by_name("Market").is_none() {
            return Err(Error::new("NotAStrikeChain", format!("the chain of {url} has no market"))
                .hint("--url has to name a Strike node"));
        }
        // Addresses are printed as this chain writes them.
        let prefix = dynamic::constant::<u16>("System", "SS58Prefix");
        if let Ok(prefix) = now.constants().entry(prefix) {
            set_default_ss58_version(Ss58AddressFormat::custom(prefix));
        }
        Ok(chain)
    }

    /// The same connection, with a listener for what goes on while calls wait.
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }

    /// The same connection, which waits so long for a node that is silent.
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// How long a silent node is waited for.
    pub fn patience(&self) -> Patience {
        self.patience
    }

    /// Makes sure that the node still answers. Fails with `ConnectionLost`, or as requests do.
    pub async fn answers(&self) -> Result<()> {
        let patience = self.patience.answer;
        let head = tokio::time::timeout(patience, self.methods.chain_get_finalized_head()).await;
        head.map_err(|_| errors::silent(patience))?.map(|_| ()).map_err(errors::rpc)
    }

    /// Who hears what goes on.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Subxt's client.
    pub fn client(&self) -> &OnlineClient<SubstrateConfig> {
        &self.client
    }

    /// The node's methods.
    pub fn methods(&self) -> &Methods {
        &self.methods
    }

    /// The bare connection, for methods of our own.
    pub fn rpc(&self) -> &RpcClient {
        &self.rpc
    }

    /// Hash of the first block.
    pub fn genesis(&self) -> H256 {
        H256(self.client.genesis_hash().0)
    }

    /// The chain's state at a block.
    pub async fn at(&self, block: H256) -> Result<AtBlock> {
        self.client.at_block(subxt_hash(block)).await.map_err(errors::subxt)
    }

    /// The fewest blocks that an order may give a provider: what an ask needs beyond its throughput.
    pub async fn min_deadline(&self) -> Result<BlockNumber> {
        let now = self.client.at_current_block().await.map_err(errors::subxt)?;
        let constant = dynamic::constant::<BlockNumber>("Market", "MinDeadline");
        now.constants().entry(constant).map_err(errors::subxt)
    }

    /// Whether the chain is for development: its accounts' keys are known to everybody.
    pub async fn is_for_development(&self) -> Result<bool> {
        let chain_type = self.methods.system_chain_type().await.map_err(errors::rpc)?;
        Ok(matches!(chain_type.as_str(), "Development" | "Local"))
    }

    /// The best block.
    pub async fn best(&self) -> Result<H256> {
        let hash = self.methods.chain_get_block_hash(None).await.map_err(errors::rpc)?;
        hash.map(|hash| H256(hash.0)).ok_or_else(|| Error::new("ConnectionFailed", "the node has no best block"))
    }

    /// The last finalized block.
    pub async fn finalized(&self) -> Result<(H256, BlockNumber)> {
        let hash = self.methods.chain_get_finalized_head().await.map_err(errors::rpc)?;
        let header = self.methods.chain_get_header(Some(hash)).await.map_err(errors::rpc)?;
        let number = header.map_or(0, |header| header.number);
        Ok((H256(hash.0), BlockNumber::try_from(number).unwrap_or(BlockNumber::MAX)))
    }

    /// Calls a function of a runtime API, `Api_method`, at a block, by default the best one.
    async fn api<T: Decode>(&self, function: &str, args: impl Encode, at: Option<H256>) -> Result<T> {
        let at = at.map(subxt_hash);
        let bytes = self.methods.state_call(function, Some(&args.encode()), at).await.map_err(errors::rpc)?;
        T::decode(&mut &bytes[..]).map_err(|error| {
            Error::new("RuntimeIncompatible", format!("cannot decode what {function} returns: {error}"))
                .hint("this command and the chain's runtime are of different versions")
        })
    }

    /// A job, if the chain still keeps it.
    pub async fn job(&self, job: JobId, at: Option<H256>) -> Result<Option<JobInfo>> {
        self.api("StrikeApi_job", job, at).await
    }

    /// The newest jobs, of one requester or of all.
    pub async fn jobs(&self, requester: Option<AccountId>, limit: u32) -> Result<Vec<JobInfo>> {
        Ok(self.jobs_before(requester, None, limit).await?.jobs)
    }

    /// `limit` jobs below `before`, newest first, of one requester or of all; fewer only where there are no more.
    pub async fn jobs_before(
        &self,
        requester: Option<AccountId>,
        before: Option<JobId>,
        limit: u32,
    ) -> Result<JobPage> {
        let at = Some(self.best().await?);
        let (mut jobs, mut before) = (Vec::new(), before);
        loop {
            let missing = limit.saturating_sub(u32::try_from(jobs.len()).unwrap_or(u32::MAX));
            let page: JobPage = self.api("StrikeApi_jobs", (&requester, before, missing.min(PAGE)), at).await?;
            jobs.extend(page.jobs);
            before = page.next;
            if before.is_none() || jobs.len() >= limit as usize {
                return Ok(JobPage { jobs, next: before });
            }
        }
    }

    /// What an order would cost now.
    pub async fn quote(&self, order: &JobOrder) -> Result<Option<Quote>> {
        self.api("MarketApi_quote", order, None).await
    }

    /// What an order costs and holds now beside its price; `None` if it is not one that the chain takes now.
    pub async fn costs(&self, order: &JobOrder) -> Result<Option<Costs>> {
        self.api("MarketApi_costs", order, None).await
    }

    /// All asks for a model, those of providers that are not active too.
    pub async fn asks(&self, model: &ArtifactId) -> Result<Vec<AskInfo>> {
        self.api("MarketApi_asks", model, None).await
    }

    /// All registered providers.
    pub async fn providers(&self) -> Result<Vec<ProviderInfo>> {
        let at = Some(self.best().await?);
        let mut all: Vec<ProviderInfo> = Vec::new();
        loop {
            let after = all.last().map(|last| last.provider.clone());
            let page: Vec<ProviderInfo> = self.api("ProvidersApi_providers", (after, PAGE), at).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// All registered models.
    pub async fn models(&self) -> Result<Vec<ModelInfo>> {
        let at = Some(self.best().await?);
        let mut all: Vec<ModelInfo> = Vec::new();
        loop {
            let after: Option<ArtifactId> = all.last().map(|last| last.model);
            let page: Vec<ModelInfo> = self.api("ProvenanceApi_models", (after, PAGE), at).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// What an account has at a block, by default the best one.
    pub async fn holdings(&self, account: &AccountId, at: Option<H256>) -> Result<Holdings> {
        let block = match at {
            Some(block) => block,
            None => self.best().await?,
        };
        let at = self.at(block).await?;
        let key: [u8; 32] = *account.as_ref();
        let entry = dynamic::storage::<([u8; 32],), Value>;
        let account = entry("System", "Account");
        let account = at.storage().try_fetch(account, (key,)).await.map_err(errors::subxt)?;
        let account = account.map(|value| value.decode()).transpose().map_err(errors::subxt)?;
        let holds = entry("Balances", "Holds");
        let holds = at.storage().try_fetch(holds, (key,)).await.map_err(errors::subxt)?;
        let holds = holds.map(|value| value.decode()).transpose().map_err(errors::subxt)?;

        let field = |name: &str| account.as_ref().and_then(|account| account.at("data").at(name)?.as_u128());
        Ok(Holdings {
            free: field("free").unwrap_or_default(),
            reserved: field("reserved").unwrap_or_default(),
            frozen: field("frozen").unwrap_or_default(),
            held: holds.as_ref().map(held).unwrap_or_default(),
        })
    }
}

/// The amounts in a value of `Balances::Holds`, named by pallet and reason.
fn held(holds: &Value) -> Vec<(String, Balance)> {
    if let Some(amount) = holds.at("amount").and_then(Value::as_u128) {
        return vec![(holds.at("id").map(reason).unwrap_or_default(), amount)];
    }
    // The list, and the bounded vector around it.
    match &holds.value {
        ValueDef::Composite(inner) => inner.values().flat_map(held).collect(),
        _ => Vec::new(),
    }
}

/// `Pallet.Reason` of a `RuntimeHoldReason`.
fn reason(id: &Value) -> String {
    match &id.value {
        ValueDef::Variant(variant) => {
            let inner: Vec<String> = variant.values.values().map(reason).filter(|name| !name.is_empty()).collect();
            [vec![variant.name.clone()], inner].concat().join(".")
        }
        ValueDef::Composite(inner) => inner.values().map(reason).collect::<Vec<_>>().join("."),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_are_named_by_pallet_and_reason() {
        let hold = |pallet: &str, reason: &str, amount: u128| {
            Value::named_composite([
                ("id", Value::unnamed_variant(pallet, [Value::unnamed_variant(reason, [])])),
                ("amount", Value::u128(amount)),
            ])
        };
        let list = Value::unnamed_composite([hold("Providers", "Bond", 5), hold("Market", "Escrow", 7)]);
        let expected = vec![("Providers.Bond".to_owned(), 5), ("Market.Escrow".to_owned(), 7)];
        assert_eq!(held(&list), expected);
        assert_eq!(held(&Value::unnamed_composite([list])), expected);
        assert_eq!(held(&Value::unnamed_composite([])), vec![]);
    }
}
