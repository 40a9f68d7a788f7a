//! Activation functions and caps of rows: `docs/arithmetic.md`, "Functions".

use strike_models::architecture::Activation;

use super::lanes::{self, run, Kernel, Lanes};
use super::rows::{function, zip_apply};
use crate::isa::Isa;

function!(SoftCap, 0, { cap } [] (x) => lanes::soft_cap(x, cap));
function!(GateSilu, 1, {} [up] (x) => lanes::silu(x).mul(up));
function!(GateGeluErf, 1, {} [up] (x) => lanes::gelu_erf(x).mul(up));
function!(GateGeluTanh, 1, {} [up] (x) => lanes::gelu_tanh(x).mul(up));
function!(Silu, 1, {} [bias] (x) => lanes::silu(x.add(bias)));
function!(GeluErf, 1, {} [bias] (x) => lanes::gelu_erf(x.add(bias)));
function!(GeluTanh, 1, {} [bias] (x) => lanes::gelu_tanh(x.add(bias)));

/// `row[i] = cap * tanh(row[i] / cap)`.
pub(crate) fn soft_cap(isa: Isa, row: &mut [f32], cap: f32) {
    struct Cap<'a>(&'a mut [f32], f32);
    impl Kernel for Cap<'_> {
        type Output = ();
        #[inline(always)]
        unsafe fn run<L: Lanes>(self) {
            // SAFETY: passed on.
            unsafe { zip_apply::<L, 0>(self.0, [], SoftCap { cap: self.1 }) }
        }
    }
    run(isa, Cap(row, cap));
}

/// `gate[i] = activation(gate[i]) * up[i]`.
pub(crate) fn gate(isa: Isa, activation: Activation, gate: &mut [f32], up: &[f32]) {
    struct Gate<'a>(Activation, &'a mut [f32], &'a [f32]);
    impl Kernel for Gate<'_> {
        type Output = ();
        #[inline(always)]
        unsafe fn run<L: Lanes>(self) {
            // SAFETY: passed on.
            unsafe {
                match self.0 {
                    Activation::Silu => zip_apply::<L, 1>(self.1, [self.2], GateSilu {}),
                    Activation::GeluErf => zip_apply::<L, 1>(self.1, [self.2], GateGeluErf {}),
                    Activation::GeluTanh => zip_apply::<L, 1>(self.1, [self.2], GateGeluTanh {}),
                }
            }
        }
    }
    run(isa, Gate(activation, gate, up));
}

/// `row[i] = activation(row[i] + bias[i])`.
pub(crate) fn activate(isa: Isa, activation: Activation, row: &mut [f32], bias: &[f32]) {
    struct Activate<'a>(Activation, &'a mut [f32], &'a [f32]);
    impl Kernel for Activate<'_> {
        type Output = ();
        #[inline(always)]
        unsafe fn run<L: Lanes>(self) {
            // SAFETY: passed on.
            unsafe {
                match self.0 {
                    Activation::Silu => zip_apply::<L, 1>(self.1, [self.2], Silu {}),
                    Activation::GeluErf => zip_apply::<L, 1>(self.1, [self.2], GeluErf {}),
                    Activation::GeluTanh => zip_apply::<L, 1>(self.1, [self.2], GeluTanh {}),
                }
            }
        }
    }
    run(isa, Activate(activation, row, bias));
}
