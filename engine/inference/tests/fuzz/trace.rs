//! What `strike engine verify` is given: a saved trace, a job and a claim. The first byte says which of them are made of the
//! input: the trace whole, or the honest one with changes (four bytes of offset, one of contents), job and claim likewise.

use std::sync::LazyLock;

use strike_inference::exact::{Claim, Engine, ExactGeneration, ExactModel, Job, Sampler, Trace, Verification};
use strike_inference::Control;

use crate::fuzz::{Entry, Parts};

pub const ENTRY: Entry = Entry { name: "trace", run, fixed: 64 << 20, factor: 64 };

/// The trace is what is left of the input, not changes to the honest one.
const WHOLE: u8 = 1;
/// Prompt and sampler are a part of the input.
const JOB: u8 = 2;
/// The claimed tokens are a part of the input.
const CLAIM: u8 = 4;
/// No root is claimed, so that the trace itself is compared.
const ROOTLESS: u8 = 8;

struct World {
    engine: Engine,
    model: ExactModel,
    job: Job,
    generation: ExactGeneration,
    trace: Vec<u8>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let engine = Engine::new(1).expect("one thread starts");
    let model = ExactModel::builtin().expect("the built-in model is whole");
    let prompt = model.prompt("The harbour").expect("the text has tokens");
    let job = Job { prompt, max_tokens: 3, sampler: Sampler::GREEDY, seed: [7; 32], stop: vec![], json_schema: None };
    let generation = engine.generate(&model, &job, true, &Control::default(), |_, _| {}).expect("the job runs");
    let trace = generation.trace.as_ref().expect("a trace was asked for").to_bytes();
    World { engine, model, job, generation, trace }
});

/// Inputs that are accepted: the honest trace whole, and changes to everything.
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let change = [9, 0, 0, 0, 1];
    let job = [0, 0, 1, 0, 2, 0, 3, 0];
    let mut list = vec![("whole".to_owned(), [&[WHOLE | ROOTLESS][..], &WORLD.trace].concat())];
    for flags in (0..16u8).filter(|flags| flags & WHOLE == 0) {
        let mut input = vec![flags];
        for _ in 0..(flags & JOB).count_ones() + (flags & CLAIM).count_ones() {
            input.extend((job.len() as u16).to_le_bytes());
            input.extend(job);
        }
        input.extend(change);
        list.push((format!("changes-{flags}"), input));
    }
    list
}

fn tokens(bytes: &[u8]) -> Vec<u32> {
    // Some ids are outside of the vocabulary of the built-in model.
    bytes.as_chunks::<2>().0.iter().take(16).map(|id| u32::from(u16::from_le_bytes(*id))).collect()
}

fn run(data: &[u8]) -> bool {
    let Some((flags, rest)) = data.split_first() else { return false };
    let world = &*WORLD;
    let mut parts = Parts(rest);
    let mut job = world.job.clone();
    if flags & JOB != 0 {
        let part = parts.next();
        let byte = |at: usize| part.get(at).copied().unwrap_or_default();
        job.sampler = Sampler {
            temperature_milli: u16::from(byte(0)) << 3,
            min_p_milli: u16::from(byte(1)) << 3,
            repetition_penalty_milli: u16::from(byte(2)) << 4,
            repetition_window: byte(3),
        };
        job.max_tokens = u32::from(byte(4) % 4);
        job.prompt = tokens(part.get(5..).unwrap_or_default());
        job.stop = vec![tokens(part.get(9..).unwrap_or_default())];
    }
    let mut claim = Claim {
        tokens: world.generation.tokens.clone(),
        stop: world.generation.stop,
        trace_root: world.generation.trace.as_ref().map(Trace::root).filter(|_| flags & ROOTLESS == 0),
    };
    if flags & CLAIM != 0 {
        claim.tokens = tokens(parts.next());
    }
    let bytes = match flags & WHOLE {
        0 => {
            let mut bytes = world.trace.clone();
            for change in parts.0.as_chunks::<5>().0 {
                let at = u32::from_le_bytes([change[0], change[1], change[2], change[3]]) as usize % bytes.len();
                bytes[at] ^= change[4];
            }
            bytes
        }
        _ => parts.0.to_vec(),
    };
    let Some(trace) = Trace::from_bytes(&bytes) else { return false };
    assert_eq!(trace.to_bytes(), bytes);
    for position in 0..trace.tokens().len() {
        assert_eq!(trace.cells(position).len(), trace.layers());
    }
    let Ok(verification) = world.engine.verify(&world.model, &job, &claim, Some(&trace), &Control::default()) else {
        return false;
    };
    if job == world.job && claim.tokens == world.generation.tokens {
        // Nothing but the honest trace is valid.
        assert_eq!(matches!(verification, Verification::Valid { .. }), bytes == world.trace);
    }
    true
}
