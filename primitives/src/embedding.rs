//! Texts in, vectors out: `docs/protocol.md`, "Embeddings".

use crate::job::MAX_TEXTS;
use alloc::{string::String, vec::Vec};
use codec::{DecodeAll, Encode};
use frame_support::{traits::ConstU32, BoundedVec};

/// The input of an embedding job: SCALE of the list of the texts' bytes.
pub fn encode_texts<T: AsRef<str>>(texts: &[T]) -> Vec<u8> {
    texts.iter().map(|text| text.as_ref().as_bytes()).collect::<Vec<_>>().encode()
}

/// The texts of an input. `None` unless it is what [`encode_texts`] makes of 1 to [`MAX_TEXTS`] texts.
pub fn decode_texts(input: &[u8]) -> Option<Vec<String>> {
    let texts = BoundedVec::<Vec<u8>, ConstU32<MAX_TEXTS>>::decode_all(&mut &input[..]).ok()?;
    if texts.is_empty() {
        return None;
    }
    texts.into_iter().map(|text| String::from_utf8(text).ok()).collect()
}

/// The output of an embedding job: its vectors one after the other, each number as little-endian binary32.
pub fn vector_bytes(vectors: &[Vec<f32>]) -> Vec<u8> {
    vectors.iter().flatten().flat_map(|number| number.to_le_bytes()).collect()
}

/// The vectors of an output for `texts` texts. `None` unless the numbers are whole and as many for each text.
pub fn decode_vectors(output: &[u8], texts: usize) -> Option<Vec<Vec<f32>>> {
    let (numbers, rest) = output.as_chunks::<4>();
    let width = numbers.len().checked_div(texts)?;
    if !rest.is_empty() || width == 0 || numbers.len().checked_rem(texts)? != 0 {
        return None;
    }
    let vector = |numbers: &[[u8; 4]]| numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    Some(numbers.chunks_exact(width).map(vector).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back() {
        let many = alloc::vec!["a"; MAX_TEXTS as usize];
        for texts in [&["one", "", "zwei\nZeilen"][..], &[""], &many] {
            assert_eq!(decode_texts(&encode_texts(texts)).unwrap(), texts);
        }
    }

    #[test]
    fn only_the_one_encoding_of_texts_is_read() {
        let too_many = alloc::vec!["a"; MAX_TEXTS as usize + 1];
        for input in [
            Vec::new(),
            encode_texts::<&str>(&[]),
            encode_texts(&too_many),
            // Something behind the texts, a text that ends early, no UTF-8.
            [encode_texts(&["a"]), alloc::vec![0]].concat(),
            alloc::vec![4, 8, b'a'],
            alloc::vec![4, 4, 0xff],
            // A length of 1 in two bytes and in four.
            alloc::vec![4, 5, 0, b'a'],
            alloc::vec![6, 0, 0, 0, 4, b'a'],
        ] {
            assert_eq!(decode_texts(&input), None, "{input:?}");
        }
    }

    #[test]
    fn vectors_come_back_bit_by_bit() {
        let vectors = [alloc::vec![1.5f32, -0.0, f32::MIN_POSITIVE], alloc::vec![0.1, 2.0, 3.0]];
        let bytes = vector_bytes(&vectors);
        assert_eq!(&bytes[..8], &[0, 0, 0xc0, 0x3f, 0, 0, 0, 0x80]);
        let found = decode_vectors(&bytes, 2).unwrap();
        assert_eq!(vector_bytes(&found), bytes);
        assert_eq!(found.len(), 2);
        for (length, texts) in [(24, 0), (24, 5), (23, 1), (0, 1)] {
            assert_eq!(decode_vectors(&bytes[..length], texts), None);
        }
    }
}
