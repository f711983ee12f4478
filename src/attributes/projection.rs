//! Which attributes a reader wants: a bit per row, a child where sub-attributes differ, and the extensions by name.

use super::ResourceType;
use super::access::{Slot, View};
use super::custom::{Schemas, show};
use super::error::{AttributeError, Result};
use super::path::Path;
use super::row::{Attribute, Extensions, Returned, Table};
use crate::api::v1::{AttributeMap, Group, ReadSelection, User};
use crate::limits;
use std::{any::Any, borrow::Cow};

/// What of a resource is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    kind: ResourceType,
    rows: Pick,
    /// Caseless names of extensions (or of `URN:attribute`) that were asked for or excluded.
    named: Vec<String>,
    /// Whether `named` is all that is shown, or what is not.
    only: bool,
    /// What of extensions was asked for besides.
    besides: Vec<String>,
    schemas: Schemas,
    requested: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Pick {
    rows: u64,
    /// Sub-attributes that no row knows.
    rest: bool,
    sub: Vec<(usize, Pick)>,
}

impl Projection {
    /// From the request. Names that no attribute has are ignored (RFC 7644 section 3.4.2.5 knows no error for them).
    ///
    /// # Errors
    /// `INVALID_VALUE` when both lists are given, or one of more than 200 names.
    pub fn new(kind: ResourceType, selection: &ReadSelection) -> Result<Self> {
        let (attributes, excluded) = (&selection.attributes, &selection.excluded_attributes);
        let lists =
            [("attributes", attributes), ("excludedAttributes", excluded), ("additionalAttributes", &selection.additional_attributes)];
        for (name, list) in lists {
            if list.len() > limits::VALUES_PER_ATTRIBUTE {
                return Err(AttributeError::bound(name, limits::VALUES_PER_ATTRIBUTE, "names"));
            }
        }
        if !attributes.is_empty() && !excluded.is_empty() {
            return Err(AttributeError::value("excludedAttributes", "attributes and excludedAttributes exclude each other."));
        }
        let mut picked = if attributes.is_empty() { Self::all(kind) } else { Self::only(kind) };
        for name in attributes.iter().chain(&selection.additional_attributes) {
            match Path::parse(kind, name) {
                Ok(path) if path.tail().is_none() => picked.rows.add(kind.table(), &path.rows()),
                // Everything unnamed is shown already.
                Ok(_) if picked.only => picked.named.push(name.to_lowercase()),
                Ok(_) => picked.besides.push(name.to_lowercase()),
                Err(_) => {}
            }
        }
        for name in excluded {
            match Path::parse(kind, name) {
                Ok(path) if path.tail().is_none() => picked.rows.drop(kind.table(), &path.rows()),
                Ok(_) => picked.named.push(name.to_lowercase()),
                Err(_) => {}
            }
        }
        Ok(picked)
    }

    fn only(kind: ResourceType) -> Self {
        Projection {
            kind,
            rows: Pick::of(kind.table(), |r| r == Returned::Always, false),
            named: Vec::new(),
            only: true,
            besides: Vec::new(),
            schemas: Schemas::none(),
            requested: false,
        }
    }

    /// The same where an organization may have registered schemas: they say when an attribute is returned.
    #[must_use]
    pub fn among(self, schemas: Schemas) -> Self {
        Projection { schemas, ..self }
    }

    /// The default: everything that is not `never` and not only on request.
    pub fn all(kind: ResourceType) -> Self {
        Projection {
            kind,
            rows: Pick::all(kind.table()),
            named: Vec::new(),
            only: false,
            besides: Vec::new(),
            schemas: Schemas::none(),
            requested: false,
        }
    }

    /// The same, and what of extensions is returned on request only, as if all of it were asked for.
    #[must_use]
    pub fn with_requested(self) -> Self {
        Projection { requested: true, ..self }
    }

    /// The kind of resource it is made for.
    pub fn kind(&self) -> ResourceType {
        self.kind
    }

    /// Whether an attribute of the resource, e.g. `members`, is shown, wholly or in part.
    pub fn has(&self, path: &str) -> bool {
        let Ok(path) = Path::parse(self.kind, path) else { return false };
        let mut pick = Some(&self.rows);
        for row in path.rows() {
            match pick {
                Some(p) if p.has(row) => pick = p.sub(row),
                Some(_) => return false,
                None => return true,
            }
        }
        true
    }

    /// Takes out of a message what is not shown. Its id, organization, bookkeeping (`meta`, `groups_version`) and
    /// links stay: versions and conditions are made of them.
    pub fn apply_to_user(&self, user: &mut User) {
        self.rows.prune(self.kind.table(), user, &|name| matches!(name, "id" | "meta"));
        self.prune_extensions(&mut user.extensions);
    }

    /// The same for a group.
    pub fn apply_to_group(&self, group: &mut Group) {
        self.rows.prune(self.kind.table(), group, &|name| matches!(name, "id" | "meta"));
        self.prune_extensions(&mut group.extensions);
    }

    fn prune_extensions(&self, extensions: &mut Extensions) {
        extensions.retain(|urn, map| {
            if let Cow::Owned(cut) = self.cut(urn, map) {
                *map = cut;
                return !map.entries.is_empty();
            }
            map.entries.retain(|e| self.shows_extension(urn, &e.name));
            !map.entries.is_empty()
        });
    }

    /// What of an extension is shown, if a registered schema describes it; otherwise all of it, for
    /// [`Self::shows_extension`] to judge.
    pub(super) fn cut<'m>(&self, urn: &str, map: &'m AttributeMap) -> Cow<'m, AttributeMap> {
        let names = show::Named { list: &self.named, only: self.only, besides: &self.besides, requested: self.requested };
        self.schemas.extension(self.kind, urn).map_or(Cow::Borrowed(map), |extension| Cow::Owned(show::cut(extension, map, names)))
    }

    /// Whether one attribute of an extension is shown.
    pub(super) fn shows_extension(&self, urn: &str, name: &str) -> bool {
        if self.named.is_empty() {
            return !self.only;
        }
        let urn = urn.to_lowercase();
        let full = format!("{urn}:{}", name.to_lowercase());
        self.named.iter().any(|n| *n == urn || *n == full || n.strip_prefix(&full).is_some_and(|r| r.starts_with('.'))) == self.only
    }

    pub(super) fn root(&self) -> Shown<'_> {
        Shown(Some(&self.rows))
    }
}

/// What of one object is shown; everything if there is nothing to say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a>(Option<&'a Pick>);

impl<'a> Shown<'a> {
    /// Whether a row is shown.
    pub fn has(self, row: usize) -> bool {
        self.0.is_none_or(|p| p.has(row))
    }

    /// Whether sub-attributes that no row knows are.
    pub fn rest(self) -> bool {
        self.0.is_none_or(|p| p.rest)
    }

    /// What of a row's sub-object is.
    pub fn below(self, row: usize) -> Shown<'a> {
        Shown(self.0.and_then(|p| p.sub(row)))
    }
}

impl Pick {
    fn of(table: &dyn Table, keep: impl Fn(Returned) -> bool, rest: bool) -> Self {
        let rows = (0..table.len()).filter(|&i| table.attribute(i).is_some_and(|a| keep(a.returned))).fold(0, |rows, i| rows | bit(i));
        Pick { rows, rest, sub: Vec::new() }
    }

    fn all(table: &dyn Table) -> Self {
        let mut all = Self::of(table, |r| matches!(r, Returned::Default | Returned::Always), true);
        all.sub = (0..table.len()).filter_map(|row| Some((row, Self::parts(table.attribute(row)?)?))).collect();
        all
    }

    /// What of an attribute's sub-object is shown when nothing of it is named; `None` for all of it.
    fn parts(attribute: &Attribute) -> Option<Self> {
        let sub = attribute.sub?;
        let parts = Self::all(sub);
        let is_whole = parts.sub.is_empty() && (0..sub.len()).all(|row| parts.has(row));
        (!is_whole).then_some(parts)
    }

    fn has(&self, row: usize) -> bool {
        self.rows & bit(row) != 0
    }

    fn sub(&self, row: usize) -> Option<&Pick> {
        self.sub.iter().find(|(at, _)| *at == row).map(|(_, pick)| pick)
    }

    fn add(&mut self, table: &'static dyn Table, path: &[usize]) {
        let Some((&row, rest)) = path.split_first() else { return };
        let Some(attribute) = table.attribute(row).filter(|a| a.returned != Returned::Never) else { return };
        let had = self.has(row);
        self.rows |= bit(row);
        let at = self.sub.iter().position(|(at, _)| *at == row);
        match (attribute.sub, at.and_then(|at| self.sub.get_mut(at))) {
            (Some(sub), Some((_, pick))) if !rest.is_empty() => pick.add(sub, rest),
            (Some(sub), None) if !rest.is_empty() && !had => {
                let mut pick = Self::of(sub, |r| r == Returned::Always, false);
                pick.add(sub, rest);
                self.sub.push((row, pick));
            }
            // The whole attribute outweighs its parts, but for those that are shown on request only.
            (_, asked) if rest.is_empty() => {
                let asked = asked.map_or(0, |(_, pick)| pick.rows);
                self.sub.retain(|(at, _)| *at != row);
                self.sub.extend(Self::parts(attribute).map(|parts| (row, Pick { rows: parts.rows | asked, ..parts })));
            }
            _ => {}
        }
    }

    fn drop(&mut self, table: &'static dyn Table, path: &[usize]) {
        let Some((&row, rest)) = path.split_first() else { return };
        let Some(attribute) = table.attribute(row) else { return };
        match attribute.sub {
            Some(sub) if !rest.is_empty() => {
                if self.sub(row).is_none() {
                    self.sub.push((row, Self::all(sub)));
                }
                if let Some((_, pick)) = self.sub.iter_mut().find(|(at, _)| *at == row) {
                    pick.drop(sub, rest);
                }
            }
            _ if attribute.returned == Returned::Always => {}
            _ => self.rows &= !bit(row),
        }
    }

    fn prune(&self, table: &'static dyn Table, object: &mut dyn Any, keep: &dyn Fn(&str) -> bool) {
        for row in 0..table.len() {
            let Some(attribute) = table.attribute(row).filter(|a| !keep(a.name)) else { continue };
            if !self.has(row) {
                table.clear(row, object);
            } else if let (Some(pick), Some(sub)) = (self.sub(row), attribute.sub) {
                if matches!(table.view(row, object), View::Absent) {
                    continue;
                }
                match table.slot(row, object) {
                    Slot::One(one) => pick.prune(sub, one.make(), &|_| false),
                    Slot::Many(items) => {
                        for k in 0..items.len() {
                            if let Some(item) = items.at_mut(k) {
                                pick.prune(sub, item, &|_| false);
                            }
                        }
                        items.drop_empty();
                    }
                    _ => {}
                }
            }
        }
        if !self.rest
            && let Some(rest) = table.rest_slot(object)
        {
            *rest = None;
        }
    }
}

/// Rows beyond the 64th are never shown; a test keeps tables below that.
fn bit(row: usize) -> u64 {
    u32::try_from(row).ok().and_then(|row| 1_u64.checked_shl(row)).unwrap_or(0)
}
