//! The providers that this node works for: what it says of them in the distributed hash table, and to its operator.
//!
//! The registry is read with every best block, so a provider that registers while its node runs is announced at once.

use super::announce::Announcer;
use crate::limits::{ANNOUNCE_PERIOD, ASKS_PERIOD, LONELY_PERIOD, PROVIDERS_A_PAGE, PROVIDER_PAGES};
use futures::{future, FutureExt, StreamExt};
use sc_client_api::BlockchainEvents;
use sc_network::KademliaKey;
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_consensus::SyncOracle;
use sp_core::crypto::{Ss58AddressFormat, Ss58Codec};
use sp_keystore::KeystorePtr;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Instant,
};
use strike_primitives::{
    api::{AskInfo, ProviderInfo, ProvidersApi},
    app::APP_KEY_TYPE,
    artifact::ArtifactId,
    blob::provider_place,
    job::VerificationClass,
    AccountId,
};
use strike_runtime::configs::system::SS58_PREFIX;

/// What is to be done about a provider.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Step {
    /// The node works for it from now on: tell the operator.
    Begins(AccountId),
    /// Announce it, for the first time or again.
    Announce(AccountId),
    /// The node no longer works for it: announce it no more.
    Ends(AccountId),
}

/// The providers, each with when it was announced last.
#[derive(Default)]
struct Providers(BTreeMap<AccountId, Option<Instant>>);

impl Providers {
    /// Take in for whom the node works now. Nobody can be told where there are no peers.
    fn observe(&mut self, owners: &BTreeSet<AccountId>, has_peers: bool, now: Instant) -> Vec<Step> {
        let mut steps = Vec::new();
        self.0.retain(|account, _| {
            let stays = owners.contains(account);
            if !stays {
                steps.push(Step::Ends(account.clone()));
            }
            stays
        });
        for account in owners {
            let announced = self.0.entry(account.clone()).or_insert_with(|| {
                steps.push(Step::Begins(account.clone()));
                None
            });
            let is_due = announced.is_none_or(|at| now.saturating_duration_since(at) >= ANNOUNCE_PERIOD);
            if has_peers && is_due {
                *announced = Some(now);
                steps.push(Step::Announce(account.clone()));
            }
        }
        steps
    }
}

/// Why an ask is for more memory than the engine has.
pub(super) type Refuses = Arc<dyn Fn(&AskInfo) -> Option<String> + Send + Sync>;

/// What is told of the models that jobs are expected for.
pub(super) type Expects = Arc<dyn Fn(Vec<(ArtifactId, VerificationClass)>) + Send + Sync>;

/// What this node can do for its providers' asks.
#[derive(Clone)]
pub(super) struct Served {
    /// The models that are here.
    pub models: BTreeSet<ArtifactId>,
    /// Which asks of them the engine has too little memory for.
    pub refuses: Refuses,
    /// Hears which of them the asks are for: they are loaded before jobs come.
    pub expects: Expects,
}

/// The asks of a provider that this node cannot serve: for models that are not here, and for more memory than there is.
fn unserved(provider: &ProviderInfo, served: &Served) -> Vec<(ArtifactId, Option<String>)> {
    let problem = |ask: &AskInfo| match served.models.contains(&ask.model) {
        false => Some((ask.model, None)),
        true => (served.refuses)(ask).map(|reason| (ask.model, Some(reason))),
    };
    let found: BTreeSet<(ArtifactId, Option<String>)> = provider.asks.iter().filter_map(problem).collect();
    found.into_iter().collect()
}

/// An account as commands and wallets show it.
fn address(account: &AccountId) -> String {
    account.to_ss58check_with_version(Ss58AddressFormat::custom(SS58_PREFIX))
}

impl Announcer {
    /// Says which providers this node works for, by the app keys in its keystore, until the node ends. Tells the operator which of
    /// their asks it cannot serve as it is `served`; `with_model` is the command line that brings a model.
    pub async fn announce_providers(self, keystore: KeystorePtr, served: Served, with_model: String) {
        let (mut providers, mut warned) = (Providers::default(), BTreeSet::new());
        let mut asks_read: Option<Instant> = None;
        let blocks = self.client.import_notification_stream();
        // A notification pins its block's state, so each is dropped as it comes.
        let mut blocks = blocks.filter_map(|block| future::ready(block.is_new_best.then_some(())));
        loop {
            // What a node sees that catches up was so long ago.
            if !self.sync.is_major_syncing() {
                let has_peers = self.sync.num_connected_peers() > 0;
                let now = Instant::now();
                let owners = self.owners(&keystore);
                let steps = owners.as_ref().map(|owners| providers.observe(owners, has_peers, now)).unwrap_or_default();
                for step in &steps {
                    self.take(step);
                }
                let is_due = asks_read.is_none_or(|at| now.saturating_duration_since(at) >= ASKS_PERIOD);
                if is_due || steps.iter().any(|step| matches!(step, Step::Begins(_))) {
                    asks_read = Some(now);
                    self.look_at_asks(&owners.unwrap_or_default(), &served, &mut warned, &with_model);
                }
            }
            tokio::select! {
                block = blocks.next() => {
                    if block.is_none() {
                        return;
                    }
                    // One look answers all that came meanwhile.
                    while let Some(Some(())) = blocks.next().now_or_never() {}
                }
                () = tokio::time::sleep(LONELY_PERIOD) => {}
            }
        }
    }

    /// The providers that registered an app key of this node; none if the chain cannot be read.
    fn owners(&self, keystore: &KeystorePtr) -> Option<BTreeSet<AccountId>> {
        let best = self.client.info().best_hash;
        let owner = |key: sp_core::sr25519::Public| self.client.runtime_api().provider_of(best, key.into());
        let owners = keystore.sr25519_public_keys(APP_KEY_TYPE).into_iter().map(owner);
        match owners.collect::<Result<Vec<_>, _>>() {
            Ok(owners) => Some(owners.into_iter().flatten().collect()),
            Err(error) => {
                log::debug!("The owner of an app key cannot be read: {error}");
                None
            }
        }
    }

    fn take(&self, step: &Step) {
        let key = |account| KademliaKey::new(&provider_place(&self.genesis, account));
        match step {
            Step::Begins(account) => log::info!("Works for provider {}", address(account)),
            Step::Announce(account) => self.network.start_providing(key(account)),
            Step::Ends(account) => {
                log::info!("Works no longer for provider {}: its app key is another one now", address(account));
                self.network.stop_providing(key(account));
            }
        }
    }

    /// Says which models jobs are expected for, and tells the operator, once, of each ask that this node cannot serve.
    fn look_at_asks(
        &self,
        owners: &BTreeSet<AccountId>,
        served: &Served,
        warned: &mut BTreeSet<(AccountId, ArtifactId, Option<String>)>,
        with_model: &str,
    ) {
        let (mut found, mut expected) = (BTreeSet::new(), Vec::new());
        for provider in self.providers(owners) {
            expected.extend(provider.asks.iter().map(|ask| (ask.model, ask.class)));
            for (model, reason) in unserved(&provider, served) {
                found.insert((provider.provider.clone(), model, reason));
            }
        }
        (served.expects)(expected);
        for (account, model, reason) in found.difference(warned) {
            let (account, root) = (address(account), model.root);
            if let Some(reason) = reason {
                log::error!(
                    "⚠️ Provider {account} asks for jobs of model {root:?} that are too large for this node: {reason}. It will be late with \
                     each and lose money. Or let the ask take fewer units:\n  \
                     strike provider ask --model {root:?} --max-units FEWER --key KEY-OF-THE-PROVIDER",
                );
                continue;
            }
            log::error!(
                "⚠️ Provider {account} asks for jobs of model {root:?}, which this node lacks: it will be late with each and lose money. \
                 Start the node with the folder that holds the model:\n  {with_model}\nor take the ask back:\n  \
                 strike provider ask --model {root:?} --withdraw --key KEY-OF-THE-PROVIDER",
            );
        }
        *warned = found;
    }

    /// What the registry has of these providers, as far as its first pages go.
    fn providers(&self, owners: &BTreeSet<AccountId>) -> Vec<ProviderInfo> {
        let (best, mut after, mut found) = (self.client.info().best_hash, None, Vec::new());
        for _ in 0..PROVIDER_PAGES {
            if found.len() >= owners.len() {
                break;
            }
            match self.client.runtime_api().providers(best, after, PROVIDERS_A_PAGE) {
                Ok(page) if page.is_empty() => break,
                Ok(page) => {
                    after = page.last().map(|info| info.provider.clone());
                    found.extend(page.into_iter().filter(|info| owners.contains(&info.provider)));
                }
                Err(error) => {
                    log::debug!("The asks of this node's providers cannot be read: {error}");
                    break;
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use strike_primitives::{artifact::ArtifactKind, Units, H256};

    fn account(byte: u8) -> AccountId {
        AccountId::new([byte; 32])
    }

    fn model(byte: u8) -> ArtifactId {
        ArtifactId { kind: ArtifactKind::Bundle, root: H256([byte; 32]) }
    }

    #[test]
    fn a_provider_that_registers_while_the_node_runs_is_announced_with_the_next_block() {
        let (mut providers, start) = (Providers::default(), Instant::now());
        assert!(providers.observe(&BTreeSet::new(), true, start).is_empty());
        let owners = BTreeSet::from([account(1)]);
        let block = start + Duration::from_secs(3);
        let expected = [Step::Begins(account(1)), Step::Announce(account(1))];
        assert_eq!(providers.observe(&owners, true, block), expected);
        assert!(providers.observe(&owners, true, block + Duration::from_secs(3)).is_empty(), "once");
        let again = block + ANNOUNCE_PERIOD;
        assert_eq!(providers.observe(&owners, true, again), [Step::Announce(account(1))]);
        assert_eq!(providers.observe(&BTreeSet::new(), true, again), [Step::Ends(account(1))]);
        assert_eq!(providers.observe(&owners, true, again), expected, "it came back");
    }

    #[test]
    fn a_node_without_peers_announces_once_there_are_some() {
        let (mut providers, now) = (Providers::default(), Instant::now());
        let owners = BTreeSet::from([account(1), account(2)]);
        assert_eq!(providers.observe(&owners, false, now), [Step::Begins(account(1)), Step::Begins(account(2))]);
        assert!(providers.observe(&owners, false, now).is_empty());
        assert_eq!(providers.observe(&owners, true, now), [Step::Announce(account(1)), Step::Announce(account(2))]);
    }

    #[test]
    fn asks_that_cannot_be_served_are_found() {
        let ask = |byte| AskInfo {
            provider: account(1),
            model: model(byte),
            class: VerificationClass::Exact,
            price: 1,
            capacity: 1,
            running: 0,
            max_units: 1,
            throughput: 1,
        };
        let provider = ProviderInfo {
            provider: account(1),
            bond: 0,
            reserved: 0,
            active: true,
            // What is registered and not asked for brings no jobs.
            models: vec![model(1), model(2), model(3)],
            linked: Vec::new(),
            asks: vec![ask(1), ask(2), ask(2)],
        };
        let served = |models: &[u8], most: Units| Served {
            models: models.iter().map(|byte| model(*byte)).collect(),
            expects: Arc::new(|_| ()),
            refuses: Arc::new(move |ask| (ask.max_units > most).then(|| "it is too large".to_owned())),
        };
        assert_eq!(unserved(&provider, &served(&[1], 1)), [(model(2), None)]);
        assert!(unserved(&provider, &served(&[1, 2], 1)).is_empty());
        let too_large = Some("it is too large".to_owned());
        assert_eq!(unserved(&provider, &served(&[1], 0)), [(model(1), too_large), (model(2), None)]);
    }
}
