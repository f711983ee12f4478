//! A user as its reader may see it.

use super::super::{
    Result,
    core::{Call, Directory},
};
use crate::{
    api::v1::{GroupSummary, ReadSelection, User, group_summary::Kind},
    attributes::{ResourceType, projection::Projection},
    limits,
    store::Reader,
};

/// What of users a caller asked for.
pub(in crate::directory) struct Shown {
    projection: Projection,
    groups: bool,
}

impl Shown {
    /// From the request; absent = the default set.
    ///
    /// # Errors
    /// As the projection's.
    pub(in crate::directory) fn new(selection: Option<&ReadSelection>) -> Result<Self> {
        let named = |names: &[String]| names.iter().any(|n| n.get(..6).is_some_and(|head| head.eq_ignore_ascii_case("groups")));
        let groups = selection.is_some_and(|s| named(&s.attributes) || named(&s.additional_attributes));
        let projection = match selection {
            Some(selection) => Projection::new(ResourceType::User, selection)?,
            None => Projection::all(ResourceType::User),
        };
        Ok(Shown { projection, groups })
    }

    /// Whether a user's groups are to be read too.
    pub(super) fn needs_groups(&self) -> bool {
        self.groups
    }

    /// Cuts a user to what was asked for and what the caller may see.
    pub(in crate::directory) async fn finish(&self, call: &Call, reader: Option<&mut Reader>, user: &mut User) -> Result<()> {
        if let Some(reader) = reader.filter(|_| self.groups) {
            let mut groups = reader.groups_of(&user.id, limits::USER_GROUPS + 1).await?;
            user.groups_truncated = groups.len() > limits::USER_GROUPS;
            groups.truncate(limits::USER_GROUPS);
            user.groups = groups
                .into_iter()
                .map(|(group_id, display_name)| GroupSummary { group_id, display_name, kind: Kind::Direct as i32 })
                .collect();
        }
        self.projection.apply_to_user(user);
        hide_foreign(call, user);
        Ok(())
    }

    /// After a write: reads the groups only if they were asked for.
    pub(super) async fn finish_written(&self, directory: &Directory, call: &Call, organization: &str, user: &mut User) -> Result<()> {
        let mut reader = if self.groups { Some(directory.read(organization, None).await?) } else { None };
        self.finish(call, reader.as_mut(), user).await
    }
}

/// A connection sees its own externalId only.
fn hide_foreign(call: &Call, user: &mut User) {
    if call.caller.connection.is_some() {
        user.external_ids.retain(|e| e.connection_id == call.connection());
    }
}
