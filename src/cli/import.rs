//! `roster import`: what `roster export` wrote, into another organization or back into its own.

use super::{
    Done, Failure,
    connect::{Authorized, ClientSettings},
    lines, output,
};
use crate::{
    api::v1::{
        self, ImportDirectoryRequest, TransferFooter, TransferHeader,
        import_directory_request::{Chunk, Header, Line, OnConflict, Part},
        transfer_record::Record,
        transfer_service_client::TransferServiceClient,
    },
    limits,
};
use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    collections::VecDeque,
    fs::File,
    io::{BufRead, BufReader, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Bytes of a line that is read at all: no record is larger.
const LINE_BYTES: u64 = 32 * 1024 * 1024;
/// Bytes of lines in one chunk: encoded they are shorter, and fit into one message.
const CHUNK_BYTES: usize = 1024 * 1024;
/// Chunks that are on their way at once.
const AHEAD: usize = 2;

#[derive(Debug, Args)]
pub(super) struct Import {
    /// A file that `roster export` wrote.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Change nothing, and list every conflict with what is there. What a record refers to is not judged: it may come with the same
    /// file. Nor is what records more than 500 lines apart do to each other.
    #[arg(long)]
    dry_run: bool,
    /// What to do where a record meets something else: stop, leave it out, or let it take the place of what has its id.
    #[arg(long, value_name = "WHAT", default_value = "fail")]
    on_conflict: Conflict,
    /// Go on where an earlier import of this file broke off (FILE.import knows).
    #[arg(long, conflicts_with = "dry_run")]
    resume: bool,
    #[command(flatten)]
    client: ClientSettings,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Conflict {
    Fail,
    Skip,
    Replace,
}

/// How far an import got.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Mark {
    organization_id: String,
    /// SHA-256 of the file: another file is not gone on with.
    file: String,
    /// The last line that stands.
    line: u64,
    /// Where the next one begins.
    offset: u64,
}

/// What came of all chunks.
#[derive(Debug, Default)]
struct Tally {
    created: i64,
    replaced: i64,
    unchanged: i64,
    conflicts: i64,
}

/// Last line and end of each chunk on its way.
type Sent = Arc<Mutex<VecDeque<(u64, u64)>>>;

pub(super) async fn run(import: Import) -> Done {
    let file = &import.file;
    let Whole { header, footer, digest } = whole(file)?;
    let session = import.client.open().await?;
    let organization_id = session.organization().await?;
    let mut service = TransferServiceClient::new(session.channel).max_decoding_message_size(limits::MESSAGE_BYTES);

    let notes = lines::beside(file, ".import");
    let mut mark = Mark { organization_id, file: digest, line: 1, offset: 0 };
    if import.resume
        && let Some(noted) = lines::noted::<Mark>(&notes)?
        && (&noted.organization_id, &noted.file) == (&mark.organization_id, &mark.file)
    {
        mark = noted;
    }
    let on_conflict = match import.on_conflict {
        Conflict::Fail => OnConflict::Fail,
        Conflict::Skip => OnConflict::Skip,
        Conflict::Replace => OnConflict::Replace,
    };
    let write = Some(v1::WriteOptions { validate_only: import.dry_run, ..v1::WriteOptions::default() });
    let header = Header { organization_id: mark.organization_id.clone(), source: Some(header), on_conflict: on_conflict.into(), write };
    let bar = lines::bar(u64::try_from(lines::sum(&footer)).unwrap_or(0));
    bar.set_position(mark.line.saturating_sub(1));
    let notes = (!import.dry_run).then_some(notes.as_path());
    let tally = send(&mut service, file, &header, &mut mark, notes, &bar).await?;
    bar.finish_and_clear();
    if let Some(notes) = notes {
        lines::forget(notes);
    }
    said(&tally, import.dry_run)
}

fn said(tally: &Tally, dry: bool) -> Done {
    let Tally { created, replaced, unchanged, conflicts } = tally;
    let would = if dry { "Would be " } else { "" };
    output::say(format!("{would}made: {created}, replaced: {replaced}, there already: {unchanged}, left out: {conflicts}"))?;
    if dry && *conflicts > 0 {
        return Err(Failure::refused(format!("{conflicts} records meet something else.")));
    }
    Ok(())
}

/// What a file says of itself that has its end: its first and its last line, and as many between them as the footer says.
struct Whole {
    header: TransferHeader,
    footer: TransferFooter,
    /// SHA-256 of all of it, in hexadecimal.
    digest: String,
}

fn whole(file: &Path) -> Result<Whole, Failure> {
    let bad = |why: &str| Failure::refused(format!("{} is no export: {why}.", file.display()));
    let mut from = BufReader::new(File::open(file).map_err(lines::unusable(file))?);
    let (mut first, mut last, mut count, mut digest) = (Vec::new(), Vec::new(), 0_i64, Sha256::new());
    loop {
        let mut line = Vec::new();
        if from.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line).map_err(lines::unusable(file))? == 0 {
            break;
        }
        if line.last() != Some(&b'\n') {
            return Err(bad("its last line has no end, so it was cut off"));
        }
        digest.update(&line);
        count += 1;
        if count == 1 {
            first.clone_from(&line);
        }
        last = line;
    }
    let record = |line: &[u8]| lines::read(line).ok().and_then(|record| record.record);
    let Some(Record::Header(header)) = record(&first) else { return Err(bad("it does not begin with a header")) };
    let Some(Record::Footer(footer)) = record(&last) else { return Err(bad("it does not end with a footer, so it was cut off")) };
    if lines::sum(&footer).saturating_add(2) != count {
        return Err(bad("its footer counts other records than it has"));
    }
    Ok(Whole { header, footer, digest: format!("{:x}", digest.finalize()) })
}

/// Sends the file from the mark on, and again from where it was when a stream breaks.
async fn send(
    service: &mut TransferServiceClient<Authorized>,
    file: &Path,
    header: &Header,
    mark: &mut Mark,
    notes: Option<&Path>,
    bar: &ProgressBar,
) -> Result<Tally, Failure> {
    let (mut tally, mut patience) = (Tally::default(), lines::Patience::default());
    loop {
        let (to, stream) = mpsc::channel(AHEAD);
        let sent = Sent::default();
        let reader = {
            let (file, header, mark, sent) = (file.to_owned(), header.clone(), mark.clone(), Arc::clone(&sent));
            tokio::task::spawn_blocking(move || chunks(&file, header, &mark, &to, &sent))
        };
        let status = match service.import_directory(ReceiverStream::new(stream)).await {
            Ok(answers) => {
                let mut answers = answers.into_inner();
                loop {
                    match answers.message().await {
                        Ok(Some(answer)) => {
                            patience.renew();
                            bar.set_position(answer.last_line.saturating_sub(1));
                            take(&mut tally, &answer, bar)?;
                            let mut ends = sent.lock().unwrap_or_else(PoisonError::into_inner);
                            while let Some((line, end)) = ends.pop_front_if(|(line, _)| *line <= answer.last_line) {
                                (mark.line, mark.offset) = (line, end);
                            }
                            drop(ends);
                            if let Some(notes) = notes {
                                lines::note(notes, mark)?;
                            }
                        }
                        Ok(None) => break None,
                        Err(status) => break Some(status),
                    }
                }
            }
            Err(status) => Some(status),
        };
        // Whether the file itself is at fault; it stops by itself when nobody takes from it.
        let read = reader.await.map_err(|_| Failure::refused("The file cannot be read to its end."))?;
        match (read, status) {
            (Err(failure), _) => return Err(failure),
            (Ok(()), None) => return Ok(tally),
            (Ok(()), Some(status)) => patience.wait(status).await?,
        }
    }
}

fn take(tally: &mut Tally, answer: &v1::ImportDirectoryResponse, bar: &ProgressBar) -> Done {
    tally.created += answer.created;
    tally.replaced += answer.replaced;
    tally.unchanged += answer.unchanged;
    tally.conflicts += i64::try_from(answer.conflicts.len()).unwrap_or(i64::MAX);
    bar.suspend(|| {
        for v1::ImportConflict { line, record, field, record_id, existing_id } in &answer.conflicts {
            let other = match (existing_id.as_str(), field.as_str()) {
                ("", "id") => "something of another organization",
                ("", _) => "nothing that is there",
                (existing, _) => existing,
            };
            output::say(format!("line {line}: {record} {record_id} meets {other} by {field}"))?;
        }
        Ok(())
    })
}

/// Reads the file from the mark on and hands over chunks; ends early when nobody takes them.
fn chunks(file: &Path, header: Header, mark: &Mark, to: &mpsc::Sender<ImportDirectoryRequest>, sent: &Sent) -> Done {
    let hand_over = |part| to.blocking_send(ImportDirectoryRequest { part: Some(part) }).is_ok();
    if !hand_over(Part::Header(header)) {
        return Ok(());
    }
    let mut from = BufReader::new(File::open(file).map_err(lines::unusable(file))?);
    from.seek(SeekFrom::Start(mark.offset)).map_err(lines::unusable(file))?;
    // The header of the file is its first line.
    let (mut number, mut offset) = (if mark.offset == 0 { 0 } else { mark.line }, mark.offset);
    let (mut chunk, mut bytes) = (Vec::new(), 0);
    loop {
        let mut line = Vec::new();
        let length = from.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line).map_err(lines::unusable(file))?;
        let full = chunk.len() >= limits::IMPORT_LINES || bytes + length > CHUNK_BYTES;
        if !chunk.is_empty() && (length == 0 || full) {
            sent.lock().unwrap_or_else(PoisonError::into_inner).push_back((number, offset));
            if !hand_over(Part::Chunk(Chunk { lines: std::mem::take(&mut chunk) })) {
                return Ok(());
            }
            bytes = 0;
        }
        if length == 0 {
            return Ok(());
        }
        number += 1;
        let record = lines::read(&line).map_err(|failure| Failure::refused(format!("Line {number} of the file: {}", failure.sentence)))?;
        offset += length as u64;
        if !matches!(record.record, Some(Record::Header(_) | Record::Footer(_))) {
            bytes += length;
            chunk.push(Line { number, record: Some(record) });
        }
    }
}
