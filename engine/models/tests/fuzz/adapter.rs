//! A LoRA adapter as PEFT writes it: a part with its configuration, then its matrices.

use strike_models::architecture::Architecture;
use strike_models::synthetic::DecoderShape;
use strike_models::tensors::TensorName;
use strike_models::Adapter;

use super::{Entry, Parts};

pub const ENTRY: Entry = Entry { name: "adapter", run, fixed: 8 << 20, factor: 512 };

/// The base model.
pub const BASE: DecoderShape = DecoderShape {
    vocab_size: 4,
    hidden_size: 64,
    ffn_size: 32,
    layers: 2,
    heads: 2,
    kv_heads: 1,
    head_dim: 32,
    context_length: 16,
};

fn run(data: &[u8]) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let mut parts = Parts(data);
    std::fs::write(folder.path().join("adapter_config.json"), parts.next()).expect("a file");
    std::fs::write(folder.path().join("adapter_model.safetensors"), parts.0).expect("a file");
    let Ok(adapter) = Adapter::open(folder.path(), &Architecture::Decoder(BASE.architecture())) else { return false };
    for name in adapter.tensors() {
        let TensorName::Layer(layer, tensor) = name else { panic!("{name} is in no layer") };
        let factors = adapter.factors(layer, tensor).expect("a listed matrix has factors");
        assert!(factors.a.rows >= adapter.rank() && factors.a.rows == factors.b.columns);
        let _ = (factors.a.canonical_row(0), factors.b.canonical_row(factors.b.rows - 1));
    }
    true
}
