//! Which matrices of the base model an adapter's file speaks of.

use std::collections::BTreeMap;

use crate::architecture::layout::{fused, TensorKind, TensorShape};
use crate::architecture::tensors::{LayerTensor, TensorName};
use crate::architecture::Decoder;
use crate::containers::store::Store;
use crate::error::ModelError;

/// The file of an adapter's matrices.
pub(super) const WEIGHTS_FILE: &str = "adapter_model.safetensors";

/// A matrix of the base model, and where in the file its factors are.
pub(super) struct Part {
    pub name: TensorName,
    /// Of the base model's matrix.
    pub rows: usize,
    pub columns: usize,
    /// Names of the tensors.
    pub a: String,
    pub b: String,
    /// Rows of the file's `B`, of which those from `first_row` on belong to the matrix.
    pub total_rows: usize,
    pub first_row: usize,
}

/// A linear layer of the base model that has both matrices in the file.
struct Module {
    layer: u16,
    tensors: &'static [LayerTensor],
    a: String,
    b: String,
}

/// Names of transformers' linear layers, and the canonical matrices that each consists of.
const MODULES: [(&str, &[LayerTensor]); 9] = [
    ("self_attn.q_proj", &[LayerTensor::Query]),
    ("self_attn.k_proj", &[LayerTensor::Key]),
    ("self_attn.v_proj", &[LayerTensor::Value]),
    ("self_attn.o_proj", &[LayerTensor::AttentionOutput]),
    ("self_attn.qkv_proj", &[LayerTensor::Query, LayerTensor::Key, LayerTensor::Value]),
    ("mlp.gate_proj", &[LayerTensor::Gate]),
    ("mlp.up_proj", &[LayerTensor::Up]),
    ("mlp.down_proj", &[LayerTensor::Down]),
    ("mlp.gate_up_proj", &[LayerTensor::Gate, LayerTensor::Up]),
];

/// The matrices that the tensors of the file belong to, in the order of the model's tensors.
pub(super) fn parts(store: &Store, decoder: &Decoder, layout: &[TensorShape]) -> Result<Vec<Part>, ModelError> {
    let shapes: BTreeMap<_, _> = layout.iter().map(|shape| (shape.name, shape)).collect();
    let mut parts = BTreeMap::new();
    for module in modules(store, decoder.layers)? {
        for tensor in module.tensors {
            let name = TensorName::Layer(module.layer, *tensor);
            let shape = shapes.get(&name).filter(|shape| shape.kind == TensorKind::Matrix);
            let shape = shape.ok_or_else(|| foreign(&module.a))?;
            let (first_row, total_rows) = match module.tensors {
                [_] => (0, shape.rows),
                _ => fused(decoder, *tensor).ok_or_else(|| foreign(&module.a))?,
            };
            let (rows, columns) = (shape.rows, shape.columns);
            let (a, b) = (module.a.clone(), module.b.clone());
            if parts.insert(name, Part { name, rows, columns, a, b, total_rows, first_row }).is_some() {
                return Err(ModelError::malformed(WEIGHTS_FILE, format!("several tensors adapt {name}")));
            }
        }
    }
    Ok(parts.into_values().collect())
}

fn foreign(tensor: &str) -> ModelError {
    ModelError::malformed(WEIGHTS_FILE, format!("tensor {tensor} belongs to no matrix of the model's layers"))
}

/// The modules by the names of the tensors, such as `base_model.model.model.layers.3.self_attn.q_proj.lora_A.weight`.
fn modules(store: &Store, layers: usize) -> Result<Vec<Module>, ModelError> {
    let mut modules = Vec::new();
    let mut names: Vec<&String> = store.tensors.keys().collect();
    names.sort();
    for name in names {
        let module = name.strip_suffix(".lora_A.weight").or_else(|| name.strip_suffix(".lora_B.weight"));
        let (_, place) = module.and_then(|module| module.rsplit_once("layers.")).ok_or_else(|| foreign(name))?;
        let (layer, own) = place.split_once('.').ok_or_else(|| foreign(name))?;
        let layer = layer.parse::<u16>().ok().filter(|layer| usize::from(*layer) < layers);
        let tensors = MODULES.into_iter().find(|(module, _)| *module == own);
        let (Some(layer), Some((_, tensors)), Some(module)) = (layer, tensors, module) else {
            return Err(foreign(name));
        };
        // The pair is taken at its first matrix; the second must be there.
        if name.ends_with("A.weight") {
            modules.push(Module { layer, tensors, a: name.clone(), b: format!("{module}.lora_B.weight") });
        } else if !store.contains(&format!("{module}.lora_A.weight")) {
            let tensor = format!("{module}.lora_A.weight");
            return Err(ModelError::MissingTensor { file: WEIGHTS_FILE.to_owned(), tensor });
        }
    }
    match modules.is_empty() {
        true => Err(ModelError::malformed(WEIGHTS_FILE, "it has no LoRA matrices")),
        false => Ok(modules),
    }
}
