//! Bringing a group back that the connection deleted softly and creates again: with its id, its place in other groups and its
//! roles. Its members are those of the create.

use super::{
    super::{core::Edit, links},
    touch,
};
use crate::{
    api::v1::{Connection, Group, change_event::Action, connection::Recreate, link::Reason},
    attributes::fold,
    feed::append,
    limits,
    store::{KEY_GONE_GROUP_EXTERNAL_ID, KEY_GONE_GROUP_NAME, MEMBER_GROUP, Tombstone, Work, external_key},
};
use std::{collections::BTreeSet, sync::Arc};

/// Which groups a create may bring back.
#[derive(Debug, Clone)]
pub(super) struct Recall {
    connection: String,
}

impl Recall {
    /// For a caller's connection; `None` for callers without one, and for one whose creates make new groups only.
    pub(super) fn of(connection: Option<&Connection>) -> Option<Recall> {
        let connection = connection.filter(|c| c.on_recreate() != Recreate::New)?;
        Some(Recall { connection: connection.id.clone() })
    }

    /// Makes a group that is to be created the one that the connection let go under its externalId, else under its display
    /// name; it is in other groups again at once. `None` when there is none.
    pub(super) fn restore(&self, work: &mut Work, group: &mut Group) -> Edit<Option<Arc<Tombstone>>> {
        let Some((gone, attribute)) = self.find(work, group)? else { return Ok(None) };
        let above: Vec<_> = gone.groups.iter().map(|id| work.group(id)).collect();
        let above = above.into_iter().collect::<Result<Vec<_>, _>>()?;
        let Some(before) = &gone.group else { return Ok(None) };
        group.id.clone_from(&before.id);
        group.meta.clone_from(&before.meta);
        group.links.clone_from(&before.links);
        if gone.deleted_by != self.connection {
            links::unlink(group, &gone.deleted_by, work.now());
        }
        group.links.retain(|link| link.connection_id != self.connection);
        links::link(group, &self.connection, Reason::Restored, attribute, work.now());
        work.set_tombstone(&group.id, None);
        for above in above.into_iter().flatten() {
            let full = usize::try_from(above.member_count).is_ok_and(|count| count >= limits::MEMBERS_PER_GROUP);
            if full || above.set_at >= gone.revision {
                continue;
            }
            work.return_edge(&above.group.id, &group.id, MEMBER_GROUP);
            touch(work, &above, 1);
            append::membership(work, Action::Added, &above.group.id, &group.id, MEMBER_GROUP);
        }
        Ok(Some(gone))
    }

    /// All is asked for before the first verdict.
    fn find(&self, work: &mut Work, group: &Group) -> Edit<Option<(Arc<Tombstone>, &'static str)>> {
        let own = group.external_ids.iter().find(|e| e.connection_id == self.connection);
        let called = own.map(|e| work.holders(KEY_GONE_GROUP_EXTERNAL_ID, &external_key(&self.connection, &e.value)));
        let name = external_key(&self.connection, &fold::caseless(&group.display_name));
        let named = work.holders(KEY_GONE_GROUP_NAME, &name);
        let (called, named) = (called.transpose()?.unwrap_or_default(), named?);
        let (called, named) = (self.gone(work, &called), self.gone(work, &named));
        let (called, named) = (called?, named?);
        // Who is called by another externalId is another group, whatever its name.
        let other = |gone: &Tombstone| own.is_some() && gone.calls(&self.connection);
        let named = named.into_iter().filter(|gone| !other(gone));
        let last = |found: Vec<Arc<Tombstone>>| found.into_iter().max_by_key(|gone| (gone.deleted_at, gone.id().to_owned()));
        let by_call = last(called).map(|gone| (gone, "externalId"));
        Ok(by_call.or(last(named.collect()).map(|gone| (gone, "displayName"))))
    }

    fn gone(&self, work: &mut Work, ids: &BTreeSet<String>) -> Edit<Vec<Arc<Tombstone>>> {
        let found: Vec<_> = ids.iter().map(|id| work.tombstone(id)).collect();
        let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(found.into_iter().flatten().filter(|gone| gone.group.is_some() && gone.is_of(&self.connection)).collect())
    }
}
