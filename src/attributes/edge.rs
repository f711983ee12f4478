//! Filters on membership: what no field of the message can answer.

/// A leaf of a filter that the index of membership edges answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EdgeLeaf {
    /// `members eq "id"` on groups: the group has this direct member.
    Member(String),
    /// `members pr` on groups: the group has a member.
    AnyMember,
    /// `groups eq "id"` on users: the user is in this group.
    InGroup(String),
    /// `groups pr` on users: the user is in a group.
    InAnyGroup,
}

/// Answers the leaves of one filter.
pub trait Edges {
    /// Whether the leaf, an index into `Filter::edges()`, holds for the resource.
    fn holds(&self, leaf: usize, resource_id: &str) -> bool;
}

/// For filters that have no such leaf: nothing holds.
#[derive(Debug, Clone, Copy)]
pub struct NoEdges;

impl Edges for NoEdges {
    fn holds(&self, _: usize, _: &str) -> bool {
        false
    }
}
