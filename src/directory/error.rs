//! Why a call was refused, written for the caller.
//!
//! The reasons are the contract's own ([`ErrorReason`]); the one exhaustive table from reason to gRPC code is
//! here, the one from reason to SCIM status in `scim/error.rs`. Never a driver's text, never another tenant's
//! existence, never a secret.

use super::words;
use crate::api::v1::ErrorReason;
use crate::attributes::AttributeError;
use std::{collections::HashMap, fmt, time::Duration};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// When what is unavailable may be there again, unless something better is known.
const RETRY: Duration = Duration::from_secs(1);

/// The domain of every `ErrorInfo`.
pub const DOMAIN: &str = "roster.v1";

/// A refusal: its reason, a sentence, and what the reason's comment in the contract promises as metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The stable reason.
    pub reason: ErrorReason,
    /// One sentence for a person. It names the field and the bound, never a value that may be secret.
    pub detail: String,
    /// The request field at fault, in the contract's words; empty when none is.
    pub field: String,
    /// Whether the field is one of a part of the request: who reads that part says where it is, by [`Error::inside`].
    pub relative: bool,
    /// What programs read; the keys of a reason never change.
    pub metadata: Vec<(&'static str, String)>,
    /// How long to wait before the same call is sent again, for what is `UNAVAILABLE`.
    pub retry_after: Duration,
}

/// What everything in the directory answers.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A refusal without field and metadata.
    pub fn new(reason: ErrorReason, detail: impl Into<String>) -> Self {
        Error { reason, detail: detail.into(), field: String::new(), relative: false, metadata: Vec::new(), retry_after: RETRY }
    }

    /// Names the request field at fault.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = field.into();
        self.relative = false;
        self
    }

    /// Names the field of a part of the request; an empty one means the part itself.
    #[must_use]
    pub fn at_part(self, field: impl Into<String>) -> Self {
        Error { relative: true, ..self.at(field) }
    }

    /// Says where in the request the part is, unless the field at fault is another one.
    #[must_use]
    pub fn inside(self, part: &str) -> Self {
        match (self.relative, self.field.as_str()) {
            (false, _) => self,
            (true, "") => self.at(part),
            (true, field) => {
                let field = format!("{part}.{field}");
                self.at(field)
            }
        }
    }

    /// Names this field, where a part of the request is at fault that comes of it.
    #[must_use]
    pub fn because_of(self, field: &str) -> Self {
        if self.relative { self.at(field) } else { self }
    }

    /// Adds what programs read.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.metadata.push((key, value.into()));
        self
    }

    /// Says when to send the same call again.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.retry_after = delay;
        self
    }

    /// No credential, or none that is good. One sentence for every cause.
    pub fn unauthenticated() -> Self {
        Error::new(ErrorReason::InvalidCredential, "The credential is missing, malformed, unknown, expired or revoked.")
    }

    /// The caller lacks the method's scope.
    pub fn scope_missing(scope: &str) -> Self {
        Error::new(ErrorReason::ScopeMissing, format!("The credential lacks the scope {scope}.")).with("scope", scope)
    }

    /// Another organization than the caller's, whether it exists or not.
    pub fn organization_denied() -> Self {
        Error::new(ErrorReason::OrganizationDenied, "The credential does not admit to this organization.").at("organization_id")
    }

    /// A required field that is absent or empty.
    pub fn missing(field: &str) -> Self {
        Error::new(ErrorReason::InvalidValue, format!("{field} is required.")).at(field).with("attribute", field)
    }

    /// Nothing with this id in this organization; foreign ids answer the same.
    pub fn not_found(resource: &'static str) -> Self {
        Error::new(ErrorReason::NotFound, format!("No such {resource}.")).with("resource", resource)
    }

    /// Another resource holds the value.
    pub fn taken(attribute: &str) -> Self {
        Error::new(ErrorReason::Uniqueness, format!("{attribute} is held by another resource.")).at(attribute).with("attribute", attribute)
    }

    /// A value with the wrong type, form or size.
    pub fn value(attribute: impl Into<String>, detail: impl Into<String>) -> Self {
        let attribute = attribute.into();
        Error::new(ErrorReason::InvalidValue, detail).at(attribute.clone()).with("attribute", attribute)
    }

    /// More than a bound allows.
    pub fn too_large(field: &str, limit: usize, unit: &str) -> Self {
        Error::new(ErrorReason::TooLarge, format!("{field} is larger than {limit} {unit}."))
            .at(field)
            .with("bound", field)
            .with("limit", limit.to_string())
    }

    /// The precondition's etag is not the current one; that is told, unless the resource was not there before the request.
    pub fn stale(current: Option<String>) -> Self {
        let error = Error::new(ErrorReason::EtagMismatch, "The resource has changed: the given version is not the current one.");
        match current {
            Some(etag) => error.with("etag", etag),
            None => error,
        }
    }

    /// The store cannot answer now; the same call may be sent again.
    pub fn unavailable() -> Self {
        Error::new(ErrorReason::StoreUnavailable, "The store cannot be reached or is busy; send the same call again.")
    }

    /// A fault of our own; the log has the cause.
    pub fn internal() -> Self {
        Error::new(ErrorReason::Internal, "A fault of the server; the log says more under this request's id.")
    }

    /// A refusal of what a field mask does: of its paths, or of a value of the resource.
    pub fn of_mask(refused: AttributeError) -> Self {
        use ErrorReason as R;
        let error = Error::from(refused);
        if matches!(error.reason, R::InvalidPath | R::Mutability | R::NoTarget) { error.at("update_mask") } else { error }
    }

    /// The gRPC code of the reason: the one table.
    pub fn code(&self) -> Code {
        use ErrorReason as R;
        match self.reason {
            R::InvalidCredential => Code::Unauthenticated,
            R::ScopeMissing | R::OrganizationDenied | R::ConnectionDisabled | R::NetworkDenied => Code::PermissionDenied,
            R::OrganizationSuspended | R::RedundantChange | R::Policy | R::AttributeOwned => Code::FailedPrecondition,
            R::NotFound => Code::NotFound,
            R::Uniqueness | R::RequestIdReused | R::TokenAlreadyIssued | R::ImportConflict => Code::AlreadyExists,
            R::EtagMismatch => Code::Aborted,
            R::InvalidFilter
            | R::InvalidPath
            | R::InvalidValue
            | R::InvalidSyntax
            | R::Mutability
            | R::NoTarget
            | R::AmbiguousReference
            | R::InvalidPageToken
            | R::TooLarge
            | R::TooMany
            | R::InvalidToken => Code::InvalidArgument,
            R::ResponseTooLarge | R::Rate => Code::ResourceExhausted,
            R::PageTokenExpired | R::RevisionUnknown | R::EpochChanged | R::RevisionCompacted | R::ExportOutdated => Code::OutOfRange,
            R::StoreUnavailable | R::Held | R::StreamEnded => Code::Unavailable,
            R::UnknownMethod => Code::Unimplemented,
            R::DeadlineExceeded => Code::DeadlineExceeded,
            R::Unspecified | R::Internal => Code::Internal,
        }
    }

    /// The reason's name as `ErrorInfo.reason` carries it.
    pub fn reason_name(&self) -> &'static str {
        self.reason.as_str_name().trim_start_matches("ERROR_REASON_")
    }

    /// Field 1 of a batch result: the same refusal as a `google.rpc.Status`.
    pub fn to_rpc(&self) -> crate::api::rpc::Status {
        use prost::Message as _;
        let status = Status::from(self.clone());
        // The details are an encoded google.rpc.Status already.
        crate::api::rpc::Status::decode(status.details()).unwrap_or_else(|_| crate::api::rpc::Status {
            code: self.code() as i32,
            message: self.detail.clone(),
            details: Vec::new(),
        })
    }
}

/// The attribute language's refusals carry their own reasons; here they get the metadata the contract promises.
impl From<AttributeError> for Error {
    fn from(refused: AttributeError) -> Self {
        use ErrorReason as R;
        let AttributeError { reason, path, detail, operation, offset, limit } = refused;
        let mut error = Error::new(reason, detail);
        let name = match reason {
            R::InvalidPath | R::NoTarget => Some("path"),
            R::InvalidValue | R::Mutability => Some("attribute"),
            R::InvalidSyntax => Some("field"),
            R::TooLarge => Some("bound"),
            _ => None,
        };
        // A path is told also if it is empty.
        if let Some(name) = name.filter(|name| *name == "path" || !path.is_empty()) {
            error = error.with(name, path.clone());
        }
        if let (R::TooLarge, Some(limit)) = (reason, limit) {
            error = error.with("limit", limit.to_string());
        }
        if let Some(offset) = offset {
            error = error.with("offset", offset.to_string());
        }
        match (operation, reason) {
            (Some(index), _) => error.with("operation", index.to_string()).at(format!("operations[{index}]")),
            (None, R::InvalidFilter) => error.at("filter"),
            (None, _) => error.at_part(words::of(&path)),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Error {}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let metadata: HashMap<String, String> = error.metadata.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
        let mut details = ErrorDetails::with_error_info(error.reason_name(), DOMAIN, metadata);
        match error.code() {
            Code::InvalidArgument if !error.field.is_empty() => {
                details.add_bad_request_violation(error.field.clone(), error.detail.clone());
            }
            Code::NotFound => {
                let resource = error.metadata.iter().find(|(k, _)| *k == "resource").map_or("", |(_, v)| v);
                details.set_resource_info(resource, "", "", error.detail.clone());
            }
            Code::Aborted | Code::FailedPrecondition => {
                details.add_precondition_failure_violation(error.reason_name(), error.field.clone(), error.detail.clone());
            }
            Code::Unavailable | Code::ResourceExhausted if error.reason != ErrorReason::ResponseTooLarge => {
                details.set_retry_info(Some(error.retry_after));
            }
            _ => {}
        }
        Status::with_error_details(error.code(), error.detail, details)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_the_attribute_language_carry_the_metadata_the_contract_promises() {
        let of = |refused: AttributeError| {
            let error = Error::from(refused);
            (error.reason_name(), error.field.clone(), error.metadata.clone())
        };
        let pairs = |pairs: &[(&'static str, &str)]| pairs.iter().map(|(k, v)| (*k, (*v).to_owned())).collect::<Vec<_>>();
        assert_eq!(of(AttributeError::filter(7, "x")), ("INVALID_FILTER", "filter".into(), pairs(&[("offset", "7")])));
        assert_eq!(
            of(AttributeError::path("shoe", "x").in_operation(2)),
            ("INVALID_PATH", "operations[2]".into(), pairs(&[("path", "shoe"), ("operation", "2")]))
        );
        assert_eq!(of(AttributeError::required("userName")), ("INVALID_VALUE", "user_name".into(), pairs(&[("attribute", "userName")])));
        assert_eq!(
            of(AttributeError::mutability("id", "x").in_operation(0)),
            ("MUTABILITY", "operations[0]".into(), pairs(&[("attribute", "id"), ("operation", "0")]))
        );
        assert_eq!(
            of(AttributeError::too_large("resource", 9, "bytes")),
            ("TOO_LARGE", String::new(), pairs(&[("bound", "resource"), ("limit", "9")]))
        );
    }
}
