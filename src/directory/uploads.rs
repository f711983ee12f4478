//! Requests that come in many messages.

use super::Error;
use crate::{api::v1::ErrorReason, limits};
use tonic::{Code, Status};

/// Why a request of many messages ended before its end; `kept` says what stands.
pub(super) fn broken(status: &Status, kept: &str) -> Error {
    tracing::debug!(%status, "a request broke");
    too_long(status).unwrap_or_else(|| Error::new(ErrorReason::InvalidSyntax, format!("The stream broke before its end; {kept}")))
}

/// What the transport means that read a message which is larger than any may be.
pub fn too_long(status: &Status) -> Option<Error> {
    let too_long = status.code() == Code::OutOfRange && status.message().contains("decoded message length too large");
    too_long.then(|| Error::too_large("message", limits::MESSAGE_BYTES, "bytes"))
}
