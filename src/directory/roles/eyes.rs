//! What of who holds what a caller is told. A connection is told of no user and no group that is not there for it, and not what
//! other connections map: what it may not see reads as what is not there, also among reasons.

use super::{
    super::{Result, core::Call, sight::Sight},
    causes::{Cause, Origin},
};
use crate::store::{GRANTEE_ACCOUNT, Grant, Reader, View};
use std::collections::{BTreeMap, BTreeSet};

/// What a caller sees at one snapshot. Who sees everything pays nothing for it.
#[derive(Debug)]
pub(super) struct Eyes {
    view: View,
    /// The caller's connection; empty without one.
    connection: String,
}

impl Eyes {
    pub(super) async fn of(call: &Call, reader: &mut Reader) -> Result<Eyes> {
        Ok(Eyes { view: Sight::of(call).view(reader).await?, connection: call.connection().to_owned() })
    }

    /// Which of these users and groups are not there for the caller.
    pub(super) async fn hidden(&self, reader: &mut Reader, ids: Vec<String>) -> Result<BTreeSet<String>> {
        if self.view == View::All {
            return Ok(BTreeSet::new());
        }
        let seen = reader.seen(&self.view, ids.clone()).await?;
        Ok(ids.into_iter().filter(|id| !seen.contains(id)).collect())
    }

    /// Leaves the users and groups that are there for the caller.
    pub(super) async fn keep(&self, reader: &mut Reader, kinds: &mut BTreeMap<String, i64>) -> Result<()> {
        let hidden = self.hidden(reader, kinds.keys().cloned().collect()).await?;
        kinds.retain(|id, _| !hidden.contains(id));
        Ok(())
    }

    /// Leaves the grants to those who are there for the caller; service accounts are there for everybody.
    pub(super) async fn keep_grants(&self, reader: &mut Reader, grants: &mut Vec<Grant>) -> Result<()> {
        let holders = grants.iter().filter(|grant| grant.principal_kind != GRANTEE_ACCOUNT).map(|grant| grant.principal_id.clone());
        let holders: BTreeSet<String> = holders.collect();
        let hidden = self.hidden(reader, holders.into_iter().collect()).await?;
        grants.retain(|grant| !hidden.contains(&grant.principal_id));
        Ok(())
    }

    /// Whether the caller is told of a reason: every group on the way is there for it, and the mapping is no other connection's.
    pub(super) fn may_tell(&self, cause: &Cause, hidden: &BTreeSet<String>) -> bool {
        let foreign = match &cause.origin {
            Origin::Grant(_) => false,
            Origin::Mapping(mapped) => !self.connection.is_empty() && mapped.connection_id != self.connection,
        };
        !foreign && !cause.groups.iter().any(|group| hidden.contains(group))
    }
}
