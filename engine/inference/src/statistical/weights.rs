//! Every tensor of the architecture as f32 values.

use std::sync::atomic::{AtomicBool, Ordering};

use strike_models::tensors::{LayerTensor, TensorName};
use strike_models::{FloatMatrix, FloatModel, ModelError, WEIGHTS_FILE};

use crate::statistical::config::Config;

/// The parameters of one layer.
#[derive(Debug)]
pub(crate) struct Layer {
    pub attention_norm: Vec<f32>,
    pub query: FloatMatrix,
    pub key: FloatMatrix,
    pub value: FloatMatrix,
    pub output: FloatMatrix,
    pub mlp_norm: Vec<f32>,
    pub gate: FloatMatrix,
    pub up: FloatMatrix,
    pub down: FloatMatrix,
}

/// All parameters.
#[derive(Debug)]
pub(crate) struct Weights {
    pub embedding: FloatMatrix,
    pub layers: Vec<Layer>,
    pub norm: Vec<f32>,
    /// `None` when the embedding table is also the output layer.
    pub head: Option<FloatMatrix>,
}

impl Weights {
    /// Reads all tensors that `config` asks for; others in the file are ignored. Looks before each layer whether it is `cancelled`.
    pub fn read(model: &FloatModel, config: &Config, cancelled: &AtomicBool) -> Result<Self, ModelError> {
        use LayerTensor as T;
        let layers = (0..config.layers)
            .map(|at| {
                if cancelled.load(Ordering::Relaxed) {
                    return Err(ModelError::Cancelled);
                }
                let name = |tensor| TensorName::Layer(at as u16, tensor);
                Ok(Layer {
                    attention_norm: vector(model, name(T::AttentionNorm))?,
                    query: matrix(model, name(T::Query))?,
                    key: matrix(model, name(T::Key))?,
                    value: matrix(model, name(T::Value))?,
                    output: matrix(model, name(T::AttentionOutput))?,
                    mlp_norm: vector(model, name(T::FfnNorm))?,
                    gate: matrix(model, name(T::Gate))?,
                    up: matrix(model, name(T::Up))?,
                    down: matrix(model, name(T::Down))?,
                })
            })
            .collect::<Result<Vec<_>, ModelError>>()?;
        Ok(Self {
            embedding: matrix(model, TensorName::Embedding)?,
            layers,
            norm: vector(model, TensorName::OutputNorm)?,
            head: match config.tied_embeddings {
                true => None,
                false => Some(matrix(model, TensorName::Output)?),
            },
        })
    }

    /// The output layer.
    pub fn head(&self) -> &FloatMatrix {
        self.head.as_ref().unwrap_or(&self.embedding)
    }
}

/// An open model has every tensor of its architecture.
fn missing(name: TensorName) -> ModelError {
    ModelError::MissingTensor { file: WEIGHTS_FILE.to_owned(), tensor: name.to_string() }
}

fn matrix(model: &FloatModel, name: TensorName) -> Result<FloatMatrix, ModelError> {
    model.matrix(name)?.ok_or_else(|| missing(name))
}

fn vector(model: &FloatModel, name: TensorName) -> Result<Vec<f32>, ModelError> {
    model.vector(name)?.ok_or_else(|| missing(name))
}
