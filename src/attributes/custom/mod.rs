//! Schemas that an organization registers (RFC 7643 section 7): facts laid over extensions. The values stay what they are
//! without a schema, open maps in a message; the facts say how they are checked, compared, patched and shown. Where an
//! organization has registered none, nothing here is asked.

mod admit;
mod fit;
mod list;
pub(super) mod patch;
mod register;
pub(super) mod show;

pub use fit::fit;

use super::ResourceType;
use super::parse::{Leniency, Tolerated};
use super::path::strip;
use super::row::{Fold, Kind, Mutability, Returned};
use crate::api::v1;
use std::sync::Arc;

/// One attribute of a registered schema, or one part of a complex one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// As the schema spells it.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// Whether it is a list.
    pub multi_valued: bool,
    /// Whether the extension must have it.
    pub required: bool,
    /// How it is compared.
    pub fold: Fold,
    /// Who may write it when.
    pub mutability: Mutability,
    /// When it is part of an answer.
    pub returned: Returned,
    /// The parts of a complex attribute.
    pub sub: Vec<Arc<Definition>>,
}

impl Definition {
    /// Whether clients may write it (once, for immutable ones).
    pub fn writable(&self) -> bool {
        self.mutability != Mutability::ReadOnly
    }

    /// One of its parts; names are case-insensitive.
    pub fn part(&self, name: &str) -> Option<&Arc<Definition>> {
        find(&self.sub, name)
    }
}

/// A registered schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// Its URN as it was registered.
    pub urn: String,
    /// Its attributes.
    pub attributes: Vec<Arc<Definition>>,
    /// Whether users, and groups, must have it; `None` = it does not extend them.
    extends: [Option<bool>; 2],
}

impl Extension {
    /// One of its attributes; names are case-insensitive.
    pub fn attribute(&self, name: &str) -> Option<&Arc<Definition>> {
        find(&self.attributes, name)
    }

    /// Its values in the form the schema has; answers what was forgiven.
    pub fn fit(&self, map: &mut v1::AttributeMap, leniency: Leniency) -> Tolerated {
        let mut used = Tolerated::default();
        fit::names(map, &self.attributes, leniency, &mut used);
        used
    }

    /// Whether resources of a type must have it; `None` = it does not extend them.
    pub fn extends(&self, kind: ResourceType) -> Option<bool> {
        let [users, groups] = self.extends;
        if kind == ResourceType::User { users } else { groups }
    }
}

fn find<'a>(all: &'a [Arc<Definition>], name: &str) -> Option<&'a Arc<Definition>> {
    all.iter().find(|a| a.name.eq_ignore_ascii_case(name))
}

/// What an organization has registered. Cloning it is cheap; the default is nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Schemas(Option<Arc<Registered>>);

#[derive(Debug, PartialEq)]
struct Registered {
    extensions: Vec<Arc<Extension>>,
    told: Vec<v1::Schema>,
}

impl Schemas {
    /// Nothing registered.
    pub const fn none() -> Schemas {
        Schemas(None)
    }

    /// Whether nothing is registered.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The schemas as they are told, in order of their URNs.
    pub fn told(&self) -> &[v1::Schema] {
        self.0.as_ref().map_or(&[], |r| &r.told)
    }

    /// Those that extend a type of resource.
    pub fn of(&self, kind: ResourceType) -> impl Iterator<Item = &Arc<Extension>> {
        self.0.iter().flat_map(|r| &r.extensions).filter(move |e| e.extends(kind).is_some())
    }

    /// The schema of a type of resource with this URN, in any letter case.
    pub fn extension(&self, kind: ResourceType, urn: &str) -> Option<&Arc<Extension>> {
        self.of(kind).find(|e| e.urn.eq_ignore_ascii_case(urn))
    }

    /// What a text that begins with a registered URN names; `None` also for attributes that the schema does not define.
    pub(super) fn resolve(&self, kind: ResourceType, text: &str) -> Option<Custom> {
        self.of(kind).find_map(|extension| {
            let below = strip(text, &extension.urn)?;
            let mut custom = Custom { extension: Some(extension.clone()), steps: Vec::new() };
            if below.is_empty() {
                return Some(custom);
            }
            let (name, part) = below.strip_prefix(':').map(|b| b.split_once('.').map_or((b, None), |(name, part)| (name, Some(part))))?;
            let attribute = extension.attribute(name)?;
            custom.steps.push(attribute.clone());
            if let Some(part) = part {
                custom.steps.push(attribute.part(part)?.clone());
            }
            Some(custom)
        })
    }
}

/// A way into a registered extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custom {
    /// Where it begins; `None` below one element of a list.
    pub(super) extension: Option<Arc<Extension>>,
    /// An attribute, and a part of it; none for the whole extension.
    pub(super) steps: Vec<Arc<Definition>>,
}

impl Custom {
    /// The facts of what is at its end; `None` for a whole extension.
    pub fn definition(&self) -> Option<&Arc<Definition>> {
        self.steps.last()
    }
}
