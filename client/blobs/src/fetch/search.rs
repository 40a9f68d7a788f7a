//! One fetch: who is asked, in which order, and what becomes of what they send.
//!
//! The search asks connected peers first. After a head start it asks, beside them, the peers that announce themselves.
//! It asks peers last that were slow of late. Of all peers that say that they have the blob, one gives at a time, for
//! as long as it gives promptly what it is asked for. A slow peer loses its turn to the next one, and the search keeps
//! waiting for both. So no peer's silence holds up the others.

use super::{
    exchange::Exchange,
    recent_failures::SlowPeers,
    source::{within, BlobQuery, FetchError},
};
use crate::{
    limits::FetchLimits,
    message::{Chunks, Misconduct, Proved, Request, Response, MAX_CHUNKS},
    store::download::{Download, Progress},
};
use codec::{DecodeAll, Encode};
use futures::{
    future::{select, Either},
    stream::{self, BoxStream, FuturesUnordered, SelectAll},
    StreamExt,
};
use std::{collections::BTreeSet, time::Duration};
use tokio::sync::{Semaphore, SemaphorePermit};

/// What asking a peer came to.
enum Asked {
    /// It says that it has the blob.
    Has,
    /// All of the blob is here.
    Complete,
    /// The peer has no more of it, or says nothing.
    Nothing,
    /// It gives no more for now.
    Busy {
        /// Whether it gave something before.
        gave: bool,
    },
    Garbage,
    /// What an earlier time left was damaged; the peer is asked from the beginning.
    Damaged,
}

pub(crate) struct Search<'a, E: Exchange> {
    exchange: &'a E,
    limits: &'a FetchLimits,
    slow: &'a SlowPeers<E::Peer>,
    query: &'a BlobQuery,
    download: Download,
    /// For those that are asked whether they have it.
    questions: Semaphore,
    /// For the one that gives.
    giving: Semaphore,
}

/// Peers that were heard of.
struct Peers<P> {
    known: BTreeSet<P>,
    /// Those that are asked last.
    last: Vec<P>,
}

impl<'a, E: Exchange> Search<'a, E> {
    pub fn new(
        exchange: &'a E,
        limits: &'a FetchLimits,
        slow: &'a SlowPeers<E::Peer>,
        query: &'a BlobQuery,
        download: Download,
    ) -> Self {
        let questions = Semaphore::new(limits.asked_at_once.max(1));
        Self { exchange, limits, slow, query, download, questions, giving: Semaphore::new(1) }
    }

    /// Returns once the blob is in the store, or everybody was asked.
    pub async fn run(&self) -> Result<(), FetchError> {
        let mut peers = Peers { known: BTreeSet::new(), last: Vec::new() };
        let mut asked = FuturesUnordered::new();
        let connected = self.exchange.connected().await;
        for peer in connected.into_iter().take(self.limits.connected) {
            asked.extend(self.admit(peer, &mut peers).map(|peer| self.ask(peer)));
        }
        let mut head_start = self.exchange.sleep(self.limits.times.head_start);
        let mut lookups: Option<SelectAll<BoxStream<'_, E::Peer>>> = None;
        let mut located = false;
        loop {
            if asked.is_empty() && lookups.is_none() {
                lookups = Some(self.locate());
            }
            if asked.is_empty() || located {
                asked.extend(peers.last.drain(..).map(|peer| self.ask(peer)));
            }
            if asked.is_empty() && located {
                break;
            }
            tokio::select! {
                biased;
                Some(complete) = asked.next() => if complete? {
                    return Ok(());
                },
                peer = next(&mut lookups), if lookups.is_some() && !located => match peer {
                    Some(peer) => asked.extend(self.admit(peer, &mut peers).map(|peer| self.ask(peer))),
                    None => located = true,
                },
                () = &mut head_start, if lookups.is_none() => lookups = Some(self.locate()),
            }
        }
        match self.download.next() {
            // By another fetcher.
            _ if self.download.is_complete() => Ok(()),
            0 => Err(FetchError::NotFound { asked: peers.known.len() }),
            _ => Err(FetchError::Unfinished),
        }
    }

    /// The peers that announce themselves.
    fn locate(&self) -> SelectAll<BoxStream<'a, E::Peer>> {
        let (exchange, located) = (self.exchange, self.limits.located);
        let at = |place| exchange.located(place).flat_map(stream::iter).take(located).boxed();
        stream::select_all(self.query.places.iter().map(at))
    }

    /// The peer, if it was not heard of before and is to be asked now.
    fn admit(&self, peer: E::Peer, peers: &mut Peers<E::Peer>) -> Option<E::Peer> {
        if !peers.known.insert(peer.clone()) {
            return None;
        }
        if self.slow.contains(&peer, self.exchange.now()) {
            peers.last.push(peer);
            return None;
        }
        Some(peer)
    }

    /// Asks a peer whether it has the blob and takes from it what is missing, for as long as it gives. Whether the blob
    /// is here then.
    async fn ask(&self, peer: E::Peer) -> Result<bool, FetchError> {
        let (mut has, mut tries) = (false, 0);
        loop {
            match if has { self.take(&peer).await? } else { self.has(&peer).await } {
                Asked::Has => {
                    has = true;
                    continue;
                }
                Asked::Complete => return Ok(true),
                Asked::Nothing => return Ok(false),
                Asked::Garbage => {
                    self.exchange.report(&peer, Misconduct::Garbage);
                    return Ok(false);
                }
                Asked::Busy { gave: true } => tries = 0,
                Asked::Busy { gave: false } | Asked::Damaged => {}
            }
            tries += 1;
            if tries >= self.limits.tries {
                return Ok(false);
            }
            self.exchange.sleep(self.limits.times.pause).await;
        }
    }

    /// Whether a peer says that it has the blob.
    async fn has(&self, peer: &E::Peer) -> Asked {
        let Ok(turn) = self.questions.acquire().await else { return Asked::Nothing };
        let request = Request { kind: self.query.kind, root: self.query.root, first: 0, count: 0 };
        match self.answer(&request, peer, turn, self.limits.times.question, || {}).await {
            Ok((chunks, _)) if chunks.chunks.is_empty() => Asked::Has,
            Ok(_) => Asked::Garbage,
            Err(asked) => asked,
        }
    }

    /// Takes what is missing from a peer that says that it has the blob. It begins with one chunk, so that a slow line is no
    /// silence, and takes more of a quick peer. A peer that gives less than it was asked for lets another one give.
    async fn take(&self, peer: &E::Peer) -> Result<Asked, FetchError> {
        let (mut count, mut gave, mut kept) = (1, false, None);
        loop {
            let turn = match kept.take() {
                Some(turn) => turn,
                None => self.giving.acquire().await.map_err(|_| FetchError::Unfinished)?,
            };
            if self.download.is_complete() {
                return Ok(Asked::Complete);
            }
            let missing = self.download.missing().unwrap_or(u64::MAX).clamp(1, count) as u32;
            let (kind, root) = (self.query.kind, self.query.root);
            let request = Request { kind, root, first: self.download.next(), count: missing };
            let when_slow = || {
                if !gave {
                    self.exchange.report(peer, Misconduct::Stall);
                }
            };
            let answer = self.answer(&request, peer, turn, self.limits.times.chunks, when_slow).await;
            let (chunks, turn) = match answer {
                Ok(answer) => answer,
                Err(Asked::Busy { .. }) => return Ok(Asked::Busy { gave }),
                Err(asked) => return Ok(asked),
            };
            let all = chunks.chunks.len() as u64 == u64::from(request.count);
            let Some(proved) = Proved::new(&request, chunks) else { return Ok(Asked::Garbage) };
            within(proved.length(), self.query)?;
            match self.download.keep(proved)? {
                Progress::Missing(_) => {}
                Progress::Complete => return Ok(Asked::Complete),
                Progress::Damaged => return Ok(Asked::Damaged),
            }
            gave = true;
            count = if turn.is_some() { (count * 2).min(MAX_CHUNKS.into()) } else { (count / 2).max(1) };
            kept = turn.filter(|_| all);
        }
    }

    /// A peer's answer, if it comes within `time`, and its turn, which a slow peer loses.
    async fn answer<'t>(
        &self,
        request: &Request,
        peer: &E::Peer,
        turn: SemaphorePermit<'t>,
        time: Duration,
        when_slow: impl FnOnce(),
    ) -> Result<(Chunks, Option<SemaphorePermit<'t>>), Asked> {
        let times = &self.limits.times;
        let answer = self.exchange.request(peer, request.encode());
        let (answer, turn) = match select(answer, self.exchange.sleep(times.slow)).await {
            Either::Left((answer, _)) => (answer, Some(turn)),
            Either::Right(((), answer)) => {
                drop(turn);
                self.slow.remember(peer.clone(), times.slow_remembered, self.exchange.now());
                when_slow();
                match select(answer, self.exchange.sleep(time.saturating_sub(times.slow))).await {
                    Either::Left((answer, _)) => (answer, None),
                    Either::Right(_) => (None, None),
                }
            }
        };
        let answer = answer.ok_or(Asked::Nothing)?;
        match Response::decode_all(&mut &answer[..]) {
            Ok(Response::Chunks(chunks)) => Ok((chunks, turn)),
            Ok(Response::Absent) => Err(Asked::Nothing),
            Ok(Response::Busy) => Err(Asked::Busy { gave: false }),
            Err(_) => Err(Asked::Garbage),
        }
    }
}

async fn next<S: stream::Stream + Unpin>(lookups: &mut Option<SelectAll<S>>) -> Option<S::Item> {
    match lookups {
        Some(lookups) => lookups.next().await,
        None => None,
    }
}
