//! Every kernel against the reference.

use strike_arithmetic::{activations, linear, weights::WeightBlock};
use strike_models::tensors::{Matrix, Packing, BLOCK, PANEL_BLOCK_Q4, PANEL_BLOCK_Q8, PANEL_COLUMNS};

use super::{multiply, Output};
use crate::isa::Isa;
use crate::kernels::activations::Activations;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// Rows of blocks with the edges in: -128, negative and subnormal scales, zero scales.
fn blocks(rows: usize, columns: usize, four_bits: bool, random: &mut Random) -> Vec<Vec<WeightBlock>> {
    let block = |random: &mut Random| {
        let scale = match random.next() % 8 {
            0 => 0x8000 | (random.next() % 0x4000) as u16,
            1 => (random.next() % 0x400) as u16,
            2 => 0,
            _ => 0x1000 + (random.next() % 0x2000) as u16,
        };
        let q = std::array::from_fn(|_| match (four_bits, random.next() % 16) {
            (true, _) => (random.next() % 16) as i8 - 8,
            (false, 0) => -128,
            (false, 1) => 127,
            (false, _) => random.next() as i8,
        });
        WeightBlock { scale, q }
    };
    (0..rows).map(|_| (0..columns / BLOCK).map(|_| block(random)).collect()).collect()
}

/// The panels of a matrix, aligned as those of a model are.
fn panels(rows: &[Vec<WeightBlock>], packing: Packing) -> Vec<u8> {
    let blocks = rows[0].len();
    let size = if packing == Packing::Q4 { PANEL_BLOCK_Q4 } else { PANEL_BLOCK_Q8 };
    let mut bytes = vec![0; rows.len().div_ceil(PANEL_COLUMNS) * blocks * size];
    for (row, row_blocks) in rows.iter().enumerate() {
        let (panel, column) = (row / PANEL_COLUMNS, row % PANEL_COLUMNS);
        for (at, block) in row_blocks.iter().enumerate() {
            let bytes = &mut bytes[(panel * blocks + at) * size..][..size];
            bytes[2 * column..][..2].copy_from_slice(&block.scale.to_le_bytes());
            for (input, q) in block.q.iter().enumerate() {
                let (group, byte) = (input / 4, input % 4);
                match packing {
                    Packing::Q8 => bytes[64 + 128 * group + 4 * column + byte] = *q as u8,
                    Packing::Q4 => {
                        let nibble = (q + 8) as u8;
                        bytes[64 + 128 * (group % 4) + 4 * column + byte] |=
                            if group < 4 { nibble } else { nibble << 4 };
                    }
                }
            }
        }
    }
    bytes
}

/// Activation rows with zero blocks and the thresholds of zero blocks.
fn inputs(rows: usize, columns: usize, random: &mut Random) -> Vec<f32> {
    (0..rows * columns / BLOCK)
        .flat_map(|_| {
            let size = match random.next() % 8 {
                0 => 2f32.powi(-40),
                1 => 2f32.powi(-41),
                2 => 1e30,
                3 => 0.0,
                _ => 1.0,
            };
            let block: [f32; BLOCK] = std::array::from_fn(|_| {
                let number = (random.next() % 2_000_001) as f32 / 1_000_000.0 - 1.0;
                if random.next().is_multiple_of(32) {
                    size
                } else {
                    number * size
                }
            });
            block
        })
        .collect()
}

#[test]
fn every_instruction_set_row_count_and_split_gives_the_bits_of_the_reference() {
    let mut random = Random(0x1234_5678_9abc_def1);
    for (outputs, columns) in [(32, 32), (64, 96), (70, 576), (33, 1536), (1, 64)] {
        for packing in [Packing::Q8, Packing::Q4] {
            let rows = blocks(outputs, columns, packing == Packing::Q4, &mut random);
            let bytes = panels(&rows, packing);
            let matrix = Matrix { rows: outputs, columns, packing, panels: &bytes };
            let panel_count = outputs.div_ceil(PANEL_COLUMNS);
            for count in [1, 2, 3, 4, 5, 6, 7, 11, 32] {
                let values = inputs(count, columns, &mut random);
                let expected: Vec<u32> = values
                    .chunks_exact(columns)
                    .flat_map(|row| {
                        let activations = activations::quantize_row(row).expect("finite");
                        rows.iter().map(|row| linear::dot(row, &activations).to_bits()).collect::<Vec<_>>()
                    })
                    .collect();
                for isa in Isa::available() {
                    let mut activations = Activations::default();
                    activations.resize(count, columns);
                    for (row, values) in values.chunks_exact(columns).enumerate() {
                        activations.set(isa, row, values).expect("finite");
                    }
                    for splits in [1, 2] {
                        let mut found = vec![f32::NAN; count * outputs];
                        let output = Output::new(&mut found, outputs);
                        let middle = panel_count / splits;
                        multiply(isa, &activations, 0..activations.rows(), &matrix, 0..middle, output);
                        multiply(isa, &activations, 0..activations.rows(), &matrix, middle..panel_count, output);
                        let found: Vec<u32> = found.iter().map(|x| x.to_bits()).collect();
                        assert!(found == expected, "{} {outputs}x{columns} {packing:?} {count} rows", isa.name());
                    }
                }
            }
        }
    }
}

#[test]
fn quantized_rows_are_those_of_the_reference() {
    let mut random = Random(99);
    for _ in 0..200 {
        let values = inputs(1, 320, &mut random);
        let expected = activations::quantize_row(&values).expect("finite");
        for isa in Isa::available() {
            let mut found = Activations::default();
            found.resize(1, 320);
            found.set(isa, 0, &values).expect("finite");
            for (at, block) in expected.iter().enumerate() {
                assert_eq!(found.q()[at * BLOCK..][..BLOCK], block.q);
                assert_eq!(found.scales()[at].to_bits(), block.scale.to_bits());
                assert_eq!(found.corrections()[at], -128 * block.q.iter().map(|q| i32::from(*q)).sum::<i32>());
            }
        }
    }
}

#[test]
fn numbers_that_are_not_finite_are_refused() {
    for isa in Isa::available() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for at in [0, 17, 63] {
                let mut values = [1.0; 64];
                values[at] = bad;
                let mut activations = Activations::default();
                activations.resize(1, 64);
                assert!(activations.set(isa, 0, &values).is_err());
            }
        }
    }
}
