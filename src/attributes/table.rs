//! Every attribute of a user and of a group, once. Adding one is adding a row.
//!
//! The facts are RFC 7643's with its verified errata applied. A list of sub-objects names the table that describes
//! its elements, so that seven lists can share one message and differ in their facts.

use super::access::{Access, View, at};
use super::row::{Extensions, Fold, Index, Place, Returned, Row, Rows, boolean, many, one, reference, text, time};
use super::table_parts::{ADDRESS, CERTIFICATE, EMAIL, ENTERPRISE_USER, ENTITLEMENT, GROUP_OF_USER, IM, NAME, PHONE, PHOTO, ROLE};
use crate::api::v1::{Group, GroupMember, ResourceMeta, User};

pub use super::table_parts::MEMBER;

/// The core schema of a user.
pub const USER_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The core schema of a group.
pub const GROUP_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The enterprise extension of a user.
pub const ENTERPRISE_URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// RFC 7643 section 4.1 with the enterprise extension of section 4.3.
#[rustfmt::skip]
pub static USER: Rows<User> = Rows { rest: None, open: Some((|u| &u.extensions, |u| &mut u.extensions)), rows: &[
    reference("schemas",       Access::<_, str>::computed(&["enterprise", "extensions"], user_schemas), &["uri"])
        .multi().fold(Fold::Caseless).read_only().returned(Returned::Always).unlisted().about("The schemas the resource has attributes of."),
    text("id",                 at!(User.id)).read_only().fold(Fold::Exact).unique().returned(Returned::Always).unlisted()
        .indexed(Index::Id).about("The server's name of the resource."),
    text("externalId",         at!(User.external_ids)).fold(Fold::Exact).unlisted().indexed(Index::ExternalId)
        .about("The client's name of the resource."),
    text("userName",           at!(User.user_name)).required().unique().fold(Fold::UserName).indexed(Index::UserName)
        .about("The name a user is known and signs in by; unique in its organization whatever its letter case."),
    one("name",                at!(User.name), &NAME).about("The parts of the person's name."),
    text("displayName",        at!(User.display_name)).about("The name to show to others."),
    text("nickName",           at!(User.nick_name)).about("The name used among colleagues."),
    reference("profileUrl",    at!(User.profile_url), &["external"]).about("The address of the user's profile page."),
    text("title",              at!(User.title)).about("The user's title, such as Vice President."),
    text("userType",           at!(User.user_type)).about("How the user relates to the organization, such as Contractor."),
    text("preferredLanguage",  at!(User.preferred_language)).about("The language the user prefers, as in an Accept-Language header."),
    text("locale",             at!(User.locale)).about("The user's locale for dates, numbers and currencies."),
    text("timezone",           at!(User.timezone)).about("The user's time zone, such as Europe/Amsterdam."),
    boolean("active",          at!(User.active)).indexed(Index::Active).about("Whether the user may be signed in."),
    text("password",           Access::<_, str>::elsewhere(Place::Password)).write_only().fold(Fold::Exact)
        .about("The user's clear-text password; accepted, never shown."),
    many("emails",             at!(User.emails), &EMAIL).about("E-mail addresses."),
    many("phoneNumbers",       at!(User.phone_numbers), &PHONE).about("Telephone numbers."),
    many("ims",                at!(User.ims), &IM).about("Instant messaging addresses."),
    many("photos",             at!(User.photos), &PHOTO).about("Addresses of pictures of the user."),
    many("addresses",          at!(User.addresses), &ADDRESS).about("Postal addresses."),
    many("groups",             at!(User.groups), &GROUP_OF_USER).read_only().elsewhere(Place::Groups)
        .about("The groups the user is in, directly or through nesting."),
    many("entitlements",       at!(User.entitlements), &ENTITLEMENT).about("Things the user has a right to."),
    many("roles",              at!(User.roles), &ROLE).about("Roles as the client names them."),
    many("x509Certificates",   at!(User.x509_certificates), &CERTIFICATE).about("Certificates issued to the user."),
    one(ENTERPRISE_URN,        at!(User.enterprise), &ENTERPRISE_USER).unlisted().about("The enterprise extension."),
    one("meta",                Access::computed(&["meta", "id"], |u: &User| View::One(u)), &USER_META).read_only().unlisted()
        .about("The server's bookkeeping."),
]};

/// RFC 7643 section 4.2.
#[rustfmt::skip]
pub static GROUP: Rows<Group> = Rows { rest: None, open: Some((|g| &g.extensions, |g| &mut g.extensions)), rows: &[
    reference("schemas",       Access::<_, str>::computed(&["extensions"], group_schemas), &["uri"])
        .multi().fold(Fold::Caseless).read_only().returned(Returned::Always).unlisted().about("The schemas the resource has attributes of."),
    text("id",                 at!(Group.id)).read_only().fold(Fold::Exact).unique().returned(Returned::Always).unlisted()
        .indexed(Index::Id).about("The server's name of the resource."),
    text("externalId",         at!(Group.external_ids)).fold(Fold::Exact).unlisted().indexed(Index::ExternalId)
        .about("The client's name of the resource."),
    text("displayName",        at!(Group.display_name)).required().indexed(Index::DisplayName).about("The group's name."),
    text("description",        at!(Group.description)).about("What the group is for."),
    many("members",            Access::<_, Vec<GroupMember>>::elsewhere(Place::Members), &MEMBER).about("The group's members."),
    one("meta",                Access::computed(&["meta", "id"], |g: &Group| View::One(g)), &GROUP_META).read_only().unlisted()
        .about("The server's bookkeeping."),
]};

/// `meta` is a table over the resource itself: some of it lies outside `ResourceMeta`.
#[rustfmt::skip]
static USER_META: Rows<User> = Rows { rest: None, open: None, rows: &[
    meta_type(|_| View::Text("User")),
    meta_time("created",       |u| moment(u.meta.as_ref(), |m| &m.create_time)),
    meta_time("lastModified",  |u| moment(u.meta.as_ref(), |m| &m.update_time)),
    meta_location(|u| location("Users", &u.id)),
    meta_version(|u| version(u.meta.as_ref(), u.groups_version)),
]};

#[rustfmt::skip]
static GROUP_META: Rows<Group> = Rows { rest: None, open: None, rows: &[
    meta_type(|_| View::Text("Group")),
    meta_time("created",       |g| moment(g.meta.as_ref(), |m| &m.create_time)),
    meta_time("lastModified",  |g| moment(g.meta.as_ref(), |m| &m.update_time)),
    meta_location(|g| location("Groups", &g.id)),
    meta_version(|g| version(g.meta.as_ref(), 0)),
]};

const fn meta_type<M>(get: for<'a> fn(&'a M) -> View<'a>) -> Row<M> {
    text("resourceType", Access::<M, str>::computed(&[], get)).read_only().fold(Fold::Exact)
}
const fn meta_time<M>(name: &'static str, get: for<'a> fn(&'a M) -> View<'a>) -> Row<M> {
    time(name, Access::<M, str>::computed(&["meta"], get))
}
const fn meta_location<M>(get: for<'a> fn(&'a M) -> View<'a>) -> Row<M> {
    reference("location", Access::<M, str>::computed(&["id"], get), &["uri"]).read_only()
}
const fn meta_version<M>(get: for<'a> fn(&'a M) -> View<'a>) -> Row<M> {
    text("version", Access::<M, str>::computed(&["meta"], get)).read_only().fold(Fold::Exact)
}

fn moment(meta: Option<&ResourceMeta>, pick: fn(&ResourceMeta) -> &Option<prost_types::Timestamp>) -> View<'_> {
    meta.and_then(|m| pick(m).as_ref()).map_or(View::Absent, View::Time)
}

fn location<'a>(endpoint: &'static str, id: &'a str) -> View<'a> {
    if id.is_empty() { View::Absent } else { View::Location(endpoint, id) }
}

fn version(meta: Option<&ResourceMeta>, groups_version: u64) -> View<'_> {
    meta.filter(|m| !m.etag.is_empty()).map_or(View::Absent, |m| View::Version(&m.etag, groups_version))
}

fn user_schemas(user: &User) -> View<'_> {
    let enterprise = user.enterprise.as_ref().map(|_| ENTERPRISE_URN);
    View::Texts([USER_URN].into_iter().chain(enterprise).chain(urns(&user.extensions)).collect())
}

fn group_schemas(group: &Group) -> View<'_> {
    View::Texts([GROUP_URN].into_iter().chain(urns(&group.extensions)).collect())
}

fn urns(extensions: &Extensions) -> impl Iterator<Item = &str> {
    extensions.keys().map(String::as_str)
}
