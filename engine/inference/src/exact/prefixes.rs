//! Beginnings of sequences that were computed lately, for jobs that begin alike: a system prompt, a conversation that goes on.

use crate::exact::decoder::cache::Sequence;
use crate::exact::trace::Trace;

/// Shorter common beginnings are computed again: looking for them costs as much.
const SHORTEST: usize = 16;
/// Entries looked through.
const MOST: usize = 64;

/// A computed sequence.
struct Entry {
    model_root: [u8; 32],
    long: bool,
    tokens: Vec<u32>,
    sequence: Sequence,
    trace: Option<Trace>,
}

impl Entry {
    fn bytes(&self) -> usize {
        self.sequence.bytes() + self.trace.as_ref().map_or(0, Trace::bytes)
    }
}

/// Computed sequences, the last used last.
pub(crate) struct Prefixes {
    entries: Vec<Entry>,
    /// Most bytes kept.
    memory: usize,
}

impl Prefixes {
    pub fn new(memory: usize) -> Self {
        Self { entries: Vec::new(), memory }
    }

    /// The longest kept beginning of `tokens` without the last of them, whose logits have to be computed in any case. With its
    /// trace if `traced`.
    pub fn find(
        &mut self,
        model_root: &[u8; 32],
        long: bool,
        tokens: &[u32],
        traced: bool,
    ) -> Option<(Sequence, Option<Trace>)> {
        let (index, length) = self
            .entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.model_root == *model_root && entry.long == long)
            .filter(|(_, entry)| !traced || entry.trace.is_some())
            .map(|(index, entry)| (index, entry.tokens.iter().zip(tokens).take_while(|(a, b)| a == b).count()))
            .max_by_key(|(_, length)| *length)?;
        let length = length.min(tokens.len().saturating_sub(1));
        if length < SHORTEST {
            return None;
        }
        let entry = self.entries.remove(index);
        let sequence = entry.sequence.prefix(length);
        let trace = entry.trace.as_ref().filter(|_| traced).map(|trace| trace.beginning(length));
        self.entries.push(entry);
        Some((sequence, trace))
    }

    /// Keeps a sequence whose positions hold `tokens`. What was used least recently goes when there is no room.
    pub fn keep(
        &mut self,
        model_root: [u8; 32],
        long: bool,
        tokens: Vec<u32>,
        sequence: Sequence,
        trace: Option<Trace>,
    ) {
        let entry = Entry { model_root, long, tokens, sequence, trace };
        if entry.tokens.len() < SHORTEST || entry.bytes() > self.memory {
            return;
        }
        self.entries.retain(|other| {
            let same = other.model_root == entry.model_root && other.long == entry.long;
            // What the new entry begins with is in it, unless it would lose a trace.
            !(same && entry.tokens.starts_with(&other.tokens) && (entry.trace.is_some() || other.trace.is_none()))
        });
        self.entries.push(entry);
        while self.entries.len() > MOST || self.entries.iter().map(Entry::bytes).sum::<usize>() > self.memory {
            self.entries.remove(0);
        }
    }
}
