//! RFC 7644 section 3.4.2.2 filters: text to a bounded tree over rows.

use super::edge::{EdgeLeaf, Edges};
use super::error::{AttributeError, Result};
use super::narrow::Condition;
use super::path::{Path, Target};
use super::{Context, ResourceType};
use crate::api::v1::AttributeValue;
use prost::{DecodeError, Message};
use std::{any::Any, collections::BTreeMap};

/// A filter that was understood.
#[derive(Debug, Clone)]
pub struct Filter {
    root: Node,
    edges: Vec<EdgeLeaf>,
}

/// A node of the tree.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Present(Path),
}

impl Filter {
    /// Reads an expression; `:name` stands for a parameter.
    ///
    /// # Errors
    /// `INVALID_FILTER` with the byte at which reading stopped and what was expected there.
    pub fn parse(_kind: ResourceType, _expression: &str, _parameters: &BTreeMap<String, AttributeValue>) -> Result<Filter> {
        Err(AttributeError::filter(0, "Filters are not read yet."))
    }

    /// Whether an object satisfies it. Names are those of [`ResourceType::table`]'s message.
    pub fn matches(&self, _object: &dyn Any, _cx: &Context<'_>, _edges: &dyn Edges) -> bool {
        let Node::Present(_) = &self.root;
        false
    }

    /// Conditions it implies, all of them at once, that an index of the store answers.
    pub fn narrow(&self) -> Vec<Condition> {
        Vec::new()
    }

    /// Its leaves on membership.
    pub fn edges(&self) -> &[EdgeLeaf] {
        &self.edges
    }

    /// Decodes only the fields of the message that the verdict depends on.
    ///
    /// # Errors
    /// When the bytes are no such message.
    pub fn decode<M: Message + Default>(&self, body: &[u8]) -> std::result::Result<M, DecodeError> {
        M::decode(body)
    }
}

pub(super) fn target(kind: ResourceType, text: &str, _parameters: &BTreeMap<String, AttributeValue>) -> Result<Target> {
    Ok(Target { path: Path::parse(kind, text)?, filter: None, sub: None })
}
