//! Generation and its check with the built-in model: sameness, and liars of every kind.

use strike_inference::exact::{
    Batch, Claim, Divergence, Engine, ExactGeneration, ExactModel, Job, Sampler, Stop, Trace, Verification,
};
use strike_inference::{Control, Isa};

fn model() -> ExactModel {
    ExactModel::builtin().expect("the built-in model loads")
}

fn sampler() -> Sampler {
    Sampler { temperature_milli: 900, min_p_milli: 30, repetition_penalty_milli: 1100, repetition_window: 32 }
}

fn job(model: &ExactModel, prompt: &str, max_tokens: u32, seed: u8) -> Job {
    let prompt = model.prompt(prompt).expect("a prompt");
    Job { prompt, max_tokens, sampler: sampler(), seed: [seed; 32], stop: Vec::new(), json_schema: None }
}

fn generate(engine: &Engine, model: &ExactModel, job: &Job) -> ExactGeneration {
    engine.generate(model, job, true, &Control::default(), |_, _| {}).expect("a generation")
}

fn claim(generation: &ExactGeneration) -> (Claim, Trace) {
    let trace = generation.trace.clone().expect("a trace");
    (Claim { tokens: generation.tokens.clone(), stop: generation.stop, trace_root: Some(trace.root()) }, trace)
}

fn verify(engine: &Engine, model: &ExactModel, job: &Job, claim: &Claim, trace: Option<&Trace>) -> Verification {
    engine.verify(model, job, claim, trace, &Control::default()).expect("a check")
}

fn found(engine: &Engine, model: &ExactModel, job: &Job, claim: &Claim, trace: Option<&Trace>) -> Divergence {
    match verify(engine, model, job, claim, trace) {
        Verification::Diverged(divergence) => divergence,
        Verification::Valid { .. } => panic!("a lie was taken for the truth: {claim:?}"),
    }
}

#[test]
fn every_instruction_set_and_number_of_threads_gives_one_result() {
    let model = model();
    let job = job(&model, "The fisher said", 120, 3);
    let expected = generate(&Engine::with_isa(1, Isa::Scalar).unwrap(), &model, &job);
    assert!(expected.tokens.len() > 20);
    for isa in Isa::available() {
        for threads in [1, 2, 3, 8] {
            let engine = Engine::with_isa(threads, isa).unwrap();
            assert_eq!(generate(&engine, &model, &job), expected, "{} {threads}", isa.name());
        }
    }
}

#[test]
fn jobs_that_join_a_batch_at_any_time_get_what_they_get_alone() {
    let model = model();
    let prompts = ["The", "A dog ran to the harbour and", "Tell me about the sea.", "Once", "In the morning"];
    let jobs: Vec<Job> =
        (0..32u8).map(|at| job(&model, prompts[usize::from(at) % prompts.len()], 10 + u32::from(at) * 3, at)).collect();
    let engine = Engine::new(2).unwrap();
    let alone: Vec<ExactGeneration> = jobs.iter().map(|job| generate(&engine, &model, job)).collect();
    let mut batch = Batch::new(&engine, &model);
    let mut finished = vec![None; jobs.len()];
    let (mut next, mut step) = (0, 0usize);
    while finished.iter().any(Option::is_none) {
        // Others join while the first are in the middle.
        while next < jobs.len() && next < 7 + step {
            assert_eq!(batch.admit(jobs[next].clone(), next % 2 == 0).unwrap(), next as u64);
            next += 1;
        }
        for event in batch.step().unwrap() {
            if let Some(generation) = event.finished {
                finished[event.id as usize] = Some(generation.unwrap());
            }
        }
        step += 1;
    }
    for (at, (finished, alone)) in finished.into_iter().zip(alone).enumerate() {
        let finished = finished.unwrap();
        assert_eq!((&finished.tokens, finished.stop), (&alone.tokens, alone.stop), "job {at}");
        if at % 2 == 0 {
            assert_eq!(finished.trace, alone.trace, "job {at}");
        }
    }
}

#[test]
fn honest_work_of_one_machine_is_valid_on_another() {
    let model = model();
    let isas: Vec<Isa> = Isa::available().collect();
    for seed in 0..24u8 {
        let maker = Engine::with_isa(1, isas[usize::from(seed) % isas.len()]).unwrap();
        let validator = Engine::with_isa(2, isas[usize::from(seed / 2) % isas.len()]).unwrap();
        let mut job = job(&model, "The old woman", u32::from(seed) * 5, seed);
        if seed % 3 == 0 {
            job.sampler = Sampler::GREEDY;
        }
        if seed % 4 == 0 {
            job.stop = vec![model.tokenizer().encode(".", false).unwrap()];
        }
        let (claim, trace) = claim(&generate(&maker, &model, &job));
        let expected = Verification::Valid { trace_root: trace.root() };
        assert_eq!(verify(&validator, &model, &job, &claim, Some(&trace)), expected, "seed {seed}");
        assert_eq!(verify(&validator, &model, &job, &claim, None), expected, "seed {seed}");
        let read = Trace::from_bytes(&trace.to_bytes()).unwrap();
        assert_eq!(read, trace);
    }
}

#[test]
fn other_jobs_and_other_outputs_are_found() {
    let model = model();
    let engine = Engine::new(2).unwrap();
    let mut handed_in = 0;
    for seed in 0..20u8 {
        let job = job(&model, "The children went to the", 40, seed);
        let (claim, trace) = claim(&generate(&engine, &model, &job));
        let lies: [(&str, Job); 5] = [
            ("another seed", Job { seed: [seed ^ 0x80; 32], ..job.clone() }),
            ("temperature", Job { sampler: Sampler { temperature_milli: 2000, ..job.sampler }, ..job.clone() }),
            ("a prompt cut short", Job { prompt: job.prompt[..job.prompt.len() - 1].to_vec(), ..job.clone() }),
            ("a changed prompt", {
                let mut prompt = job.prompt.clone();
                prompt[1] = (prompt[1] + 1) % 1000 + 2;
                Job { prompt, ..job.clone() }
            }),
            ("fewer tokens allowed", Job { max_tokens: claim.tokens.len() as u32 - 1, ..job.clone() }),
        ];
        for (lie, other) in lies {
            // Made for another job, handed in for this one, and the other way round.
            let own = generate(&engine, &model, &other);
            if own.tokens != claim.tokens {
                handed_in += 1;
                let (claim, trace) = self::claim(&own);
                let divergence = found(&engine, &model, &job, &claim, Some(&trace));
                assert!(!matches!(divergence, Divergence::TraceRoot), "{lie}: {divergence:?}");
                found(&engine, &model, &job, &claim, None);
            }
        }
        for at in [0, claim.tokens.len() / 2, claim.tokens.len() - 1] {
            let mut other = claim.clone();
            other.tokens[at] = (other.tokens[at] + 1) % 1024;
            let expected =
                Divergence::Token { index: at, expected: Some(claim.tokens[at]), claimed: Some(other.tokens[at]) };
            assert_eq!(found(&engine, &model, &job, &other, None), expected);
        }
        let mut early = claim.clone();
        early.tokens.pop();
        let expected = claim.tokens.last().copied();
        let index = early.tokens.len();
        assert_eq!(found(&engine, &model, &job, &early, None), Divergence::Token { index, expected, claimed: None });
        let mut past = claim.clone();
        past.tokens.push(5);
        assert_eq!(
            found(&engine, &model, &job, &past, None),
            Divergence::Token { index: claim.tokens.len(), expected: None, claimed: Some(5) }
        );
        let stop = if claim.stop == Stop::MaxTokens { Stop::EndOfText } else { Stop::MaxTokens };
        let expected = claim.stop;
        assert_eq!(
            found(&engine, &model, &job, &Claim { stop, ..claim.clone() }, Some(&trace)),
            Divergence::Stop { expected }
        );
    }
    // Another job may give the same tokens by chance, not most of the time.
    assert!(handed_in > 80, "{handed_in} of 100");
}

#[test]
fn a_trace_that_differs_anywhere_is_found_where_it_differs() {
    let model = model();
    let engine = Engine::new(2).unwrap();
    let job = job(&model, "A ship came", 60, 9);
    let (claim, trace) = claim(&generate(&engine, &model, &job));
    let bytes = trace.to_bytes();
    let (positions, layers) = (trace.tokens().len(), trace.layers());
    for position in 0..positions {
        for layer in 0..layers {
            let mut bytes = bytes.clone();
            bytes[8 + positions * 44 + (position * layers + layer) * 32] ^= 1;
            let other = Trace::from_bytes(&bytes).unwrap();
            let claim = Claim { trace_root: Some(other.root()), ..claim.clone() };
            assert_eq!(found(&engine, &model, &job, &claim, Some(&other)), Divergence::Cell { position, layer });
            assert_eq!(found(&engine, &model, &job, &claim, None), Divergence::TraceRoot);
        }
        let mut bytes = bytes.clone();
        bytes[8 + position * 44 + 20] ^= 1;
        let other = Trace::from_bytes(&bytes).unwrap();
        let claim = Claim { trace_root: Some(other.root()), ..claim.clone() };
        assert_eq!(found(&engine, &model, &job, &claim, Some(&other)), Divergence::Last { position });
    }
    let claim = Claim { trace_root: Some([1; 32]), ..claim };
    assert_eq!(found(&engine, &model, &job, &claim, Some(&trace)), Divergence::TraceRoot);
    for length in [0, 7, 8, 9, bytes.len() - 1] {
        assert_eq!(Trace::from_bytes(&bytes[..length]), None);
    }
}

#[test]
fn jobs_that_cannot_be_computed_are_refused() {
    let model = model();
    let engine = Engine::new(1).unwrap();
    let good = job(&model, "The", 5, 1);
    let refused = |job: Job| engine.generate(&model, &job, false, &Control::default(), |_, _| {}).unwrap_err();
    for (job, message) in [
        (Job { prompt: vec![], ..good.clone() }, "prompt is empty"),
        (Job { prompt: vec![5; 513], ..good.clone() }, "513 tokens"),
        (Job { prompt: vec![1024], ..good.clone() }, "1024"),
        (Job { stop: vec![vec![]], ..good.clone() }, "stop"),
        (Job { stop: vec![vec![4000]], ..good.clone() }, "4000"),
        (Job { sampler: Sampler { min_p_milli: 1001, ..sampler() }, ..good.clone() }, "min_p_milli"),
        (Job { sampler: Sampler { repetition_penalty_milli: 0, ..sampler() }, ..good.clone() }, "penalty"),
        (Job { sampler: Sampler { repetition_window: 65, ..sampler() }, ..good.clone() }, "window"),
    ] {
        let error = refused(job).to_string();
        assert!(error.contains(message), "{error}");
    }
    let control = Control::default();
    control.cancel();
    let error = engine.generate(&model, &good, false, &control, |_, _| {}).unwrap_err();
    assert!(error.to_string().contains("cancelled"));
}

#[test]
fn the_context_ends_a_generation() {
    let model = model();
    let engine = Engine::new(2).unwrap();
    let prompt = vec![7; 500];
    let job = Job { prompt, max_tokens: 100, sampler: sampler(), seed: [4; 32], stop: vec![], json_schema: None };
    let generation = generate(&engine, &model, &job);
    assert!(generation.tokens.len() == 12 || generation.stop == Stop::EndOfText, "{generation:?}");
    let (claim, trace) = claim(&generation);
    let outcome = verify(&engine, &model, &job, &claim, Some(&trace));
    assert_eq!(outcome, Verification::Valid { trace_root: trace.root() });
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_thread_that_flushes_subnormals_gets_the_same_bits() {
    let model = model();
    let engine = Engine::new(2).unwrap();
    let job = job(&model, "The", 30, 2);
    let expected = generate(&engine, &model, &job);
    let state = 0x9fc0u32;
    // SAFETY: sets flush-to-zero and denormals-are-zero for this thread, and takes them back.
    unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &state, options(nostack)) };
    let engine = Engine::new(2).unwrap();
    let found = generate(&engine, &model, &job);
    let state = 0x1f80u32;
    // SAFETY: as above.
    unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &state, options(nostack)) };
    assert_eq!(found, expected);
}

#[test]
fn a_prompt_that_goes_on_from_another_gets_what_it_gets_alone() {
    let model = model();
    let long = "The old woman sat by the fire and told the children about the sea. ".repeat(3);
    let engine = Engine::new(2).unwrap();
    for (index, ending) in ["", "She said", "She said that", "But the boy", "She said"].iter().enumerate() {
        for traced in [false, true] {
            let job = job(&model, &format!("{long}{ending}"), 30, index as u8);
            let fresh = Engine::new(1).unwrap();
            let alone = fresh.generate(&model, &job, traced, &Control::default(), |_, _| {}).unwrap();
            let found = engine.generate(&model, &job, traced, &Control::default(), |_, _| {}).unwrap();
            assert_eq!(found, alone, "{ending} {traced}");
        }
    }
}
