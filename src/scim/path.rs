//! From a request's path to the endpoint it names.
//!
//! The path is cut at its slashes first and decoded after, so an encoded slash stays inside its segment; empty segments are
//! skipped, so `{base}//Users` and `{base}/Users/` resolve (Rauthy sends the first). Whatever the spelling, every
//! endpoint but two is behind the caller, so no spelling passes by it.

use crate::limits;
use std::borrow::Cow;

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// The base itself: users and groups.
    Root,
    /// `/Users`
    Users,
    /// `/Users/{id}`
    User(String),
    /// `/Groups`
    Groups,
    /// `/Groups/{id}`
    Group(String),
    /// `/ServiceProviderConfig`: it needs no caller.
    ServiceProviderConfig,
    /// `/scim/openapi.json`, beside the versions of the protocol: it needs no caller either.
    OpenApi,
    /// `/ResourceTypes`
    ResourceTypes,
    /// `/ResourceTypes/{name}`
    ResourceType(String),
    /// `/Schemas`
    Schemas,
    /// `/Schemas/{urn}`
    Schema(String),
    /// `/.search`: over users and groups.
    Search,
    /// `/Users/.search`
    UserSearch,
    /// `/Groups/.search`
    GroupSearch,
    /// `/Bulk`
    Bulk,
    /// A part of the protocol that is not served, by its name.
    Unsupported(&'static str),
    /// Another version of the protocol.
    Version,
    /// Nothing.
    Nothing,
}

impl Endpoint {
    /// Whether answering it takes another call to the directory, which holds the credential against its rules once more.
    pub fn is_the_directory_s(&self) -> bool {
        use Endpoint as E;
        matches!(self, E::Root | E::Users | E::User(_) | E::Groups | E::Group(_) | E::Search | E::UserSearch | E::GroupSearch | E::Bulk)
    }

    /// What a path below an organization's base names; `None` for what is no path there.
    pub fn below(path: &str) -> Option<Endpoint> {
        let segments: Vec<Cow<'_, str>> = path.split('/').filter(|s| !s.is_empty()).map(decode).collect::<Option<_>>()?;
        endpoint(&segments.iter().map(AsRef::as_ref).collect::<Vec<_>>())
    }
}

/// A path, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The organization's id or key as the path has it; `None` when the token alone names it.
    pub organization: Option<String>,
    /// What is asked for.
    pub endpoint: Endpoint,
}

impl Target {
    /// Reads `/scim[/v2][/{organization}]/…`.
    pub fn of(path: &str) -> Target {
        let nowhere = |endpoint| Target { organization: None, endpoint };
        let mut segments = Vec::new();
        for segment in path.split('/').filter(|s| !s.is_empty()) {
            match decode(segment) {
                Some(segment) => segments.push(segment),
                None => return nowhere(Endpoint::Nothing),
            }
        }
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        match segments.as_slice() {
            ["scim", "v2", rest @ ..] => below(rest),
            ["scim", "openapi.json"] => nowhere(Endpoint::OpenApi),
            ["scim", version, ..] if is_version(version) => nowhere(Endpoint::Version),
            [version, ..] if is_version(version) && *version != "v2" => nowhere(Endpoint::Version),
            // Without a version the newest is meant (RFC 7644 section 3.13).
            ["scim", rest @ ..] => below(rest),
            _ => nowhere(Endpoint::Nothing),
        }
    }
}

/// What stands below `/scim/v2`. No organization's key is spelled like an endpoint: see [`limits::RESERVED_KEYS`].
fn below(segments: &[&str]) -> Target {
    if let Some(endpoint) = endpoint(segments) {
        return Target { organization: None, endpoint };
    }
    match segments {
        [organization, rest @ ..] if is_organization(organization) => {
            Target { organization: Some((*organization).to_owned()), endpoint: endpoint(rest).unwrap_or(Endpoint::Nothing) }
        }
        _ => Target { organization: None, endpoint: Endpoint::Nothing },
    }
}

/// The names of endpoints are known in any letter case; what stands behind them is taken as it is.
fn endpoint(segments: &[&str]) -> Option<Endpoint> {
    let (first, rest) = match segments {
        [] => return Some(Endpoint::Root),
        [first, rest @ ..] => (limits::RESERVED_KEYS.into_iter().find(|name| name.eq_ignore_ascii_case(first)).unwrap_or(first), rest),
    };
    let is_search = |text: &str| text.eq_ignore_ascii_case(".search");
    Some(match (first, rest) {
        ("users", []) => Endpoint::Users,
        ("groups", []) => Endpoint::Groups,
        ("users", [search]) if is_search(search) => Endpoint::UserSearch,
        ("groups", [search]) if is_search(search) => Endpoint::GroupSearch,
        ("users", [id]) => Endpoint::User((*id).to_owned()),
        ("groups", [id]) => Endpoint::Group((*id).to_owned()),
        ("serviceproviderconfig", []) => Endpoint::ServiceProviderConfig,
        ("resourcetypes", []) => Endpoint::ResourceTypes,
        ("resourcetypes", [name]) => Endpoint::ResourceType((*name).to_owned()),
        ("schemas", []) => Endpoint::Schemas,
        ("schemas", [urn]) => Endpoint::Schema((*urn).to_owned()),
        ("bulk", []) => Endpoint::Bulk,
        ("me", []) => Endpoint::Unsupported("/Me"),
        (search, []) if is_search(search) => Endpoint::Search,
        (name, _) if limits::RESERVED_KEYS.contains(&name) => Endpoint::Nothing,
        _ => return None,
    })
}

/// Letters, digits and hyphens: what ids and keys are made of. The segment is rendered into `meta.location`.
fn is_organization(segment: &str) -> bool {
    (1..=64).contains(&segment.len()) && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Percent-decodes one segment; `None` if what comes out is not text.
pub fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
        match (byte, digit(ahead.next()), digit(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push(high * 16 + low);
                bytes = ahead;
            }
            // A stray percent sign stands for itself.
            _ => out.push(byte),
        }
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str) -> (Option<String>, Endpoint) {
        let target = Target::of(path);
        (target.organization, target.endpoint)
    }

    #[test]
    fn an_organization_may_be_named_or_left_to_the_token() {
        assert_eq!(found("/scim/v2/acme/Users"), (Some("acme".into()), Endpoint::Users));
        assert_eq!(found("/scim/v2/Users"), (None, Endpoint::Users));
        assert_eq!(found("/scim/v2/acme/Groups/7d10"), (Some("acme".into()), Endpoint::Group("7d10".into())));
        assert_eq!(found("/scim/v2/acme"), (Some("acme".into()), Endpoint::Root));
        assert_eq!((found("/scim/v2/"), found("/scim")), ((None, Endpoint::Root), (None, Endpoint::Root)));
    }

    #[test]
    fn slashes_at_the_joins_do_not_matter() {
        for path in ["/scim/v2//Users", "/scim/v2/Users/", "//scim//v2//Users//"] {
            assert_eq!(found(path), (None, Endpoint::Users), "{path}");
        }
        assert_eq!(found("/scim/v2/acme//Users/1/"), (Some("acme".into()), Endpoint::User("1".into())));
    }

    #[test]
    fn an_encoded_path_is_the_same_path_and_an_encoded_slash_stays_inside() {
        assert_eq!(found("/scim/v2/%55sers"), (None, Endpoint::Users));
        assert_eq!(found("/scim/v2/Users%2F1"), (None, Endpoint::Nothing));
        assert_eq!(found("/scim/v2/Users/..%2f1"), (None, Endpoint::User("../1".into())));
        assert_eq!(found("/scim/v2/Users/%ff"), (None, Endpoint::Nothing));
        assert_eq!(found("/scim/v2/ServiceProviderConfig%3f/x"), (None, Endpoint::Nothing));
        assert_eq!(found("/scim/v2/Users/a%2"), (None, Endpoint::User("a%2".into())));
    }

    #[test]
    fn the_letter_case_of_an_endpoint_does_not_matter_and_that_of_an_id_does() {
        assert_eq!(found("/scim/v2/users"), (None, Endpoint::Users));
        assert_eq!(found("/scim/v2/acme/GROUPS/Aa"), (Some("acme".into()), Endpoint::Group("Aa".into())));
        assert_eq!(found("/scim/v2/serviceproviderconfig"), (None, Endpoint::ServiceProviderConfig));
        assert_eq!(found("/scim/v2/acme/users/.Search"), (Some("acme".into()), Endpoint::UserSearch));
        assert_eq!(found("/scim/v2/resourceTypes/User"), (None, Endpoint::ResourceType("User".into())));
        for key in limits::RESERVED_KEYS {
            assert_eq!(found(&format!("/scim/v2/{key}/Users/1")), (None, Endpoint::Nothing), "{key}");
        }
    }

    #[test]
    fn what_is_not_there_is_nothing() {
        for path in ["/", "/scim/acme/x/Users", "/scim/v2/acme/x/Users", "/scim/v2/Users/1/2", "/scim/v2/a%20b/Users"] {
            assert_eq!(found(path).1, Endpoint::Nothing, "{path}");
        }
        assert_eq!(found("/scim/v2/openapi.json"), (None, Endpoint::Nothing));
        assert_eq!(found("/scim/openapi.json"), (None, Endpoint::OpenApi));
        assert_eq!((found("/scim/v1/Users"), found("/v1/Users")), ((None, Endpoint::Version), (None, Endpoint::Version)));
        assert_eq!(found("/scim/Users"), (None, Endpoint::Users));
        assert_eq!(found("/scim/acme/Users/1"), (Some("acme".into()), Endpoint::User("1".into())));
        assert_eq!(found("/scim/v2/Me").1, Endpoint::Unsupported("/Me"));
        assert_eq!(found("/scim/v2/Me/x").1, Endpoint::Nothing);
    }

    #[test]
    fn a_search_is_of_all_or_of_one_type() {
        assert_eq!(found("/scim/v2/.search"), (None, Endpoint::Search));
        assert_eq!(found("/scim/v2/acme/Users/.search"), (Some("acme".into()), Endpoint::UserSearch));
        assert_eq!(found("/scim/v2/Groups/.search/"), (None, Endpoint::GroupSearch));
    }
}
