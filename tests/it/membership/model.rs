//! Who is in which group, as plainly as possible: sets of names, searched through anew for every question.

use std::collections::{BTreeMap, BTreeSet};

/// The edges of an organization, by id. A principal is a user or a group.
#[derive(Default)]
pub struct Model {
    pub groups: BTreeSet<String>,
    pub users: BTreeSet<String>,
    /// Principal to the groups that have it as a member.
    above: BTreeMap<String, BTreeSet<String>>,
    /// Group to its members.
    below: BTreeMap<String, BTreeSet<String>>,
}

impl Model {
    pub fn join(&mut self, group: &str, member: &str) {
        self.above.entry(member.to_owned()).or_default().insert(group.to_owned());
        self.below.entry(group.to_owned()).or_default().insert(member.to_owned());
    }

    pub fn leave(&mut self, group: &str, member: &str) {
        self.above.entry(member.to_owned()).or_default().remove(group);
        self.below.entry(group.to_owned()).or_default().remove(member);
    }

    pub fn forget(&mut self, group: &str) {
        for member in self.members(group).clone() {
            self.leave(group, &member);
        }
        for above in self.above(group).clone() {
            self.leave(&above, group);
        }
        self.groups.remove(group);
    }

    pub fn above(&self, principal: &str) -> &BTreeSet<String> {
        static NONE: BTreeSet<String> = BTreeSet::new();
        self.above.get(principal).unwrap_or(&NONE)
    }

    pub fn members(&self, group: &str) -> &BTreeSet<String> {
        static NONE: BTreeSet<String> = BTreeSet::new();
        self.below.get(group).unwrap_or(&NONE)
    }

    /// Every group a principal is in, with the number of groups on the shortest way there. It is in no group by being itself.
    pub fn ways(&self, principal: &str) -> BTreeMap<String, usize> {
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        let mut front: BTreeSet<String> = self.above(principal).clone();
        let mut length = 1;
        while !front.is_empty() {
            let new: Vec<String> = front.into_iter().filter(|group| !found.contains_key(group)).collect();
            found.extend(new.iter().map(|group| (group.clone(), length)));
            front = new.iter().flat_map(|group| self.above(group).clone()).collect();
            length += 1;
        }
        found.remove(principal);
        found
    }

    /// Everybody in a group or in the groups inside it, each once, and whether directly. The group is no member by being itself.
    pub fn everybody(&self, group: &str) -> BTreeMap<String, bool> {
        let (mut inside, mut front) = (BTreeSet::new(), vec![group.to_owned()]);
        while let Some(next) = front.pop() {
            if inside.insert(next.clone()) {
                front.extend(self.members(&next).iter().filter(|member| self.groups.contains(*member)).cloned());
            }
        }
        let all: BTreeSet<&String> = inside.iter().flat_map(|group| self.members(group)).collect();
        all.into_iter().filter(|member| *member != group).map(|member| (member.clone(), self.members(group).contains(member))).collect()
    }

    /// Whether a way leads from a group down to a principal by edges that are there.
    pub fn leads(&self, way: &[String], group: &str, principal: &str) -> bool {
        let edges = way.windows(2).all(|pair| self.members(&pair[0]).contains(&pair[1]));
        way.first().is_some_and(|first| first == group) && edges && way.last().is_some_and(|last| self.members(last).contains(principal))
    }
}
