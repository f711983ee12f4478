//! What a browser has to be told before it lets a page call the gRPC face (Fetch standard, CORS protocol).

use super::REQUEST_ID;
use crate::{config::Origins, limits};
use http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// How a call went, where it is said in headers: gRPC-Web does so when there is no message.
const TOLD: [HeaderName; 4] = [
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status-details-bin"),
    REQUEST_ID,
];

/// Lets pages of these origins call, with whatever metadata, and read how it went. A credential is never sent by the browser
/// of its own accord: it is a header that the page writes.
pub(super) fn cors(origins: &Origins) -> CorsLayer {
    let origins = match origins {
        Origins::Any => AllowOrigin::any(),
        Origins::These(origins) => AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok())),
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(TOLD)
        .max_age(limits::PREFLIGHT_LIFE)
}
