//! Users, groups and memberships, as they were elsewhere.

use super::{
    super::{core::Edit, groups, users},
    bring::{Bringing, Verdict, still_waits},
    record::Travels as _,
};
use crate::{
    api::v1::{Group, User, change_event::Action},
    feed::append,
    store::{GroupRow, KEY_GROUP_EXTERNAL_ID, KEY_USER_EXTERNAL_ID, UserRow, Work},
};

impl Bringing {
    pub(super) fn user(&self, work: &mut Work, user: &User, name_key: &str) -> Edit<Verdict> {
        let id = &user.id;
        let (before, waits, named) = (work.user(id), still_waits(work, id), work.user_named(name_key));
        let called = called(work, KEY_USER_EXTERNAL_ID, &UserRow::external_keys(user), id);
        let (before, waits, named, called) = (before?, waits?, named?, called?);
        match &before {
            Some(row) if row.user.says_the_same(user) => return Ok(Verdict::Unchanged),
            Some(_) => {}
            None => {
                if let Some(verdict) = waits {
                    return Ok(verdict);
                }
            }
        }
        if let Some(holder) = named.filter(|holder| holder != id) {
            return Ok(Verdict::Meets("userName", holder));
        }
        if let Some(holder) = called {
            return Ok(Verdict::Meets("externalId", holder));
        }
        if let Some(verdict) = before.as_ref().and_then(|_| self.differs(id)) {
            return Ok(verdict);
        }
        let after = work.bring_user(user.clone(), name_key.to_owned());
        let Some(row) = before else {
            append::user(work, Action::Created, None, Some(&after.user), users::changed(&User::default(), &after.user));
            return Ok(Verdict::Created);
        };
        let action = match (row.user.active.unwrap_or(false), after.user.active.unwrap_or(false)) {
            (true, false) => Action::Deactivated,
            (false, true) => Action::Activated,
            _ => Action::Updated,
        };
        append::user(work, action, Some(&row.user), Some(&after.user), users::changed(&row.user, &after.user));
        Ok(Verdict::Replaced)
    }

    pub(super) fn group(&self, work: &mut Work, group: &Group) -> Edit<Verdict> {
        let id = &group.id;
        let (before, waits) = (work.group(id), still_waits(work, id));
        let called = called(work, KEY_GROUP_EXTERNAL_ID, &GroupRow::external_keys(group), id);
        let (before, waits, called) = (before?, waits?, called?);
        match &before {
            Some(row) if row.group.says_the_same(group) => return Ok(Verdict::Unchanged),
            Some(_) => {}
            None => {
                if let Some(verdict) = waits {
                    return Ok(verdict);
                }
            }
        }
        if let Some(holder) = called {
            return Ok(Verdict::Meets("externalId", holder));
        }
        if let Some(verdict) = before.as_ref().and_then(|_| self.differs(id)) {
            return Ok(verdict);
        }
        let after = work.bring_group(group.clone());
        let (action, verdict) = if before.is_some() { (Action::Updated, Verdict::Replaced) } else { (Action::Created, Verdict::Created) };
        let was = before.as_ref().map(|row| row.message());
        let changed = groups::changed(before.as_ref().map_or(&Group::default(), |row| &row.group), &after.group);
        append::group(work, action, was.as_ref(), Some(&after.message()), changed);
        Ok(verdict)
    }

    pub(super) fn membership(&self, work: &mut Work, group: &str, member: &str, kind: i64) -> Edit<Verdict> {
        Ok(match groups::bring(work, group, member, kind)? {
            Some(true) => Verdict::Created,
            Some(false) => Verdict::Unchanged,
            None => self.dangles("members"),
        })
    }
}

/// Who else is called by one of these.
fn called(work: &mut Work, kind: i64, keys: &[String], id: &str) -> Edit<Option<String>> {
    let found: Vec<_> = keys.iter().map(|key| work.holders(kind, key)).collect();
    let found = found.into_iter().collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(found.into_iter().flatten().find(|holder| holder != id))
}
