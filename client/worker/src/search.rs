//! Looks for what duties need of other nodes, each on a thread of its own.

use crate::{
    duty::Named,
    inputs::{self, InputId},
    outputs::{self, OutputId},
    LOG_TARGET,
};
use std::{sync::Arc, thread};
use strike_blobs::{BlobSource, Wanted};
use strike_primitives::api::{CheckDuty, Duty};
use tokio::sync::mpsc;

/// What is looked for.
#[derive(Clone, Debug)]
pub(crate) enum Sought {
    /// The input of a duty.
    Input(InputId),
    /// The output that a check replays.
    Output(OutputId),
}

/// A look that ended, and whether it found what was sought.
pub(crate) struct Searched {
    pub sought: Sought,
    pub found: bool,
}

/// Where inputs and outputs come from, and who is told how a look for one ended.
pub(crate) struct Searches {
    pub inputs: Arc<dyn BlobSource>,
    pub outputs: Arc<dyn BlobSource>,
    pub ended: mpsc::UnboundedSender<Searched>,
}

impl Searches {
    /// Look for the input of `duty`.
    pub fn input(&self, duty: &Duty) {
        let (Some(id), Some(wanted)) = (inputs::blob_of(duty), inputs::wanted(duty)) else { return };
        let named = format!("the input of {}", Named(duty));
        self.begin(self.inputs.clone(), Sought::Input(id), wanted, named, true);
    }

    /// Look for the output that `check` can replay.
    pub fn output(&self, check: &CheckDuty) {
        let (Some(id), Some(wanted)) = (OutputId::of(check), outputs::wanted(check)) else { return };
        let named = format!("the output of job {}, attempt {}", check.binding.job, check.binding.attempt);
        self.begin(self.outputs.clone(), Sought::Output(id), wanted, named, false);
    }

    /// `is_exact` where `wanted` says how long the blob is, not only how long it may be.
    fn begin(&self, source: Arc<dyn BlobSource>, sought: Sought, wanted: Wanted, named: String, is_exact: bool) {
        log::debug!(target: LOG_TARGET, "Looking for {named}");
        let (ended, later) = (self.ended.clone(), sought.clone());
        let spawned = thread::Builder::new().name("strike-fetch".into()).spawn(move || {
            let found = match source.read(&wanted) {
                Ok(bytes) if is_exact && bytes.len() as u64 != wanted.max_length => {
                    let length = bytes.len();
                    log::debug!(target: LOG_TARGET, "This cannot be {named}: what has its root has {length} bytes");
                    false
                }
                Ok(_) => {
                    log::info!(target: LOG_TARGET, "Fetched {named}");
                    true
                }
                Err(error) => {
                    log::debug!(target: LOG_TARGET, "Not here: {named}: {error}");
                    false
                }
            };
            // Nobody listens once the node stops.
            let _ = ended.send(Searched { sought: later, found });
        });
        if let Err(error) = spawned {
            log::warn!(target: LOG_TARGET, "No thread can be started to look for what duties need: {error}");
            let _ = self.ended.send(Searched { sought, found: false });
        }
    }
}
