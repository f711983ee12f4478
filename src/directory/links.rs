//! Which connections manage a resource, and which let it go.

use super::core::Edit;
use crate::{
    api::v1::{
        ExternalId, Group, Link, User,
        link::{Reason, State},
    },
    clock::{Micros, timestamp},
    store::{RecordKind, Work},
};

/// What connections are linked to.
pub(super) trait Linked {
    /// Its links, one for each connection at most.
    fn links(&self) -> &[Link];
    /// Its links and its externalIds, to be changed together.
    fn parts(&mut self) -> (&mut Vec<Link>, &mut Vec<ExternalId>);
}

impl Linked for User {
    fn links(&self) -> &[Link] {
        &self.links
    }

    fn parts(&mut self) -> (&mut Vec<Link>, &mut Vec<ExternalId>) {
        (&mut self.links, &mut self.external_ids)
    }
}

impl Linked for Group {
    fn links(&self) -> &[Link] {
        &self.links
    }

    fn parts(&mut self) -> (&mut Vec<Link>, &mut Vec<ExternalId>) {
        (&mut self.links, &mut self.external_ids)
    }
}

/// The connection's link to the resource, in whatever state.
pub(super) fn link_of<'r>(resource: &'r impl Linked, connection: &str) -> Option<&'r Link> {
    resource.links().iter().find(|link| link.connection_id == connection)
}

/// The connections that manage the resource, in the order of their ids.
pub(super) fn managers(resource: &impl Linked) -> impl Iterator<Item = &str> {
    resource.links().iter().filter(|link| link.state() == State::Linked).map(|link| link.connection_id.as_str())
}

/// Whether the connection manages the resource.
pub(super) fn is_linked(resource: &impl Linked, connection: &str) -> bool {
    link_of(resource, connection).is_some_and(|link| link.state() == State::Linked)
}

/// Whether the connection let the resource go: then it is gone for it.
pub(super) fn is_unlinked(resource: &impl Linked, connection: &str) -> bool {
    link_of(resource, connection).is_some_and(|link| link.state() == State::Unlinked)
}

/// Whether the connection managed the resource and let it go. What it deleted without ever managing it is not its to bring back.
pub(super) fn was_linked(resource: &impl Linked, connection: &str) -> bool {
    link_of(resource, connection).is_some_and(|link| link.state() == State::Unlinked && link.reason() != Reason::Unspecified)
}

/// Whether another connection than this one manages the resource. A connection that is deleted manages nothing any more. All
/// is asked for before the first verdict.
pub(super) fn managed_by_others(work: &mut Work, resource: &impl Linked, connection: &str) -> Edit<bool> {
    let others = resource.links().iter().filter(|link| link.state() == State::Linked && link.connection_id != connection);
    let found: Vec<_> = others.map(|link| work.record(RecordKind::Connection, &link.connection_id)).collect();
    let found = found.into_iter().collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(found.iter().any(Option::is_some))
}

/// The connection manages the resource from now on; a link that stands already stays as it came about. What it called the
/// resource before it let it go is forgotten.
pub(super) fn link(resource: &mut impl Linked, connection: &str, reason: Reason, matched_attribute: &str, now: Micros) {
    if connection.is_empty() || is_linked(resource, connection) {
        return;
    }
    let (links, _) = resource.parts();
    put(
        links,
        Link {
            connection_id: connection.to_owned(),
            state: State::Linked as i32,
            reason: reason as i32,
            matched_attribute: matched_attribute.to_owned(),
            external_id: None,
            link_time: Some(timestamp(now)),
            revision: 0,
        },
    );
}

/// Notes which revision makes a link, for the way back.
pub(super) fn made_at(resource: &mut impl Linked, connection: &str, revision: i64) {
    let (links, _) = resource.parts();
    for link in links.iter_mut().filter(|link| link.connection_id == connection) {
        link.revision = u64::try_from(revision).unwrap_or_default();
    }
}

/// As if the connection had never managed the resource, nor called it anything.
pub(super) fn forget(resource: &mut impl Linked, connection: &str) {
    let (links, external_ids) = resource.parts();
    links.retain(|link| link.connection_id != connection);
    external_ids.retain(|e| e.connection_id != connection);
}

/// The connection lets the resource go. What it called it is remembered in the link, and free for another resource.
pub(super) fn unlink(resource: &mut impl Linked, connection: &str, now: Micros) {
    let before = link_of(resource, connection).cloned().unwrap_or_default();
    let (links, external_ids) = resource.parts();
    let external_id = external_ids.iter().find(|e| e.connection_id == connection).map(|e| e.value.clone());
    external_ids.retain(|e| e.connection_id != connection);
    let (connection_id, state) = (connection.to_owned(), State::Unlinked as i32);
    put(links, Link { connection_id, state, external_id, link_time: Some(timestamp(now)), ..before });
}

/// A connection manages what it gives an externalId.
pub(super) fn follow_external_id(resource: &mut impl Linked, connection: &str, now: Micros) {
    let (_, external_ids) = resource.parts();
    if external_ids.iter().any(|e| e.connection_id == connection) {
        link(resource, connection, Reason::ExternalId, "", now);
    }
}

/// One link for each connection, in the order of their ids, so that a resource reads the same however it came about.
fn put(links: &mut Vec<Link>, link: Link) {
    links.retain(|other| other.connection_id != link.connection_id);
    links.push(link);
    links.sort_by(|a, b| a.connection_id.cmp(&b.connection_id));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(connection: &str, value: &str) -> ExternalId {
        ExternalId { connection_id: connection.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn what_a_connection_lets_go_keeps_the_links_and_names_of_others() {
        let mut user = User { external_ids: vec![called("a", "A-1"), called("b", "B-1")], ..User::default() };
        link(&mut user, "b", Reason::Created, "", 1);
        follow_external_id(&mut user, "a", 2);

        unlink(&mut user, "a", 3);

        assert!(is_unlinked(&user, "a") && !is_linked(&user, "a") && is_linked(&user, "b"));
        assert_eq!(user.external_ids, [called("b", "B-1")]);
        let link = link_of(&user, "a").unwrap();
        assert_eq!((link.reason(), link.external_id.as_deref()), (Reason::ExternalId, Some("A-1")));
        assert_eq!(link.link_time, Some(timestamp(3)));
    }

    #[test]
    fn a_link_that_stands_stays_as_it_came_about_and_callers_without_a_connection_make_none() {
        let mut user = User::default();
        link(&mut user, "a", Reason::Created, "", 1);

        link(&mut user, "a", Reason::Takeover, "userName", 2);
        link(&mut user, "", Reason::Created, "", 2);
        follow_external_id(&mut user, "b", 2);

        assert_eq!(user.links.len(), 1);
        assert_eq!((user.links[0].reason(), user.links[0].link_time), (Reason::Created, Some(timestamp(1))));
    }
}
