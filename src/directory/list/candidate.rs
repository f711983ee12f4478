//! What a scan brings: a resource with as much of it decoded as the verdict needs.

use super::{
    super::{
        Error, Result,
        users::{decode, hide_managers},
    },
    Query,
};
use crate::{
    api::v1::{Group, User},
    attributes::{Context, ResourceType, edge::Edges},
    store::{Life, Reader, Tombstone},
};
use prost::Message as _;
use std::{any::Any, collections::BTreeMap};

/// A resource the filter has not judged yet.
pub(super) struct Candidate {
    pub(super) id: String,
    pub(super) content: Content,
    /// The fields the filter and the order look at.
    part: Option<User>,
}

/// Candidates that follow each other.
pub(super) struct Chunk {
    pub(super) candidates: Vec<Candidate>,
    /// Where to go on.
    pub(super) end: Option<String>,
    /// Whether nothing follows.
    pub(super) last: bool,
}

/// A candidate's message.
pub(super) enum Content {
    /// Encoded: decoding is the cost, so it waits until the user is on the page.
    User(Vec<u8>),
    /// Made from a row.
    Group(Box<Group>),
}

impl Candidate {
    /// The next candidates in id order.
    pub(super) async fn scan(reader: &mut Reader, query: &Query, after: &str, limit: usize) -> Result<Chunk> {
        let mut chunk = Self::read(reader, query, after, limit).await?;
        // What is not shown is not there for a filter or an order either.
        hide_managers(&query.narrow.view, reader, chunk.candidates.iter_mut().filter_map(|one| one.part.as_mut()).collect()).await?;
        Ok(chunk)
    }

    async fn read(reader: &mut Reader, query: &Query, after: &str, limit: usize) -> Result<Chunk> {
        let (living, more) = Self::living(reader, query, after, limit).await?;
        let Some(sight) = &query.deleted else {
            return Ok(Chunk { last: !more, end: living.last().map(|one| one.id.clone()), candidates: living });
        };
        let backwards = query.narrow.backwards;
        let (gone, more_gone) = reader.scan_tombstones(query.kind == ResourceType::Group, backwards, after, limit).await?;
        let ends = [(more, living.last().map(|one| one.id.clone())), (more_gone, gone.last().map(|one| one.id().to_owned()))];
        let mut all: Vec<(String, Option<Candidate>)> = living.into_iter().map(|one| (one.id.clone(), Some(one))).collect();
        for tombstone in gone {
            let candidate = if sight.remembers(&tombstone) { Some(Candidate::gone(query, reader.life(), &tombstone)?) } else { None };
            all.push((tombstone.id().to_owned(), candidate));
        }
        all.sort_by(|(a, _), (b, _)| if backwards { b.cmp(a) } else { a.cmp(b) });
        // Behind the end of one of them it may have more in between.
        for end in ends.into_iter().filter_map(|(more, end)| end.filter(|_| more)) {
            all.retain(|(id, _)| if backwards { *id >= end } else { *id <= end });
        }
        Ok(Chunk {
            last: !more && !more_gone,
            end: all.last().map(|(id, _)| id.clone()),
            candidates: all.into_iter().filter_map(|(_, candidate)| candidate).collect(),
        })
    }

    fn gone(query: &Query, life: Life, tombstone: &Tombstone) -> Result<Candidate> {
        match tombstone.shown_group() {
            Some(mut group) => {
                life.renew(group.meta.as_mut());
                Ok(Candidate { id: group.id.clone(), content: Content::Group(Box::new(group)), part: None })
            }
            None => Candidate::user(query, life, tombstone.id().to_owned(), tombstone.shown_user().encode_to_vec()),
        }
    }

    /// What these are, read again: of a page that was chosen among many.
    pub(super) async fn contents(reader: &mut Reader, query: &Query, ids: Vec<String>) -> Result<BTreeMap<String, Content>> {
        let mut contents: BTreeMap<String, Content> = match query.kind {
            ResourceType::User => reader.users(ids.clone()).await?.into_iter().map(|(id, body)| (id, Content::User(body))).collect(),
            ResourceType::Group => {
                let groups = reader.groups(ids.clone()).await?;
                groups.into_iter().map(|group| (group.id.clone(), Content::Group(Box::new(group)))).collect()
            }
        };
        if query.deleted.is_some() {
            let gone = ids.into_iter().filter(|id| !contents.contains_key(id)).collect();
            for tombstone in reader.tombstones(gone).await? {
                let Candidate { id, content, .. } = Candidate::gone(query, reader.life(), &tombstone)?;
                contents.insert(id, content);
            }
        }
        Ok(contents)
    }

    /// Those who live, and whether more may follow.
    async fn living(reader: &mut Reader, query: &Query, after: &str, limit: usize) -> Result<(Vec<Candidate>, bool)> {
        match query.kind {
            ResourceType::User => {
                let (rows, more) = reader.scan_users(&query.narrow, after, limit).await?;
                let living = rows.into_iter().map(|(id, body)| Candidate::user(query, reader.life(), id, body));
                Ok((living.collect::<Result<_>>()?, more))
            }
            ResourceType::Group => {
                let (rows, more) = reader.scan_groups(&query.narrow, after, limit).await?;
                let group = |message: Group| Candidate { id: message.id.clone(), content: Content::Group(Box::new(message)), part: None };
                Ok((rows.iter().map(|row| group(row.message())).collect(), more))
            }
        }
    }

    fn user(query: &Query, life: Life, id: String, body: Vec<u8>) -> Result<Candidate> {
        let part = match (&query.filter, &query.order) {
            (None, None) => None,
            // An order may look at any field.
            (_, Some(_)) => Some(decode(life, &body)?),
            (Some(filter), None) => {
                let mut part: User = filter.decode(&body).map_err(|_| Error::internal())?;
                life.renew(part.meta.as_mut());
                Some(part)
            }
        };
        Ok(Candidate { id, content: Content::User(body), part })
    }

    fn object(&self) -> &dyn Any {
        static NOBODY: std::sync::LazyLock<User> = std::sync::LazyLock::new(User::default);
        match &self.content {
            Content::Group(group) => group.as_ref(),
            Content::User(_) => self.part.as_ref().unwrap_or(&NOBODY),
        }
    }

    pub(super) fn matches(&self, query: &Query, cx: &Context<'_>, edges: &dyn Edges) -> bool {
        query.filter.as_ref().is_none_or(|filter| filter.matches(self.object(), cx, edges))
    }

    /// The bytes it sorts by.
    pub(super) fn key(&self, query: &Query, cx: &Context<'_>) -> Option<Vec<u8>> {
        query.order.as_ref().and_then(|order| order.key(self.object(), cx))
    }

    /// Bytes it will take on the page.
    pub(super) fn size(&self) -> usize {
        match &self.content {
            Content::User(body) => body.len(),
            Content::Group(group) => prost::Message::encoded_len(group.as_ref()),
        }
    }
}
