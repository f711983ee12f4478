//! The groups of principals, directly and through nesting.

use super::{Directory, Result};
use crate::{
    api::v1::{GroupSummary, group_summary::Kind},
    store::Reader,
};
use std::collections::{BTreeMap, BTreeSet};

/// A principal's groups, in id order; and whether there are more than were asked for.
pub(super) type Groups = (Vec<GroupSummary>, bool);

/// The groups of each principal, at most `most` of each. Two statements, whatever the number of principals.
pub(super) async fn groups_of(
    directory: &Directory,
    reader: &mut Reader,
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
        let truncated = all.len() > most;
        let groups: Vec<(String, Kind)> = all.into_iter().take(most).collect();
        found.insert(member, (groups, truncated));
    }
    let ids: BTreeSet<String> = found.values().flat_map(|(groups, _)| groups.iter().map(|(id, _)| id.clone())).collect();
    let names: BTreeMap<String, String> = reader.group_names(ids.into_iter().collect()).await?.into_iter().collect();
    let summary = |(group_id, kind): (String, Kind)| {
        let display_name = names.get(&group_id).cloned().unwrap_or_default();
        GroupSummary { group_id, display_name, kind: kind as i32 }
    };
    Ok(found.into_iter().map(|(member, (groups, truncated))| (member, (groups.into_iter().map(summary).collect(), truncated))).collect())
}
