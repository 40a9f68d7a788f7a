use super::support::{binding, check_for, commitment, key, outcome, provide, work};
use crate::{
    duty::DutyId,
    limits::MAX_RETRY_PAUSE,
    schedule::{Action, Bounds, Ended, Owed, RunId, Schedule, View},
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use strike_primitives::{api::Duty, BlockNumber, JobId};

const BOUNDS: Bounds = Bounds { duties: 4, runs: 2 };

fn owed(duty: Duty) -> Owed {
    Owed { id: DutyId::of(&duty), duty, delivered: false, ready: true }
}

fn view(best: BlockNumber, finalized: BlockNumber, duties: impl IntoIterator<Item = Duty>) -> View {
    View { best, finalized, owed: duties.into_iter().map(owed).collect(), may_start: true }
}

fn job_of(duty: &Duty) -> JobId {
    match duty {
        Duty::Provide(duty) => duty.binding.job,
        Duty::Check(duty) => duty.binding.job,
    }
}

/// Actions in short.
#[derive(Debug, PartialEq, Eq)]
enum Short {
    Start(JobId),
    Cancel(RunId),
    Pause(RunId),
    Resume(RunId),
    Publish(JobId),
}

fn short(actions: Vec<Action<u32>>) -> Vec<Short> {
    actions
        .into_iter()
        .map(|action| match action {
            Action::Start { duty, .. } => Short::Start(job_of(&duty)),
            Action::Cancel { run } => Short::Cancel(run),
            Action::Pause { run } => Short::Pause(run),
            Action::Resume { run } => Short::Resume(run),
            Action::Publish { duty, .. } => Short::Publish(job_of(&duty)),
        })
        .collect()
}

#[test]
fn the_nearest_deadline_runs_first_and_no_more_than_allowed_at_once() {
    let mut schedule = Schedule::<u32>::new(BOUNDS);
    schedule.observe(view(10, 8, [provide(1, 9, 40), provide(2, 9, 20), provide(3, 9, 30)]));
    assert_eq!(short(schedule.actions()), [Short::Start(2), Short::Start(3)]);
    assert_eq!((schedule.running(), schedule.waiting()), (2, 1));
    assert_eq!(short(schedule.actions()), []);

    schedule.finished(&DutyId::of(&provide(2, 9, 20)), 0, Ended::Done(7));
    assert_eq!(short(schedule.actions()), [Short::Start(1)]);
}

/// A schedule of one run, with a long job that runs since block 10.
fn with_a_long_run() -> Schedule<u32> {
    let mut schedule = Schedule::<u32>::new(Bounds { duties: 8, runs: 1 });
    schedule.observe(view(10, 8, [provide(1, 9, 500)]));
    assert_eq!(short(schedule.actions()), [Short::Start(1)]);
    schedule
}

#[test]
fn a_long_run_makes_way_for_what_is_due_soon_and_goes_on_behind_it() {
    let mut schedule = with_a_long_run();
    schedule.observe(view(20, 18, [provide(1, 9, 500), provide(2, 19, 30), provide(3, 19, 45)]));
    assert_eq!(short(schedule.actions()), [Short::Pause(0), Short::Start(2)]);
    assert_eq!(short(schedule.actions()), [], "one at a time");
    schedule.observe(view(24, 22, [provide(1, 9, 500), provide(2, 19, 30), provide(3, 19, 36)]));
    schedule.finished(&DutyId::of(&provide(2, 19, 30)), 1, Ended::Cancelled);
    schedule.observe(view(24, 22, [provide(1, 9, 500), provide(3, 19, 36)]));
    assert_eq!(short(schedule.actions()), [Short::Resume(0)]);
    schedule.observe(view(27, 25, [provide(1, 9, 500), provide(3, 19, 36)]));
    assert_eq!(short(schedule.actions()), [], "it goes on for as long as it waited");
    schedule.observe(view(28, 26, [provide(1, 9, 500), provide(3, 19, 36)]));
    assert_eq!(short(schedule.actions()), [Short::Pause(0), Short::Start(3)]);
    // The long one is owed no longer: it ends where it waits.
    schedule.observe(view(29, 27, [provide(3, 19, 36)]));
    assert_eq!(short(schedule.actions()), [Short::Cancel(0)]);
    schedule.finished(&DutyId::of(&provide(3, 19, 36)), 2, Ended::Cancelled);
    schedule.observe(view(30, 28, []));
    assert_eq!(short(schedule.actions()), [], "what was cancelled is not resumed");
}

#[test]
fn a_run_makes_way_for_nothing_that_has_time_and_not_if_it_has_none_itself() {
    let mut schedule = with_a_long_run();
    schedule.observe(view(20, 18, [provide(1, 9, 500), provide(2, 19, 36)]));
    assert_eq!(short(schedule.actions()), [], "it is due in 16 blocks");
    let mut schedule = with_a_long_run();
    schedule.observe(view(480, 478, [provide(1, 9, 500), provide(2, 479, 486)]));
    assert_eq!(short(schedule.actions()), [], "both are due soon");
}

#[test]
fn a_result_waits_for_finality_and_comes_again_until_the_mailbox_has_it() {
    let mut schedule = Schedule::new(BOUNDS);
    let id = DutyId::of(&provide(1, 9, 40));
    schedule.observe(view(10, 8, [provide(1, 9, 40)]));
    schedule.actions();
    schedule.finished(&id, 0, Ended::Done(7));
    assert_eq!(short(schedule.actions()), []);

    schedule.observe(view(11, 9, [provide(1, 9, 40)]));
    assert_eq!(short(schedule.actions()), [Short::Publish(1)]);
    assert_eq!(short(schedule.actions()), [Short::Publish(1)]);
    schedule.published(&id);
    assert_eq!(short(schedule.actions()), []);

    // The write was lost: the mailbox does not have it at the next look.
    schedule.observe(view(12, 9, [provide(1, 9, 40)]));
    assert_eq!(short(schedule.actions()), [Short::Publish(1)]);
}

#[test]
fn a_verdict_waits_until_the_block_whose_beacon_it_hangs_on_is_final() {
    let duty = || {
        let claim = commitment(&binding(1, &work("once")), &outcome());
        Duty::Check(check_for(key(), 1, claim))
    };
    let mut schedule = Schedule::new(BOUNDS);
    schedule.observe(view(8, 5, [duty()]));
    assert_eq!(short(schedule.actions()), [Short::Start(1)]);
    schedule.finished(&DutyId::of(&duty()), 0, Ended::Done(7));
    // The commitment is final, the beacon's block is not.
    assert_eq!(short(schedule.actions()), []);
    schedule.observe(view(9, 6, [duty()]));
    assert_eq!(short(schedule.actions()), [Short::Publish(1)]);
}

#[test]
fn what_the_mailbox_has_is_not_run_again() {
    let mut schedule = Schedule::<u32>::new(BOUNDS);
    let mut view = view(10, 9, [provide(1, 9, 40)]);
    view.owed[0].delivered = true;
    schedule.observe(view);
    assert_eq!(short(schedule.actions()), []);
}

#[test]
fn a_duty_that_vanished_is_cancelled_and_its_late_result_is_dropped() {
    let mut schedule = Schedule::new(BOUNDS);
    schedule.observe(view(10, 9, [provide(1, 9, 40)]));
    schedule.actions();
    schedule.observe(view(11, 9, []));
    assert_eq!(short(schedule.actions()), [Short::Cancel(0)]);
    assert_eq!(short(schedule.actions()), []);
    schedule.finished(&DutyId::of(&provide(1, 9, 40)), 0, Ended::Done(7));
    assert_eq!((schedule.running(), schedule.remembered()), (0, 0));
}

#[test]
fn a_duty_that_comes_back_waits_for_its_cancelled_run_to_end() {
    let mut schedule = Schedule::<u32>::new(BOUNDS);
    let id = DutyId::of(&provide(1, 9, 40));
    schedule.observe(view(10, 9, [provide(1, 9, 40)]));
    schedule.actions();
    schedule.observe(view(11, 9, []));
    schedule.actions();
    schedule.observe(view(12, 9, [provide(1, 9, 40)]));
    assert_eq!(short(schedule.actions()), []);
    schedule.finished(&id, 0, Ended::Cancelled);
    assert_eq!(short(schedule.actions()), [Short::Start(1)]);
}

#[test]
fn another_spec_under_the_same_id_is_other_work() {
    let mut schedule = Schedule::<u32>::new(BOUNDS);
    let Duty::Provide(mut other) = provide(1, 9, 40) else { unreachable!() };
    other.work = super::support::work("twice");
    let id = DutyId::of(&provide(1, 9, 40));
    schedule.observe(view(10, 9, [provide(1, 9, 40)]));
    schedule.actions();
    schedule.observe(view(11, 9, [Duty::Provide(other)]));
    assert_eq!(short(schedule.actions()), [Short::Cancel(0)]);
    schedule.finished(&id, 0, Ended::Done(7));
    assert_eq!(short(schedule.actions()), [Short::Start(1)]);
}

#[test]
fn nothing_is_done_for_a_deadline_that_no_block_can_meet() {
    let mut schedule = Schedule::<u32>::new(BOUNDS);
    schedule.observe(view(39, 9, [provide(1, 9, 40)]));
    assert_eq!(short(schedule.actions()), [Short::Start(1)]);
    schedule.observe(view(40, 9, [provide(1, 9, 40)]));
    assert_eq!(short(schedule.actions()), [Short::Cancel(0)]);
}

/// The blocks in which a duty whose every run fails at once is started.
fn starts_of_failing(deadline: BlockNumber) -> Vec<BlockNumber> {
    let mut schedule = Schedule::<u32>::new(BOUNDS);
    let duty = provide(1, 9, deadline);
    let id = DutyId::of(&duty);
    let mut starts = Vec::new();
    for best in 10..deadline + 10 {
        schedule.observe(view(best, 9, [duty.clone()]));
        for action in schedule.actions() {
            let Action::Start { run, .. } = action else { panic!("{action:?}") };
            starts.push(best);
            schedule.finished(&id, run, Ended::Failed);
            assert_eq!(short(schedule.actions()), []);
        }
    }
    starts
}

#[test]
fn a_failed_run_is_tried_again_until_its_deadline_with_pauses_up_to_a_bound() {
    let starts = starts_of_failing(400);
    let pauses: Vec<_> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(pauses[..7], [2, 4, 8, 16, MAX_RETRY_PAUSE, MAX_RETRY_PAUSE, MAX_RETRY_PAUSE]);
    assert!(pauses.iter().all(|pause| *pause <= MAX_RETRY_PAUSE));
    assert!((380..400).contains(starts.last().unwrap()), "{starts:?}");
    // The pause never takes all of the time that is left.
    assert_eq!(starts_of_failing(30), [10, 12, 16, 23, 26, 28, 29]);
}

#[test]
fn what_failed_six_times_is_still_done_before_its_deadline() {
    let mut schedule = Schedule::new(BOUNDS);
    let duty = provide(1, 9, 1_800);
    let id = DutyId::of(&duty);
    let mut best = 10;
    for failed in 0..6 {
        schedule.observe(view(best, 9, [duty.clone()]));
        assert_eq!((short(schedule.actions()), schedule.failures(&id)), (vec![Short::Start(1)], failed));
        schedule.finished(&id, failed.into(), Ended::Failed);
        assert!(schedule.resting(&id));
        best += MAX_RETRY_PAUSE;
    }
    schedule.observe(view(best, 9, [duty]));
    assert_eq!(short(schedule.actions()), [Short::Start(1)]);
    schedule.finished(&id, 6, Ended::Done(7));
    assert_eq!(short(schedule.actions()), [Short::Publish(1)]);
}

#[test]
fn a_hopeless_run_is_not_tried_again() {
    let mut schedule = Schedule::<u32>::new(BOUNDS);
    schedule.observe(view(10, 9, [provide(1, 9, 40)]));
    schedule.actions();
    schedule.finished(&DutyId::of(&provide(1, 9, 40)), 0, Ended::Hopeless);
    for best in 11..30 {
        schedule.observe(view(best, 9, [provide(1, 9, 40)]));
        assert_eq!(short(schedule.actions()), []);
    }
}

#[test]
fn nothing_starts_while_the_node_catches_up() {
    let mut schedule = Schedule::<u32>::new(BOUNDS);
    schedule.observe(View { may_start: false, ..view(10, 9, [provide(1, 9, 40)]) });
    assert_eq!(short(schedule.actions()), []);
    schedule.observe(view(11, 9, [provide(1, 9, 40)]));
    assert_eq!(short(schedule.actions()), [Short::Start(1)]);
}

#[derive(Clone, Debug)]
enum Step {
    /// Best and final heights move on by these; the list holds these jobs, with these of them in the mailbox.
    Look { best: u32, finalized: u32, listed: Vec<(JobId, u32, u32)>, delivered: u8 },
    /// One of the runs ends.
    Finish { which: prop::sample::Index, how: u8 },
    /// Results reach the mailbox, or do not.
    Deliver(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let job = (0u64..8, 0u32..30, 1u32..60);
    prop_oneof![
        (0u32..3, 0u32..3, prop::collection::vec(job, 0..8), any::<u8>())
            .prop_map(|(best, finalized, listed, delivered)| Step::Look { best, finalized, listed, delivered }),
        (any::<prop::sample::Index>(), 0u8..4).prop_map(|(which, how)| Step::Finish { which, how }),
        any::<bool>().prop_map(Step::Deliver),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Against a simple model of what is listed and what runs.
    #[test]
    fn the_rules_hold_whatever_happens(steps in prop::collection::vec(step(), 0..60)) {
        let mut schedule = Schedule::<JobId>::new(BOUNDS);
        let (mut best, mut finalized) = (0u32, 0u32);
        let mut listed: BTreeMap<DutyId, Owed> = BTreeMap::new();
        let mut running: BTreeMap<RunId, (DutyId, JobId, bool)> = BTreeMap::new();
        let mut paused: BTreeSet<RunId> = BTreeSet::new();
        let mut deliver = true;
        for step in steps {
            match step {
                Step::Look { best: more, finalized: final_more, listed: jobs, delivered } => {
                    best += more;
                    finalized = (finalized + final_more).min(best);
                    listed.clear();
                    let mut all = Vec::new();
                    for (job, assigned_at, deadline) in jobs {
                        let mut owed = owed(provide(job, assigned_at, deadline));
                        owed.delivered = delivered & (1 << job) != 0;
                        if !listed.contains_key(&owed.id) {
                            listed.insert(owed.id.clone(), owed.clone());
                            all.push(owed);
                        }
                    }
                    schedule.observe(View { best, finalized, owed: all, may_start: true });
                },
                Step::Finish { which, how } => {
                    if !running.is_empty() {
                        let run = *running.keys().nth(which.index(running.len())).unwrap();
                        let (id, job, _) = running.remove(&run).unwrap();
                        paused.remove(&run);
                        let ended = match how {
                            0 | 1 => Ended::Done(job),
                            2 => Ended::Failed,
                            _ => Ended::Cancelled,
                        };
                        schedule.finished(&id, run, ended);
                    }
                },
                Step::Deliver(works) => deliver = works,
            }
            for action in schedule.actions() {
                match action {
                    Action::Start { id, run, duty } => {
                        prop_assert!(running.values().all(|(other, ..)| *other != id), "ran twice at once");
                        let owed = listed.get(&id);
                        prop_assert!(owed.is_some_and(|owed| !owed.delivered), "nobody owes it");
                        let Duty::Provide(provide) = &*duty else { unreachable!() };
                        prop_assert!(provide.deadline > best, "too late");
                        running.insert(run, (id, provide.binding.job, false));
                    },
                    Action::Cancel { run } => {
                        let entry = running.get_mut(&run);
                        prop_assert!(entry.as_ref().is_some_and(|(.., cancelled)| !cancelled), "cancelled twice");
                        entry.unwrap().2 = true;
                    },
                    Action::Pause { run } => {
                        prop_assert!(running.get(&run).is_some_and(|(.., cancelled)| !cancelled), "paused for nothing");
                        prop_assert!(paused.insert(run), "paused twice");
                    },
                    Action::Resume { run } => {
                        prop_assert!(running.contains_key(&run) && paused.remove(&run), "resumed without a pause");
                    },
                    Action::Publish { id, duty, result } => {
                        let owed = listed.get(&id);
                        prop_assert!(owed.is_some_and(|owed| !owed.delivered), "published what nobody owes");
                        let Duty::Provide(provide) = &*duty else { unreachable!() };
                        prop_assert!(provide.assigned_at <= finalized, "published before it was final");
                        prop_assert!(provide.deadline > best, "published too late");
                        prop_assert_eq!(result, provide.binding.job, "published another job's result");
                        if deliver {
                            schedule.published(&id);
                            listed.get_mut(&id).unwrap().delivered = true;
                        }
                    },
                }
            }
            prop_assert!(running.len() - paused.len() <= BOUNDS.runs && paused.len() <= 1);
            prop_assert!(schedule.remembered() <= BOUNDS.duties);
            prop_assert_eq!(schedule.running(), running.len());
            for (id, _, cancelled) in running.values() {
                let wanted = listed.get(id).is_some_and(|owed| {
                    let Duty::Provide(provide) = &owed.duty else { unreachable!() };
                    provide.deadline > best && !owed.delivered
                });
                prop_assert!(wanted || *cancelled, "a run that nobody owes goes on");
            }
        }

        // In a quiet end, everything that still can be done is done.
        let can_be_done: Vec<_> = listed
            .values()
            .filter(|owed| matches!(&owed.duty, Duty::Provide(duty) if duty.deadline > best && duty.assigned_at <= best))
            .cloned()
            .collect();
        if can_be_done.len() <= BOUNDS.duties {
            let mut delivered = BTreeMap::new();
            for _ in 0..200 {
                let all = can_be_done
                    .iter()
                    .map(|owed| Owed { delivered: owed.delivered || delivered.contains_key(&owed.id), ..owed.clone() });
                // Heights that a failed run waits for pass without moving the deadlines of the test.
                schedule.observe(View { best, finalized: best, owed: all.collect(), may_start: true });
                for (run, (id, job, _)) in std::mem::take(&mut running) {
                    schedule.finished(&id, run, Ended::Done(job));
                }
                for action in schedule.actions() {
                    match action {
                        Action::Start { id, run, duty } => { running.insert(run, (id, job_of(&duty), false)); },
                        Action::Publish { id, .. } => { delivered.insert(id.clone(), ()); schedule.published(&id); },
                        Action::Cancel { .. } | Action::Pause { .. } | Action::Resume { .. } => {},
                    }
                }
            }
            for owed in can_be_done.iter().filter(|owed| !owed.delivered && !delivered.contains_key(&owed.id)) {
                prop_assert!(schedule.resting(&owed.id), "forgotten");
            }
        }
    }
}
