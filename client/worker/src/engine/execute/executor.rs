//! The seam between the worker and the engine.

use super::outcome::{ExecuteError, Outcome};
use sp_core::H256;
use strike_inference::Control;
use strike_primitives::{
    artifact::ArtifactId,
    commitment::StopReason,
    job::{VerificationClass, WorkSpec},
};

/// What a provider says that work gives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claimed {
    /// The output.
    pub output: Vec<u8>,
    /// Why it ended.
    pub stop: StopReason,
    /// Root of the trace.
    pub trace_root: Option<H256>,
}

/// Runs work.
pub trait Executor: Send + Sync {
    /// The outcome of `work` if it is what somebody claims, found in less time than [`Self::run`] takes. `None` where
    /// it is not so, or where only a run can tell: [`Self::run`] has the last word.
    fn replay(
        &self,
        _model: &ArtifactId,
        _class: VerificationClass,
        _work: &WorkSpec,
        _seed: &H256,
        _claimed: &Claimed,
        _control: &Control,
    ) -> Result<Option<Outcome>, ExecuteError> {
        Ok(None)
    }

    /// Why this work on `model` can never be done here, as far as that is known without trying.
    fn refuses(&self, _model: &ArtifactId, _class: VerificationClass, _work: &WorkSpec) -> Option<ExecuteError> {
        None
    }

    /// Whether work of this class on `model` can begin without loading anything. [`Self::run`] loads what is not there.
    fn is_loaded(&self, _model: &ArtifactId, _class: VerificationClass) -> bool {
        true
    }

    /// Load what work of this class on `model` needs. Blocks until it is there, and ends soon after `control` says so.
    fn load(&self, _model: &ArtifactId, _class: VerificationClass, _control: &Control) -> Result<(), ExecuteError> {
        Ok(())
    }

    /// A model that jobs are expected for, that is not loaded and has room beside those that are.
    fn expected(&self) -> Option<(ArtifactId, VerificationClass)> {
        None
    }

    /// Run `work` on `model` with `seed`. Blocks for as long as it takes, and ends soon after `control` says so.
    fn run(
        &self,
        model: &ArtifactId,
        class: VerificationClass,
        work: &WorkSpec,
        seed: &H256,
        control: &Control,
    ) -> Result<Outcome, ExecuteError>;
}
