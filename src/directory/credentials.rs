//! From a token to its caller, as the store knows them.
//!
//! A token works while it has not ended, its owner is there and switched on, and its organization is not suspended.
//! All of that is read here and remembered by [`crate::access::Cached`] for a second, so each of it bites within one.

use super::{
    Directory, Error, Result, allowed_networks,
    environment::{ENVIRONMENT, Standing},
    organizations, record, tokens,
};
use crate::{
    access::{self, Caller, Kind, Reach, Resolver, Scopes, SecretHash},
    api::v1::{Connection, ErrorReason, Organization, PrincipalRef, ServiceAccount, Token, organization::State, principal_ref::Principal},
    clock::Micros,
    store::{RecordKind, SYSTEM},
};
use prost::Message as _;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

/// The grain of `last_use_time`.
const MINUTE: Micros = 60 * 1_000_000;
/// How long uses are collected before they are written together.
const NOTE_AFTER: Duration = Duration::from_secs(1);
/// Tokens whose last noted minute is remembered; beyond that a use may be written again.
const REMEMBERED: usize = 10_000;

/// The tokens of a directory.
#[derive(Debug, Clone)]
pub struct Credentials {
    directory: Arc<Directory>,
    uses: Arc<Mutex<Uses>>,
    /// What the operator's environment holds, if it holds one.
    standing: Arc<OnceLock<Standing>>,
}

#[derive(Debug, Default)]
struct Uses {
    /// Token → the last minute that was noted or is about to be.
    noted: HashMap<String, Micros>,
    /// (organization, token, minute), waiting to be written.
    waiting: Vec<(String, String, Micros)>,
}

impl Credentials {
    /// Over the directory that issued them.
    pub fn new(directory: Arc<Directory>) -> Self {
        Credentials { directory, uses: Arc::default(), standing: Arc::default() }
    }

    /// Knows the credential that the environment holds; the first one stays.
    pub(super) fn stand(&self, standing: Standing) {
        // A server reads its environment once.
        drop(self.standing.set(standing));
    }

    /// The caller that the environment's credential speaks for: its connection, if that is on.
    async fn standing(&self, standing: &Standing) -> Result<Caller> {
        let home = self.home(&standing.organization).await?;
        let mut reader = self.directory.read(&standing.organization, None).await?;
        let record = reader.record(RecordKind::Connection, ENVIRONMENT).await?.ok_or_else(Error::unauthenticated)?;
        let connection = record::read(&self.directory, &record)?;
        reader.schemas().await?;
        drop(reader);
        self.require_on(&connection)?;
        Ok(Caller {
            organization: standing.organization.clone(),
            home: Arc::new(home),
            principal: None,
            connection: Some(Arc::new(connection)),
            token_id: ENVIRONMENT.to_owned(),
            scopes: Scopes::expand(["scim"]),
            reach: Reach::Own,
            expires_at: Micros::MAX,
        })
    }

    fn require_on(&self, connection: &Connection) -> Result<()> {
        if connection.enabled {
            return Ok(());
        }
        self.directory.statuses.refused(connection, ErrorReason::ConnectionDisabled, false);
        Err(Error::new(ErrorReason::ConnectionDisabled, "The connection is switched off."))
    }

    /// A token that was good and is no more: its connection, if it is one's, is told that it fails.
    fn ended(&self, token: &Token) -> Error {
        if !token.connection_id.is_empty() {
            let (id, organization_id) = (token.connection_id.clone(), token.organization_id.clone());
            let connection = Connection { id, organization_id, ..Connection::default() };
            self.directory.statuses.refused(&connection, ErrorReason::InvalidCredential, false);
        }
        Error::unauthenticated()
    }

    /// The organization, unless it is suspended.
    async fn home(&self, id: &str) -> Result<Organization> {
        if id == SYSTEM {
            return Ok(organizations::system());
        }
        let organization = self.directory.organization(id).await?;
        if organization.state() == State::Suspended {
            return Err(Error::new(ErrorReason::OrganizationSuspended, "The organization is suspended."));
        }
        Ok(organization)
    }

    /// Notes the use, at most once a minute per token, off the caller's path.
    fn note(&self, token: &Token) {
        let minute = self.directory.clock.now() / MINUTE * MINUTE;
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.noted.get(&token.id) == Some(&minute) {
            return;
        }
        if uses.noted.len() >= REMEMBERED {
            uses.noted.retain(|_, noted| *noted == minute);
        }
        uses.noted.insert(token.id.clone(), minute);
        uses.waiting.push((token.organization_id.clone(), token.id.clone(), minute));
        if uses.waiting.len() == 1 {
            tokio::spawn(self.clone().write_uses());
        }
    }

    async fn write_uses(self) {
        tokio::time::sleep(NOTE_AFTER).await;
        let waiting = std::mem::take(&mut self.uses.lock().unwrap_or_else(PoisonError::into_inner).waiting);
        if let Err(fault) = self.directory.store.note_uses(waiting).await {
            tracing::warn!(%fault, "when tokens were last used could not be written");
        }
    }
}

#[tonic::async_trait]
impl Resolver for Credentials {
    async fn resolve(&self, credential: &str) -> Result<Caller> {
        if let Some(standing) = self.standing.get().filter(|standing| standing.is(credential)) {
            return self.standing(standing).await;
        }
        let given = &access::Token::parse(credential).ok_or_else(Error::unauthenticated)?;
        let found = self.directory.store.find_token(given.id()).await?;
        let stored = found.as_ref().and_then(|(_, secret, _)| secret.as_deref()).and_then(SecretHash::from_bytes);
        let matches = given.matches(stored.as_ref());
        let (Some((organization, _, body)), true) = (found, matches) else {
            return Err(Error::unauthenticated());
        };
        let token = Token::decode(body.as_slice()).map_err(|_| Error::internal())?;
        let caller = self.speaks(given.kind(), organization, &token).await?;
        self.note(&token);
        Ok(caller)
    }

    fn admit(&self, caller: &Caller, from: Option<IpAddr>) -> Result<()> {
        let Some(connection) = caller.connection.as_deref() else { return Ok(()) };
        allowed_networks::admit(connection, from).inspect_err(|error| {
            self.directory.statuses.refused(connection, error.reason, false);
        })
    }

    fn generation(&self) -> u64 {
        self.directory.store.counters().record_commits()
    }
}

impl Credentials {
    /// The caller that a token of a service account speaks for now, by its id: for what was let in by it and goes on.
    ///
    /// # Errors
    /// As [`Resolver::resolve`]'s.
    pub(super) async fn again(&self, token_id: &str) -> Result<Caller> {
        let (organization, _, body) = self.directory.store.find_token(token_id).await?.ok_or_else(Error::unauthenticated)?;
        let token = Token::decode(body.as_slice()).map_err(|_| Error::internal())?;
        self.speaks(Kind::Service, organization, &token).await
    }

    /// The caller that a token speaks for, if it and its owner are good.
    async fn speaks(&self, kind: Kind, organization: String, token: &Token) -> Result<Caller> {
        if tokens::ends(token) <= self.directory.clock.now() {
            return Err(self.ended(token));
        }
        let home = self.home(&organization).await?;
        let mut reader = self.directory.read(&organization, None).await?;
        let (principal, connection) = match kind {
            Kind::Scim => {
                let record = reader.record(RecordKind::Connection, &token.connection_id).await?;
                let record = record.ok_or_else(Error::unauthenticated)?;
                let connection: Connection = record::read(&self.directory, &record)?;
                self.require_on(&connection)?;
                (None, Some(Arc::new(connection)))
            }
            Kind::Service => {
                let record = reader.record(RecordKind::ServiceAccount, &token.service_account_id).await?;
                let record = record.ok_or_else(Error::unauthenticated)?;
                let account: ServiceAccount = record::read(&self.directory, &record)?;
                if account.disabled {
                    return Err(Error::unauthenticated());
                }
                (Some(PrincipalRef { principal: Some(Principal::ServiceAccountId(account.id)) }), None)
            }
        };
        // GetCaller says what of it is known, and reads nothing.
        reader.schemas().await?;
        drop(reader);
        Ok(Caller {
            reach: if organization == SYSTEM { Reach::All } else { Reach::Own },
            organization,
            home: Arc::new(home),
            principal,
            connection,
            expires_at: tokens::ends(token),
            scopes: Scopes::expand(&token.scopes),
            token_id: token.id.clone(),
        })
    }
}
