//! The SCIM façade: HTTP and JSON into calls of the generated service traits, and their answers back.
//!
//! It holds the services and nothing else, local or over a channel ([`remote`]); it decides no access and knows no store.
//! A request goes through [`head`], [`path`] (what is asked for), [`session`] (who asks), [`query`], [`conditions`] and [`body`], to one handler
//! ([`users`], [`groups`], [`root`], [`mod@bulk`], [`discovery`]) and back through [`respond`]. Every refusal is an [`error`]. What identity providers send beside
//! the RFCs is a row of [`profiles`]; [`patch`] and [`operations`] make clean operations of it.

pub mod body;
pub mod bulk;
pub mod conditions;
pub mod discovery;
pub mod document;
mod elements;
pub mod error;
pub mod groups;
pub mod head;
pub mod intake;
pub mod list;
pub mod literals;
pub mod members;
pub mod openapi;
pub mod operations;
pub mod patch;
pub mod path;
pub mod profiles;
pub mod provider;
pub mod query;
pub mod remote;
pub mod respond;
pub mod root;
pub mod schemas;
pub mod search;
pub mod session;
pub mod unknown;
pub mod upload;
pub mod users;
pub mod values;
pub mod writes;

use crate::{
    access::{Proxies, Recent},
    api::v1,
    limits,
};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{Method, request::Parts},
    response::{IntoResponse as _, Response},
};
use error::Refusal;
use path::{Endpoint, Target};
use query::Query;
use remote::{AnyDirectoryService, AnyGroupService, AnyProvisioningService, AnyUserService};
use respond::Outcome;
use session::Session;
use std::sync::Arc;

/// The services a façade speaks to, and the URL it is reached by.
#[derive(Clone)]
pub struct Facade {
    users: AnyUserService,
    groups: AnyGroupService,
    provisioning: AnyProvisioningService,
    directory: AnyDirectoryService,
    public_url: Arc<str>,
    callers: Option<Arc<Recent<v1::GetCallerResponse>>>,
    /// Set where the directory is elsewhere: what it hears of where a request comes from, it hears from this façade.
    proxies: Option<Proxies>,
    registered: Arc<schemas::Registered>,
}

impl Facade {
    /// `public_url` is where clients reach the server, such as `https://roster.example`: every URL in an answer begins with
    /// it, whatever a request's headers say.
    pub fn new(
        users: AnyUserService,
        groups: AnyGroupService,
        provisioning: AnyProvisioningService,
        directory: AnyDirectoryService,
        public_url: &str,
    ) -> Self {
        Facade {
            users,
            groups,
            provisioning,
            directory,
            public_url: public_url.trim_end_matches('/').into(),
            callers: None,
            proxies: None,
            registered: Arc::default(),
        }
    }

    /// In front of a directory that is elsewhere: remembers for a moment who calls, so that a request goes there once and not
    /// twice, and tells it from where, as far as these proxies are believed.
    #[must_use]
    pub fn elsewhere(self, proxies: Proxies) -> Self {
        Facade { callers: Some(Arc::default()), proxies: Some(proxies), ..self }
    }

    /// The base URL of an organization; without one, of whichever the token names. No slash at its end.
    pub fn base(&self, organization: Option<&str>) -> String {
        let url = &self.public_url;
        organization.map_or_else(|| format!("{url}/scim/v2"), |organization| format!("{url}/scim/v2/{organization}"))
    }
}

/// The façade's router. It answers every path, the unknown ones with a SCIM error, so it can be the whole of a server;
/// routes merged into it come first. The access layer belongs around it.
pub fn router(facade: Facade) -> Router {
    Router::new().fallback(serve).with_state(Arc::new(facade))
}

async fn serve(State(facade): State<Arc<Facade>>, request: Request) -> Response {
    let (parts, mut body) = request.into_parts();
    let mut response = answer(&facade, &parts, &mut body).await.unwrap_or_else(Refusal::into_response);
    body::discard(&parts.headers, &mut body).await;
    respond::as_accepted(&parts.headers, &mut response);
    if parts.method == Method::HEAD { respond::without_body(response) } else { response }
}

async fn answer(facade: &Facade, parts: &Parts, body: &mut Body) -> Outcome {
    head::check(parts)?;
    let target = Target::of(parts.uri.path());
    let organization = target.organization.as_deref();
    if target.endpoint == Endpoint::ServiceProviderConfig {
        read_only(&parts.method)?;
        discovery::check_query(parts)?;
        return Ok(discovery::service_provider_config(&facade.base(organization)));
    }
    if target.endpoint == Endpoint::OpenApi {
        read_only(&parts.method)?;
        return Ok(openapi::answer(facade));
    }
    let session = Session::open(facade, parts, &target).await?;
    let served = session.served();
    let mut response = match dispatch(facade, &session, parts, body, &target.endpoint).await {
        Ok(response) => response,
        Err(refusal) => {
            session.tell(facade, &refusal, ![Method::GET, Method::HEAD].contains(&parts.method)).await;
            refusal.into_response()
        }
    };
    response.extensions_mut().insert(served);
    Ok(response)
}

async fn dispatch(facade: &Facade, session: &Session, parts: &Parts, body: &mut Body, endpoint: &Endpoint) -> Outcome {
    const COLLECTION: &str = "GET, HEAD, POST";
    const RESOURCE: &str = "GET, HEAD, PUT, PATCH, DELETE";
    match (endpoint, &parts.method) {
        (Endpoint::Users, &Method::GET | &Method::HEAD) => users::list(facade, session, &Query::of(parts)?).await,
        (Endpoint::Users, &Method::POST) => users::create(facade, session, parts, body).await,
        (Endpoint::User(id), &Method::GET | &Method::HEAD) => users::get(facade, session, parts, id).await,
        (Endpoint::User(id), &Method::PUT) => users::replace(facade, session, parts, body, id).await,
        (Endpoint::User(id), &Method::PATCH) => users::patch(facade, session, parts, body, id).await,
        (Endpoint::User(id), &Method::DELETE) => users::delete(facade, session, parts, id).await,
        (Endpoint::Groups, &Method::GET | &Method::HEAD) => groups::list(facade, session, &Query::of(parts)?).await,
        (Endpoint::Groups, &Method::POST) => groups::create(facade, session, parts, body).await,
        (Endpoint::Group(id), &Method::GET | &Method::HEAD) => groups::get(facade, session, parts, id).await,
        (Endpoint::Group(id), &Method::PUT) => groups::replace(facade, session, parts, body, id).await,
        (Endpoint::Group(id), &Method::PATCH) => groups::patch(facade, session, parts, body, id).await,
        (Endpoint::Group(id), &Method::DELETE) => groups::delete(facade, session, parts, id).await,
        (Endpoint::Search | Endpoint::UserSearch | Endpoint::GroupSearch, &Method::POST) => {
            let query = search::read(
                &body::read(&parts.headers, body, limits::SCIM_BODY_BYTES).await?,
                session.unknown == v1::connection::UnknownAttributes::Reject,
            )?;
            match endpoint {
                Endpoint::UserSearch => users::list(facade, session, &query).await,
                Endpoint::GroupSearch => groups::list(facade, session, &query).await,
                _ => root::list(facade, session, &query).await,
            }
        }
        (Endpoint::Root, &Method::GET | &Method::HEAD) => root::list(facade, session, &Query::of(parts)?).await,
        (Endpoint::Root, _) => Err(Refusal::method("GET, HEAD")),
        (Endpoint::Bulk, &Method::POST) => bulk::run(facade, session, parts, body).await,
        (Endpoint::Search | Endpoint::UserSearch | Endpoint::GroupSearch | Endpoint::Bulk, _) => Err(Refusal::method("POST")),
        (Endpoint::Users | Endpoint::Groups, _) => Err(Refusal::method(COLLECTION)),
        (Endpoint::User(_) | Endpoint::Group(_), _) => Err(Refusal::method(RESOURCE)),
        (Endpoint::ResourceTypes | Endpoint::ResourceType(_) | Endpoint::Schemas | Endpoint::Schema(_), method) => {
            read_only(method)?;
            discovery::check_query(parts)?;
            match endpoint {
                Endpoint::ResourceType(name) => discovery::one_resource_type(facade, session, name).await,
                Endpoint::Schema(urn) => discovery::one_schema(facade, session, urn).await,
                Endpoint::Schemas => discovery::schemas(facade, session).await,
                _ => discovery::resource_types(facade, session).await,
            }
        }
        (Endpoint::Unsupported(what), _) => Err(Refusal::unsupported(what)),
        (Endpoint::Version, _) => Err(Refusal::bad("invalidVers", "Only version 2 of the protocol is served.")),
        (Endpoint::Nothing | Endpoint::ServiceProviderConfig | Endpoint::OpenApi, _) => Err(Refusal::nowhere()),
    }
}

/// Discovery can be read and nothing else.
fn read_only(method: &Method) -> Result<(), Refusal> {
    if [Method::GET, Method::HEAD].contains(method) { Ok(()) } else { Err(Refusal::method("GET, HEAD")) }
}
