//! RFC 7644 section 3.4.2.2 filters, understood: a bounded tree over rows. [`super::grammar`] reads the text,
//! [`super::evaluate`] has the last word on a message, [`super::narrow`] says what an index can do before that.

use super::access::View;
use super::custom::Schemas;
use super::decode::Fields;
use super::edge::{EdgeLeaf, Edges};
use super::error::{AttributeError, Result};
use super::grammar;
use super::moment::Instant;
use super::narrow::{self, Condition};
use super::number::Number;
use super::path::{Path, Step};
use super::{Context, ResourceType};
use crate::api::v1::AttributeValue;
use crate::limits;
use prost::{DecodeError, Message};
use std::{any::Any, collections::BTreeMap};

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the RFC's own words")]
pub(super) enum Operator {
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Ge,
    Lt,
    Le,
}

/// The comparisons by their words.
pub(super) const OPERATORS: [(&str, Operator); 9] = [
    ("eq", Operator::Eq),
    ("ne", Operator::Ne),
    ("co", Operator::Co),
    ("sw", Operator::Sw),
    ("ew", Operator::Ew),
    ("gt", Operator::Gt),
    ("ge", Operator::Ge),
    ("lt", Operator::Lt),
    ("le", Operator::Le),
];

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operand {
    /// As written, and folded as the attribute's values will be.
    Text { raw: String, folded: String },
    /// A boolean.
    Bool(bool),
    /// A number; only extensions have some.
    Number(Number),
    /// An instant.
    Time(Instant),
    /// No value.
    Null,
}

/// A node of the tree. Lists, so that a long chain of `and` is no deep tree; the rest is bounded by the lexer.
#[derive(Debug, Clone)]
pub(super) enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Present(Path),
    Compare(Path, Operator, Operand),
    /// `emails[…]`: one element satisfies all of the inner filter.
    Element(Path, Box<Node>),
    /// A leaf that the edges' index answers, by its number.
    Edge(usize),
}

/// A filter that was understood.
#[derive(Debug, Clone)]
pub struct Filter {
    kind: ResourceType,
    root: Node,
    edges: Vec<EdgeLeaf>,
    fields: Fields,
}

impl Node {
    /// Holds for all.
    const fn always() -> Node {
        Node::And(Vec::new())
    }

    /// Holds for none.
    const fn never() -> Node {
        Node::Or(Vec::new())
    }

    /// Whether it is a leaf on membership, or alternatives of such.
    pub(super) fn is_alternatives_of_edges(&self) -> bool {
        match self {
            Node::Or(nodes) => nodes.iter().all(Node::is_alternatives_of_edges),
            node => matches!(node, Node::Edge(_)),
        }
    }

    /// What a condition on an attribute comes to where the attribute has no value.
    pub(super) fn without_value(&self) -> Node {
        match self {
            Node::Compare(_, Operator::Ne, Operand::Null) => Node::never(),
            Node::Compare(_, Operator::Ne, _) | Node::Compare(_, _, Operand::Null) => Node::always(),
            _ => Node::never(),
        }
    }
}

impl Filter {
    /// Reads an expression; `:name` stands for a parameter.
    ///
    /// # Errors
    /// `INVALID_FILTER` with the byte at which reading stopped and what was expected there: broken grammar, unknown
    /// attributes, secrets, values of the wrong type, orders that a type has not, and what lies beyond
    /// [`limits::FILTER_BYTES`], [`limits::FILTER_NODES`] or [`limits::FILTER_DEPTH`].
    pub fn parse(kind: ResourceType, expression: &str, parameters: &BTreeMap<String, AttributeValue>) -> Result<Filter> {
        Self::parse_in(kind, &Schemas::none(), expression, parameters, false)
    }

    /// The same for a filter that is asked of users and groups alike.
    ///
    /// # Errors
    /// As [`Filter::parse`].
    pub fn parse_spanning(kind: ResourceType, expression: &str, parameters: &BTreeMap<String, AttributeValue>) -> Result<Filter> {
        Self::parse_in(kind, &Schemas::none(), expression, parameters, true)
    }

    /// The same where an organization may have registered schemas. `spans_types` is for a filter that is asked of users and
    /// groups alike: an attribute that only the other type has is understood, and has no value (RFC 7644 section 3.4.2.1).
    ///
    /// # Errors
    /// As [`Filter::parse`].
    pub fn parse_in(
        kind: ResourceType,
        schemas: &Schemas,
        expression: &str,
        parameters: &BTreeMap<String, AttributeValue>,
        spans_types: bool,
    ) -> Result<Filter> {
        if expression.len() > limits::FILTER_BYTES {
            let detail = format!("The filter is longer than {} bytes.", limits::FILTER_BYTES);
            return Err(AttributeError { limit: Some(limits::FILTER_BYTES), ..AttributeError::filter(limits::FILTER_BYTES, detail) });
        }
        let (root, edges) = grammar::filter(kind, schemas, expression, parameters, spans_types)?;
        let fields = Fields::of(kind, &root);
        Ok(Filter { kind, root, edges, fields })
    }

    /// Whether an object, the message of the filter's kind, satisfies it.
    pub fn matches(&self, object: &dyn Any, cx: &Context<'_>, edges: &dyn Edges) -> bool {
        let held = |leaf: usize| match Step::find(self.kind.table(), "id").map(|id| id.view(object)) {
            Some(View::Text(id)) => edges.holds(leaf, id),
            _ => false,
        };
        self.root.matches(object, cx, &held)
    }

    /// Conditions it implies, all of them at once, that an index of the store answers.
    pub fn narrow(&self) -> Vec<Condition> {
        narrow::conditions(&self.root, &self.edges)
    }

    /// Its leaves on membership.
    pub fn edges(&self) -> &[EdgeLeaf] {
        &self.edges
    }

    /// Decodes only the fields of the message that the verdict depends on, and its id.
    ///
    /// # Errors
    /// When the bytes are no message.
    pub fn decode<M: Message + Default>(&self, body: &[u8]) -> std::result::Result<M, DecodeError> {
        self.fields.decode(body)
    }
}
