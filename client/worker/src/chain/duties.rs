//! What this node's keys owe, read from the runtime: heads page by page, and in full only what is chosen.
//!
//! Anybody can make others owe work that they cannot do. So a duty that this node leaves is remembered by its name, and
//! is neither read nor offered again. And providers take turns: however many duties one makes, and however near their
//! deadlines, the duties of others come in between.

use crate::limits::{MAX_DUTIES_READ, MAX_DUTY_PAGES};
use std::collections::{BTreeMap, HashMap, VecDeque};
use strike_primitives::{
    api::{duty_kind, Duty, DutyCursor, DutyHead, DutyPage, MAX_DUTY_HEADS, MAX_DUTY_KEYS},
    app::AppKey,
    AccountId, BlockNumber, JobId, H256,
};

/// The runtime's answers at one block.
pub(crate) trait DutyApi {
    /// `StrikeApi::duty_heads`.
    fn heads(&self, keys: &[AppKey], after: Option<DutyCursor>, limit: u32) -> Result<DutyPage, String>;
    /// `StrikeApi::duty`.
    fn duty(&self, key: &AppKey, kind: u8, job: JobId) -> Result<Option<Duty>, String>;
}

/// A head, with the key that owes it.
struct Known {
    head: DutyHead,
    key: AppKey,
    /// The walk in which it was last seen.
    walk: u64,
    read: Read,
}

/// A duty among those of its provider: deadline, job and name.
type Turn = (BlockNumber, JobId, H256);

/// What is known of a duty beside its head.
enum Read {
    /// Nothing yet.
    Not,
    /// All.
    InFull(Box<Duty>),
    /// It is left.
    Left,
}

/// Reads what is owed, and remembers it.
#[derive(Default)]
pub(crate) struct DutyReader {
    known: HashMap<H256, Known>,
    /// Which walk over all pages goes on, and where: a part of the keys, and the place in its pages.
    walk: u64,
    at: (usize, Option<DutyCursor>),
}

impl DutyReader {
    /// What `keys` owe at the block `best` that `api` answers for, in full: at most `limit` duties, of those that `wants` says
    /// yes to. Those whose deadline is near come first, and providers take turns.
    pub fn read(
        &mut self,
        api: &impl DutyApi,
        keys: &[AppKey],
        best: BlockNumber,
        limit: usize,
        wants: &mut dyn FnMut(&Duty) -> bool,
    ) -> Result<Vec<Duty>, String> {
        self.read_heads(api, keys)?;
        // One that can no longer be in a block; and one of a key that is no longer here.
        self.known.retain(|_, known| known.head.deadline > best && keys.contains(&known.key));

        let (mut duties, mut reads) = (Vec::new(), 0);
        for id in self.in_turns() {
            if duties.len() >= limit {
                break;
            }
            let Some(known) = self.known.get_mut(&id) else { continue };
            if matches!(known.read, Read::Not) {
                if reads >= MAX_DUTIES_READ {
                    continue;
                }
                reads += 1;
                // Its state may say otherwise than its head, if what it hangs on is gone: then nobody can do it.
                let Some(duty) = api.duty(&known.key, known.head.kind, known.head.job)? else { continue };
                known.read = Read::InFull(Box::new(duty));
            }
            let Read::InFull(duty) = &mut known.read else { continue };
            if wants(duty) {
                set_deadline(duty, known.head.deadline);
                duties.push(Duty::clone(duty));
            } else {
                known.read = Read::Left;
            }
        }
        Ok(duties)
    }

    /// How many duties of a kind are known to be owed, those that are left too.
    pub fn owed(&self, kind: u8) -> usize {
        self.known.values().filter(|known| known.head.kind == kind).count()
    }

    /// Walk on over the pages. What a whole walk has not seen is forgotten.
    fn read_heads(&mut self, api: &impl DutyApi, keys: &[AppKey]) -> Result<(), String> {
        let parts: Vec<&[AppKey]> = keys.chunks(MAX_DUTY_KEYS).collect();
        for _ in 0..MAX_DUTY_PAGES {
            let (part, after) = self.at;
            let Some(keys) = parts.get(part) else {
                let walk = self.walk;
                self.known.retain(|_, known| known.walk == walk);
                self.walk += 1;
                self.at = (0, None);
                return Ok(());
            };
            let DutyPage { heads, next } = api.heads(keys, after, MAX_DUTY_HEADS)?;
            for head in heads {
                self.note(head, keys);
            }
            self.at = if next.is_some() { (part, next) } else { (part + 1, None) };
        }
        Ok(())
    }

    fn note(&mut self, head: DutyHead, keys: &[AppKey]) {
        // A newer runtime may list what this node does not know.
        if !matches!(head.kind, duty_kind::PROVIDE | duty_kind::CHECK) {
            return;
        }
        let Some(key) = keys.get(head.key as usize) else { return };
        let walk = self.walk;
        match self.known.get_mut(&head.id) {
            Some(known) => (known.head, known.walk) = (head, walk),
            None => {
                self.known.insert(head.id, Known { head, key: key.clone(), walk, read: Read::Not });
            }
        }
    }

    /// The names of the duties that are not left: providers take turns, those first that have the nearest deadline, and of
    /// each its nearest deadline goes first.
    fn in_turns(&self) -> Vec<H256> {
        let mut by_provider: BTreeMap<(u8, &AccountId), Vec<Turn>> = BTreeMap::new();
        for (id, known) in self.known.iter().filter(|(_, known)| !matches!(known.read, Read::Left)) {
            let DutyHead { kind, deadline, job, provider, .. } = &known.head;
            by_provider.entry((*kind, provider)).or_default().push((*deadline, *job, *id));
        }
        let mut turns: Vec<VecDeque<Turn>> = by_provider
            .into_values()
            .map(|mut duties| {
                duties.sort_unstable();
                duties.into()
            })
            .collect();
        turns.sort_unstable_by(|one, other| one.front().cmp(&other.front()));
        let mut ordered = Vec::new();
        while !turns.is_empty() {
            turns.retain_mut(|duties| {
                ordered.extend(duties.pop_front().map(|(_, _, id)| id));
                !duties.is_empty()
            });
        }
        ordered
    }
}

/// The deadline of a duty is that of its head: the next step has another one.
fn set_deadline(duty: &mut Duty, deadline: BlockNumber) {
    match duty {
        Duty::Provide(duty) => duty.deadline = deadline,
        Duty::Check(duty) => duty.deadline = deadline,
    }
}
