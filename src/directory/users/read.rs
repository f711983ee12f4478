//! Reading users by reference.

use super::{
    super::{
        Error, Result,
        core::{Call, Directory},
        revision,
        sight::Sight,
    },
    answer::Shown,
};
use crate::{
    api::v1::{
        BatchGetUsersRequest, BatchGetUsersResponse, ErrorReason, GetUserRequest, GetUserResponse, User, UserRef, batch_get_users_response,
        user_ref::Ref,
    },
    attributes::fold,
    limits,
    store::{KEY_USER_EMAIL, KEY_USER_EXTERNAL_ID, Life, Reader, external_key},
};
use prost::Message as _;
use std::collections::{BTreeMap, BTreeSet};

pub(super) async fn get(directory: &Directory, call: &Call, request: GetUserRequest) -> Result<GetUserResponse> {
    let reference = request.user.and_then(|u| u.r#ref).ok_or_else(|| Error::missing("user"))?;
    let shown = Shown::new(request.selection.as_ref())?;
    let organization = request.organization_id;
    if let (Ref::Id(id), false) = (&reference, shown.needs_groups()) {
        // The common case: one statement.
        let wanted = revision::wanted(&directory.store, &organization, request.consistency.as_ref())?;
        let (at, registered, body) = directory.store.find_user(&organization, id).await?.ok_or_else(Error::organization_denied)?;
        revision::reached(wanted, at)?;
        let mut user = decode(directory.store.life(), &body.ok_or_else(|| Error::not_found("user"))?)?;
        Sight::of(call).check(&user, "user")?;
        shown.among(registered).finish(directory, call, None, std::slice::from_mut(&mut user)).await?;
        return Ok(GetUserResponse { user: Some(user), read_at: directory.revision(&organization, at) });
    }
    let mut reader = directory.read(&organization, request.consistency.as_ref()).await?;
    let shown = shown.among(reader.schemas().await?);
    let mut found = resolve(&mut reader, call, std::slice::from_ref(&reference)).await?;
    let mut user = found.pop().ok_or_else(Error::internal)??;
    shown.finish(directory, call, Some(&mut reader), std::slice::from_mut(&mut user)).await?;
    Ok(GetUserResponse { user: Some(user), read_at: directory.read_at(&reader) })
}

pub(super) async fn batch_get(directory: &Directory, call: &Call, request: BatchGetUsersRequest) -> Result<BatchGetUsersResponse> {
    if request.users.is_empty() {
        return Err(Error::missing("users"));
    }
    if request.users.len() > limits::BATCH_READS {
        return Err(Error::too_large("users", limits::BATCH_READS, "references"));
    }
    let shown = Shown::new(request.selection.as_ref())?;
    let references =
        request.users.into_iter().map(|UserRef { r#ref }| r#ref.ok_or_else(|| Error::missing("users.ref"))).collect::<Result<Vec<_>>>()?;
    let mut reader = directory.read(&request.organization_id, request.consistency.as_ref()).await?;
    let shown = shown.among(reader.schemas().await?);
    let found = resolve(&mut reader, call, &references).await?;
    let mut users: Vec<User> = found.iter().flatten().cloned().collect();
    shown.finish(directory, call, Some(&mut reader), &mut users).await?;
    let (mut users, mut bytes) = (users.into_iter(), 0);
    let results = found
        .into_iter()
        .map(|found| {
            use batch_get_users_response::{Result as One, result::Result as Outcome};
            let user = found.and_then(|_| users.next().ok_or_else(Error::internal));
            let user = user.and_then(|user| {
                bytes += user.encoded_len();
                if bytes > limits::MESSAGE_BYTES / 2 { Err(too_large()) } else { Ok(user) }
            });
            One { result: Some(user.map_or_else(|error| Outcome::Error(error.to_rpc()), Outcome::User)) }
        })
        .collect();
    Ok(BatchGetUsersResponse { results, read_at: directory.read_at(&reader) })
}

fn too_large() -> Error {
    Error::new(ErrorReason::ResponseTooLarge, "The answer would not fit into one message; ask for fewer users at once.")
        .with("limit", (limits::MESSAGE_BYTES / 2).to_string())
}

/// A stored user, with the etag that it has in this life of the store.
pub(in crate::directory) fn decode(life: Life, body: &[u8]) -> Result<User> {
    let mut user = User::decode(body).map_err(|error| {
        tracing::error!(%error, "a stored user cannot be decoded");
        Error::internal()
    })?;
    life.renew(user.meta.as_mut());
    Ok(user)
}

/// Users with one e-mail address that are looked at: one of them that the caller sees makes it found, two ambiguous.
const SHARED: usize = 64;

/// One result per reference, in order, with one statement per kind of reference.
async fn resolve(reader: &mut Reader, call: &Call, references: &[Ref]) -> Result<Vec<Result<User>>> {
    let (mut names, mut keys, mut ids) = (Vec::new(), Vec::new(), BTreeSet::new());
    for reference in references {
        match reference {
            Ref::Id(id) => {
                ids.insert(id.clone());
            }
            Ref::UserName(name) => names.extend(fold::user_name(name).ok()),
            Ref::ExternalId(_) | Ref::Email(_) => keys.push(key_of(call, reference)),
        }
    }
    let holders: BTreeMap<String, String> = reader.users_named(names).await?.into_iter().collect();
    let mut held: BTreeMap<(i64, String), Vec<String>> = BTreeMap::new();
    for (kind, key, id) in reader.holders(keys).await? {
        let ids: &mut Vec<String> = held.entry((kind, key)).or_default();
        if ids.len() < SHARED {
            ids.push(id);
        }
    }
    let chosen: Vec<Vec<String>> = references
        .iter()
        .map(|reference| match reference {
            Ref::Id(id) => vec![id.clone()],
            // A text that can be no user name names nobody.
            Ref::UserName(name) => fold::user_name(name).ok().and_then(|key| holders.get(&key)).cloned().into_iter().collect(),
            Ref::ExternalId(_) | Ref::Email(_) => held.get(&key_of(call, reference)).cloned().unwrap_or_default(),
        })
        .collect();
    ids.extend(chosen.iter().flatten().cloned());
    let sight = Sight::of(call);
    let mut users = BTreeMap::new();
    for (id, body) in reader.users(ids.into_iter().collect()).await? {
        let user = decode(reader.life(), &body)?;
        if sight.sees(&user) {
            users.insert(id, user);
        }
    }
    // Who is not there for the caller makes no reference ambiguous.
    let one = |ids: Vec<String>| {
        let mut seen = ids.iter().filter_map(|id| users.get(id));
        match (seen.next(), seen.next()) {
            (Some(user), None) => Ok(user.clone()),
            (Some(_), Some(_)) => Err(ambiguous()),
            (None, _) => Err(Error::not_found("user")),
        }
    };
    Ok(chosen.into_iter().map(one).collect())
}

/// The key an indirect reference is looked up by.
fn key_of(call: &Call, reference: &Ref) -> (i64, String) {
    match reference {
        Ref::ExternalId(external) => {
            // A connection means its own; others say whose.
            let connection = if call.caller.connection.is_some() { call.connection() } else { &external.connection_id };
            (KEY_USER_EXTERNAL_ID, external_key(connection, &external.value))
        }
        Ref::Email(address) => (KEY_USER_EMAIL, fold::email(address)),
        Ref::Id(text) | Ref::UserName(text) => (0, text.clone()),
    }
}

fn ambiguous() -> Error {
    Error::new(ErrorReason::AmbiguousReference, "The reference names more than one user.").with("reference", "email")
}
