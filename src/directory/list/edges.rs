//! Leaves of a filter that only the edges can answer: asked once per chunk of candidates, by index.

use super::{
    super::{Result, belonging, core::Directory},
    Query,
    candidate::{Candidate, Content},
};
use crate::{
    attributes::edge::{EdgeLeaf, Edges},
    limits,
    store::{Reader, View},
};
use std::collections::BTreeSet;

/// For each leaf, the candidates it holds for.
pub(super) struct Known(Vec<BTreeSet<String>>);

impl Known {
    /// Asks the edges about a chunk of candidates.
    pub(super) async fn ask(directory: &Directory, reader: &mut Reader, query: &Query, chunk: &[Candidate]) -> Result<Known> {
        let leaves = query.filter.as_ref().map_or(&[][..], |f| f.edges());
        let mut known = Vec::with_capacity(leaves.len());
        // Who is not there for the caller is in no group, and such a group has nobody in it.
        let named = leaves.iter().filter_map(|leaf| match leaf {
            EdgeLeaf::Member(id) | EdgeLeaf::InGroup(id) => Some(id.clone()),
            EdgeLeaf::InAnyGroup | EdgeLeaf::AnyMember => None,
        });
        let view = &query.narrow.view;
        let there = reader.seen(view, named.collect()).await?;
        for leaf in leaves {
            let ids = || chunk.iter().map(|c| c.id.clone()).collect();
            known.push(match leaf {
                EdgeLeaf::Member(id) | EdgeLeaf::InGroup(id) if !there.contains(id) => BTreeSet::new(),
                EdgeLeaf::Member(member) => reader.among_groups(member, ids()).await?.into_iter().collect(),
                EdgeLeaf::InGroup(group) => {
                    let groups = query.narrow.below.get(group).cloned().unwrap_or_default();
                    reader.among_members(groups, ids()).await?.into_iter().collect()
                }
                EdgeLeaf::InAnyGroup if *view == View::All => reader.among_all_members(ids()).await?.into_iter().collect(),
                EdgeLeaf::InAnyGroup => {
                    let found = belonging::groups_of(directory, reader, view, &ids(), true, 1).await?;
                    found.into_iter().filter(|(_, (groups, _))| !groups.is_empty()).map(|(id, _)| id).collect()
                }
                EdgeLeaf::AnyMember => {
                    let mut peopled = BTreeSet::new();
                    for group in chunk.iter().filter(|c| has_members(c)).map(|c| &c.id) {
                        if *view == View::All || shows_a_member(reader, view, group).await? {
                            peopled.insert(group.clone());
                        }
                    }
                    peopled
                }
            });
        }
        Ok(Known(known))
    }
}

/// Whether a group has a direct member who is there for the caller. Looks on until one is found.
async fn shows_a_member(reader: &mut Reader, view: &View, group: &str) -> Result<bool> {
    let mut after = String::new();
    loop {
        let edges = reader.edges_of(group, &after, limits::PAGE_MAX).await?;
        let Some((last, _)) = edges.last() else { return Ok(false) };
        after.clone_from(last);
        if !reader.seen(view, edges.into_iter().map(|(member, _)| member).collect()).await?.is_empty() {
            return Ok(true);
        }
    }
}

fn has_members(candidate: &Candidate) -> bool {
    matches!(&candidate.content, Content::Group(group) if group.direct_member_count > 0)
}

impl Edges for Known {
    fn holds(&self, leaf: usize, resource_id: &str) -> bool {
        self.0.get(leaf).is_some_and(|ids| ids.contains(resource_id))
    }
}
