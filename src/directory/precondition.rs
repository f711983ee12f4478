//! Optimistic concurrency: compared under the lock, so that of two writers with one version exactly one wins.

use super::{Error, Result};
use crate::{
    api::v1::{ErrorReason, Precondition},
    store::Life,
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

/// Whether it holds for a resource of this version, in this life of the store.
pub(super) fn check(precondition: Option<&Precondition>, life: Life, version: i64) -> Result<()> {
    let Some(given) = precondition else { return Ok(()) };
    let current = life.etag(version);
    let matches = |wanted: &String| wanted == "*" || opaque(wanted) == opaque(&current);
    let stale = !given.if_match.is_empty() && !given.if_match.iter().any(matches);
    if stale || given.if_none_match.iter().any(matches) {
        return Err(Error::stale(&current));
    }
    Ok(())
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

    fn holds(condition: &Precondition) -> Result<()> {
        check(Some(condition), Life::default(), 2)
    }

    #[test]
    fn one_of_the_listed_versions_is_enough_and_star_means_any() {
        let (first, second) = (Life::default().etag(1), Life::default().etag(2));
        assert_eq!(holds(&given(&[&first, &second], &[])), Ok(()));
        assert_eq!(holds(&given(&[second.trim_start_matches("W/")], &[])), Ok(()));
        assert_eq!(holds(&given(&["*"], &[])), Ok(()));
        assert_eq!(check(None, Life::default(), 2), Ok(()));
    }

    #[test]
    fn another_version_is_refused_and_the_current_one_is_named() {
        let (first, second) = (Life::default().etag(1), Life::default().etag(2));
        let refused = holds(&given(&[&first], &[])).unwrap_err();
        assert_eq!(refused.reason, ErrorReason::EtagMismatch);
        assert_eq!(refused.metadata, vec![("etag", second.clone())]);
        assert!(holds(&given(&["W/\"2\""], &[])).is_err(), "a number alone is no version");
        assert!(holds(&given(&[], &[&second])).is_err());
        assert!(holds(&given(&[], &["*"])).is_err());
        assert!(check_absent(Some(&given(&["*"], &[]))).is_err());
    }
}
