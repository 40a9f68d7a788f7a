use super::support::{blobs, work};
use crate::{
    engine::{
        execute::{Claimed, EngineExecutor, ExecuteError, Executor, Outcome},
        model_store::{load_unchanged, model_id, ModelStore, ModelStoreError},
    },
    Control,
};
use sp_core::H256;
use std::{
    fs,
    path::Path,
    sync::{atomic::AtomicBool, Arc},
};
use strike_blobs::BlobStore;
use strike_inference::{builtin_files, memory::Tokens, ModelFiles};
use strike_primitives::{
    artifact::{file_root, ArtifactId, ArtifactKind},
    commitment::StopReason,
    job::{Generate, Input, VerificationClass, WorkSpec},
};

const MEMORY: u64 = 1 << 30;

struct World {
    executor: EngineExecutor,
    models: Arc<ModelStore>,
    blobs: Arc<BlobStore>,
    _dir: tempfile::TempDir,
}

fn world() -> World {
    let (dir, blobs) = blobs();
    let models = Arc::new(ModelStore::open(&[], MEMORY).unwrap());
    World { executor: EngineExecutor::new(models.clone(), blobs.clone(), 2).unwrap(), models, blobs, _dir: dir }
}

fn changed(change: impl FnOnce(&mut Generate)) -> WorkSpec {
    let WorkSpec::Generate(mut generate) = work("Once upon a time") else { panic!("not a generation") };
    change(&mut generate);
    WorkSpec::Generate(generate)
}

impl World {
    /// Runs in both classes; what can be compared must be alike. Gives the exact class's result.
    fn run(&self, work: &WorkSpec) -> Result<Outcome, ExecuteError> {
        let run = |class| self.executor.run(&self.models.built_in(), class, work, &H256([3; 32]), &Control::default());
        let (exact, statistical) = (run(VerificationClass::Exact), run(VerificationClass::Statistical));
        match (&exact, &statistical) {
            (Ok(exact), Ok(statistical)) => {
                assert_eq!(exact.n_in, statistical.n_in);
                assert_eq!(exact.stop.is_job_error(), statistical.stop.is_job_error());
                assert_eq!(exact.trace.is_some(), !exact.stop.is_job_error());
                assert_eq!(statistical.trace, None);
            }
            (Err(exact), Err(statistical)) => assert_eq!(exact.reason(), statistical.reason()),
            (exact, statistical) => panic!("{exact:?}, {statistical:?}"),
        }
        exact
    }
}

#[test]
fn the_same_job_gives_the_same_outcome_also_from_another_store() {
    let work = changed(|work| work.sampler.temperature_milli = 900);
    let first = world().run(&work).unwrap();
    assert_eq!(first, world().run(&work).unwrap());
    assert_eq!(first.n_out as usize * 4, first.output.len());
    assert!(first.n_in > 0 && first.n_out > 0 && !first.stop.is_job_error());
}

#[test]
fn a_right_claim_is_replayed_to_the_outcome_of_a_run_and_a_wrong_one_is_left_to_it() {
    let world = world();
    let exact = VerificationClass::Exact;
    let work = changed(|work| {
        work.sampler.temperature_milli = 900;
        work.max_output_tokens = 6;
    });
    let replay = |class, work: &WorkSpec, claimed: &Claimed| {
        world.executor.replay(&world.models.built_in(), class, work, &H256([3; 32]), claimed, &Control::default())
    };
    let outcome = world.run(&work).unwrap();
    let right = Claimed { output: outcome.output.clone(), stop: outcome.stop, trace_root: outcome.trace_root() };
    let replayed = replay(exact, &work, &right).unwrap().expect("the claim is right");
    assert_eq!(replayed, outcome);
    assert_eq!(replayed.trace.as_deref(), outcome.trace.as_deref(), "its cells too, of which work tags are made");

    let output = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut claimed = right.clone();
        change(&mut claimed.output);
        claimed
    };
    for wrong in [
        output(&|bytes| bytes[0] ^= 1),
        output(&|bytes| bytes[3] = 0xff),
        output(&|bytes| bytes.truncate(bytes.len() - 4)),
        output(&|bytes| bytes.truncate(bytes.len() - 1)),
        output(&|bytes| bytes.extend([0; 4])),
        output(&|bytes| bytes.clear()),
        Claimed { stop: StopReason::StopSequence, ..right.clone() },
        Claimed { stop: StopReason::InvalidInput, ..right.clone() },
        Claimed { trace_root: Some(H256([1; 32])), ..right.clone() },
    ] {
        assert_eq!(replay(exact, &work, &wrong).unwrap(), None, "{wrong:?}");
    }
    assert_eq!(replay(VerificationClass::Statistical, &work, &right).unwrap(), None);
    let too_long = changed(|work| work.max_input_tokens = 1);
    assert_eq!(replay(exact, &too_long, &right).unwrap(), None, "a job error is found by a run");
}

#[test]
fn what_is_the_jobs_fault_is_an_outcome_without_tokens() {
    let world = world();
    let too_long = changed(|work| work.max_input_tokens = 1);
    assert_eq!(world.run(&too_long).unwrap(), Outcome::job_error(StopReason::InputTooLong));
    for work in [
        changed(|work| work.input = Input::Plain(vec![0xff].try_into().unwrap())),
        changed(|work| work.sampler.repetition_penalty_milli = 0),
        changed(|work| work.stop = vec![vec![u32::MAX].try_into().unwrap()].try_into().unwrap()),
    ] {
        assert_eq!(world.run(&work).unwrap(), Outcome::job_error(StopReason::InvalidInput));
    }
}

#[test]
fn what_is_the_nodes_fault_is_an_error() {
    let world = world();
    let control = Control::default();
    control.cancel();
    let model = world.models.built_in();
    let cancelled = world.executor.run(&model, VerificationClass::Exact, &work("once"), &H256::zero(), &control);
    assert!(matches!(cancelled, Err(ExecuteError::Cancelled)));
    let late = Control::with_deadline(std::time::Instant::now());
    let late = world.executor.run(&model, VerificationClass::Exact, &work("once"), &H256::zero(), &late);
    assert!(matches!(late, Err(ExecuteError::TooSlow)));
    let other = super::support::MODEL;
    let missing =
        world.executor.run(&other, VerificationClass::Exact, &work("once"), &H256::zero(), &Control::default());
    assert!(matches!(missing, Err(ExecuteError::ModelMissing(id)) if id == other));
}

#[test]
fn an_input_may_be_a_blob_that_is_here() {
    let world = world();
    let prompt = b"Once upon a time";
    let blob = changed(|work| work.input = Input::Blob { root: file_root(prompt), length: prompt.len() as u64 });
    assert!(matches!(world.run(&blob), Err(ExecuteError::InputMissing(_))));
    world.blobs.put(ArtifactKind::File, prompt).unwrap();
    assert_eq!(world.run(&blob).unwrap(), world.run(&changed(|_| ())).unwrap());
}

fn write_built_in(dir: &Path) {
    fs::create_dir_all(dir).unwrap();
    for (name, bytes) in builtin_files().named() {
        fs::write(dir.join(name), bytes).unwrap();
    }
}

/// Another model: the same one with spaces behind its configuration.
fn write_with_spaces(dir: &Path, spaces: usize) {
    write_built_in(dir);
    let config = dir.join("config.json");
    let mut bytes = fs::read(&config).unwrap();
    bytes.extend(vec![b' '; spaces]);
    fs::write(config, bytes).unwrap();
}

fn write_other(dir: &Path) {
    write_with_spaces(dir, 1);
}

#[test]
fn models_are_found_in_a_directory_and_in_its_folders() {
    let dir = tempfile::tempdir().unwrap();
    write_other(&dir.path().join("a"));
    fs::create_dir(dir.path().join("empty")).unwrap();
    let of_folders = ModelStore::open(&[dir.path().to_path_buf()], MEMORY).unwrap();
    let of_one = ModelStore::open(&[dir.path().join("a")], MEMORY).unwrap();
    assert_eq!(of_folders.ids(), of_one.ids());
    assert_eq!(of_folders.ids().len(), 2);
    let id = model_id(&ModelFiles::read(&dir.path().join("a")).unwrap());
    assert!(of_folders.ids().contains(&id));
    assert!(of_folders.exact(&id).unwrap().is_some());
    let nothing = ModelStore::open(&[dir.path().join("empty")], MEMORY);
    assert!(matches!(nothing, Err(ModelStoreError::NoModel(_))));
}

#[test]
fn a_model_that_changed_since_the_start_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    write_other(dir.path());
    let store = ModelStore::open(&[dir.path().to_path_buf()], MEMORY).unwrap();
    let id = model_id(&ModelFiles::read(dir.path()).unwrap());
    fs::write(dir.path().join("tokenizer.json"), b"{}").unwrap();
    assert!(matches!(store.exact(&id), Err(ModelStoreError::Changed(_))));
}

#[test]
fn a_damaged_model_is_an_error_that_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    write_built_in(dir.path());
    fs::write(dir.path().join("model.safetensors"), b"damaged").unwrap();
    let store = ModelStore::open(&[dir.path().to_path_buf()], MEMORY).unwrap();
    let id = model_id(&ModelFiles::read(dir.path()).unwrap());
    let error = store.exact(&id).unwrap_err();
    assert!(matches!(error, ModelStoreError::Load { .. }));
    assert!(error.to_string().contains("model.safetensors"), "{error}");
}

/// Bytes that a model of the built-in one's size is counted with.
fn need(_: &ArtifactId) -> u64 {
    let store = ModelStore::open(&[], 1).unwrap();
    match store.exact(&store.built_in()) {
        Err(ModelStoreError::TooLarge { need, bound: 1 }) => need,
        other => panic!("nothing fits into a byte: {:?}", other.map(|_| ())),
    }
}

#[test]
fn a_model_that_is_written_to_while_it_is_loaded_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    write_other(dir.path());
    let id = model_id(&ModelFiles::read(dir.path()).unwrap());
    let never = AtomicBool::new(false);
    let load = |meanwhile: &dyn Fn()| {
        load_unchanged(&id, dir.path(), &never, |folder| {
            let model = strike_inference::Model::load(folder);
            meanwhile();
            model
        })
    };
    assert!(load(&|| ()).is_ok());
    let config = dir.path().join("config.json");
    // What is written is what was there: nobody can tell whether that was so all the while.
    let bytes = fs::read(&config).unwrap();
    let moved = load(&|| fs::write(&config, &bytes).unwrap());
    assert!(matches!(moved, Err(ModelStoreError::Moving(_))), "{:?}", moved.map(|_| ()));
    assert!(load(&|| ()).is_ok(), "the next load is of what is there");
}

#[test]
fn work_that_needs_more_memory_than_there_is_is_refused_before_anything_is_read() {
    let dir = tempfile::tempdir().unwrap();
    write_other(dir.path());
    let id = model_id(&ModelFiles::read(dir.path()).unwrap());
    let store = ModelStore::open(&[dir.path().to_path_buf()], MEMORY).unwrap();
    // The weights are gone: whoever reads them fails otherwise.
    fs::remove_file(dir.path().join("model.safetensors")).unwrap();
    for class in [VerificationClass::Exact, VerificationClass::Statistical] {
        let refused = |tokens| store.refuses(&id, class, tokens, 2);
        assert!(refused(Tokens { input: 10, output: 10 }).is_none());
        let small = ModelStore::open(&[], need(&id) / 2).unwrap();
        let error =
            small.refuses(&small.built_in(), class, Tokens { input: 10, output: 10 }, 2).expect("it is too large");
        assert!(error.to_string().contains("--engine-memory"), "{error}");
    }
}

#[test]
fn a_load_ends_when_it_is_cancelled() {
    let dir = tempfile::tempdir().unwrap();
    write_other(dir.path());
    let id = model_id(&ModelFiles::read(dir.path()).unwrap());
    let store = ModelStore::open(&[dir.path().to_path_buf()], MEMORY).unwrap();
    for class in [VerificationClass::Exact, VerificationClass::Statistical] {
        let cancelled = store.load(&id, class, &AtomicBool::new(true));
        assert!(matches!(cancelled, Err(ModelStoreError::Cancelled)));
        assert!(!store.is_loaded(&id, class));
        store.load(&id, class, &AtomicBool::new(false)).unwrap();
        assert!(store.is_loaded(&id, class));
    }
}

#[test]
fn models_stay_loaded_while_memory_allows() {
    let dir = tempfile::tempdir().unwrap();
    write_other(dir.path());
    let other = model_id(&ModelFiles::read(dir.path()).unwrap());
    let one = need(&other);
    for (memory, kept) in [(MEMORY, true), (one + one / 2, false)] {
        let store = ModelStore::open(&[dir.path().to_path_buf()], memory).unwrap();
        let first = store.exact(&store.built_in()).unwrap().unwrap();
        assert!(Arc::ptr_eq(&first, &store.exact(&store.built_in()).unwrap().unwrap()));
        store.exact(&other).unwrap().unwrap();
        assert_eq!(Arc::ptr_eq(&first, &store.exact(&store.built_in()).unwrap().unwrap()), kept);
    }
}

#[test]
fn tokens_are_turned_into_text_where_the_model_is_here() {
    let world = world();
    let outcome = world.run(&changed(|_| ())).unwrap();
    let root = world.blobs.put(ArtifactKind::Output, &outcome.output).unwrap();
    let tokens = world.blobs.output(&root).unwrap().unwrap();
    let text = world.models.detokenize(&world.models.built_in(), &tokens).unwrap();
    assert_eq!(text.as_deref(), Some(outcome.text.as_str()));
    assert_eq!(world.models.detokenize(&super::support::MODEL, &[1]), Ok(None));
}

#[test]
fn texts_of_other_models_neither_load_weights_nor_drop_those_that_are_loaded() {
    let dir = tempfile::tempdir().unwrap();
    let models = [dir.path().join("a"), dir.path().join("b")];
    for (spaces, folder) in (1..).zip(&models) {
        write_with_spaces(folder, spaces);
    }
    let id = |folder: &Path| model_id(&ModelFiles::read(folder).unwrap());
    let (first, second) = (id(&models[0]), id(&models[1]));
    let one = need(&first);
    // Room for one of them.
    let store = ModelStore::open(&[dir.path().to_path_buf()], one + one / 2).unwrap();
    let loaded = store.exact(&first).unwrap().unwrap();
    let tokens = loaded.tokenizer().encode("Once upon a time", false).unwrap();
    let expected = loaded.tokenizer().decode(&tokens, true).unwrap();
    // Weights that are gone are not missed.
    fs::remove_file(models[1].join("model.safetensors")).unwrap();
    for model in [&second, &first, &store.built_in(), &second, &first] {
        assert_eq!(store.detokenize(model, &tokens), Ok(Some(expected.clone())));
    }
    assert!(Arc::ptr_eq(&loaded, &store.exact(&first).unwrap().unwrap()), "it stayed loaded");
    assert!(store.exact(&second).is_err());
}
