//! Claims that are not what the job gives, a hundred of each kind: each must be found, and at the right place.
//!
//! A lie that changes no bit of a job's result is no lie: those are told apart, checked to be valid, and drawn anew.

mod activations;
mod jobs;
mod liar;
mod samplers;
mod traces;
mod weights;

use std::sync::LazyLock;

pub(crate) use liar::{generate as by_definition, Lies};

use crate::control::Control;
use crate::exact::decoder::model::ExactModel;
use crate::exact::engine::Engine;
use crate::exact::error::JobError;
use crate::exact::generate::ExactGeneration;
use crate::exact::job::Job;
use crate::exact::operators::{Finding, Operators};
use crate::exact::tests::fixtures::{job, Random, Recipe};
use crate::exact::trace::Trace;
use crate::exact::verify::{Claim, Divergence, Verification};
use crate::isa::Isa;

/// Lies of each kind.
const CASES: usize = 100;
/// Most draws without one.
const DRAWS: usize = 40 * CASES;

/// One engine of one thread for each instruction set.
static ENGINES: LazyLock<Vec<Engine>> =
    LazyLock::new(|| Isa::available().map(|isa| Engine::with_isa(1, isa).expect("an engine")).collect());

/// A job with what it gives.
struct Case {
    random: Random,
    recipe: Recipe,
    model: ExactModel,
    job: Job,
    truth: ExactGeneration,
    maker: &'static Engine,
    validator: &'static Engine,
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let recipe = Recipe::new(&mut random);
        let model = recipe.model();
        let job = job(&mut random, &recipe.decoder);
        let [maker, validator] = [(); 2].map(|()| &ENGINES[random.below(ENGINES.len())]);
        let truth = made(maker, &model, &job).expect("finite");
        Self { random, recipe, model, job, truth, maker, validator }
    }

    /// The same with another sampler.
    fn sampled(mut self, change: impl FnOnce(&mut Job)) -> Self {
        change(&mut self.job);
        self.truth = made(self.maker, &self.model, &self.job).expect("finite");
        self
    }

    fn trace(&self) -> &Trace {
        self.truth.trace.as_ref().expect("a trace")
    }

    /// What another model gives for another job.
    fn made(&self, model: &ExactModel, job: &Job) -> Result<ExactGeneration, JobError> {
        made(self.maker, model, job)
    }

    fn check(
        &self,
        claim: &Claim,
        trace: &Trace,
        answer: impl FnOnce(usize, usize) -> Option<Operators>,
    ) -> (Verification, Option<Finding>) {
        let control = Control::default();
        let checked = self.validator.verify_to_the_operator(&self.model, &self.job, claim, trace, answer, &control);
        let checked = checked.expect("a check");
        // Without the trace its root or a token gives the lie away, and the truth stays the truth.
        let alone = self.validator.verify(&self.model, &self.job, claim, None, &control).expect("a check");
        let valid = |verification: &Verification| matches!(verification, Verification::Valid { .. });
        assert_eq!(valid(&alone), valid(&checked.0), "{claim:?}");
        checked
    }

    /// The first difference of a lie, and what the record of its maker shows.
    fn found(
        &self,
        claim: &Claim,
        trace: &Trace,
        answer: impl FnOnce(usize, usize) -> Option<Operators>,
    ) -> (Divergence, Option<Finding>) {
        match self.check(claim, trace, answer) {
            (Verification::Diverged(divergence), finding) => (divergence, finding),
            (Verification::Valid { .. }, _) => panic!("a lie was taken for the truth: {claim:?} for {:?}", self.job),
        }
    }

    /// As [`Self::found`], where no record is asked for.
    fn found_without_a_record(&self, claim: &Claim, trace: &Trace) -> Divergence {
        let (divergence, finding) = self.found(claim, trace, |_, _| None);
        assert!(matches!(finding, None | Some(Finding::Unanswered)));
        divergence
    }

    /// Whether a claim is what the job gives; then the check must say so.
    fn is_the_truth(&self, claim: &Claim, trace: &Trace) -> bool {
        let same = (&claim.tokens, claim.stop, trace) == (&self.truth.tokens, self.truth.stop, self.trace());
        if same {
            let (verification, finding) = self.check(claim, trace, |_, _| None);
            assert_eq!((verification, finding), (Verification::Valid { trace_root: trace.root() }, None));
        }
        same
    }

    /// The record that somebody with this model and job hands in.
    fn record(
        &self,
        model: &ExactModel,
        job: &Job,
        output: &[u32],
        position: usize,
        layer: usize,
    ) -> Option<Operators> {
        self.maker.operators(model, job, output, position, layer, &Control::default()).ok()
    }
}

fn made(engine: &Engine, model: &ExactModel, job: &Job) -> Result<ExactGeneration, JobError> {
    engine.generate(model, job, true, &Control::default(), |_, _| {})
}

fn claim(generation: &ExactGeneration) -> (Claim, Trace) {
    let trace = generation.trace.clone().expect("a trace");
    (Claim { tokens: generation.tokens.clone(), stop: generation.stop, trace_root: Some(trace.root()) }, trace)
}

/// Draws cases until a hundred lies were told. `lie` says whether it told one.
fn hundred(kind: &str, seed: u64, mut lie: impl FnMut(Case) -> bool) {
    let (mut told, mut draws) = (0, 0);
    while told < CASES {
        assert!(draws < DRAWS, "{kind}: only {told} lies in {draws} draws");
        told += usize::from(lie(Case::new(seed * DRAWS as u64 + draws as u64)));
        draws += 1;
    }
    eprintln!("{kind}: {told} of {CASES} found, {} draws were the truth", draws - told);
}

/// Index of the first token that differs.
fn first_difference(truth: &[u32], lie: &[u32]) -> Option<usize> {
    let same = truth.iter().zip(lie).take_while(|(truth, lie)| truth == lie).count();
    (same < truth.len() || same < lie.len()).then_some(same)
}

/// The first cell that differs.
fn first_cell(truth: &Trace, lie: &Trace) -> Option<(usize, usize)> {
    let positions = truth.tokens().len().min(lie.tokens().len());
    (0..positions).find_map(|position| {
        let mut cells = truth.cells(position).iter().zip(lie.cells(position));
        Some((position, cells.position(|(truth, lie)| truth != lie)?))
    })
}
