//! Decoding only what a verdict depends on: several times cheaper than the whole message.

use super::ResourceType;
use super::filter::Node;
use super::path::{Path, Tail};
use crate::api::DESCRIPTORS;
use prost::bytes::Buf as _;
use prost::encoding::{DecodeContext, decode_key, skip_field};
use prost::{DecodeError, Message};
use prost_types::FileDescriptorSet;
use std::{collections::BTreeMap, sync::LazyLock};

/// The numbers of the fields of one message; `None` = all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fields(Option<Vec<u32>>);

/// Message and field name to field number, from the contract itself.
static NUMBERS: LazyLock<BTreeMap<(String, String), u32>> = LazyLock::new(|| {
    // The descriptors are embedded at build time; should they not decode, everything is decoded always.
    let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap_or_default();
    let mut numbers = BTreeMap::new();
    for message in set.file.iter().filter(|f| f.package() == "roster.v1").flat_map(|f| &f.message_type) {
        for field in &message.field {
            if let Ok(number) = u32::try_from(field.number()) {
                numbers.insert((message.name().to_owned(), field.name().to_owned()), number);
            }
        }
    }
    numbers
});

impl Fields {
    /// What a tree's verdict depends on.
    pub fn of(kind: ResourceType, root: &Node) -> Fields {
        let mut names = vec!["id"];
        collect(root, &mut names);
        let number = |name: &&str| NUMBERS.get(&(kind.name().to_owned(), (*name).to_owned())).copied();
        let numbers: Option<Vec<u32>> = names.iter().map(number).collect();
        Fields(numbers.map(|mut numbers| {
            numbers.sort_unstable();
            numbers.dedup();
            numbers
        }))
    }

    /// Decodes these fields and skips the rest.
    pub fn decode<M: Message + Default>(&self, body: &[u8]) -> Result<M, DecodeError> {
        let Some(wanted) = &self.0 else { return M::decode(body) };
        let (mut message, mut buffer, context) = (M::default(), body, DecodeContext::default());
        while buffer.has_remaining() {
            let (number, wire_type) = decode_key(&mut buffer)?;
            if wanted.contains(&number) {
                message.merge_field(number, wire_type, &mut buffer, context.clone())?;
            } else {
                skip_field(wire_type, number, &mut buffer, context.clone())?;
            }
        }
        Ok(message)
    }
}

fn collect(node: &Node, names: &mut Vec<&'static str>) {
    match node {
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|n| collect(n, names)),
        Node::Not(node) => collect(node, names),
        // The inner filter reads parts of the same field.
        Node::Present(path) | Node::Compare(path, ..) | Node::Element(path, _) => of_path(path, names),
        Node::Edge(_) => {}
    }
}

fn of_path(path: &Path, names: &mut Vec<&'static str>) {
    match path.steps.first() {
        Some(step) => names.extend(step.attribute.fields),
        None if matches!(path.tail, Some(Tail::Custom(_))) => names.push("extensions"),
        None => {}
    }
}
