//! A group's document as it arrives: small ones are read whole, large ones while they come, so that neither the text nor
//! the list of members is ever held. What is kept of a hundred thousand members is their ids, packed.

use super::{
    body::{self, Text},
    document,
    error::Refusal,
    session::Session,
};
use crate::{
    api::v1,
    attributes::{
        AttributeError,
        roster::{Roster, Unfit},
    },
    limits,
};
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode},
};
use serde_json::{Deserializer, de::Read as Source};
use std::{
    cell::Cell,
    io::{self, Read},
    rc::Rc,
};
use tokio::sync::{Semaphore, mpsc};

/// A group as it was sent.
pub struct Given {
    /// Its attributes.
    pub group: v1::Group,
    /// Who is to be in it.
    pub members: Roster,
}

/// Large documents that are read at once; each keeps a thread and what is kept of its members.
static PLACES: Semaphore = Semaphore::const_new(limits::LARGE_DOCUMENTS);

/// A group's document and its members, at most `most`, each once.
///
/// # Errors
/// 415, 413 and 400 as [`body::read`] has them, and what is no document of a group.
pub async fn group(headers: &HeaderMap, body: &mut Body, session: &Session, most: usize) -> Result<Given, Refusal> {
    body::check(headers, limits::SCIM_GROUP_BODY_BYTES)?;
    let mut begin = Vec::new();
    while begin.len() <= limits::SCIM_BODY_BYTES {
        let Some(bytes) = body::frame(body).await? else {
            body::check_text(&begin)?;
            return parse(&mut Deserializer::from_slice(&begin), session, most, || ());
        };
        begin.extend_from_slice(&bytes);
    }
    let reading = read_along(begin, body, session.clone(), most);
    match tokio::time::timeout(limits::UPLOAD_TIME, reading).await {
        Ok(given) => given,
        Err(_) => Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "The body took too long to arrive.")),
    }
}

/// Feeds a parser on a thread of its own: it asks for one byte after another, and waits for them.
async fn read_along(begin: Vec<u8>, body: &mut Body, session: Session, most: usize) -> Result<Given, Refusal> {
    let _place = PLACES.acquire().await.map_err(|_| Refusal::internal())?;
    let mut length = begin.len();
    let (feed, chunks) = mpsc::channel(2);
    let parser = tokio::task::spawn_blocking(move || {
        let watch = Rc::new(Watch::default());
        let mut json = Deserializer::from_reader(Arriving::new(chunks, Rc::clone(&watch)));
        let given = parse(&mut json, &session, most, || watch.beside.set(0));
        // What is wrong with the text as such comes before what a parser made of it.
        watch.refusal.take().map_or(given, Err)
    });
    // Whoever does not take any more has found something wrong, and says so below.
    let mut taken = feed.send(Bytes::from(begin)).await.is_ok();
    while taken && let Some(bytes) = body::frame(body).await? {
        length += bytes.len();
        if length > limits::SCIM_GROUP_BODY_BYTES {
            return Err(Refusal::too_large("The body", limits::SCIM_GROUP_BODY_BYTES, "bytes"));
        }
        taken = feed.send(bytes).await.is_ok();
    }
    drop(feed);
    parser.await.unwrap_or_else(|_| Err(Refusal::internal()))
}

fn parse<'de>(json: &mut Deserializer<impl Source<'de>>, session: &Session, most: usize, met: impl Fn()) -> Result<Given, Refusal> {
    let mut roster = Roster::new(most);
    let parsed = document::read_group_with(json, session, &mut |id, said| {
        met();
        roster.gather(id, said).map_err(unfit)
    })?;
    Ok(Given { group: parsed.resource, members: roster.finish().map_err(unfit)? })
}

fn unfit(unfit: Unfit) -> AttributeError {
    match unfit {
        Unfit::TooMany(most) => AttributeError::too_large("The list of members", most, "members"),
        Unfit::NoId => AttributeError::value("members.value", format!("A member's id has 1 to {} bytes.", limits::ID_BYTES)),
        Unfit::Both => AttributeError::value("members", "members names one id as a user and as a group."),
    }
}

/// What the reader and the parser above it tell each other.
#[derive(Default)]
struct Watch {
    /// Bytes since the last member. What lies between members is kept by nobody; what is beside them might be.
    beside: Cell<usize>,
    refusal: Cell<Option<Refusal>>,
}

/// The text as it arrives, held against the bounds of every body.
struct Arriving {
    chunks: mpsc::Receiver<Bytes>,
    chunk: Bytes,
    text: Text,
    watch: Rc<Watch>,
}

impl Arriving {
    fn new(chunks: mpsc::Receiver<Bytes>, watch: Rc<Watch>) -> Self {
        Arriving { chunks, chunk: Bytes::new(), text: Text::default(), watch }
    }

    fn refuse(&self, refusal: Refusal) -> io::Error {
        self.watch.refusal.set(Some(refusal));
        io::ErrorKind::InvalidData.into()
    }
}

impl Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            let Some(chunk) = self.chunks.blocking_recv() else {
                return self.text.end().map(|()| 0).map_err(|refusal| self.refuse(refusal));
            };
            self.text.go_on(&chunk).map_err(|refusal| self.refuse(refusal))?;
            self.chunk = chunk;
        }
        let count = buffer.len().min(self.chunk.len());
        let beside = self.watch.beside.get() + count;
        if beside > limits::SCIM_BODY_BYTES {
            return Err(self.refuse(Refusal::too_large("What the body holds beside its members", limits::SCIM_BODY_BYTES, "bytes")));
        }
        self.watch.beside.set(beside);
        buffer.iter_mut().zip(self.chunk.split_to(count)).for_each(|(to, byte)| *to = byte);
        Ok(count)
    }
}
