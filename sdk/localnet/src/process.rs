//! One node process: it never outlives the process that started it.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{mpsc, OnceLock},
    time::Duration,
};
use strike_chain::{Error, Result};
use tokio::{
    process::{Child, Command},
    runtime::Handle,
    sync::oneshot,
};

/// How long a node may take to close its database after it was asked to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// Lines of a log that are shown when its node died.
const TAIL_LINES: usize = 20;

/// A node that was started.
#[derive(Debug)]
pub struct NodeProcess {
    name: String,
    binary: PathBuf,
    args: Vec<String>,
    env: Vec<(String, String)>,
    log: PathBuf,
    url: String,
    child: Option<Child>,
}

impl NodeProcess {
    /// Starts a node. What it prints is added to the file `log`.
    pub(crate) async fn start(
        name: String,
        binary: PathBuf,
        args: Vec<String>,
        env: Vec<(String, String)>,
        log: PathBuf,
        url: String,
    ) -> Result<Self> {
        let mut node = Self { name, binary, args, env, log, url, child: None };
        node.restart().await?;
        Ok(node)
    }

    /// Starts the node again, with the same arguments. Does nothing while it runs.
    pub async fn restart(&mut self) -> Result<()> {
        if self.child.is_some() {
            return Ok(());
        }
        let mut log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        writeln!(log, "$ {} {}", self.binary.display(), self.args.join(" "))?;
        let mut command = Command::new(&self.binary);
        command
            .args(&self.args)
            .envs(self.env.clone())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        let child = spawn(command).await.map_err(|error| {
            Error::new("NodeNotStarted", format!("{}: {error}", self.binary.display()))
                .hint("'make build' builds strike-node; --node-binary names another one")
        })?;
        self.child = Some(child);
        Ok(())
    }

    /// Its name, in lower case.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its JSON-RPC is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its log file.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Its process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Whether it was started and not stopped since. It may have died.
    pub fn is_started(&self) -> bool {
        self.child.is_some()
    }

    /// Waits until the process ends by itself; for ever if it does not run.
    pub async fn exited(&mut self) -> ExitStatus {
        if let Some(child) = &mut self.child {
            if let Ok(status) = child.wait().await {
                return status;
            }
        }
        std::future::pending().await
    }

    /// The failure to report if the process has ended by itself.
    pub fn death(&mut self) -> Option<Error> {
        let status = self.child.as_mut()?.try_wait().ok()??;
        Some(self.died(status))
    }

    /// The failure to report for a process that ended by itself.
    pub(crate) fn died(&self, status: ExitStatus) -> Error {
        let tail = tail(&self.log, TAIL_LINES);
        Error::new("NodeDied", format!("{} ended by itself ({status}); the end of its log:\n{tail}", self.name))
            .hint(format!("the whole log: {}", self.log.display()))
    }

    /// Ends it as a power cut would, and waits until it is gone.
    pub async fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill().await;
        }
    }

    /// Asks it to end, and waits until it is gone.
    pub async fn stop(&mut self) {
        self.terminate();
        if let Some(mut child) = self.child.take() {
            if tokio::time::timeout(STOP_TIMEOUT, child.wait()).await.is_err() {
                let _ = child.kill().await;
            }
        }
    }

    /// Stops it where it stands, as a machine that hangs; [`Self::resume`] lets it go on. Does nothing while it does not run.
    #[cfg(unix)]
    pub fn pause(&self) {
        self.signal(libc::SIGSTOP);
    }

    /// Lets it go on after [`Self::pause`].
    #[cfg(unix)]
    pub fn resume(&self) {
        self.signal(libc::SIGCONT);
    }

    /// Asks it to end, without waiting.
    pub(crate) fn terminate(&self) {
        #[cfg(unix)]
        {
            self.signal(libc::SIGTERM);
            // One that is paused hears nothing else.
            self.signal(libc::SIGCONT);
        }
    }

    #[cfg(unix)]
    fn signal(&self, signal: libc::c_int) {
        if let Some(pid) = self.pid().and_then(|pid| libc::pid_t::try_from(pid).ok()) {
            // SAFETY: a signal to a child that was not waited for, so the id is still its own.
            unsafe { libc::kill(pid, signal) };
        }
    }
}

/// The last lines of a file.
pub fn tail(path: &Path, lines: usize) -> String {
    /// Enough for that many lines, however long the log.
    const BYTES: u64 = 64 * 1024;
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// A request to the thread that starts processes.
type Request = (Command, Handle, oneshot::Sender<std::io::Result<Child>>);

/// Starts a process that dies with this one, however this one ends.
///
/// All are started by one thread that lives as long as this process, because Linux sends the signal when the *thread* dies
/// that started the child. They get process groups of their own, so that Ctrl-C reaches only this process, which then ends
/// them in order.
async fn spawn(mut command: Command) -> std::io::Result<Child> {
    static SPAWNER: OnceLock<mpsc::Sender<Request>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (sender, requests) = mpsc::channel::<Request>();
        std::thread::spawn(move || {
            for (mut command, runtime, reply) in requests {
                let _context = runtime.enter();
                // A child that nobody waits for any more is killed as it is dropped.
                let _ = reply.send(command.spawn());
            }
        });
        sender
    });
    #[cfg(unix)]
    command.process_group(0);
    die_with_parent(&mut command);
    let gone = |_| std::io::Error::other("the thread that starts processes is gone");
    let (reply, result) = oneshot::channel();
    spawner.send((command, Handle::current(), reply)).map_err(|_| gone(()))?;
    result.await.map_err(|_| gone(()))?
}

#[cfg(target_os = "linux")]
fn die_with_parent(command: &mut Command) {
    // SAFETY: both calls are async-signal-safe and the closure allocates nothing.
    unsafe {
        let parent = libc::getpid();
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(std::io::Error::last_os_error());
            }
            // The parent may have died before the call above.
            if libc::getppid() != parent {
                return Err(std::io::Error::from_raw_os_error(libc::ESRCH));
            }
            Ok(())
        });
    }
}

/// Elsewhere children end when they are dropped, and on the signals that the command handles.
#[cfg(not(target_os = "linux"))]
fn die_with_parent(_command: &mut Command) {}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(script: &str) -> (tempfile::TempDir, NodeProcess) {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let args = vec!["-c".into(), script.into()];
        let node = NodeProcess::start("test".into(), "/bin/sh".into(), args, vec![], log, String::new()).await.unwrap();
        (folder, node)
    }

    #[tokio::test]
    async fn a_death_is_told_with_the_end_of_the_log() {
        let (_folder, mut node) = run("echo working; echo broken >&2; exit 3").await;
        let status = node.exited().await;
        let error = node.died(status);
        assert_eq!(error.name, "NodeDied");
        assert!(error.message.contains("exit status: 3") && error.message.ends_with("working\nbroken"), "{error}");
        assert!(node.death().is_some());
    }

    #[tokio::test]
    async fn stopping_asks_first() {
        let (folder, mut node) = run("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done").await;
        while !tail(&folder.path().join("log"), 9).ends_with("up") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        node.stop().await;
        assert!(tail(node.log(), 1).ends_with("bye"));
        assert!(!node.is_started());
        node.restart().await.unwrap();
        assert!(node.pid().is_some() && node.death().is_none());
        node.kill().await;
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_paused_process_stands_still_and_ends_all_the_same() {
        let state = |node: &NodeProcess| {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", node.pid().unwrap())).unwrap();
            stat.rsplit(") ").next().and_then(|rest| rest.chars().next())
        };
        let (_folder, mut node) = run("trap 'exit 0' TERM; while :; do sleep 0.05; done").await;
        node.pause();
        while state(&node) != Some('T') {
            tokio::task::yield_now().await;
        }
        node.resume();
        while state(&node) == Some('T') {
            tokio::task::yield_now().await;
        }
        node.pause();
        node.stop().await;
        assert!(!node.is_started());
    }

    #[tokio::test]
    async fn a_missing_binary_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let error = NodeProcess::start("x".into(), "/no/such/node".into(), vec![], vec![], log, String::new()).await;
        let error = error.unwrap_err();
        assert_eq!(error.name, "NodeNotStarted");
        assert!(error.message.contains("/no/such/node"));
    }

    #[test]
    fn a_missing_log_has_an_empty_tail() {
        assert_eq!(tail(Path::new("/no/such/log"), 5), "");
    }
}
