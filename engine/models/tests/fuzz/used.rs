//! What is done with what was read.

use strike_models::{layout, FloatModel, Model, TensorKind};

/// Every tensor of a model, and what names it.
pub fn model(model: &Model) {
    for shape in layout(model.architecture()) {
        match shape.kind {
            TensorKind::Vector => {
                let vector = model.vector(shape.name).expect("an open model has all its vectors");
                assert_eq!(vector.len(), shape.columns);
            }
            TensorKind::Matrix => {
                let matrix = model.matrix(shape.name).expect("an open model has all its matrices");
                assert_eq!((matrix.rows, matrix.columns), (shape.rows, shape.columns));
                assert_eq!(matrix.panels.len(), shape.rows.div_ceil(32) * matrix.panel_bytes());
                assert_eq!(matrix.canonical_row(shape.rows - 1).len(), shape.columns / 32 * 34);
            }
        }
    }
    let _ = model.model_root(&[0; 32]);
}

/// Every tensor in f32, one at a time.
pub fn floats(model: &FloatModel) {
    for shape in layout(model.architecture()) {
        match shape.kind {
            TensorKind::Vector => drop(model.vector(shape.name)),
            TensorKind::Matrix => drop(model.matrix(shape.name)),
        }
    }
}
