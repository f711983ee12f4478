//! Field masks of the administrative nouns: a table of what can be written, per noun.

use super::{Error, Result};
use crate::api::v1::ErrorReason;
use prost_types::FieldMask;

/// A field that can be written: its name in the contract, and how one message takes it from another.
pub(super) type Field<N> = (&'static str, fn(&mut N, &N));

/// Takes the masked fields from `source`; answers the names of those that changed.
///
/// # Errors
/// Without a mask; `INVALID_PATH` for a name that is no field, `MUTABILITY` for one that is the server's own.
pub(super) fn take<N: Clone + PartialEq>(
    target: &mut N,
    source: &N,
    mask: Option<&FieldMask>,
    fields: &[Field<N>],
    output_only: &[&str],
) -> Result<Vec<String>> {
    let paths = mask.map_or(&[][..], |mask| &mask.paths);
    if paths.is_empty() {
        return Err(Error::missing("update_mask"));
    }
    for path in paths {
        let refuse = |reason, why: &str| Error::new(reason, format!("update_mask: {path:?} {why}.")).at("update_mask");
        if output_only.contains(&path.as_str()) {
            return Err(refuse(ErrorReason::Mutability, "is the server's own").with("attribute", path.as_str()));
        }
        if path != "*" && !fields.iter().any(|(name, _)| name == path) {
            return Err(refuse(ErrorReason::InvalidPath, "is no field").with("path", path.as_str()));
        }
    }
    let whole = paths.iter().any(|path| path == "*");
    let mut changed = Vec::new();
    for (name, copy) in fields.iter().filter(|(name, _)| whole || paths.iter().any(|path| path == name)) {
        let before = target.clone();
        copy(target, source);
        if *target != before {
            changed.push((*name).to_owned());
        }
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::v1::ServiceAccount;

    const FIELDS: &[Field<ServiceAccount>] = &[
        ("display_name", |to, from| to.display_name.clone_from(&from.display_name)),
        ("disabled", |to, from| to.disabled = from.disabled),
    ];

    fn change(paths: &[&str]) -> (ServiceAccount, Result<Vec<String>>) {
        let mut target = ServiceAccount { id: "1".into(), display_name: "old".into(), ..ServiceAccount::default() };
        let source = ServiceAccount { id: "2".into(), display_name: "new".into(), ..ServiceAccount::default() };
        let mask = FieldMask { paths: paths.iter().map(ToString::to_string).collect() };
        let changed = take(&mut target, &source, Some(&mask), FIELDS, &["id", "meta"]);
        (target, changed)
    }

    #[test]
    fn masked_fields_are_taken_and_what_changed_is_named() {
        let (target, changed) = change(&["display_name", "disabled"]);
        assert_eq!((target.id.as_str(), target.display_name.as_str()), ("1", "new"));
        assert_eq!(changed, Ok(vec!["display_name".to_owned()]));
        assert_eq!(change(&["*"]).1, changed);
        assert_eq!(change(&["disabled"]).1, Ok(vec![]));
    }

    #[test]
    fn a_mask_names_fields_that_can_be_written_and_no_others() {
        for (paths, reason) in [
            (&[][..], ErrorReason::InvalidValue),
            (&["displayName"], ErrorReason::InvalidPath),
            (&["*", "nonsense"], ErrorReason::InvalidPath),
            (&["display_name", "meta"], ErrorReason::Mutability),
        ] {
            let (target, changed) = change(paths);
            assert_eq!((changed.unwrap_err().reason, target.display_name.as_str()), (reason, "old"), "{paths:?}");
        }
    }
}
