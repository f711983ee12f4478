//! Optimistic concurrency: compared under the lock, so that of two writers with one version exactly one wins.

use super::{Error, Result};
use crate::{
    api::v1::{ErrorReason, Precondition},
    store::{Life, Work},
};

/// Etags of one precondition.
const ETAGS: usize = 32;

/// Whether a precondition can be understood at all.
pub(super) fn check_form(precondition: Option<&Precondition>) -> Result<()> {
    let Some(given) = precondition else { return Ok(()) };
    if given.if_match.len() > ETAGS || given.if_none_match.len() > ETAGS {
        return Err(Error::too_large("precondition", ETAGS, "etags"));
    }
    Ok(())
}

/// Whether it holds for a resource of this version. A refusal tells the version that stands: what the edit itself has written before
/// goes with it.
pub(super) fn check(precondition: Option<&Precondition>, work: &Work, id: &str, version: i64) -> Result<()> {
    let life = work.life();
    if holds(precondition, life, version) {
        return Ok(());
    }
    let current = if version == work.revision() { work.version_before(id) } else { Some(version) };
    Err(Error::stale(current.map(|version| life.etag(version))))
}

fn holds(precondition: Option<&Precondition>, life: Life, version: i64) -> bool {
    let Some(given) = precondition else { return true };
    let current = life.etag(version);
    let matches = |wanted: &String| wanted == "*" || opaque(wanted) == opaque(&current);
    let stale = !given.if_match.is_empty() && !given.if_match.iter().any(matches);
    !stale && !given.if_none_match.iter().any(matches)
}

/// Whether it holds where there is no resource: an `if_match` cannot.
pub(super) fn check_absent(precondition: Option<&Precondition>) -> Result<()> {
    match precondition {
        Some(given) if !given.if_match.is_empty() => Err(Error::new(ErrorReason::EtagMismatch, "There is no resource of any version.")),
        _ => Ok(()),
    }
}

/// Weak comparison: the part between the quotes (RFC 9110 section 8.8.3.2).
fn opaque(etag: &str) -> &str {
    etag.strip_prefix("W/").unwrap_or(etag).trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(if_match: &[&str], if_none_match: &[&str]) -> Precondition {
        let list = |from: &[&str]| from.iter().map(|s| (*s).to_owned()).collect();
        Precondition { if_match: list(if_match), if_none_match: list(if_none_match) }
    }

    fn is_met(condition: &Precondition) -> bool {
        holds(Some(condition), Life::default(), 2)
    }

    #[test]
    fn one_of_the_listed_versions_is_enough_and_star_means_any() {
        let (first, second) = (Life::default().etag(1), Life::default().etag(2));
        assert!(is_met(&given(&[&first, &second], &[])));
        assert!(is_met(&given(&[second.trim_start_matches("W/")], &[])));
        assert!(is_met(&given(&["*"], &[])));
        assert!(holds(None, Life::default(), 2));
    }

    #[test]
    fn another_version_does_not_meet_it() {
        let (first, second) = (Life::default().etag(1), Life::default().etag(2));
        assert!(!is_met(&given(&[&first], &[])));
        assert!(!is_met(&given(&["W/\"2\""], &[])), "a number alone is no version");
        assert!(!is_met(&given(&[], &[&second])));
        assert!(!is_met(&given(&[], &["*"])));
        assert!(check_absent(Some(&given(&["*"], &[]))).is_err());
    }
}
