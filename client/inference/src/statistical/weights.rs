//! `model.safetensors`: every tensor of the architecture as checked f32 values.

use half::{bf16, f16};
use safetensors::tensor::{Dtype, TensorView};
use safetensors::SafeTensors;

use crate::statistical::config::Config;
use crate::statistical::kernels::Matrix;
use crate::{ModelError, WEIGHTS_FILE};

/// Longest accepted header; the largest accepted architecture needs about a megabyte.
const HEADER_LIMIT: u64 = 16 << 20;

/// The parameters of one layer.
#[derive(Debug)]
pub(crate) struct Layer {
    pub attention_norm: Vec<f32>,
    pub query: Matrix,
    pub key: Matrix,
    pub value: Matrix,
    pub output: Matrix,
    pub mlp_norm: Vec<f32>,
    pub gate: Matrix,
    pub up: Matrix,
    pub down: Matrix,
}

/// All parameters.
#[derive(Debug)]
pub(crate) struct Weights {
    pub embedding: Matrix,
    pub layers: Vec<Layer>,
    pub norm: Vec<f32>,
    /// `None` when the embedding table is also the output layer.
    pub head: Option<Matrix>,
}

impl Weights {
    /// Reads all tensors that `config` asks for; others in the file are ignored.
    pub fn parse(contents: &[u8], config: &Config) -> Result<Self, ModelError> {
        check_header(contents, config)?;
        let file = SafeTensors::deserialize(contents).map_err(|error| malformed(format!("{error}")))?;
        let (h, i) = (config.hidden_size, config.intermediate_size);
        let (q, kv) = (config.query_width(), config.kv_width());
        let layers = (0..config.layers)
            .map(|at| {
                let matrix = |name: &str, rows, columns| {
                    matrix(&file, format!("model.layers.{at}.{name}.weight"), rows, columns)
                };
                let gain = |name: &str| tensor(&file, &format!("model.layers.{at}.{name}.weight"), &[h]);
                Ok(Layer {
                    attention_norm: gain("input_layernorm")?,
                    query: matrix("self_attn.q_proj", q, h)?,
                    key: matrix("self_attn.k_proj", kv, h)?,
                    value: matrix("self_attn.v_proj", kv, h)?,
                    output: matrix("self_attn.o_proj", h, q)?,
                    mlp_norm: gain("post_attention_layernorm")?,
                    gate: matrix("mlp.gate_proj", i, h)?,
                    up: matrix("mlp.up_proj", i, h)?,
                    down: matrix("mlp.down_proj", h, i)?,
                })
            })
            .collect::<Result<Vec<_>, ModelError>>()?;
        Ok(Self {
            embedding: matrix(&file, "model.embed_tokens.weight".to_owned(), config.vocab_size, h)?,
            layers,
            norm: tensor(&file, "model.norm.weight", &[h])?,
            head: match config.tied_embeddings {
                true => None,
                false => Some(matrix(&file, "lm_head.weight".to_owned(), config.vocab_size, h)?),
            },
        })
    }

    /// The output layer.
    pub fn head(&self) -> &Matrix {
        self.head.as_ref().unwrap_or(&self.embedding)
    }
}

/// Checks the length prefix before the parser allocates by it, and that the file is no larger than
/// its configuration explains.
fn check_header(contents: &[u8], config: &Config) -> Result<(), ModelError> {
    let Some(prefix) = contents.first_chunk::<8>() else {
        return Err(malformed(format!("{} bytes are too few for a header length", contents.len())));
    };
    let header = u64::from_le_bytes(*prefix);
    let rest = contents.len() as u64 - 8;
    if header > rest {
        return Err(malformed(format!("the header claims {header} bytes, {rest} are there")));
    }
    if header > HEADER_LIMIT {
        return Err(malformed(format!("the header has {header} bytes, at most {HEADER_LIMIT} are accepted")));
    }
    // Twice the f32 size leaves room for tensors that are ignored, such as a stored tied head.
    let limit = config.parameters() * 8 + HEADER_LIMIT;
    if contents.len() as u64 > limit {
        return Err(ModelError::FileTooLarge { file: WEIGHTS_FILE, found: contents.len() as u64, limit });
    }
    Ok(())
}

fn malformed(reason: String) -> ModelError {
    ModelError::Malformed { file: WEIGHTS_FILE, reason }
}

fn matrix(file: &SafeTensors<'_>, name: String, rows: usize, columns: usize) -> Result<Matrix, ModelError> {
    Ok(Matrix { rows, columns, values: tensor(file, &name, &[rows, columns])? })
}

fn tensor(file: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
    let view = file.tensor(name).map_err(|_| ModelError::MissingTensor { tensor: name.to_owned() })?;
    if view.shape() != shape {
        return Err(ModelError::ShapeMismatch {
            tensor: name.to_owned(),
            expected: shape.to_vec(),
            found: view.shape().to_vec(),
        });
    }
    let values = widen(name, &view)?;
    let expected: usize = shape.iter().product();
    if values.len() != expected {
        return Err(malformed(format!("tensor {name} has {} elements, expected {expected}", values.len())));
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(ModelError::NotFiniteWeight { tensor: name.to_owned(), index }),
        None => Ok(values),
    }
}

/// The values as f32, which holds F16 and BF16 exactly.
fn widen(name: &str, view: &TensorView<'_>) -> Result<Vec<f32>, ModelError> {
    let data = view.data();
    match view.dtype() {
        Dtype::F32 => Ok(data.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()),
        Dtype::F16 => Ok(data.as_chunks::<2>().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect()),
        Dtype::BF16 => Ok(data.as_chunks::<2>().0.iter().map(|bytes| bf16::from_le_bytes(*bytes).to_f32()).collect()),
        other => Err(ModelError::UnsupportedType { tensor: name.to_owned(), found: format!("{other:?}") }),
    }
}
