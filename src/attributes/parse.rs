//! SCIM JSON to a message, streaming: no value tree, names caseless, duplicates refused. The reading itself is in
//! [`super::read`], which PATCH shares.

use super::Context;
use super::error::{AttributeError, Result};
pub use super::read::Gather;
use super::read::{Document, State};
use super::row::Table;
use super::spoken::spoken;
use super::table::{GROUP, USER};
use crate::api::v1::{Group, PrincipalRef, User};
use serde::Deserializer;
use serde::de::DeserializeSeed as _;
use std::any::Any;

/// What is tolerated beyond the RFC; each has clients that need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a tolerance of its own")]
pub struct Leniency {
    /// `"True"` where a boolean stands.
    pub text_booleans: bool,
    /// One object where a list stands, and a list of one where one value stands.
    pub one_for_many: bool,
    /// `""` means no value.
    pub empty_is_absent: bool,
    /// A text where an object with a `value` stands.
    pub text_for_value: bool,
}

/// How often each was made use of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tolerated {
    /// Of [`Leniency::text_booleans`].
    pub text_booleans: u32,
    /// Of [`Leniency::one_for_many`].
    pub one_for_many: u32,
    /// Of [`Leniency::empty_is_absent`].
    pub empty_is_absent: u32,
    /// Of [`Leniency::text_for_value`].
    pub text_for_value: u32,
}

impl Default for Leniency {
    fn default() -> Self {
        Leniency { text_booleans: true, one_for_many: true, empty_is_absent: true, text_for_value: true }
    }
}

impl Leniency {
    /// The RFC to the letter.
    pub fn strict() -> Self {
        Leniency { text_booleans: false, one_for_many: false, empty_is_absent: false, text_for_value: false }
    }

    /// What PATCH values may be: shapes are forgiven, types are not.
    pub(super) fn patch() -> Self {
        Leniency { text_booleans: false, ..Self::default() }
    }
}

/// What a document held.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed<M> {
    /// The message; read-only attributes of the document are ignored.
    pub resource: M,
    /// The clear-text password.
    pub password: Option<String>,
    /// `schemas`, as sent.
    pub schemas: Vec<String>,
    /// Names that no attribute has; at most 64.
    pub unknown: Vec<String>,
    /// `members`; `None` when the document has none.
    pub members: Option<Vec<PrincipalRef>>,
    /// What was tolerated on the way.
    pub tolerated: Tolerated,
}

/// Reads a user. The caller checks that the document ends there.
///
/// # Errors
/// `INVALID_SYNTAX` when it is no object or names an attribute twice; `INVALID_VALUE` naming the attribute whose
/// value has the wrong type or nests too deep.
pub fn parse_user<'de, D: Deserializer<'de>>(json: D, cx: &Context<'_>, leniency: Leniency) -> Result<Parsed<User>> {
    parse(&USER, json, State::new(*cx, leniency))
}

/// Reads a group.
///
/// # Errors
/// As [`parse_user`].
pub fn parse_group<'de, D: Deserializer<'de>>(json: D, cx: &Context<'_>, leniency: Leniency) -> Result<Parsed<Group>> {
    parse(&GROUP, json, State::new(*cx, leniency))
}

/// Reads a group and hands over its members one by one, so that they need not be held. Of these the result has none.
///
/// # Errors
/// As [`parse_user`], and what `gather` refuses.
pub fn parse_group_with<'c, 'de, D: Deserializer<'de>>(
    json: D,
    cx: &Context<'c>,
    leniency: Leniency,
    gather: &'c mut Gather<'c>,
) -> Result<Parsed<Group>> {
    let mut state = State::new(*cx, leniency);
    state.gather = Some(gather);
    parse(&GROUP, json, state)
}

fn parse<'de, D: Deserializer<'de>, M: Any + Default>(table: &'static dyn Table, json: D, mut state: State<'_>) -> Result<Parsed<M>> {
    let mut resource = M::default();
    let read = Document { table, object: &mut resource, state: &mut state, root: true }.deserialize(json);
    if let Err(error) = read {
        // Where serde's own error is all there is, the text was no JSON.
        return Err(state
            .refused()
            .unwrap_or_else(|| AttributeError::syntax("", format!("The document cannot be read: {}.", spoken(&error)))));
    }
    let State { password, schemas, unknown, members, tolerated, .. } = state;
    Ok(Parsed { resource, password, schemas, unknown, members, tolerated })
}
