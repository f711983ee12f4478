//! Messages to SCIM JSON, straight into a byte buffer: no value tree and nothing allocated but the buffer.

use super::Context;
use super::access::View;
use super::json;
use super::projection::{Projection, Shown};
use super::row::Table;
use super::table::MEMBER;
use crate::api::v1::GroupMember;
use std::{any::Any, borrow::Cow};

/// Writes a whole resource, `schemas` and `meta` included. The projection knows which kind the object is.
pub fn render(out: &mut Vec<u8>, object: &dyn Any, projection: &Projection, cx: &Context<'_>) {
    render_open(out, object, projection, cx);
    out.push(b'}');
}

/// The same without the last brace, so that more can follow: `,"members":[`, [`render_member`] for each, `]}`.
pub fn render_open(out: &mut Vec<u8>, object: &dyn Any, projection: &Projection, cx: &Context<'_>) {
    let table = projection.kind().table();
    out.push(b'{');
    rows(out, table, object, projection.root(), cx);
    for (urn, map) in table.extensions(object).into_iter().flatten() {
        let start = out.len();
        json::key(out, urn);
        out.push(b'{');
        match projection.cut(urn, map) {
            Cow::Owned(cut) => json::entries(out, &cut, |_| true),
            Cow::Borrowed(map) => json::entries(out, map, |name| projection.shows_extension(urn, name)),
        }
        close(out, start, b"{", b'}');
    }
}

/// Writes one element of `members`.
pub fn render_member(out: &mut Vec<u8>, member: &GroupMember, projection: &Projection, cx: &Context<'_>) {
    let root = projection.kind().table();
    let shown = root.find("members", 0).map_or(projection.root(), |(row, _)| projection.root().below(row));
    out.push(b'{');
    rows(out, &MEMBER, member, shown, cx);
    out.push(b'}');
}

fn rows(out: &mut Vec<u8>, table: &'static dyn Table, object: &dyn Any, shown: Shown<'_>, cx: &Context<'_>) {
    table.each(object, &mut |row, attribute, view| {
        if !shown.has(row) {
            return;
        }
        let start = out.len();
        json::key(out, attribute.name);
        match (view, attribute.sub) {
            (View::Text(v), _) => json::text(out, v),
            (View::Bool(v), _) => json::boolean(out, v),
            (View::Time(v), _) => json::time(out, v),
            (View::Version(etag, groups_version), _) => json::text(out, &version(etag, groups_version)),
            (View::Location(endpoint, id), _) => json::text(out, &location(cx, endpoint, id)),
            (View::ExternalId(ids), _) => match ids.iter().find(|e| e.connection_id == cx.connection && !e.value.is_empty()) {
                Some(id) => json::text(out, &id.value),
                None => out.truncate(start),
            },
            (View::Texts(texts), _) => {
                out.push(b'[');
                for text in texts {
                    json::comma(out);
                    json::text(out, text);
                }
                close(out, start, b"[", b']');
            }
            (View::One(object), Some(sub)) => {
                out.push(b'{');
                rows(out, sub, object, shown.below(row), cx);
                close(out, start, b"{", b'}');
            }
            (View::Many(items), Some(sub)) => {
                out.push(b'[');
                for item in (0..items.len()).filter_map(|k| items.at(k)) {
                    let start = out.len();
                    json::comma(out);
                    out.push(b'{');
                    rows(out, sub, item, shown.below(row), cx);
                    close(out, start, b"{", b'}');
                }
                close(out, start, b"[", b']');
            }
            _ => out.truncate(start),
        }
    });
    if let Some(rest) = table.rest(object).filter(|_| shown.rest()) {
        json::entries(out, rest, |_| true);
    }
}

/// Ends an object or a list; one that turned out empty vanishes with its name (RFC 7643 section 2.5).
fn close(out: &mut Vec<u8>, start: usize, open: &[u8], end: u8) {
    if out.ends_with(open) {
        out.truncate(start);
    } else {
        out.push(end);
    }
}

/// The address of a resource.
pub(super) fn location(cx: &Context<'_>, endpoint: &str, id: &str) -> String {
    format!("{}/{endpoint}/{id}", cx.base)
}

/// The version a client sees: what is stored, and for a user with groups the revision at which they last changed.
/// `W/"12"` and 34 make `W/"12-34"`.
pub fn version(etag: &str, groups_version: u64) -> String {
    match etag.strip_suffix('"') {
        Some(open) if groups_version > 0 => format!("{open}-{groups_version}\""),
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
