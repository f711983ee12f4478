//! PUT: the whole document, as RFC 7644 section 3.5.1 has it.

use super::Context;
use super::row::{Place, Table};
use super::table::{GROUP, USER};
use crate::api::v1::{ExternalId, Group, User, user::SetupState};
use std::any::Any;

/// Takes every writable attribute from `given`, absent ones are cleared. Kept are: what is the server's own, the
/// other connections' `externalId`, and `active` and `setup_state` when `given` does not say; a connection has no say in the
/// latter.
pub fn replace_user(stored: &mut User, given: User, cx: &Context<'_>) {
    let (active, external_ids) = (stored.active, std::mem::take(&mut stored.external_ids));
    take_fields(&USER, &given, stored);
    stored.active = stored.active.or(active);
    stored.external_ids = external_ids;
    take_external_ids(&mut stored.external_ids, &given.external_ids, cx);
    if cx.connection.is_empty() {
        stored.take_setup_state(&given);
    }
    stored.extensions = given.extensions;
}

impl User {
    /// Takes how far the person is with the account, if the other says so.
    pub(super) fn take_setup_state(&mut self, given: &User) {
        if given.setup_state() != SetupState::Unspecified {
            self.setup_state = given.setup_state;
        }
    }
}

/// The same for a group; its members are edges and not looked at.
pub fn replace_group(stored: &mut Group, given: Group, cx: &Context<'_>) {
    let external_ids = std::mem::take(&mut stored.external_ids);
    take_fields(&GROUP, &given, stored);
    stored.external_ids = external_ids;
    take_external_ids(&mut stored.external_ids, &given.external_ids, cx);
    stored.extensions = given.extensions;
}

fn take_fields(table: &dyn Table, given: &dyn Any, stored: &mut dyn Any) {
    for row in 0..table.len() {
        if table.attribute(row).is_some_and(|a| a.place == Place::Field && a.writable()) {
            table.copy(row, given, stored);
        }
    }
}

/// The caller's own identifier is taken, or taken away. A connection cannot touch those of others; a caller without
/// one sees them all and writes those it names.
pub(super) fn take_external_ids(stored: &mut Vec<ExternalId>, given: &[ExternalId], cx: &Context<'_>) {
    stored.retain(|e| e.connection_id != cx.connection);
    for id in given {
        if id.connection_id == cx.connection || cx.connection.is_empty() {
            stored.retain(|e| e.connection_id != id.connection_id);
            stored.push(id.clone());
        }
    }
    stored.sort_by(|a, b| a.connection_id.cmp(&b.connection_id));
}
