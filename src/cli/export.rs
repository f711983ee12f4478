//! `roster export`: a whole organization as lines of JSON.

use super::{
    Done, Failure,
    connect::{Authorized, ClientSettings},
    lines,
    output::{self, Reader},
};
use crate::api::v1::{self, transfer_record::Record, transfer_service_client::TransferServiceClient};
use clap::Args;
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

#[derive(Debug, Args)]
pub(super) struct Export {
    /// The file to write, which must not be there yet; until all is told it is called FILE.part. On Unix you alone may read it.
    /// Default: standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Go on with a FILE.part that an earlier export left, if nothing was written since.
    #[arg(long, requires = "output")]
    resume: bool,
    #[command(flatten)]
    client: ClientSettings,
}

/// How far an export got.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    organization_id: String,
    resume_token: String,
    /// Bytes of the file up to there.
    bytes: u64,
}

/// Where records go.
enum Sink {
    Out,
    File(Kept),
}

impl Sink {
    fn write(&mut self, text: &str) -> Result<Reader, Failure> {
        match self {
            Sink::Out => output::write(text),
            Sink::File(kept) => kept.open.write_all(text.as_bytes()).map_err(lines::unusable(&kept.part)).map(|()| Reader::There),
        }
    }

    fn note(&self, mark: &Mark) -> Done {
        match self {
            Sink::Out => Ok(()),
            Sink::File(kept) => lines::note(&kept.notes, mark),
        }
    }
}

/// A file that is being written. Nobody else writes it, or notes how far it is, as long as this one is open.
struct Kept {
    part: PathBuf,
    notes: PathBuf,
    open: File,
}

impl Kept {
    fn open(file: &Path) -> Result<Kept, Failure> {
        let (part, notes) = (lines::beside(file, ".part"), lines::beside(file, ".resume"));
        let open = lines::private().append(true).open(&part).map_err(lines::unusable(&part))?;
        match open.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::refused(format!("Another export is writing {}.", part.display())));
            }
            // A file system that knows no locks.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(lines::unusable(&part)(error)),
        }
        // One that was left is made its owner's alone, too; a file system without owners cannot.
        #[cfg(unix)]
        let _ = open.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600));
        Ok(Kept { part, notes, open })
    }

    /// How far an earlier export into this file got, if it can be gone on with.
    fn noted(&self, organization: &str) -> Result<Option<Mark>, Failure> {
        let length = self.open.metadata().map_err(lines::unusable(&self.part))?.len();
        Ok(lines::noted::<Mark>(&self.notes)?.filter(|noted| noted.organization_id == organization && length >= noted.bytes))
    }

    /// It has its end. Its name is another now, and the lock held until that is so.
    fn finish(self, file: &Path) -> Done {
        self.open.sync_all().map_err(lines::unusable(&self.part))?;
        fs::rename(&self.part, file).map_err(lines::unusable(file))?;
        lines::forget(&self.notes);
        Ok(())
    }
}

pub(super) async fn run(export: Export) -> Done {
    let session = export.client.open().await?;
    let organization_id = session.organization().await?;
    let mut service = TransferServiceClient::new(session.channel).max_decoding_message_size(crate::limits::MESSAGE_BYTES);
    let mut mark = Mark { organization_id, resume_token: String::new(), bytes: 0 };
    let Some(file) = export.output else {
        let told = tell(&mut service, &mut mark, &mut Sink::Out).await?;
        told.iter().for_each(say);
        return Ok(());
    };
    require_absent(&file)?;
    let kept = Kept::open(&file)?;
    // Another export may have brought it to its end meanwhile.
    require_absent(&file)?;
    if export.resume
        && let Some(noted) = kept.noted(&mark.organization_id)?
    {
        mark = noted;
    }
    // What came after the last mark comes again.
    kept.open.set_len(mark.bytes).map_err(lines::unusable(&kept.part))?;
    let mut sink = Sink::File(kept);
    let footer = tell(&mut service, &mut mark, &mut sink).await?;
    if let Sink::File(kept) = sink {
        kept.finish(&file)?;
    }
    footer.iter().for_each(say);
    Ok(())
}

fn require_absent(file: &Path) -> Done {
    if file.exists() { Err(Failure::settings(format!("{} is there already.", file.display()))) } else { Ok(()) }
}

fn say(footer: &v1::TransferFooter) {
    let v1::TransferFooter { users, groups, memberships, .. } = footer;
    let all = lines::sum(footer);
    output::note(format!("{all} records: {users} users, {groups} groups, {memberships} memberships and what decides about them."));
}

/// Writes what comes, and goes on when a stream breaks. Answers the footer; nothing where nobody reads any more.
async fn tell(
    service: &mut TransferServiceClient<Authorized>,
    mark: &mut Mark,
    sink: &mut Sink,
) -> Result<Option<v1::TransferFooter>, Failure> {
    let (bar, mut patience) = (lines::bar(0), lines::Patience::default());
    loop {
        let request = v1::ExportDirectoryRequest { organization_id: mark.organization_id.clone(), resume_token: mark.resume_token.clone() };
        let mut stream = match service.export_directory(request).await {
            Ok(answer) => answer.into_inner(),
            Err(status) => {
                patience.wait(status).await?;
                continue;
            }
        };
        let status = loop {
            let answer = match stream.message().await {
                Ok(Some(answer)) => answer,
                Ok(None) => break tonic::Status::unavailable("The export ended before its footer."),
                Err(status) => break status,
            };
            patience.renew();
            let footer = count(&bar, &answer.records);
            let mut text = String::new();
            for record in &answer.records {
                text.push_str(&lines::write(record)?);
                text.push('\n');
            }
            if sink.write(&text)? == Reader::Gone {
                return Ok(None);
            }
            mark.resume_token = answer.resume_token;
            mark.bytes += text.len() as u64;
            sink.note(mark)?;
            if footer.is_some() {
                bar.finish_and_clear();
                return Ok(footer);
            }
        };
        patience.wait(status).await?;
    }
}

/// Moves the bar; answers the footer if it came.
fn count(bar: &ProgressBar, records: &[v1::TransferRecord]) -> Option<v1::TransferFooter> {
    for record in records {
        match &record.record {
            Some(Record::Header(header)) => bar.set_length(u64::try_from(header.users + header.groups).unwrap_or(0)),
            Some(Record::Footer(footer)) => return Some(*footer),
            Some(Record::User(_) | Record::Group(_)) => bar.inc(1),
            _ => {
                bar.inc_length(1);
                bar.inc(1);
            }
        }
    }
    None
}
