//! A way to a node's JSON-RPC that fails at a chosen request: what a network between a client and its node does now and then.

use serde_json::Value;
use std::{
    io,
    sync::{
        atomic::{AtomicUsize, Ordering},
        Arc,
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// What becomes of the chosen request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends, and the node never gets it.
    Lost,
    /// The node gets it and answers, and the connection ends before the answer has passed.
    Unanswered,
    /// The node gets it and answers, and from then on nothing passes. The connection stays.
    Silent,
}

/// A proxy that runs; it ends when this is dropped.
pub struct Proxy {
    /// Where it takes JSON-RPC.
    pub url: String,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Which request fails, and how.
struct Plan {
    method: &'static str,
    /// The how manieth request of the method over all connections, from 1.
    at: usize,
    fault: Fault,
    seen: AtomicUsize,
}

impl Proxy {
    /// Starts a proxy before a node, `ws://HOST:PORT`.
    pub async fn start(node: &str, method: &'static str, at: usize, fault: Fault) -> Self {
        let node = node.trim_start_matches("ws://").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let url = format!("ws://{}", listener.local_addr().expect("a listener has an address"));
        let plan = Arc::new(Plan { method, at, fault, seen: AtomicUsize::new(0) });
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let (node, plan) = (node.clone(), plan.clone());
                connections.spawn(async move {
                    if let Ok(node) = TcpStream::connect(&node).await {
                        // Either end may go at any time.
                        let _ = relay(client, node, &plan).await;
                    }
                });
            }
        });
        Self { url, task }
    }
}

async fn relay(mut client: TcpStream, mut node: TcpStream, plan: &Plan) -> io::Result<()> {
    let (mut requests, mut answers) = (Messages::default(), Messages::default());
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    // The request whose answer does not pass.
    let mut awaited: Option<Value> = None;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let read = read?;
                if read == 0 {
                    return Ok(());
                }
                for message in requests.take(&asked[..read]) {
                    let is_chosen = message.field("method").is_some_and(|method| *method == plan.method)
                        && plan.seen.fetch_add(1, Ordering::SeqCst) + 1 == plan.at;
                    if is_chosen && plan.fault == Fault::Lost {
                        return Ok(());
                    }
                    if is_chosen {
                        awaited = message.field("id").cloned();
                    }
                    node.write_all(&message.bytes).await?;
                }
            }
            read = node.read(&mut answered) => {
                let read = read?;
                if read == 0 {
                    return Ok(());
                }
                for message in answers.take(&answered[..read]) {
                    if awaited.is_some() && message.field("id") == awaited.as_ref() {
                        return match plan.fault {
                            Fault::Silent => std::future::pending().await,
                            Fault::Lost | Fault::Unanswered => Ok(()),
                        };
                    }
                    client.write_all(&message.bytes).await?;
                }
            }
        }
    }
}

/// One direction of a WebSocket: the upgrade, and then frames.
#[derive(Default)]
struct Messages {
    pending: Vec<u8>,
    is_upgraded: bool,
}

/// A frame as it passes, or the upgrade.
struct Message {
    bytes: Vec<u8>,
    /// What it says, if it is a whole text.
    json: Option<Value>,
}

impl Message {
    fn field(&self, name: &str) -> Option<&Value> {
        self.json.as_ref()?.get(name)
    }
}

/// The opcode of a text.
const TEXT: u8 = 1;

impl Messages {
    /// What is whole with these bytes.
    fn take(&mut self, bytes: &[u8]) -> Vec<Message> {
        self.pending.extend(bytes);
        let mut whole = Vec::new();
        if !self.is_upgraded {
            let Some(end) = self.pending.windows(4).position(|it| it == b"\r\n\r\n") else { return whole };
            self.is_upgraded = true;
            whole.push(Message { bytes: self.pending.drain(..end + 4).collect(), json: None });
        }
        while let Some((length, json)) = frame(&self.pending) {
            whole.push(Message { bytes: self.pending.drain(..length).collect(), json });
        }
        whole
    }
}

/// RFC 6455: the length of the first frame, if it is whole, and what it says.
fn frame(bytes: &[u8]) -> Option<(usize, Option<Value>)> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    let number = |length: usize| {
        let bytes = bytes.get(2..2 + length)?;
        Some(bytes.iter().fold(0usize, |number, byte| number << 8 | usize::from(*byte)))
    };
    let (extended, length): (usize, usize) = match second & 0x7f {
        126 => (2, number(2)?),
        127 => (8, number(8)?),
        short => (0, usize::from(short)),
    };
    let is_masked = second & 0x80 != 0;
    let start = 2 + extended + if is_masked { 4 } else { 0 };
    let payload = bytes.get(start..start.checked_add(length)?)?;
    let mask = if is_masked { bytes.get(start - 4..start)? } else { &[0; 4] };
    let json = || {
        let plain: Vec<u8> = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        serde_json::from_slice(&plain).ok()
    };
    Some((start + length, (first & 0x0f == TEXT).then(json).flatten()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_however_they_come() {
        let text = br#"{"id":7,"method":"author_submitAndWatchExtrinsic"}"#;
        let mask = [1, 2, 3, 4];
        let mut bytes = b"GET / HTTP/1.1\r\n\r\n".to_vec();
        bytes.extend([0x81, 0x80 | text.len() as u8]);
        bytes.extend(mask);
        bytes.extend(text.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes.extend([0x81, 126, 0, 2]);
        bytes.extend(b"{}");
        for piece in [1, 7, bytes.len()] {
            let mut messages = Messages::default();
            let found: Vec<Message> = bytes.chunks(piece).flat_map(|piece| messages.take(piece)).collect();
            assert_eq!(found.len(), 3, "{piece}");
            assert_eq!(found[1].field("id"), Some(&Value::from(7)));
            assert_eq!(found.iter().flat_map(|message| message.bytes.clone()).collect::<Vec<u8>>(), bytes);
        }
    }
}
