//! What a connection keeps to itself (`Connection.owned_attributes`), of the users it manages.

use super::{Error, Result, core::Edit};
use crate::{
    access::Caller,
    api::v1::{Connection, ErrorReason, User, link::State},
    attributes::{Schemas, owned::Owned},
    limits,
    store::{RecordKind, Work},
};
use prost::Message as _;

/// The scope of service accounts that pass over ownership.
pub(super) const OVERRIDE: &str = "users.override";

/// Holds what a user is about to become against what other connections own of it. What they own is put back where the write
/// asked for that, and counted. Costs one record for each other connection that manages the user, and nothing without one.
///
/// # Errors
/// `ATTRIBUTE_OWNED`, naming the attribute and its owner.
pub(super) fn hold(work: &mut Work, caller: &Caller, before: &User, after: &mut User) -> Edit<()> {
    if caller.connection.is_none() && caller.scopes.has(OVERRIDE) {
        return Ok(());
    }
    let own = caller.connection_id();
    let others = before.links.iter().filter(|link| link.state() == State::Linked && link.connection_id != own);
    let records: Vec<_> = others.map(|link| work.record(RecordKind::Connection, &link.connection_id)).collect();
    let records = records.into_iter().collect::<std::result::Result<Vec<_>, _>>()?;
    let shared = caller.connection.as_deref().map_or(&[][..], |c| &c.owned_attributes);
    for record in records.into_iter().flatten() {
        let owner = Connection::decode(record.body.as_slice()).map_err(|_| Error::internal())?;
        for name in owner.owned_attributes.iter().filter(|name| !shared.iter().any(|s| s.eq_ignore_ascii_case(name))) {
            // A schema that was registered when it was named may be gone: then nobody can write such values but as an open map.
            let Ok(attribute) = Owned::parse(&work.schemas(), name).or_else(|_| Owned::parse(&Schemas::none(), name)) else { continue };
            let Some(kept) = attribute.kept(before, after) else { continue };
            if !work.leaves_owned() {
                return Err(refused(name, &owner).into());
            }
            *after = kept;
            work.left_one();
        }
    }
    Ok(())
}

fn refused(name: &str, owner: &Connection) -> Error {
    let detail = format!("{name} of this user belongs to the connection {:?} ({}).", owner.display_name, owner.id);
    Error::new(ErrorReason::AttributeOwned, detail).at(name).with("attribute", name).with("connection_id", &owner.id)
}

/// The border: each names an attribute of users that can be owned.
///
/// # Errors
/// `INVALID_VALUE`, `TOO_LARGE`.
pub(super) fn check(schemas: &Schemas, names: &[String]) -> Result<()> {
    let field = "connection.owned_attributes";
    if names.len() > limits::OWNED_ATTRIBUTES {
        return Err(Error::too_large(field, limits::OWNED_ATTRIBUTES, "attributes"));
    }
    for (k, name) in names.iter().enumerate() {
        if name.len() > limits::PATH_BYTES {
            return Err(Error::too_large(field, limits::PATH_BYTES, "bytes an attribute"));
        }
        Owned::parse(schemas, name).map_err(|refused| Error::value(field, format!("{field}: {}", refused.detail)))?;
        if names.iter().take(k).any(|earlier| earlier.eq_ignore_ascii_case(name)) {
            return Err(Error::value(field, format!("{field} names {name} twice.")));
        }
    }
    Ok(())
}
