//! The engine of Strike: language models and text encoders, run so that somebody else can check the result.
//!
//! [`exact`] is the class in which the same job gives the same bits on every machine: integer products of canonical weights and
//! one order for every float operation, as `docs/arithmetic.md` says. The items of the crate's root are the statistical class: f32
//! weights, additions in an order fixed by the shapes alone; and [`Reference`], the float path on candle that both are compared
//! with.
//!
//! ```
//! use strike_inference::exact::{Claim, Engine, ExactModel, Job, Sampler, Verification};
//! use strike_inference::Control;
//!
//! let model = ExactModel::builtin()?;
//! let engine = Engine::new(1)?;
//! let prompt = model.prompt("Tell me about the harbour.")?;
//! let job = Job { prompt, max_tokens: 20, sampler: Sampler::GREEDY, seed: [0; 32], stop: vec![], json_schema: None };
//! let generation = engine.generate(&model, &job, true, &Control::default(), |_, _| {})?;
//!
//! let trace_root = generation.trace.as_ref().map(|trace| trace.root());
//! let claim = Claim { tokens: generation.tokens, stop: generation.stop, trace_root };
//! let verification = engine.verify(&model, &job, &claim, None, &Control::default())?;
//! assert!(matches!(verification, Verification::Valid { .. }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod builtin;
mod control;
mod isa;
mod kernels;
mod statistical;

pub mod exact;

pub use builtin::builtin_files;
pub use control::Control;
pub use isa::{Isa, ISA_VARIABLE};
pub use statistical::{
    CheckOutcome, Device, GenerateError, GenerateRequest, Generation, Model, ModelInfo, Reference, ReferenceError,
    ReferenceOptions, Rounding, Sampler, StopReason, TokenEvent, MAX_PROMPT_BYTES, MAX_REPETITION_WINDOW,
    MAX_STOP_LENGTH, MAX_STOP_SEQUENCES,
};
pub use strike_models::{ModelError, ModelFiles, CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE};
