//! Other prompts, and other ends.

use super::liar::trace as build;
use super::{by_definition, claim, hundred, Lies};
use crate::exact::job::{Job, Stop};
use crate::exact::operators::Finding;
use crate::exact::trace::TokenTrace;
use crate::exact::verify::{Claim, Divergence};

#[test]
fn another_prompt() {
    hundred("another prompt", 30, |mut case| {
        let mut other = case.job.clone();
        let at = case.random.below(other.prompt.len());
        let vocab_size = case.recipe.decoder.vocab_size;
        other.prompt[at] = (other.prompt[at] + 1 + case.random.below(vocab_size - 1) as u32) % vocab_size as u32;
        let lie = case.made(&case.model, &other).expect("finite");
        let (claim, trace) = claim(&lie);
        assert_eq!(case.found_without_a_record(&claim, &trace), Divergence::TraceToken { position: at });
        // With the right prompt written over it.
        let mut tokens = trace.tokens().to_vec();
        tokens[at].token = case.job.prompt[at];
        let cells: Vec<_> = (0..tokens.len()).flat_map(|position| trace.cells(position).to_vec()).collect();
        let trace = build(trace.layers(), &tokens, &cells);
        let claim = Claim { trace_root: Some(trace.root()), ..claim };
        let answer = |position, layer| case.record(&case.model, &other, &claim.tokens, position, layer);
        let (divergence, finding) = case.found(&claim, &trace, answer);
        assert_eq!(divergence, Divergence::Cell { position: at, layer: 0 });
        assert!(matches!(finding, Some(Finding::Input(_))), "{finding:?}");
        true
    });
}

#[test]
fn a_prompt_cut_short() {
    hundred("a prompt cut short", 31, |mut case| {
        let prompt = case.job.prompt.len();
        let cut = case.random.within(1..=prompt - 1);
        let front = case.random.once_in(2);
        let kept = if front { cut..prompt } else { 0..prompt - cut };
        let other = Job { prompt: case.job.prompt[kept].to_vec(), ..case.job.clone() };
        let network = &case.model.network;
        if network.is_long(&other) != network.is_long(&case.job) {
            // Other angles from the second position on: another lie.
            return false;
        }
        let (claim, trace) = claim(&case.made(&case.model, &other).expect("finite"));
        assert_eq!(case.found_without_a_record(&claim, &trace), Divergence::TraceShape);
        // Filled up to the right number of positions.
        let first = if front { 0 } else { prompt - cut };
        let (mut tokens, mut cells) = (Vec::new(), Vec::new());
        for position in 0..trace.tokens().len() + cut {
            let filled = (first..first + cut).contains(&position);
            let from = if position < first { position } else { position.saturating_sub(cut) };
            let none = TokenTrace { token: 0, best: u32::MAX, chosen: u32::MAX, last: [0; 32] };
            let mut token = if filled { none } else { trace.tokens()[from] };
            if position + 1 < prompt {
                token = none;
            }
            if let Some(right) = case.job.prompt.get(position) {
                token.token = *right;
            }
            // What the prompt's end said, its new end says.
            if position + 1 == prompt && filled {
                token = TokenTrace { token: token.token, ..trace.tokens()[other.prompt.len() - 1] };
            }
            tokens.push(token);
            let layers = trace.layers();
            cells.extend(if filled { vec![[0; 32]; layers] } else { trace.cells(from).to_vec() });
        }
        let trace = build(trace.layers(), &tokens, &cells);
        let claim = Claim { trace_root: Some(trace.root()), ..claim };
        let answer = |position, layer| case.record(&case.model, &case.job, &claim.tokens, position, layer);
        let (divergence, finding) = case.found(&claim, &trace, answer);
        assert_eq!(divergence, Divergence::Cell { position: first, layer: 0 });
        // There is no record of what was not computed.
        assert!(matches!(finding, Some(Finding::Contradiction { claimed: [0, ..], .. })), "{finding:?}");
        true
    });
}

#[test]
fn an_end_too_early() {
    hundred("an early end", 32, |mut case| {
        let tokens = &case.truth.tokens;
        let length = case.random.below(tokens.len());
        let stop = case.random.one_of(&[Stop::EndOfText, Stop::StopSequence, Stop::MaxTokens, Stop::ContextFull]);
        let positions = if length == 0 { 0 } else { case.job.prompt.len() + length - 1 };
        let right = case.trace();
        let cells: Vec<_> = (0..positions).flat_map(|position| right.cells(position).to_vec()).collect();
        let trace = build(right.layers(), &right.tokens()[..positions], &cells);
        let claim = Claim { tokens: tokens[..length].to_vec(), stop, trace_root: Some(trace.root()) };
        let expected = Divergence::Token { index: length, expected: Some(tokens[length]), claimed: None };
        assert_eq!(case.found_without_a_record(&claim, &trace), expected);
        true
    });
}

#[test]
fn a_token_past_the_end() {
    hundred("a token past the end", 33, |mut case| {
        let mut tokens = case.truth.tokens.clone();
        let end = tokens.len();
        let more = case.random.within(1..=3);
        tokens.extend(case.random.tokens(more, case.recipe.decoder.vocab_size));
        let lies = Lies { forced: Some(&tokens), ..Lies::default() };
        let lie = by_definition(&case.model, &case.job, lies).expect("finite");
        let expected = Divergence::Token { index: end, expected: None, claimed: Some(tokens[end]) };
        assert_eq!(case.found_without_a_record(&lie.claim(), &lie.trace), expected);
        true
    });
}

#[test]
fn another_reason_of_the_end() {
    hundred("another reason of the end", 34, |mut case| {
        let stops = [Stop::EndOfText, Stop::StopSequence, Stop::MaxTokens, Stop::ContextFull];
        let (claim, trace) = claim(&case.truth);
        let stop = case.random.one_of(&stops);
        if stop == claim.stop {
            return false;
        }
        let lie = Claim { stop, ..claim.clone() };
        assert_eq!(case.found_without_a_record(&lie, &trace), Divergence::Stop { expected: claim.stop });
        true
    });
}
