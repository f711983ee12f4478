//! Who calls, for which organization, with which rights.

use crate::api::v1::{Connection, Organization, PrincipalRef};
use std::{collections::BTreeSet, sync::Arc};

/// Which organizations a caller may enter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Its own only.
    Own,
    /// All: a platform service account, which lives in the reserved organization `system`.
    All,
}

/// The scopes a credential was given, expanded (`scim` stands for what an identity provider needs).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<String>);

impl Scopes {
    /// From the scopes as they were granted; `scim` is expanded.
    pub fn expand<S: AsRef<str>>(granted: impl IntoIterator<Item = S>) -> Self {
        const SCIM: [&str; 6] = ["users.read", "users.write", "groups.read", "groups.write", "bulk.write", "schemas.read"];
        let mut scopes = BTreeSet::new();
        for scope in granted {
            if scope.as_ref() == "scim" {
                scopes.extend(SCIM.map(str::to_owned));
            }
            scopes.insert(scope.as_ref().to_owned());
        }
        Scopes(scopes)
    }

    /// Whether the scope is held.
    pub fn has(&self, scope: &str) -> bool {
        self.0.contains(scope)
    }

    /// In alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// An authenticated caller; made once per request by the access layer.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The organization the credential belongs to (an id, never a key).
    pub organization: String,
    /// The same organization as it was when the credential was resolved.
    pub home: Arc<Organization>,
    /// Who it is: a service account; absent for a connection.
    pub principal: Option<PrincipalRef>,
    /// Set when an identity provider's connection calls.
    pub connection: Option<Arc<Connection>>,
    /// The credential's id; for the audit trail.
    pub token_id: String,
    /// What it may do.
    pub scopes: Scopes,
    /// Where it may do it.
    pub reach: Reach,
    /// When the credential ends, in microseconds since 1970.
    pub expires_at: i64,
}

impl Caller {
    /// The id of the caller's connection; empty for service accounts. It picks whose externalId is meant.
    pub fn connection_id(&self) -> &str {
        self.connection.as_deref().map_or("", |c| &c.id)
    }

    /// Whether the caller may enter this organization.
    pub fn may_enter(&self, organization: &str) -> bool {
        self.reach == Reach::All || self.organization == organization
    }
}
