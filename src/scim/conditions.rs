//! Conditional requests (RFC 7644 section 3.14).
//!
//! A user's tag is the stored version and, when the answer shows the groups, which are derived, their fingerprint
//! ([`version`]). `If-Match` compares the stored part only, so a membership change never fails a write of the user;
//! `If-None-Match` on a read compares the whole, so it never hides one. A read with `If-Match` keeps that promise as a write does.

use super::error::Refusal;
use crate::{
    api::v1,
    attributes::render::{stored_version, version},
    limits,
};
use axum::http::{HeaderMap, HeaderName, header};

/// Entity tags of one header at most; the contract takes as many.
const TAGS: usize = 32;

/// The tag an answer carries.
pub fn user_tag(user: &v1::User) -> String {
    version(user.meta.as_ref().map_or("", |meta| &meta.etag), user.groups_version)
}

/// The preconditions of a write.
///
/// # Errors
/// 400 for a header that names too many tags.
pub fn of_write(headers: &HeaderMap) -> Result<Option<v1::Precondition>, Refusal> {
    let condition = v1::Precondition {
        if_match: tags(headers, &header::IF_MATCH)?.into_iter().map(stored_part).collect(),
        if_none_match: tags(headers, &header::IF_NONE_MATCH)?.into_iter().map(stored_part).collect(),
    };
    Ok(if condition == v1::Precondition::default() { None } else { Some(condition) })
}

/// The precondition that a version inside a document is: the resource still has it.
///
/// # Errors
/// 400 for one that is too long.
pub fn of_version(version: &str) -> Result<v1::Precondition, Refusal> {
    if version.len() > limits::USER_NAME_BYTES {
        return Err(Refusal::value(format!("version is larger than {} bytes.", limits::USER_NAME_BYTES)));
    }
    Ok(v1::Precondition { if_match: vec![stored_part(version.trim().to_owned())], if_none_match: Vec::new() })
}

/// Whether a read may answer 304: the client has this version already. `If-Match` is asked first (RFC 9110 section 13.2.2).
///
/// # Errors
/// 412 if `If-Match` names other versions alone, 400 for a header that names too many tags.
pub fn is_unchanged(headers: &HeaderMap, tag: &str) -> Result<bool, Refusal> {
    check_match(headers, &stored_part(tag.to_owned()))?;
    let current = opaque(tag);
    Ok(tags(headers, &header::IF_NONE_MATCH)?.iter().any(|tag| tag == "*" || opaque(tag) == current))
}

/// Whether `If-Match` lets a request through whose condition never reaches the directory: one that changes nothing.
///
/// # Errors
/// 412 if no tag is the stored one, 400 for a header that names too many tags.
pub fn check_match(headers: &HeaderMap, stored: &str) -> Result<(), Refusal> {
    let tags = tags(headers, &header::IF_MATCH)?;
    if tags.is_empty() || tags.into_iter().map(stored_part).any(|tag| tag == "*" || opaque(&tag) == opaque(stored)) {
        return Ok(());
    }
    Err(Refusal::stale())
}

/// The tags of a header, as they were sent. A header that is there but names none gives one that nothing matches.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Vec<String>, Refusal> {
    let mut tags = Vec::new();
    for value in headers.get_all(name) {
        // Our tags hold neither commas nor anything but ASCII, so a tag cut wrongly here is one of nobody's.
        tags.extend(value.to_str().unwrap_or("").split(',').map(|tag| tag.trim().to_owned()));
    }
    if tags.len() > TAGS || tags.iter().any(|tag| tag.len() > limits::USER_NAME_BYTES) {
        return Err(Refusal::value(format!("{name} names more than {TAGS} tags, or one that is too long.")));
    }
    Ok(tags)
}

/// What two tags are compared by: weak or strong, quoted or not, it is the same version.
fn opaque(tag: &str) -> &str {
    let tag = tag.strip_prefix("W/").or_else(|| tag.strip_prefix("w/")).unwrap_or(tag);
    tag.trim_matches('"')
}

/// The part of a tag that the directory knows.
fn stored_part(tag: String) -> String {
    if tag == "*" {
        return tag;
    }
    stored_version(&format!("W/\"{}\"", opaque(&tag)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    fn if_match(value: &'static str) -> Vec<String> {
        of_write(&headers(header::IF_MATCH, value)).unwrap().unwrap().if_match
    }

    #[test]
    fn a_write_compares_what_is_stored() {
        assert_eq!(if_match(r#"W/"12-7""#), [r#"W/"12""#]);
        assert_eq!(if_match(r#""12", W/"13""#), [r#"W/"12""#, r#"W/"13""#]);
        assert_eq!(if_match("12"), [r#"W/"12""#]);
        assert_eq!(if_match("*"), ["*"]);
        assert_eq!(if_match(""), [r#"W/"""#]);
        assert_eq!(of_write(&HeaderMap::new()), Ok(None));
    }

    #[test]
    fn a_read_compares_the_whole() {
        let mut user = v1::User { meta: Some(v1::ResourceMeta { etag: r#"W/"12""#.into(), ..Default::default() }), ..Default::default() };
        assert_eq!(user_tag(&user), r#"W/"12""#);
        user.groups_version = 7;
        let tag = user_tag(&user);
        assert_eq!(tag, r#"W/"12-7""#);
        let unchanged = |value| is_unchanged(&headers(header::IF_NONE_MATCH, value), &tag).unwrap();
        assert!(unchanged(r#"W/"12-7""#) && unchanged("*") && unchanged(r#""11", "12-7""#));
        assert!(!unchanged(r#"W/"12-6""#) && !unchanged(r#"W/"12""#));
    }

    #[test]
    fn a_request_that_changes_nothing_still_keeps_its_promise() {
        let check = |value| check_match(&headers(header::IF_MATCH, value), r#"W/"12""#).map_err(|r| r.status().as_u16());
        assert_eq!((check("*"), check(r#"W/"12-3""#), check(r#"W/"11""#)), (Ok(()), Ok(()), Err(412)));
    }
}
