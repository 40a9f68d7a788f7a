//! The operations of strike-arithmetic for a host of Wasm. See `run.py`.
#![no_std]

extern crate alloc;

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;

#[path = "../../primitives/arithmetic/tests/operations/mod.rs"]
mod operations;

use operations::{apply, OPERATIONS};
use strike_arithmetic::soft::Soft32;

/// Gives out memory and takes none back: every case has a fresh instance.
struct Bump(UnsafeCell<usize>);

// SAFETY: Wasm without threads.
unsafe impl Sync for Bump {}

// SAFETY: blocks lie in pages that were grown for them, one behind the other.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let end = core::arch::wasm32::memory_size(0) << 16;
        // SAFETY: the only thread.
        let next = unsafe { &mut *self.0.get() };
        if *next == 0 {
            *next = end;
        }
        let start = next.next_multiple_of(layout.align());
        *next = start + layout.size();
        if *next > end && core::arch::wasm32::memory_grow(0, (*next - end).div_ceil(1 << 16)) == usize::MAX {
            return core::ptr::null_mut();
        }
        start as *mut u8
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: Bump = Bump(UnsafeCell::new(0));

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// Room for `words` words of input.
#[no_mangle]
pub extern "C" fn room(words: usize) -> *mut u32 {
    Box::leak(vec![0u32; words].into_boxed_slice()).as_mut_ptr()
}

/// Runs the operation of this index, with software floats if `soft` is 1, and returns where its result lies: the number of words,
/// or `u32::MAX` for an error, and the words.
///
/// # Safety
/// `input` is from [`room`] with as many words.
#[no_mangle]
pub unsafe extern "C" fn run(operation: usize, soft: u32, input: *const u32, words: usize) -> *const u32 {
    // SAFETY: the caller's promise.
    let input = unsafe { core::slice::from_raw_parts(input, words) };
    let (name, ..) = OPERATIONS[operation];
    let output = if soft == 1 { apply::<Soft32>(name, input) } else { apply::<f32>(name, input) };
    let mut result = Vec::new();
    match output {
        Some(output) => {
            result.push(output.len() as u32);
            result.extend(output);
        }
        None => result.push(u32::MAX),
    }
    result.leak().as_ptr()
}
