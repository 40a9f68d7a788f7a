//! A fixed group of threads that work through numbered tasks together.
//!
//! A decoding step has about a hundred short parallel sections, so waiting threads spin for a moment before they sleep.

use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, Thread};

use crate::exact::threads::float_state::FloatState;

/// Looks before a waiting thread goes to sleep: some tens of microseconds.
const SPINS: u32 = 20_000;

type Task = dyn Fn(usize) + Sync;

struct Shared {
    /// Counts sections; a change tells workers that there is a new one.
    section: AtomicU64,
    /// The work of the section, valid while it runs.
    task: UnsafeCell<Option<*const Task>>,
    tasks: AtomicUsize,
    next: AtomicUsize,
    /// Workers that have not finished the section.
    busy: AtomicUsize,
    /// What the first worker that panicked in the section said.
    panicked: Mutex<Option<Box<dyn Any + Send>>>,
    ending: AtomicBool,
    asleep: Vec<AtomicBool>,
}

// SAFETY: `task` is written only while no worker is in a section, and published by the store to `section`.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}

impl Shared {
    /// Nobody's work yet, for `others` beside the caller.
    fn new(others: usize) -> Self {
        Self {
            section: AtomicU64::new(0),
            task: UnsafeCell::new(None),
            tasks: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            panicked: Mutex::new(None),
            ending: AtomicBool::new(false),
            asleep: (0..others).map(|_| AtomicBool::new(false)).collect(),
        }
    }

    fn work(&self, task: &(dyn Fn(usize) + Sync)) {
        let tasks = self.tasks.load(Ordering::Relaxed);
        loop {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            if at >= tasks {
                return;
            }
            task(at);
        }
    }
}

/// Threads that share the work of one caller at a time.
pub(crate) struct ThreadPool {
    shared: Arc<Shared>,
    /// Held by the caller whose section runs.
    turn: Mutex<()>,
    workers: Vec<(JoinHandle<()>, Thread)>,
}

impl ThreadPool {
    /// A pool of `threads`, the caller's own included, with nothing to begin with.
    #[cfg(test)]
    pub fn new(threads: usize) -> std::io::Result<Self> {
        Self::beginning(threads, || ())
    }

    /// A pool of `threads`, the caller's own included; each of the others calls `begin` first.
    pub fn beginning(threads: usize, begin: fn()) -> std::io::Result<Self> {
        let others = threads.max(1) - 1;
        let shared = Arc::new(Shared::new(others));
        let mut pool = Self { shared, turn: Mutex::new(()), workers: Vec::new() };
        for index in 0..others {
            let shared = pool.shared.clone();
            let handle = thread::Builder::new().name(format!("engine-{}", index + 1)).spawn(move || {
                begin();
                serve(&shared, index)
            })?;
            let thread = handle.thread().clone();
            pool.workers.push((handle, thread));
        }
        Ok(pool)
    }

    /// A pool of the caller's thread alone.
    pub fn alone() -> Self {
        Self { shared: Arc::new(Shared::new(0)), turn: Mutex::new(()), workers: Vec::new() }
    }

    /// Number of threads.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `task` once for every number below `tasks`, in no order, and returns when all are done. If a task panics, so does
    /// the caller, with what the task said; the panic hook runs on the task's thread alone. The pool can be used again.
    pub fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        if self.workers.is_empty() || tasks <= 1 {
            return (0..tasks).for_each(task);
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = &*self.shared;
        shared.tasks.store(tasks, Ordering::Relaxed);
        shared.next.store(0, Ordering::Relaxed);
        shared.busy.store(self.workers.len(), Ordering::Relaxed);
        // SAFETY: no worker is in a section, and this call does not return before all have left it, so the reference outlives
        // its uses.
        unsafe {
            *shared.task.get() = Some(std::mem::transmute::<*const (dyn Fn(usize) + Sync + '_), *const Task>(task));
        }
        shared.section.fetch_add(1, Ordering::SeqCst);
        for (asleep, (_, thread)) in shared.asleep.iter().zip(&self.workers) {
            if asleep.load(Ordering::SeqCst) {
                thread.unpark();
            }
        }
        let own = catch_unwind(AssertUnwindSafe(|| shared.work(task)));
        if own.is_err() {
            // Leave the rest undone.
            shared.next.store(tasks, Ordering::Relaxed);
        }
        let mut spins = 0;
        while shared.busy.load(Ordering::Acquire) > 0 {
            spins += 1;
            if spins < SPINS {
                std::hint::spin_loop();
            } else {
                thread::yield_now();
            }
        }
        let others = shared.panicked.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(panic) = own.err().or(others) {
            std::panic::resume_unwind(panic);
        }
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.shared.ending.store(true, Ordering::SeqCst);
        self.shared.section.fetch_add(1, Ordering::SeqCst);
        for (handle, thread) in self.workers.drain(..) {
            thread.unpark();
            let _ = handle.join();
        }
    }
}

fn serve(shared: &Shared, index: usize) {
    // A thread inherits the state of the one that started it.
    let _state = FloatState::standard();
    let mut seen = 0;
    loop {
        let mut spins = 0;
        while shared.section.load(Ordering::Acquire) == seen {
            spins += 1;
            if spins < SPINS {
                std::hint::spin_loop();
                continue;
            }
            shared.asleep[index].store(true, Ordering::SeqCst);
            // Whoever starts a section sees the flag, or this sees the section.
            while shared.section.load(Ordering::SeqCst) == seen {
                thread::park();
            }
            shared.asleep[index].store(false, Ordering::SeqCst);
        }
        seen = shared.section.load(Ordering::Acquire);
        if shared.ending.load(Ordering::SeqCst) {
            return;
        }
        // SAFETY: written before the section was published, and alive until `busy` is zero.
        let task = unsafe { (*shared.task.get()).map(|task| &*task) };
        if let Some(task) = task {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| shared.work(task))) {
                // Leave the rest undone.
                shared.next.store(shared.tasks.load(Ordering::Relaxed), Ordering::Relaxed);
                shared.panicked.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(panic);
            }
        }
        shared.busy.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_runs_once_whatever_the_number_of_threads() {
        for threads in [1, 2, 3, 8] {
            let pool = ThreadPool::new(threads).unwrap();
            for tasks in [0, 1, 2, 7, 100, 1000] {
                let counts: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                pool.run(tasks, &|at| {
                    counts[at].fetch_add(1, Ordering::Relaxed);
                });
                assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1));
            }
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_team_goes_on() {
        let pool = ThreadPool::new(3).unwrap();
        let result = catch_unwind(AssertUnwindSafe(|| pool.run(50, &|at| assert!(at != 17))));
        assert!(result.is_err());
        let sum = AtomicUsize::new(0);
        pool.run(10, &|at| {
            sum.fetch_add(at, Ordering::Relaxed);
        });
        assert_eq!(sum.into_inner(), 45);
    }

    #[test]
    fn each_thread_begins_as_it_is_told_to() {
        static BEGUN: AtomicUsize = AtomicUsize::new(0);
        let pool = ThreadPool::beginning(4, || {
            BEGUN.fetch_add(1, Ordering::SeqCst);
        })
        .unwrap();
        // Each thread is in a section only once it has begun.
        pool.run(100, &|_| ());
        assert_eq!((pool.threads(), BEGUN.load(Ordering::SeqCst)), (4, 3));
    }

    #[test]
    fn what_a_task_says_when_it_panics_reaches_the_caller_whichever_thread_it_ran_on() {
        let pool = ThreadPool::new(3).unwrap();
        for _ in 0..20 {
            // All tasks at once, so that every thread has one.
            let together = std::sync::Barrier::new(3);
            let panic = catch_unwind(AssertUnwindSafe(|| {
                pool.run(3, &|at| {
                    together.wait();
                    assert!(at != 1, "task {at} cannot go on");
                })
            }))
            .unwrap_err();
            assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some("task 1 cannot go on"));
        }
    }

    #[test]
    fn callers_take_turns() {
        let pool = ThreadPool::new(2).unwrap();
        let sum = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        pool.run(5, &|at| {
                            sum.fetch_add(at, Ordering::Relaxed);
                        });
                    }
                });
            }
        });
        assert_eq!(sum.into_inner(), 4 * 200 * 10);
    }
}
