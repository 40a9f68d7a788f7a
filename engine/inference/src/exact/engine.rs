//! Threads, an instruction set, and what is kept between jobs.

use std::sync::Mutex;

use crate::exact::decoder::workspace::Workspace;
use crate::exact::encoder::forward::EncoderWorkspace;
use crate::exact::prefixes::Prefixes;
use crate::exact::threads::pool::Pool;
use crate::exact::threads::thread_pool::ThreadPool;
use crate::isa::Isa;

/// Rows of one pass; bounds memory and the wait for a cancellation. Has no influence on results.
pub(crate) const ROWS: usize = 256;

/// Bytes of computed beginnings that are kept for later jobs.
pub(crate) const PREFIX_MEMORY: usize = 256 << 20;

/// Threads and an instruction set, shared by all jobs of a process.
pub struct Engine {
    pub(crate) isa: Isa,
    pub(crate) pool: ThreadPool,
    /// Working memory is kept between jobs.
    workspaces: Pool<Workspace>,
    pub(crate) encoder_workspaces: Pool<EncoderWorkspace>,
    pub(crate) prefixes: Mutex<Prefixes>,
}

impl Engine {
    /// An engine of `threads` threads, the caller's included; all of the machine's if 0.
    ///
    /// Errors if no thread can be started, or if [`crate::ISA_VARIABLE`] names an instruction set that this machine lacks.
    pub fn new(threads: usize) -> std::io::Result<Self> {
        let isa = Isa::selected().map_err(std::io::Error::other)?;
        Self::with_isa(threads, isa)
    }

    /// As [`Self::new`]; each thread of the engine but the caller's calls `begin` first, for what holds for a whole thread: its
    /// priority, what its panics do.
    pub fn beginning(threads: usize, begin: fn()) -> std::io::Result<Self> {
        let isa = Isa::selected().map_err(std::io::Error::other)?;
        Self::made(threads, isa, begin)
    }

    /// An engine on an instruction set that this machine has.
    pub fn with_isa(threads: usize, isa: Isa) -> std::io::Result<Self> {
        Self::made(threads, isa, || ())
    }

    fn made(threads: usize, isa: Isa, begin: fn()) -> std::io::Result<Self> {
        if !isa.is_available() {
            return Err(std::io::Error::other(format!("this machine has no {}", isa.name())));
        }
        let threads = match threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads.min(256),
        };
        Ok(Self {
            isa,
            pool: ThreadPool::beginning(threads, begin)?,
            workspaces: Pool::default(),
            encoder_workspaces: Pool::default(),
            prefixes: Mutex::new(Prefixes::new(PREFIX_MEMORY)),
        })
    }

    /// Threads of the engine.
    pub fn threads(&self) -> usize {
        self.pool.threads()
    }

    /// The instruction set of the kernels.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    pub(crate) fn workspace(&self) -> Workspace {
        self.workspaces.take()
    }

    pub(crate) fn give_back(&self, workspace: Workspace) {
        self.workspaces.give_back(workspace);
    }
}
