//! Queries, the tiles that they see, and the two together.

use std::ops::Range;

use strike_arithmetic::attention::TILE;

use crate::kernels::lanes::LANES;

/// One tile of the cache of one key head.
#[derive(Clone, Copy)]
pub(crate) struct TileView<'a> {
    /// Binary16 keys, element by element: `width` rows of 128 positions.
    pub keys: &'a [u16],
    /// Binary16 values: 128 rows of [`padded`] elements.
    pub values: &'a [u16],
}

/// The cache of one key head.
pub(crate) trait Tiles: Sync {
    /// The tile of positions from `128 * tile` on.
    fn tile(&self, tile: usize) -> TileView<'_>;
}

/// Elements of a row of values: the head's, and zeros up to whole vectors.
pub(crate) const fn padded(width: usize) -> usize {
    width.next_multiple_of(LANES)
}

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

impl Query {
    /// The part of the tile at `start` that the query sees, from the tile's begin.
    #[inline(always)]
    pub fn seen(&self, start: usize) -> Option<Range<usize>> {
        let (first, end) = (self.first.max(start), self.end.min(start + TILE));
        (first < end).then(|| first - start..end - start)
    }
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

/// Most queries of one call.
pub(crate) const MAX_QUERIES: usize = 48;

/// Some queries and the tiles that they look at.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(super) heads: Heads<'a>,
    pub(super) queries: &'a [Query],
    pub(super) tiles: &'a dyn Tiles,
    pub(super) first_tile: usize,
    pub(super) end: usize,
}

impl<'a> Call<'a> {
    /// Of 1 to [`MAX_QUERIES`] queries.
    pub fn new(heads: Heads<'a>, queries: &'a [Query], tiles: &'a dyn Tiles) -> Self {
        let fits = |query: &Query| query.first < query.end && query.offset + heads.width <= heads.queries.len();
        assert!((1..=MAX_QUERIES).contains(&queries.len()) && queries.iter().all(fits));
        let first_tile = queries.iter().map(|query| query.first).min().unwrap_or(0) / TILE;
        let end = queries.iter().map(|query| query.end).max().unwrap_or(0);
        Self { heads, queries, tiles, first_tile, end }
    }

    /// The tiles that some query sees.
    pub fn tiles(&self) -> Range<usize> {
        self.first_tile..self.end.div_ceil(TILE)
    }

    /// A tile, and the one that a thread reads after it.
    pub fn pair(&self, tile: usize, tiles: &Range<usize>) -> (TileView<'a>, TileView<'a>) {
        let view = self.tiles.tile(tile);
        assert!(view.keys.len() == TILE * self.heads.width && view.values.len() == TILE * padded(self.heads.width));
        (view, if tile + 1 < tiles.end { self.tiles.tile(tile + 1) } else { view })
    }
}
