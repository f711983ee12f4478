//! A refusal in SCIM's form (RFC 7644 section 3.12), and the one table from the contract's reasons to it.

use crate::api::v1::ErrorReason;
use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// The domain of the contract's reasons.
const DOMAIN: &str = "roster.v1";
/// The schema of every error body.
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Why a request was refused: what the client sees, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    kind: Option<&'static str>,
    detail: String,
    retry_after: Option<Duration>,
    allow: Option<&'static str>,
    said: bool,
}

impl Refusal {
    /// With a status and one sentence. The sentence names fields and bounds, never a value that may be secret.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Refusal { status, kind: None, detail: detail.into(), retry_after: None, allow: None, said: false }
    }

    /// 400 with a `scimType`.
    pub fn bad(kind: &'static str, detail: impl Into<String>) -> Self {
        Refusal { kind: Some(kind), ..Refusal::new(StatusCode::BAD_REQUEST, detail) }
    }

    /// With the form a reason of the contract has.
    pub fn because(reason: ErrorReason, detail: impl Into<String>) -> Self {
        match reason {
            ErrorReason::InvalidPageToken => return Refusal::cursor(),
            ErrorReason::PageTokenExpired => return Refusal::bad("expiredCursor", "The cursor's time is over; begin again."),
            _ => {}
        }
        let (status, kind) = scim_form(reason);
        if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
            return Refusal::internal();
        }
        Refusal { kind, ..Refusal::new(status, detail) }
    }

    /// 412: the version the request names is not the current one.
    pub fn stale() -> Self {
        Refusal::because(ErrorReason::EtagMismatch, "The resource has changed: the given version is not the current one.")
    }

    /// 400 `invalidCursor`, in the same words whatever is wrong with it: a guess learns nothing.
    pub fn cursor() -> Self {
        Refusal::bad("invalidCursor", "The cursor is not one of this list.")
    }

    /// 400 `invalidSyntax`: the request's form cannot be understood.
    pub fn syntax(detail: impl Into<String>) -> Self {
        Refusal::bad("invalidSyntax", detail)
    }

    /// 400 `invalidValue`.
    pub fn value(detail: impl Into<String>) -> Self {
        Refusal::bad("invalidValue", detail)
    }

    /// 404 for whatever is not there: an endpoint, a foreign organization or an unknown one, in the same words.
    pub fn nowhere() -> Self {
        Refusal::new(StatusCode::NOT_FOUND, "There is no such endpoint.")
    }

    /// 405, with the methods that are allowed.
    pub fn method(allow: &'static str) -> Self {
        Refusal { allow: Some(allow), ..Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "The endpoint does not know this method.") }
    }

    /// 413, naming the bound.
    pub fn too_large(what: &str, limit: usize, unit: &str) -> Self {
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, format!("{what} is larger than {limit} {unit}."))
    }

    /// 501 for a part of the protocol that is not served.
    pub fn unsupported(what: &str) -> Self {
        Refusal::new(StatusCode::NOT_IMPLEMENTED, format!("{what} is not supported."))
    }

    /// 500; the log says more.
    pub fn internal() -> Self {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "A fault of the server; its log says more.")
    }

    /// Names the PATCH operation at fault, counted from 1.
    #[must_use]
    pub fn in_operation(mut self, index: usize) -> Self {
        self.detail = format!("{} (operation {})", self.detail.trim_end_matches('.'), index + 1);
        self
    }

    /// The body of the answer (RFC 7644 section 3.12).
    pub fn document(&self) -> Value {
        let mut body = json!({ "schemas": [ERROR], "status": self.status.as_str(), "detail": self.detail });
        if let (Some(kind), Some(body)) = (self.kind, body.as_object_mut()) {
            body.insert("scimType".into(), kind.into());
        }
        body
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Whether the directory knows of it, or nothing is wrong with it: what is not there is an answer.
    pub fn is_known(&self) -> bool {
        self.said || [404, 405, 412, 501].contains(&self.status.as_u16())
    }

    /// The sentence.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The `scimType`, if there is one.
    pub fn scim_type(&self) -> Option<&'static str> {
        self.kind
    }
}

/// Reason → (HTTP status, `scimType`): exhaustive, so that a new way to fail must say its SCIM form.
fn scim_form(reason: ErrorReason) -> (StatusCode, Option<&'static str>) {
    use ErrorReason as R;
    match reason {
        R::InvalidCredential => (StatusCode::UNAUTHORIZED, None),
        R::ScopeMissing | R::OrganizationDenied | R::ConnectionDisabled | R::NetworkDenied | R::OrganizationSuspended | R::Policy => {
            (StatusCode::FORBIDDEN, None)
        }
        R::NotFound => (StatusCode::NOT_FOUND, None),
        R::Uniqueness => (StatusCode::CONFLICT, Some("uniqueness")),
        R::RequestIdReused | R::TokenAlreadyIssued | R::RedundantChange | R::ImportConflict => (StatusCode::CONFLICT, None),
        R::EtagMismatch | R::RevisionUnknown | R::EpochChanged | R::ExportOutdated => (StatusCode::PRECONDITION_FAILED, None),
        R::InvalidFilter => (StatusCode::BAD_REQUEST, Some("invalidFilter")),
        R::InvalidPath => (StatusCode::BAD_REQUEST, Some("invalidPath")),
        R::InvalidValue | R::AmbiguousReference | R::InvalidToken => (StatusCode::BAD_REQUEST, Some("invalidValue")),
        R::InvalidSyntax => (StatusCode::BAD_REQUEST, Some("invalidSyntax")),
        R::Mutability | R::AttributeOwned => (StatusCode::BAD_REQUEST, Some("mutability")),
        R::NoTarget => (StatusCode::BAD_REQUEST, Some("noTarget")),
        R::InvalidPageToken | R::RevisionCompacted => (StatusCode::BAD_REQUEST, Some("invalidCursor")),
        R::PageTokenExpired => (StatusCode::BAD_REQUEST, Some("expiredCursor")),
        R::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, None),
        R::TooMany | R::ResponseTooLarge => (StatusCode::BAD_REQUEST, Some("tooMany")),
        R::Rate => (StatusCode::TOO_MANY_REQUESTS, None),
        R::StoreUnavailable | R::Held | R::StreamEnded | R::DeadlineExceeded => (StatusCode::SERVICE_UNAVAILABLE, None),
        R::Unspecified | R::Internal | R::UnknownMethod => (StatusCode::INTERNAL_SERVER_ERROR, None),
    }
}

/// What a status without a reason of ours means: the way to a remote directory failed, or tonic itself refused.
/// Its text is a library's, so it is never passed on.
fn without_reason(code: Code) -> Refusal {
    match code {
        Code::Unauthenticated => Refusal::new(StatusCode::UNAUTHORIZED, "The credential is missing or not accepted."),
        Code::PermissionDenied => Refusal::new(StatusCode::FORBIDDEN, "The credential does not admit to this."),
        Code::NotFound => Refusal::new(StatusCode::NOT_FOUND, "No such resource."),
        Code::InvalidArgument => Refusal::value("The directory refused the request."),
        Code::OutOfRange | Code::ResourceExhausted => {
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "The request is larger than the directory takes at once.")
        }
        Code::Unimplemented => Refusal::unsupported("This operation"),
        // Unknown is what a connection that broke in the middle is to a client.
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Aborted | Code::Unknown => {
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "The directory cannot be reached or is busy; send the same request again.")
        }
        _ => Refusal::internal(),
    }
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info().filter(|info| info.domain == DOMAIN);
        let reason = info.and_then(|info| ErrorReason::from_str_name(&format!("ERROR_REASON_{}", info.reason)));
        let mut refusal = match reason {
            Some(reason) => Refusal::because(reason, status.message()),
            None => without_reason(status.code()),
        };
        refusal.said = true;
        if matches!(refusal.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            let delay = details.retry_info().and_then(|retry| retry.retry_delay);
            refusal.retry_after = Some(delay.unwrap_or(Duration::from_secs(1)));
        }
        refusal
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.document().to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(super::respond::SCIM_JSON));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(delay) = self.retry_after {
            // Whole seconds, never less than asked for.
            headers.insert(header::RETRY_AFTER, HeaderValue::from(delay.as_secs() + u64::from(delay.subsec_nanos() > 0)));
        }
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{self, Error};
    use http_body_util::BodyExt as _;

    async fn body(refusal: Refusal) -> (StatusCode, header::HeaderMap, serde_json::Value) {
        let (parts, body) = refusal.into_response().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn an_error_says_its_status_as_text_and_its_type() {
        let (status, headers, body) = body(Status::from(Error::taken("userName")).into()).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert_eq!(headers[header::CONTENT_TYPE], "application/scim+json");
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": "409", "scimType": "uniqueness", "detail": "userName is held by another resource."
        });
        assert_eq!(body, expected);
    }

    #[tokio::test]
    async fn a_missing_credential_is_challenged() {
        let (status, headers, body) = body(Status::from(Error::unauthenticated()).into()).await;
        assert_eq!((status, body["status"].as_str()), (StatusCode::UNAUTHORIZED, Some("401")));
        assert_eq!(headers[header::WWW_AUTHENTICATE], "Bearer");
    }

    #[tokio::test]
    async fn a_store_out_of_reach_asks_to_come_back() {
        let (status, headers, _) = body(Status::from(Error::unavailable()).into()).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(headers[header::RETRY_AFTER], "1");
    }

    #[tokio::test]
    async fn too_many_requests_say_when_to_come_back() {
        let (status, headers, body) = body(Status::from(Error::new(ErrorReason::Rate, "Too many requests.")).into()).await;
        assert_eq!((status, body["status"].as_str()), (StatusCode::TOO_MANY_REQUESTS, Some("429")));
        assert_eq!((headers[header::RETRY_AFTER].to_str().unwrap(), &body["schemas"][0]), ("1", &json!(ERROR)));
    }

    #[test]
    fn a_library_s_text_is_never_passed_on() {
        for code in 0..=16 {
            let refusal = Refusal::from(Status::new(Code::from_i32(code), "connection refused: db.internal:5432"));
            assert!(!refusal.detail().contains("db.internal"), "{code}");
        }
        let fault = Error::new(ErrorReason::Internal, "connection refused: db.internal");
        assert_eq!(Refusal::from(Status::from(fault)).document(), Refusal::internal().document());
        assert_eq!(DOMAIN, directory::DOMAIN);
    }

    #[test]
    fn a_cursor_is_refused_in_words_of_its_own() {
        let refusal = |reason| Refusal::from(Status::from(Error::new(reason, "The page token is not one of this list.")));
        assert_eq!(refusal(ErrorReason::InvalidPageToken).document(), Refusal::cursor().document());
        let expired = refusal(ErrorReason::PageTokenExpired);
        assert_eq!((expired.status(), expired.scim_type()), (StatusCode::BAD_REQUEST, Some("expiredCursor")));
        assert!(!expired.detail().contains("token"));
    }

    #[test]
    fn every_reason_has_an_http_status_of_a_refusal() {
        for number in 0..=64 {
            if let Ok(reason) = ErrorReason::try_from(number) {
                let (status, kind) = scim_form(reason);
                assert!(status.is_client_error() || status.is_server_error());
                assert!(kind.is_none() || matches!(status, StatusCode::BAD_REQUEST | StatusCode::CONFLICT));
            }
        }
    }
}
