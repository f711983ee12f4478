//! Why an attribute, a path, a filter or a value was refused.

use crate::api::v1::ErrorReason;
use std::fmt;

/// A refusal, with what a program needs to point at its cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeError {
    /// The contract's reason.
    pub reason: ErrorReason,
    /// The attribute or path at fault as SCIM writes it; empty when none is.
    pub path: String,
    /// One sentence for a person: what was found, what was expected, which bound. Never a value that may be secret.
    pub detail: String,
    /// The index of the PATCH operation at fault.
    pub operation: Option<usize>,
    /// The byte of the filter or path at which reading stopped.
    pub offset: Option<usize>,
    /// The bound that was exceeded, in the unit the sentence names.
    pub limit: Option<usize>,
}

/// What everything in this room answers.
pub type Result<T> = std::result::Result<T, AttributeError>;

impl AttributeError {
    /// A refusal about a path.
    pub fn new(reason: ErrorReason, path: impl Into<String>, detail: impl Into<String>) -> Self {
        AttributeError { reason, path: path.into(), detail: detail.into(), operation: None, offset: None, limit: None }
    }

    /// `INVALID_FILTER` at a byte of the expression.
    pub fn filter(offset: usize, detail: impl Into<String>) -> Self {
        AttributeError { offset: Some(offset), ..Self::new(ErrorReason::InvalidFilter, "", detail) }
    }

    /// `INVALID_PATH`.
    pub fn path(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ErrorReason::InvalidPath, path, detail)
    }

    /// `INVALID_PATH`: longer than a bound, in bytes.
    pub fn long_path(limit: usize) -> Self {
        AttributeError { limit: Some(limit), ..Self::path("path", format!("The path is longer than {limit} bytes.")) }
    }

    /// `INVALID_VALUE`: the wrong type, form or size.
    pub fn value(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ErrorReason::InvalidValue, path, detail)
    }

    /// `INVALID_VALUE`: a value to remove that has nothing at all, and would match every value there is.
    pub(super) fn says_nothing(path: &str) -> Self {
        Self::value(path, "An element of the value says nothing, and would mean every value.")
    }

    /// `INVALID_VALUE`: an object or a list that is given without anything in it. Whether nothing is to change or all is to
    /// go nobody can tell.
    pub(super) fn empty(path: impl Into<String>) -> Self {
        let path = path.into();
        let detail = format!("{path} is given without a value: give one, null, or remove what is to go.");
        Self::value(path, detail)
    }

    /// `INVALID_VALUE`: longer, deeper or more than a bound.
    pub fn bound(path: impl Into<String>, limit: usize, unit: &str) -> Self {
        let path = path.into();
        let detail = format!("{path} has more than {limit} {unit}.");
        AttributeError { limit: Some(limit), ..Self::value(path, detail) }
    }

    /// `TOO_LARGE`: the request as a whole is out of bounds.
    pub fn too_large(what: &str, limit: usize, unit: &str) -> Self {
        let detail = format!("{what} is larger than {limit} {unit}.");
        AttributeError { limit: Some(limit), ..Self::new(ErrorReason::TooLarge, what, detail) }
    }

    /// `INVALID_VALUE`: a required attribute has no value.
    pub fn required(path: &str) -> Self {
        Self::value(path, format!("{path} is required."))
    }

    /// `INVALID_SYNTAX`: the document's shape cannot be understood.
    pub fn syntax(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ErrorReason::InvalidSyntax, path, detail)
    }

    /// `MUTABILITY`.
    pub fn mutability(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ErrorReason::Mutability, path, detail)
    }

    /// `NO_TARGET`: a value filter matched nothing, or an operation has nothing to aim at.
    pub fn no_target(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ErrorReason::NoTarget, path, detail)
    }

    /// Names the PATCH operation at fault.
    #[must_use]
    pub fn in_operation(mut self, index: usize) -> Self {
        self.operation = Some(index);
        self
    }

    /// The same cause found while reading a path: `INVALID_PATH` instead of `INVALID_FILTER`.
    #[must_use]
    pub fn of_path(mut self, path: &str) -> Self {
        if self.reason == ErrorReason::InvalidFilter {
            self.reason = ErrorReason::InvalidPath;
        }
        path.clone_into(&mut self.path);
        self
    }
}

impl fmt::Display for AttributeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for AttributeError {}
