//! What runtime APIs show. Nothing here is called on chain.

use crate::{ArtifactOf, Artifacts, Config, Pallet};
use alloc::{string::String, vec::Vec};
use strike_primitives::{api::ModelInfo, artifact::ArtifactId};

impl<T: Config> Pallet<T> {
    /// What is registered of `model`.
    pub fn model_info(model: &ArtifactId) -> Option<ModelInfo> {
        Artifacts::<T>::get(model).map(|record| Self::info(*model, record))
    }

    /// Up to `limit` models, from the one after `after` in storage order.
    pub fn models_after(after: Option<&ArtifactId>, limit: u32) -> Vec<ModelInfo> {
        let records = match after {
            Some(after) => Artifacts::<T>::iter_from_key(after),
            None => Artifacts::<T>::iter(),
        };
        records.take(limit as usize).map(|(model, record)| Self::info(model, record)).collect()
    }

    fn info(model: ArtifactId, record: ArtifactOf<T>) -> ModelInfo {
        ModelInfo {
            model,
            // Stored names are UTF-8, so nothing is lost.
            name: String::from_utf8_lossy(&record.name).into_owned(),
            size: record.size,
            owner: record.owner,
            royalty: record.royalty.deconstruct(),
        }
    }
}
