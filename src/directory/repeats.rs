//! Writes that are sent again: a `request_id` gives them one effect.
//!
//! What a write answers is kept by the commit that makes it, so there is never one without the other: a client that did not
//! hear sends the same again, to whichever node, and is answered the same. Refusals and secrets are not kept.

mod passwords;
mod whole;

use super::{
    Error, Result,
    core::{Call, Edit},
};
use crate::{
    access::Caller,
    api::v1::{self, ErrorReason, WriteOptions, principal_ref::Principal, stream_replace_group_request::Header},
    attributes::roster::Roster,
    clock::Micros,
    limits,
    store::{RequestKey, RequestRow, Work},
};
use passwords::{forget_password, forget_passwords};
use prost::Message;
use sha2::{Digest, Sha256};

/// A request for a write.
pub(super) trait Write: Message + Clone {
    /// The method it is sent to: the same message to another is another request.
    const METHOD: &'static str;

    /// What every write may carry.
    fn options(&self) -> Option<&WriteOptions>;

    /// Leaves what the request asks for: without its own name, without asking for a dry run, and without passwords, which
    /// could be guessed from a digest.
    fn strip(&mut self);
}

macro_rules! writes {
    ($($request:ty, $method:literal $(, $secrets:expr)?;)+) => {$(
        impl Write for $request {
            const METHOD: &'static str = $method;

            fn options(&self) -> Option<&WriteOptions> {
                self.write.as_ref()
            }

            fn strip(&mut self) {
                if let Some(options) = &mut self.write {
                    options.request_id.clear();
                    options.validate_only = false;
                }
                $(let forget: fn(&mut Self) = $secrets; forget(self);)?
            }
        }
    )+};
}

writes! {
    v1::CreateUserRequest, "CreateUser", |r| r.password = None;
    v1::UpdateUserRequest, "UpdateUser";
    v1::ReplaceUserRequest, "ReplaceUser", |r| r.password = None;
    v1::PatchUserRequest, "PatchUser", |r| r.operations.iter_mut().for_each(forget_password);
    v1::DeleteUserRequest, "DeleteUser";
    v1::UndeleteUserRequest, "UndeleteUser";
    v1::PurgeUserRequest, "PurgeUser";
    v1::CreateGroupRequest, "CreateGroup";
    v1::UpdateGroupRequest, "UpdateGroup";
    v1::PatchGroupRequest, "PatchGroup";
    v1::ReplaceGroupRequest, "ReplaceGroup";
    Header, "StreamReplaceGroup";
    v1::DeleteGroupRequest, "DeleteGroup";
    v1::ModifyGroupMembersRequest, "ModifyGroupMembers";
    v1::ApplyMutationsRequest, "ApplyMutations", |r| r.mutations.iter_mut().filter_map(|m| m.write.as_mut()).for_each(forget_passwords);
    v1::CreateOrganizationRequest, "CreateOrganization";
    v1::UpdateOrganizationRequest, "UpdateOrganization";
    v1::CreateConnectionRequest, "CreateConnection";
    v1::UpdateConnectionRequest, "UpdateConnection";
    v1::DeleteConnectionRequest, "DeleteConnection";
    v1::IssueTokenRequest, "IssueToken";
    v1::RotateTokenRequest, "RotateToken";
    v1::RevokeTokenRequest, "RevokeToken";
    v1::PutSchemaRequest, "PutSchema";
    v1::DeleteSchemaRequest, "DeleteSchema";
    v1::CreateServiceAccountRequest, "CreateServiceAccount";
    v1::UpdateServiceAccountRequest, "UpdateServiceAccount";
    v1::DeleteServiceAccountRequest, "DeleteServiceAccount";
    v1::ResolveTakeoverRequest, "ResolveTakeover";
    v1::UndoTakeoverRequest, "UndoTakeover";
    v1::CreateRoleRequest, "CreateRole";
    v1::UpdateRoleRequest, "UpdateRole";
    v1::DeleteRoleRequest, "DeleteRole";
    v1::ModifyRoleAssignmentsRequest, "ModifyRoleAssignments";
    v1::import_directory_request::Header, "ImportDirectory";
}

/// What a write answers from its commit on.
pub(super) trait Answer: Message + Default + 'static {
    /// The user it tells of, with whose erasure it goes.
    fn about(&self) -> Option<&str> {
        None
    }

    /// Whether the write has its end; one that is to be tried in another way is not kept.
    fn is_final(&self) -> bool {
        true
    }
}

impl Answer for v1::User {
    fn about(&self) -> Option<&str> {
        Some(&self.id)
    }
}

impl Answer for v1::CreateUserResponse {
    fn about(&self) -> Option<&str> {
        self.user.as_ref().map(|user| user.id.as_str())
    }
}

macro_rules! answers {
    ($($answer:ty)+) => {$(impl Answer for $answer {})+};
}

answers! {
    () bool i32 v1::Group v1::PatchGroupResponse v1::ReplaceGroupResponse v1::StreamReplaceGroupResponse v1::ModifyGroupMembersResponse
    v1::Organization v1::Connection v1::Token v1::Schema v1::ServiceAccount v1::Takeover v1::Role v1::ModifyRoleAssignmentsResponse
    v1::ImportDirectoryResponse
}

/// A request's own name, and what it asks for.
#[derive(Debug, Clone)]
pub(super) struct Repeat {
    id: String,
    digest: Vec<u8>,
    /// What all commits of the request have in common, where each is named by what it brings.
    whole: Option<Vec<u8>>,
}

impl Repeat {
    /// Of a request that has a name.
    ///
    /// # Errors
    /// When the name is no UUID.
    pub(super) fn of<W: Write>(request: &W) -> Result<Option<Repeat>> {
        let id = request.options().map_or("", |options| &options.request_id);
        if id.is_empty() {
            return Ok(None);
        }
        let is_uuid = id.len() == 36
            && id.char_indices().all(|(at, c)| if matches!(at, 8 | 13 | 18 | 23) { c == '-' } else { c.is_ascii_hexdigit() });
        if !is_uuid {
            return Err(Error::value("write.request_id", "write.request_id is no UUID in its form of 36 characters."));
        }
        let mut bare = request.clone();
        bare.strip();
        let digest = Sha256::new().chain_update(W::METHOD).chain_update([0]).chain_update(bare.encode_to_vec()).finalize().to_vec();
        Ok(Some(Repeat { id: id.to_ascii_lowercase(), digest, whole: None }))
    }

    /// The same of a request whose members came after it.
    pub(super) fn with_members(mut self, members: &Roster) -> Self {
        let mut digest = Sha256::new().chain_update(&self.digest);
        for (id, kind) in (0..members.len()).filter_map(|at| members.get(at)) {
            digest.update(id);
            digest.update([0]);
            digest.update(format!("{kind:?}"));
            digest.update([0]);
        }
        self.digest = digest.finalize().to_vec();
        self
    }

    /// The same of a request whose records came after it, of which this is a chunk. Its commits are counted from 1: the 0th stands
    /// for the request, so that others find its name taken.
    pub(super) fn with_chunk(mut self, chunk: &impl Message) -> Self {
        let digest = Sha256::new().chain_update(&self.digest).chain_update(chunk.encode_to_vec()).finalize().to_vec();
        self.whole = Some(std::mem::replace(&mut self.digest, digest));
        self
    }
}

/// What is kept of an answer.
#[derive(Clone, PartialEq, Message)]
struct Body {
    #[prost(int64, tag = "1")]
    revision: i64,
    #[prost(bool, tag = "2")]
    changed: bool,
    #[prost(bytes = "vec", tag = "3")]
    answer: Vec<u8>,
}

/// What a write came to when it was first done.
pub(super) struct Before<T> {
    pub(super) answer: T,
    pub(super) revision: i64,
    pub(super) changed: bool,
}

/// One commit of a named request.
#[derive(Debug, Clone)]
pub(super) struct Once {
    key: RequestKey,
    digest: Vec<u8>,
    /// See [`Repeat`].
    whole: Option<Vec<u8>>,
}

impl Once {
    /// The `part`th commit of the call's request, if that has a name.
    pub(super) fn of(call: &Call, part: usize) -> Option<Once> {
        let Repeat { id, digest, whole } = call.repeat.clone()?;
        let part = i64::try_from(part).unwrap_or(i64::MAX);
        Some(Once { key: (who(&call.caller).to_owned(), id, part), digest, whole })
    }

    /// What it was answered, if it was done.
    ///
    /// # Errors
    /// `REQUEST_ID_REUSED`; `NOT_FOUND` when the answer told of a user who was erased since.
    pub(super) fn find<T: Answer>(&self, work: &mut Work) -> Edit<Option<Before<T>>> {
        let since = kept_since(work.now());
        let (row, whole) = (work.request(&self.key), self.whole(work));
        let (row, whole) = (row?, whole?);
        if let (Some(row), Some(digest)) = (whole, &self.whole) {
            self.same(&row.digest, digest)?;
        }
        let Some(row) = row.filter(|row| row.kept_at > since) else { return Ok(None) };
        self.check(&row.digest)?;
        if row.body.is_empty() {
            return Err(Error::not_found("user").into());
        }
        let broken = |error: prost::DecodeError| {
            tracing::error!(%error, "a kept answer cannot be read");
            Error::internal()
        };
        let Body { revision, changed, answer } = Body::decode(row.body.as_slice()).map_err(broken)?;
        Ok(Some(Before { answer: T::decode(answer.as_slice()).map_err(broken)?, revision, changed }))
    }

    /// Whether what was asked under this name is the same.
    ///
    /// # Errors
    /// `REQUEST_ID_REUSED`.
    pub(super) fn check(&self, digest: &[u8]) -> Result<()> {
        self.same(digest, &self.digest)
    }

    fn same(&self, kept: &[u8], asked: &[u8]) -> Result<()> {
        if kept == asked {
            return Ok(());
        }
        let detail = "The request_id was used for a request with other content within the last 24 hours.";
        Err(Error::new(ErrorReason::RequestIdReused, detail).with("request_id", &self.key.1))
    }

    /// Keeps what the running edit answers.
    pub(super) fn keep(&self, work: &mut Work, answer: &impl Answer) {
        let changed = work.changed();
        let revision = if changed { work.revision() } else { work.before() };
        let body = Body { revision, changed, answer: answer.encode_to_vec() }.encode_to_vec();
        let (digest, resource_id, kept_at) = (self.digest.clone(), answer.about().unwrap_or_default().to_owned(), work.now());
        let row = RequestRow { digest, kept_at, resource_id, body };
        if let (Some(digest), Ok(None)) = (self.whole.clone(), self.whole(work)) {
            work.keep_request(self.whole_key(), RequestRow { digest, ..row.clone() });
        }
        work.keep_request(self.key.clone(), row);
    }

    /// Whose request it is, and its name.
    pub(super) fn name(&self) -> (&str, &str) {
        (&self.key.0, &self.key.1)
    }
}

/// Answers that were kept until then count no more.
pub(super) fn kept_since(now: Micros) -> Micros {
    now.saturating_sub(limits::REQUEST_SECONDS.saturating_mul(1_000_000))
}

/// Whose requests are told apart by their names: tokens come and go.
fn who(caller: &Caller) -> &str {
    match (&caller.connection, caller.principal.as_ref().and_then(|who| who.principal.as_ref())) {
        (Some(connection), _) => &connection.id,
        (None, Some(Principal::UserId(id) | Principal::GroupId(id) | Principal::ServiceAccountId(id) | Principal::AnyId(id))) => id,
        (None, None) => "",
    }
}

/// The secret of this token was shown once.
pub(super) fn already_issued(token_id: &str) -> Error {
    let detail = "The token was issued when the request first came, and its secret is shown once; revoke it and issue another.";
    Error::new(ErrorReason::TokenAlreadyIssued, detail).with("token_id", token_id)
}
