//! What is registered, as JSON: models, providers and their asks.

use crate::present::words::model;
use serde::Serialize;
use strike_primitives::{
    amount::Amount,
    api::{AskInfo, ModelInfo, ProviderInfo},
    job::VerificationClass,
    AccountId, Units,
};

/// A registered model.
#[derive(Clone, Debug, Serialize)]
pub struct ModelView {
    /// Its root.
    pub model: String,
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its owner.
    pub owner: AccountId,
    /// The owner's share of fees, in parts per billion.
    pub royalty: u32,
}

impl From<&ModelInfo> for ModelView {
    fn from(info: &ModelInfo) -> Self {
        Self {
            model: model(&info.model),
            name: info.name.clone(),
            size: info.size,
            owner: info.owner.clone(),
            royalty: info.royalty,
        }
    }
}

/// A registered provider.
#[derive(Clone, Debug, Serialize)]
pub struct ProviderView {
    /// Its account.
    pub provider: AccountId,
    /// Its bond.
    pub bond: Amount,
    /// The part that backs jobs.
    pub reserved: Amount,
    /// Whether it takes jobs.
    pub active: bool,
    /// Roots of the models it serves.
    pub models: Vec<String>,
    /// Accounts it is linked to.
    pub linked: Vec<AccountId>,
    /// Its offers.
    pub asks: Vec<AskView>,
}

/// An offer.
#[derive(Clone, Debug, Serialize)]
pub struct AskView {
    /// Root of the model.
    pub model: String,
    /// The class.
    pub class: VerificationClass,
    /// Price per 1,000 units.
    pub price: Amount,
    /// Jobs it takes at once.
    pub capacity: u32,
    /// Jobs it has.
    pub running: u32,
    /// The most units it takes in one job.
    pub max_units: Units,
    /// The units of one job that it promises to do in a block.
    pub throughput: u32,
}

impl From<&ProviderInfo> for ProviderView {
    fn from(info: &ProviderInfo) -> Self {
        Self {
            provider: info.provider.clone(),
            bond: info.bond.into(),
            reserved: info.reserved.into(),
            active: info.active,
            models: info.models.iter().map(model).collect(),
            linked: info.linked.clone(),
            asks: info.asks.iter().map(Into::into).collect(),
        }
    }
}

impl From<&AskInfo> for AskView {
    fn from(ask: &AskInfo) -> Self {
        Self {
            model: model(&ask.model),
            class: ask.class,
            price: ask.price.into(),
            capacity: ask.capacity,
            running: ask.running,
            max_units: ask.max_units,
            throughput: ask.throughput,
        }
    }
}
