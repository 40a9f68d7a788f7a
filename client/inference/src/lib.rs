//! Deterministic text generation for Strike.
//!
//! Loads a Llama-architecture language model (`config.json`, `model.safetensors`, `tokenizer.json`),
//! generates text with it, and checks text that somebody else claims to have generated.
//!
//! A provider is paid for tokens that a checker reproduces on another machine, so the same request
//! must give the same tokens everywhere. All arithmetic is IEEE 754 binary32 in an order that is
//! fixed by the shapes alone: no fused multiply-add, no library `exp`, no reduction whose order
//! depends on threads, on the instruction set or on how many positions are computed at once. See
//! `kernels` and `math` for the forms, [`Sampler`] for the choice of a token.
//!
//! ```
//! use strike_inference::{Control, GenerateRequest, Model, Sampler};
//!
//! let model = Model::builtin()?;
//! let request = GenerateRequest {
//!     prompt: b"Tell me about the harbour.".to_vec(),
//!     max_tokens: 20,
//!     sampler: Sampler::GREEDY,
//!     seed: [0; 32],
//!     stop: vec![],
//! };
//! let generation = model.generate(&request, &Control::default(), &mut |_| {})?;
//! let outcome = model.check(&request, &generation.tokens, &Control::default())?;
//! assert!(outcome.is_match());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod control;
mod isa;
mod kernels;
mod statistical;

pub mod exact;

pub use control::Control;
pub use isa::{Isa, ISA_VARIABLE};
pub use statistical::{
    CheckOutcome, Device, GenerateError, GenerateRequest, Generation, Model, ModelError, ModelFiles, ModelInfo,
    Reference, ReferenceError, ReferenceOptions, Rounding, Sampler, StopReason, TokenEvent, CONFIG_FILE,
    MAX_PROMPT_BYTES, MAX_REPETITION_WINDOW, MAX_STOP_LENGTH, MAX_STOP_SEQUENCES, TOKENIZER_FILE, WEIGHTS_FILE,
};
