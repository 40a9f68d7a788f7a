//! A node whose provider misbehaves on purpose. `STRIKE_FAULT` names the fault:
//!
//! - `other-text`: it delivers another output than the work gives;
//! - `short-output`: it delivers one token less than it bills;
//! - `long-bill`: it delivers the right output and bills one token more than it read;
//! - `more-tokens`: it delivers and bills more tokens than the order allows;
//! - `silent`: it never commits;
//! - `no-input`: it says at once that it could not have the input, if that travels;
//! - `garbage`: it answers other nodes' requests for blobs with one bit changed; its jobs are done honestly;
//! - `by-prompt`: what the prompt begins with in brackets, such as `[silent]`; jobs without that are done honestly.
//!
//! Its checks are honest. Built for the end-to-end tests only.

// The SDK's error is large; it is returned once in a process's life.
#![allow(clippy::result_large_err)]

use std::sync::Arc;
use strike_node::service::Wraps;
use strike_primitives::{
    artifact::ArtifactId,
    commitment::StopReason,
    job::{Input, VerificationClass, WorkSpec},
    merkle::CHUNK_SIZE,
    H256,
};
use strike_worker::{Control, ExecuteError, Executor, Outcome};

/// Bytes of a token in an output.
const TOKEN: usize = 4;

/// How the provider misbehaves.
#[derive(Clone, Copy)]
enum Fault {
    OtherText,
    ShortOutput,
    LongBill,
    MoreTokens,
    Silent,
    NoInput,
    Garbage,
}

impl Fault {
    const ALL: [(&str, Fault); 7] = [
        ("other-text", Fault::OtherText),
        ("short-output", Fault::ShortOutput),
        ("long-bill", Fault::LongBill),
        ("more-tokens", Fault::MoreTokens),
        ("silent", Fault::Silent),
        ("no-input", Fault::NoInput),
        ("garbage", Fault::Garbage),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, fault)| fault)
    }

    /// The fault that the prompt asks for.
    fn of_prompt(work: &WorkSpec) -> Option<Self> {
        let Input::Plain(prompt) = work.input() else { return None };
        let (name, _) = std::str::from_utf8(prompt).ok()?.strip_prefix('[')?.split_once(']')?;
        Self::named(name)
    }

    /// What becomes of an honest outcome.
    fn spoil(self, mut outcome: Outcome, work: &WorkSpec) -> Result<Outcome, ExecuteError> {
        match self {
            Self::OtherText => {
                // One bit of the first token or number is another one; every count stays right.
                if let Some(byte) = outcome.output.first_mut() {
                    *byte ^= 1;
                }
            }
            Self::ShortOutput => outcome.output.truncate(outcome.output.len().saturating_sub(TOKEN)),
            Self::LongBill => outcome.n_in = outcome.n_in.saturating_add(1),
            Self::MoreTokens => {
                outcome.n_out = work.max_output_tokens().saturating_add(1);
                outcome.output.resize(outcome.n_out as usize * TOKEN, 0);
            }
            Self::NoInput if matches!(work.input(), Input::Blob { .. }) => {
                return Ok(Outcome::job_error(StopReason::InputUnavailable))
            }
            Self::NoInput | Self::Garbage => {}
            // An error that the worker does not try again.
            Self::Silent => return Err(ExecuteError::NotSupported("jobs of this provider")),
        }
        Ok(outcome)
    }
}

/// Which job is spoiled how.
#[derive(Clone, Copy)]
enum Plan {
    Every(Fault),
    ByPrompt,
}

/// The honest executor, and what is done to its results.
struct Faulty {
    honest: Arc<dyn Executor>,
    plan: Plan,
}

impl Executor for Faulty {
    fn is_loaded(&self, model: &ArtifactId, class: VerificationClass) -> bool {
        self.honest.is_loaded(model, class)
    }

    fn load(&self, model: &ArtifactId, class: VerificationClass, control: &Control) -> Result<(), ExecuteError> {
        self.honest.load(model, class, control)
    }

    fn expected(&self) -> Option<(ArtifactId, VerificationClass)> {
        self.honest.expected()
    }

    fn refuses(&self, model: &ArtifactId, class: VerificationClass, work: &WorkSpec) -> Option<ExecuteError> {
        self.honest.refuses(model, class, work)
    }

    fn run(
        &self,
        model: &ArtifactId,
        class: VerificationClass,
        work: &WorkSpec,
        seed: &H256,
        control: &Control,
    ) -> Result<Outcome, ExecuteError> {
        let fault = match self.plan {
            Plan::Every(fault) => Some(fault),
            Plan::ByPrompt => Fault::of_prompt(work),
        };
        let outcome = self.honest.run(model, class, work, seed, control)?;
        match fault {
            Some(fault) => fault.spoil(outcome, work),
            None => Ok(outcome),
        }
    }
}

fn main() -> std::process::ExitCode {
    let plan = match std::env::var("STRIKE_FAULT").as_deref() {
        Ok("by-prompt") => Some(Plan::ByPrompt),
        Ok(name) => match Fault::named(name) {
            Some(fault) => Some(Plan::Every(fault)),
            None => {
                let known: Vec<&str> = Fault::ALL.iter().map(|(name, _)| *name).collect();
                eprintln!("STRIKE_FAULT={name} is no fault: give by-prompt or one of {}", known.join(", "));
                std::process::exit(2);
            }
        },
        // Subcommands such as `key insert` need no fault.
        Err(_) => None,
    };
    let mut wraps = Wraps::default();
    if let Some(Plan::Every(Fault::Garbage)) = plan {
        wraps.answer = Arc::new(|mut answer| {
            // Of an answer with chunks the last byte is part of a proof; shorter ones only say what is there.
            let has_chunks = answer.len() > CHUNK_SIZE;
            if let Some(byte) = answer.last_mut().filter(|_| has_chunks) {
                *byte ^= 1;
            }
            answer
        });
    }
    if let Some(plan) = plan {
        wraps.provider = Box::new(move |honest| Arc::new(Faulty { honest, plan }));
    }
    strike_node::exit(strike_node::run_with(wraps))
}
