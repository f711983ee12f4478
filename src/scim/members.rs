//! A group with its members as a document, and a page of such groups: in memory while they are few, otherwise written
//! into the answer as they are read, chunk by chunk.

use super::{Facade, document::Shown, error::Refusal, list::List, session::Session};
use crate::{
    api::{BoxStream, v1},
    limits,
};
use axum::body::{Body, Bytes};
use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};

/// Members up to which an answer is built whole, with its length known and errors still sayable.
const WHOLE: usize = limits::SCIM_ANSWER_MEMBERS;
/// Bytes gathered before they are passed on.
const CHUNK: usize = 64 * 1024;
/// Bytes of one shown member, to judge by how many groups fit a page.
const MEMBER_BYTES: i64 = 256;

/// A group and as much of its membership as has been read.
pub struct Document {
    /// The group, of one revision with the members.
    pub group: v1::Group,
    /// The revision it was read at.
    pub revision: Option<v1::Revision>,
    members: Vec<v1::GroupMember>,
    rest: Option<Rest>,
}

/// Members that have not been read yet, all of one version of the group.
struct Rest {
    stream: BoxStream<v1::StreamGroupMembersResponse>,
    facade: Facade,
    session: Session,
    /// The version, and the latest revision it is known to be current at.
    etag: String,
    revision: u64,
}

impl Rest {
    /// The next members. Whoever reads slowly reads at later revisions in the end: then the group must still be the one that
    /// was announced, or the answer breaks.
    async fn next(&mut self, group: &str) -> Result<Option<Vec<v1::GroupMember>>, Status> {
        let Some(chunk) = self.stream.next().await.transpose()? else { return Ok(None) };
        let revision = chunk.read_at.map_or(0, |revision| revision.number);
        if revision != self.revision {
            let request = v1::GetGroupRequest {
                organization_id: self.session.organization.clone(),
                group: Some(v1::GroupRef { r#ref: Some(v1::group_ref::Ref::Id(group.to_owned())) }),
                ..v1::GetGroupRequest::default()
            };
            let now = self.facade.groups.get_group(self.session.call(request)).await?.into_inner();
            if now.group.and_then(|group| group.meta).is_none_or(|meta| meta.etag != self.etag) {
                return Err(Status::aborted("the group changed while it was read"));
            }
            self.revision = revision;
        }
        Ok(Some(chunk.members))
    }
}

/// Opens a group with its members; the first chunk carries the group.
///
/// # Errors
/// What the directory answers.
pub async fn open(facade: &Facade, session: &Session, id: &str) -> Result<Document, Status> {
    let request = v1::StreamGroupMembersRequest {
        organization_id: session.organization.clone(),
        group_id: id.to_owned(),
        consistency: session.consistency(),
        ..Default::default()
    };
    let mut stream = facade.groups.stream_group_members(session.call(request)).await?.into_inner();
    let first = stream.next().await.transpose()?.unwrap_or_default();
    let group = first.group.ok_or_else(|| Status::internal("the first chunk of a group's members carries the group"))?;
    let rest = Rest {
        stream,
        facade: facade.clone(),
        session: session.clone(),
        etag: group.meta.as_ref().map_or_else(String::new, |meta| meta.etag.clone()),
        revision: first.read_at.as_ref().map_or(0, |revision| revision.number),
    };
    Ok(Document { group, revision: first.read_at, members: first.members, rest: Some(rest) })
}

impl Document {
    /// A group whose members are not shown, or that has none.
    pub fn without(group: v1::Group, revision: Option<v1::Revision>) -> Self {
        Document { group, revision, members: Vec::new(), rest: None }
    }

    /// Reads on while the members are few: what fails until then is still an error answer.
    ///
    /// # Errors
    /// What the directory answers.
    pub async fn gather(&mut self) -> Result<(), Refusal> {
        while self.members.len() < WHOLE
            && let Some(rest) = &mut self.rest
        {
            match rest.next(&self.group.id).await? {
                Some(members) => self.members.extend(members),
                None => self.rest = None,
            }
        }
        Ok(())
    }

    /// The body of an answer: whole if everything was read, otherwise streamed. A stream that breaks breaks the answer.
    pub fn into_body(self, shown: &Shown) -> Body {
        if self.rest.is_some() {
            let shown = shown.clone();
            return streamed(|mut out| async move {
                self.write(&shown, &mut out).await?;
                out.flush().await
            });
        }
        let mut buffer = Vec::with_capacity(1024 + 160 * self.members.len());
        shown.open_group(&mut buffer, &self.group);
        let mut any = false;
        shown.members(&mut buffer, &mut any, &self.members);
        shown.close_group(&mut buffer, any);
        Body::from(buffer)
    }

    /// Writes the document, passing on what is ready.
    async fn write(self, shown: &Shown, out: &mut Out) -> Result<(), Status> {
        shown.open_group(&mut out.buffer, &self.group);
        let mut any = false;
        shown.members(&mut out.buffer, &mut any, &self.members);
        if let Some(mut rest) = self.rest {
            while let Some(members) = rest.next(&self.group.id).await? {
                shown.members(&mut out.buffer, &mut any, &members);
                out.pass_on().await?;
            }
        }
        shown.close_group(&mut out.buffer, any);
        Ok(())
    }
}

/// Ends a list with a page of groups. Their members are read group by group; the page is closed early when it grows beyond
/// [`limits::SCIM_PAGE_BYTES`], and then says how many it shows.
///
/// # Errors
/// What the directory answers while the answer can still say so.
pub async fn page(facade: &Facade, session: &Session, shown: &Shown, list: List, page: v1::ListGroupsResponse) -> Result<Body, Refusal> {
    let count: i64 = page.groups.iter().map(|group| group.direct_member_count).sum();
    let (facade, session, shown) = (facade.clone(), session.clone(), shown.clone());
    if shown.has("members") && usize::try_from(count).unwrap_or(usize::MAX) > WHOLE {
        return Ok(streamed(|mut out| async move {
            out.buffer = write_page(&facade, &session, &shown, page, list, &mut out).await?;
            out.flush().await
        }));
    }
    Ok(Body::from(write_page(&facade, &session, &shown, page, list, &mut Out::default()).await?))
}

/// The groups of a page that can be shown with their members before it is too large; one always can.
pub fn fitting(groups: &[v1::Group]) -> &[v1::Group] {
    let room = i64::try_from(limits::SCIM_PAGE_BYTES).unwrap_or(i64::MAX) / MEMBER_BYTES;
    let mut members = 0_i64;
    let fit = groups.iter().take_while(|group| {
        let fits = members <= room / 2;
        members = members.saturating_add(group.direct_member_count);
        fits
    });
    groups.get(..fit.count()).unwrap_or(groups)
}

/// Writes a page of groups and the list's end; gives back what was not passed on.
async fn write_page(
    facade: &Facade,
    session: &Session,
    shown: &Shown,
    page: v1::ListGroupsResponse,
    mut list: List,
    out: &mut Out,
) -> Result<Vec<u8>, Status> {
    for group in page.groups {
        if !list.has_cursors() && out.passed + list.buffer.len() > limits::SCIM_PAGE_BYTES {
            break;
        }
        let document = if group.direct_member_count > 0 && shown.has("members") {
            match open(facade, session, &group.id).await {
                Ok(document) => document,
                // Gone since the page was read.
                Err(status) if status.code() == Code::NotFound => continue,
                Err(status) => return Err(status),
            }
        } else {
            Document::without(group, None)
        };
        list.next();
        std::mem::swap(&mut out.buffer, &mut list.buffer);
        document.write(shown, out).await?;
        std::mem::swap(&mut out.buffer, &mut list.buffer);
    }
    Ok(list.end(page.total_size))
}

/// Where a document is written: a buffer, and whoever reads the answer if it is streamed.
#[derive(Default)]
struct Out {
    buffer: Vec<u8>,
    passed: usize,
    to: Option<mpsc::Sender<Result<Bytes, Status>>>,
}

impl Out {
    /// Hands over what is ready, if it is worth it. Waits while the reader is behind: nothing is gathered for it.
    async fn pass_on(&mut self) -> Result<(), Status> {
        if self.buffer.len() < CHUNK { Ok(()) } else { self.flush().await }
    }

    async fn flush(&mut self) -> Result<(), Status> {
        let Some(to) = &self.to else { return Ok(()) };
        let chunk = Bytes::from(std::mem::take(&mut self.buffer));
        self.passed += chunk.len();
        match tokio::time::timeout(limits::BODY_PAUSE, to.send(Ok(chunk))).await {
            Ok(sent) => sent.map_err(|_| Status::cancelled("the reader is gone")),
            Err(_) => Err(Status::deadline_exceeded("the reader takes nothing")),
        }
    }
}

/// A body that is written while it is read. An error ends it in the middle, so that nobody takes it for whole.
fn streamed<F>(write: impl FnOnce(Out) -> F) -> Body
where
    F: Future<Output = Result<(), Status>> + Send + 'static,
{
    let (to, from) = mpsc::channel(2);
    let writing = write(Out { buffer: Vec::with_capacity(2 * CHUNK), passed: 0, to: Some(to.clone()) });
    tokio::spawn(async move {
        if let Err(status) = writing.await {
            tracing::debug!(%status, "an answer broke");
            // Nobody listens any more only if the reader is gone; whoever takes nothing is not waited for.
            let _ = tokio::time::timeout(limits::BODY_PAUSE, to.send(Err(status))).await;
        }
    });
    Body::from_stream(ReceiverStream::new(from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_before_its_groups_have_too_many_members() {
        let groups =
            |counts: &[i64]| counts.iter().map(|n| v1::Group { direct_member_count: *n, ..v1::Group::default() }).collect::<Vec<_>>();
        assert_eq!(fitting(&groups(&[])).len(), 0);
        assert_eq!(fitting(&groups(&[2_000_000, 1, 1])).len(), 1);
        assert_eq!(fitting(&groups(&[100_000, 100_000, 1])).len(), 2);
        assert_eq!(fitting(&groups(&[3; 500])).len(), 500);
    }
}
