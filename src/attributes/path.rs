//! Paths: the way from a resource down to an attribute, row by row.

use super::access::View;
use super::custom::{self, Custom, Definition, Schemas};
use super::error::{AttributeError, Result};
use super::filter::Node;
use super::parse::{Leniency, Tolerated};
use super::row::{Attribute, Table};
use super::{ResourceType, table};
use crate::api::v1::{AttributeMap, AttributeValue, attribute_map::Entry, attribute_value};
use crate::limits;
use std::{any::Any, collections::BTreeMap, fmt, sync::Arc};

/// One row on the way.
#[derive(Clone, Copy)]
pub struct Step {
    pub(super) table: &'static dyn Table,
    pub(super) row: usize,
    pub(super) attribute: &'static Attribute,
}

impl Step {
    pub(super) fn find(table: &'static dyn Table, name: &str) -> Option<Step> {
        table.find(name, 0).map(|(row, attribute)| Step { table, row, attribute })
    }

    pub(super) fn view<'a>(&self, object: &'a dyn Any) -> View<'a> {
        self.table.view(self.row, object)
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.attribute.name)
    }
}

/// `userName`, `name.familyName`, `urn:…:User:manager.value`; or a name inside an extension that no schema describes.
#[derive(Debug, Clone)]
pub struct Path {
    /// The resource it begins at; `None` below one element of a list.
    pub(super) kind: Option<ResourceType>,
    pub(super) steps: Vec<Step>,
    pub(super) tail: Option<Tail>,
}

/// What follows the rows into an open map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tail {
    /// The whole text: where the URN ends is known only when an object with its extensions is at hand.
    Extension(String),
    /// Sub-attributes that no row knows, of the last step's object.
    Rest(Vec<String>),
    /// Into an extension that a registered schema describes.
    Custom(Custom),
}

impl Path {
    /// Names are case-insensitive. A URN is recognised by the schemas, never by its dots or its last colon.
    ///
    /// # Errors
    /// `INVALID_PATH` when no attribute has this name, or over [`limits::PATH_BYTES`].
    pub fn parse(kind: ResourceType, text: &str) -> Result<Path> {
        if text.len() > limits::PATH_BYTES {
            return Err(AttributeError::long_path(limits::PATH_BYTES));
        }
        Self::resolve(kind.table(), Some(kind), text).ok_or_else(|| unknown(text))
    }

    /// The same where an organization may have registered schemas.
    ///
    /// # Errors
    /// As [`Path::parse`].
    pub fn parse_in(kind: ResourceType, schemas: &Schemas, text: &str) -> Result<Path> {
        Self::custom(kind, schemas, text).map_or_else(|| Self::parse(kind, text), Ok)
    }

    /// A path into a registered extension, if the text is one.
    pub(super) fn custom(kind: ResourceType, schemas: &Schemas, text: &str) -> Option<Path> {
        let custom = schemas.resolve(kind, text).filter(|_| text.len() <= limits::PATH_BYTES)?;
        Some(Path { kind: Some(kind), steps: Vec::new(), tail: Some(Tail::Custom(custom)) })
    }

    /// A part of one element of a registered list.
    pub(super) fn part(definition: &Definition, name: &str) -> Option<Path> {
        let steps = vec![definition.part(name)?.clone()];
        Some(Path { kind: None, steps: Vec::new(), tail: Some(Tail::Custom(Custom { extension: None, steps })) })
    }

    /// The facts of the registered attribute at its end.
    pub fn definition(&self) -> Option<&Arc<Definition>> {
        match &self.tail {
            Some(Tail::Custom(custom)) => custom.definition(),
            _ => None,
        }
    }

    /// The facts of the attribute at its end; `None` inside an extension that no schema describes.
    pub fn attribute(&self) -> Option<&'static Attribute> {
        if self.tail.is_some() { None } else { self.steps.last().map(|s| s.attribute) }
    }

    /// The row numbers on the way.
    pub fn rows(&self) -> Vec<usize> {
        self.steps.iter().map(|s| s.row).collect()
    }

    /// What follows the rows.
    pub fn tail(&self) -> Option<&Tail> {
        self.tail.as_ref()
    }

    /// Below a resource (`kind` given) or below one element of a list.
    pub(super) fn resolve(root: &'static dyn Table, kind: Option<ResourceType>, text: &str) -> Option<Path> {
        let mut path = Path { kind, steps: Vec::new(), tail: None };
        let (mut at, mut rest) = (root, text);
        if let (Some(kind), true) = (kind, starts_with(text, "urn:")) {
            if let Some(below) = strip(text, kind.schema()) {
                rest = below.strip_prefix(':')?;
            } else if let Some((step, below)) = extension(root, text) {
                path.steps.push(step);
                if below.is_empty() {
                    return Some(path);
                }
                rest = below.strip_prefix(':')?;
                at = step.attribute.sub?;
            } else {
                return plausible_urn(text).then(|| Path {
                    kind: Some(kind),
                    steps: Vec::new(),
                    tail: Some(Tail::Extension(text.to_owned())),
                });
            }
        }
        let mut names = rest.split('.');
        while let Some(name) = names.next() {
            if let Some(step) = Step::find(at, name) {
                path.steps.push(step);
                match step.attribute.sub {
                    Some(sub) => at = sub,
                    None if names.clone().next().is_none() => {}
                    None => return None,
                }
                continue;
            }
            // Only extensions keep what they do not know where a path may name it.
            let extension = path.steps.last().filter(|s| path.steps.len() == 1 && starts_with(s.attribute.name, "urn:"))?;
            let names: Vec<String> = std::iter::once(name).chain(names).map(str::to_owned).collect();
            if extension.attribute.sub.is_none() || !names.iter().all(|n| plausible_name(n)) {
                return None;
            }
            path.tail = Some(Tail::Rest(names));
            return Some(path);
        }
        (!path.steps.is_empty()).then_some(path)
    }

    /// Also finds the attributes of registered extensions by their bare names, as some clients filter (`manager eq …`).
    pub(super) fn resolve_bare(kind: ResourceType, text: &str) -> Option<Path> {
        let root = kind.table();
        (0..root.len())
            .filter_map(|row| root.attribute(row).map(|attribute| Step { table: root, row, attribute }))
            .filter(|step| starts_with(step.attribute.name, "urn:"))
            .find_map(|step| {
                let mut below = Self::resolve(step.attribute.sub?, None, text)?;
                below.steps.insert(0, step);
                below.kind = Some(kind);
                Some(below)
            })
    }
}

pub(super) fn unknown(text: &str) -> AttributeError {
    let shown: String = text.chars().take(80).collect();
    AttributeError::path(shown.clone(), format!("No attribute is called {shown}."))
}

fn starts_with(text: &str, prefix: &str) -> bool {
    strip(text, prefix).is_some()
}

/// What follows a prefix, whatever its letter case.
pub(super) fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, below) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(below)
}

/// The registered extension a text begins with.
fn extension<'a>(root: &'static dyn Table, text: &'a str) -> Option<(Step, &'a str)> {
    (0..root.len()).find_map(|row| {
        let attribute = root.attribute(row).filter(|a| starts_with(a.name, "urn:"))?;
        let below = strip(text, attribute.name).filter(|below| below.is_empty() || below.starts_with(':'))?;
        Some((Step { table: root, row, attribute }, below))
    })
}

/// `urn:` with at least two more parts, none of another resource's core schema.
fn plausible_urn(text: &str) -> bool {
    let core = [table::USER_URN, table::GROUP_URN].iter().any(|urn| starts_with(text, urn));
    !core && text.split(':').count() >= 3 && text.split(':').all(|part| !part.is_empty())
}

fn plausible_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'$'))
}

/// What a PATCH operation aims at: `path`, `path[filter]` or `path[filter].sub`.
#[derive(Debug, Clone)]
pub struct Target {
    pub(super) path: Path,
    pub(super) filter: Option<Node>,
    pub(super) sub: Option<Step>,
    /// The part of a registered attribute that follows the filter.
    pub(super) part: Option<Arc<Definition>>,
    /// The ids that a filter on membership names.
    pub(super) members: Option<Vec<String>>,
}

impl Target {
    /// Reads a PATCH path; `:name` in its filter stands for a parameter.
    ///
    /// # Errors
    /// `INVALID_PATH` with the byte at which reading stopped.
    pub fn parse(kind: ResourceType, text: &str, parameters: &BTreeMap<String, AttributeValue>) -> Result<Target> {
        Self::parse_in(kind, &Schemas::none(), text, parameters)
    }

    /// The same where an organization may have registered schemas.
    ///
    /// # Errors
    /// As [`Target::parse`].
    pub fn parse_in(kind: ResourceType, schemas: &Schemas, text: &str, parameters: &BTreeMap<String, AttributeValue>) -> Result<Target> {
        if text.len() > limits::PATH_BYTES {
            return Err(AttributeError::long_path(limits::PATH_BYTES));
        }
        if text.trim() != text {
            return Err(AttributeError::path(text.trim(), "A path begins and ends with no blank."));
        }
        super::grammar::target(kind, schemas, text, parameters).map_err(|e| e.of_path(text))
    }

    /// The facts of the attribute it aims at; `None` inside an extension that no schema describes.
    pub fn attribute(&self) -> Option<&'static Attribute> {
        self.sub.map_or_else(|| self.path.attribute(), |s| Some(s.attribute))
    }

    /// The facts of the registered attribute it aims at; `None` also for a whole extension.
    pub fn definition(&self) -> Option<&Arc<Definition>> {
        self.part.as_ref().or_else(|| self.path.definition())
    }

    /// Whether a schema describes it.
    pub fn is_known(&self) -> bool {
        self.attribute().is_some() || matches!(self.path.tail, Some(Tail::Custom(_)))
    }

    /// What a value for it, or for an element of it, comes to as a part of its extension: the URN and the attributes. `None`
    /// where a part is chosen, and outside registered extensions.
    pub fn extension_of(&self, value: &AttributeValue) -> Option<(String, AttributeMap)> {
        let Some(Tail::Custom(Custom { extension: Some(extension), steps })) = &self.path.tail else { return None };
        let map = match (steps.as_slice(), &value.kind) {
            ([], Some(attribute_value::Kind::ComplexValue(map))) => map.clone(),
            ([one], Some(_)) if self.part.is_none() => {
                AttributeMap { entries: vec![Entry { name: one.name.clone(), value: Some(value.clone()) }] }
            }
            _ => return None,
        };
        Some((extension.urn.clone(), map))
    }

    /// A value for a registered attribute, or a whole extension, in the form its schema has; and what was forgiven.
    pub fn fit(&self, value: AttributeValue, leniency: Leniency) -> (AttributeValue, Tolerated) {
        let mut used = Tolerated::default();
        let value = match (self.definition(), &self.path.tail, value.kind) {
            (Some(definition), _, kind) => {
                let element = self.filter.is_some() && self.part.is_none();
                custom::fit(AttributeValue { kind }, definition, element, leniency, &mut used)
            }
            (None, Some(Tail::Custom(Custom { extension: Some(extension), .. })), Some(attribute_value::Kind::ComplexValue(mut map))) => {
                used = extension.fit(&mut map, leniency);
                attribute_value::Kind::ComplexValue(map).into()
            }
            (_, _, kind) => AttributeValue { kind },
        };
        (value, used)
    }

    /// Whether it names elements by a filter.
    pub fn has_filter(&self) -> bool {
        self.filter.is_some() || self.members.is_some()
    }
}
