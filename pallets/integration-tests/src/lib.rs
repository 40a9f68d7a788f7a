//! Tests of behaviour that crosses the pallets: providers, market, verification, provenance, finality and payouts
//! together, wired as in the chain's runtime, with real money, real signatures and real deadlines. All pallets are
//! real; only the session and the block authors are mocked.
//!
//! - `runtime`: the six pallets with `pallet-balances`. Shares, prices and deposits are the chain's, periods are
//!   short.
//! - `world`: who there is, and how blocks pass.
//! - `actions`: orders, commitments, seals and reveals, through the same authorization as on the chain.
//! - `invariants`: what holds after every block and at the end of every test, above all that each unit of money is
//!   where the events say it went.
//! - `reference`: what the pallets are to do, written a second time and simply, to hold their storage to.
//! - `tests`: behaviour by what it is about, and random sequences of everything that accounts can do.
//!
//! The random sequences run a few dozen cases; `PROPTEST_CASES` sets another number. Sequences that once failed are
//! kept in `proptest-regressions/` and run first.

#[cfg(test)]
mod actions;
#[cfg(test)]
mod invariants;
#[cfg(test)]
mod reference;
// FRAME's macro asks for a feature that crates for the chain have.
#[cfg(test)]
#[allow(unexpected_cfgs)]
mod runtime;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;
