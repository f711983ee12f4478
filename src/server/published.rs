//! The contract for whoever generates a client: its files, its descriptors, and what a client may repeat by itself.
//!
//! They tell no more than reflection does, so they are told to anybody.

use crate::api;
use axum::{
    Router,
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};

/// `/proto/`: a list of what is there, one path a line; and each of these.
pub(super) fn router() -> Router {
    Router::new().route("/proto/", get(list)).route("/proto/{*name}", get(file))
}

const DESCRIPTORS: &str = "roster.binpb";
const SERVICE_CONFIG: &str = "service_config.json";

async fn list() -> Response {
    let names = [DESCRIPTORS, SERVICE_CONFIG].into_iter().chain(api::SOURCES.iter().map(|(name, _)| *name));
    text(names.flat_map(|name| ["/proto/", name, "\n"]).collect::<String>())
}

async fn file(Path(name): Path<String>) -> Response {
    match name.as_str() {
        DESCRIPTORS => ([(header::CONTENT_TYPE, "application/x-protobuf")], api::DESCRIPTORS).into_response(),
        SERVICE_CONFIG => ([(header::CONTENT_TYPE, "application/json")], api::SERVICE_CONFIG).into_response(),
        name => match api::SOURCES.iter().find(|(known, _)| *known == name) {
            Some((_, source)) => text(*source),
            None => (StatusCode::NOT_FOUND, text("There is no such file; /proto/ lists those that are.\n")).into_response(),
        },
    }
}

fn text(body: impl Into<axum::body::Body>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body.into()).into_response()
}
