//! Building answers: media type, version, location, revision.

use super::error::Refusal;
use crate::api::v1;
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use http_body::Body as _;
use std::convert::Infallible;

/// The media type of every answer.
pub const SCIM_JSON: &str = "application/scim+json";
/// The media type for clients that accept nothing else.
const JSON: &str = "application/json";
/// The header that says the organization's revision an answer was read at or made.
const REVISION: HeaderName = HeaderName::from_static("roster-revision");
/// The same as a token: to be sent back as [`super::session::FRESH`], or as `Consistency.at_least_as_fresh` over gRPC.
const REVISION_TOKEN: HeaderName = HeaderName::from_static("roster-revision-token");

/// An answer being built.
#[derive(Debug)]
pub struct Answer(Response);

impl Answer {
    /// An answer without a body.
    pub fn empty(status: StatusCode) -> Self {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        Answer(response)
    }

    /// An answer with a SCIM document.
    pub fn document(status: StatusCode, body: impl Into<Body>) -> Self {
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(SCIM_JSON));
        Answer(response)
    }

    /// With the resource's version.
    #[must_use]
    pub fn version(self, etag: &str) -> Self {
        self.header(header::ETAG, etag)
    }

    /// With the place of a resource that was made.
    #[must_use]
    pub fn location(self, url: &str) -> Self {
        self.header(header::LOCATION, url)
    }

    /// With the place of the resource that is shown.
    #[must_use]
    pub fn content_location(self, url: &str) -> Self {
        self.header(header::CONTENT_LOCATION, url)
    }

    /// With the revision it was read at or made.
    #[must_use]
    pub fn revision(mut self, revision: Option<&v1::Revision>) -> Self {
        let Some(revision) = revision else { return self };
        self.0.headers_mut().insert(REVISION, HeaderValue::from(revision.number));
        self.header(REVISION_TOKEN, &revision.token)
    }

    /// A value with a control character in it is left out, never passed on.
    fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers_mut().insert(name, value);
        }
        self
    }
}

impl From<Answer> for Response {
    fn from(answer: Answer) -> Response {
        answer.0
    }
}

/// Turns the media type into plain JSON for a client that accepts nothing else.
pub fn as_accepted(request: &HeaderMap, response: &mut Response) {
    let is_scim = response.headers().get(header::CONTENT_TYPE).is_some_and(|v| v == SCIM_JSON);
    if is_scim && accepts_only_json(request) {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    }
}

fn accepts_only_json(headers: &HeaderMap) -> bool {
    let mut json = false;
    for value in headers.get_all(header::ACCEPT).iter().filter_map(|v| v.to_str().ok()) {
        for range in value.split(',') {
            let media = range.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
            match media.as_str() {
                "application/json" => json = true,
                "application/scim+json" | "application/*" | "*/*" => return false,
                _ => {}
            }
        }
    }
    json
}

/// The answer to HEAD: the headers of the same GET, the length of its body where that is known.
pub fn without_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let body = match body.size_hint().exact() {
        Some(length) => {
            parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            Body::empty()
        }
        // Of unknown length, as the body would have been; an empty one would be said to have none.
        None => Body::from_stream(tokio_stream::empty::<Result<Bytes, Infallible>>()),
    };
    Response::from_parts(parts, body)
}

/// A JSON document as an answer.
pub fn json(status: StatusCode, document: &serde_json::Value) -> Response {
    Answer::document(status, document.to_string()).into()
}

/// What a handler gives back.
pub type Outcome = Result<Response, Refusal>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_json_is_for_clients_that_accept_nothing_else() {
        let answer = |accept: &'static str| {
            let request = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            let mut response = json(StatusCode::OK, &serde_json::json!({}));
            as_accepted(&request, &mut response);
            response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned()
        };
        assert_eq!(answer("application/json"), JSON);
        assert_eq!(answer("application/json;q=0.9, text/html"), JSON);
        for accept in ["application/scim+json", "application/json, application/scim+json", "*/*", "text/html"] {
            assert_eq!(answer(accept), SCIM_JSON, "{accept}");
        }
    }

    #[test]
    fn a_head_says_the_length_only_where_it_is_known() {
        let whole = without_body(json(StatusCode::OK, &serde_json::json!({})));
        assert_eq!((whole.headers()[header::CONTENT_LENGTH].to_str().unwrap(), whole.body().size_hint().exact()), ("2", Some(0)));
        let stream = Body::from_stream(tokio_stream::once(Ok::<_, Infallible>(Bytes::from("{}"))));
        let streamed = without_body(Answer::document(StatusCode::OK, stream).into());
        assert!(streamed.headers().get(header::CONTENT_LENGTH).is_none() && streamed.body().size_hint().exact().is_none());
    }

    #[test]
    fn a_control_character_never_reaches_a_header() {
        let response: Response = Answer::empty(StatusCode::OK).location("https://x/\r\nX-Evil: 1").into();
        assert!(response.headers().get(header::LOCATION).is_none());
    }
}
