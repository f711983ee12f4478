//! A connection of either face, plain or TLS, once it has said which HTTP it speaks.

use crate::{access::Peer, limits::HEAD_TIME};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tonic::transport::server::Connected;

use super::gate::Place;

/// What every HTTP/2 connection begins with (RFC 9113 section 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Which HTTP a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
}

#[derive(Debug)]
enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A greeted connection: what was read to tell its version is read again by whoever serves it.
#[derive(Debug)]
pub(super) struct Stream {
    wire: Wire,
    head: [u8; PREFACE.len()],
    unread: usize,
    read: usize,
    peer: Peer,
    _held: (OwnedSemaphorePermit, Place),
}

/// Shakes hands and reads just enough to know the version, in [`HEAD_TIME`]: a client that says nothing holds a
/// connection no longer than that. Neither hyper nor tonic times this part.
///
/// # Errors
/// When the client is late, leaves, or fails the handshake.
pub(super) async fn greet(tcp: TcpStream, tls: Option<TlsAcceptor>, held: (OwnedSemaphorePermit, Place)) -> io::Result<(Stream, Version)> {
    let late = |_| io::Error::from(io::ErrorKind::TimedOut);
    timeout(HEAD_TIME, async move {
        tcp.set_nodelay(true)?;
        let peer = Peer(tcp.peer_addr()?.ip());
        let wire = match tls {
            Some(tls) => Wire::Tls(Box::new(tls.accept(tcp).await?)),
            None => Wire::Plain(tcp),
        };
        let mut stream = Stream { wire, head: [0; PREFACE.len()], unread: 0, read: 0, peer, _held: held };
        let version = stream.sniff().await?;
        Ok((stream, version))
    })
    .await
    .map_err(late)?
}

impl Stream {
    /// Who is at the other end.
    pub(super) fn peer(&self) -> Peer {
        self.peer
    }

    async fn sniff(&mut self) -> io::Result<Version> {
        loop {
            let space = self.head.get_mut(self.unread..).unwrap_or_default();
            let count = match &mut self.wire {
                Wire::Plain(tcp) => tcp.read(space).await?,
                Wire::Tls(tls) => tls.read(space).await?,
            };
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.unread += count;
            if self.head.get(..self.unread) != PREFACE.get(..self.unread) {
                return Ok(Version::One);
            }
            if self.unread == PREFACE.len() {
                return Ok(Version::Two);
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(head) = this.head.get(this.read..this.unread).filter(|head| !head.is_empty()) {
            let count = head.len().min(buf.remaining());
            buf.put_slice(head.get(..count).unwrap_or_default());
            this.read += count;
            return Poll::Ready(Ok(()));
        }
        match &mut this.wire {
            Wire::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Wire::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().wire {
            Wire::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Wire::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Wire::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Wire::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

impl Connected for Stream {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer
    }
}
