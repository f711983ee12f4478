//! The grammar of RFC 7644 section 3.4.2.2 (figure 1) and of PATCH paths (figure 7), read into a tree.
//!
//! Wider than the RFC in three points that clients use: `path[filter].sub` may be compared, blanks may be any white space,
//! and attributes of the enterprise extension may be named without its URN.

mod target;

pub(super) use target::target;

use super::ResourceType;
use super::custom::{Definition, Schemas};
use super::edge::EdgeLeaf;
use super::error::{AttributeError, Result};
use super::filter::{Node, OPERATORS};
use super::lexer::{Token, Tokens, expected, tokens};
use super::operand;
use super::path::{Path, Step, Tail, strip, unknown};
use super::row::{Fold, Kind, Mutability, Place, Table};
use crate::api::v1::AttributeValue;
use crate::limits;
use std::collections::BTreeMap;

/// What names are looked up in.
#[derive(Clone, Copy)]
enum Scope<'d> {
    Resource,
    Element(&'static dyn Table),
    /// One element of a registered list.
    Part(&'d Definition),
    /// Inside `members[…]` or `groups[…]`: edges, not elements.
    Edges(Place),
}

struct Parser<'a> {
    kind: ResourceType,
    schemas: &'a Schemas,
    tokens: std::iter::Peekable<std::vec::IntoIter<(usize, Token<'a>)>>,
    end: usize,
    parameters: &'a BTreeMap<String, AttributeValue>,
    nodes: usize,
    edges: Vec<EdgeLeaf>,
    /// Whether attributes that only the other type has are understood too.
    spans_types: bool,
}

/// A whole filter and its leaves on membership.
pub(super) fn filter(
    kind: ResourceType,
    schemas: &Schemas,
    text: &str,
    parameters: &BTreeMap<String, AttributeValue>,
    spans_types: bool,
) -> Result<(Node, Vec<EdgeLeaf>)> {
    let mut parser = Parser { spans_types, ..Parser::new(kind, schemas, text, parameters)? };
    let root = parser.any(Scope::Resource)?;
    parser.finish("and, or, or the end of the filter")?;
    Ok((root, parser.edges))
}

impl<'a> Parser<'a> {
    fn new(kind: ResourceType, schemas: &'a Schemas, text: &'a str, parameters: &'a BTreeMap<String, AttributeValue>) -> Result<Self> {
        let cut: Tokens<'a> = tokens(text)?;
        Ok(Parser {
            kind,
            schemas,
            tokens: cut.into_iter().peekable(),
            end: text.len(),
            parameters,
            nodes: 0,
            edges: Vec::new(),
            spans_types: false,
        })
    }

    fn at(&mut self) -> usize {
        self.tokens.peek().map_or(self.end, |(at, _)| *at)
    }

    fn expected<T>(&mut self, what: &str) -> Result<T> {
        Err(expected(what, self.at()))
    }

    fn keyword(&mut self, word: &str) -> bool {
        self.tokens.next_if(|(_, token)| token.is(word)).is_some()
    }

    fn sign(&mut self, sign: char) -> bool {
        self.tokens.next_if(|(_, token)| *token == Token::Sign(sign)).is_some()
    }

    fn close(&mut self, sign: char) -> Result<()> {
        if self.sign(sign) { Ok(()) } else { self.expected(&format!("and, or, or {sign:?}")) }
    }

    fn sub(&mut self) -> Option<(usize, &'a str)> {
        match self.tokens.next_if(|(_, token)| matches!(token, Token::Sub(_))) {
            Some((at, Token::Sub(name))) => Some((at, name)),
            _ => None,
        }
    }

    fn finish(&mut self, what: &str) -> Result<()> {
        if self.tokens.peek().is_none() { Ok(()) } else { self.expected(what) }
    }

    fn count(&mut self) -> Result<()> {
        self.nodes += 1;
        if self.nodes <= limits::FILTER_NODES {
            return Ok(());
        }
        let detail = format!("The filter has more than {} conditions.", limits::FILTER_NODES);
        Err(AttributeError { limit: Some(limits::FILTER_NODES), ..AttributeError::filter(self.at(), detail) })
    }

    /// Alternatives. Recursion ends with the depth that the lexer has bounded.
    fn any(&mut self, scope: Scope) -> Result<Node> {
        let mut nodes = vec![self.all(scope)?];
        while self.keyword("or") {
            nodes.push(self.all(scope)?);
        }
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::Or(nodes) })
    }

    fn all(&mut self, scope: Scope) -> Result<Node> {
        let mut nodes = vec![self.term(scope)?];
        while self.keyword("and") {
            nodes.push(self.term(scope)?);
        }
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::And(nodes) })
    }

    fn term(&mut self, scope: Scope) -> Result<Node> {
        self.count()?;
        if self.keyword("not") {
            if !self.sign('(') {
                return self.expected("'(' after not");
            }
            let inner = self.any(scope)?;
            self.close(')')?;
            return Ok(Node::Not(Box::new(inner)));
        }
        if self.sign('(') {
            let inner = self.any(scope)?;
            self.close(')')?;
            return Ok(inner);
        }
        let Some((at, Token::Word(name))) = self.tokens.next_if(|(_, token)| matches!(token, Token::Word(_))) else {
            return self.expected("an attribute, not, or '('");
        };
        if let Scope::Edges(place) = scope {
            return if name.eq_ignore_ascii_case("value") { self.edge(place, at) } else { Err(edges_only(at)) };
        }
        if let Some(path) = self.path(scope, name) {
            return self.condition(path, name, at);
        }
        if matches!(scope, Scope::Resource) && std::mem::take(&mut self.spans_types) {
            // Understood as the other type would, so that what is wrong there is wrong here.
            let (kind, edges) = (self.kind, self.edges.len());
            self.kind = kind.other();
            let node = self.path(scope, name).map(|path| self.condition(path, name, at)).transpose()?;
            (self.kind, self.spans_types) = (kind, true);
            self.edges.truncate(edges);
            if let Some(node) = node {
                return Ok(node.without_value());
            }
        }
        Err(AttributeError { offset: Some(at), ..as_filter(unknown(name)) })
    }

    /// What follows an attribute.
    fn condition(&mut self, path: Path, name: &str, at: usize) -> Result<Node> {
        let secret = path.definition().is_some_and(|d| d.mutability == Mutability::WriteOnly);
        if secret || path.steps.iter().any(|s| s.attribute.mutability == Mutability::WriteOnly) {
            return Err(AttributeError::filter(at, format!("{name} is a secret: no filter may ask for it.")));
        }
        let place = path.steps.first().map(|s| s.attribute.place).filter(|p| matches!(p, Place::Members | Place::Groups));
        if self.sign('[') {
            return self.element(place, path, name, at);
        }
        match (place, path.steps.get(1)) {
            (Some(place), None) => self.edge(place, at),
            (Some(place), Some(below)) if below.attribute.name == "value" => self.edge(place, at),
            (Some(_), Some(_)) => Err(edges_only(at)),
            (None, _) => self.comparison(path, name, at),
        }
    }

    fn path(&self, scope: Scope, name: &str) -> Option<Path> {
        match scope {
            Scope::Element(table) => Path::resolve(table, None, name),
            Scope::Part(definition) => Path::part(definition, name),
            // A name that no schema knows may be misspelt: that it has no value would be true of everybody.
            _ => Path::custom(self.kind, self.schemas, name).or_else(|| {
                let known = Path::resolve(self.kind.table(), Some(self.kind), name).filter(|path| path.tail.is_none());
                known.or_else(|| match strip(name, "urn:") {
                    Some(_) => None,
                    None => Path::resolve_bare(self.kind, name),
                })
            }),
        }
    }

    /// What follows `path[`.
    fn element(&mut self, place: Option<Place>, path: Path, name: &str, at: usize) -> Result<Node> {
        if let Some(place) = place {
            let node = self.edges_only(place)?;
            self.close(']')?;
            return Ok(node);
        }
        if let Some(definition) = path.definition().cloned().filter(|d| d.kind == Kind::Complex) {
            return self.part(path, &definition);
        }
        // An extension is no attribute: what stands before brackets is one (RFC 7644 section 3.4.2.2).
        let Some(sub) = path.attribute().filter(|a| strip(a.name, "urn:").is_none()).and_then(|a| a.sub) else {
            return Err(AttributeError::filter(at, format!("{name} is no attribute with sub-attributes.")));
        };
        let inner = self.any(Scope::Element(sub))?;
        self.close(']')?;
        let Some((at, below)) = self.sub() else { return Ok(Node::Element(path, Box::new(inner))) };
        let step = Step::find(sub, below).ok_or_else(|| AttributeError { offset: Some(at), ..as_filter(unknown(below)) })?;
        // The element that the brackets chose is the one compared.
        let compared = self.comparison(Path { kind: None, steps: vec![step], tail: None }, below, at)?;
        Ok(Node::Element(path, Box::new(Node::And(vec![inner, compared]))))
    }

    /// `value eq "id"`, alternatives of it, and nothing else: one element at a time is all that edges can answer.
    fn edges_only(&mut self, place: Place) -> Result<Node> {
        let at = self.at();
        let node = self.any(Scope::Edges(place))?;
        if node.is_alternatives_of_edges() { Ok(node) } else { Err(edges_only(at)) }
    }

    fn edge(&mut self, place: Place, at: usize) -> Result<Node> {
        let leaf = if self.keyword("pr") {
            if place == Place::Members { EdgeLeaf::AnyMember } else { EdgeLeaf::InAnyGroup }
        } else if self.keyword("eq") {
            let value_at = self.at();
            match (self.literal(value_at)?, place) {
                (operand::Literal::Text(id), Place::Members) => EdgeLeaf::Member(id),
                (operand::Literal::Text(id), _) => EdgeLeaf::InGroup(id),
                _ => return Err(expected("an id in quotes", value_at)),
            }
        } else {
            return Err(edges_only(at));
        };
        self.edges.push(leaf);
        Ok(Node::Edge(self.edges.len() - 1))
    }

    fn comparison(&mut self, mut path: Path, name: &str, at: usize) -> Result<Node> {
        if self.keyword("pr") {
            return Ok(Node::Present(path));
        }
        let Some((_, operator)) = OPERATORS.into_iter().find(|(word, _)| self.keyword(word)) else {
            return self.expected("an operator: eq, ne, co, sw, ew, gt, ge, lt, le or pr");
        };
        let value_at = self.at();
        let literal = self.literal(value_at)?;
        let is_null = matches!(literal, operand::Literal::Null);
        // "emails eq …" means emails.value; without a value only presence can be asked.
        if let Some(sub) = path.attribute().and_then(|a| a.sub).filter(|_| !is_null) {
            let value = Step::find(sub, "value")
                .ok_or_else(|| AttributeError::filter(at, format!("{name} has sub-attributes: compare one of them.")))?;
            path.steps.push(value);
        }
        if let Some(Tail::Custom(custom)) = &mut path.tail
            && !is_null
        {
            let value = match custom.definition() {
                Some(definition) if definition.kind == Kind::Complex => definition.part("value").cloned(),
                Some(_) => None,
                None => return Err(AttributeError::filter(at, format!("{name} is an extension: compare one of its attributes."))),
            };
            custom.steps.extend(value);
        }
        let facts = path.definition().map(|d| (d.kind, d.fold)).or_else(|| path.attribute().map(|a| (a.kind, a.fold)));
        // A whole extension is an object.
        let facts = facts.unwrap_or((Kind::Complex, Fold::Exact));
        if facts.0 == Kind::Complex && !is_null {
            return Err(AttributeError::filter(at, format!("{name} has sub-attributes: compare one of them.")));
        }
        let operand = operand::check(facts, name, operator, literal, value_at)?;
        Ok(Node::Compare(path, operator, operand))
    }

    fn literal(&mut self, at: usize) -> Result<operand::Literal> {
        match self.tokens.next() {
            Some((_, token)) => operand::literal(token, self.parameters, at),
            None => Err(expected("a value", at)),
        }
    }
}

fn edges_only(at: usize) -> AttributeError {
    AttributeError::filter(at, "Membership can be asked for with pr, or with eq and an id: members eq \"id\", members[value eq \"id\"].")
}

fn as_filter(error: AttributeError) -> AttributeError {
    AttributeError { reason: crate::api::v1::ErrorReason::InvalidFilter, ..error }
}
