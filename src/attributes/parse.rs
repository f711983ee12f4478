//! SCIM JSON to a message, streaming: no value tree, names caseless, duplicates refused.

use super::Context;
use super::error::{AttributeError, Result};
use crate::api::v1::{Group, PrincipalRef, User};
use serde::Deserializer;

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
}

/// Reads a user. The caller checks that the document ends there.
///
/// # Errors
/// `INVALID_SYNTAX` when it is no object or names an attribute twice; `INVALID_VALUE` naming the attribute whose
/// value has the wrong type or nests too deep.
pub fn parse_user<'de, D: Deserializer<'de>>(_json: D, _cx: &Context<'_>, _leniency: Leniency) -> Result<Parsed<User>> {
    Err(AttributeError::syntax("", "Documents are not read yet."))
}

/// Reads a group.
///
/// # Errors
/// As [`parse_user`].
pub fn parse_group<'de, D: Deserializer<'de>>(_json: D, _cx: &Context<'_>, _leniency: Leniency) -> Result<Parsed<Group>> {
    Err(AttributeError::syntax("", "Documents are not read yet."))
}
