//! Which groups are in which groups.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// The edges between the groups of one organization, at one revision.
#[derive(Debug, Default)]
pub struct Graph {
    /// Group → the groups that are its members.
    below: HashMap<String, Vec<String>>,
    /// Group → the groups it is a member of.
    above: HashMap<String, Vec<String>>,
}

impl Graph {
    /// From pairs of group and member.
    pub fn new(edges: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut graph = Graph::default();
        for (group, member) in edges {
            graph.above.entry(member.clone()).or_default().push(group.clone());
            graph.below.entry(group).or_default().push(member);
        }
        graph
    }

    /// The groups above these, at any height, and not one of these unless a cycle leads back to it.
    pub fn above(&self, groups: &[String]) -> BTreeSet<String> {
        reach(&self.above, groups)
    }

    /// The groups above a member of these, with the shortest way to each; these are the first of them.
    pub fn ways(&self, direct: &[String]) -> Ways {
        let mut below = BTreeMap::new();
        let mut sorted = direct.to_vec();
        sorted.sort();
        let mut next: VecDeque<(String, Option<String>)> = sorted.into_iter().map(|group| (group, None)).collect();
        while let Some((group, from)) = next.pop_front() {
            if below.contains_key(&group) {
                continue;
            }
            next.extend(self.above.get(&group).into_iter().flatten().map(|above| (above.clone(), Some(group.clone()))));
            below.insert(group, from);
        }
        Ways { below }
    }

    /// A group and every group below it, at any depth: whose members are the group's, directly or not.
    pub fn from_down(&self, group: &str) -> BTreeSet<String> {
        let start = [group.to_owned()];
        let mut found = reach(&self.below, &start);
        found.extend(start);
        found
    }
}

/// The groups a member is in, and how.
#[derive(Debug, Default)]
pub struct Ways {
    /// Group → the next group towards the member; `None` where the member is direct.
    below: BTreeMap<String, Option<String>>,
}

impl Ways {
    /// Every group, by id.
    pub fn groups(&self) -> impl Iterator<Item = &String> {
        self.below.keys()
    }

    /// The shortest way to a group: itself first, last the one that has the member as a direct one.
    pub fn to(&self, group: &str) -> Option<Vec<String>> {
        let mut way = Vec::new();
        let mut at = self.below.get_key_value(group)?;
        loop {
            way.push(at.0.clone());
            match at.1.as_ref().and_then(|next| self.below.get_key_value(next)) {
                Some(next) => at = next,
                None => return Some(way),
            }
        }
    }

    /// Leaves one out.
    pub fn forget(&mut self, group: &str) {
        self.below.remove(group);
    }
}

/// Everything that can be reached from the start by at least one edge. Each is visited once, so cycles end.
fn reach(edges: &HashMap<String, Vec<String>>, start: &[String]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut next: Vec<&String> = start.iter().collect();
    while let Some(group) = next.pop() {
        for reached in edges.get(group).into_iter().flatten() {
            if found.insert(reached.clone()) {
                next.push(reached);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, &str)]) -> Graph {
        Graph::new(edges.iter().map(|(g, m)| ((*g).to_owned(), (*m).to_owned())))
    }

    fn set(of: &[&str]) -> BTreeSet<String> {
        of.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn a_group_reaches_all_above_it_once_however_many_ways_lead_there() {
        let graph = graph(&[("top", "left"), ("top", "right"), ("left", "low"), ("right", "low")]);
        assert_eq!(graph.above(&["low".to_owned()]), set(&["left", "right", "top"]));
        assert_eq!(graph.from_down("top"), set(&["top", "left", "right", "low"]));
        assert_eq!(graph.above(&["top".to_owned()]), set(&[]));
    }

    #[test]
    fn a_way_is_the_shortest_and_ends_where_the_member_is_direct() {
        let graph = graph(&[("top", "left"), ("top", "low"), ("left", "low"), ("low", "left")]);
        let ways = graph.ways(&["low".to_owned()]);
        assert_eq!(ways.to("top").unwrap(), ["top", "low"]);
        assert_eq!(ways.to("left").unwrap(), ["left", "low"]);
        assert_eq!(ways.to("low").unwrap(), ["low"]);
        assert_eq!(ways.to("elsewhere"), None);
    }

    #[test]
    fn a_cycle_ends() {
        let graph = graph(&[("a", "b"), ("b", "c"), ("c", "a")]);
        assert_eq!(graph.above(&["a".to_owned()]), set(&["a", "b", "c"]));
        assert_eq!(graph.from_down("a"), set(&["a", "b", "c"]));
    }
}
