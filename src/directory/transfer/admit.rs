//! The border of an import: each record is checked by itself before anything is locked.

use super::super::{Error, Result, connections, record as records, roles, times};
use crate::{
    api::v1::{
        Connection, Group, ImportDirectoryRequest, Link, ResourceKind, RoleAssignment, Schema, ServiceAccount, TransferRecord, User,
        import_directory_request::{self, Chunk},
        link::{Reason, State},
        principal_ref::Principal,
        transfer_record::{Membership, Record},
        user::SetupState,
    },
    attributes::{Schemas, check, fold},
    clock::is_id,
    limits,
    store::{Grant, MEMBER_GROUP, MEMBER_USER, NEVER},
};
use std::collections::BTreeSet;

/// A record that can be brought in.
#[derive(Debug, Clone)]
pub(super) enum Ready {
    Schema(Schema),
    Role(crate::api::v1::Role),
    Connection(Box<Connection>),
    ServiceAccount(ServiceAccount),
    /// With the folded user name.
    User(Box<User>, String),
    Group(Group),
    /// Group, member and the member's kind.
    Membership(String, String, i64),
    /// Its `principal_kind` is the one that the record names.
    Grant(Grant),
}

/// A record and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) number: u64,
    pub(super) ready: Ready,
}

impl Ready {
    /// The field of `TransferRecord`.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Ready::Schema(_) => "schema",
            Ready::Role(_) => "role",
            Ready::Connection(_) => "connection",
            Ready::ServiceAccount(_) => "service_account",
            Ready::User(..) => "user",
            Ready::Group(_) => "group",
            Ready::Membership(..) => "membership",
            Ready::Grant(_) => "role_assignment",
        }
    }

    /// What answers call it by.
    pub(super) fn id(&self) -> &str {
        match self {
            Ready::Schema(one) => &one.urn,
            Ready::Role(one) => &one.id,
            Ready::Connection(one) => &one.id,
            Ready::ServiceAccount(one) => &one.id,
            Ready::User(one, _) => &one.id,
            Ready::Group(one) => &one.id,
            Ready::Membership(group, ..) => group,
            Ready::Grant(one) => &one.id,
        }
    }

    /// The id that must be nobody else's, and what may have it, in the contract's numbers.
    pub(super) fn own_id(&self) -> Option<(&str, i64)> {
        let kind = match self {
            Ready::Schema(_) | Ready::Membership(..) => return None,
            Ready::Role(_) => ResourceKind::Role,
            Ready::Connection(_) => ResourceKind::Connection,
            Ready::ServiceAccount(_) => ResourceKind::ServiceAccount,
            Ready::User(..) => ResourceKind::User,
            Ready::Group(_) => ResourceKind::Group,
            Ready::Grant(_) => ResourceKind::RoleAssignment,
        };
        Some((self.id(), i64::from(i32::from(kind))))
    }
}

/// The next message's chunk; nothing at the end of the stream.
pub(super) fn chunk(message: ImportDirectoryRequest) -> Result<Chunk> {
    match message.part {
        Some(import_directory_request::Part::Chunk(chunk)) => Ok(chunk),
        _ => Err(Error::missing("chunk")),
    }
}

/// The records of a chunk, whose lines begin behind `after`.
///
/// # Errors
/// The first that cannot be brought in, named by its line.
pub(super) fn lines(chunk: Chunk, after: u64, organization: &str) -> Result<Vec<Line>> {
    if chunk.lines.is_empty() {
        return Err(Error::missing("chunk.lines"));
    }
    if chunk.lines.len() > limits::IMPORT_LINES {
        return Err(Error::too_large("chunk.lines", limits::IMPORT_LINES, "lines"));
    }
    let (mut last, mut ready) = (after, Vec::with_capacity(chunk.lines.len()));
    for line in chunk.lines {
        let number = line.number;
        if number <= last {
            return Err(Error::value("chunk.lines.number", "chunk.lines.number does not grow from line to line."));
        }
        last = number;
        ready.push(Line { number, ready: record(line.record, organization).map_err(|error| at_line(error, number))? });
    }
    Ok(ready)
}

/// Names the line at fault.
pub(super) fn at_line(error: Error, number: u64) -> Error {
    let field = if error.field.is_empty() { "record".to_owned() } else { error.field.clone() };
    error.at(format!("chunk.lines[number={number}].{field}")).with("line", number.to_string())
}

fn record(given: Option<TransferRecord>, organization: &str) -> Result<Ready> {
    match given.and_then(|given| given.record).ok_or_else(|| Error::missing("record"))? {
        Record::Header(_) | Record::Footer(_) => Err(Error::value("record", "Header and footer of an export are no records to bring in.")),
        Record::Schema(schema) => {
            Schemas::none().with(&schema)?;
            Ok(Ready::Schema(schema))
        }
        Record::Role(role) => {
            check_id("role.id", &role.id)?;
            times::check_meta(role.meta.as_ref())?;
            roles::check(&role)?;
            Ok(Ready::Role(crate::api::v1::Role { organization_id: organization.to_owned(), built_in: false, ..role }))
        }
        Record::Connection(mut connection) => {
            check_id("connection.id", &connection.id)?;
            times::check_meta(connection.meta.as_ref())?;
            connections::check(&mut connection)?;
            let organization_id = organization.to_owned();
            Ok(Ready::Connection(Box::new(Connection { organization_id, scim_base_url: String::new(), status: None, ..connection })))
        }
        Record::ServiceAccount(account) => {
            check_id("service_account.id", &account.id)?;
            times::check_meta(account.meta.as_ref())?;
            records::check_name("service_account.display_name", &account.display_name, true)?;
            Ok(Ready::ServiceAccount(ServiceAccount { organization_id: organization.to_owned(), ..account }))
        }
        Record::User(user) => admit_user(user, organization),
        Record::Group(group) => admit_group(group, organization),
        Record::Membership(membership) => admit_membership(membership),
        Record::RoleAssignment(grant) => admit_grant(&grant),
    }
}

fn admit_user(mut user: User, organization: &str) -> Result<Ready> {
    check_id("user.id", &user.id)?;
    times::check_meta(user.meta.as_ref())?;
    organization.clone_into(&mut user.organization_id);
    (user.groups, user.groups_truncated, user.groups_version) = (Vec::new(), false, 0);
    match SetupState::try_from(user.setup_state) {
        Ok(SetupState::Unspecified) => user.set_setup_state(SetupState::Provisioned),
        Ok(_) => {}
        Err(_) => return Err(Error::value("setup_state", "setup_state is PROVISIONED or COMPLETE.")),
    }
    admit_links(&mut user.links)?;
    check::check_user(&mut user)?;
    let name_key = fold::user_name(&user.user_name)?;
    Ok(Ready::User(Box::new(user), name_key))
}

fn admit_group(mut group: Group, organization: &str) -> Result<Ready> {
    check_id("group.id", &group.id)?;
    times::check_meta(group.meta.as_ref())?;
    organization.clone_into(&mut group.organization_id);
    group.direct_member_count = 0;
    admit_links(&mut group.links)?;
    check::check_group(&mut group)?;
    Ok(Ready::Group(group))
}

/// Links come as they stand, one for each connection, without the revision they had elsewhere.
fn admit_links(links: &mut [Link]) -> Result<()> {
    let mut connections = BTreeSet::new();
    if links.len() > limits::VALUES_PER_ATTRIBUTE {
        return Err(Error::too_large("links", limits::VALUES_PER_ATTRIBUTE, "links"));
    }
    for link in links.iter_mut() {
        let named = !link.connection_id.is_empty() && link.connection_id.len() <= limits::ID_BYTES;
        if !named || !connections.insert(link.connection_id.clone()) {
            return Err(Error::value("links", "links names no connection, or one twice."));
        }
        let known = State::try_from(link.state).is_ok_and(|state| state != State::Unspecified) && Reason::try_from(link.reason).is_ok();
        if !known {
            return Err(Error::value("links", "links: a state or a reason is none of its values."));
        }
        let texts = [Some(link.matched_attribute.as_str()), link.external_id.as_deref()];
        if texts.into_iter().flatten().any(|text| text.len() > limits::KEY_BYTES || text.chars().any(char::is_control)) {
            return Err(Error::value(
                "links",
                format!("links: a text is longer than {} bytes, or holds a control character.", limits::KEY_BYTES),
            ));
        }
        times::given("links.link_time", link.link_time.as_ref())?;
        link.revision = 0;
    }
    links.sort_by(|a, b| a.connection_id.cmp(&b.connection_id));
    Ok(())
}

fn admit_membership(membership: Membership) -> Result<Ready> {
    check_id("membership.group_id", &membership.group_id)?;
    let (member, kind) = match membership.member.and_then(|member| member.principal) {
        Some(Principal::UserId(id)) => (id, MEMBER_USER),
        Some(Principal::GroupId(id)) => (id, MEMBER_GROUP),
        Some(_) => return Err(Error::value("membership.member", "membership.member is a user or a group, and says which.")),
        None => return Err(Error::missing("membership.member")),
    };
    check_id("membership.member", &member)?;
    Ok(Ready::Membership(membership.group_id, member, kind))
}

fn admit_grant(given: &RoleAssignment) -> Result<Ready> {
    check_id("role_assignment.id", &given.id)?;
    if given.role_id.is_empty() {
        return Err(Error::missing("role_assignment.role_id"));
    }
    let (principal_id, kind) = roles::holder(given.principal.as_ref(), "role_assignment.principal")?;
    let principal_kind =
        kind.ok_or_else(|| Error::value("role_assignment.principal", "role_assignment.principal does not say its kind."))?;
    roles::check_scope(&given.scope, "role_assignment.scope")?;
    Ok(Ready::Grant(Grant {
        id: given.id.clone(),
        role_id: given.role_id.clone(),
        principal_id,
        principal_kind,
        scope: given.scope.clone(),
        expires_at: times::given("role_assignment.expire_time", given.expire_time.as_ref())?.unwrap_or(NEVER),
        created_at: times::given("role_assignment.create_time", given.create_time.as_ref())?.unwrap_or(0),
    }))
}

/// An id that a server made: it cannot be guessed, and is no word.
fn check_id(field: &str, id: &str) -> Result<()> {
    if is_id(id) {
        return Ok(());
    }
    Err(Error::value(field, format!("{field} is no id that a server made: a UUID of 36 characters, in lower case.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_that_a_server_made() {
        assert_eq!(check_id("user.id", "0198f0a0-0000-7000-8000-00000000000f"), Ok(()));
        for odd in [
            "",
            "admin",
            "0198f0a0-0000-7000-8000-00000000000F",
            "0198f0a0+0000-7000-8000-00000000000f",
            "0198f0a0-0000-7000-8000-0000000000é",
        ] {
            assert!(check_id("user.id", odd).is_err(), "{odd}");
        }
    }
}
