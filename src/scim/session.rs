//! One request's caller, as the directory tells it, and the way to call on the caller's behalf.

use super::{Facade, error::Refusal, operations::Rules, profiles::Tolerances};
use crate::{
    access,
    api::v1::{self, connection::UnknownAttributes},
    attributes::ResourceType,
};
use axum::http::{HeaderMap, HeaderName, StatusCode, header, request::Parts};
use tonic::metadata::MetadataMap;

/// The key of the reserved organization that owns the others.
const SYSTEM: &str = "system";

/// The headers that travel on to the directory: the caller's own credential and the trace. Nothing else does.
const FORWARDED: [HeaderName; 3] = [header::AUTHORIZATION, HeaderName::from_static("traceparent"), HeaderName::from_static("tracestate")];

/// What every handler needs to know of its caller. It decides no access: the directory does, at each call.
#[derive(Debug, Clone)]
pub struct Session {
    /// The organization's id.
    pub organization: String,
    /// The caller's connection, empty for a service account; it picks whose `externalId` is meant.
    pub connection: String,
    /// The base URL of what is rendered, without a slash at its end.
    pub base: String,
    /// The tolerances of the connection's profile.
    pub tolerances: Tolerances,
    /// What becomes of attributes no schema knows: the connection's policy, or its profile's.
    pub unknown: UnknownAttributes,
    forwarded: Forwarded,
}

/// What a call carries on behalf of the caller.
#[derive(Debug, Clone)]
struct Forwarded {
    metadata: HeaderMap,
    extensions: tonic::Extensions,
}

impl Forwarded {
    fn of(parts: &Parts) -> Self {
        let mut metadata = HeaderMap::new();
        for name in FORWARDED {
            for value in parts.headers.get_all(&name) {
                metadata.append(name.clone(), value.clone());
            }
        }
        let mut extensions = tonic::Extensions::new();
        access::carry(&parts.extensions, &mut extensions);
        Forwarded { metadata, extensions }
    }

    fn call<T>(&self, message: T) -> tonic::Request<T> {
        tonic::Request::from_parts(MetadataMap::from_headers(self.metadata.clone()), self.extensions.clone(), message)
    }
}

impl Session {
    /// Asks the directory who calls, and holds the path's organization against the caller's.
    ///
    /// # Errors
    /// What the directory answers to the credential; 404 for an organization that is not the caller's, in the same words
    /// whether it exists or not.
    pub async fn open(facade: &Facade, parts: &Parts, segment: Option<&str>) -> Result<Session, Refusal> {
        let forwarded = Forwarded::of(parts);
        let caller = facade.provisioning.get_caller(forwarded.call(v1::GetCallerRequest {})).await?.into_inner();
        let organization = caller.organization.unwrap_or_default();
        // The administrator's token lies beside the provider's in one file; pasted here it would provision nobody's directory.
        if organization.key == SYSTEM {
            let detail = "This token administers the server and has no users to provision; use a token of a connection.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, detail));
        }
        if segment.is_some_and(|segment| segment != organization.id && segment != organization.key) {
            return Err(Refusal::nowhere());
        }
        let connection = caller.connection.unwrap_or_default();
        let tolerances = Tolerances::of(&connection.profile);
        Ok(Session {
            organization: organization.id,
            connection: caller.connection_id,
            base: facade.base(segment),
            tolerances,
            unknown: match connection.unknown_attributes() {
                UnknownAttributes::Unspecified if tolerances == Tolerances::STRICT => UnknownAttributes::Reject,
                given => given,
            },
            forwarded,
        })
    }

    /// A call on behalf of the caller.
    pub fn call<T>(&self, message: T) -> tonic::Request<T> {
        self.forwarded.call(message)
    }

    /// What a PATCH or a filter of a resource type is read by.
    pub fn rules(&self, kind: ResourceType) -> Rules {
        Rules { kind, tolerances: self.tolerances, unknown: self.unknown }
    }

    /// The URL of a resource below an endpoint such as `Users`.
    pub fn url(&self, endpoint: &str, id: &str) -> String {
        format!("{}/{endpoint}/{id}", self.base)
    }
}
