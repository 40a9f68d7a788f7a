//! Peers that keep others waiting, and calls that wait: nobody's silence is another's.

use super::{
    support::{chunks_and_some, store},
    world::{fetch, query, Clock, Reply, World, LATENCY},
};
use crate::{
    message::{Misconduct, Response},
    BlobQuery, FetchError, FetchLimits, FetchTimes, Fetcher, Limits,
};
use codec::{DecodeAll, Encode};
use futures::future::{join, join_all, select, Either};
use sp_core::H256;
use std::{path::Path, pin::pin, sync::Arc, time::Duration};
use strike_primitives::artifact::{file_root, output_bytes_root, ArtifactKind};

/// As long as the worker waits.
const PATIENCE: Duration = Duration::from_secs(8);

fn times() -> FetchTimes {
    FetchTimes { patience: PATIENCE, ..Default::default() }
}

fn fetcher(dir: &Path, world: World) -> Fetcher<World> {
    Fetcher::new(store(dir), world, FetchLimits { times: times(), ..Default::default() })
}

fn elapsed(fetcher: &Fetcher<World>) -> Duration {
    fetcher.exchange().clock.elapsed()
}

/// A place, and a blob that is looked for there.
fn at_a_place(root: H256) -> (H256, BlobQuery) {
    let place = H256([9; 32]);
    (place, BlobQuery { places: vec![place], ..query(root) })
}

#[test]
fn a_silent_neighbour_keeps_nobody_from_being_looked_for() {
    let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
    let (bytes, root) = chunks_and_some(20, 0);
    let (place, query) = at_a_place(root);
    world.silent(1);
    world.honest(2, &[&bytes]);
    world.connected = vec![1];
    world.located.insert(place, vec![2]);
    let fetcher = fetcher(dir.path(), world);
    assert_eq!(fetch(&fetcher, &query).unwrap(), bytes);
    assert!(elapsed(&fetcher) < times().head_start + 20 * LATENCY);
}

#[test]
fn silent_nodes_at_a_place_hold_up_the_last_one_but_a_little() {
    let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
    let (bytes, root) = chunks_and_some(20, 0);
    let (place, query) = at_a_place(root);
    for peer in 1..20 {
        world.silent(peer);
    }
    world.honest(20, &[&bytes]);
    world.connected = vec![];
    world.located.insert(place, (1..=20).collect());
    let fetcher = fetcher(dir.path(), world);
    assert_eq!(fetch(&fetcher, &query).unwrap(), bytes);
    assert!(elapsed(&fetcher) < PATIENCE / 2);
}

#[test]
fn who_says_yes_and_then_nothing_costs_a_second_once() {
    let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
    let ((first, first_root), (second, second_root)) = (chunks_and_some(20, 0), chunks_and_some(20, 1));
    world.stalling(1);
    world.honest(2, &[&first, &second]);
    let fetcher = fetcher(dir.path(), world);
    assert_eq!(fetch(&fetcher, &query(first_root)).unwrap(), first);
    let once = elapsed(&fetcher);
    assert!((times().slow..times().slow * 2).contains(&once), "{once:?}");
    assert_eq!(*fetcher.exchange().reports.lock(), [(1, Misconduct::Stall)], "and is told so, once");
    // It is remembered, and asked when all others were.
    let asked = fetcher.exchange().asked(1);
    assert_eq!(fetch(&fetcher, &query(second_root)).unwrap(), second);
    assert_eq!(fetcher.exchange().asked(1), asked);
    assert!(elapsed(&fetcher) - once < 20 * LATENCY);
}

#[test]
fn many_who_say_yes_and_then_nothing_are_passed_by_in_the_next_try() {
    let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
    let (bytes, root) = chunks_and_some(20, 0);
    for peer in 1..=12 {
        world.stalling(peer);
    }
    world.honest(13, &[&bytes]);
    let fetcher = fetcher(dir.path(), world);
    assert!(matches!(fetch(&fetcher, &query(root)), Err(FetchError::Unfinished)));
    assert_eq!(elapsed(&fetcher), PATIENCE);
    fetcher.exchange().clock.run(fetcher.exchange().clock.sleep(times().unfinished));
    assert_eq!(fetch(&fetcher, &query(root)).unwrap(), bytes);
    let reports = fetcher.exchange().reports.lock().clone();
    assert_eq!(reports, (1..=12).map(|peer| (peer, Misconduct::Stall)).collect::<Vec<_>>());
}

#[test]
fn a_slow_line_is_slow_and_not_silent() {
    // Of 700 and of 180 kilobit a second.
    for (time, reports) in [(Duration::from_millis(750), 0), (Duration::from_secs(3), 1)] {
        let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
        let (bytes, root) = chunks_and_some(4, 0);
        world.add(1, &[&bytes], move |request, answer| Reply::After(time * request.count, answer.unwrap()));
        let fetcher = Fetcher::new(store(dir.path()), world, FetchLimits::default());
        assert_eq!(fetch(&fetcher, &query(root)).unwrap(), bytes);
        assert_eq!(fetcher.exchange().reports.lock().len(), reports);
    }
}

#[test]
fn who_gives_little_by_little_does_not_keep_others_from_giving() {
    let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
    let (bytes, root) = chunks_and_some(40, 0);
    world.add(1, &[&bytes], |request, answer| match request.count {
        0 => Reply::from(answer),
        _ => {
            let Some(Ok(Response::Chunks(mut chunks))) = answer.map(|answer| Response::decode_all(&mut &answer[..]))
            else {
                panic!("it has the blob");
            };
            chunks.chunks.truncate(1);
            Reply::After(Duration::from_millis(900), Response::Chunks(chunks).encode())
        }
    });
    world.honest(2, &[&bytes]);
    let fetcher = fetcher(dir.path(), world);
    assert_eq!(fetch(&fetcher, &query(root)).unwrap(), bytes);
}

#[test]
fn calls_for_what_nobody_has_share_one_round_and_hold_up_no_other() {
    let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
    let (bytes, root) = chunks_and_some(3, 0);
    world.honest(1, &[]);
    world.honest(2, &[&bytes]);
    world.add(3, &[], move |request, answer| if request.root == root { Reply::from(answer) } else { Reply::Silence });
    let fetcher = fetcher(dir.path(), world);
    let absent = query(file_root(b"nothing"));
    let (present, world) = (query(root), fetcher.exchange());
    let calls = join_all((0..64).map(|_| fetcher.fetch(&absent)));
    let other = async {
        let fetched = fetcher.fetch(&present).await;
        (fetched, elapsed(&fetcher))
    };
    let (calls, (fetched, at)) = world.clock.run(join(calls, other));
    assert_eq!(fetched.unwrap(), bytes);
    assert!(at < times().slow, "{at:?}: while the others waited for the silent one");
    let count =
        |matches: fn(&FetchError) -> bool| calls.iter().filter(|call| call.as_ref().is_err_and(matches)).count();
    assert_eq!(count(|error| matches!(error, FetchError::NotFound { asked: 3 })), 4);
    assert_eq!(count(|error| matches!(error, FetchError::Unfinished)), 60);
    let asked = || world.requests.lock().iter().filter(|(_, request)| request.root == absent.root).count();
    assert_eq!(asked(), 3, "one round");
    // Nor is there another one at once.
    assert!(matches!(fetch(&fetcher, &absent), Err(FetchError::NotFound { asked: 3 })));
    assert_eq!(asked(), 3);
    world.clock.run(world.clock.sleep(times().missed));
    assert!(matches!(fetch(&fetcher, &absent), Err(FetchError::NotFound { asked: 3 })));
    assert_eq!(asked(), 6);
    assert_eq!(fetcher.waited_for(), 0);
}

#[test]
fn what_could_not_be_had_in_time_is_not_asked_for_again_at_once() {
    let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
    let (_, root) = chunks_and_some(3, 0);
    for peer in 1..=12 {
        world.stalling(peer);
    }
    let fetcher = fetcher(dir.path(), world);
    let query = query(root);
    let calls = join_all((0..4).map(|_| fetcher.fetch(&query)));
    let calls = fetcher.exchange().clock.run(calls);
    assert!(calls.iter().all(|call| matches!(call, Err(FetchError::Unfinished))));
    assert_eq!(elapsed(&fetcher), PATIENCE);
    let asked = fetcher.exchange().requests.lock().len();
    assert!(matches!(fetch(&fetcher, &query), Err(FetchError::Unfinished)));
    assert_eq!((elapsed(&fetcher), fetcher.exchange().requests.lock().len()), (PATIENCE, asked));
}

#[test]
fn fetchers_of_one_store_do_not_wait_for_each_other() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), Arc::new(Clock::default()));
    let (bytes, root) = chunks_and_some(20, 0);
    let mut slow = World { clock: clock.clone(), ..World::default() };
    slow.add(1, &[&bytes], |request, answer| match request.first {
        0 => Reply::from(answer),
        _ => Reply::After(Duration::from_secs(5), answer.unwrap()),
    });
    let mut quick = World { clock: clock.clone(), ..World::default() };
    quick.honest(2, &[&bytes]);
    let store = store(dir.path());
    let limits = FetchLimits { times: times(), ..Default::default() };
    let first = Fetcher::new(store.clone(), slow, limits);
    let second = Fetcher::new(store.clone(), quick, limits);
    let query = query(root);
    let mut strangers = pin!(first.fetch(&query));
    while first.exchange().requests.lock().len() < 3 {
        assert!(clock.step(strangers.as_mut()).is_pending());
    }
    let worker = async { (second.fetch(&query).await, clock.elapsed()) };
    let (strangers, (fetched, at)) = clock.run(join(strangers, worker));
    assert_eq!(fetched.unwrap(), bytes);
    assert!(at < times().slow, "{at:?}");
    let firsts: Vec<_> = second.exchange().requests.lock().iter().map(|(_, request)| request.first).collect();
    assert_eq!(firsts[..2], [0, 1], "the question, and what was missing: it goes on with what is here");
    assert_eq!(strangers.unwrap(), bytes, "and so does the other");
    assert_eq!(store.size(), Limits::cost(bytes.len() as u64));
}

#[test]
fn inputs_that_nobody_has_hold_up_no_output() {
    let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
    let (bytes, _) = chunks_and_some(3, 0);
    world.add(1, &[], |request, answer| match request.kind {
        ArtifactKind::Output => Reply::from(answer),
        _ => Reply::Silence,
    });
    world.nodes[&1].store.put(ArtifactKind::Output, &bytes).unwrap();
    let limits = FetchLimits { running: 2, times: times(), ..Default::default() };
    let fetcher = Fetcher::new(store(dir.path()), world, limits);
    let inputs: Vec<_> = (0..2).map(|seed| query(H256([seed; 32]))).collect();
    let output = BlobQuery { kind: ArtifactKind::Output, ..query(output_bytes_root(&bytes)) };
    let searches = pin!(join_all(inputs.iter().map(|input| fetcher.fetch(input))));
    let fetch = pin!(fetcher.fetch(&output));
    let first = fetcher.exchange().clock.run(select(searches, fetch));
    let Either::Right((fetched, _)) = first else { panic!("the searches ended first") };
    assert_eq!(fetched.unwrap(), bytes);
}
