//! Cache files are used when they are whole, and rebuilt when they are not.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, Once};

use crate::common::families::all;
use crate::common::gguf::{self, Stored};
use crate::common::Type;
use strike_models::tensors::{LayerTensor, TensorName};
use strike_models::{
    cache_entries, layout, CacheFailure, CacheState, CacheUse, Check, Model, ModelError, OpenOptions, TensorKind,
};
use tempfile::TempDir;

struct World {
    folder: TempDir,
    model: PathBuf,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model.gguf");
        let sample = all().remove(0);
        let mut tensors: Vec<_> = sample.gguf.iter().map(|tensor| Stored::new(tensor, Type::F16)).collect();
        // One matrix of four bits.
        let up = tensors.iter_mut().find(|tensor| tensor.name == "blk.1.ffn_up.weight").unwrap();
        up.kind = 2;
        up.bytes = (0..up.shape.iter().product::<usize>() / 32 * 18).map(|at| (at * 41 % 120) as u8).collect();
        std::fs::write(&model, gguf::write(&sample.metadata, &tensors)).unwrap();
        Self { folder, model }
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    /// Opens the model; also whether it was imported.
    fn open(&self, check: Check) -> (Model, bool) {
        self.open_in(self.cache(), check)
    }

    fn open_in(&self, folder: PathBuf, check: Check) -> (Model, bool) {
        let (done, total) = (AtomicU64::new(0), AtomicU64::new(0));
        let progress = |bytes, all| {
            done.fetch_max(bytes, Ordering::Relaxed);
            total.store(all, Ordering::Relaxed);
        };
        let options =
            OpenOptions { cache: CacheUse::On(folder), check, progress: Some(&progress), ..OpenOptions::default() };
        let model = Model::open(&self.model, &options).unwrap();
        assert_eq!(done.load(Ordering::Relaxed), total.load(Ordering::Relaxed));
        (model, total.into_inner() > 0)
    }

    fn in_memory(&self) -> Model {
        Model::open(&self.model, &OpenOptions { cache: CacheUse::Off, ..OpenOptions::default() }).unwrap()
    }

    fn cache_file(&self) -> PathBuf {
        let files = std::fs::read_dir(self.cache()).unwrap().map(|entry| entry.unwrap().path());
        let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|kind| kind == "panels")).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    }
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

fn assert_same(first: &Model, second: &Model) {
    assert_eq!(first.weights_root(), second.weights_root());
    assert_eq!(first.weight_bytes(), second.weight_bytes());
    for shape in layout(first.architecture()) {
        match shape.kind {
            TensorKind::Vector => assert_eq!(first.vector(shape.name), second.vector(shape.name), "{}", shape.name),
            TensorKind::Matrix => {
                let [first, second] = [first, second].map(|model| model.matrix(shape.name).unwrap());
                assert_eq!((first.rows, first.columns, first.packing), (second.rows, second.columns, second.packing));
                assert!(first.panels == second.panels, "{}", shape.name);
                assert_eq!(second.panels.as_ptr() as usize % 64, 0);
            }
        }
    }
}

#[test]
fn the_second_opening_maps_what_the_first_imported() {
    let world = World::new();
    let memory = world.in_memory();
    for (check, imports) in
        [(Check::Always, true), (Check::Always, false), (Check::OnceABoot, false), (Check::Never, false)]
    {
        let (model, imported) = world.open(check);
        assert_eq!(imported, imports);
        assert_same(&memory, &model);
    }
    assert_eq!((mode(&world.cache()), mode(&world.cache_file())), (0o700, 0o600));
}

#[test]
fn a_damaged_header_or_directory_is_rebuilt_without_a_check_of_the_data() {
    let world = World::new();
    // Not the mapped model: the test writes to the mapped file.
    let memory = world.in_memory();
    world.open(Check::Always);
    let whole = std::fs::read(world.cache_file()).unwrap();
    let start = u64::from_le_bytes(whole[16..24].try_into().unwrap()) as usize;
    for at in (0..start).step_by(37) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        std::fs::write(world.cache_file(), damaged).unwrap();
        let (model, imported) = world.open(Check::Never);
        assert!(imported, "{at}");
        assert_same(&memory, &model);
        drop(model);
    }
    for length in [0, 10, start - 1, start, whole.len() - 1] {
        std::fs::write(world.cache_file(), &whole[..length]).unwrap();
        assert!(world.open(Check::Never).1, "{length}");
    }
    assert!(!world.open(Check::Always).1);
}

#[test]
fn damaged_data_are_rebuilt_by_a_checked_opening() {
    let world = World::new();
    // Not the mapped model: the test writes to the mapped file.
    let memory = world.in_memory();
    world.open(Check::Always);
    let whole = std::fs::read(world.cache_file()).unwrap();
    let start = u64::from_le_bytes(whole[16..24].try_into().unwrap()) as usize;
    for at in (start..whole.len()).step_by(whole.len() / 40) {
        // Padding between tensors is in no tensor's data.
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        std::fs::write(world.cache_file(), damaged).unwrap();
        let (model, _) = world.open(Check::Always);
        assert_same(&memory, &model);
    }
}

#[test]
fn data_are_checked_once_a_boot_and_again_when_the_file_changed() {
    let world = World::new();
    let memory = world.in_memory();
    drop(world.open(Check::OnceABoot));
    let whole = std::fs::read(world.cache_file()).unwrap();
    let start = u64::from_le_bytes(whole[16..24].try_into().unwrap()) as usize;
    let mut damaged = whole.clone();
    damaged[start] ^= 1;
    for _ in 0..3 {
        // Twice: the first one marks the file.
        assert!(!world.open(Check::OnceABoot).1);
        assert!(!world.open(Check::OnceABoot).1);
        std::fs::write(world.cache_file(), &damaged).unwrap();
        let (model, imported) = world.open(Check::OnceABoot);
        assert!(imported);
        assert_same(&memory, &model);
    }
}

#[test]
fn a_changed_source_has_another_cache_file() {
    let world = World::new();
    let (first, _) = world.open(Check::Always);
    change(&world.model);
    let (second, imported) = world.open(Check::Always);
    assert!(imported);
    assert_ne!(first.weights_root(), second.weights_root());
}

#[test]
fn a_folder_that_others_may_write_to_is_made_private_before_it_is_trusted() {
    let world = World::new();
    world.open(Check::Always);
    std::fs::set_permissions(world.cache(), PermissionsExt::from_mode(0o777)).unwrap();
    assert!(world.open(Check::Always).1);
    assert_eq!(mode(&world.cache()), 0o700);
}

#[test]
fn without_a_folder_the_model_is_in_memory_and_that_is_told() {
    let world = World::new();
    // A file is in the folder's place.
    let (model, imported) = world.open_in(world.model.clone(), Check::Always);
    assert!(imported);
    assert_same(&world.in_memory(), &model);
    assert!(model.matrix(TensorName::Layer(0, LayerTensor::Query)).is_some());

    let told = Mutex::new(Vec::new());
    let tell = |failure: &CacheFailure| told.lock().unwrap().push(failure.to_string());
    let cache = CacheUse::On(world.model.clone());
    let options = OpenOptions { cache, on_cache_failure: Some(&tell), ..OpenOptions::default() };
    assert_same(&model, &Model::open(&world.model, &options).unwrap());
    let told = told.into_inner().unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with(&format!("{}: ", world.model.display())), "{told:?}");
}

/// A file of the cache that an import would write to.
fn unfinished(world: &World, process: u32) -> (PathBuf, File) {
    let stem = "0123456789abcdef0123456789abcdef01234567";
    let path = world.cache().join(format!("{stem}.{process}-0.new"));
    let file = File::create_new(&path).unwrap();
    file.set_len(1 << 20).unwrap();
    (path, file)
}

#[test]
fn what_a_killed_import_left_goes_with_the_next_opening_and_a_running_import_is_left_alone() {
    let world = World::new();
    world.open(Check::Always);
    // As a killed process leaves it, and, of a number that another process had once, as a living one holds it.
    let (left, _) = unfinished(&world, 1);
    let (held, file) = unfinished(&world, 2);
    file.lock().unwrap();
    // The folder may be one that was there before.
    let foreign = world.cache().join("thesis.new");
    std::fs::write(&foreign, "years of work").unwrap();
    assert!(!world.open(Check::Always).1);
    assert!(!left.exists() && held.exists() && foreign.exists());
    drop(file);
    world.open(Check::Always);
    assert!(!held.exists() && foreign.exists());
}

#[test]
fn the_panels_of_a_model_that_changed_go_when_it_is_imported_anew() {
    let world = World::new();
    let (first, _) = world.open(Check::OnceABoot);
    let memory = world.in_memory();
    let old = world.cache_file();
    change(&world.model);
    assert!(world.open(Check::OnceABoot).1);
    assert_ne!(world.cache_file(), old, "one file, and not the old one");
    for ending in ["panels", "checked", "sources"] {
        assert!(!old.with_extension(ending).exists(), "{ending}");
    }
    // Who has the old one open keeps it.
    assert_same(&memory, &first);
}

/// Changes the last weight of a model.
fn change(model: &Path) {
    let mut contents = std::fs::read(model).unwrap();
    let last = contents.len() - 2;
    contents[last] ^= 1;
    std::fs::write(model, contents).unwrap();
}

#[test]
fn the_folder_is_listed_with_what_each_file_is_good_for_and_cleaned_of_the_rest() {
    let world = World::new();
    assert!(cache_entries(&world.cache()).unwrap().is_empty());
    world.open(Check::OnceABoot);
    let only = || {
        let mut entries = cache_entries(&world.cache()).unwrap();
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries.remove(0)
    };
    let entry = only();
    assert_eq!((entry.state, entry.is_useless()), (CacheState::Current, false));
    assert_eq!(entry.sources, [world.model.canonicalize().unwrap()]);
    assert_eq!(entry.bytes, world.cache_file().metadata().unwrap().len());

    // What an older release wrote says nothing of its sources, until it is used.
    let sources = world.cache_file().with_extension("sources");
    std::fs::remove_file(&sources).unwrap();
    assert_eq!((only().state, only().is_useless()), (CacheState::SourcesUnknown, false));
    assert!(!world.open(Check::OnceABoot).1);
    assert_eq!(only(), entry);

    let elsewhere = world.folder.path().join("elsewhere.gguf");
    std::fs::rename(&world.model, &elsewhere).unwrap();
    assert_eq!((only().state, only().is_useless()), (CacheState::SourcesMissing, true));
    std::fs::rename(&elsewhere, &world.model).unwrap();
    change(&world.model);
    assert_eq!((only().state, only().is_useless()), (CacheState::Outdated, true));
    only().remove().unwrap();
    let left: Vec<_> = std::fs::read_dir(world.cache()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");

    let (path, file) = unfinished(&world, 1);
    file.lock().unwrap();
    assert_eq!((only().state, only().is_useless()), (CacheState::Importing, false));
    assert!(only().remove().is_err() && path.exists());
    drop(file);
    assert_eq!((only().state, only().bytes), (CacheState::Abandoned, 1 << 20));
    only().remove().unwrap();
    assert!(cache_entries(&world.cache()).unwrap().is_empty());
}

fn append_a_byte(path: &Path) {
    File::options().append(true).open(path).unwrap().write_all(&[0]).unwrap();
}

#[test]
fn what_is_written_to_while_it_is_imported_is_kept_under_no_name() {
    let world = World::new();
    let once = Once::new();
    let progress = |_: u64, _: u64| once.call_once(|| append_a_byte(&world.model));
    let options =
        OpenOptions { cache: CacheUse::On(world.cache()), progress: Some(&progress), ..OpenOptions::default() };
    let refused = Model::open(&world.model, &options).err().unwrap();
    assert!(matches!(refused, ModelError::ChangedMeanwhile { ref file } if file == "model.gguf"), "{refused}");
    for entry in std::fs::read_dir(world.cache()).unwrap() {
        let name = entry.unwrap().file_name();
        assert!(!name.to_string_lossy().ends_with(".panels"), "{name:?}");
    }
}

#[test]
fn an_import_ends_when_it_is_cancelled_and_the_next_one_begins_anew() {
    let world = World::new();
    let cancel = AtomicBool::new(true);
    for cache in [CacheUse::On(world.cache()), CacheUse::Off] {
        let options = OpenOptions { cache, cancel: Some(&cancel), ..OpenOptions::default() };
        let cancelled = Model::open(&world.model, &options).err().unwrap();
        assert!(matches!(cancelled, ModelError::Cancelled), "{cancelled}");
    }
    assert!(world.open(Check::Always).1);
}

#[test]
fn a_model_says_when_somebody_wrote_to_what_it_is_mapped_from() {
    let world = World::new();
    assert!(world.in_memory().is_intact());
    let (imported, mapped) = (world.open(Check::Always).0, world.open(Check::Always).0);
    assert!(imported.is_intact() && mapped.is_intact());
    append_a_byte(&world.cache_file());
    assert!(!imported.is_intact() && !mapped.is_intact());

    let (again, is_imported) = world.open(Check::Always);
    assert!(is_imported && again.is_intact());
    std::fs::remove_file(world.cache_file()).unwrap();
    assert!(again.is_intact(), "who has it open keeps it");
}
