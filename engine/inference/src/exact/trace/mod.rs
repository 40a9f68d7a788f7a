//! The trace of a generation: a hash of every position and layer, so that two parties find the first one they differ in.
//!
//! Specified in `docs/arithmetic.md`, "Trace".

pub(crate) mod recorder;

use blake2b_simd::Params;

/// A hash.
pub type Hash = [u8; 32];

/// Numbers of the residual stream under one leaf.
pub(crate) const HIDDEN_LEAF: usize = 240;
/// Children of an inner node.
pub(crate) const ARITY: usize = 16;

pub(crate) const HIDDEN_TAG: &[u8] = b"strike/1/trace-hidden";
pub(crate) const CACHE_TAG: &[u8] = b"strike/1/trace-cache";
pub(crate) const NODE_TAG: &[u8] = b"strike/1/trace-node";
pub(crate) const CELL_TAG: &[u8] = b"strike/1/trace-cell";
const FINAL_TAG: &[u8] = b"strike/1/trace-final";
const TOKEN_TAG: &[u8] = b"strike/1/trace-token";
const ROOT_TAG: &[u8] = b"strike/1/trace";

/// In place of the choice of a position that none was made at.
pub(crate) const NO_CHOICE: u32 = u32::MAX;

/// What is kept of one position beside its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenTrace {
    /// The token at the position.
    pub token: u32,
    /// The token with the largest logit there, and the chosen one; `u32::MAX` where none was chosen.
    pub best: u32,
    /// See [`Self::best`].
    pub chosen: u32,
    /// Hash of the quantized input of the output head; zero where none was computed.
    pub last: Hash,
}

/// The trace of a generation. Positions are those that went through the network: all tokens of prompt and output but the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    layers: usize,
    tokens: Vec<TokenTrace>,
    /// One cell a position and layer, position by position.
    cells: Vec<Hash>,
}

impl Trace {
    pub(crate) fn new(layers: usize) -> Self {
        Self { layers, tokens: Vec::new(), cells: Vec::new() }
    }

    /// Layers of the model.
    pub fn layers(&self) -> usize {
        self.layers
    }

    /// What is kept of each position.
    pub fn tokens(&self) -> &[TokenTrace] {
        &self.tokens
    }

    /// Cells of a position, one a layer.
    pub fn cells(&self, position: usize) -> &[Hash] {
        &self.cells[position * self.layers..][..self.layers]
    }

    /// Adds positions whose cells follow.
    pub(crate) fn extend(&mut self, tokens: &[u32]) {
        let blank = |token: &u32| TokenTrace { token: *token, best: NO_CHOICE, chosen: NO_CHOICE, last: [0; 32] };
        self.tokens.extend(tokens.iter().map(blank));
        self.cells.resize(self.tokens.len() * self.layers, [0; 32]);
    }

    /// The first `length` positions; what was chosen at the last of them belongs to another job.
    pub(crate) fn beginning(&self, length: usize) -> Self {
        let mut beginning = self.clone();
        beginning.truncate(length);
        for trace in &mut beginning.tokens {
            *trace = TokenTrace { token: trace.token, best: NO_CHOICE, chosen: NO_CHOICE, last: [0; 32] };
        }
        beginning
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.cells.len() * 32 + self.tokens.len() * size_of::<TokenTrace>()
    }

    /// Forgets the positions from `length` on.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.tokens.truncate(length);
        self.cells.truncate(length * self.layers);
    }

    /// Notes the cell of a position and layer.
    pub(crate) fn set_cell(&mut self, position: usize, layer: usize, cell: Hash) {
        self.cells[position * self.layers + layer] = cell;
    }

    /// Notes the choice made at a position.
    pub(crate) fn choose(&mut self, position: usize, best: u32, chosen: u32, last: Hash) {
        let token = self.tokens[position].token;
        self.tokens[position] = TokenTrace { token, best, chosen, last };
    }

    /// Node of a position.
    pub fn token_node(&self, position: usize) -> Hash {
        let trace = &self.tokens[position];
        let mut bytes = Vec::with_capacity(96);
        bytes.extend_from_slice(&(position as u32).to_le_bytes());
        bytes.extend_from_slice(&trace.token.to_le_bytes());
        bytes.extend_from_slice(&trace.best.to_le_bytes());
        bytes.extend_from_slice(&trace.chosen.to_le_bytes());
        bytes.extend_from_slice(&trace.last);
        bytes.extend_from_slice(&tree(self.cells(position).to_vec()));
        tagged(TOKEN_TAG, &bytes)
    }

    /// The root: what a commitment holds.
    pub fn root(&self) -> Hash {
        let nodes = (0..self.tokens.len()).map(|position| self.token_node(position)).collect();
        let mut bytes = Vec::with_capacity(40);
        bytes.extend_from_slice(&(self.tokens.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(self.layers as u16).to_le_bytes());
        bytes.extend_from_slice(&tree(nodes));
        tagged(ROOT_TAG, &bytes)
    }

    /// The bytes that `from_bytes` reads: counts, then 44 bytes a position and 32 a cell.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + self.tokens.len() * (44 + 32 * self.layers));
        bytes.extend_from_slice(&(self.tokens.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(self.layers as u32).to_le_bytes());
        for trace in &self.tokens {
            for number in [trace.token, trace.best, trace.chosen] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            bytes.extend_from_slice(&trace.last);
        }
        self.cells.iter().for_each(|cell| bytes.extend_from_slice(cell));
        bytes
    }

    /// Reads [`Self::to_bytes`]; `None` if the length does not fit the counts.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (counts, rest) = bytes.split_at_checked(8)?;
        let number = |bytes: &[u8]| bytes.try_into().ok().map(u32::from_le_bytes);
        let (positions, layers) = (number(&counts[..4])? as usize, number(&counts[4..])? as usize);
        let expected = positions.checked_mul(layers.checked_mul(32)?.checked_add(44)?)?;
        if rest.len() != expected {
            return None;
        }
        let (tokens, cells) = rest.split_at(positions * 44);
        let tokens = tokens
            .chunks_exact(44)
            .map(|bytes| {
                let last = bytes[12..].try_into().ok()?;
                Some(TokenTrace {
                    token: number(&bytes[..4])?,
                    best: number(&bytes[4..8])?,
                    chosen: number(&bytes[8..12])?,
                    last,
                })
            })
            .collect::<Option<_>>()?;
        let cells = cells.as_chunks::<32>().0.to_vec();
        Some(Self { layers, tokens, cells })
    }
}

/// `H(tag, data)` of `docs/protocol.md`.
pub(crate) fn tagged(tag: &[u8], data: &[u8]) -> Hash {
    let mut state = Params::new().hash_length(32).to_state();
    state.update(&[tag.len() as u8]).update(tag).update(data);
    let mut hash = [0; 32];
    hash.copy_from_slice(state.finalize().as_bytes());
    hash
}

/// Top of the tree over `hashes`: groups of up to sixteen, until one is left. The shape follows from their number, which the
/// model or the root fixes.
pub(crate) fn tree(mut hashes: Vec<Hash>) -> Hash {
    while hashes.len() > 1 {
        hashes = hashes.chunks(ARITY).map(|children| tagged(NODE_TAG, children.as_flattened())).collect();
    }
    hashes.first().copied().unwrap_or_default()
}

/// One cell: of the bits of the residual stream behind the layer, and of key and value of each key head.
pub(crate) fn cell<'a>(
    position: usize,
    layer: usize,
    hidden: &[u32],
    heads: impl Iterator<Item = (&'a [u16], &'a [u16])>,
) -> Hash {
    let leaf = |numbers: &[u32]| {
        let bytes: Vec<u8> = numbers.iter().flat_map(|bits| bits.to_le_bytes()).collect();
        tagged(HIDDEN_TAG, &bytes)
    };
    let head = |(key, value): (&[u16], &[u16])| {
        let bytes: Vec<u8> = key.iter().chain(value).flat_map(|bits| bits.to_le_bytes()).collect();
        tagged(CACHE_TAG, &bytes)
    };
    let mut bytes = Vec::with_capacity(70);
    bytes.extend_from_slice(&(position as u32).to_le_bytes());
    bytes.extend_from_slice(&(layer as u16).to_le_bytes());
    bytes.extend_from_slice(&tree(hidden.chunks(HIDDEN_LEAF).map(leaf).collect()));
    bytes.extend_from_slice(&tree(heads.map(head).collect()));
    tagged(CELL_TAG, &bytes)
}

/// Hash of a quantized input of the output head.
pub(crate) fn last_input(q: &[i8], scales: &[f32]) -> Hash {
    let mut bytes: Vec<u8> = q.iter().map(|q| *q as u8).collect();
    scales.iter().for_each(|scale| bytes.extend_from_slice(&scale.to_le_bytes()));
    tagged(FINAL_TAG, &bytes)
}
