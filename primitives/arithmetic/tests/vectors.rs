//! The test vectors of `docs/arithmetic-vectors.json`: computed here and compared with the committed file, with native floats
//! and, with the feature `soft`, with software floats.

extern crate alloc;

mod operations;

use operations::{apply, OPERATIONS};
use strike_arithmetic::Float;

/// xorshift64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u32
    }

    fn below(&mut self, end: u32) -> u32 {
        self.next() % end
    }

    /// Bits of a number of either sign within `2^low .. 2^high`.
    fn number(&mut self, low: i32, high: i32) -> u32 {
        let exponent = (127 + low) as u32 + self.below((high - low) as u32);
        (self.next() & 0x807f_ffff) | exponent << 23
    }

    fn numbers(&mut self, count: usize, low: i32, high: i32) -> Vec<u32> {
        (0..count).map(|_| self.number(low, high)).collect()
    }

    /// A finite binary16 number of a magnitude that occurs.
    fn half(&mut self) -> u32 {
        (self.next() & 0x83ff) | (8 + self.below(10)) << 10
    }

    fn integers(&mut self) -> Vec<u32> {
        (0..32).map(|_| i32::from(self.next() as i8) as u32).collect()
    }
}

/// Numbers at which something changes, as bits: zeros, the smallest, the largest, ties, limits of the formulas.
const EDGES: [u32; 28] = [
    0x0000_0000, // 0
    0x8000_0000,
    0x0000_0001, // the smallest
    0x8000_0001,
    0x007f_ffff, // the largest subnormal
    0x0080_0000, // the smallest normal
    0x8080_0000,
    0x3f80_0000, // 1
    0xbf80_0000,
    0x3f80_0001,
    0x3f7f_ffff,
    0x3f00_0000, // 0.5
    0xbf00_0000,
    0x3fc0_0000, // 1.5
    0x4020_0000, // 2.5
    0x42fe_0000, // 127
    0x42ae_0000, // 87
    0xc2ae_0000, // -87
    0xc2ae_0001,
    0xc2ad_ffff,
    0x4b7f_ffff, // 2^24 - 1
    0x7f7f_ffff, // the largest
    0xff7f_ffff,
    0x7f80_0000, // infinity
    0xff80_0000,
    0x7fc0_0000, // NaN
    0x2b7f_ffff, // below and at 2^-40
    0x2b80_0000,
];

fn bits(value: f32) -> u32 {
    value.to_bits()
}

fn joined(parts: &[&[u32]]) -> Vec<u32> {
    parts.concat()
}

/// The inputs of an operation.
fn inputs(operation: &str) -> Vec<Vec<u32>> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let random = &mut random;
    let mut inputs: Vec<Vec<u32>> = Vec::new();
    match operation {
        "add" | "subtract" | "multiply" | "divide" => {
            for (at, x) in EDGES.iter().enumerate() {
                for y in EDGES.iter().skip(at % 3).step_by(3) {
                    inputs.push(vec![*x, *y]);
                }
            }
            for _ in 0..40 {
                inputs.push(vec![random.next(), random.next()]);
                inputs.push(random.numbers(2, -3, 3));
                // Results around the subnormal numbers.
                inputs.push(random.numbers(2, -75, -62));
                inputs.push(vec![random.number(-126, -120), random.number(-2, 6)]);
            }
        }
        "root" => {
            inputs.extend(EDGES.iter().map(|x| vec![*x]));
            inputs.extend((0..60).map(|_| vec![random.next() & 0x7fff_ffff]));
        }
        "nearest" => {
            for x in [0.0f32, -0.0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 127.49, -125.51, 1_048_575.5, -1_048_576.0, 1e-30]
            {
                inputs.push(vec![bits(x)]);
            }
            inputs.extend((0..30).map(|_| vec![random.number(-3, 20)]));
        }
        "of_integer" => {
            for x in [0, 1, -1, 3, 127, -128, 520_192, -520_192, 1 << 24, -(1 << 24)] {
                inputs.push(vec![x as u32]);
            }
            inputs.extend((0..30).map(|_| vec![((random.next() >> 7) as i32 - (1 << 24)) as u32]));
        }
        "f16_to_f32" => {
            for x in [0, 0x8000, 1, 0x8001, 0x3ff, 0x400, 0x3c00, 0xbc00, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00] {
                inputs.push(vec![x]);
            }
            inputs.extend((0..40).map(|_| vec![random.next() & 0xffff]));
        }
        "f32_to_f16" => {
            inputs.extend(EDGES.iter().map(|x| vec![*x]));
            // Largest, the tie to infinity, smallest normal, subnormal ties, half of the smallest.
            for x in
                [0x477f_e000, 0x477f_efff, 0x477f_f000, 0x3880_0000, 0x387f_f000, 0x3300_0000, 0x3300_0001, 0x32ff_ffff]
            {
                inputs.push(vec![x]);
                inputs.push(vec![x | 0x8000_0000]);
            }
            for _ in 0..20 {
                // Ties, and what lies beside them.
                let tie = (random.number(-14, 15) & !0x1fff) | 0x1000;
                inputs.extend([vec![tie], vec![tie - 1], vec![tie + 1], vec![random.number(-26, -13)]]);
            }
        }
        "quantize_weights" | "quantize_activations" => {
            for (low, high) in [(-3, 3), (-10, -2), (-24, 0), (-38, -30), (-45, -38), (-126, -120), (0, 16), (100, 127)]
            {
                for _ in 0..3 {
                    inputs.push(random.numbers(32, low, high));
                }
            }
            let edge = |x: u32, rest: u32| {
                let mut row = vec![rest; 32];
                row[7] = x;
                row
            };
            for x in EDGES {
                inputs.push(edge(x, 0));
                inputs.push(edge(x, 0x3f80_0000));
            }
            // Ties of the integers; the largest scale of a weight and beyond; the smallest scale and half of it.
            inputs.push(joined(&[&[bits(127.0)], &[0.5, 1.5, 2.5, -0.5, -1.5, 126.5, -126.5].map(bits), &[0; 24]]));
            for x in [
                8_319_008.0,
                8_321_039.0,
                8_321_040.0,
                127.0 / 16_777_216.0,
                63.5 / 16_777_216.0,
                1.49 * 127.0 / 16_777_216.0,
            ] {
                inputs.push(edge(bits(x), bits(x / 3.0)));
            }
        }
        "dequantize" => {
            for q in [0, 1, -1, 127, -127, -128i32] {
                for scale in [0, 0x8000, 1, 0x8001, 0x3ff, 0x400, 0x2c00, 0xac01, 0x7bff] {
                    inputs.push(vec![scale, q as u32]);
                }
            }
        }
        "dot" => {
            for blocks in [0, 1, 1, 1, 2, 3, 8, 18] {
                let mut input = vec![blocks];
                for _ in 0..blocks {
                    input.push(random.half());
                    input.extend(random.integers());
                    input.push(random.number(-12, 2) & 0x7fff_f000);
                    input.extend(random.integers().iter().map(|q| if *q as i32 == -128 { 127 } else { *q }));
                }
                inputs.push(input);
            }
            // Extremes: all products largest; subnormal and negative scales; a scale product that overflows; the zero block.
            for (scale, weight, activation_scale, activation) in [
                (0x7bff, -128i32, 0x7f00_0000, -127i32),
                (0x0001, -128, 0x2800_0000, 127),
                (0x8001, 127, 0x2800_0000, 127),
                (0x7bff, 0, 0x7f00_0000, 127),
                (0x3c00, 127, 0, 0),
            ] {
                let mut input = vec![1, scale];
                input.extend([weight as u32; 32]);
                input.push(activation_scale);
                input.extend([activation as u32; 32]);
                inputs.push(input);
            }
        }
        "lane_sum" => {
            for count in [0, 1, 2, 15, 16, 17, 31, 32, 33, 100, 128] {
                inputs.push(random.numbers(count, -4, 4));
            }
            inputs.push([0x8000_0000; 20].to_vec());
            inputs.push(joined(&[&[0x7f7f_ffff; 16], &[0xff7f_ffff; 16]]));
        }
        "rms_factor" | "rms_norm" | "layer_norm" => {
            for (count, low, high) in [(1, -1, 1), (16, -3, 3), (33, -3, 3), (96, -6, 2), (40, -70, -60), (20, 62, 66)]
            {
                for epsilon in [1e-5f32, 1e-6] {
                    let mut input = vec![bits(epsilon)];
                    if operation != "rms_factor" {
                        input.push(count as u32);
                    }
                    input.extend(random.numbers(count, low, high));
                    if operation != "rms_factor" {
                        input.extend(random.numbers(count, -1, 1));
                    }
                    if operation == "layer_norm" {
                        input.extend(random.numbers(count, -3, 1));
                    }
                    inputs.push(input);
                }
            }
        }
        "exp" => {
            inputs
                .extend(EDGES.iter().filter(|x| **x >= 0x8000_0000 || **x == 0 || **x > 0x7f80_0000).map(|x| vec![*x]));
            inputs.extend((0..100).map(|_| vec![random.number(-12, 7) | 0x8000_0000]));
        }
        "silu" | "tanh" | "erf" | "gelu_erf" | "gelu_tanh" => {
            inputs.extend(EDGES.iter().map(|x| vec![*x]));
            inputs.extend((0..60).map(|_| vec![random.number(-12, 7)]));
        }
        "soft_cap" => {
            inputs.extend(EDGES.iter().map(|x| vec![*x, bits(50.0)]));
            inputs.extend((0..30).map(|_| vec![random.number(-6, 9), bits(30.0)]));
        }
        "sine_cosine" => {
            for inv_freq in [0.0f32, 1.0, 0.5, 0.1, 1e-4, 1.18e-7, 1e-40] {
                for position in [0, 1, 2, 3, 4, 100, 4095, 131_071, (1 << 20) - 1] {
                    inputs.push(vec![position, bits(inv_freq), bits(1.0)]);
                }
            }
            // Quadrants, a factor, and angles above 1, which LongRoPE can give.
            for position in 0..24 {
                inputs.push(vec![position, bits(0.7), bits(1.190_238_1)]);
                inputs.push(vec![random.below(1 << 20), random.number(-20, 0) & 0x7fff_ffff, bits(1.0)]);
            }
            inputs.push(vec![999_983, bits(31.25), bits(1.0)]);
            inputs.push(vec![(1 << 20) - 1, bits(1e6), bits(1.0)]);
        }
        "rotate" => {
            for (count, pairs) in [(8, 4), (10, 3), (32, 16), (64, 32)] {
                let head = random.numbers(count, -4, 4);
                let angles: Vec<(f32, f32)> = (0..pairs)
                    .map(|pair| strike_arithmetic::rotary::sine_cosine(77, 1.0 / (1 + pair) as f32, 1.0))
                    .collect();
                let sines: Vec<u32> = angles.iter().map(|(sine, _)| bits(*sine)).collect();
                let cosines: Vec<u32> = angles.iter().map(|(_, cosine)| bits(*cosine)).collect();
                inputs.push(joined(&[&[count as u32, pairs as u32], &head, &sines, &cosines]));
            }
        }
        "attend" => {
            for (width, first, end, cap) in [
                (4, 0, 1, None),
                (4, 0, 5, None),
                (8, 0, 130, None),
                (4, 120, 140, Some(20.0f32)),
                (5, 250, 260, None),
                (6, 127, 129, None),
            ] {
                let keys: Vec<u32> = (0..end * width).map(|_| random.half()).collect();
                let values: Vec<u32> = (0..end * width).map(|_| random.half()).collect();
                let header = [width as u32, first, end as u32, bits(1.0 / (width as f32).sqrt())];
                let cap = cap.map_or([0, 0], |cap| [1, bits(cap)]);
                inputs.push(joined(&[&header, &cap, &random.numbers(width, -2, 3), &keys, &values]));
            }
            // An infinite query: an infinite score, which only a cap makes finite again.
            for cap in [[0, 0], [1, bits(50.0)]] {
                let query = [0x7f80_0000, 0x3f80_0000];
                let cache = [0x3c00, 0x3c00, 0xbc00, 0x3c00, 0x3c00, 0x4000, 0x4200, 0x4400];
                inputs.push(joined(&[&[2, 0, 2, 0x3f80_0000], &cap, &query, &cache]));
            }
        }
        "gumbel" => {
            for n in [0, 1, 2, 0x7fff_ffff, 0x8000_0000, u32::MAX - 1, u32::MAX] {
                inputs.push(vec![n]);
            }
            inputs.extend((0..40).map(|_| vec![random.next()]));
        }
        "key" => {
            for (temperature, min_p) in [(1000, 0), (700, 50), (1, 0), (65_535, 1000), (1000, 500), (1300, 1)] {
                for logit in [0.0f32, -0.0, -0.3, -0.69, -0.7, -2.0, -15.99, -16.0, -16.01, -3e38] {
                    let header = [temperature, min_p, 1000, 0, bits(logit + 3.0), bits(3.0)];
                    inputs.push(joined(&[&header, &[random.next(); 8], &[random.next(), random.below(1 << 17)]]));
                }
            }
        }
        "penalize" => {
            for penalty in [1000, 1100, 900, 1, 65_535] {
                let logits = joined(&[&random.numbers(12, -4, 5), &[0, 0x8000_0000, 0x7f7f_ffff, 0xff7f_ffff]]);
                inputs.push(joined(&[&[penalty, 7], &[3, 0, 3, 12, 13, 14, 15], &logits]));
            }
        }
        "choose" => {
            for case in 0..40u32 {
                let temperature = [0, 1000, 700, 1500, 60_000][case as usize % 5];
                let header =
                    [temperature, [0, 50, 1000][case as usize % 3], [1000, 1150, 800][case as usize % 3], case % 9 * 8];
                let seed: Vec<u32> = (0..8).map(|_| random.next()).collect();
                let history: Vec<u32> = (0..case).map(|_| random.below(48)).collect();
                let mut logits = random.numbers(48, -4, 3);
                logits[17] = logits[5];
                if case == 38 {
                    logits[9] = 0x7fc0_0000;
                }
                if case == 39 {
                    logits[9] = 0xff80_0000;
                }
                inputs.push(joined(&[&header, &seed, &[case, case], &history, &logits]));
            }
        }
        "equalization" => {
            for (layers, width) in [(1, 1), (1, 2), (1, 33), (2, 32), (6, 48), (12, 17)] {
                for (low, high) in [(-1, 2), (-3, 3), (-126, -120), (120, 127)] {
                    inputs.push(joined(&[&[layers as u32], &random.numbers(layers * width, low, high)]));
                }
            }
            // Where the exponent changes; without a median; subnormal numbers; sums that overflow.
            for x in [1.189f32, 1.1893, 1.681, 1.682, 2.378, 2.379, 3.0, 1e30] {
                inputs.push([&[1], &[1.0, 1.0, x, 1.0, 0.5].map(bits)[..]].concat());
            }
            inputs.push(vec![1, 0, 0x8000_0000, 0, 0x3f80_0000]);
            inputs.push(vec![1, 1, 0x8000_0001, 2, 3, 0x3f80_0000]);
            inputs.push(vec![2, 0x7f7f_ffff, 0x7f7f_ffff, 0x3f80_0000, 0x7f7f_ffff, 0x7f7f_ffff, 0x3f80_0000]);
        }
        _ => panic!("{operation} has no inputs"),
    }
    inputs
}

fn hex(words: &[u32]) -> String {
    words.iter().map(|word| format!("{word:x}")).collect::<Vec<_>>().join(" ")
}

/// The file, written so that a case is a line.
fn file() -> String {
    let operation = |(name, input, output): &(&str, &str, &str)| {
        let case = |input: Vec<u32>| match apply::<f32>(name, &input) {
            Some(output) => format!("    [\"{}\", \"{}\"]", hex(&input), hex(&output)),
            None => format!("    [\"{}\", null]", hex(&input)),
        };
        let cases: Vec<String> = inputs(name).into_iter().map(case).collect();
        format!(
            "  {{ \"name\": \"{name}\", \"input\": \"{input}\", \"output\": \"{output}\", \"cases\": [\n{}\n  ] }}",
            cases.join(",\n")
        )
    };
    let operations: Vec<String> = OPERATIONS.iter().map(operation).collect();
    format!("[\n{}\n]\n", operations.join(",\n"))
}

fn committed() -> String {
    std::fs::read_to_string(path()).unwrap_or_default()
}

fn path() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/arithmetic-vectors.json")
}

/// Gives every committed input to `F` and compares what comes out with the committed output.
fn check<F: Float>(text: &str) {
    let operations: serde_json::Value = serde_json::from_str(text).unwrap();
    let words = |text: &str| -> Vec<u32> {
        text.split_whitespace().map(|word| u32::from_str_radix(word, 16).unwrap()).collect()
    };
    let mut count = 0;
    for operation in operations.as_array().unwrap() {
        let name = operation["name"].as_str().unwrap();
        for case in operation["cases"].as_array().unwrap() {
            let input = case[0].as_str().unwrap();
            assert_eq!(apply::<F>(name, &words(input)), case[1].as_str().map(words), "{name} {input}");
            count += 1;
        }
    }
    assert!(count > 2000);
}

#[test]
fn native_floats_give_the_committed_bits() {
    let computed = file();
    // `STRIKE_WRITE_VECTORS=1` writes them anew after a new operation; those of a version of the arithmetic never change.
    if std::env::var_os("STRIKE_WRITE_VECTORS").is_some() {
        std::fs::write(path(), &computed).unwrap();
    }
    let committed = committed();
    check::<f32>(&committed);
    assert!(computed == committed, "the file holds other cases than this test makes");
}

#[cfg(feature = "soft")]
#[test]
fn software_floats_give_the_committed_bits() {
    check::<strike_arithmetic::soft::Soft32>(&committed());
}
