//! What to start, cancel and publish: a state machine without clocks, threads or a chain, so that its rules can be
//! tested.
//!
//! It is told what the chain says ([`Schedule::observe`]), how runs end ([`Schedule::finished`]) and what reached the
//! mailbox ([`Schedule::published`]), and answers with [`Action`]s. Its rules:
//!
//! - Only what the best block lists is worked on; what vanished from the list, changed, or can no longer be included in
//!   a block is cancelled.
//! - A duty never runs twice at once, also when it vanishes and comes back while its cancelled run is still ending.
//! - A duty waits for its input before it takes up a run.
//! - The nearest deadline goes first.
//! - What failed is tried again until its deadline, with pauses that grow up to [`MAX_RETRY_PAUSE`] blocks and take
//!   no more than half of the time that is left.
//! - A result is published only while its duty is listed and the block it rests on is final, and again whenever it is
//!   missing from the mailbox.
//! - Where all runs are taken, a duty that is due soon overtakes one run that has more time: that one pauses, with all that it has in
//!   memory, and goes on when the other has ended. Then it is not overtaken again before it has gone on for as long as it waited.
//! - At most [`Bounds::duties`] duties are remembered and at most [`Bounds::runs`] run; one more is paused.

use crate::{
    duty::DutyId,
    limits::{DUE_SOON, MAX_RETRY_PAUSE},
};
use std::collections::{BTreeMap, VecDeque};
use strike_primitives::{api::Duty, BlockNumber};

/// Bounds of a schedule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Most duties remembered; those with the nearest deadlines.
    pub duties: usize,
    /// Most runs at once.
    pub runs: usize,
}

/// A duty the best block lists.
#[derive(Clone, Debug)]
pub(crate) struct Owed {
    pub id: DutyId,
    pub duty: Duty,
    /// Whether the mailbox holds its result.
    pub delivered: bool,
    /// Whether it can be started: its input is here, or is no longer waited for.
    pub ready: bool,
}

/// What the chain says.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub best: BlockNumber,
    pub finalized: BlockNumber,
    pub owed: Vec<Owed>,
    /// Whether new runs may start; not while the node catches up, when most of what it sees is over.
    pub may_start: bool,
}

/// Names one run of a duty.
pub(crate) type RunId = u64;

/// How a run ended.
#[derive(Clone, Debug)]
pub(crate) enum Ended<R> {
    /// With a result.
    Done(R),
    /// It was cancelled.
    Cancelled,
    /// It failed, and may work another time.
    Failed,
    /// It failed, and will fail again on this node.
    Hopeless,
}

/// What to do next.
#[derive(Clone, Debug)]
pub(crate) enum Action<R> {
    /// Run a duty.
    Start { id: DutyId, run: RunId, duty: Box<Duty> },
    /// Let a run wait where it is.
    Pause { run: RunId },
    /// Let it go on.
    Resume { run: RunId },
    /// Stop a run. It still has to be reported as finished.
    Cancel { run: RunId },
    /// Put a result into the mailbox.
    Publish { id: DutyId, duty: Box<Duty>, result: R },
}

enum State<R> {
    /// To be run, not before this block.
    Open { failures: u32, not_before: BlockNumber },
    /// Its result.
    Done(R),
    /// It cannot be done here.
    GivenUp,
}

impl<R> State<R> {
    fn failures(&self) -> u32 {
        match self {
            Self::Open { failures, .. } => *failures,
            Self::Done(_) | Self::GivenUp => 0,
        }
    }
}

struct Entry<R> {
    duty: Duty,
    delivered: bool,
    ready: bool,
    state: State<R>,
}

struct Run {
    run: RunId,
    duty: Duty,
    cancelled: bool,
    /// Since when it waits for another run.
    paused_at: Option<BlockNumber>,
    /// It is not overtaken before this block.
    stays_until: BlockNumber,
}

/// See the module.
pub(crate) struct Schedule<R> {
    bounds: Bounds,
    best: BlockNumber,
    finalized: BlockNumber,
    may_start: bool,
    entries: BTreeMap<DutyId, Entry<R>>,
    running: BTreeMap<DutyId, Run>,
    next_run: RunId,
}

/// Whether two duties with the same id ask for the same result. Heights may differ: a fork can assign the same attempt
/// in another block.
fn same_work(a: &Duty, b: &Duty) -> bool {
    match (a, b) {
        (Duty::Provide(a), Duty::Provide(b)) => a.binding == b.binding && a.model == b.model && a.work == b.work,
        (Duty::Check(a), Duty::Check(b)) => {
            a.binding == b.binding && a.model == b.model && a.work == b.work && a.commitment == b.commitment
        }
        _ => false,
    }
}

/// The block whose finality a result waits for. A verdict names the block whose beacon its work tag hangs on. Were it
/// out before that block is final, it could be put in on a fork with another beacon, in place of the verdict that is
/// right there.
fn rests_on(duty: &Duty) -> BlockNumber {
    match duty {
        Duty::Provide(duty) => duty.assigned_at,
        Duty::Check(duty) => duty.audit.beacon_block,
    }
}

/// The last block in which the result of a duty counts.
pub(crate) fn deadline(duty: &Duty) -> BlockNumber {
    match duty {
        Duty::Provide(duty) => duty.deadline,
        Duty::Check(duty) => duty.deadline,
    }
}

/// Blocks to wait after the last of so many failed runs, of the blocks `left` until the deadline. The pause doubles
/// with each failure, so that a fault that passes is outlasted at little cost. It leaves time for another run.
fn pause(failures: u32, left: BlockNumber) -> BlockNumber {
    let growing = 1u32.checked_shl(failures).unwrap_or(MAX_RETRY_PAUSE);
    growing.min(MAX_RETRY_PAUSE).min((left / 2).max(1))
}

impl<R: Clone> Schedule<R> {
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            best: 0,
            finalized: 0,
            may_start: false,
            entries: BTreeMap::new(),
            running: BTreeMap::new(),
            next_run: 0,
        }
    }

    /// Take in what the chain says. What it no longer lists is forgotten, with its result.
    pub fn observe(&mut self, view: View) {
        self.best = view.best;
        self.finalized = view.finalized;
        self.may_start = view.may_start;

        let mut owed = view.owed;
        owed.retain(|owed| deadline(&owed.duty) > view.best);
        owed.sort_by(|a, b| (deadline(&a.duty), &a.id).cmp(&(deadline(&b.duty), &b.id)));
        owed.dedup_by(|a, b| a.id == b.id);
        owed.truncate(self.bounds.duties);

        let mut before = std::mem::take(&mut self.entries);
        for Owed { id, duty, delivered, ready } in owed {
            let state = match before.remove(&id) {
                Some(entry) if same_work(&entry.duty, &duty) => entry.state,
                _ => State::Open { failures: 0, not_before: 0 },
            };
            self.entries.insert(id, Entry { duty, delivered, ready, state });
        }
    }

    /// A run ended.
    pub fn finished(&mut self, id: &DutyId, run: RunId, ended: Ended<R>) {
        let Some(ran) = self.running.get(id).filter(|running| running.run == run) else {
            return;
        };
        if let Some(entry) = self.entries.get_mut(id).filter(|entry| same_work(&entry.duty, &ran.duty)) {
            entry.state = match (ended, &entry.state) {
                (Ended::Done(result), _) => State::Done(result),
                (Ended::Hopeless, _) => State::GivenUp,
                (Ended::Failed, state) => {
                    let failures = state.failures().saturating_add(1);
                    let pause = pause(failures, deadline(&entry.duty).saturating_sub(self.best));
                    State::Open { failures, not_before: self.best.saturating_add(pause) }
                }
                (Ended::Cancelled, _) => State::Open { failures: 0, not_before: 0 },
            };
        }
        self.running.remove(id);
    }

    /// The mailbox holds the result of `id`.
    pub fn published(&mut self, id: &DutyId) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.delivered = true;
        }
    }

    /// What to do now. Runs named in [`Action::Start`] count as started; results named in [`Action::Publish`] come
    /// again until they are reported as published.
    pub fn actions(&mut self) -> Vec<Action<R>> {
        let mut actions = Vec::new();
        let entries = &self.entries;
        for (id, running) in self.running.iter_mut().filter(|(_, running)| !running.cancelled) {
            let wanted = entries.get(id).is_some_and(|entry| !entry.delivered && same_work(&entry.duty, &running.duty));
            if !wanted {
                running.cancelled = true;
                actions.push(Action::Cancel { run: running.run });
            }
        }

        for (id, entry) in &self.entries {
            if let (State::Done(result), false) = (&entry.state, entry.delivered) {
                if rests_on(&entry.duty) <= self.finalized {
                    actions.push(Action::Publish {
                        id: id.clone(),
                        duty: Box::new(entry.duty.clone()),
                        result: result.clone(),
                    });
                }
            }
        }

        if self.may_start {
            let mut waiting: Vec<_> = self.startable().collect();
            waiting.sort_by_key(|(id, duty)| (deadline(duty), *id));
            let mut waiting = waiting.into_iter().map(|(id, duty)| (id.clone(), duty.clone())).collect::<VecDeque<_>>();
            self.resume(&mut actions);
            while self.active() < self.bounds.runs {
                let Some((id, duty)) = waiting.pop_front() else { break };
                self.start(id, duty, &mut actions);
            }
            if let Some((id, duty)) = waiting.pop_front() {
                if let Some(run) = self.overtaken(&duty) {
                    actions.push(Action::Pause { run });
                    self.start(id, duty, &mut actions);
                }
            }
        }
        actions
    }

    fn start(&mut self, id: DutyId, duty: Duty, actions: &mut Vec<Action<R>>) {
        let run = self.next_run;
        self.next_run += 1;
        let begun = Run { run, duty: duty.clone(), cancelled: false, paused_at: None, stays_until: 0 };
        self.running.insert(id.clone(), begun);
        actions.push(Action::Start { id, run, duty: Box::new(duty) });
    }

    /// How many runs compute.
    fn active(&self) -> usize {
        self.running.values().filter(|running| running.paused_at.is_none()).count()
    }

    /// Let the run that waits go on where there is a place for it.
    fn resume(&mut self, actions: &mut Vec<Action<R>>) {
        let (is_free, best) = (self.active() < self.bounds.runs, self.best);
        let Some(waits) = self.running.values_mut().find(|running| running.paused_at.is_some()) else { return };
        // One that was cancelled ends by itself.
        if let (true, Some(since)) = (is_free && !waits.cancelled, waits.paused_at) {
            waits.paused_at = None;
            waits.stays_until = best.saturating_add(best.saturating_sub(since).max(1));
            actions.push(Action::Resume { run: waits.run });
        }
    }

    /// The run that makes way for a duty that is due soon: the one with most time, if it has much more. It waits from now on.
    fn overtaken(&mut self, duty: &Duty) -> Option<RunId> {
        let (best, due) = (self.best, deadline(duty));
        if due > best.saturating_add(DUE_SOON) || self.running.values().any(|running| running.paused_at.is_some()) {
            return None;
        }
        let has_time = |running: &&mut Run| {
            let later = deadline(&running.duty) >= due.saturating_add(DUE_SOON);
            !running.cancelled && later && running.stays_until <= best
        };
        let run = self.running.values_mut().filter(has_time).max_by_key(|running| deadline(&running.duty))?;
        run.paused_at = Some(best);
        Some(run.run)
    }

    /// How many duties wait for a free run.
    pub fn waiting(&self) -> usize {
        self.startable().count()
    }

    /// How many runs go on, cancelled ones included until they end.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    fn startable(&self) -> impl Iterator<Item = (&DutyId, &Duty)> {
        self.entries.iter().filter_map(|(id, entry)| {
            let open = matches!(entry.state, State::Open { not_before, .. } if not_before <= self.best);
            (open && entry.ready && !entry.delivered && !self.running.contains_key(id)).then_some((id, &entry.duty))
        })
    }

    /// How often a duty has failed, as far as it is remembered.
    pub fn failures(&self, id: &DutyId) -> u32 {
        self.entries.get(id).map_or(0, |entry| entry.state.failures())
    }

    /// Whether a duty failed for good on this node.
    pub fn is_given_up(&self, id: &DutyId) -> bool {
        self.entries.get(id).is_some_and(|entry| matches!(entry.state, State::GivenUp))
    }

    /// The best block that was seen.
    pub fn best(&self) -> BlockNumber {
        self.best
    }

    #[cfg(test)]
    pub fn remembered(&self) -> usize {
        self.entries.len()
    }

    /// Whether failures keep a duty from running, now or for good.
    #[cfg(test)]
    pub fn resting(&self, id: &DutyId) -> bool {
        self.entries.get(id).is_some_and(|entry| match entry.state {
            State::Open { not_before, .. } => not_before > self.best,
            State::Done(_) => false,
            State::GivenUp => true,
        })
    }
}
