//! The fuzz target `blobs`: what nodes send each other for blobs. The first byte says what the rest is: a request to a node, an
//! answer to one, or an honest answer with changes (two bytes of place, one of contents). Whatever it is, a node answers a
//! request within the bound or not at all, and nothing but the chunks of the blob proves itself. `tests/fuzz_cases.rs` replays
//! corpus and found cases.

use codec::{DecodeAll, Encode};
use std::{
    sync::{Arc, LazyLock},
    time::Instant,
};
use strike_blobs::{
    message::{Chunks, Proved, Request, Response, MAX_CHUNKS, MAX_REQUEST, MAX_RESPONSE},
    BlobStore, Limits, Server,
};
use strike_primitives::{artifact::ArtifactKind, merkle::CHUNK_SIZE, H256};

/// Name of the target, of its corpus and of its found cases.
pub const NAME: &str = "blobs";

/// The rest is a request.
const REQUEST: u8 = 0;
/// The rest is an answer to the request for the first chunks of the blob.
const ANSWER: u8 = 1;
/// The rest is changes to the honest answer.
const CHANGES: u8 = 2;

struct World {
    store: Arc<BlobStore>,
    blob: Vec<u8>,
    root: H256,
    _dir: tempfile::TempDir,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let store = Arc::new(BlobStore::open(dir.path(), Limits::default()).expect("the store opens"));
    // Two chunks and some; the last is short, so that inputs are.
    let blob: Vec<u8> = (0..2 * CHUNK_SIZE + 40).map(|at| (at % 251) as u8 ^ (at / CHUNK_SIZE) as u8).collect();
    let root = store.put(ArtifactKind::File, &blob).expect("the blob is kept");
    store.put(ArtifactKind::Output, &[]).expect("the empty blob is kept");
    World { store, blob, root, _dir: dir }
});

fn last_chunk() -> Request {
    Request { kind: ArtifactKind::File, root: WORLD.root, first: 2, count: MAX_CHUNKS }
}

fn honest(request: &Request) -> Chunks {
    let chunks = WORLD.store.chunks(request.kind, &request.root, request.first, request.count);
    chunks.expect("the store is read").expect("the blob is there")
}

/// Messages that nodes send, and lies about them.
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let root = WORLD.root;
    let mut seeds = Vec::new();
    let mut add = |name: &str, kind: u8, bytes: Vec<u8>| seeds.push((name.to_owned(), [vec![kind], bytes].concat()));
    for (name, kind, root, first, count) in [
        ("asks", ArtifactKind::File, root, 0, 0),
        ("asks_all", ArtifactKind::File, root, 0, MAX_CHUNKS),
        ("asks_last", ArtifactKind::File, root, 2, 1),
        ("asks_beyond", ArtifactKind::File, root, u64::MAX, 1),
        ("asks_too_much", ArtifactKind::File, root, 0, MAX_CHUNKS + 1),
        ("asks_unknown", ArtifactKind::Output, root, 0, 1),
        ("asks_other_kind", ArtifactKind::Bundle, root, 0, 1),
        ("asks_empty", ArtifactKind::Output, strike_primitives::artifact::output_root(&[]), 0, 1),
    ] {
        add(name, REQUEST, Request { kind, root, first, count }.encode());
    }
    let chunks = honest(&last_chunk());
    add("absent", ANSWER, Response::Absent.encode());
    add("busy", ANSWER, Response::Busy.encode());
    add("honest", ANSWER, Response::Chunks(chunks.clone()).encode());
    add("nothing", ANSWER, Response::Chunks(Chunks { chunks: Vec::new(), ..chunks.clone() }).encode());
    add("length", ANSWER, Response::Chunks(Chunks { length: chunks.length + 1, ..chunks.clone() }).encode());
    let twice = [chunks.chunks.clone(), chunks.chunks.clone()].concat();
    add("twice", ANSWER, Response::Chunks(Chunks { chunks: twice, ..chunks }).encode());
    // 2, a length of 2^64 - 1, and a list of 2^30 - 1 chunks that do not follow.
    add("promises", ANSWER, [&[2][..], &[0xff; 8], &[0xfe, 0xff, 0xff, 0xff]].concat());
    add("unchanged", CHANGES, Vec::new());
    for (name, place) in [("changed_length", 1u16), ("changed_chunk", 20), ("changed_sibling", 60)] {
        add(name, CHANGES, [&place.to_le_bytes()[..], &[1]].concat());
    }
    seeds
}

/// Whether the input is accepted: a request that is answered, or an answer that proves itself.
pub fn run(data: &[u8]) -> bool {
    let Some((kind, rest)) = data.split_first() else { return false };
    match *kind {
        REQUEST => serve(rest),
        ANSWER => prove(rest),
        CHANGES => {
            let mut answer = Response::Chunks(honest(&last_chunk())).encode();
            for change in rest.as_chunks::<3>().0 {
                let place = usize::from(u16::from_le_bytes([change[0], change[1]])) % answer.len();
                answer[place] ^= change[2];
            }
            prove(&answer)
        }
        _ => false,
    }
}

fn serve(request: &[u8]) -> bool {
    let now = Instant::now();
    let server = Server::new(WORLD.store.clone(), Default::default(), now);
    let Some(response) = server.answer(&0u8, request, now).response else { return false };
    assert!(response.len() as u64 <= MAX_RESPONSE && request.len() as u64 <= MAX_REQUEST);
    let request = Request::decode_all(&mut &request[..]).expect("only requests are answered");
    match Response::decode_all(&mut &response[..]).expect("answers decode") {
        Response::Absent => true,
        Response::Busy => panic!("one request is never too much"),
        Response::Chunks(chunks) if request.count == 0 => chunks.chunks.is_empty(),
        Response::Chunks(chunks) => Proved::new(&request, chunks).is_some(),
    }
}

fn prove(answer: &[u8]) -> bool {
    let Ok(Response::Chunks(chunks)) = Response::decode_all(&mut &answer[..]) else { return false };
    let Some(proved) = Proved::new(&last_chunk(), chunks.clone()) else { return false };
    assert_eq!(proved.length(), WORLD.blob.len() as u64);
    assert_eq!(chunks, honest(&last_chunk()), "nothing else proves itself");
    true
}
