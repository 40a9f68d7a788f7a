//! What the node does beside following the chain: jobs and checks.

use sp_keystore::{Keystore, KeystorePtr};
use std::path::PathBuf;
use strike_primitives::app::APP_KEY_TYPE;

/// What the operator asked the node to do beside following the chain.
#[derive(Debug, Clone, Default)]
pub struct WorkOptions {
    /// Serve jobs with the app keys in the keystore.
    pub provider: bool,
    /// Put the app key of this seed into the keystore first: development chains have a provider without any set-up.
    pub provider_seed: Option<String>,
    /// Folders with models.
    pub model_dirs: Vec<PathBuf>,
}

impl WorkOptions {
    /// Puts the app key of [`Self::provider_seed`] into the keystore, if there is one.
    pub fn insert_provider_key(&self, keystore: &KeystorePtr) -> Result<(), sc_service::Error> {
        let Some(seed) = &self.provider_seed else {
            return Ok(());
        };
        let key = keystore
            .sr25519_generate_new(APP_KEY_TYPE, Some(seed))
            .map_err(|error| {
                sc_service::Error::Other(format!(
                    "the keystore refuses the provider's key: {error}"
                ))
            })?;
        log::info!("🔑 Provider key of {seed}: {key}");
        Ok(())
    }
}
