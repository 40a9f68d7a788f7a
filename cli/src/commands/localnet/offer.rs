//! Models beside the built-in one: registered, served and asked for by a provider of a local network.

use crate::{
    commands::{
        model::{folder_name, read},
        provider::served,
    },
    error::Result,
    output::progress,
    present::words,
};
use std::path::Path;
use strike_chain::{calls, keys, Chain};
use strike_primitives::{job::VerificationClass, Balance, Units};

/// What a thousand units cost: as much as the built-in model's.
const PRICE: Balance = 10_000_000_000;
/// Jobs at once.
const CAPACITY: u32 = 64;
/// The most units in one job.
const MAX_UNITS: Units = 4_096;
/// Units of one job in a block.
const THROUGHPUT: u32 = 200;

/// Registers the model in a folder under the folder's name, unless it is registered, and lets a development account, which is a
/// provider, offer it in the exact class. The nodes need the folder too: `--model-dir`.
pub async fn offer(chain: &Chain, folder: &Path, provider: &str) -> Result<()> {
    let (files, name) = (read(folder)?, folder_name(folder)?);
    let signer = keys::key_pair(provider)?;
    if !chain.models().await?.iter().any(|info| info.model == files.id) {
        chain.submit(&calls::register_model(&files.id, &name, files.size, 0), &signer).await?;
    }
    let mut models = served(chain, &keys::account_of(&signer)).await?;
    if !models.contains(&files.id) {
        models.push(files.id);
        chain.submit(&calls::set_models(&models), &signer).await?;
    }
    let ask = calls::place_ask(&files.id, VerificationClass::Exact, PRICE, CAPACITY, MAX_UNITS, THROUGHPUT);
    chain.submit(&ask, &signer).await?;
    progress(format!("{provider} offers {name}, {}", words::model(&files.id)));
    Ok(())
}
