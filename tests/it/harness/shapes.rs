//! Short words for the contract's messages, so that a story says what matters in it.

use prost_types::FieldMask;
use roster::api::v1::{
    AttributeList, AttributeMap, AttributeValue, Connection, ExternalId, Filter, Group, GroupRef, ListOptions, MemberDelta, MultiValue,
    PatchOperation, Precondition, PrincipalRef, ResolveTakeoverRequest, UndoTakeoverRequest, UpdateConnectionRequest, User, UserRef,
    attribute_map, attribute_value::Kind, group_ref, list_options::TotalSize, member_delta, patch_operation::Op, principal_ref::Principal,
    user_ref,
};

/// A user with a name and nothing else.
pub fn user(user_name: &str) -> User {
    User { user_name: user_name.to_owned(), ..User::default() }
}

/// A user with a work address that is primary.
pub fn user_with_email(user_name: &str, address: &str) -> User {
    User { emails: vec![email(address)], ..user(user_name) }
}

pub fn email(address: &str) -> MultiValue {
    MultiValue { value: Some(address.to_owned()), r#type: Some("work".to_owned()), primary: Some(true), ..MultiValue::default() }
}

pub fn group(display_name: &str) -> Group {
    Group { display_name: display_name.to_owned(), ..Group::default() }
}

pub fn by_id(id: &str) -> UserRef {
    UserRef { r#ref: Some(user_ref::Ref::Id(id.to_owned())) }
}

pub fn by_name(name: &str) -> UserRef {
    UserRef { r#ref: Some(user_ref::Ref::UserName(name.to_owned())) }
}

pub fn by_email(address: &str) -> UserRef {
    UserRef { r#ref: Some(user_ref::Ref::Email(address.to_owned())) }
}

pub fn external(connection: &str, value: &str) -> ExternalId {
    ExternalId { connection_id: connection.to_owned(), value: value.to_owned() }
}

pub fn by_external_id(connection: &str, value: &str) -> UserRef {
    UserRef { r#ref: Some(user_ref::Ref::ExternalId(external(connection, value))) }
}

pub fn group_by_id(id: &str) -> GroupRef {
    GroupRef { r#ref: Some(group_ref::Ref::Id(id.to_owned())) }
}

pub fn group_by_name(name: &str) -> GroupRef {
    GroupRef { r#ref: Some(group_ref::Ref::DisplayName(name.to_owned())) }
}

pub fn principal(user_id: &str) -> PrincipalRef {
    PrincipalRef { principal: Some(Principal::UserId(user_id.to_owned())) }
}

pub fn group_principal(group_id: &str) -> PrincipalRef {
    PrincipalRef { principal: Some(Principal::GroupId(group_id.to_owned())) }
}

pub fn any_principal(id: &str) -> PrincipalRef {
    PrincipalRef { principal: Some(Principal::AnyId(id.to_owned())) }
}

/// The id of a principal, whatever its kind.
pub fn principal_id(principal: &PrincipalRef) -> &str {
    match principal.principal.as_ref().expect("a principal says who it is") {
        Principal::UserId(id) | Principal::GroupId(id) | Principal::ServiceAccountId(id) | Principal::AnyId(id) => id,
    }
}

pub fn add(member: PrincipalRef) -> MemberDelta {
    MemberDelta { action: member_delta::Action::Add.into(), member: Some(member) }
}

pub fn remove(member: PrincipalRef) -> MemberDelta {
    MemberDelta { action: member_delta::Action::Remove.into(), member: Some(member) }
}

pub fn filter(expression: &str) -> Option<Filter> {
    Some(Filter { expression: expression.to_owned(), ..Filter::default() })
}

/// A page: size and token, ordered, counted.
pub fn page(size: i32, token: &str, order_by: &str) -> Option<ListOptions> {
    Some(ListOptions {
        page_size: size,
        page_token: token.to_owned(),
        order_by: order_by.to_owned(),
        total_size: TotalSize::Exact.into(),
        ..ListOptions::default()
    })
}

pub fn if_match(etag: &str) -> Option<Precondition> {
    Some(Precondition { if_match: vec![etag.to_owned()], ..Precondition::default() })
}

pub fn text(value: &str) -> AttributeValue {
    AttributeValue { kind: Some(Kind::StringValue(value.to_owned())) }
}

pub fn boolean(value: bool) -> AttributeValue {
    AttributeValue { kind: Some(Kind::BoolValue(value)) }
}

pub fn list(values: Vec<AttributeValue>) -> AttributeValue {
    AttributeValue { kind: Some(Kind::ListValue(AttributeList { values })) }
}

pub fn complex<'a>(entries: impl IntoIterator<Item = (&'a str, AttributeValue)>) -> AttributeValue {
    let entries = entries.into_iter().map(|(name, value)| attribute_map::Entry { name: name.to_owned(), value: Some(value) }).collect();
    AttributeValue { kind: Some(Kind::ComplexValue(AttributeMap { entries })) }
}

pub fn operation(op: Op, path: &str, value: Option<AttributeValue>) -> PatchOperation {
    PatchOperation { op: op.into(), path: path.to_owned(), value, ..PatchOperation::default() }
}

/// These fields of a connection, which its id names, set to its values.
pub fn connection_update(organization: &str, connection: Connection, paths: &[&str]) -> UpdateConnectionRequest {
    UpdateConnectionRequest {
        organization_id: organization.to_owned(),
        connection: Some(connection),
        update_mask: Some(FieldMask { paths: paths.iter().map(ToString::to_string).collect() }),
        ..UpdateConnectionRequest::default()
    }
}

/// A person's word on the takeover of a user by a connection.
pub fn resolve_takeover(organization: &str, user: &str, connection: &str, approve: bool) -> ResolveTakeoverRequest {
    let (organization_id, user_id, connection_id) = (organization.to_owned(), user.to_owned(), connection.to_owned());
    ResolveTakeoverRequest { organization_id, user_id, connection_id, approve, ..ResolveTakeoverRequest::default() }
}

/// A connection's link to a user, taken back.
pub fn undo_takeover(organization: &str, user: &str, connection: &str, restore_attributes: bool) -> UndoTakeoverRequest {
    let (organization_id, user_id, connection_id) = (organization.to_owned(), user.to_owned(), connection.to_owned());
    UndoTakeoverRequest { organization_id, user_id, connection_id, restore_attributes, ..UndoTakeoverRequest::default() }
}
