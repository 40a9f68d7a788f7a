//! The engine as an executor: it finds the model, reads the input, and hands the work to the file of its kind.

use super::{
    embed, exact,
    executor::{Claimed, Executor},
    outcome::{ExecuteError, Outcome},
    statistical,
};
use crate::engine::{
    memory::tokens,
    model_store::{ModelStore, ModelStoreError, Room},
    threads::begin,
};
use sp_core::H256;
use std::sync::Arc;
use strike_blobs::{BlobQuery, BlobSource, FetchError};
use strike_inference::{
    exact::{AnyModel, Engine},
    Control,
};
use strike_primitives::{
    artifact::{ArtifactId, ArtifactKind},
    commitment::StopReason,
    job::{Generate, Input, VerificationClass, WorkSpec},
};

/// Runs work on the engine.
pub struct EngineExecutor {
    models: Arc<ModelStore>,
    inputs: Arc<dyn BlobSource>,
    engine: Engine,
}

impl EngineExecutor {
    /// An executor with these models on an engine of so many threads, which reads inputs that are blobs from `inputs`. An error if the
    /// engine cannot start.
    pub fn new(models: Arc<ModelStore>, inputs: Arc<dyn BlobSource>, threads: usize) -> std::io::Result<Self> {
        Ok(Self { models, inputs, engine: Engine::beginning(threads, begin)? })
    }

    fn exact(&self, id: &ArtifactId, control: &Control) -> Result<Arc<AnyModel>, ExecuteError> {
        self.models.exact_unless(id, &control.cancelled)?.ok_or(ExecuteError::ModelMissing(*id))
    }

    /// What `run` makes of a model, unless somebody wrote to what the model is mapped from: then nobody knows what was computed.
    fn with_exact<T>(
        &self,
        id: &ArtifactId,
        control: &Control,
        run: impl FnOnce(&AnyModel) -> Result<T, ExecuteError>,
    ) -> Result<T, ExecuteError> {
        let model = self.exact(id, control)?;
        let result = run(&model);
        if !model.is_intact() {
            self.models.forget(id, VerificationClass::Exact);
            return Err(ModelStoreError::CacheChanged(*id).into());
        }
        result
    }

    /// Memory for work, while the result lives.
    fn room(&self, id: &ArtifactId, class: VerificationClass, work: &WorkSpec) -> Result<Room<'_>, ExecuteError> {
        Ok(self.models.room(id, class, tokens(work), self.engine.threads())?)
    }

    /// A generation in the statistical class.
    fn statistical(
        &self,
        id: &ArtifactId,
        work: &Generate,
        input: Vec<u8>,
        seed: &H256,
        control: &Control,
    ) -> Result<Outcome, ExecuteError> {
        match self.models.statistical(id, &control.cancelled) {
            Ok(model) => {
                statistical::generate(&*model.ok_or(ExecuteError::ModelMissing(*id))?, input, work, seed, control)
            }
            // Its reader knows decoders alone and cannot tell an encoder from a damaged model.
            Err(ModelStoreError::Load { .. }) if matches!(*self.exact(id, control)?, AnyModel::Encoder(_)) => {
                Ok(Outcome::job_error(StopReason::WrongModel))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn input(&self, input: &Input) -> Result<Vec<u8>, ExecuteError> {
        match input {
            Input::Plain(bytes) => Ok(bytes.to_vec()),
            Input::Blob { root, length } => {
                let kind = ArtifactKind::File;
                let query = BlobQuery { kind, root: *root, max_length: *length, places: Vec::new() };
                match self.inputs.read(&query) {
                    Ok(bytes) if bytes.len() as u64 == *length => Ok(bytes),
                    // The root binds the length: nobody has a file with the root and another length.
                    Ok(_) | Err(FetchError::NotFound { .. } | FetchError::TooLong { .. } | FetchError::Unfinished) => {
                        Err(ExecuteError::InputMissing(*root))
                    }
                    Err(FetchError::Store(error)) => Err(error.into()),
                }
            }
            Input::Encrypted { .. } => Err(ExecuteError::NotSupported("encrypted inputs")),
        }
    }
}

impl Executor for EngineExecutor {
    fn refuses(&self, id: &ArtifactId, class: VerificationClass, work: &WorkSpec) -> Option<ExecuteError> {
        if !self.models.has(id) {
            return Some(ExecuteError::ModelMissing(*id));
        }
        self.models.refuses(id, class, tokens(work), self.engine.threads()).map(ExecuteError::Model)
    }

    fn is_loaded(&self, id: &ArtifactId, class: VerificationClass) -> bool {
        self.models.is_loaded(id, class)
    }

    fn load(&self, id: &ArtifactId, class: VerificationClass, control: &Control) -> Result<(), ExecuteError> {
        Ok(self.models.load(id, class, &control.cancelled)?)
    }

    fn expected(&self) -> Option<(ArtifactId, VerificationClass)> {
        self.models.expected()
    }

    fn replay(
        &self,
        id: &ArtifactId,
        class: VerificationClass,
        work: &WorkSpec,
        seed: &H256,
        claimed: &Claimed,
        control: &Control,
    ) -> Result<Option<Outcome>, ExecuteError> {
        let (WorkSpec::Generate(generation), VerificationClass::Exact) = (work, class) else { return Ok(None) };
        let input = self.input(work.input())?;
        let _room = self.room(id, class, work)?;
        self.with_exact(id, control, |model| match model {
            AnyModel::Decoder(model) => exact::replay(&self.engine, model, &input, generation, seed, claimed, control),
            AnyModel::Encoder(_) => Ok(None),
        })
    }

    fn run(
        &self,
        id: &ArtifactId,
        class: VerificationClass,
        work: &WorkSpec,
        seed: &H256,
        control: &Control,
    ) -> Result<Outcome, ExecuteError> {
        let input = self.input(work.input())?;
        let _room = self.room(id, class, work)?;
        match (work, class) {
            (WorkSpec::Generate(work), VerificationClass::Exact) => self.with_exact(id, control, |model| match model {
                AnyModel::Decoder(model) => exact::generate(&self.engine, model, &input, work, seed, control),
                AnyModel::Encoder(_) => Ok(Outcome::job_error(StopReason::WrongModel)),
            }),
            (WorkSpec::Generate(work), VerificationClass::Statistical) => {
                self.statistical(id, work, input, seed, control)
            }
            (WorkSpec::Embed(work), VerificationClass::Exact) => self.with_exact(id, control, |model| match model {
                AnyModel::Encoder(encoder) => embed::embed(&self.engine, encoder, &input, work, control),
                AnyModel::Decoder(_) => Ok(Outcome::job_error(StopReason::WrongModel)),
            }),
            (WorkSpec::Embed(_), VerificationClass::Statistical) => {
                Err(ExecuteError::NotSupported("embeddings of the statistical class"))
            }
        }
    }
}
