//! What commands print: tables for people, the contract's JSON for programs, refusals as sentences.

use super::{Done, Failure};
use crate::{api, clock};
use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use prost::Message;
use prost_reflect::{DescriptorError, DescriptorPool, DynamicMessage, MessageDescriptor};
use std::{
    fmt::Display,
    io::{self, ErrorKind, Write as _},
    sync::LazyLock,
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tonic::Status;
use tonic_types::StatusExt;

/// How to print.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Form {
    /// Print JSON, in the contract's own field names, instead of a table.
    #[arg(long)]
    pub(super) json: bool,
}

/// A noun that can be printed.
pub(super) trait Shown: Message {
    /// Its message's name in the contract.
    const MESSAGE: &'static str;
    /// The table's columns.
    const COLUMNS: &'static [&'static str];
    /// The table's cells.
    fn cells(&self) -> Vec<String>;
}

/// Prints several: a table, or a JSON array.
pub(super) fn list<T: Shown>(form: Form, items: &[T]) -> Done {
    if form.json {
        let items: Vec<_> = items.iter().map(json).collect::<Result<_, _>>()?;
        return print(&serde_json::Value::Array(items));
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(T::COLUMNS);
    for item in items {
        table.add_row(item.cells().iter().map(|cell| plain(cell)));
    }
    show(&mut table)
}

/// Prints one: a column of fields, or a JSON object.
pub(super) fn one<T: Shown>(form: Form, item: &T) -> Done {
    if form.json {
        return print(&json(item)?);
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    for (name, cell) in T::COLUMNS.iter().zip(item.cells()) {
        table.add_row([(*name).to_owned(), plain(&cell)]);
    }
    show(&mut table)
}

/// Columns two spaces apart, lines without spaces at either end.
fn show(table: &mut Table) -> Done {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    say(lines.join("\n"))
}

/// Whether anybody still reads what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    There,
    /// It has closed its end: that ends a command, and is no failure.
    Gone,
}

/// Writes to standard output, all of it and at once.
///
/// # Errors
/// Anything but a reader that has gone, such as a disk that is full: what is printed is what the command is for.
pub(super) fn write(text: &str) -> Result<Reader, Failure> {
    let mut out = io::stdout().lock();
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// What became of something that was written to standard output.
pub(super) fn written(outcome: io::Result<()>) -> Result<Reader, Failure> {
    match outcome {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(Failure::refused(format!("The answer cannot be written to standard output: {error}."))),
    }
}

/// Says something to whoever reads.
pub(super) fn say(text: impl Display) -> Done {
    write(&format!("{text}\n")).map(|_| ())
}

/// The same of a server, which serves on where nobody can be told.
pub(super) fn announce(text: impl Display) {
    if let Err(failure) = say(text) {
        tracing::warn!("{}", failure.sentence);
    }
}

/// The same beside what is printed.
pub(super) fn note(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// The contract, read once.
static POOL: LazyLock<Result<DescriptorPool, DescriptorError>> = LazyLock::new(|| DescriptorPool::decode(api::DESCRIPTORS));

/// The contract's JSON of a message (the proto3 JSON mapping, with proto field names).
pub(super) fn json<T: Shown>(item: &T) -> Result<serde_json::Value, Failure> {
    let failed = |error: &dyn Display| Failure::refused(format!("The answer cannot be shown as JSON: {error}."));
    let message = DynamicMessage::decode(kind(T::MESSAGE)?, item.encode_to_vec().as_slice()).map_err(|error| failed(&error))?;
    let options = prost_reflect::SerializeOptions::new().use_proto_field_name(true).skip_default_fields(false);
    message.serialize_with_options(serde_json::value::Serializer, &options).map_err(|error| failed(&error))
}

/// A message of the contract by its name.
pub(super) fn kind(name: &str) -> Result<MessageDescriptor, Failure> {
    let failed = |error: &dyn Display| Failure::refused(format!("The contract cannot be read: {error}."));
    POOL.as_ref().map_err(|error| failed(error))?.get_message_by_name(name).ok_or_else(|| failed(&name))
}

/// Prints a JSON value on lines of its own.
pub(super) fn print(value: &serde_json::Value) -> Done {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| Failure::refused(format!("The answer cannot be shown as JSON: {error}.")))?;
    say(text)
}

/// A refusal in one sentence, with the reason programs know it by.
pub(super) fn sentence(status: &Status) -> String {
    // tonic's words for answers that no gRPC server gives: without its status, with a body that is text.
    if ["grpc-status header missing", "invalid compression flag"].iter().any(|words| status.message().contains(words)) {
        return "The server at this address speaks HTTP and not gRPC; --endpoint takes the address of the gRPC face (Unavailable)"
            .to_owned();
    }
    let message = plain(status.message());
    match status.get_details_error_info() {
        Some(info) => format!("{message} ({})", plain(&info.reason)),
        None => format!("{message} ({:?})", status.code()),
    }
}

/// The innermost cause: the one that says what happened.
pub(super) fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    error.source().map_or_else(|| error.to_string(), deepest)
}

/// A time to the second, or nothing.
pub(super) fn time(timestamp: Option<&prost_types::Timestamp>) -> String {
    let Some(timestamp) = timestamp else { return String::new() };
    let seconds = clock::micros(timestamp) / 1_000_000;
    OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
}

/// Text that cannot move the cursor or change the colours of a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;
    use tonic_types::ErrorDetails;

    #[test]
    fn a_refusal_is_its_sentence_and_its_reason() {
        let details = ErrorDetails::with_error_info("SCOPE_MISSING", "roster.v1", []);
        let refused = Status::with_error_details(Code::PermissionDenied, "The credential lacks the scope users.read.", details);
        assert_eq!(sentence(&refused), "The credential lacks the scope users.read. (SCOPE_MISSING)");
        assert_eq!(sentence(&Status::unavailable("gone\u{1b}[31m")), "gone\u{FFFD}[31m (Unavailable)");
        let http = Status::unimplemented("grpc-status header missing, mapped from HTTP status code 404");
        assert!(sentence(&http).contains("--endpoint"));
    }

    #[test]
    fn times_are_shown_to_the_second() {
        assert_eq!(time(Some(&clock::timestamp(1_700_000_000_123_456))), "2023-11-14T22:13:20Z");
        assert_eq!(time(None), "");
    }
}
