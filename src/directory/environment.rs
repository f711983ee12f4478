//! The connection that the operator's environment describes: one, with a fixed id, in the default organization.
//!
//! Its settings are a record like those of any connection, so that everything that asks for a connection finds it, on every
//! node. Its credential is not: it stays in the environment and is held against what a caller brings, as a digest, in memory.

use super::{Directory, Error, Result, core::Call, record};
use crate::{
    api::v1::{Connection, ErrorReason, change_event::Action},
    store::{RecordKind, SYSTEM},
};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// The connection's id, and the id of its credential wherever a credential is named.
pub const ENVIRONMENT: &str = "environment";

/// The credential that the environment holds.
#[derive(Clone)]
pub(super) struct Standing {
    /// The organization that it belongs to.
    pub(super) organization: String,
    digest: [u8; 32],
}

impl std::fmt::Debug for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Standing").field("organization", &self.organization).finish_non_exhaustive()
    }
}

impl Standing {
    pub(super) fn new(organization: String, token: &str) -> Self {
        Standing { organization, digest: Sha256::digest(token.as_bytes()).into() }
    }

    /// Whether this is the credential, in a time that says nothing about where they differ.
    pub(super) fn is(&self, given: &str) -> bool {
        let given: [u8; 32] = Sha256::digest(given.as_bytes()).into();
        bool::from(given.ct_eq(&self.digest))
    }
}

/// Writes the connection if it differs from what is described, and switches a stored one off if nothing is; answers the
/// organization's id, if it is there.
///
/// # Errors
/// When the store cannot answer; `NOT_FOUND` when something is described and nobody is called by that key; `POLICY` when the
/// organization would be left without an administrator.
pub(super) async fn keep(directory: &Arc<Directory>, organization_key: &str, described: Option<Connection>) -> Result<Option<String>> {
    let mut reader = directory.read(SYSTEM, None).await?;
    let organization = reader.record_by_key(RecordKind::Organization, organization_key).await?;
    drop(reader);
    let Some(organization) = organization.map(|record| record.id) else {
        return if described.is_none() { Ok(None) } else { Err(Error::not_found("organization")) };
    };
    let (call, kept, id) = (Call::own(ENVIRONMENT, &directory.clock), Arc::clone(directory), organization.clone());
    let written = directory
        .write(&call, &organization, None, move |work| {
            let stored = work.record(RecordKind::Connection, ENVIRONMENT)?;
            let stored: Option<Connection> = stored.map(|record| record::read(&kept, &record)).transpose()?;
            let (was, action) = match &stored {
                Some(stored) => (stored.clone(), Action::Updated),
                None => (Connection::default(), Action::Created),
            };
            let (id, organization_id) = (ENVIRONMENT.to_owned(), id.clone());
            let is = match &described {
                Some(described) => Connection { id, organization_id, meta: was.meta.clone(), ..described.clone() },
                None if stored.is_none() => return Ok(false),
                None => Connection { enabled: false, ..was.clone() },
            };
            let ends = described.is_none() && was.enabled;
            if is != was {
                record::put(&kept, work, is, action, Vec::new())?;
            }
            Ok(ends)
        })
        .await?;
    if written.answer {
        tracing::warn!(
            "no SCIM_ variable is set any more, so the connection that they described is switched off; ADMIN_GROUP alone is none"
        );
    }
    Ok(Some(organization))
}

/// What the environment describes is changed there and nowhere else.
pub(super) fn refuse(connection_id: &str) -> Result<()> {
    if connection_id != ENVIRONMENT {
        return Ok(());
    }
    let detail = "This connection and its token are described by the server's environment (SCIM_ENABLED and its like) and changed there.";
    Err(Error::new(ErrorReason::Policy, detail).with("policy", "ENVIRONMENT"))
}
