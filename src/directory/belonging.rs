//! The groups of principals, directly and through nesting.

use super::{Directory, Result};
use crate::{
    api::v1::{GroupSummary, group_summary::Kind},
    store::{Reader, View},
};
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// A principal's groups, in id order; and whether there are more than were asked for.
pub(super) type Groups = (Vec<GroupSummary>, bool);

/// The groups of each principal that are there for the caller, at most `most` of each. Two statements, whatever the number of
/// principals, and one more for a caller that does not see all groups.
pub(super) async fn groups_of(
    directory: &Directory,
    reader: &mut Reader,
    view: &View,
    principals: &[String],
    transitive: bool,
    most: usize,
) -> Result<BTreeMap<String, Groups>> {
    let mut direct: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (group, member) in reader.memberships(principals.to_vec()).await? {
        direct.entry(member).or_default().push(group);
    }
    let graph = if transitive && !direct.is_empty() { Some(directory.nesting.graph(reader).await?) } else { None };
    let mut found = BTreeMap::new();
    for (member, direct) in direct {
        let above = graph.as_ref().map(|g| g.above(&direct)).unwrap_or_default();
        let direct: BTreeSet<String> = direct.into_iter().collect();
        let mut all: BTreeMap<String, Kind> = above.into_iter().map(|id| (id, Kind::Indirect)).collect();
        all.extend(direct.into_iter().map(|id| (id, Kind::Direct)));
        // A group is not said to be in itself, even where a cycle leads back to it.
        all.remove(&member);
        found.insert(member, all);
    }
    let seen = match view {
        View::All => None,
        view => {
            let ids: BTreeSet<String> = found.values().flat_map(BTreeMap::keys).cloned().collect();
            Some(reader.seen(view, ids.into_iter().collect()).await?)
        }
    };
    let mut shown = BTreeMap::new();
    for (member, mut all) in found {
        all.retain(|id, _| seen.as_ref().is_none_or(|seen| seen.contains(id)));
        let truncated = all.len() > most;
        let groups: Vec<(String, Kind)> = all.into_iter().take(most).collect();
        shown.insert(member, (groups, truncated));
    }
    let ids: BTreeSet<String> =
        shown.values().flat_map(|(groups, _): &(Vec<(String, Kind)>, bool)| groups.iter().map(|(id, _)| id.clone())).collect();
    let names: BTreeMap<String, String> = reader.group_names(ids.into_iter().collect()).await?.into_iter().collect();
    let summary = |(group_id, kind): (String, Kind)| {
        let display_name = names.get(&group_id).cloned().unwrap_or_default();
        GroupSummary { group_id, display_name, kind: kind as i32 }
    };
    Ok(shown.into_iter().map(|(member, (groups, truncated))| (member, (groups.into_iter().map(summary).collect(), truncated))).collect())
}

/// Another number whenever the groups read differently; 0 for none. Made from what is shown, so that it costs no write and
/// no change of nesting or of a name can be missed.
pub(super) fn fingerprint(groups: &[GroupSummary]) -> u64 {
    if groups.is_empty() {
        return 0;
    }
    let mut digest = Sha256::new();
    for group in groups {
        digest.update(group.encode_length_delimited_to_vec());
    }
    let head = digest.finalize().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    head.max(1)
}
