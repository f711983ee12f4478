//! Reading users by reference.

use super::{
    super::{
        Error, Result,
        batch::{self, Batch, Words},
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
    attributes::{ResourceType, fold},
    limits,
    store::{KEY_USER_EMAIL, KEY_USER_EXTERNAL_ID, Life, Reader, external_key},
};
use prost::Message as _;
use std::collections::BTreeMap;

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
    let mut user = find(&mut reader, call, reference).await?;
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
    let meant = meant(&mut reader, call, &references).await?;
    let most = if shown.needs_groups() { limits::READ_WITH_GROUPS } else { limits::BATCH_READS };
    let mut batch = Batch::new(&mut reader, call, &WORDS, most, meant).await?;
    while let Some(ids) = batch.next() {
        let mut users = reader.users(ids).await?.into_iter().map(|(_, body)| decode(reader.life(), &body)).collect::<Result<Vec<_>>>()?;
        let ids: Vec<String> = users.iter().map(|user| user.id.clone()).collect();
        shown.finish(directory, call, Some(&mut reader), &mut users).await?;
        batch.take(&ids.into_iter().zip(users).collect());
    }
    let result = |user: Result<User>| {
        use batch_get_users_response::{Result as One, result::Result as Outcome};
        One { result: Some(user.map_or_else(|error| Outcome::Error(error.to_rpc()), Outcome::User)) }
    };
    Ok(BatchGetUsersResponse { results: batch.results().into_iter().map(result).collect(), read_at: directory.read_at(&reader) })
}

static WORDS: Words = Words { kind: ResourceType::User, name: "user", ambiguous, too_large: || batch::too_large("users") };

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

/// Users read at once who have one e-mail address.
const FEW: usize = 8;

/// The one user that a reference means. Who is not there for the caller makes it not ambiguous.
async fn find(reader: &mut Reader, call: &Call, reference: Ref) -> Result<User> {
    let ids = meant(reader, call, &[reference]).await?.pop().unwrap_or_default();
    let (sight, mut found) = (Sight::of(call), None);
    for few in ids.chunks(FEW) {
        for (_, body) in reader.users(few.to_vec()).await? {
            let user = decode(reader.life(), &body)?;
            if sight.sees(&user) && found.replace(user).is_some() {
                return Err(ambiguous());
            }
        }
    }
    found.ok_or_else(|| Error::not_found("user"))
}

/// The ids that each reference may mean, with one statement per kind of reference.
async fn meant(reader: &mut Reader, call: &Call, references: &[Ref]) -> Result<Vec<Vec<String>>> {
    let (mut names, mut keys) = (Vec::new(), Vec::new());
    for reference in references {
        match reference {
            Ref::Id(_) => {}
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
    let ids = references.iter().map(|reference| match reference {
        Ref::Id(id) => vec![id.clone()],
        // A text that can be no user name names nobody.
        Ref::UserName(name) => fold::user_name(name).ok().and_then(|key| holders.get(&key)).cloned().into_iter().collect(),
        Ref::ExternalId(_) | Ref::Email(_) => held.get(&key_of(call, reference)).cloned().unwrap_or_default(),
    });
    Ok(ids.collect())
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
