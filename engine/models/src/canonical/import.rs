//! Canonical import: every matrix as panels, every vector as f32, and the weights root over both.
//!
//! One panel at a time in each thread: its rows are read, brought into canonical blocks, hashed as leaves, and packed. The
//! model is never in memory twice, and not even once where the panels go to a file.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rayon::prelude::*;

use crate::architecture::layout::{TensorKind, TensorShape};
use crate::canonical::aligned::Aligned;
use crate::canonical::blocks::row_bytes;
use crate::canonical::matrix::{Packing, PANEL_COLUMNS};
use crate::canonical::merkle::{checksum, plain, Hash};
use crate::canonical::panels::{panel_bytes, Rows};
use crate::canonical::root::{matrix_leaf, vector_bytes, vector_leaf, weights_root};
use crate::error::ModelError;

/// Where the tensors come from.
pub(crate) trait TensorReader: Sync {
    /// The rows of a matrix, after its shape was checked.
    fn matrix<'a>(&'a self, shape: &TensorShape) -> Result<Box<dyn RowSource + 'a>, ModelError>;
    /// The numbers of a vector.
    fn vector(&self, shape: &TensorShape) -> Result<Vec<f32>, ModelError>;
    /// Bytes of all tensors, for the progress.
    fn total_bytes(&self) -> u64;
}

/// The canonical rows of one matrix.
pub(crate) trait RowSource: Sync {
    /// Writes rows `first..first + count` to the first rows of `rows`.
    fn fill(&self, first: usize, count: usize, rows: &mut Rows, scratch: &mut Vec<u8>) -> Result<(), ModelError>;
    /// Bytes of one row in the source.
    fn source_row_bytes(&self) -> usize;
    /// Whether the encoding has four bits a weight, so that no look at the integers is needed.
    fn has_four_bits(&self) -> bool;
}

/// The form that all tensors have after the import.
pub(crate) struct Imported {
    pub tensors: Vec<Tensor>,
    pub weights_root: Hash,
}

pub(crate) struct Tensor {
    pub shape: TensorShape,
    /// [`Packing::Q8`] for vectors, where it means nothing.
    pub packing: Packing,
    pub checksum: Hash,
    pub content: Content,
}

pub(crate) enum Content {
    Panels(Aligned),
    /// In the target file, behind the tensors before.
    Written,
    Vector(Vec<f32>),
}

/// Why an import ended.
pub(crate) enum ImportError {
    /// The model is to blame.
    Model(ModelError),
    /// The target file could not be written.
    Target(std::io::Error),
}

impl From<ModelError> for ImportError {
    fn from(error: ModelError) -> Self {
        Self::Model(error)
    }
}

/// A file that receives the panels, each tensor at a multiple of 64.
pub(crate) struct Target<'a> {
    pub file: &'a File,
    /// Where the first tensor begins.
    pub start: u64,
}

/// Who follows an import, and whether it is to end.
#[derive(Clone, Copy, Default)]
pub(crate) struct Progress<'a> {
    /// Called with the bytes that are done and all bytes.
    pub tell: Option<&'a (dyn Fn(u64, u64) + Sync)>,
    /// Set to end it: looked at before each panel.
    pub cancel: Option<&'a AtomicBool>,
}

/// Imports the tensors of a layout.
pub(crate) fn import(
    layout: &[TensorShape],
    reader: &dyn TensorReader,
    target: Option<Target<'_>>,
    progress: Progress<'_>,
) -> Result<Imported, ImportError> {
    let counter = Counter { done: AtomicU64::new(0), total: reader.total_bytes(), progress };
    let mut position = target.as_ref().map_or(0, |target| target.start);
    let mut tensors = Vec::with_capacity(layout.len());
    let mut leaves = Vec::with_capacity(layout.len());
    let mut length = 0;
    for shape in layout {
        let tensor = match shape.kind {
            TensorKind::Vector => {
                let values = reader.vector(shape)?;
                leaves.push(vector_leaf(shape, &values));
                length += 4 * values.len() as u64;
                let bytes = vector_bytes(&values);
                if let Some(target) = &target {
                    target.file.write_all_at(&bytes, position).map_err(ImportError::Target)?;
                }
                position += (bytes.len() as u64).next_multiple_of(64);
                let content = Content::Vector(values);
                Tensor { shape: *shape, packing: Packing::Q8, checksum: checksum(&bytes), content }
            }
            TensorKind::Matrix => {
                let source = reader.matrix(shape)?;
                let packing = choose_packing(shape, source.as_ref());
                let job = MatrixJob { shape, packing, source: source.as_ref(), counter: &counter };
                let (panels, content) = match &target {
                    Some(target) => job.to_file(target.file, position)?,
                    None => {
                        let (panels, memory) = job.to_memory()?;
                        (panels, Content::Panels(memory))
                    }
                };
                position += job.bytes().next_multiple_of(64) as u64;
                length += (shape.rows * row_bytes(shape.columns)) as u64;
                let checksums: Vec<u8> = panels.iter().flat_map(|panel| panel.checksum).collect();
                let rows = panels.into_iter().flat_map(|panel| panel.leaves).take(shape.rows).collect();
                leaves.push(matrix_leaf(shape, rows));
                Tensor { shape: *shape, packing, checksum: plain(&checksums), content }
            }
        };
        tensors.push(tensor);
    }
    Ok(Imported { tensors, weights_root: weights_root(leaves, length) })
}

/// One matrix in memory: its packing, its panels, and the leaf of each row.
pub(crate) fn memory_matrix(
    shape: &TensorShape,
    source: &dyn RowSource,
) -> Result<(Packing, Aligned, Vec<Hash>), ImportError> {
    let packing = choose_packing(shape, source);
    let counter = Counter { done: AtomicU64::new(0), total: 0, progress: Progress::default() };
    let (panels, memory) = MatrixJob { shape, packing, source, counter: &counter }.to_memory()?;
    Ok((packing, memory, panels.into_iter().flat_map(|panel| panel.leaves).take(shape.rows).collect()))
}

struct Counter<'a> {
    done: AtomicU64,
    total: u64,
    progress: Progress<'a>,
}

impl Counter<'_> {
    fn check(&self) -> Result<(), ModelError> {
        match self.progress.cancel.is_some_and(|cancel| cancel.load(Ordering::Relaxed)) {
            true => Err(ModelError::Cancelled),
            false => Ok(()),
        }
    }

    fn add(&self, bytes: usize) {
        let done = self.done.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        if let Some(tell) = self.progress.tell {
            tell(done.min(self.total), self.total);
        }
    }
}

/// Four bits where every integer of the matrix allows it. Most matrices are decided by their first panel.
fn choose_packing(shape: &TensorShape, source: &dyn RowSource) -> Packing {
    if source.has_four_bits() {
        return Packing::Q4;
    }
    // An error shows again when the panel is imported, so here it may count as "does not fit".
    let fits = |worker: &mut Worker, panel: usize| {
        worker.fill(shape, source, panel).is_ok_and(|()| worker.rows.fit_four_bits())
    };
    let panels = shape.rows.div_ceil(PANEL_COLUMNS);
    let all = fits(&mut Worker::new(shape.columns), 0)
        && (1..panels).into_par_iter().map_init(|| Worker::new(shape.columns), fits).all(|fits| fits);
    match all {
        true => Packing::Q4,
        false => Packing::Q8,
    }
}

struct Panel {
    leaves: [Hash; PANEL_COLUMNS],
    checksum: Hash,
}

/// Buffers of one thread.
struct Worker {
    rows: Rows,
    scratch: Vec<u8>,
}

impl Worker {
    fn new(columns: usize) -> Self {
        Self { rows: Rows::new(columns), scratch: Vec::new() }
    }

    fn fill(&mut self, shape: &TensorShape, source: &dyn RowSource, panel: usize) -> Result<(), ModelError> {
        let first = panel * PANEL_COLUMNS;
        let count = (shape.rows - first).min(PANEL_COLUMNS);
        source.fill(first, count, &mut self.rows, &mut self.scratch)?;
        self.rows.clear_from(count);
        Ok(())
    }
}

struct MatrixJob<'a> {
    shape: &'a TensorShape,
    packing: Packing,
    source: &'a dyn RowSource,
    counter: &'a Counter<'a>,
}

impl MatrixJob<'_> {
    fn panel_bytes(&self) -> usize {
        panel_bytes(self.shape.columns, self.packing)
    }

    fn panels(&self) -> usize {
        self.shape.rows.div_ceil(PANEL_COLUMNS)
    }

    fn bytes(&self) -> usize {
        self.panels() * self.panel_bytes()
    }

    fn build(&self, worker: &mut Worker, index: usize, bytes: &mut [u8]) -> Result<Panel, ModelError> {
        self.counter.check()?;
        worker.fill(self.shape, self.source, index)?;
        worker.rows.pack(self.packing, bytes);
        let rows = (self.shape.rows - index * PANEL_COLUMNS).min(PANEL_COLUMNS);
        self.counter.add(rows * self.source.source_row_bytes());
        Ok(Panel { leaves: worker.rows.leaves(), checksum: checksum(bytes) })
    }

    fn to_memory(&self) -> Result<(Vec<Panel>, Aligned), ImportError> {
        let mut memory = Aligned::zeroed(self.bytes());
        let panels = memory
            .bytes_mut()
            .par_chunks_mut(self.panel_bytes())
            .enumerate()
            .map_init(|| Worker::new(self.shape.columns), |worker, (index, bytes)| self.build(worker, index, bytes))
            .collect::<Result<Vec<_>, _>>()?;
        Ok((panels, memory))
    }

    fn to_file(&self, file: &File, offset: u64) -> Result<(Vec<Panel>, Content), ImportError> {
        let buffers = || (Worker::new(self.shape.columns), vec![0; self.panel_bytes()]);
        let panels = (0..self.panels())
            .into_par_iter()
            .map_init(buffers, |(worker, bytes), index| {
                let panel = self.build(worker, index, bytes)?;
                let position = offset + (index * self.panel_bytes()) as u64;
                file.write_all_at(bytes, position).map_err(ImportError::Target)?;
                Ok(panel)
            })
            .collect::<Result<Vec<_>, ImportError>>()?;
        Ok((panels, Content::Written))
    }
}
