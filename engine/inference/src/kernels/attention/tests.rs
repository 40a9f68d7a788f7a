use super::*;
use strike_arithmetic::attention::{attend as reference, Cache};
use strike_arithmetic::half::f32_to_f16;

fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed | 1;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 22) as f32 - 2.0
        })
        .collect()
}

fn stored_values(values: &[u16], width: usize) -> Vec<u16> {
    let row =
        |row: &[u16]| row.iter().copied().chain(std::iter::repeat_n(0, padded(width) - width)).collect::<Vec<_>>();
    values.chunks_exact(width).flat_map(row).collect()
}

impl Tiles for Vec<(Vec<u16>, Vec<u16>)> {
    fn tile(&self, tile: usize) -> TileView<'_> {
        TileView { keys: &self[tile].0, values: &self[tile].1 }
    }
}

/// As threads do it, one tile at a time, the last first.
fn dealt_out(isa: Isa, call: &Call<'_>, scratch: &mut Scratch, output: &mut [f32]) {
    let spans = call.tiles().len() + 1;
    let shared = scratch.buffers.share(call, spans);
    for (span, tile) in call.tiles().rev().enumerate() {
        // SAFETY: one thread.
        unsafe { score(isa, call, shared, span, tile..tile + 1, &mut scratch.converted) };
    }
    for tile in call.tiles().rev() {
        // SAFETY: one thread.
        unsafe { mix(isa, call, shared, tile..tile + 1, &mut scratch.converted) };
    }
    scratch.buffers.finish(isa, call, output);
}

#[test]
fn every_length_and_window_gives_the_bits_of_the_reference() {
    for (width, cap) in [(32, None), (64, Some(20.0)), (48, None), (24, None), (8, Some(5.0)), (128, None)] {
        let positions = 3 * TILE;
        let keys: Vec<u16> = numbers(positions * width, 1).into_iter().map(f32_to_f16).collect();
        let values: Vec<u16> = numbers(positions * width, 2).into_iter().map(f32_to_f16).collect();
        let tiles: Vec<(Vec<u16>, Vec<u16>)> = (0..3)
            .map(|tile| {
                let rows = &keys[tile * TILE * width..][..TILE * width];
                let transposed = (0..TILE * width).map(|at| rows[at % TILE * width + at / TILE]).collect();
                (transposed, stored_values(&values[tile * TILE * width..][..TILE * width], width))
            })
            .collect();
        let queries = numbers(7 * width, 3);
        for end in [1usize, 2, 16, 31, 32, 33, 127, 128, 129, 130, 255, 256, 257, 384] {
            for window in [usize::MAX, 1, 5, 64, 128, 130] {
                for count in 1..=7usize {
                    // Neighbouring positions, the last of which is `end - 1`.
                    let group: Vec<Query> = (0..count)
                        .map(|at| {
                            let end = end.saturating_sub(count - 1 - at).max(1);
                            Query { offset: at * width, first: end.saturating_sub(window), end }
                        })
                        .collect();
                    let heads = Heads { width, scale: 0.125, cap, queries: &queries };
                    for isa in Isa::available() {
                        let mut found = vec![0.0; count * width];
                        let mut scratch = Scratch::default();
                        scratch.buffers.scores.resize(100_000, f32::NAN);
                        let call = Call::new(heads, &group, &tiles);
                        attend(isa, &call, &mut scratch, &mut found);
                        let together = found.clone();
                        found.fill(f32::NAN);
                        dealt_out(isa, &call, &mut scratch, &mut found);
                        assert!(together.iter().zip(&found).all(|(a, b)| a.to_bits() == b.to_bits()));
                        for (query, found) in group.iter().zip(found.chunks_exact(width)) {
                            let expected = reference(
                                &queries[query.offset..][..width],
                                &Cache { keys: &keys, values: &values, width },
                                query.first,
                                query.end,
                                0.125,
                                cap,
                            );
                            let same = found.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits());
                            assert!(same, "{} {width} {query:?}", isa.name());
                        }
                    }
                }
            }
        }
    }
}
