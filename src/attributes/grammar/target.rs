//! PATCH paths, and value filters in registered extensions.

use super::{Parser, Scope, as_filter, expected};
use crate::api::v1::AttributeValue;
use crate::attributes::ResourceType;
use crate::attributes::custom::{Definition, Schemas};
use crate::attributes::edge::EdgeLeaf;
use crate::attributes::error::{AttributeError, Result};
use crate::attributes::filter::Node;
use crate::attributes::lexer::Token;
use crate::attributes::path::{Path, Step, Target, unknown};
use crate::attributes::row::{Kind, Place};
use std::collections::BTreeMap;

/// A PATCH path: `path`, `path[filter]` or `path[filter].sub`.
pub(in crate::attributes) fn target(
    kind: ResourceType,
    schemas: &Schemas,
    text: &str,
    parameters: &BTreeMap<String, AttributeValue>,
) -> Result<Target> {
    let mut parser = Parser::new(kind, schemas, text, parameters)?;
    let Some((_, Token::Word(name))) = parser.tokens.next() else { return Err(expected("an attribute", 0)) };
    let mut target = Target { path: Path::parse_in(kind, schemas, name)?, filter: None, sub: None, part: None, members: None };
    if let Some(definition) = target.path.definition().cloned().filter(|d| d.multi_valued && d.kind == Kind::Complex) {
        if parser.sign('[') {
            target.filter = Some(parser.any(Scope::Part(&definition))?);
            parser.close(']')?;
            if let Some((at, name)) = parser.sub() {
                let part = definition.part(name).ok_or_else(|| AttributeError { offset: Some(at), ..unknown(name) })?;
                target.part = Some(part.clone());
            }
        }
    } else if parser.sign('[') {
        let attribute = target.path.attribute().filter(|a| a.multi_valued);
        let (Some(attribute), Some(sub)) = (attribute, attribute.and_then(|a| a.sub)) else {
            return Err(AttributeError::filter(0, format!("{name} is no list of objects: a value filter cannot choose from it.")));
        };
        if attribute.place == Place::Field {
            target.filter = Some(parser.any(Scope::Element(sub))?);
        } else {
            parser.edges_only(attribute.place)?;
            if parser.edges.iter().any(|leaf| matches!(leaf, EdgeLeaf::AnyMember | EdgeLeaf::InAnyGroup)) {
                return Err(AttributeError::filter(0, "A path names members by their ids."));
            }
            let id = |leaf: &EdgeLeaf| if let EdgeLeaf::Member(id) | EdgeLeaf::InGroup(id) = leaf { Some(id.clone()) } else { None };
            target.members = Some(parser.edges.iter().filter_map(id).collect());
        }
        parser.close(']')?;
        if let Some((at, name)) = parser.sub() {
            target.sub = Some(Step::find(sub, name).ok_or_else(|| AttributeError { offset: Some(at), ..unknown(name) })?);
        }
    }
    parser.finish("the end of the path")?;
    Ok(target)
}

impl Parser<'_> {
    /// The same in a registered extension.
    pub(super) fn part(&mut self, path: Path, definition: &Definition) -> Result<Node> {
        let inner = self.any(Scope::Part(definition))?;
        self.close(']')?;
        let Some((at, below)) = self.sub() else { return Ok(Node::Element(path, Box::new(inner))) };
        let part = Path::part(definition, below).ok_or_else(|| AttributeError { offset: Some(at), ..as_filter(unknown(below)) })?;
        let compared = self.comparison(part, below, at)?;
        Ok(Node::Element(path, Box::new(Node::And(vec![inner, compared]))))
    }
}
