//! A user as its reader may see it.

use super::{
    super::{
        Error, Result, belonging,
        core::{Call, Directory},
        schemas,
        sight::Sight,
    },
    manager,
};
use crate::{
    api::v1::{ReadSelection, User},
    attributes::{ResourceType, Schemas, projection::Projection},
    limits,
    store::Reader,
};

/// What of users a caller asked for.
pub(in crate::directory) struct Shown {
    projection: Projection,
    groups: bool,
    selected: bool,
}

impl Shown {
    /// From the request; absent = the default set.
    ///
    /// # Errors
    /// As the projection's.
    pub(in crate::directory) fn new(selection: Option<&ReadSelection>) -> Result<Self> {
        // In any spelling: another letter case, the schema's URN in front, a sub-attribute behind.
        let named = |names: &[String]| {
            let only = ReadSelection { attributes: names.to_vec(), ..ReadSelection::default() };
            !names.is_empty() && Projection::new(ResourceType::User, &only).is_ok_and(|p| p.has("groups"))
        };
        let groups = selection.is_some_and(|s| named(&s.attributes) || named(&s.additional_attributes));
        let projection = match selection {
            Some(selection) => {
                Projection::new(ResourceType::User, selection).map_err(|refused| Error::from(refused).inside("selection"))?
            }
            None => Projection::all(ResourceType::User),
        };
        Ok(Shown { projection, groups, selected: selection.is_some() })
    }

    /// The same in an organization that may have registered schemas.
    pub(in crate::directory) fn among(self, schemas: Schemas) -> Self {
        Shown { projection: self.projection.among(schemas), ..self }
    }

    /// The same for the answer of a write: without a selection also what is returned on request only.
    pub(in crate::directory) fn written(self, schemas: Schemas) -> Self {
        let shown = self.among(schemas);
        if shown.selected { shown } else { Shown { projection: shown.projection.with_requested(), ..shown } }
    }

    /// The same, with the groups that a user is in.
    pub(super) fn with_groups(self) -> Self {
        Shown { groups: true, ..self }
    }

    /// Whether a user's groups are to be read too.
    pub(super) fn needs_groups(&self) -> bool {
        self.groups
    }

    /// Cuts users to what was asked for and what the caller may see. Reads their groups, of all at once, if they were
    /// asked for and there is a snapshot to read them from.
    pub(in crate::directory) async fn finish(
        &self,
        directory: &Directory,
        call: &Call,
        mut reader: Option<&mut Reader>,
        users: &mut [User],
    ) -> Result<()> {
        if let Some(reader) = reader.as_deref_mut().filter(|_| self.groups) {
            let ids: Vec<String> = users.iter().map(|u| u.id.clone()).collect();
            let view = Sight::of(call).view(reader).await?;
            let mut found = belonging::groups_of(directory, reader, &view, &ids, true, limits::USER_GROUPS).await?;
            for user in &mut *users {
                (user.groups, user.groups_truncated) = found.remove(&user.id).unwrap_or_default();
                user.groups_version = belonging::fingerprint(&user.groups);
            }
        }
        manager::hide(directory, call, reader, users).await?;
        let sight = Sight::of(call);
        for user in users {
            self.projection.apply_to_user(user);
            sight.hide_foreign(user);
        }
        Ok(())
    }

    /// After a write: reads the groups only if they were asked for.
    pub(super) async fn finish_written(self, directory: &Directory, call: &Call, organization: &str, user: &mut User) -> Result<()> {
        let mut reader = if self.groups { Some(directory.read(organization, None).await?) } else { None };
        let registered = schemas::seen(directory, organization);
        self.written(registered).finish(directory, call, reader.as_mut(), std::slice::from_mut(user)).await
    }
}
