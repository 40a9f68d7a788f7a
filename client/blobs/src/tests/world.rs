//! A network of nodes of every kind, and its time, which goes on only where everybody waits for it.

use super::support::{store, LIMITS};
use crate::{
    message::{Chunks, Misconduct, Request, Response},
    BlobQuery, BlobStore, Exchange, FetchError, FetchLimits, FetchTimes, Fetcher, ServeLimits, Server,
};
use codec::{Decode, Encode};
use futures::stream::{self, BoxStream, StreamExt};
use parking_lot::Mutex;
use sp_core::H256;
use std::{
    collections::BTreeMap,
    future::Future,
    path::Path,
    pin::{pin, Pin},
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    task::{Context, Poll, Wake, Waker},
    time::{Duration, Instant},
};
use strike_primitives::artifact::ArtifactKind;

/// How long an answer takes of a node that answers at once.
pub const LATENCY: Duration = Duration::from_millis(10);

/// When a timer ends, and a number that tells it from others.
type Timer = (Duration, u64);

/// Time in which nothing happens but what is asked of it.
pub struct Clock {
    start: Instant,
    state: Mutex<ClockState>,
}

#[derive(Default)]
struct ClockState {
    now: Duration,
    timers: BTreeMap<Timer, Waker>,
    next: u64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { start: Instant::now(), state: Mutex::default() }
    }
}

impl Clock {
    pub fn elapsed(&self) -> Duration {
        self.state.lock().now
    }

    pub fn sleep(&self, time: Duration) -> Sleep<'_> {
        let mut state = self.state.lock();
        state.next += 1;
        Sleep { clock: self, timer: (state.now + time, state.next) }
    }

    /// To the end of the first timer; whether there is one.
    fn advance(&self) -> bool {
        let mut state = self.state.lock();
        let Some(((end, _), waker)) = state.timers.pop_first() else { return false };
        state.now = state.now.max(end);
        waker.wake();
        true
    }

    /// Polls `future` once; where it then waits for time alone, time goes on.
    pub fn step<F: Future>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        let polled = future.poll(&mut Context::from_waker(&Waker::from(woken.clone())));
        if polled.is_pending() && !woken.0.load(Ordering::SeqCst) {
            assert!(self.advance(), "everybody waits for what never comes");
        }
        polled
    }

    /// Polls `future` to its end.
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = self.step(future.as_mut()) {
                return output;
            }
        }
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

pub struct Sleep<'a> {
    clock: &'a Clock,
    timer: Timer,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.state.lock();
        if state.now >= self.timer.0 {
            return Poll::Ready(());
        }
        state.timers.insert(self.timer, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        self.clock.state.lock().timers.remove(&self.timer);
    }
}

/// What a node makes of a request.
pub enum Reply {
    /// This answer.
    Answer(Vec<u8>),
    /// This answer, so much later.
    After(Duration, Vec<u8>),
    /// No answer, and the connection says so.
    Refusal,
    /// Nothing at all.
    Silence,
}

impl From<Option<Vec<u8>>> for Reply {
    fn from(answer: Option<Vec<u8>>) -> Self {
        answer.map_or(Self::Refusal, Self::Answer)
    }
}

type Behaviour = Box<dyn Fn(&Request, Option<Vec<u8>>) -> Reply + Send + Sync>;

/// A node: an honest server, and what it makes of the honest answers.
pub struct Node {
    pub server: Server<u8>,
    pub store: Arc<BlobStore>,
    behaviour: Behaviour,
    _dir: tempfile::TempDir,
}

/// A network of such nodes.
#[derive(Default)]
pub struct World {
    pub nodes: BTreeMap<u8, Node>,
    pub connected: Vec<u8>,
    pub located: BTreeMap<H256, Vec<u8>>,
    pub reports: Mutex<Vec<(u8, Misconduct)>>,
    pub requests: Mutex<Vec<(u8, Request)>>,
    /// How often somebody waited because a peer was busy.
    pub pauses: Mutex<u64>,
    pub clock: Arc<Clock>,
}

#[async_trait::async_trait]
impl Exchange for World {
    type Peer = u8;

    async fn connected(&self) -> Vec<u8> {
        self.connected.clone()
    }

    fn located(&self, place: &H256) -> BoxStream<'_, Vec<u8>> {
        stream::iter(self.located.get(place).cloned()).boxed()
    }

    async fn request(&self, peer: &u8, request: Vec<u8>) -> Option<Vec<u8>> {
        let node = self.nodes.get(peer)?;
        let decoded = Request::decode(&mut &request[..]).unwrap();
        self.requests.lock().push((*peer, decoded.clone()));
        self.clock.sleep(LATENCY).await;
        match (node.behaviour)(&decoded, node.server.answer(&0, &request, self.now()).response) {
            Reply::Answer(answer) => Some(answer),
            Reply::After(time, answer) => {
                self.clock.sleep(time).await;
                Some(answer)
            }
            Reply::Refusal => None,
            Reply::Silence => std::future::pending().await,
        }
    }

    fn report(&self, peer: &u8, misconduct: Misconduct) {
        self.reports.lock().push((*peer, misconduct));
    }

    fn now(&self) -> Instant {
        self.clock.start + self.clock.elapsed()
    }

    async fn sleep(&self, time: Duration) {
        if time == FetchTimes::default().pause {
            *self.pauses.lock() += 1;
        }
        self.clock.sleep(time).await;
    }
}

impl World {
    pub fn add<R: Into<Reply>>(
        &mut self,
        peer: u8,
        blobs: &[&[u8]],
        behaviour: impl Fn(&Request, Option<Vec<u8>>) -> R + Send + Sync + 'static,
    ) {
        self.add_limited(peer, blobs, ServeLimits::default(), behaviour);
    }

    pub fn add_limited<R: Into<Reply>>(
        &mut self,
        peer: u8,
        blobs: &[&[u8]],
        limits: ServeLimits,
        behaviour: impl Fn(&Request, Option<Vec<u8>>) -> R + Send + Sync + 'static,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path());
        for bytes in blobs {
            store.put(ArtifactKind::File, bytes).unwrap();
        }
        let server = Server::new(store.clone(), limits, self.now());
        let behaviour: Behaviour = Box::new(move |request, answer| behaviour(request, answer).into());
        self.nodes.insert(peer, Node { server, store, behaviour, _dir: dir });
        self.connected.push(peer);
    }

    pub fn honest(&mut self, peer: u8, blobs: &[&[u8]]) {
        self.add(peer, blobs, |_, answer| answer);
    }

    /// A node that says it has everything, and answers requests for chunks with `lie`.
    pub fn lying<R: Into<Reply>>(&mut self, peer: u8, lie: impl Fn(&Request) -> R + Send + Sync + 'static) {
        let claims = Response::Chunks(Chunks { length: 5, chunks: vec![] }).encode();
        self.add(
            peer,
            &[],
            move |request, _| {
                if request.count == 0 {
                    Reply::Answer(claims.clone())
                } else {
                    lie(request).into()
                }
            },
        );
    }

    /// A node that takes requests and never answers.
    pub fn silent(&mut self, peer: u8) {
        self.add(peer, &[], |_, _| Reply::Silence);
    }

    /// A node that says it has everything, and then nothing.
    pub fn stalling(&mut self, peer: u8) {
        self.lying(peer, |_| Reply::Silence);
    }

    pub fn garbage_from(&self) -> Vec<u8> {
        self.reports.lock().iter().filter(|(_, what)| *what == Misconduct::Garbage).map(|(peer, _)| *peer).collect()
    }

    /// How often a peer was asked.
    pub fn asked(&self, peer: u8) -> usize {
        self.requests.lock().iter().filter(|(to, _)| *to == peer).count()
    }
}

pub fn fetcher(dir: &Path, world: World) -> Fetcher<World> {
    Fetcher::new(store(dir), world, FetchLimits { asked_at_once: 1, ..Default::default() })
}

/// Fetches, and waits for it.
pub fn fetch(fetcher: &Fetcher<World>, query: &BlobQuery) -> Result<Vec<u8>, FetchError> {
    fetcher.exchange().clock.run(fetcher.fetch(query))
}

pub fn query(root: H256) -> BlobQuery {
    BlobQuery { kind: ArtifactKind::File, root, max_length: LIMITS.blob, places: Vec::new() }
}
