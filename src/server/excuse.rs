//! What HTTP/1 itself refuses – a request line, a field or a head that cannot be read – hyper answers without any body, before
//! anything of ours is asked. Here such an answer gets the body of a SCIM error on its way out.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes up to which an answer may be one of hyper's own: a status line and three fields.
const HEAD: usize = 256;

/// A connection whose bare refusals say why.
#[derive(Debug)]
pub(super) struct Excuse<S> {
    stream: S,
    /// What is written in the place of the bytes that were handed over, and how much of it is out.
    instead: Option<(Vec<u8>, usize)>,
}

impl<S> Excuse<S> {
    pub(super) fn new(stream: S) -> Self {
        Excuse { stream, instead: None }
    }
}

/// The answer with a body, if it is a whole one of hyper's own.
///
/// Nothing of ours looks like it: every refusal of ours has a body, and no text inside a JSON document has a line break.
fn explained(answer: &[u8]) -> Option<Vec<u8>> {
    let head = std::str::from_utf8(answer.get(..answer.len().min(HEAD))?).ok()?;
    if answer.len() > HEAD || !head.ends_with("\r\n\r\n") || !head.to_ascii_lowercase().contains("\r\ncontent-length: 0\r\n") {
        return None;
    }
    let (status, kind, detail) = match head.get(..13)? {
        "HTTP/1.1 400 " => ("400", r#""scimType":"invalidSyntax","#, "The request line or a header field is not HTTP."),
        "HTTP/1.1 414 " => ("414", "", "The address of the request is too long."),
        "HTTP/1.1 431 " => ("431", "", "The head of the request is too large, or has too many fields."),
        _ => return None,
    };
    let body = format!(r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"{status}",{kind}"detail":"{detail}"}}"#);
    let mut lines: Vec<String> = head.trim_end().split("\r\n").map(str::to_owned).collect();
    lines.retain(|line| !line.to_ascii_lowercase().starts_with("content-length:"));
    lines.push(format!("content-type: application/scim+json\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
    Some(lines.join("\r\n").into_bytes())
}

impl<S: AsyncRead + Unpin> AsyncRead for Excuse<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Excuse<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.instead.is_none() {
            this.instead = explained(buf).map(|text| (text, 0));
        }
        let Some((text, out)) = &mut this.instead else { return Pin::new(&mut this.stream).poll_write(cx, buf) };
        while let Some(rest) = text.get(*out..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut this.stream).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => *out += written,
            }
        }
        this.instead = None;
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn a_bare_refusal_gets_a_body_however_it_is_written_and_nothing_else_does() {
        let bare = b"HTTP/1.1 414 URI Too Long\r\nconnection: close\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        for room in [1, 7, 4096] {
            let (mut client, server) = tokio::io::duplex(room);
            let writing = tokio::spawn(async move { Excuse::new(server).write_all(bare).await });
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            writing.await.unwrap().unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("HTTP/1.1 414 ") && head.contains("connection: close") && head.contains("date: x"), "{head}");
            assert!(head.ends_with(&format!("content-length: {}", body.len())) && body.contains(r#""status":"414""#), "{answer}");
        }
        for other in
            ["HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n", "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}", "{}", ""]
        {
            assert_eq!(explained(other.as_bytes()), None, "{other}");
        }
    }
}
