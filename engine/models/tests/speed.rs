//! Measures import and loading: `cargo test -p strike-models --test speed -- --ignored --nocapture`.

use std::time::Instant;

use crate::common::gguf::{self, Stored};
use crate::common::Type;
use strike_models::{CacheUse, Check, Model, OpenOptions};

const HIDDEN: usize = 2048;
const FFN: usize = 5632;
const LAYERS: usize = 4;
const VOCAB: usize = 32_000;

/// Processor seconds of all threads so far; steadier than the clock on a machine with other work.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // utime and stime, in hundredths.
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

/// Prints seconds for 10^9 bytes of the source, by the clock and of the processors.
fn measure(what: &str, bytes: usize, work: impl FnOnce() -> Model) {
    let (start, processor) = (Instant::now(), processor_seconds());
    let model = work();
    let per_gigabyte = |seconds: f64| seconds / bytes as f64 * 1e9;
    let (clock, processor) = (start.elapsed().as_secs_f64(), processor_seconds() - processor);
    let panels = model.weight_bytes() >> 20;
    println!(
        "{what}: {:.2} s/GB, processor {:.2} s/GB, panels {panels} MB",
        per_gigabyte(clock),
        per_gigabyte(processor)
    );
}

#[test]
#[ignore = "a measurement"]
fn speed_of_import_and_loading() {
    // Type number, and the numbers and bytes of its unit.
    for (name, kind, unit, bytes) in [
        ("F32", 0, 1, 4),
        ("BF16", 30, 1, 2),
        ("F16", 1, 1, 2),
        ("Q8_0", 8, 32, 34),
        ("Q4_0", 2, 32, 18),
        ("Q4_K", 12, 256, 144),
        ("Q6_K", 14, 256, 210),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.gguf");
        let mut tensors =
            vec![matrix("token_embd.weight", VOCAB, HIDDEN, kind, unit, bytes), norm("output_norm.weight")];
        for layer in 0..LAYERS {
            let name = |own: &str| format!("blk.{layer}.{own}.weight");
            for (own, rows, columns) in [
                ("attn_q", HIDDEN, HIDDEN),
                ("attn_k", 256, HIDDEN),
                ("attn_v", 256, HIDDEN),
                ("attn_output", HIDDEN, HIDDEN),
                ("ffn_gate", FFN, HIDDEN),
                ("ffn_up", FFN, HIDDEN),
                ("ffn_down", HIDDEN, FFN),
            ] {
                tensors.push(matrix(&name(own), rows, columns, kind, unit, bytes));
            }
            tensors.push(norm(&name("attn_norm")));
            tensors.push(norm(&name("ffn_norm")));
        }
        let number = |key: &str, value: u32| (format!("llama.{key}"), value.into());
        let metadata = [
            ("general.architecture".to_owned(), "llama".into()),
            number("context_length", 2048),
            number("embedding_length", HIDDEN as u32),
            number("block_count", LAYERS as u32),
            number("feed_forward_length", FFN as u32),
            number("attention.head_count", 32),
            number("attention.head_count_kv", 4),
            ("llama.attention.layer_norm_rms_epsilon".to_owned(), 1e-5f32.into()),
        ];
        let contents = gguf::write(&metadata, &tensors);
        drop(tensors);
        let length = contents.len();
        std::fs::write(&path, contents).unwrap();
        let cache = || CacheUse::On(folder.path().join("cache"));
        let open = |cache, check| Model::open(&path, &OpenOptions { cache, check, ..OpenOptions::default() }).unwrap();
        measure(&format!("{name} to memory"), length, || open(CacheUse::Off, Check::Always));
        measure(&format!("{name} to a cache file"), length, || open(cache(), Check::Always));
        measure(&format!("{name} checked"), length, || open(cache(), Check::Always));
        measure(&format!("{name} trusted"), length, || open(cache(), Check::Never));
    }
}

fn matrix(name: &str, rows: usize, columns: usize, kind: u32, unit: usize, bytes: usize) -> Stored {
    let length = rows * columns / unit * bytes;
    // Small numbers of every type: no exponent is all ones.
    let bytes = (0..length as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8 & 0x3f).collect();
    Stored { name: name.to_owned(), shape: vec![rows, columns], kind, bytes }
}

fn norm(name: &str) -> Stored {
    Stored::new(&crate::common::tensor(name, &[HIDDEN]), Type::F32)
}
