use super::support::{blob, chunks_and_some, request, store};
use crate::message::{Chunk, Chunks, Proved, Request, Response, MAX_CHUNKS, MAX_REQUEST, MAX_RESPONSE};
use codec::{DecodeAll, Encode};
use proptest::prelude::*;
use sp_core::H256;
use strike_primitives::{
    artifact::{file_root, ArtifactKind},
    merkle::CHUNK_SIZE,
};

/// What an honest node answers.
fn answer(bytes: &[u8], first: u64, count: u32) -> Chunks {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let root = store.put(ArtifactKind::File, bytes).unwrap();
    store.chunks(ArtifactKind::File, &root, first, count).unwrap().unwrap()
}

#[test]
fn the_bytes_on_the_wire_are_as_documented() {
    let request = Request { kind: ArtifactKind::Output, root: H256([7; 32]), first: 258, count: 3 };
    let expected = [&[5u8][..], &[7; 32], &[2, 1, 0, 0, 0, 0, 0, 0], &[3, 0, 0, 0]].concat();
    assert_eq!(request.encode(), expected);
    assert_eq!(Response::Absent.encode(), [0]);
    assert_eq!(Response::Busy.encode(), [1]);
    let chunk = Chunk { bytes: vec![9, 8], siblings: vec![H256([1; 32])] };
    let response = Response::Chunks(Chunks { length: 2, chunks: vec![chunk] });
    let expected = [&[2u8][..], &[2, 0, 0, 0, 0, 0, 0, 0], &[4], &[8, 9, 8], &[4], &[1; 32]].concat();
    assert_eq!(response.encode(), expected);
}

#[test]
fn the_largest_messages_fit_their_bounds() {
    let request = Request { kind: ArtifactKind::File, root: H256([9; 32]), first: u64::MAX, count: u32::MAX };
    assert!(request.encode().len() as u64 <= MAX_REQUEST);
    let chunk = Chunk { bytes: vec![0; CHUNK_SIZE], siblings: vec![H256::zero(); 64] };
    let chunks = Chunks { length: u64::MAX, chunks: vec![chunk; MAX_CHUNKS as usize] };
    assert!(Response::Chunks(chunks).encode().len() as u64 <= MAX_RESPONSE);
}

#[test]
fn an_honest_answer_is_proved() {
    let (bytes, root) = chunks_and_some(5, 0);
    for (first, count, expected) in [(0, 6, 6), (0, 2, 2), (4, 9, 2), (5, 1, 1)] {
        let request = request(root, first, count);
        let proved = Proved::new(&request, answer(&bytes, first, count)).unwrap();
        assert_eq!((proved.first, proved.length(), proved.chunks.len()), (first, bytes.len() as u64, expected));
        assert!(bytes[first as usize * CHUNK_SIZE..].starts_with(&proved.chunks.concat()));
    }
    let empty = Proved::new(&request(file_root(&[]), 0, 1), answer(&[], 0, 1)).unwrap();
    assert_eq!((empty.length(), empty.chunks.len()), (0, 0));
}

#[test]
fn nothing_is_taken_on_a_peers_word() {
    let (bytes, root) = chunks_and_some(3, 0);
    let (other, other_root) = chunks_and_some(3, 1);
    let wanted = request(root, 1, 2);
    let honest = || answer(&bytes, 1, 2);
    let refused = |what: &str, request: &Request, answer: Chunks| {
        assert!(Proved::new(request, answer).is_none(), "{what}");
    };
    assert!(Proved::new(&wanted, honest()).is_some());
    refused("another blob", &wanted, answer(&other, 1, 2));
    refused("chunks from another place", &wanted, answer(&bytes, 0, 2));
    refused("more than was asked for", &request(root, 1, 1), honest());
    refused("nothing at all", &wanted, Chunks { chunks: vec![], ..honest() });
    refused("another root", &request(other_root, 1, 2), honest());
    refused("another kind", &Request { kind: ArtifactKind::Output, ..wanted.clone() }, honest());
    refused("beyond the end", &request(root, 4, 2), honest());
    for length in [0, 1, bytes.len() as u64 - 1, bytes.len() as u64 + 1, u64::MAX] {
        refused("another length", &wanted, Chunks { length, ..honest() });
    }
    let altered = |change: &dyn Fn(&mut Vec<Chunk>)| {
        let mut answer = honest();
        change(&mut answer.chunks);
        answer
    };
    refused("one bit", &wanted, altered(&|chunks| chunks[1].bytes[5] ^= 1));
    refused("a byte more", &wanted, altered(&|chunks| chunks[1].bytes.push(0)));
    refused("a byte less", &wanted, altered(&|chunks| chunks[1].bytes.truncate(CHUNK_SIZE - 1)));
    refused("an empty chunk", &wanted, altered(&|chunks| chunks[0].bytes.clear()));
    refused("the wrong order", &wanted, altered(&|chunks| chunks.swap(0, 1)));
    refused("no proof", &wanted, altered(&|chunks| chunks[0].siblings.clear()));
    refused("too long a proof", &wanted, altered(&|chunks| chunks[0].siblings.push(H256::zero())));
    refused("half honest", &wanted, altered(&|chunks| chunks[1] = chunks[0].clone()));
}

#[test]
fn an_empty_blob_needs_the_root_of_one() {
    let empty = || Chunks { length: 0, chunks: vec![] };
    let (_, root) = chunks_and_some(1, 0);
    assert!(Proved::new(&request(root, 0, 1), empty()).is_none());
    let stuffed = Chunks { chunks: vec![Chunk { bytes: vec![], siblings: vec![] }], ..empty() };
    assert!(Proved::new(&request(file_root(&[]), 0, 1), stuffed).is_none());
}

proptest! {
    /// Whatever a peer sends, reading it neither panics nor takes more memory than it sent, and proves no other bytes.
    #[test]
    fn noise_proves_nothing(noise in prop::collection::vec(any::<u8>(), 0..400), index in any::<u8>()) {
        let (bytes, root) = (blob(300, 0), file_root(&blob(300, 0)));
        let request = request(root, 0, 1);
        if let Ok(Response::Chunks(chunks)) = Response::decode_all(&mut &noise[..]) {
            prop_assert!(Proved::new(&request, chunks).is_none());
        }
        let _ = Request::decode_all(&mut &noise[..]);
        // One byte of an honest answer is another one.
        let mut altered = Response::Chunks(answer(&bytes, 0, 1)).encode();
        let at = usize::from(index) % altered.len();
        altered[at] ^= 0x55;
        if let Ok(Response::Chunks(chunks)) = Response::decode_all(&mut &altered[..]) {
            prop_assert!(Proved::new(&request, chunks).is_none());
        }
    }
}
