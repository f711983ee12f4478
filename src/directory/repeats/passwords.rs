//! Leaving passwords out of what a request is known by: they could be guessed from a digest.

use crate::api::v1::{AttributeValue, PatchOperation, attribute_value::Kind, mutation::Write as Mutating};

pub(super) fn forget_passwords(write: &mut Mutating) {
    match write {
        Mutating::CreateUser(r) => r.password = None,
        Mutating::ReplaceUser(r) => r.password = None,
        Mutating::PatchUser(r) => r.operations.iter_mut().for_each(forget_password),
        _ => {}
    }
}

pub(super) fn forget_password(operation: &mut PatchOperation) {
    if is_password(&operation.path) {
        operation.value = None;
    }
    operation.value.iter_mut().for_each(forget_inside);
}

/// However deep: a document may be sent below its schema's URN.
fn forget_inside(value: &mut AttributeValue) {
    match &mut value.kind {
        Some(Kind::ComplexValue(map)) => {
            map.entries.retain(|entry| !is_password(&entry.name));
            map.entries.iter_mut().filter_map(|entry| entry.value.as_mut()).for_each(forget_inside);
        }
        Some(Kind::ListValue(list)) => list.values.iter_mut().for_each(forget_inside),
        _ => {}
    }
}

fn is_password(path: &str) -> bool {
    path.rsplit(':').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("password"))
}
