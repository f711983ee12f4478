//! A TCP proxy on loopback that cuts a connection where it hurts: when a request has arrived, or when its answer has been made
//! and not been heard.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};
use tokio_util::sync::CancellationToken;

/// When the next connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// HTTP/2: the head of a request has been passed on.
    Request,
    /// HTTP/2: the head of an answer has come, and is not passed on.
    Reply,
    /// PostgreSQL: a COMMIT has been answered, and that is not passed on.
    Commit,
}

#[derive(Default)]
struct Plan {
    next: Mutex<Option<Cut>>,
    cuts: AtomicUsize,
}

impl Plan {
    fn is(&self, cut: Cut) -> bool {
        *self.next.lock().unwrap() == Some(cut)
    }

    /// Takes the cut, if nobody else has.
    fn take(&self, cut: Cut) -> bool {
        let mut next = self.next.lock().unwrap();
        let taken = next.take_if(|next| *next == cut).is_some();
        self.cuts.fetch_add(usize::from(taken), Ordering::SeqCst);
        taken
    }
}

/// A proxy; it ends with the story.
pub struct Proxy {
    pub address: SocketAddr,
    plan: Arc<Plan>,
    _end: tokio_util::sync::DropGuard,
}

impl Proxy {
    /// Before `target`, an address such as `127.0.0.1:5432`.
    pub async fn before(target: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, target, plan) = (listener.local_addr().unwrap(), target.to_owned(), Arc::<Plan>::default());
        let (end, kept) = (CancellationToken::new(), Arc::clone(&plan));
        let ended = end.clone();
        tokio::spawn(async move {
            while let Some(Ok((client, _))) = ended.run_until_cancelled(listener.accept()).await {
                let (plan, target) = (Arc::clone(&kept), target.clone());
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(&target).await else { return };
                    pass(client, server, &plan).await;
                });
            }
        });
        Proxy { address, plan, _end: end.drop_guard() }
    }

    /// Cuts one connection when it comes to that.
    pub fn arm(&self, cut: Cut) {
        *self.plan.next.lock().unwrap() = Some(cut);
    }

    /// Connections cut so far.
    pub fn cuts(&self) -> usize {
        self.plan.cuts.load(Ordering::SeqCst)
    }
}

/// Passes on until either side ends or the connection is cut; both sockets are closed then.
async fn pass(client: TcpStream, server: TcpStream, plan: &Plan) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let committing = AtomicBool::new(false);
    tokio::select! {
        () = up(from_client, to_server, plan, &committing) => {}
        () = down(from_server, to_client, plan, &committing) => {}
    }
}

async fn up(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, plan: &Plan, committing: &AtomicBool) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else { return };
        let some = &buffer[..count];
        if plan.is(Cut::Commit) && some.windows(6).any(|word| word == b"COMMIT") {
            committing.store(true, Ordering::SeqCst);
        }
        if to.write_all(some).await.is_err() || (plan.is(Cut::Request) && has_head(some) && plan.take(Cut::Request)) {
            return;
        }
    }
}

async fn down(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, plan: &Plan, committing: &AtomicBool) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else { return };
        let some = &buffer[..count];
        let committed = committing.load(Ordering::SeqCst) && plan.take(Cut::Commit);
        if committed || (plan.is(Cut::Reply) && has_head(some) && plan.take(Cut::Reply)) || to.write_all(some).await.is_err() {
            return;
        }
    }
}

/// Whether a HEADERS frame begins in what was read, which begins with a frame (RFC 9113 section 4.1).
fn has_head(mut frames: &[u8]) -> bool {
    const HEADERS: u8 = 1;
    while let [a, b, c, kind, rest @ ..] = frames {
        if *kind == HEADERS {
            return true;
        }
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        // Five more bytes of every frame's head: flags and stream.
        frames = rest.get(5 + length..).unwrap_or_default();
    }
    false
}
