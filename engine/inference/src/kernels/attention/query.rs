//! Queries, and what those of one call share.

/// A query and the keys it sees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query {
    /// Where its elements begin in the queries, and its result in the output.
    pub offset: usize,
    /// First position it sees.
    pub first: usize,
    /// The position after the last.
    pub end: usize,
}

/// What all queries of a call share.
#[derive(Clone, Copy)]
pub(crate) struct Heads<'a> {
    /// Elements of a head.
    pub width: usize,
    /// Factor of the scores.
    pub scale: f32,
    /// Soft cap of the scores.
    pub cap: Option<f32>,
    /// Queries after the rotary embedding.
    pub queries: &'a [f32],
}
