//! One operation, understood: which write it asks for, and what the answer says of it.

use super::{
    super::{conditions, document::clip, error::Refusal, path::Endpoint, session::Session, writes},
    envelope::Given,
    references::{self, Names},
};
use crate::{
    api::v1::{AttributeList, PatchOperation, Precondition, attribute_value::Kind, mutation::Write, patch_operation::Op},
    attributes::ResourceType,
};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What an operation may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    fn read(text: &str) -> Option<Method> {
        [Method::Post, Method::Put, Method::Patch, Method::Delete].into_iter().find(|method| method.name() == text)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }

    /// The status of its success.
    pub(super) fn success(self) -> &'static str {
        match self {
            Method::Post => "201",
            Method::Put | Method::Patch => "200",
            Method::Delete => "204",
        }
    }
}

/// An operation.
#[derive(Debug)]
pub(super) struct Operation {
    /// As it was sent, if it was text.
    pub(super) method: Option<String>,
    /// As it was sent.
    pub(super) bulk_id: Option<String>,
    /// What `method` means.
    pub(super) what: Option<Method>,
    /// The type of the resource, if the path tells.
    pub(super) kind: Option<ResourceType>,
    /// The resource's id, if the path tells; not that of one which the request itself makes.
    pub(super) id: Option<String>,
    /// The `bulkId` by which the path names a resource that the request itself makes.
    pub(super) named: Option<String>,
    /// The write, or why there is none.
    pub(super) write: Result<Write, Refusal>,
}

impl Operation {
    /// Reads an operation.
    pub(super) fn read(session: &Session, given: &Given<'_>, names: &Names) -> Operation {
        let method = text("method", given.method);
        let what = method.as_ref().ok().and_then(Option::as_deref).and_then(Method::read);
        let target = text("path", given.path).and_then(|path| target(path.as_deref()));
        let kind = target.as_ref().ok().map(|(kind, _)| *kind);
        let id = target.as_ref().ok().and_then(|(_, id)| id.clone());
        let meant = id.as_deref().and_then(references::bulk_id).map(str::to_owned);
        let id = id.filter(|id| is_sayable(id));
        let method = method.map(|text| text.map(|text| clip(&text)));
        let bulk_id = text("bulkId", given.bulk_id);
        let write = write(session, given, names, method.clone(), bulk_id.clone(), what, target);
        Operation { method: method.unwrap_or_default(), bulk_id: bulk_id.unwrap_or_default(), what, kind, id, named: meant, write }
    }
}

/// Whether an id of a path can be one of ours, and so a part of a URL.
fn is_sayable(id: &str) -> bool {
    references::bulk_id(id).is_none() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// The write, its references in the directory's words.
fn write(
    session: &Session,
    given: &Given<'_>,
    names: &Names,
    method: Result<Option<String>, Refusal>,
    bulk_id: Result<Option<String>, Refusal>,
    what: Option<Method>,
    target: Result<(ResourceType, Option<String>), Refusal>,
) -> Result<Write, Refusal> {
    let what = match (what, method?) {
        (Some(what), _) => what,
        (None, Some(_)) => return Err(Refusal::syntax("method is none of POST, PUT, PATCH and DELETE.")),
        (None, None) => return Err(Refusal::syntax("method is required.")),
    };
    let bulk_id = bulk_id?;
    let (kind, id) = target?;
    let mut write = match (what, id) {
        (Method::Post, Some(_)) => return Err(Refusal::syntax("The path of a POST names an endpoint, not a resource.")),
        (Method::Post, None) if bulk_id.is_none_or(|id| id.is_empty()) => return Err(Refusal::syntax("bulkId is required for a POST.")),
        (Method::Post, None) => post(session, kind, given)?,
        (_, None) => return Err(Refusal::syntax("The path names no resource.")),
        (Method::Put, Some(id)) => put(session, kind, &id, given)?,
        (Method::Patch, Some(id)) => patch(session, kind, &id, given)?,
        (Method::Delete, Some(id)) => delete(session, kind, &id, given)?,
    };
    names.resolve(&mut write)?;
    Ok(write)
}

fn post(session: &Session, kind: ResourceType, given: &Given<'_>) -> Result<Write, Refusal> {
    let data = data(given)?;
    Ok(match kind {
        ResourceType::User => Write::CreateUser(writes::create_user(session, data.get().as_bytes())?),
        ResourceType::Group => Write::CreateGroup(writes::create_group(session, data.get().as_bytes())?),
    })
}

fn put(session: &Session, kind: ResourceType, id: &str, given: &Given<'_>) -> Result<Write, Refusal> {
    let (data, precondition) = (data(given)?, precondition(given)?);
    Ok(match kind {
        ResourceType::User => {
            let mut request = writes::replace_user(session, id, data.get().as_bytes())?;
            request.precondition = precondition;
            Write::ReplaceUser(request)
        }
        ResourceType::Group => {
            let mut request = writes::replace_group(session, id, data.get().as_bytes())?;
            request.precondition = precondition;
            Write::ReplaceGroup(request)
        }
    })
}

fn patch(session: &Session, kind: ResourceType, id: &str, given: &Given<'_>) -> Result<Write, Refusal> {
    let (data, precondition) = (patch_document(data(given)?), precondition(given)?);
    Ok(match kind {
        ResourceType::User => {
            let mut request = writes::patch_user(session, id, data.as_bytes())?;
            request.precondition = precondition;
            change_nothing(&mut request.operations);
            Write::PatchUser(request)
        }
        ResourceType::Group => {
            let mut request = writes::patch_group(session, id, data.as_bytes())?;
            request.precondition = precondition;
            change_nothing(&mut request.operations);
            Write::PatchGroup(request)
        }
    })
}

fn delete(session: &Session, kind: ResourceType, id: &str, given: &Given<'_>) -> Result<Write, Refusal> {
    let precondition = precondition(given)?;
    Ok(match kind {
        ResourceType::User => {
            let mut request = writes::delete_user(session, id);
            request.precondition = precondition;
            Write::DeleteUser(request)
        }
        ResourceType::Group => {
            let mut request = writes::delete_group(session, id);
            request.precondition = precondition;
            Write::DeleteGroup(request)
        }
    })
}

/// What a PATCH is left with when nothing of it is to be done: the directory still looks whether there is such a resource and
/// whether it has the version. `schemas` is derived; to add to it changes nothing.
fn change_nothing(operations: &mut Vec<PatchOperation>) {
    if operations.is_empty() {
        let value = Some(Kind::ListValue(AttributeList::default()).into());
        operations.push(PatchOperation { op: Op::Add as i32, path: "schemas".to_owned(), value, ..PatchOperation::default() });
    }
}

/// RFC 7644 says that `data` is what a single request would send, and shows a bare list of operations (section 3.7.3): both
/// are taken.
fn patch_document(data: &RawValue) -> Cow<'_, str> {
    let data = data.get();
    if data.starts_with('[') {
        let schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
        return Cow::Owned(format!("{{\"schemas\":[\"{schema}\"],\"Operations\":{data}}}"));
    }
    Cow::Borrowed(data)
}

fn data<'a>(given: &Given<'a>) -> Result<&'a RawValue, Refusal> {
    given.data.ok_or_else(|| Refusal::syntax("data is required."))
}

fn precondition(given: &Given<'_>) -> Result<Option<Precondition>, Refusal> {
    Ok(match text("version", given.version)? {
        Some(version) => Some(conditions::of_version(&version)?),
        None => None,
    })
}

/// The resource type and the id that a path below the base names.
fn target(path: Option<&str>) -> Result<(ResourceType, Option<String>), Refusal> {
    let path = path.ok_or_else(|| Refusal::syntax("path is required."))?;
    match Endpoint::below(path) {
        Some(Endpoint::Users) => Ok((ResourceType::User, None)),
        Some(Endpoint::Groups) => Ok((ResourceType::Group, None)),
        Some(Endpoint::User(id)) => Ok((ResourceType::User, Some(id))),
        Some(Endpoint::Group(id)) => Ok((ResourceType::Group, Some(id))),
        _ => Err(Refusal::syntax("path is neither /Users nor /Groups, nor one of their resources.")),
    }
}

fn text(name: &str, raw: Option<&RawValue>) -> Result<Option<String>, Refusal> {
    raw.map(|raw| serde_json::from_str(raw.get()).map_err(|_| Refusal::syntax(format!("{name} is no text.")))).transpose()
}
