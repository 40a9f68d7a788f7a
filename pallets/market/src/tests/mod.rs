//! Behaviour, by what it is about. Every test ends with the pallet's invariants: see [`crate::mock::check`].

mod asks;
mod assignment;
mod deadlines;
mod demotions;
mod invariants;
mod settlement;
