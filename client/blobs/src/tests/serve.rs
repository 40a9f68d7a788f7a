use super::support::{chunks_and_some, request, store};
use crate::{
    message::{Misconduct, Proved, Request, Response, MAX_CHUNKS},
    Quota, ServeLimits, Server,
};
use codec::{DecodeAll, Encode};
use sp_core::H256;
use std::{
    fs,
    time::{Duration, Instant},
};
use strike_primitives::{artifact::ArtifactKind, merkle::CHUNK_SIZE};

fn response(server: &Server<u32>, request: &Request, now: Instant) -> (Response, Option<Misconduct>) {
    let answer = server.answer(&1, &request.encode(), now);
    let response = answer.response.expect("a well-formed request is answered");
    (Response::decode_all(&mut &response[..]).unwrap(), answer.misconduct)
}

#[test]
fn chunks_are_served_with_their_proofs_and_no_more_than_were_asked_for() {
    let (dir, now) = (tempfile::tempdir().unwrap(), Instant::now());
    let store = store(dir.path());
    let server = Server::new(store.clone(), ServeLimits::default(), now);
    for (bytes, root) in [chunks_and_some(2, 0), chunks_and_some(40, 1)] {
        store.put(ArtifactKind::File, &bytes).unwrap();
        let asks_only = request(root, 0, 0);
        for _ in 0..2 {
            let (answer, _) = response(&server, &asks_only, now);
            assert!(
                matches!(answer, Response::Chunks(chunks) if chunks.length == bytes.len() as u64 && chunks.chunks.is_empty())
            );
        }
        let mut received = Vec::new();
        while received.len() < bytes.len() {
            let request = request(root, (received.len() / CHUNK_SIZE) as u64, MAX_CHUNKS);
            let (Response::Chunks(chunks), None) = response(&server, &request, now) else { panic!("chunks") };
            assert!(chunks.chunks.len() <= MAX_CHUNKS as usize);
            received.extend(Proved::new(&request, chunks).unwrap().chunks.concat());
        }
        assert_eq!(received, bytes);
    }
}

#[test]
fn what_is_not_there_is_absent() {
    let (dir, now) = (tempfile::tempdir().unwrap(), Instant::now());
    let store = store(dir.path());
    let server = Server::new(store.clone(), ServeLimits::default(), now);
    let (bytes, root) = chunks_and_some(1, 0);
    store.put(ArtifactKind::File, &bytes).unwrap();
    let bundle = Request { kind: ArtifactKind::Bundle, ..request(root, 0, 1) };
    let output = Request { kind: ArtifactKind::Output, ..request(root, 0, 1) };
    for absent in
        [request(H256::zero(), 0, 1), request(root, 2, 1), request(root, u64::MAX, MAX_CHUNKS), bundle, output]
    {
        assert_eq!(response(&server, &absent, now), (Response::Absent, None), "{absent:?}");
    }
}

#[test]
fn a_damaged_blob_is_removed_and_not_served() {
    let (dir, now) = (tempfile::tempdir().unwrap(), Instant::now());
    let store = store(dir.path());
    let server = Server::new(store.clone(), ServeLimits::default(), now);
    for served_before in [false, true] {
        let (bytes, root) = chunks_and_some(20, 3);
        store.put(ArtifactKind::File, &bytes).unwrap();
        if served_before {
            assert!(matches!(response(&server, &request(root, 0, 1), now).0, Response::Chunks(_)));
        }
        let mut damaged = bytes.clone();
        damaged[CHUNK_SIZE + 5] ^= 1;
        fs::write(crate::store::disk::path(dir.path(), ArtifactKind::File, &root), &damaged).unwrap();
        assert_eq!(response(&server, &request(root, 1, 1), now), (Response::Absent, None));
        assert!(!store.contains(ArtifactKind::File, &root));
        // Cut short, likewise.
        store.put(ArtifactKind::File, &bytes).unwrap();
        assert!(matches!(response(&server, &request(root, 0, 1), now).0, Response::Chunks(_)));
        fs::write(crate::store::disk::path(dir.path(), ArtifactKind::File, &root), &bytes[..CHUNK_SIZE]).unwrap();
        assert_eq!(response(&server, &request(root, 1, 1), now), (Response::Absent, None));
        assert!(!store.contains(ArtifactKind::File, &root));
    }
}

#[test]
fn what_no_honest_node_sends_gets_no_answer() {
    let (dir, now) = (tempfile::tempdir().unwrap(), Instant::now());
    let server = Server::new(store(dir.path()), ServeLimits::default(), now);
    let good = request(H256::zero(), 0, 1).encode();
    let longer = [&good[..], &[0]].concat();
    let other_kind = [&[9u8][..], &good[1..]].concat();
    let greedy = request(H256::zero(), 0, MAX_CHUNKS + 1).encode();
    for bad in [&[][..], &good[..good.len() - 1], &longer, &other_kind, &greedy, &[0xff; 1_000]] {
        let answer = server.answer(&1, bad, now);
        assert_eq!((answer.response, answer.misconduct), (None, Some(Misconduct::Garbage)), "{bad:?}");
    }
}

#[test]
fn a_flood_is_told_to_wait_and_the_others_are_served() {
    let (dir, now) = (tempfile::tempdir().unwrap(), Instant::now());
    let store = store(dir.path());
    let each = Quota { burst: 8 * CHUNK_SIZE as u64, per_second: CHUNK_SIZE as u64 };
    let all = Quota { burst: 100 * CHUNK_SIZE as u64, per_second: CHUNK_SIZE as u64 };
    let server = Server::new(store.clone(), ServeLimits { each, all, peers: 10 }, now);
    let (bytes, root) = chunks_and_some(10, 0);
    store.put(ArtifactKind::File, &bytes).unwrap();
    let four = request(root, 0, 4);
    let mut answers = (0..10).map(|_| response(&server, &four, now));
    assert!(matches!(answers.next(), Some((Response::Chunks(_), None))));
    assert!(answers.skip(1).all(|answer| answer == (Response::Busy, Some(Misconduct::Flood))));
    let other = server.answer(&2, &four.encode(), now).response.unwrap();
    assert!(matches!(Response::decode_all(&mut &other[..]), Ok(Response::Chunks(_))));
    assert!(matches!(response(&server, &four, now + Duration::from_secs(8)), (Response::Chunks(_), None)));
    // Questions for what is not there are not free either.
    let absent = request(H256::zero(), 0, 0);
    let answers: Vec<_> = (0..100).map(|_| response(&server, &absent, now).0).collect();
    assert!(answers.contains(&Response::Busy));
}

#[test]
fn what_has_to_be_read_whole_is_charged_and_read_once() {
    let dir = tempfile::tempdir().unwrap();
    let (bytes, root) = chunks_and_some(10, 0);
    store(dir.path()).put(ArtifactKind::File, &bytes).unwrap();
    let now = Instant::now();
    let chunk = CHUNK_SIZE as u64;
    let quota = |chunks| Quota { burst: chunks * chunk, per_second: 1 };
    let limits = |chunks| ServeLimits { each: quota(chunks), all: quota(1_000), peers: 10 };
    let one = request(root, 0, 1);
    let served = |server: &Server<u32>| (0..20).filter(|_| response(server, &one, now).0 != Response::Busy).count();
    // Opened anew, nothing is hashed: the first request costs ten chunks and a quarter, the others one and a quarter.
    assert_eq!(served(&Server::new(store(dir.path()), limits(25), now)), 12);
    // It costs no more than half of what a peer may take at once, so that whoever asks first can pay.
    assert_eq!(served(&Server::new(store(dir.path()), limits(8), now)), 4);
}

#[test]
fn a_blob_that_was_cut_to_nothing_is_absent_and_removed() {
    let (dir, now) = (tempfile::tempdir().unwrap(), Instant::now());
    let (bytes, root) = chunks_and_some(1, 0);
    for count in [0, 1] {
        store(dir.path()).put(ArtifactKind::File, &bytes).unwrap();
        let path = crate::store::disk::path(dir.path(), ArtifactKind::File, &root);
        fs::write(&path, b"").unwrap();
        let reopened = store(dir.path());
        assert!(!path.exists() && !reopened.contains(ArtifactKind::File, &root));
        let server = Server::new(reopened, ServeLimits::default(), now);
        assert_eq!(response(&server, &request(root, 0, count), now), (Response::Absent, None));
    }
    // While the node runs, likewise.
    let store = store(dir.path());
    store.put(ArtifactKind::File, &bytes).unwrap();
    fs::write(crate::store::disk::path(dir.path(), ArtifactKind::File, &root), b"").unwrap();
    let server = Server::new(store.clone(), ServeLimits::default(), now);
    assert_eq!(response(&server, &request(root, 0, 1), now), (Response::Absent, None));
    assert!(!store.contains(ArtifactKind::File, &root));
}

#[test]
fn the_empty_blob_is_served() {
    let (dir, now) = (tempfile::tempdir().unwrap(), Instant::now());
    let root = store(dir.path()).put(ArtifactKind::File, b"").unwrap();
    let server = Server::new(store(dir.path()), ServeLimits::default(), now);
    for count in [0, 1] {
        let (answer, _) = response(&server, &request(root, 0, count), now);
        assert!(matches!(answer, Response::Chunks(chunks) if chunks.length == 0 && chunks.chunks.is_empty()));
    }
}
