//! Field masks: a typed partial update, told by proto field names.

use super::Context;
use super::access::{Slot, View};
use super::error::{AttributeError, Result};
use super::replace::take_external_ids;
use super::row::{Place, Table};
use super::table::{GROUP, USER};
use crate::api::v1::{Group, User, user::SetupState};
use std::any::Any;

/// Fields that are the server's own and no attribute.
const OUTPUT_ONLY: [&str; 6] = ["organization_id", "meta", "links", "groups_truncated", "groups_version", "direct_member_count"];

/// Makes the named fields of `target` what they are in `source`; a field that is absent there is cleared. `*` names
/// all that are writable. Of `external_ids` a caller with a connection writes its own only.
///
/// # Errors
/// `INVALID_PATH` for a name that is no field, `MUTABILITY` for one that is the server's own.
pub fn mask_user(target: &mut User, source: &User, paths: &[String], cx: &Context<'_>) -> Result<()> {
    let mut masked = target.clone();
    for path in expand(&USER, paths)? {
        match path.as_str() {
            "external_ids" => take_external_ids(&mut masked.external_ids, &source.external_ids, cx),
            "extensions" => masked.extensions.clone_from(&source.extensions),
            "setup_state" => set_up(&mut masked, source, cx)?,
            path => copy(&USER, &path.split('.').collect::<Vec<_>>(), source, &mut masked, path)?,
        }
    }
    if paths.iter().any(|path| path == "*") && cx.connection.is_empty() {
        masked.take_setup_state(source);
    }
    *target = masked;
    Ok(())
}

/// How far a person is with an account is for services to say, and they say something.
fn set_up(masked: &mut User, source: &User, cx: &Context<'_>) -> Result<()> {
    if !cx.connection.is_empty() {
        return Err(AttributeError::mutability("setup_state", "setup_state is for services to write, not for connections."));
    }
    if source.setup_state() == SetupState::Unspecified {
        return Err(AttributeError::value("setup_state", "setup_state is PROVISIONED or COMPLETE; it cannot be cleared."));
    }
    masked.take_setup_state(source);
    Ok(())
}

/// The same for a group.
///
/// # Errors
/// As [`mask_user`].
pub fn mask_group(target: &mut Group, source: &Group, paths: &[String], cx: &Context<'_>) -> Result<()> {
    let mut masked = target.clone();
    for path in expand(&GROUP, paths)? {
        match path.as_str() {
            "external_ids" => take_external_ids(&mut masked.external_ids, &source.external_ids, cx),
            "extensions" => masked.extensions.clone_from(&source.extensions),
            path => copy(&GROUP, &path.split('.').collect::<Vec<_>>(), source, &mut masked, path)?,
        }
    }
    *target = masked;
    Ok(())
}

fn expand(table: &dyn Table, paths: &[String]) -> Result<Vec<String>> {
    if paths.is_empty() {
        return Err(AttributeError::value("update_mask", "update_mask is required; \"*\" names every writable field."));
    }
    if !paths.iter().any(|p| p == "*") {
        return Ok(paths.to_vec());
    }
    let fields = (0..table.len()).filter_map(|row| table.attribute(row)).filter(|a| a.place == Place::Field && a.writable());
    Ok(fields.flat_map(|a| a.fields).copied().chain(["extensions"]).map(str::to_owned).collect())
}

fn copy(table: &'static dyn Table, path: &[&str], from: &dyn Any, to: &mut dyn Any, whole: &str) -> Result<()> {
    copy_rows(table, &locate(table, path, whole)?, Some(from), to);
    Ok(())
}

/// The rows a path of field names leads through.
fn locate(table: &'static dyn Table, path: &[&str], whole: &str) -> Result<Vec<usize>> {
    let unknown = || AttributeError::path(whole, format!("{whole} is no field of an update mask."));
    let server_owned = || AttributeError::mutability(whole, format!("{whole} is the server's own."));
    let (name, below) = path.split_first().ok_or_else(unknown)?;
    if OUTPUT_ONLY.contains(name) {
        return Err(server_owned());
    }
    let named = |row: &usize| table.attribute(*row).is_some_and(|a| a.place != Place::Computed && a.fields.contains(name));
    let row = (0..table.len()).find(named).ok_or_else(unknown)?;
    let attribute = table.attribute(row).ok_or_else(unknown)?;
    if attribute.place != Place::Field || !attribute.writable() {
        return Err(server_owned());
    }
    let mut rows = vec![row];
    if !below.is_empty() {
        let sub = attribute.sub.filter(|_| !attribute.multi_valued).ok_or_else(unknown)?;
        rows.extend(locate(sub, below, whole)?);
    }
    Ok(rows)
}

/// A source that has nothing at a row clears what lies there.
pub(super) fn copy_rows(table: &'static dyn Table, rows: &[usize], from: Option<&dyn Any>, to: &mut dyn Any) {
    let Some((&row, below)) = rows.split_first() else { return };
    let view = from.map_or(View::Absent, |from| table.view(row, from));
    if below.is_empty() {
        match from {
            Some(from) => table.copy(row, from, to),
            None => table.clear(row, to),
        }
    } else if let (Some(sub), Slot::One(one)) = (table.attribute(row).and_then(|a| a.sub), table.slot(row, to)) {
        let from = if let View::One(from) = view { Some(from) } else { None };
        copy_rows(sub, below, from, one.make());
    }
}
