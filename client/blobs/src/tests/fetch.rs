//! Fetching from peers of every kind: honest ones, and ones that lie, stall, flood or go away.

use super::{
    support::{chunks_and_some, store},
    world::{fetch, fetcher, query, World},
};
use crate::{
    message::{Chunk, Chunks, Request, Response},
    BlobQuery, BlobSource, BlobStore, FetchError, FetchLimits, Fetcher, Limits, Quota, ServeLimits,
};
use codec::{DecodeAll, Encode};
use sp_core::H256;
use std::{pin::pin, sync::Arc, time::Instant};
use strike_primitives::{
    artifact::{file_root, ArtifactKind},
    merkle::CHUNK_SIZE,
};

/// What a liar answers to a request for chunks.
type Lie = Box<dyn Fn(&Request) -> Option<Vec<u8>> + Send + Sync>;

/// Chunks that are what was asked for, of another blob.
fn forged(request: &Request, bytes: &[u8]) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let root = store.put(ArtifactKind::File, bytes).unwrap();
    let chunks = store.chunks(ArtifactKind::File, &root, request.first, request.count).unwrap();
    chunks.map_or(Response::Absent, Response::Chunks).encode()
}

#[test]
fn a_blob_of_another_node_is_fetched_kept_and_not_fetched_again() {
    let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
    let (bytes, root) = chunks_and_some(40, 0);
    world.honest(1, &[]);
    world.honest(2, &[&bytes]);
    let fetcher = fetcher(dir.path(), world);
    assert_eq!(fetch(&fetcher, &query(root)).unwrap(), bytes);
    let requests = fetcher.exchange().requests.lock().len();
    assert!(fetcher.exchange().reports.lock().is_empty());
    assert_eq!(fetch(&fetcher, &query(root)).unwrap(), bytes);
    assert_eq!(fetcher.exchange().requests.lock().len(), requests);
    assert_eq!(store(dir.path()).get(ArtifactKind::File, &root).unwrap(), Some(bytes), "also after a restart");
}

#[test]
fn what_nobody_has_is_not_found() {
    let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
    for peer in 1..=3 {
        world.honest(peer, &[]);
    }
    let fetcher = fetcher(dir.path(), world);
    let error = fetch(&fetcher, &query(file_root(b"nothing"))).unwrap_err();
    assert!(matches!(error, FetchError::NotFound { asked: 3 }), "{error}");
    assert_eq!(fetcher.waited_for(), 0);
    assert!(fetcher.exchange().reports.lock().is_empty(), "not to have it is no fault");
    let alone = Fetcher::new(store(dir.path()), World::default(), FetchLimits::default());
    assert!(matches!(fetch(&alone, &query(H256::zero())), Err(FetchError::NotFound { asked: 0 })));
}

#[test]
fn every_liar_is_reported_and_the_next_peer_is_asked() {
    let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
    let (bytes, root) = chunks_and_some(5, 0);
    let (other, _) = chunks_and_some(5, 1);
    let honest = bytes.clone();
    let lies: Vec<Lie> = vec![
        Box::new(|_| Some(vec![])),
        Box::new(|_| Some(vec![0xff; 100_000])),
        // A length of a vector that nobody could hold.
        Box::new(|_| Some([&[2u8][..], &[9; 8], &[0x03, 0xff, 0xff, 0xff, 0xff]].concat())),
        Box::new(move |request| Some(forged(request, &other))),
        Box::new(|_| Some(Response::Chunks(Chunks { length: 0, chunks: vec![] }).encode())),
        Box::new(|_| Some(Response::Chunks(Chunks { length: u64::MAX, chunks: vec![] }).encode())),
        Box::new(|request| {
            let chunk = Chunk { bytes: vec![0; CHUNK_SIZE], siblings: vec![] };
            let chunks = vec![chunk; request.count as usize];
            Some(Response::Chunks(Chunks { length: 1 << 40, chunks }).encode())
        }),
        // The first chunk honest, the second not.
        Box::new(move |request| {
            let answer = Response::decode_all(&mut &forged(request, &honest)[..]).unwrap();
            let Response::Chunks(mut chunks) = answer else { return Some(answer.encode()) };
            if let Some(chunk) = chunks.chunks.get_mut(1) {
                chunk.bytes[0] ^= 1;
            }
            Some(Response::Chunks(chunks).encode())
        }),
    ];
    let liars = lies.len() as u8;
    for (peer, lie) in (1..).zip(lies) {
        world.lying(peer, lie);
    }
    world.honest(100, &[&bytes]);
    let fetcher = fetcher(dir.path(), world);
    assert_eq!(fetch(&fetcher, &query(root)).unwrap(), bytes);
    assert_eq!(fetcher.exchange().garbage_from(), (1..=liars).collect::<Vec<_>>());
}

#[test]
fn a_liar_is_asked_once_however_many_rounds_there_are() {
    let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
    world.lying(1, |_| Some(vec![7]));
    let stuffed = Chunks { length: 1, chunks: vec![Chunk { bytes: vec![1], siblings: vec![] }] };
    // Chunks that nobody asked for.
    world.add(2, &[], move |_, _| Some(Response::Chunks(stuffed.clone()).encode()));
    world.add(3, &[], |_, _| Some(Response::Busy.encode()));
    let fetcher = fetcher(dir.path(), world);
    assert!(fetch(&fetcher, &query(file_root(b"x"))).is_err());
    let world = fetcher.exchange();
    assert_eq!(world.garbage_from(), [1, 2]);
    assert_eq!(*world.pauses.lock(), 3);
    assert_eq!((world.asked(1), world.asked(2), world.asked(3)), (2, 1, 4));
}

#[test]
fn what_one_peer_leaves_off_the_next_goes_on_with() {
    let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
    let (bytes, root) = chunks_and_some(40, 0);
    // Each goes away after its first chunks: silent, evicted, out of its mind.
    world.add(1, &[&bytes], |request, answer| answer.filter(|_| request.first < 16));
    let absent = |request: &Request, answer| if request.first < 32 { answer } else { Some(Response::Absent.encode()) };
    world.add(2, &[&bytes], absent);
    world.add(3, &[&bytes], |request, answer| if request.count == 0 { answer } else { Some(vec![3]) });
    world.honest(4, &[&bytes]);
    let fetcher = fetcher(dir.path(), world);
    assert_eq!(fetch(&fetcher, &query(root)).unwrap(), bytes);
    let world = fetcher.exchange();
    assert_eq!(world.garbage_from(), [3]);
    let requests: Vec<_> = world.requests.lock().iter().filter(|(_, request)| request.count > 0).cloned().collect();
    assert!(requests.iter().map(|(_, request)| request.first).is_sorted(), "nothing is asked for that is here");
    assert!((1..=4).all(|peer| requests.iter().any(|(to, _)| *to == peer)), "each of them was to give");
}

#[test]
fn an_interrupted_fetch_goes_on_after_a_restart() {
    let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
    let (bytes, root) = chunks_and_some(40, 0);
    world.add(1, &[&bytes], |request, answer| answer.filter(|_| request.first < 16));
    let first = fetcher(dir.path(), world);
    assert!(matches!(fetch(&first, &query(root)), Err(FetchError::Unfinished)));
    drop(first);
    let mut world = World::default();
    world.honest(1, &[&bytes]);
    let second = fetcher(dir.path(), world);
    assert_eq!(fetch(&second, &query(root)).unwrap(), bytes);
    let firsts: Vec<_> = second.exchange().requests.lock().iter().map(|(_, request)| request.first).collect();
    assert_eq!(firsts, [0, 30, 31, 33, 37], "the question, and what was missing");
}

#[test]
fn a_fetch_that_is_dropped_leaves_what_it_got_and_nothing_else() {
    let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
    let (bytes, root) = chunks_and_some(40, 0);
    world.honest(1, &[&bytes]);
    let fetcher = fetcher(dir.path(), world);
    {
        let query = query(root);
        let mut fetch = pin!(fetcher.fetch(&query));
        // Polled until three chunks are there, and then no more.
        while fetcher.exchange().requests.lock().len() < 4 {
            assert!(fetcher.exchange().clock.step(fetch.as_mut()).is_pending());
        }
        assert_eq!(fetcher.waited_for(), 1);
    }
    assert_eq!(fetcher.waited_for(), 0);
    assert_eq!(fetch(&fetcher, &query(root)).unwrap(), bytes);
    assert!(fetcher.exchange().requests.lock().iter().filter(|(_, request)| request.first == 0).count() <= 3);
}

#[test]
fn busy_peers_are_asked_again_after_a_pause() {
    let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
    let (bytes, root) = chunks_and_some(40, 0);
    let each = Quota { burst: 17 * CHUNK_SIZE as u64, per_second: 17 * CHUNK_SIZE as u64 };
    let limits = ServeLimits { each, ..Default::default() };
    world.add_limited(1, &[&bytes], limits, |_, answer| answer);
    let fetcher = fetcher(dir.path(), world);
    assert_eq!(fetch(&fetcher, &query(root)).unwrap(), bytes);
    assert_eq!(*fetcher.exchange().pauses.lock(), 2);
}

#[test]
fn the_holders_nodes_are_looked_for_where_no_neighbour_has_it() {
    let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
    let (bytes, root) = chunks_and_some(1, 0);
    let (first, holder, stranger) = (H256([3; 32]), H256([1; 32]), H256([2; 32]));
    world.honest(1, &[]);
    for (peer, blobs) in [(2, &[][..]), (3, &[&bytes[..]][..])] {
        world.honest(peer, blobs);
    }
    world.connected = vec![1];
    // Somebody else says that it is the holder's node too.
    world.located.insert(holder, vec![1, 2, 3]);
    world.located.insert(first, vec![2]);
    let fetcher = fetcher(dir.path(), world);
    let at = |places: &[H256]| BlobQuery { places: places.to_vec(), ..query(root) };
    assert!(matches!(fetch(&fetcher, &at(&[])), Err(FetchError::NotFound { asked: 1 })));
    assert!(matches!(fetch(&fetcher, &at(&[stranger])), Err(FetchError::NotFound { asked: 1 })));
    assert!(matches!(fetch(&fetcher, &at(&[first])), Err(FetchError::NotFound { asked: 2 })));
    assert_eq!(fetch(&fetcher, &at(&[first, holder])).unwrap(), bytes);
}

#[test]
fn lengths_beyond_what_is_expected_are_refused_with_the_first_chunk() {
    let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
    let (bytes, root) = chunks_and_some(40, 0);
    world.honest(1, &[&bytes]);
    let fetcher = fetcher(dir.path(), world);
    let short = BlobQuery { max_length: CHUNK_SIZE as u64, ..query(root) };
    let error = fetch(&fetcher, &short).unwrap_err();
    assert!(matches!(error, FetchError::TooLong { length, .. } if length == bytes.len() as u64), "{error}");
    assert_eq!(fetcher.exchange().requests.lock().len(), 2);
    assert!(fetcher.exchange().reports.lock().is_empty(), "the peer told the truth");
    // Nor is it read where it is here.
    fetch(&fetcher, &query(root)).unwrap();
    let here = store(dir.path());
    assert!(matches!(here.read(&short), Err(FetchError::TooLong { .. })));
    assert_eq!(here.read(&query(root)).unwrap(), bytes);
}

#[test]
fn a_blob_larger_than_the_store_takes_is_refused() {
    let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
    let (bytes, root) = chunks_and_some(2, 0);
    world.honest(1, &[&bytes]);
    let limits = Limits { blob: 2 * CHUNK_SIZE as u64, disk: Limits::cost(2 * CHUNK_SIZE as u64), files: 100 };
    let store = Arc::new(BlobStore::open(dir.path(), limits).unwrap());
    let fetcher = Fetcher::new(store.clone(), world, FetchLimits::default());
    assert!(matches!(fetch(&fetcher, &query(root)), Err(FetchError::Store(_))));
    assert_eq!(store.size(), 0);
}

#[test]
fn calls_for_one_blob_share_one_download_and_too_many_calls_are_refused() {
    let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
    let (bytes, root) = chunks_and_some(20, 0);
    world.honest(1, &[&bytes]);
    let limits = FetchLimits { waiting: 8, callers: 20, ..Default::default() };
    let fetcher = Fetcher::new(store(dir.path()), world, limits);
    let query = query(root);
    let calls = futures::future::join_all((0..20).map(|_| fetcher.fetch(&query)));
    let results = fetcher.exchange().clock.run(calls);
    let (here, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((here.len(), refused.len()), (8, 12));
    assert!(refused.iter().all(|result| matches!(result, Err(FetchError::Unfinished))));
    let counts: Vec<_> = fetcher.exchange().requests.lock().iter().map(|(_, request)| request.count).collect();
    assert_eq!(counts, [0, 1, 2, 4, 8, 6]);
    assert_eq!(fetcher.waited_for(), 0);
}

#[test]
fn a_damaged_beginning_is_fetched_again_and_nobody_is_blamed() {
    let (dir, mut world) = (tempfile::tempdir().unwrap(), World::default());
    let (bytes, root) = chunks_and_some(40, 0);
    world.add(1, &[&bytes], |request, answer| answer.filter(|_| request.first < 16));
    assert!(fetch(&fetcher(dir.path(), world), &query(root)).is_err());
    let path = crate::store::disk::partial_path(dir.path(), ArtifactKind::File, &root);
    let mut begun = std::fs::read(&path).unwrap();
    begun[3] ^= 1;
    std::fs::write(&path, begun).unwrap();
    let mut world = World::default();
    world.honest(1, &[&bytes]);
    let fetcher = fetcher(dir.path(), world);
    assert_eq!(fetch(&fetcher, &query(root)).unwrap(), bytes);
    assert!(fetcher.exchange().reports.lock().is_empty());
}

#[test]
fn a_node_serves_what_it_fetched() {
    let (bytes, root) = chunks_and_some(20, 0);
    let mut world = World::default();
    world.honest(1, &[&bytes]);
    world.honest(2, &[]);
    let middle = world.nodes[&2].store.clone();
    let fetcher = Fetcher::new(middle, world, FetchLimits::default());
    fetch(&fetcher, &query(root)).unwrap();
    let server = &fetcher.exchange().nodes[&2].server;
    let request = Request { kind: ArtifactKind::File, root, first: 0, count: 4 }.encode();
    let answer = server.answer(&9, &request, Instant::now()).response.unwrap();
    assert!(matches!(Response::decode_all(&mut &answer[..]), Ok(Response::Chunks(chunks)) if chunks.chunks.len() == 4));
}
