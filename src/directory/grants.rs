//! What may be granted: known scopes, held by whoever grants them, for a bounded time.

use super::{
    Error, Result, administrators,
    core::{Call, Edit},
    ownership,
};
use crate::{
    access::{Caller, Scopes},
    api::method,
    clock::Micros,
    limits,
    store::Work,
};

/// A day.
const DAY: Micros = 24 * 3600 * 1_000_000;
/// How far beyond the longest life a client's clock may ask; it is cut, not refused.
const CLOCK_SKEW: Micros = 300 * 1_000_000;

/// At least one, each once, each one that some method asks for.
pub(super) fn check_scopes(scopes: &[String]) -> Result<()> {
    if scopes.is_empty() {
        return Err(Error::missing("scopes"));
    }
    if scopes.len() > limits::TOKEN_SCOPES {
        return Err(Error::too_large("scopes", limits::TOKEN_SCOPES, "scopes"));
    }
    for (k, scope) in scopes.iter().enumerate() {
        if !known_scopes().any(|known| known == scope) {
            // It may be a secret pasted into the wrong field, so only what looks like a scope is repeated.
            let looks = scope.len() <= 40 && scope.chars().all(|c| c.is_ascii_lowercase() || c == '.' || c == '_');
            let named = if looks { format!("{scope:?} is no scope.") } else { "scopes names something that is no scope.".to_owned() };
            return Err(Error::value("scopes", named));
        }
        if scopes.iter().take(k).any(|earlier| earlier == scope) {
            return Err(Error::value("scopes", format!("scopes names {scope} twice.")));
        }
    }
    Ok(())
}

/// Every scope that can be granted.
pub fn known_scopes() -> impl Iterator<Item = &'static str> {
    method::ALL.iter().map(|method| method.scope).filter(|scope| !scope.is_empty()).chain([
        "scim",
        administrators::SCOPE,
        ownership::OVERRIDE,
    ])
}

pub(super) fn require_held(call: &Call, scopes: &[String]) -> Result<()> {
    let granted = Scopes::expand(scopes);
    // "scim" stands for others; whoever holds them all may give it.
    match granted.iter().find(|scope| *scope != "scim" && !call.caller.scopes.has(scope)) {
        Some(scope) => Err(Error::scope_missing(scope)),
        None => Ok(()),
    }
}

/// A connection's token is there for its own connection: what is another one's, or a service account's (of no connection), it
/// neither changes nor gives or takes tokens, unless it may change who administers.
///
/// # Errors
/// `SCOPE_MISSING`.
pub(super) fn require_own(caller: &Caller, connection_id: &str) -> Result<()> {
    let foreign = caller.connection.is_some() && caller.connection_id() != connection_id;
    if foreign && !caller.scopes.has(administrators::SCOPE) { Err(Error::scope_missing(administrators::SCOPE)) } else { Ok(()) }
}

/// What a person has to agree to is not a connection's to decide, of its own affairs neither, unless it may change who administers.
///
/// # Errors
/// `SCOPE_MISSING`.
pub(super) fn require_person(caller: &Caller) -> Result<()> {
    let bound = caller.connection.is_some() && !caller.scopes.has(administrators::SCOPE);
    if bound { Err(Error::scope_missing(administrators::SCOPE)) } else { Ok(()) }
}

/// A token of a connection whose mappings administer makes administrators, whatever its scopes: it is given by whoever may make
/// them, or by the connection itself.
///
/// # Errors
/// `SCOPE_MISSING`.
pub(super) fn require_harmless(work: &mut Work, caller: &Caller, connection_id: &str) -> Edit<()> {
    let free = connection_id.is_empty() || caller.connection_id() == connection_id || caller.scopes.has(administrators::SCOPE);
    if free || !administrators::are_made_by(work, connection_id)? {
        return Ok(());
    }
    Err(Error::scope_missing(administrators::SCOPE).into())
}

/// The longest life of a token, in microseconds, by the days the operator allows.
pub(super) fn longest(days: i64) -> Micros {
    days.saturating_mul(DAY)
}

/// When a token ends: in the future, and not beyond the longest life, which is so many days.
pub(super) fn expiry(asked: Option<Micros>, now: Micros, days: i64) -> Result<Micros> {
    let longest = now.saturating_add(longest(days));
    match asked {
        None => Ok(longest.min(now + limits::TOKEN_DAYS * DAY)),
        Some(at) if at <= now => Err(Error::value("expire_time", "expire_time is not in the future.")),
        Some(at) if at > longest + CLOCK_SKEW => {
            Err(Error::value("expire_time", format!("expire_time is more than {days} days from now.")))
        }
        Some(at) => Ok(at.min(longest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_known_and_named_once() {
        let check = |scopes: &[&str]| check_scopes(&scopes.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(check(&["scim"]), Ok(()));
        assert_eq!(check(&["users.read", "groups.read"]), Ok(()));
        assert_eq!(check(&["users.raed"]).unwrap_err().detail, "\"users.raed\" is no scope.");
        assert_eq!(check(&["roster_svc_x"]).unwrap_err().detail, "\"roster_svc_x\" is no scope.");
        assert_eq!(check(&["A secret!"]).unwrap_err().detail, "scopes names something that is no scope.");
        assert_eq!(check(&["scim", "scim"]).unwrap_err().detail, "scopes names scim twice.");
        assert!(check(&[]).is_err());
    }

    #[test]
    fn a_token_lives_as_long_as_asked_for_and_never_longer_than_the_bound() {
        let (now, longest) = (1_000, 1_000 + 7 * DAY);
        let expiry = |asked, now| expiry(asked, now, 7);
        assert_eq!(expiry(None, now), Ok(longest));
        assert_eq!(super::expiry(None, now, limits::TOKEN_DAYS_MOST), Ok(now + limits::TOKEN_DAYS * DAY));
        assert_eq!(expiry(Some(2_000), now), Ok(2_000));
        assert_eq!(expiry(Some(longest + CLOCK_SKEW), now), Ok(longest));
        assert!(expiry(Some(longest + CLOCK_SKEW + 1), now).is_err());
        assert!(expiry(Some(now), now).is_err());
    }
}
