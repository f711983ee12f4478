//! The rows of sub-objects: what a name, an address, a member is made of.

use super::access::{Access, Node, View, at};
use super::row::{Fold, Index, Returned, Row, Rows, binary, boolean, one, reference, text};
use crate::api::v1::{
    Address, EnterpriseUser, GroupMember, GroupSummary, Manager, MultiValue, PersonName, group_summary::Kind as PathKind,
    principal_ref::Principal,
};

impl Node for PersonName {}
impl Node for MultiValue {}
impl Node for Address {}
impl Node for EnterpriseUser {}
impl Node for Manager {}
impl Node for GroupSummary {}
impl Node for GroupMember {}

#[rustfmt::skip]
pub(super) static NAME: Rows<PersonName> = Rows { rest: None, open: None, rows: &[
    text("formatted",       at!(PersonName.formatted)).about("The whole name, ready to be shown."),
    text("familyName",      at!(PersonName.family_name)).about("The family name."),
    text("givenName",       at!(PersonName.given_name)).about("The given name."),
    text("middleName",      at!(PersonName.middle_name)).about("Middle names."),
    text("honorificPrefix", at!(PersonName.honorific_prefix)).about("A title before the name."),
    text("honorificSuffix", at!(PersonName.honorific_suffix)).about("A title after the name."),
]};

pub(super) static EMAIL: Rows<MultiValue> =
    plural(&values(text("value", at!(MultiValue.value)).indexed(Index::Email).about("An e-mail address."), &["work", "home", "other"]));
pub(super) static PHONE: Rows<MultiValue> = plural(&values(
    text("value", at!(MultiValue.value)).about("A telephone number."),
    &["work", "home", "mobile", "fax", "pager", "other"],
));
pub(super) static IM: Rows<MultiValue> = plural(&values(
    text("value", at!(MultiValue.value)).about("An instant messaging address."),
    &["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"],
));
pub(super) static PHOTO: Rows<MultiValue> =
    plural(&values(reference("value", at!(MultiValue.value), &["external"]).about("The address of a picture."), &["photo", "thumbnail"]));
pub(super) static ENTITLEMENT: Rows<MultiValue> = plural(&values(text("value", at!(MultiValue.value)).about("An entitlement."), &[]));
pub(super) static ROLE: Rows<MultiValue> = plural(&values(text("value", at!(MultiValue.value)).about("A role."), &[]));
pub(super) static CERTIFICATE: Rows<MultiValue> =
    plural(&values(binary("value", at!(MultiValue.value)).about("A DER certificate in base64."), &[]));

const fn plural(rows: &'static [Row<MultiValue>; 5]) -> Rows<MultiValue> {
    Rows { rows, rest: Some((|m| &m.extra, |m| &mut m.extra)), open: None }
}

#[rustfmt::skip]
const fn values(value: Row<MultiValue>, types: &'static [&'static str]) -> [Row<MultiValue>; 5] {
    [
        value,
        text("display",    at!(MultiValue.display)).about("A text to show."),
        text("type",       at!(MultiValue.r#type)).canonical(types).about("What the value is for."),
        boolean("primary", at!(MultiValue.primary)).about("Whether it is the preferred one; at most one is."),
        // A sub-attribute that any list may have (RFC 7643 section 2.4); clients send it and want it back. The schemas of
        // section 8.7.1 do not list it, and clients that build values from a schema would invent one.
        reference("$ref",  at!(MultiValue.r#ref), &["uri"]).unlisted().about("The address of what the value names."),
    ]
}

#[rustfmt::skip]
pub(super) static ADDRESS: Rows<Address> = Rows { rest: Some((|a| &a.extra, |a| &mut a.extra)), open: None, rows: &[
    text("formatted",     at!(Address.formatted)).about("The whole address, ready to be shown; may have several lines."),
    text("streetAddress", at!(Address.street_address)).about("Street, house number, post box."),
    text("locality",      at!(Address.locality)).about("City or place."),
    text("region",        at!(Address.region)).about("State or region."),
    text("postalCode",    at!(Address.postal_code)).about("Postal code."),
    text("country",       at!(Address.country)).about("Country."),
    text("type",          at!(Address.r#type)).canonical(&["work", "home", "other"]).about("What the address is for."),
    boolean("primary",    at!(Address.primary)).about("Whether it is the preferred one; at most one is."),
]};

#[rustfmt::skip]
pub(super) static GROUP_OF_USER: Rows<GroupSummary> = Rows { rest: None, open: None, rows: &[
    text("value",     at!(GroupSummary.group_id)).read_only().fold(Fold::Exact).about("The group's id."),
    reference("$ref", Access::<_, str>::computed(&["group_id"], |g: &GroupSummary| View::Location("Groups", &g.group_id)), &["Group"])
        .read_only().about("The group's address."),
    text("display",   at!(GroupSummary.display_name)).read_only().about("The group's displayName."),
    text("type",      Access::<_, str>::computed(&["kind"], path_kind)).read_only().canonical(&["direct", "indirect"])
        .about("Whether the user is a member itself or through another group."),
]};

fn path_kind(group: &GroupSummary) -> View<'_> {
    match group.kind() {
        PathKind::Direct => View::Text("direct"),
        PathKind::Indirect => View::Text("indirect"),
        PathKind::Unspecified => View::Absent,
    }
}

#[rustfmt::skip]
/// A member as a group shows it. Members are edges, not a field: the façade renders them one by one.
pub static MEMBER: Rows<GroupMember> = Rows { rest: None, open: None, rows: &[
    text("value",     Access::<_, str>::computed(&["member"], member_id)).immutable().fold(Fold::Exact).about("The member's id."),
    reference("$ref", Access::<_, str>::computed(&["member"], member_location), &["User", "Group"])
        .immutable().about("The member's address."),
    text("display",   at!(GroupMember.display)).read_only().returned(Returned::Request).about("The member's displayName."),
    text("type",      Access::<_, str>::computed(&["member"], member_type)).immutable().canonical(&["User", "Group"])
        .about("What kind of resource the member is."),
]};

fn member_id(member: &GroupMember) -> View<'_> {
    match member.member.as_ref().and_then(|m| m.principal.as_ref()) {
        Some(Principal::UserId(id) | Principal::GroupId(id) | Principal::ServiceAccountId(id) | Principal::AnyId(id)) => View::Text(id),
        None => View::Absent,
    }
}

fn member_location(member: &GroupMember) -> View<'_> {
    match member.member.as_ref().and_then(|m| m.principal.as_ref()) {
        Some(Principal::UserId(id)) => View::Location("Users", id),
        Some(Principal::GroupId(id)) => View::Location("Groups", id),
        _ => View::Absent,
    }
}

fn member_type(member: &GroupMember) -> View<'_> {
    match member.member.as_ref().and_then(|m| m.principal.as_ref()) {
        Some(Principal::UserId(_)) => View::Text("User"),
        Some(Principal::GroupId(_)) => View::Text("Group"),
        _ => View::Absent,
    }
}

#[rustfmt::skip]
pub(super) static ENTERPRISE_USER: Rows<EnterpriseUser> = Rows { rest: Some((|e| &e.extra, |e| &mut e.extra)), open: None, rows: &[
    text("employeeNumber", at!(EnterpriseUser.employee_number)).about("A number or code the organization gave."),
    text("costCenter",     at!(EnterpriseUser.cost_center)).about("The cost center."),
    text("organization",   at!(EnterpriseUser.organization)).about("The organization."),
    text("division",       at!(EnterpriseUser.division)).about("The division."),
    text("department",     at!(EnterpriseUser.department)).about("The department."),
    one("manager",         at!(EnterpriseUser.manager), &MANAGER).about("The user's manager."),
]};

#[rustfmt::skip]
static MANAGER: Rows<Manager> = Rows { rest: None, open: None, rows: &[
    text("value",       at!(Manager.value)).fold(Fold::Exact).about("The id of the manager's user."),
    reference("$ref",   at!(Manager.r#ref), &["User"]).about("The address of the manager's user."),
    text("displayName", at!(Manager.display_name)).read_only().about("The manager's displayName."),
]};
