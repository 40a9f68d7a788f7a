use super::support::{blobs, keystore, runner, work, MODEL};
use crate::{
    chain::mailbox::Entry,
    engine::{
        execute::{EngineExecutor, Executor, Outcome},
        model_store::ModelStore,
    },
    runs::{judge::judge, runner::Runner},
    Control,
};
use sp_core::H256;
use std::{path::PathBuf, sync::Arc};
use strike_blobs::BlobStore;
use strike_inference::exact::{Engine, ExactEncoder, OpenOptions};
use strike_primitives::{
    api::{CheckDuty, Duty, ProvideDuty},
    artifact::{ArtifactId, ArtifactKind},
    commitment::{AttemptBinding, Commitment, StopReason},
    embedding::{decode_vectors, encode_texts},
    job::{spec_hash, Embed, Input, VerificationClass, WorkSpec},
    model_folder::ModelFolder,
    verdict::{AuditRef, InvalidReason, Verdict},
    AccountId,
};

const TEXTS: [&str; 3] = ["The tide is out.", "", "Who bakes the bread?"];

/// A small model of BERT's family, with random weights.
fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../engine/inference/tests/families/bert"))
}

struct World {
    executor: Arc<EngineExecutor>,
    blobs: Arc<BlobStore>,
    encoder: ArtifactId,
    built_in: ArtifactId,
    _dir: tempfile::TempDir,
}

fn world() -> World {
    let (dir, blobs) = blobs();
    let models = Arc::new(ModelStore::open(&[folder()], 1 << 30).unwrap());
    let encoder = ModelFolder::read(&folder()).unwrap().id;
    assert!(models.ids().contains(&encoder));
    let built_in = models.built_in();
    let executor = Arc::new(EngineExecutor::new(models, blobs.clone(), 2).unwrap());
    World { executor, blobs, encoder, built_in, _dir: dir }
}

fn embed(input: Vec<u8>, max_input_tokens: u32) -> WorkSpec {
    WorkSpec::Embed(Embed { input: Input::Plain(input.try_into().unwrap()), max_input_tokens })
}

impl World {
    fn run(&self, model: &ArtifactId, class: VerificationClass, work: &WorkSpec) -> Outcome {
        self.executor.run(model, class, work, &H256([3; 32]), &Control::default()).unwrap()
    }

    fn embed(&self, input: Vec<u8>, max_input_tokens: u32) -> Outcome {
        self.run(&self.encoder, VerificationClass::Exact, &embed(input, max_input_tokens))
    }
}

#[test]
fn texts_become_the_vectors_of_the_engine() {
    let world = world();
    let outcome = world.embed(encode_texts(&TEXTS), 100);
    let encoder = ExactEncoder::open(&folder(), &OpenOptions::default()).unwrap();
    let expected = Engine::new(1).unwrap().embed_texts(&encoder, &TEXTS, &Control::default()).unwrap();
    assert_eq!(decode_vectors(&outcome.output, TEXTS.len()).unwrap(), expected);
    let tokens: usize = TEXTS.iter().map(|text| encoder.tokens(text).unwrap().len()).sum();
    assert_eq!((outcome.n_in as usize, outcome.n_out, outcome.stop), (tokens, 0, StopReason::Complete));
    assert_eq!(outcome.trace.as_ref().unwrap().tokens().len(), tokens);
    assert_eq!(outcome, super::embed::world().embed(encode_texts(&TEXTS), 100), "on another node");

    // The limit counts what is read: a long text is cut to what the model takes.
    let exactly = world.embed(encode_texts(&TEXTS), outcome.n_in);
    assert_eq!(exactly.output, outcome.output);
    let long = world.embed(encode_texts(&["a ".repeat(2_000)]), encoder.max_tokens() as u32);
    assert_eq!(long.n_in as usize, encoder.max_tokens());
}

#[test]
fn what_is_the_jobs_fault_is_an_outcome_without_vectors() {
    let world = world();
    let needed = world.embed(encode_texts(&TEXTS), 100).n_in;
    let error = Outcome::job_error;
    assert_eq!(world.embed(encode_texts(&TEXTS), needed - 1), error(StopReason::InputTooLong));
    for input in [Vec::new(), encode_texts::<&str>(&[]), b"no list of texts".to_vec(), vec![4, 4, 0xff]] {
        assert_eq!(world.embed(input, 100), error(StopReason::InvalidInput));
    }
}

#[test]
fn a_model_of_the_other_kind_is_a_job_error() {
    let world = world();
    let wrong = Outcome::job_error(StopReason::WrongModel);
    let texts = embed(encode_texts(&TEXTS), 100);
    assert_eq!(world.run(&world.built_in, VerificationClass::Exact, &texts), wrong);
    for class in [VerificationClass::Exact, VerificationClass::Statistical] {
        assert_eq!(world.run(&world.encoder, class, &work("Once upon a time")), wrong);
    }
}

/// What a provider commits to for these texts.
fn commit(world: &World, runner: &Runner, binding: AttemptBinding, work: &WorkSpec) -> Commitment {
    let (_, key) = keystore();
    let (model, class) = (world.encoder, VerificationClass::Exact);
    let duty = ProvideDuty { key, binding, model, class, work: work.clone(), assigned_at: 1, deadline: 9 };
    match runner.run(&Duty::Provide(duty), false, &Control::default()).unwrap() {
        Entry::Commitment(entry) => entry.commitment,
        Entry::Verdict(_) => panic!("a provider commits"),
    }
}

#[test]
fn a_check_proves_its_work_and_finds_one_flipped_bit() {
    let world = world();
    let (keystore, key) = keystore();
    let executor: Arc<dyn Executor> = world.executor.clone();
    let runner = runner(executor.clone(), executor, keystore, world.blobs.clone());
    let work = embed(encode_texts(&TEXTS), 100);
    let binding = AttemptBinding {
        genesis: H256([1; 32]),
        job: 1,
        attempt: 0,
        provider: AccountId::new([2; 32]),
        spec_hash: spec_hash(&work, &MODEL, VerificationClass::Exact),
        seed: H256([3; 32]),
    };
    let commitment = commit(&world, &runner, binding.clone(), &work);
    let honest = world.embed(encode_texts(&TEXTS), 100);
    assert_eq!(world.blobs.get(ArtifactKind::Output, &commitment.v1().out_root).unwrap(), Some(honest.output.clone()));
    let check = |beacon: u8| {
        let duty = CheckDuty {
            key: key.clone(),
            validator: AccountId::new([4; 32]),
            audit: AuditRef { job: 1, attempt: 0, commitment: commitment.hash(), beacon_block: 6 },
            beacon: H256([beacon; 32]),
            binding: binding.clone(),
            model: world.encoder,
            class: VerificationClass::Exact,
            work: work.clone(),
            commitment: commitment.clone(),
            committed_at: 5,
            deadline: 50,
        };
        match runner.run(&Duty::Check(duty), false, &Control::default()).unwrap() {
            Entry::Verdict(verdict) => verdict,
            Entry::Commitment(_) => panic!("a check finds"),
        }
    };
    let (first, other) = (check(5), check(6));
    assert_eq!(first.verdict, Verdict::Valid { units: honest.n_in.into() });
    assert!(first.work_tag.is_some());
    assert_ne!(first.work_tag, other.work_tag, "another beacon draws another cell");

    let claim = |change: fn(&mut Outcome)| {
        let mut outcome = honest.clone();
        change(&mut outcome);
        let trace_root = outcome.trace_root();
        judge(
            &strike_primitives::commitment::CommitmentV1 {
                trace_root,
                ..super::support::commitment(&binding, &outcome)
            },
            &honest,
        )
    };
    let invalid = |reason| Verdict::Invalid { reason };
    for bit in [0, 7, 30] {
        let mut lie = honest.clone();
        lie.output[bit / 8] ^= 1 << (bit % 8);
        let claim = super::support::commitment(&binding, &lie);
        assert_eq!(judge(&claim, &honest), invalid(InvalidReason::OutputMismatch), "bit {bit}");
    }
    assert_eq!(claim(|outcome| outcome.n_in += 1), invalid(InvalidReason::CountMismatch));
    assert_eq!(claim(|outcome| outcome.trace = None), invalid(InvalidReason::TraceMismatch));
}
