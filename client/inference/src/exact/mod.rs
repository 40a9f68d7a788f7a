//! The engine of the exact class: integer products, `docs/arithmetic.md`.

mod cache;
mod forward;
mod network;
mod team;

#[cfg(test)]
mod tests;
