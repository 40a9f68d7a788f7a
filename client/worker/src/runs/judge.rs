//! What a check says of a provider's claim: the verdict, and the tag that proves the work.

use crate::engine::execute::outcome::Outcome;
use strike_inference::exact::Trace;
use strike_primitives::{
    artifact::output_bytes_root,
    commitment::CommitmentV1,
    verdict::{work_cell, work_tag, AuditRef, InvalidReason, Verdict},
    Units, H256,
};

/// The work tag of a check: made of the cell of the trace that the audit draws.
pub(crate) fn work_tag_of(trace: &Trace, audit: &AuditRef, beacon: &H256) -> H256 {
    let (positions, layers) = (trace.tokens().len() as u64, trace.layers() as u64);
    let cell = work_cell(audit, beacon, positions.saturating_mul(layers)).and_then(|cell| {
        let (position, layer) = (cell.checked_div(layers)?, cell.checked_rem(layers)?);
        trace.cells(position as usize).get(layer as usize).copied()
    });
    // A run without a position has no cell: its output is empty whatever the model.
    work_tag(&cell.map(H256).unwrap_or_default())
}

/// Compare a provider's claim with what the check got. The output comes first: if it differs, nothing else matters.
pub(crate) fn judge(claim: &CommitmentV1, outcome: &Outcome) -> Verdict {
    let invalid = |reason| Verdict::Invalid { reason };
    if claim.out_root != output_bytes_root(&outcome.output) {
        invalid(InvalidReason::OutputMismatch)
    } else if (claim.n_in, claim.n_out) != (outcome.n_in, outcome.n_out) {
        invalid(InvalidReason::CountMismatch)
    } else if claim.stop != outcome.stop {
        invalid(InvalidReason::StopMismatch)
    } else if claim.trace_root != outcome.trace_root() {
        invalid(InvalidReason::TraceMismatch)
    } else {
        Verdict::Valid { units: units(outcome) }
    }
}

/// Units as this check counted them: tokens read and written, and none where the job made an output impossible.
fn units(outcome: &Outcome) -> Units {
    if outcome.stop.is_job_error() {
        0
    } else {
        Units::from(outcome.n_in).saturating_add(Units::from(outcome.n_out))
    }
}
