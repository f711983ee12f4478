//! A SCIM client as identity providers have one: HTTP, JSON, one base URL, one token.

use reqwest::{
    Client, Method, RequestBuilder,
    header::{CONTENT_TYPE, HeaderMap},
};
use serde_json::{Value, json};
use std::{sync::Once, time::Duration};

pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
pub const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
pub const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
pub const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
pub const BULK_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";
pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// A base URL and a token.
#[derive(Clone)]
pub struct Scim {
    http: Client,
    pub base: String,
    token: String,
}

/// What came back; the body is `null` if there was none.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

/// An HTTP client that trusts what it is told to, and nothing else.
pub fn http() -> reqwest::ClientBuilder {
    static PROVIDER: Once = Once::new();
    // Whoever was first has the same provider.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    // The server closes a connection that says nothing for ten seconds; a busy machine must not find one at that moment.
    Client::builder().redirect(reqwest::redirect::Policy::none()).pool_idle_timeout(Duration::from_secs(4))
}

impl Scim {
    pub fn new(base: &str, token: &str) -> Self {
        Scim { http: http().build().unwrap(), base: base.trim_end_matches('/').to_owned(), token: token.to_owned() }
    }

    /// The same base with another token; none if it is empty.
    pub fn with_token(&self, token: &str) -> Self {
        Scim { token: token.to_owned(), ..self.clone() }
    }

    /// The same token at another base.
    pub fn at(&self, base: &str) -> Self {
        Scim { base: base.to_owned(), ..self.clone() }
    }

    /// A request to finish by hand. `path` begins with `/`.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        if self.token.is_empty() { request } else { request.bearer_auth(&self.token) }
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    /// A list, the query's values encoded.
    pub async fn list(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        send(self.request(Method::GET, path).query(query)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        send(with_body(self.request(Method::POST, path), body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        send(with_body(self.request(Method::PUT, path), body)).await
    }

    /// A PATCH with these operations.
    pub async fn patch(&self, path: &str, operations: &Value) -> Answer {
        send(with_body(self.request(Method::PATCH, path), &json!({"schemas": [PATCH], "Operations": operations}))).await
    }

    /// A bulk request with these operations.
    pub async fn bulk(&self, operations: &Value) -> Answer {
        self.post("/Bulk", &json!({"schemas": [BULK_REQUEST], "Operations": operations})).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    /// The same, only if the version is one of these.
    pub async fn patch_if_match(&self, path: &str, etag: &str, operations: &Value) -> Answer {
        let request = self.request(Method::PATCH, path).header("if-match", etag);
        send(with_body(request, &json!({"schemas": [PATCH], "Operations": operations}))).await
    }
}

/// With a JSON body of the SCIM media type.
pub fn with_body(request: RequestBuilder, body: &Value) -> RequestBuilder {
    request.header(CONTENT_TYPE, "application/scim+json; charset=utf-8").body(body.to_string())
}

/// Sends it and reads the whole answer. A server that answers 5xx or none at all fails the story, whatever it asked.
pub async fn send(request: RequestBuilder) -> Answer {
    let answer = request.send().await.expect("the server answers");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let text = answer.text().await.expect("the answer is whole");
    let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or_else(|e| panic!("{status} {e}: {text}")) };
    // 501 says truly that a part of the protocol is not served.
    assert!(status < 500 || status == 501, "{status}: {body}");
    if !body.is_null() {
        let media = headers.get(CONTENT_TYPE).map_or("", |v| v.to_str().unwrap());
        assert!(media.starts_with("application/scim+json"), "{status} with {media:?}: {body}");
    }
    Answer { status, headers, body }
}

impl Answer {
    /// The body of an answer with this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// Asserts a SCIM error with this status and scimType (`""` = none), and returns its detail.
    #[track_caller]
    pub fn is_error(&self, status: u16, scim_type: &str) -> String {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.body["schemas"], json!([ERROR]), "{}", self.body);
        assert_eq!(self.body["status"], json!(status.to_string()), "the status is text: {}", self.body);
        assert_eq!(self.body.get("scimType").and_then(Value::as_str).unwrap_or(""), scim_type, "{}", self.body);
        let detail = self.body["detail"].as_str().unwrap_or_default().to_owned();
        assert!(!detail.is_empty(), "an error says what is wrong: {}", self.body);
        detail
    }

    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("{name} is missing: {:?}", self.headers)).to_str().unwrap()
    }

    #[track_caller]
    pub fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_else(|| panic!("{} {}", self.status, self.body)).to_owned()
    }
}
