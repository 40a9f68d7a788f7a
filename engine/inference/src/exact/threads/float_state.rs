//! The floating-point control register of a thread: rounding to nearest even, subnormals kept.

/// Sets the state that IEEE 754 starts with; what was before comes back when this is dropped.
pub(crate) struct FloatState {
    before: u64,
}

#[cfg(target_arch = "x86_64")]
const STANDARD: u64 = 0x1f80;
#[cfg(not(target_arch = "x86_64"))]
const STANDARD: u64 = 0;

impl FloatState {
    pub fn standard() -> Self {
        let before = read();
        if before != STANDARD {
            write(STANDARD);
        }
        Self { before }
    }
}

impl Drop for FloatState {
    fn drop(&mut self) {
        if self.before != STANDARD {
            write(self.before);
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn read() -> u64 {
    let mut state = 0u32;
    // SAFETY: stores MXCSR to the local.
    unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &mut state, options(nostack)) };
    // The low six bits are flags of what happened, not control.
    u64::from(state & !0x3f)
}

#[cfg(target_arch = "x86_64")]
fn write(state: u64) {
    let state = state as u32;
    // SAFETY: a state that was read, or the standard one.
    unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &state, options(nostack)) };
}

#[cfg(target_arch = "aarch64")]
fn read() -> u64 {
    let state: u64;
    // SAFETY: reads FPCR.
    unsafe { std::arch::asm!("mrs {}, fpcr", out(reg) state, options(nostack, nomem)) };
    state
}

#[cfg(target_arch = "aarch64")]
fn write(state: u64) {
    // SAFETY: a state that was read, or the standard one.
    unsafe { std::arch::asm!("msr fpcr, {}", in(reg) state, options(nostack)) };
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn read() -> u64 {
    STANDARD
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn write(_: u64) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn a_thread_that_flushes_subnormals_gets_its_state_back() {
        let flushing = STANDARD | 0x8040;
        write(flushing);
        {
            let _state = FloatState::standard();
            assert_eq!(read(), STANDARD);
        }
        let after = read();
        write(STANDARD);
        assert_eq!(after, flushing);
    }
}
