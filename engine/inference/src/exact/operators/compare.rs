//! The check of a record that the maker of a trace hands in for the first cell that differs.

use super::operator::{Number, Operator, OperatorOutput, Operators};
use crate::control::Control;
use crate::exact::decoder::model::ExactModel;
use crate::exact::engine::Engine;
use crate::exact::error::JobError;
use crate::exact::job::Job;
use crate::exact::trace::{Hash, Trace};
use crate::exact::verify::{Claim, Divergence, Verification};

/// What the operators of a cell show, looked for in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// No record was handed in.
    Unanswered,
    /// The record is of another cell, or an operator is missing, superfluous, or of another size than model and position say.
    Shape {
        /// The first operator that is not as it should be; `None` where the place is another.
        operator: Option<Operator>,
    },
    /// The record's outputs are not those whose hash the claimed trace holds: its maker contradicts its own trace.
    Contradiction {
        /// The cell of the claimed trace.
        claimed: Hash,
        /// The cell of the record.
        record: Hash,
    },
    /// The residual stream that enters the layer is another: in the first layer than the token's embedding, in others than what
    /// the cell before it, which is right, left behind.
    Input(Difference),
    /// This operator gave something else, and all before it are right.
    Operator {
        /// The operator.
        operator: Operator,
        /// The first number that differs.
        difference: Difference,
    },
    /// Every operator is right: so is the cell.
    Same,
}

/// The first number of an output that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Row of the output: the head, where rows are heads, else 0.
    pub row: usize,
    /// Index within the row.
    pub element: usize,
    /// Bits of the right number.
    pub expected: u32,
    /// Bits of the claimed one.
    pub claimed: u32,
}

impl Engine {
    /// As [`Engine::verify`], and where the first difference is a cell, finds the operator and the number.
    ///
    /// `answer` is asked for the record of that position and layer: by whoever made the claim, with [`Engine::operators`].
    pub fn verify_to_the_operator(
        &self,
        model: &ExactModel,
        job: &Job,
        claim: &Claim,
        claimed_trace: &Trace,
        answer: impl FnOnce(usize, usize) -> Option<Operators>,
        control: &Control,
    ) -> Result<(Verification, Option<Finding>), JobError> {
        let verification = self.verify(model, job, claim, Some(claimed_trace), control)?;
        let Verification::Diverged(Divergence::Cell { position, layer }) = verification else {
            return Ok((verification, None));
        };
        let finding = match answer(position, layer) {
            None => Finding::Unanswered,
            Some(record) => {
                let cell = claimed_trace.cells(position)[layer];
                self.check_operators(model, job, &claim.tokens, (position, layer), &cell, &record, control)?
            }
        };
        Ok((verification, Some(finding)))
    }

    /// Compares a record of a cell with what the job gives there.
    ///
    /// `place` is position and layer, `claimed` its cell in the claimed trace. All cells before it are taken to be right: that of
    /// the first difference is. Errors as [`Engine::operators`].
    #[allow(clippy::too_many_arguments, reason = "job and output, place and cell, each is a thing of its own")]
    pub fn check_operators(
        &self,
        model: &ExactModel,
        job: &Job,
        output: &[u32],
        place: (usize, usize),
        claimed: &Hash,
        record: &Operators,
        control: &Control,
    ) -> Result<Finding, JobError> {
        let (position, layer) = place;
        let decoder = &model.network.decoder;
        // An error where there is no such cell, before the record is looked at.
        let right = self.operators(model, job, output, position, layer, control)?;
        if (record.position, record.layer) != place {
            return Ok(Finding::Shape { operator: None });
        }
        if let Some(operator) = wrong_shape(record, &Operator::shapes(decoder, layer, position)) {
            return Ok(Finding::Shape { operator: Some(operator) });
        }
        let Some(cell) = record.cell() else { return Ok(Finding::Shape { operator: Some(Operator::CachedKey) }) };
        if cell != *claimed {
            return Ok(Finding::Contradiction { claimed: *claimed, record: cell });
        }
        let mut outputs = right.outputs.iter().zip(&record.outputs);
        let found = outputs.find_map(|(right, claimed)| Some((right.operator, difference(right, claimed)?)));
        Ok(match found {
            None => Finding::Same,
            Some((Operator::Input, difference)) => Finding::Input(difference),
            Some((operator, difference)) => Finding::Operator { operator, difference },
        })
    }
}

/// The first operator whose output is not of the size or kind that it should be.
fn wrong_shape(record: &Operators, shapes: &[(Operator, usize, usize)]) -> Option<Operator> {
    for (output, (operator, rows, width)) in record.outputs.iter().zip(shapes) {
        let most = match operator.number() {
            Number::F32 => u32::MAX,
            Number::F16 => u32::from(u16::MAX),
            Number::I8 => u32::from(u8::MAX),
        };
        let fits = |row: &Vec<u32>| row.len() == *width && row.iter().all(|bits| *bits <= most);
        if output.operator != *operator || output.rows.len() != *rows || !output.rows.iter().all(fits) {
            return Some(*operator);
        }
    }
    // What is missing, or what follows the last.
    let missing = shapes.get(record.outputs.len()).map(|(operator, ..)| *operator);
    missing.or_else(|| record.outputs.get(shapes.len()).map(|output| output.operator))
}

fn difference(right: &OperatorOutput, claimed: &OperatorOutput) -> Option<Difference> {
    for (row, (right, claimed)) in right.rows.iter().zip(&claimed.rows).enumerate() {
        if let Some(element) = right.iter().zip(claimed).position(|(right, claimed)| right != claimed) {
            return Some(Difference { row, element, expected: right[element], claimed: claimed[element] });
        }
    }
    None
}
