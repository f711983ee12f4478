//! One request's caller, as the directory tells it, and the way to call on the caller's behalf.

use super::{
    Facade,
    error::Refusal,
    operations::Rules,
    path::Target,
    profiles::{Leeway, Noted, Tolerance, Tolerances},
    provider,
};
use crate::{
    access,
    api::v1::{
        self,
        connection::{AllowedAction, UnknownAttributes},
    },
    attributes::{ResourceType, Schemas},
    limits,
    telemetry::{self, Served},
    tolerances,
};
use axum::http::{HeaderMap, HeaderName, StatusCode, header, request::Parts};
use sha2::{Digest, Sha256};
use std::{sync::Arc, time::Instant};
use tonic::metadata::{MetadataMap, MetadataValue};

/// The key of the reserved organization that owns the others.
const SYSTEM: &str = "system";

/// The headers that travel on to the directory: the caller's own credential and the trace. Nothing else does, but from where a
/// request comes is said anew.
const FORWARDED: [HeaderName; 3] = [header::AUTHORIZATION, HeaderName::from_static("traceparent"), HeaderName::from_static("tracestate")];

/// The header by which a read demands a revision, or a later one: the token that an answer said. A write sees the latest anyway.
pub const FRESH: HeaderName = HeaderName::from_static("roster-at-least-as-fresh");

/// What every handler needs to know of its caller. It decides no access: the directory does, at each call.
#[derive(Debug, Clone)]
pub struct Session {
    /// The organization's id.
    pub organization: String,
    /// The caller's connection, empty for a service account; it picks whose `externalId` is meant.
    pub connection: String,
    /// The base URL of what is rendered, without a slash at its end.
    pub base: String,
    /// The tolerances of the connection: its profile's, switched as it says.
    pub tolerances: Tolerances,
    /// What becomes of attributes no schema knows: the connection's policy, or its profile's.
    pub unknown: UnknownAttributes,
    /// Whether groups are part of what the connection provisions; if not, they can be read, and discovery leaves them out.
    pub groups: bool,
    /// Whether a group's members are shown only where they are asked for by name.
    pub members_on_request: bool,
    /// What the organization has registered.
    pub schemas: Schemas,
    noted: Arc<Noted>,
    provider: &'static str,
    /// What [`FRESH`] said.
    fresh: Option<String>,
    forwarded: Forwarded,
}

/// What a call carries on behalf of the caller.
#[derive(Debug, Clone)]
struct Forwarded {
    metadata: HeaderMap,
    extensions: tonic::Extensions,
}

impl Forwarded {
    fn of(facade: &Facade, parts: &Parts) -> Self {
        let mut metadata = HeaderMap::new();
        for name in FORWARDED {
            for value in parts.headers.get_all(&name) {
                metadata.append(name.clone(), value.clone());
            }
        }
        if let Some(proxies) = &facade.proxies {
            proxies.tell(&parts.extensions, &parts.headers, &mut metadata);
        }
        let mut extensions = tonic::Extensions::new();
        access::carry(&parts.extensions, &mut extensions);
        Forwarded { metadata, extensions }
    }

    fn upload<T>(&self, message: T) -> tonic::Request<T> {
        tonic::Request::from_parts(MetadataMap::from_headers(self.metadata.clone()), self.extensions.clone(), message)
    }

    fn call<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = self.upload(message);
        request.set_timeout(limits::CALL_TIME);
        request
    }

    /// What stands for the credential, and from where it is used, where answers about it are remembered; none without one.
    fn key(&self) -> Option<[u8; 32]> {
        let mut credentials = self.metadata.get_all(header::AUTHORIZATION).iter();
        match (credentials.next(), credentials.next()) {
            (Some(credential), None) => {
                let mut digest = Sha256::new_with_prefix(Sha256::digest(credential.as_bytes()));
                // The one that this façade wrote itself.
                self.metadata.get(access::FORWARDED_FOR).into_iter().for_each(|from| digest.update(from.as_bytes()));
                Some(digest.finalize().into())
            }
            _ => None,
        }
    }
}

/// The token that is demanded. What is no text, and two of them, are a token that cannot be read.
fn fresh(headers: &HeaderMap) -> Option<String> {
    let mut tokens = headers.get_all(FRESH).iter();
    let first = tokens.next()?;
    let alone = tokens.next().is_none();
    Some(first.to_str().ok().filter(|_| alone).unwrap_or_default().trim().to_owned())
}

impl Session {
    /// Asks the directory who calls, and holds the path's organization against the caller's.
    ///
    /// # Errors
    /// What the directory answers to the credential; 404 for an organization that is not the caller's, in the same words
    /// whether it exists or not.
    pub async fn open(facade: &Facade, parts: &Parts, target: &Target) -> Result<Session, Refusal> {
        let forwarded = Forwarded::of(facade, parts);
        let segment = target.organization.as_deref();
        // A remembered answer says how to read a request, never whether it is allowed: that is said by the call that follows.
        let remembered = if target.endpoint.is_the_directory_s() { recent(facade, &forwarded) } else { None };
        let caller = match remembered {
            Some(caller) => caller,
            None => ask(facade, &forwarded).await?,
        };
        let organization = caller.organization.unwrap_or_default();
        // The administrator's token lies beside the provider's in one file; pasted here it would provision nobody's directory.
        if organization.key == SYSTEM {
            let detail = "This token administers the server and has no users to provision; use a token of a connection.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, detail));
        }
        if segment.is_some_and(|segment| segment != organization.id && segment != organization.key) {
            return Err(Refusal::nowhere());
        }
        let ask = || {
            let request = v1::ListSchemasRequest { organization_id: organization.id.clone(), consistency: None };
            facade.provisioning.list_schemas(forwarded.call(request))
        };
        let schemas = facade.registered.at(&organization.id, caller.schemas_revision, ask).await?;
        let connection = caller.connection.unwrap_or_default();
        let tolerances = Tolerances::of(&connection.profile, &connection.tolerances);
        Ok(Session {
            organization: organization.id,
            connection: caller.connection_id,
            base: facade.base(segment),
            tolerances,
            unknown: match connection.unknown_attributes() {
                UnknownAttributes::Unspecified if connection.profile == "strict" => UnknownAttributes::Reject,
                given => given,
            },
            groups: connection.allowed_actions.is_empty() || connection.allowed_actions.contains(&AllowedAction::WriteGroups.into()),
            members_on_request: connection.members_on_request,
            schemas,
            noted: Arc::default(),
            provider: provider::of(&parts.headers),
            fresh: fresh(&parts.headers),
            forwarded,
        })
    }

    /// A client stream on behalf of the caller. It may take as long as it moves.
    pub fn upload<T>(&self, message: T) -> tonic::Request<T> {
        self.telling(self.forwarded.upload(message))
    }

    /// A call on behalf of the caller; it ends after [`limits::CALL_TIME`].
    pub fn call<T>(&self, message: T) -> tonic::Request<T> {
        self.telling(self.forwarded.call(message))
    }

    /// Tells the directory which tolerances were used since the last call.
    fn telling<T>(&self, mut request: tonic::Request<T>) -> tonic::Request<T> {
        if let Some(value) = self.noted.take().and_then(|used| used.parse().ok()) {
            request.metadata_mut().insert(tolerances::METADATA, value);
        }
        self.heard(request)
    }

    /// Tells the directory which provider is heard.
    fn heard<T>(&self, mut request: tonic::Request<T>) -> tonic::Request<T> {
        if !self.provider.is_empty() {
            request.metadata_mut().insert(telemetry::PROVIDER, MetadataValue::from_static(self.provider));
        }
        request
    }

    /// Tells the directory what was refused without asking it, so that whoever looks at the connection sees it.
    pub async fn tell(&self, facade: &Facade, refusal: &Refusal, write: bool) {
        if self.connection.is_empty() || refusal.is_known() {
            return;
        }
        let status = refusal.status();
        let told = [status.as_str(), refusal.scim_type().unwrap_or_default(), if write { "write" } else { "" }];
        let told: Vec<&str> = told.into_iter().filter(|word| !word.is_empty()).collect();
        // What such a request departed by is not counted: it was not read to its end.
        let mut call = self.heard(self.forwarded.call(v1::GetCallerRequest {}));
        if let Ok(told) = told.join(" ").parse() {
            call.metadata_mut().insert(telemetry::REFUSED, told);
        }
        // Diagnosis is no reason to answer otherwise.
        drop(facade.provisioning.get_caller(call).await);
    }

    /// What the log says of who was served.
    pub fn served(&self) -> Served {
        Served { organization: self.organization.clone(), connection: self.connection.clone(), provider: self.provider }
    }

    /// What every write of the caller carries: whether it passes over what another connection owns. The directory counts that.
    pub fn write(&self) -> Option<v1::WriteOptions> {
        let leave_owned = !self.connection.is_empty() && self.tolerances.has(Tolerance::OwnedAttributes);
        leave_owned.then(|| v1::WriteOptions { leave_owned, ..v1::WriteOptions::default() })
    }

    /// How fresh a read has to be.
    pub fn consistency(&self) -> Option<v1::Consistency> {
        let token = self.fresh.clone()?;
        Some(v1::Consistency { requirement: Some(v1::consistency::Requirement::AtLeastAsFresh(token)) })
    }

    /// The connection's tolerances, each use noted for the next call.
    pub fn leeway(&self) -> Leeway<'_> {
        Leeway::new(self.tolerances, &self.noted)
    }

    /// What a PATCH or a filter of a resource type is read by.
    pub fn rules(&self, kind: ResourceType) -> Rules<'_> {
        Rules { kind, leeway: self.leeway(), unknown: self.unknown, schemas: &self.schemas }
    }

    /// The URL of a resource below an endpoint such as `Users`.
    pub fn url(&self, endpoint: &str, id: &str) -> String {
        format!("{}/{endpoint}/{id}", self.base)
    }
}

fn recent(facade: &Facade, forwarded: &Forwarded) -> Option<v1::GetCallerResponse> {
    facade.callers.as_ref()?.get(&forwarded.key()?)
}

async fn ask(facade: &Facade, forwarded: &Forwarded) -> Result<v1::GetCallerResponse, Refusal> {
    let asked = Instant::now();
    let caller = facade.provisioning.get_caller(forwarded.call(v1::GetCallerRequest {})).await?.into_inner();
    if let (Some(callers), Some(key)) = (&facade.callers, forwarded.key()) {
        callers.put(key, asked, caller.clone());
    }
    Ok(caller)
}
