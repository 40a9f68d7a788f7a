//! A node whose provider misbehaves on purpose, as `STRIKE_FAULT` says: `other-text` commits to another output than the work
//! gives, `silent` never commits. Its checks are honest. Built for the end-to-end tests only.

// The SDK's error is large; it is returned once in a process's life.
#![allow(clippy::result_large_err)]

use std::{
    sync::{atomic::Ordering, Arc},
    time::Duration,
};
use strike_primitives::{
    artifact::ArtifactId,
    job::{VerificationClass, WorkSpec},
    H256,
};
use strike_worker::{Control, ExecuteError, Executor, Outcome};

/// How the provider misbehaves.
#[derive(Clone, Copy)]
enum Fault {
    OtherText,
    Silent,
}

/// The honest executor, and what is done to its results.
struct Faulty {
    honest: Arc<dyn Executor>,
    fault: Fault,
}

impl Executor for Faulty {
    fn run(
        &self,
        model: &ArtifactId,
        class: VerificationClass,
        work: &WorkSpec,
        seed: &H256,
        control: &Control,
    ) -> Result<Outcome, ExecuteError> {
        match self.fault {
            Fault::OtherText => {
                let mut outcome = self.honest.run(model, class, work, seed, control)?;
                // One bit of the first token or number is another one; every count stays right.
                if let Some(byte) = outcome.output.first_mut() {
                    *byte ^= 1;
                }
                Ok(outcome)
            }
            Fault::Silent => loop {
                if control.cancelled.load(Ordering::Relaxed) {
                    return Err(ExecuteError::Cancelled);
                }
                std::thread::sleep(Duration::from_millis(100));
            },
        }
    }
}

fn main() -> strike_node::Result<()> {
    let fault = match std::env::var("STRIKE_FAULT").as_deref() {
        Ok("other-text") => Some(Fault::OtherText),
        Ok("silent") => Some(Fault::Silent),
        // Subcommands such as `key insert` need no fault.
        _ => None,
    };
    strike_node::run_with(move |honest| match fault {
        Some(fault) => Arc::new(Faulty { honest, fault }),
        None => honest,
    })
}
