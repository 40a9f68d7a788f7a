//! The exact engine against the float path and transformers, every family.
//!
//! Against the float path with the roundings of the exact class, only the order of additions differs. It changes a logit by
//! 1e-7 of its size until an activation lies so close between two integers that it is rounded the other way; from there on the
//! rows that see that position differ like two quantizations. So the test looks for a text in which no activation does.
//! Against transformers, the float path with the same roundings says what distance the roundings alone make: these models are
//! narrow and random, and feel them more than real ones do.

use crate::fixtures::{folder, Fixture, FAMILIES};
use strike_inference::exact::{CacheUse, Engine, ExactModel, OpenOptions};
use strike_inference::{Control, Reference, ReferenceOptions, Rounding};

/// Rows of logits, one a token.
type Rows = Vec<Vec<f32>>;

struct Pair {
    engine: Engine,
    exact: ExactModel,
    rounded: Reference,
}

impl Pair {
    fn open(family: &str) -> Self {
        let options = OpenOptions { cache: CacheUse::Off, ..OpenOptions::default() };
        let exact = ExactModel::open(&folder(family), &options).unwrap_or_else(|error| panic!("{family}: {error}"));
        let options = ReferenceOptions { rounding: Rounding::WeightsAndActivations, ..ReferenceOptions::default() };
        let rounded = Reference::open(&folder(family), &options).unwrap_or_else(|error| panic!("{family}: {error}"));
        Self::new(exact, rounded)
    }

    fn builtin() -> Self {
        let options = ReferenceOptions { rounding: Rounding::WeightsAndActivations, ..ReferenceOptions::default() };
        let exact = ExactModel::builtin().expect("the built-in model");
        Self::new(exact, Reference::builtin(&options).expect("the built-in model"))
    }

    fn new(exact: ExactModel, rounded: Reference) -> Self {
        Self { engine: Engine::new(2).expect("an engine"), exact, rounded }
    }

    /// Of the exact engine, then of the float path with its roundings.
    fn score(&self, tokens: &[u32]) -> [Rows; 2] {
        let (mut exact, mut rounded) = (Rows::new(), Rows::new());
        let control = Control::default();
        let length = tokens.len();
        self.engine
            .score(&self.exact, tokens, 0, length, &control, |_, row| exact.push(row.to_vec()))
            .expect("logits of the exact engine");
        self.rounded
            .score(tokens, 0, length, &control, |_, row| rounded.push(row.to_vec()))
            .expect("logits of the float path");
        assert_eq!((exact.len(), rounded.len()), (length, length));
        [exact, rounded]
    }
}

fn softmax(logits: &[f32]) -> Vec<f64> {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f64> = logits.iter().map(|x| f64::from(x - max).exp()).collect();
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

/// How far logits are from true ones.
#[derive(Default)]
struct Distance {
    divergence: f64,
    rows: u32,
    squares: f64,
    energy: f64,
}

impl Distance {
    fn add(&mut self, truth: &[f32], found: &[f32]) {
        let (p, q) = (softmax(truth), softmax(found));
        self.divergence += p.iter().zip(&q).map(|(p, q)| p * (p / q).ln()).sum::<f64>();
        self.rows += 1;
        self.squares += truth.iter().zip(found).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
        self.energy += truth.iter().map(|a| f64::from(*a).powi(2)).sum::<f64>();
    }

    /// Mean Kullback-Leibler divergence.
    fn divergence(&self) -> f64 {
        self.divergence / f64::from(self.rows)
    }

    /// Root of the mean square of the differences, as a share of that of the logits.
    fn relative(&self) -> f64 {
        (self.squares / self.energy).sqrt()
    }
}

fn relative(truth: &[f32], found: &[f32]) -> f64 {
    let mut distance = Distance::default();
    distance.add(truth, found);
    distance.relative()
}

/// Random tokens; the same on every machine.
fn text(seed: u64, length: usize) -> Vec<u32> {
    let mut state = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as u32 % 272
    };
    (0..length).map(|_| next()).collect()
}

/// Texts of a length until one agrees in every row.
fn agrees_somewhere(family: &str, pair: &Pair, length: usize) {
    const TEXTS: u64 = 64;
    let mut best = 0;
    for seed in 0..TEXTS {
        let [exact, rounded] = pair.score(&text(seed, length));
        let agreeing =
            exact.iter().zip(&rounded).take_while(|(exact, rounded)| relative(rounded, exact) < 2e-6).count();
        if agreeing == length {
            eprintln!("{family}: text {seed} of {length} tokens");
            return;
        }
        best = best.max(agreeing);
    }
    panic!("{family}: no text of {length} tokens agrees beyond row {best}");
}

#[test]
fn the_exact_engine_computes_what_the_float_path_does_with_its_roundings() {
    for family in FAMILIES {
        let pair = Pair::open(family);
        // Below and above the windows of 24, the original contexts of 64, and the first tile of 128 keys.
        for length in [20, 60, 132] {
            agrees_somewhere(family, &pair, length);
        }
    }
    agrees_somewhere("the built-in model", &Pair::builtin(), 20);
}

#[test]
fn the_distance_from_transformers_is_that_of_the_roundings() {
    for family in FAMILIES {
        let pair = Pair::open(family);
        let fixture = Fixture::read(family);
        let (mut found, mut predicted) = (Distance::default(), Distance::default());
        for case in fixture.plain_cases() {
            let [exact, rounded] = pair.score(&case.tokens);
            for position in &case.positions {
                let truth = fixture.row(case, *position).expect("a row of the fixture");
                found.add(truth, &exact[*position]);
                predicted.add(truth, &rounded[*position]);
            }
        }
        eprintln!(
            "{family}: divergence {:.2e} of {:.2e} predicted, difference {:.4} of {:.4}",
            found.divergence(),
            predicted.divergence(),
            found.relative(),
            predicted.relative()
        );
        // Room for activations that are rounded the other way.
        assert!(found.divergence() < 1.25 * predicted.divergence(), "{family}");
        assert!(found.relative() < 1.15 * predicted.relative(), "{family}");
        // Nor may the prediction hide an error: 8 bits cost no more than this.
        assert!(predicted.divergence() < 0.025 && predicted.relative() < 0.1, "{family}");
    }
}
