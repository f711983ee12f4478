//! What of a filter an index can answer.

use super::edge::EdgeLeaf;
use super::filter::{Node, Operand, Operator};
use super::fold;
use super::path::Path;
use super::row::Index;

/// A condition that a key of the store answers; every resource that satisfies the filter satisfies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The id.
    Id(String),
    /// The key of the `userName`, see [`super::fold::user_name_key`].
    UserName(String),
    /// The beginning of the key of the `userName`.
    UserNamePrefix(String),
    /// The caller's connection's `externalId`, exact.
    ExternalId(String),
    /// The key of one of the e-mail addresses, see [`super::fold::email`].
    Email(String),
    /// The caseless `displayName` of a group, see [`super::fold::caseless`].
    DisplayName(String),
    /// Whether the user is active.
    Active(bool),
    /// The group has this direct member.
    Member(String),
    /// The user is in this group.
    InGroup(String),
}

/// What a tree implies. Only `and` is looked into: what one alternative demands is not demanded.
pub(super) fn conditions(node: &Node, edges: &[EdgeLeaf]) -> Vec<Condition> {
    match node {
        Node::And(nodes) => nodes.iter().flat_map(|n| conditions(n, edges)).collect(),
        Node::Element(_, inner) => conditions(inner, edges),
        Node::Compare(path, operator, to) => compared(path, *operator, to).into_iter().collect(),
        Node::Edge(leaf) => match edges.get(*leaf) {
            Some(EdgeLeaf::Member(id)) => vec![Condition::Member(id.clone())],
            Some(EdgeLeaf::InGroup(id)) => vec![Condition::InGroup(id.clone())],
            _ => Vec::new(),
        },
        Node::Or(_) | Node::Not(_) | Node::Present(_) => Vec::new(),
    }
}

fn compared(path: &Path, operator: Operator, to: &Operand) -> Option<Condition> {
    let index = path.attribute()?.index?;
    Some(match (index, operator, to) {
        (Index::Id, Operator::Eq, Operand::Text { raw, .. }) => Condition::Id(raw.clone()),
        (Index::ExternalId, Operator::Eq, Operand::Text { raw, .. }) => Condition::ExternalId(raw.clone()),
        (Index::UserName, Operator::Eq, Operand::Text { folded, .. }) => Condition::UserName(folded.clone()),
        (Index::UserName, Operator::Sw, Operand::Text { folded, .. }) if !folded.is_empty() => Condition::UserNamePrefix(folded.clone()),
        (Index::Email, Operator::Eq, Operand::Text { raw, .. }) => Condition::Email(fold::email(raw)),
        (Index::DisplayName, Operator::Eq, Operand::Text { folded, .. }) => Condition::DisplayName(folded.clone()),
        (Index::Active, Operator::Eq, Operand::Bool(active)) => Condition::Active(*active),
        _ => return None,
    })
}
