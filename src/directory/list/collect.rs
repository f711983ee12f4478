//! Walking the candidates of a list until its page is full.

use super::{
    super::{
        Error, Result,
        core::{Call, Directory},
    },
    Query,
    candidate::{Candidate, Chunk, Content},
    edges::Known,
};
use crate::{
    api::v1::{Group, list_options::TotalSize},
    attributes::{Context, ResourceType},
    limits,
    store::{Reader, View},
};
use std::{cmp::Ordering, collections::BinaryHeap};

/// Candidates read by one statement at most.
const CHUNK: usize = 500;
/// The same where they are as large as can be.
const LEAST: usize = 16;

/// A resource on the page.
pub(super) struct Found {
    pub(super) id: String,
    pub(super) key: Option<Vec<u8>>,
    content: Content,
}

impl Found {
    /// The encoded user.
    pub(super) fn body(&self) -> Result<&[u8]> {
        match &self.content {
            Content::User(body) => Ok(body),
            Content::Group(_) => Err(Error::internal()),
        }
    }

    /// The group.
    pub(super) fn group(&self) -> Result<&Group> {
        match &self.content {
            Content::Group(group) => Ok(group),
            Content::User(_) => Err(Error::internal()),
        }
    }
}

/// One page.
pub(super) struct Page {
    pub(super) found: Vec<Found>,
    /// Whether something follows it.
    pub(super) more: bool,
    /// Matches in all, if they were counted.
    pub(super) total: Option<i64>,
}

/// Collects the page.
pub(super) async fn collect(directory: &Directory, reader: &mut Reader, call: &Call, query: &Query) -> Result<Page> {
    // Everything unfiltered is counted already; for a connection that does not see everything, by its keys.
    let view = &query.narrow.view;
    let free =
        query.filter.is_none() && query.deleted.is_none() && (*view == View::All || query.counts() || query.total == TotalSize::Only);
    let counted = if free { Some(reader.count(view, query.kind == ResourceType::Group).await?) } else { None };
    let size = if query.total == TotalSize::Only { 0 } else { query.size };
    if size == 0 && counted.is_some() {
        return Ok(Page { found: Vec::new(), more: false, total: counted });
    }
    let count = query.counts() && counted.is_none();
    let cx = Context { connection: call.connection(), base: "" };
    let mut page = match query.order {
        None => in_id_order(directory, reader, query, &cx, size, count).await?,
        Some(_) => sorted(directory, reader, query, &cx, size).await?,
    };
    page.total = counted.or(page.total);
    Ok(page)
}

/// Walks on from the token; stops at the end of the page unless the rest is to be counted.
async fn in_id_order(
    directory: &Directory,
    reader: &mut Reader,
    query: &Query,
    cx: &Context<'_>,
    size: usize,
    count: bool,
) -> Result<Page> {
    let begin = query.from.as_ref().map(|f| f.after.clone()).unwrap_or_default();
    // What a token did not bring along is counted from the beginning of the list.
    let mut after = if count { String::new() } else { begin.clone() };
    let is_behind =
        |id: &str| count && !begin.is_empty() && if query.narrow.backwards { id >= begin.as_str() } else { id <= begin.as_str() };
    let (mut found, mut more, mut full, mut bytes, mut matches, mut most) = (Vec::new(), false, size == 0, 0, 0_usize, CHUNK);
    loop {
        // A short page is read by a short statement.
        let limit = if query.filter.is_none() && !count { (query.skip + size + 1).saturating_sub(matches).clamp(1, most) } else { most };
        let Chunk { candidates: chunk, end, last } = Candidate::scan(reader, query, &after, limit).await?;
        most = next(limit, chunk.len(), most);
        after = end.unwrap_or(after);
        let known = Known::ask(directory, reader, query, &chunk).await?;
        for candidate in chunk {
            if !candidate.matches(query, cx, &known) {
                continue;
            }
            matches += 1;
            if matches <= query.skip || is_behind(&candidate.id) {
                continue;
            }
            // The page is closed early by size, so that it fits into a client's message.
            full = full || found.len() >= size || (bytes > 0 && bytes + candidate.size() > limits::PAGE_BYTES);
            if full {
                more = size > 0;
                continue;
            }
            bytes += candidate.size();
            found.push(Found { id: candidate.id, key: None, content: candidate.content });
        }
        if last || (more && !count) {
            return Ok(Page { found, more, total: count.then(|| i64::try_from(matches).unwrap_or(i64::MAX)) });
        }
    }
}

/// How many to read next: where they were so large that fewer came than were asked for, not many more.
fn next(asked: usize, came: usize, most: usize) -> usize {
    if came < asked { came.saturating_mul(2).clamp(LEAST, CHUNK) } else { most.saturating_mul(2).min(CHUNK) }
}

/// Walks everything and keeps the places of the best: time follows the size of the list. Those on the page are read again.
async fn sorted(directory: &Directory, reader: &mut Reader, query: &Query, cx: &Context<'_>, size: usize) -> Result<Page> {
    let descending = query.order.as_ref().is_some_and(crate::attributes::order::Order::descending);
    let from = query.from.as_ref().filter(|f| !f.after.is_empty()).map(|f| Rank { key: f.key.clone(), id: f.after.clone(), descending });
    let keep = query.skip.saturating_add(size);
    let (mut best, mut after, mut matches, mut following, mut most) = (BinaryHeap::new(), String::new(), 0_usize, 0_usize, CHUNK);
    loop {
        let Chunk { candidates: chunk, end, last } = Candidate::scan(reader, query, &after, most).await?;
        most = next(most, chunk.len(), most);
        after = end.unwrap_or(after);
        let known = Known::ask(directory, reader, query, &chunk).await?;
        for candidate in chunk {
            if !candidate.matches(query, cx, &known) {
                continue;
            }
            matches += 1;
            let size = candidate.size();
            let rank = Rank { key: candidate.key(query, cx), id: candidate.id, descending };
            if from.as_ref().is_some_and(|from| rank <= *from) {
                continue;
            }
            following += 1;
            best.push(Ranked { rank, size });
            if best.len() > keep {
                best.pop();
            }
        }
        if last {
            break;
        }
    }
    let (mut chosen, mut bytes) = (Vec::new(), 0);
    for Ranked { rank, size } in best.into_sorted_vec().into_iter().skip(query.skip) {
        if bytes > 0 && bytes + size > limits::PAGE_BYTES {
            break;
        }
        bytes += size;
        chosen.push(rank);
    }
    let mut contents = Candidate::contents(reader, query, chosen.iter().map(|rank| rank.id.clone()).collect()).await?;
    let found = chosen.into_iter().map(|Rank { id, key, .. }| {
        let content = contents.remove(&id).ok_or_else(Error::internal)?;
        Ok(Found { id, key, content })
    });
    let found = found.collect::<Result<Vec<_>>>()?;
    let more = size > 0 && following > query.skip + found.len();
    Ok(Page { found, more, total: Some(i64::try_from(matches).unwrap_or(i64::MAX)) })
}

/// A place in the order. Without a key a resource comes last ascending and first descending; ties go by id.
#[derive(PartialEq, Eq)]
struct Rank {
    key: Option<Vec<u8>>,
    id: String,
    descending: bool,
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        let ascending = match (&self.key, &other.key) {
            (Some(a), Some(b)) => a.cmp(b),
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (None, None) => Ordering::Equal,
        };
        let by_key = if self.descending { ascending.reverse() } else { ascending };
        by_key.then_with(|| self.id.cmp(&other.id))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The place of a resource, and its bytes; the heap drops the one that comes last.
struct Ranked {
    rank: Rank,
    size: usize,
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}

impl Eq for Ranked {}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank.cmp(&other.rank)
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
