//! What `export` and `import` share: a record as a line of JSON, how far one got beside its file, and a bar.

use super::{Failure, output};
use crate::api::v1::{TransferFooter, TransferRecord};
use indicatif::{ProgressBar, ProgressStyle};
use prost::Message as _;
use prost_reflect::{DeserializeOptions, DynamicMessage, SerializeOptions};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};
use tonic::Code;

const MESSAGE: &str = "roster.v1.TransferRecord";
/// How often a call that found no server is made again before the command gives up; it begins anew with each success.
const TRIES: u32 = 5;
/// How long it waits between two of them.
const AGAIN: Duration = Duration::from_secs(1);

/// A record as a line, without its end. Equal records are equal lines.
pub(super) fn write(record: &TransferRecord) -> Result<String, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::refused(format!("A record cannot be written as JSON: {error}."));
    let message = DynamicMessage::decode(output::kind(MESSAGE)?, record.encode_to_vec().as_slice()).map_err(|error| failed(&error))?;
    let options = SerializeOptions::new().use_proto_field_name(true);
    // A value keeps its keys in order; the message's own maps have none.
    let value = message.serialize_with_options(serde_json::value::Serializer, &options).map_err(|error| failed(&error))?;
    Ok(value.to_string())
}

/// The record of a line; the error says what is wrong with it.
pub(super) fn read(line: &[u8]) -> Result<TransferRecord, Failure> {
    let line = std::str::from_utf8(line).map_err(|error| Failure::refused(format!("it is not written in UTF-8: {error}.")))?;
    let mut from = serde_json::Deserializer::from_str(line);
    let message = DynamicMessage::deserialize_with_options(output::kind(MESSAGE)?, &mut from, &DeserializeOptions::new())
        .and_then(|message| from.end().map(|()| message))
        .map_err(|error| Failure::refused(format!("it is no record: {error}")))?;
    TransferRecord::decode(message.encode_to_vec().as_slice()).map_err(|error| Failure::refused(format!("it is no record: {error}")))
}

/// Records that a footer counts.
pub(super) fn sum(footer: &TransferFooter) -> i64 {
    let TransferFooter { schemas, roles, connections, service_accounts, users, groups, memberships, role_assignments } = *footer;
    // A file may say anything.
    let counts = [schemas, roles, connections, service_accounts, users, groups, memberships, role_assignments];
    counts.into_iter().fold(0, i64::saturating_add)
}

/// A file's name with something behind it.
pub(super) fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// A failure of a file.
pub(super) fn unusable(file: &Path) -> impl Fn(std::io::Error) -> Failure {
    let file = file.display().to_string();
    move |error| Failure::refused(format!("{file} cannot be used: {error}."))
}

/// How a file is made that tells of people: on Unix its owner alone may read it.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Notes how far a command got, whole or not at all.
pub(super) fn note(file: &Path, mark: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_vec(mark).map_err(|error| Failure::refused(format!("{error}.")))?;
    // Of its own: two imports of one file note into the same place, each whole.
    let fresh = beside(file, &format!(".{}.new", std::process::id()));
    let mut open = private().write(true).truncate(true).open(&fresh).map_err(unusable(&fresh))?;
    open.write_all(&text).map_err(unusable(&fresh))?;
    fs::rename(&fresh, file).map_err(unusable(file))
}

/// How far a command got, if that is known.
pub(super) fn noted<T: DeserializeOwned>(file: &Path) -> Result<Option<T>, Failure> {
    match fs::read(file) {
        Ok(text) => Ok(serde_json::from_slice(&text).ok()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(file)(error)),
    }
}

/// What was noted is of no more use.
pub(super) fn forget(file: &Path) {
    // It may never have been there.
    let _ = fs::remove_file(file);
}

/// A bar on a terminal's stderr; nothing elsewhere.
pub(super) fn bar(records: u64) -> ProgressBar {
    let bar = ProgressBar::new(records);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} records, {per_sec}, {elapsed_precise}") {
        bar.set_style(style);
    }
    bar
}

/// Calls again while no server is there, for a while.
#[derive(Debug, Default)]
pub(super) struct Patience(u32);

impl Patience {
    /// It went well.
    pub(super) fn renew(&mut self) {
        self.0 = 0;
    }

    /// Waits, if the same may go well soon.
    pub(super) async fn wait(&mut self, status: tonic::Status) -> Result<(), Failure> {
        let broke =
            matches!(status.code(), Code::Unavailable | Code::Cancelled) || (status.code() == Code::Unknown && status.details().is_empty());
        if !broke || self.0 >= TRIES {
            return Err(super::connect::refused(status));
        }
        self.0 += 1;
        tokio::time::sleep(AGAIN).await;
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn notes_are_their_owner_s_alone_and_nothing_stays_beside_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("acme.jsonl.resume");
        note(&file, &"first").unwrap();
        note(&file, &"second").unwrap();
        assert_eq!(noted::<String>(&file).unwrap().as_deref(), Some("second"));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
