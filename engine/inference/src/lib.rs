#![doc = include_str!("../README.md")]

mod builtin;
mod control;
mod isa;
mod kernels;
mod statistical;

pub mod exact;
pub mod memory;

pub use builtin::builtin_files;
pub use control::Control;
pub use isa::{Isa, ISA_VARIABLE};
pub use statistical::{
    CheckOutcome, Device, GenerateError, GenerateRequest, Generation, Model, ModelInfo, Reference, ReferenceError,
    ReferenceOptions, Rounding, Sampler, StopReason, TokenEvent, MAX_PROMPT_BYTES, MAX_REPETITION_WINDOW,
};
pub use strike_models::{ModelError, ModelFiles, ModelSize, CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE};
