//! Reading membership: pages, a stream, and the groups of principals.

use super::{
    super::{
        Error, Result, belonging,
        core::{Call, Directory},
        page,
        sight::Sight,
    },
    read, refer,
};
use crate::{
    api::{
        BoxStream,
        v1::{
            BatchListPrincipalGroupsRequest, BatchListPrincipalGroupsResponse, ErrorReason, Group, GroupMember, ListGroupMembersRequest,
            ListGroupMembersResponse, StreamGroupMembersRequest, StreamGroupMembersResponse, batch_list_principal_groups_response,
            group_summary::Kind,
        },
    },
    feed::append,
    limits,
    store::{MemberRow, Reader, View},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

/// How long a stream reads at one snapshot before it goes on at a newer one.
const SNAPSHOT: Duration = Duration::from_secs(5);

fn member((row, direct): (MemberRow, bool)) -> GroupMember {
    let kind = if direct { Kind::Direct } else { Kind::Indirect };
    GroupMember { member: Some(append::principal(&row.member_id, row.member_kind)), display: row.display, kind: kind as i32 }
}

/// Which members of a group are asked for: its own, or those of the groups below it as well, each once.
struct Asked<'a> {
    directory: &'a Directory,
    sight: &'a Sight,
    group: &'a str,
    transitive: bool,
}

impl Asked<'_> {
    /// A page of those that are there for the caller.
    async fn page(&self, reader: &mut Reader, after: &str, limit: usize) -> Result<Vec<(MemberRow, bool)>> {
        let view = self.sight.view(reader).await?;
        let (mut kept, mut after) = (Vec::new(), after.to_owned());
        loop {
            let rows = self.rows(reader, &after, limit).await?;
            let last = rows.len() < limit;
            if let Some((row, _)) = rows.last() {
                row.member_id.clone_into(&mut after);
            }
            if view == View::All {
                return Ok(rows);
            }
            let seen = reader.seen(&view, rows.iter().map(|(row, _)| row.member_id.clone()).collect()).await?;
            kept.extend(rows.into_iter().filter(|(row, _)| seen.contains(&row.member_id)));
            if last || kept.len() >= limit {
                kept.truncate(limit);
                return Ok(kept);
            }
        }
    }

    async fn rows(&self, reader: &mut Reader, after: &str, limit: usize) -> Result<Vec<(MemberRow, bool)>> {
        if !self.transitive {
            return Ok(reader.members(self.group, after, limit).await?.into_iter().map(|row| (row, true)).collect());
        }
        let groups = self.directory.nesting.graph(reader).await?.from_down(self.group);
        Ok(reader.members_of_any(self.group, groups.into_iter().collect(), after, limit).await?)
    }
}

pub(super) async fn list(directory: &Directory, call: &Call, request: ListGroupMembersRequest) -> Result<ListGroupMembersResponse> {
    let size = page::size(request.page_size, limits::MEMBER_PAGE_DEFAULT, limits::MEMBER_PAGE_MAX)?;
    let (organization, group) = (request.organization_id, request.group_id);
    let binding = page::binding(call, &organization, &[b"members", group.as_bytes(), &[u8::from(request.transitive)]]);
    let from = page::open(&directory.store, &binding, &request.page_token, directory.clock.now())?.unwrap_or_default();
    let mut reader = directory.read(&organization, request.consistency.as_ref()).await?;
    let sight = Sight::of(call);
    read::by_id(&mut reader, &sight, &group).await?;
    let asked = Asked { directory, sight: &sight, group: &group, transitive: request.transitive };
    let mut rows = asked.page(&mut reader, &from.after, size + 1).await?;
    let more = rows.len() > size;
    rows.truncate(size);
    let after = rows.last().map(|(row, _)| row.member_id.clone()).filter(|_| more);
    let seal = |after| page::seal(&directory.store, &binding, page::Position { after, ..Default::default() }, directory.clock.now());
    Ok(ListGroupMembersResponse {
        next_page_token: after.map(seal).unwrap_or_default(),
        members: rows.into_iter().map(member).collect(),
        read_at: directory.read_at(&reader),
    })
}

/// A page token by another name.
fn of_stream(error: Error) -> Error {
    match error.reason {
        ErrorReason::InvalidPageToken => {
            Error::new(ErrorReason::InvalidToken, "The resume token is not one of this stream.").at("resume_token")
        }
        _ => error,
    }
}

/// Every member, in id order, in chunks. The first chunk carries the group, read at the same snapshot.
pub(super) async fn stream(
    directory: Arc<Directory>,
    call: Call,
    request: StreamGroupMembersRequest,
) -> Result<BoxStream<StreamGroupMembersResponse>> {
    let (organization, group) = (request.organization_id, request.group_id);
    let binding = page::binding(&call, &organization, &[b"member stream", group.as_bytes(), &[u8::from(request.transitive)]]);
    let resumed = page::open(&directory.store, &binding, &request.resume_token, directory.clock.now()).map_err(of_stream)?;
    let mut reader = directory.read(&organization, request.consistency.as_ref()).await?;
    let sight = Sight::of(&call);
    let message = read::by_id(&mut reader, &sight, &group).await?;
    let schemas = reader.schemas().await?;
    let head = resumed.is_none().then(|| read::Shown::new(None).map(|shown| shown.written(schemas).finish(&call, message))).transpose()?;
    let (chunks, answer) = mpsc::channel(2);
    let snapshot = Some((reader, Instant::now()));
    let transitive = request.transitive;
    let pager = Pager { directory, organization, group, sight, transitive, binding, after: resumed.unwrap_or_default().after, snapshot };
    tokio::spawn(pager.run(head, chunks));
    Ok(Box::pin(ReceiverStream::new(answer)))
}

type Chunk = std::result::Result<StreamGroupMembersResponse, Status>;

/// Reads a group's members chunk by chunk.
struct Pager {
    directory: Arc<Directory>,
    organization: String,
    group: String,
    sight: Sight,
    transitive: bool,
    binding: Vec<u8>,
    after: String,
    /// What is read from, and since when. It is given back when the reader does not keep up: a snapshot that is kept slows
    /// every commit, and there are few of them.
    snapshot: Option<(Reader, Instant)>,
}

impl Pager {
    async fn run(mut self, mut head: Option<Group>, chunks: mpsc::Sender<Chunk>) {
        loop {
            let left = self.snapshot.as_ref().map_or(Duration::ZERO, |(_, since)| SNAPSHOT.saturating_sub(since.elapsed()));
            let place = if let Ok(place) = tokio::time::timeout(left, chunks.reserve()).await {
                place
            } else {
                self.snapshot = None;
                chunks.reserve().await
            };
            // Nobody listens any more: nothing is left to do.
            let Ok(place) = place else { return };
            match self.next(head.take()).await {
                Ok((chunk, last)) => {
                    place.send(Ok(chunk));
                    if last {
                        return;
                    }
                }
                Err(error) => return place.send(Err(error.into())),
            }
        }
    }

    /// The next chunk, and whether it is the last.
    async fn next(&mut self, group: Option<Group>) -> Result<(StreamGroupMembersResponse, bool)> {
        let (mut reader, since) = if let Some(snapshot) = self.snapshot.take() {
            snapshot
        } else {
            let mut reader = self.directory.read(&self.organization, None).await?;
            read::by_id(&mut reader, &self.sight, &self.group).await?;
            (reader, Instant::now())
        };
        let limit = limits::MEMBER_PAGE_DEFAULT + 1;
        let asked = Asked { directory: &self.directory, sight: &self.sight, group: &self.group, transitive: self.transitive };
        let mut rows = asked.page(&mut reader, &self.after, limit).await?;
        let last = rows.len() <= limits::MEMBER_PAGE_DEFAULT;
        rows.truncate(limits::MEMBER_PAGE_DEFAULT);
        if let Some((row, _)) = rows.last() {
            row.member_id.clone_into(&mut self.after);
        }
        let position = page::Position { after: self.after.clone(), ..Default::default() };
        let answer = StreamGroupMembersResponse {
            group,
            members: rows.into_iter().map(member).collect(),
            resume_token: page::seal(&self.directory.store, &self.binding, position, self.directory.clock.now()),
            read_at: self.directory.read_at(&reader),
        };
        self.snapshot = Some((reader, since));
        Ok((answer, last))
    }
}

pub(super) async fn groups_of_principals(
    directory: &Directory,
    call: &Call,
    request: BatchListPrincipalGroupsRequest,
) -> Result<BatchListPrincipalGroupsResponse> {
    if request.principals.is_empty() {
        return Err(Error::missing("principals"));
    }
    if request.principals.len() > limits::BATCH_READS {
        return Err(Error::too_large("principals", limits::BATCH_READS, "references"));
    }
    let most = page::size(request.max_groups, limits::USER_GROUPS, limits::MEMBER_PAGE_MAX)
        .map_err(|_| Error::value("max_groups", "max_groups is negative."))?;
    let mut reader = directory.read(&request.organization_id, request.consistency.as_ref()).await?;
    let named = request.principals.into_iter().map(|p| refer::principal(p, "principals")).collect::<Result<Vec<_>>>()?;
    let mut known: std::collections::BTreeMap<String, i64> =
        reader.kinds(named.iter().map(|n| n.id.clone()).collect()).await?.into_iter().collect();
    let view = Sight::of(call).view(&mut reader).await?;
    let seen = reader.seen(&view, known.keys().cloned().collect()).await?;
    known.retain(|id, _| seen.contains(id));
    let ids: Vec<String> = known.keys().cloned().collect();
    let found = belonging::groups_of(directory, &mut reader, &view, &ids, request.transitive, most).await?;
    let results = named
        .into_iter()
        .map(|one| {
            use batch_list_principal_groups_response::Result as Answer;
            if known.get(&one.id).is_none_or(|kind| one.kind.is_some_and(|said| said != *kind)) {
                return Answer { error: Some(Error::not_found("principal").to_rpc()), ..Answer::default() };
            }
            let (groups, truncated) = found.get(&one.id).cloned().unwrap_or_default();
            Answer { groups, truncated, error: None }
        })
        .collect();
    Ok(BatchListPrincipalGroupsResponse { results, read_at: directory.read_at(&reader) })
}
