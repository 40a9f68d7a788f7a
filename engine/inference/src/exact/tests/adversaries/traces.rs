//! Traces of another form: counts, shapes, and hashes in each other's places.

use super::liar::trace as build;
use super::{claim, hundred, Case};
use crate::exact::operators::Finding;
use crate::exact::trace::{tagged, tree, Hash, TokenTrace, Trace};
use crate::exact::verify::{Claim, Divergence};

/// The parts of a right trace, to be put together otherwise.
fn parts(case: &Case) -> (usize, Vec<TokenTrace>, Vec<Hash>) {
    let trace = case.trace();
    let cells = (0..trace.tokens().len()).flat_map(|position| trace.cells(position).to_vec()).collect();
    (trace.layers(), trace.tokens().to_vec(), cells)
}

fn claim_of(case: &Case, trace: &Trace) -> Claim {
    Claim { trace_root: Some(trace.root()), ..claim(&case.truth).0 }
}

#[test]
fn nodes_for_leaves_and_leaves_for_nodes() {
    hundred("a hash in another's place", 40, |mut case| {
        let (layers, tokens, mut cells) = parts(&case);
        let (position, layer) = (case.random.below(tokens.len()), case.random.below(layers));
        let at = position * layers + layer;
        let row = cells[position * layers..][..layers].to_vec();
        let node = |children: &[Hash]| tagged(b"strike/1/trace-node", children.as_flattened());
        cells[at] = match case.random.below(5) {
            0 => node(&row[..1]),
            1 => tree(row),
            2 => case.trace().token_node(position),
            3 => case.trace().root(),
            _ => cells[(at + 1) % cells.len()],
        };
        let trace = build(layers, &tokens, &cells);
        let answer = |position, layer| case.record(&case.model, &case.job, &case.truth.tokens, position, layer);
        let (divergence, finding) = case.found(&claim_of(&case, &trace), &trace, answer);
        assert_eq!(divergence, Divergence::Cell { position, layer });
        let (claimed, record) = (cells[at], case.trace().cells(position)[layer]);
        assert_eq!(finding, Some(Finding::Contradiction { claimed, record }));
        true
    });
}

#[test]
fn another_input_of_the_head() {
    hundred("another last hash", 41, |mut case| {
        let (layers, mut tokens, cells) = parts(&case);
        let position = case.random.within(case.job.prompt.len() - 1..=tokens.len() - 1);
        match case.random.below(3) {
            0 => tokens[position].last = cells[position * layers],
            1 => tokens[position].last = Hash::default(),
            _ => tokens[position].best ^= 1,
        }
        let trace = build(layers, &tokens, &cells);
        assert_eq!(case.found_without_a_record(&claim_of(&case, &trace), &trace), Divergence::Last { position });
        true
    });
}

#[test]
fn other_counts() {
    hundred("other counts", 42, |mut case| {
        let (layers, mut tokens, mut cells) = parts(&case);
        let trace = match case.random.below(7) {
            // One node for all layers: the nodes of the positions stay what they are.
            0 => {
                let tops: Vec<Hash> = cells.chunks_exact(layers).map(|cells| tree(cells.to_vec())).collect();
                let trace = build(1, &tokens, &tops);
                assert_eq!(trace.token_node(0), case.trace().token_node(0));
                trace
            }
            1 => build(0, &tokens, &[]),
            2 => build(layers - 1, &tokens, &cells[..tokens.len() * (layers - 1)]),
            3 => {
                cells.extend_from_within(..tokens.len());
                build(layers + 1, &tokens, &cells)
            }
            4 => {
                tokens.pop();
                build(layers, &tokens, &cells[..tokens.len() * layers])
            }
            5 => {
                tokens.extend_from_within(..1);
                cells.extend_from_within(..layers);
                build(layers, &tokens, &cells)
            }
            _ => build(layers, &[], &[]),
        };
        assert_ne!(trace.root(), case.trace().root());
        assert_eq!(case.found_without_a_record(&claim_of(&case, &trace), &trace), Divergence::TraceShape);
        // Under the right root, too.
        let right = claim(&case.truth).0;
        let control = crate::Control::default();
        let found = case.validator.verify(&case.model, &case.job, &right, Some(&trace), &control).expect("a check");
        assert_eq!(found, crate::exact::Verification::Diverged(Divergence::TraceShape));
        true
    });
}

#[test]
fn counts_that_the_bytes_do_not_have() {
    hundred("counts in the bytes", 43, |mut case| {
        let mut bytes = case.trace().to_bytes();
        let at = case.random.below(8);
        bytes[at] ^= 1 << case.random.below(8);
        assert_eq!(Trace::from_bytes(&bytes), None);
        let length = case.random.below(bytes.len());
        assert_eq!(Trace::from_bytes(&case.trace().to_bytes()[..length]), None);
        true
    });
}

#[test]
fn another_root() {
    hundred("another root", 44, |mut case| {
        let (right, trace) = claim(&case.truth);
        let nodes: Vec<Hash> = (0..trace.tokens().len()).map(|position| trace.token_node(position)).collect();
        let root = match case.random.below(3) {
            0 => tree(nodes),
            1 => nodes[0],
            _ => case.random.seed(),
        };
        let lie = Claim { trace_root: Some(root), ..right };
        assert_eq!(case.found_without_a_record(&lie, &trace), Divergence::TraceRoot);
        true
    });
}

#[test]
fn a_list_of_sixteen_is_not_a_list_of_one() {
    let cells: Vec<Hash> = (0..16u8).map(|number| [number; 32]).collect();
    let tokens = [TokenTrace { token: 1, best: 2, chosen: 3, last: [4; 32] }];
    let (sixteen, one) = (build(16, &tokens, &cells), build(1, &tokens, &[tree(cells.clone())]));
    // The tree's shape follows from the count, so its nodes agree; the root has the count.
    assert_eq!(sixteen.token_node(0), one.token_node(0));
    assert_ne!(sixteen.root(), one.root());
    for count in 2..40 {
        let hashes: Vec<Hash> = (0..count as u8).map(|number| [number; 32]).collect();
        assert_ne!(tree(hashes.clone()), tree(hashes[..count - 1].to_vec()));
        let mut reversed = hashes.clone();
        reversed.reverse();
        assert_ne!(tree(hashes), tree(reversed));
    }
}
