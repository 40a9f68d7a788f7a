//! The seam between the worker and the engine.

mod embed;
mod exact;

use crate::model_store::{ModelStore, ModelStoreError};
use sp_core::H256;
use std::sync::Arc;
use strike_blobs::{BlobError, BlobSource, FetchError, Wanted};
use strike_inference::{
    exact::{AnyModel, Engine, Trace},
    Control, GenerateError, GenerateRequest, Model, Sampler, StopReason as EngineStop, MAX_PROMPT_BYTES,
};
use strike_primitives::{
    artifact::{output_bytes, ArtifactId, ArtifactKind},
    commitment::StopReason,
    job::{Generate, Input, VerificationClass, WorkSpec},
};

/// What running a job gives. The same work, model and seed give the same outcome on every honest node of a build.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The output: token ids ([`output_bytes`]), or vectors ([`strike_primitives::embedding::vector_bytes`]).
    pub output: Vec<u8>,
    /// Tokens read.
    pub n_in: u32,
    /// Tokens written.
    pub n_out: u32,
    /// Why the output ended.
    pub stop: StopReason,
    /// The text of a generated output; empty where the work is another.
    pub text: String,
    /// The trace of the run, in the exact class.
    pub trace: Option<Arc<Trace>>,
}

impl Outcome {
    /// Root of the trace.
    pub fn trace_root(&self) -> Option<H256> {
        self.trace.as_ref().map(|trace| H256(trace.root()))
    }

    /// The outcome of a job that no honest node can run: nothing read that counts, nothing written.
    pub fn job_error(stop: StopReason) -> Self {
        Self { output: Vec::new(), n_in: 0, n_out: 0, stop, text: String::new(), trace: None }
    }
}

/// Why this node got no outcome. What is the job's own fault is an [`Outcome`], not an error.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The run was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The run took longer than the node allows.
    #[error("the run took longer than this node allows")]
    TooSlow,
    /// The node does not have the model.
    #[error("model {} is not on this node; put its files into a model directory and restart", hex::encode(.0.root))]
    ModelMissing(ArtifactId),
    /// The node has the model but cannot load it.
    #[error(transparent)]
    Model(#[from] ModelStoreError),
    /// The input is a blob that is not on this node, or has another length than the order says.
    #[error("input {} is not on this node", hex::encode(.0))]
    InputMissing(H256),
    /// The input could not be read.
    #[error("the input could not be read: {0}")]
    Input(#[from] BlobError),
    /// The work is of a form that this version cannot run.
    #[error("{0} are not supported by this version; update the node")]
    NotSupported(&'static str),
    /// The engine failed for a reason that is not the job's.
    #[error("the engine failed: {0}")]
    Engine(String),
}

impl ExecuteError {
    /// A word for metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::TooSlow => "too_slow",
            Self::ModelMissing(_) => "model_missing",
            Self::Model(_) => "model",
            Self::InputMissing(_) => "input_missing",
            Self::Input(_) => "input",
            Self::NotSupported(_) => "not_supported",
            Self::Engine(_) => "engine",
        }
    }
}

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
    /// The outcome of `work` if it is what somebody claims, found in less time than [`Self::run`] takes. `None` where it is not
    /// so, or where only a run can tell: [`Self::run`] has the last word.
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

/// Runs work on the engine.
pub struct EngineExecutor {
    models: Arc<ModelStore>,
    inputs: Arc<dyn BlobSource>,
    engine: Engine,
}

impl EngineExecutor {
    /// An executor with these models, which reads inputs that are blobs from `inputs`. An error if the engine cannot start.
    pub fn new(models: Arc<ModelStore>, inputs: Arc<dyn BlobSource>) -> std::io::Result<Self> {
        Ok(Self { models, inputs, engine: Engine::new(0)? })
    }

    fn exact(&self, id: &ArtifactId) -> Result<Arc<AnyModel>, ExecuteError> {
        self.models.exact(id)?.ok_or(ExecuteError::ModelMissing(*id))
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
        match self.models.statistical(id) {
            Ok(model) => generate(&*model.ok_or(ExecuteError::ModelMissing(*id))?, input, work, seed, control),
            // Its reader knows decoders alone and cannot tell an encoder from a damaged model.
            Err(ModelStoreError::Load { .. }) if matches!(*self.exact(id)?, AnyModel::Encoder(_)) => {
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
                let wanted = Wanted { kind, root: *root, max_length: *length, places: Vec::new() };
                match self.inputs.read(&wanted) {
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
        match &*self.exact(id)? {
            AnyModel::Decoder(model) => exact::replay(&self.engine, model, &input, generation, seed, claimed, control),
            AnyModel::Encoder(_) => Ok(None),
        }
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
        match (work, class) {
            (WorkSpec::Generate(work), VerificationClass::Exact) => match &*self.exact(id)? {
                AnyModel::Decoder(model) => exact::generate(&self.engine, model, &input, work, seed, control),
                AnyModel::Encoder(_) => Ok(Outcome::job_error(StopReason::WrongModel)),
            },
            (WorkSpec::Generate(work), VerificationClass::Statistical) => {
                self.statistical(id, work, input, seed, control)
            }
            (WorkSpec::Embed(work), VerificationClass::Exact) => match &*self.exact(id)? {
                AnyModel::Encoder(encoder) => embed::embed(&self.engine, encoder, &input, work, control),
                AnyModel::Decoder(_) => Ok(Outcome::job_error(StopReason::WrongModel)),
            },
            (WorkSpec::Embed(_), VerificationClass::Statistical) => {
                Err(ExecuteError::NotSupported("embeddings of the statistical class"))
            }
        }
    }
}

/// Run a generation, and sort what goes wrong: the job's fault gives an outcome, the node's an error.
fn generate(
    model: &Model,
    prompt: Vec<u8>,
    work: &Generate,
    seed: &H256,
    control: &Control,
) -> Result<Outcome, ExecuteError> {
    match within_input_limit(model, &prompt, work.max_input_tokens) {
        Ok(true) => {}
        Ok(false) => return Ok(Outcome::job_error(StopReason::InputTooLong)),
        Err(error) => return job_error_or(error),
    }
    let request = GenerateRequest {
        prompt,
        max_tokens: work.max_output_tokens,
        sampler: Sampler {
            temperature_milli: work.sampler.temperature_milli,
            min_p_milli: work.sampler.min_p_milli,
            repetition_penalty_milli: work.sampler.repetition_penalty_milli,
            repetition_window: work.sampler.repetition_window,
        },
        seed: seed.0,
        stop: work.stop.iter().map(|sequence| sequence.to_vec()).collect(),
    };
    let generation = match model.generate(&request, control, &mut |_| {}) {
        Ok(generation) => generation,
        Err(error) => return job_error_or(error),
    };
    let stop = match generation.stop {
        EngineStop::EndOfText => StopReason::EndOfText,
        EngineStop::StopSequence => StopReason::StopSequence,
        EngineStop::MaxTokens => StopReason::MaxTokens,
        EngineStop::ContextFull => StopReason::ContextFull,
    };
    Ok(Outcome {
        n_in: count(generation.prompt_tokens.len())?,
        n_out: count(generation.tokens.len())?,
        output: output_bytes(&generation.tokens),
        stop,
        text: generation.text,
        trace: None,
    })
}

/// Whether the prompt has at most `limit` tokens. The engine itself knows only the limits of the model.
fn within_input_limit(model: &Model, prompt: &[u8], limit: u32) -> Result<bool, GenerateError> {
    if prompt.len() > MAX_PROMPT_BYTES {
        return Ok(false);
    }
    let text = std::str::from_utf8(prompt)
        .map_err(|error| GenerateError::PromptNotUtf8 { valid_up_to: error.valid_up_to() })?;
    // Generation starts from one token even if the text has none.
    let tokens = model.tokenize(text)?.len().max(1);
    Ok(u32::try_from(tokens).is_ok_and(|tokens| tokens <= limit))
}

pub(crate) fn count(tokens: usize) -> Result<u32, ExecuteError> {
    u32::try_from(tokens).map_err(|_| ExecuteError::Engine(format!("{tokens} tokens are more than can be counted")))
}

/// The outcome where the job itself is at fault, so that every honest node gets the same; the error otherwise.
fn job_error_or(error: GenerateError) -> Result<Outcome, ExecuteError> {
    let stop = match error {
        GenerateError::PromptTooLarge { .. } | GenerateError::PromptTooLong { .. } => StopReason::InputTooLong,
        GenerateError::PromptNotUtf8 { .. }
        | GenerateError::PromptEmpty
        | GenerateError::InvalidSampler { .. }
        | GenerateError::InvalidStop { .. }
        | GenerateError::Tokenizer { .. } => StopReason::InvalidInput,
        GenerateError::NotFinite { .. } => StopReason::NotFinite,
        GenerateError::Cancelled => return Err(ExecuteError::Cancelled),
        GenerateError::DeadlinePassed => return Err(ExecuteError::TooSlow),
        other => return Err(ExecuteError::Engine(other.to_string())),
    };
    Ok(Outcome::job_error(stop))
}
