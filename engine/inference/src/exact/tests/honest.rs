//! No false alarm: jobs that were done as they should be, on one instruction set and number of threads, together with others,
//! are valid on another. `STRIKE_HONEST_JOBS` says how many.

use crate::control::Control;
use crate::exact::decoder::model::ExactModel;
use crate::exact::engine::Engine;
use crate::exact::generate::{Batch, ExactGeneration};
use crate::exact::job::Job;
use crate::exact::operators::Finding;
use crate::exact::tests::fixtures::{count, job, Random, Recipe};
use crate::exact::verify::{Claim, Verification};
use crate::isa::Isa;

/// Threads and instruction sets, all of this machine's.
fn engines() -> Vec<Engine> {
    Isa::available()
        .flat_map(|isa| [1, 2, 3, 8].map(|threads| Engine::with_isa(threads, isa).expect("an engine")))
        .collect()
}

/// An engine: mostly of one thread, because several wait for each other on a machine that has fewer processors.
fn one_of<'a>(random: &mut Random, engines: &'a [Engine]) -> &'a Engine {
    let engine = random.below(engines.len());
    &engines[if random.once_in(6) { engine } else { engine / 4 * 4 }]
}

/// What jobs that join and leave a batch at random steps give.
fn together(engine: &Engine, model: &ExactModel, jobs: &[Job], random: &mut Random) -> Vec<ExactGeneration> {
    let mut batch = Batch::new(engine, model);
    let mut made: Vec<Option<ExactGeneration>> = vec![None; jobs.len()];
    let mut waiting = jobs.iter();
    loop {
        let joining = random.below(4);
        for job in waiting.by_ref().take(joining) {
            batch.admit(job.clone(), true).expect("a job");
        }
        for event in batch.step().expect("a step") {
            if let Some(generation) = event.finished {
                made[event.id as usize] = Some(generation.expect("finite"));
            }
        }
        if made.iter().all(Option::is_some) {
            return made.into_iter().flatten().collect();
        }
    }
}

#[test]
fn honest_work_is_never_accused() {
    let wanted = count("STRIKE_HONEST_JOBS", 60);
    let engines = engines();
    let mut random = Random::new(50);
    let (mut done, mut tokens, mut sameness) = (0, 0, 0);
    while done < wanted {
        let recipe = Recipe::new(&mut random);
        let model = recipe.model();
        let mut jobs: Vec<Job> = (0..random.within(1..=32)).map(|_| job(&mut random, &recipe.decoder)).collect();
        for at in 1..jobs.len() {
            // Beginnings that were computed for another job, and prompts of more than one pass of a tile.
            if random.once_in(4) {
                let mut prompt = jobs[at - 1].prompt.clone();
                let more = random.within(0..=20);
                prompt.extend(random.tokens(more, recipe.decoder.vocab_size));
                prompt.truncate(recipe.decoder.context_length);
                jobs[at].prompt = prompt;
            }
            if random.once_in(32) {
                let length = recipe.decoder.context_length.min(random.within(120..=200));
                jobs[at].prompt = random.tokens(length, recipe.decoder.vocab_size);
            }
        }
        jobs.truncate(wanted - done);
        let maker = one_of(&mut random, &engines);
        let made = match random.once_in(4) {
            true => jobs
                .iter()
                .map(|job| maker.generate(&model, job, true, &Control::default(), |_, _| {}).expect("finite"))
                .collect(),
            false => together(maker, &model, &jobs, &mut random),
        };
        for (job, made) in jobs.iter().zip(made) {
            let validator = one_of(&mut random, &engines);
            let trace = made.trace.expect("a trace");
            let trace_root = trace.root();
            let claim = Claim { tokens: made.tokens, stop: made.stop, trace_root: Some(trace_root) };
            let control = Control::default();
            let shown = random.once_in(2).then_some(&trace);
            let verification = validator.verify(&model, job, &claim, shown, &control).expect("a check");
            let names = (maker.isa(), maker.threads(), validator.isa(), validator.threads());
            assert_eq!(verification, Verification::Valid { trace_root }, "{names:?} {job:?} {:?}", recipe.decoder);
            if random.once_in(8) && !trace.tokens().is_empty() {
                let place = (random.below(trace.tokens().len()), random.below(trace.layers()));
                let record = maker.operators(&model, job, &claim.tokens, place.0, place.1, &control).expect("a record");
                let cell = trace.cells(place.0)[place.1];
                let finding = validator.check_operators(&model, job, &claim.tokens, place, &cell, &record, &control);
                assert_eq!(finding.expect("a check"), Finding::Same, "{names:?} {job:?}");
                sameness += 1;
            }
            done += 1;
            tokens += claim.tokens.len();
        }
        if done % 500 < 16 && wanted > 1000 {
            eprintln!("{done} of {wanted}");
        }
    }
    eprintln!("{done} honest jobs of {tokens} tokens, none accused; {sameness} records of cells, all right");
}

#[test]
fn a_job_that_ends_before_its_first_token_has_no_positions_whatever_is_kept() {
    let mut random = Random::new(51);
    let recipe = Recipe::new(&mut random);
    let model = recipe.model();
    let engine = Engine::with_isa(1, Isa::best()).expect("an engine");
    let control = Control::default();
    let mut job = job(&mut random, &recipe.decoder);
    job.prompt = random.tokens(40, recipe.decoder.vocab_size);
    engine.generate(&model, &job, true, &control, |_, _| {}).expect("finite");
    job.max_tokens = 0;
    let made = engine.generate(&model, &job, true, &control, |_, _| {}).expect("finite");
    let trace = made.trace.expect("a trace");
    assert!(trace.tokens().is_empty());
    let claim = Claim { tokens: made.tokens, stop: made.stop, trace_root: Some(trace.root()) };
    let checked = engine.verify(&model, &job, &claim, Some(&trace), &control).expect("a check");
    assert_eq!(checked, Verification::Valid { trace_root: trace.root() });
}
