//! `roster export`: a whole organization as lines of JSON.

use super::{
    Done, Failure,
    connect::{Authorized, ClientSettings},
    lines, output,
};
use crate::api::v1::{self, transfer_record::Record, transfer_service_client::TransferServiceClient};
use clap::Args;
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

#[derive(Debug, Args)]
pub(super) struct Export {
    /// The file to write, which must not be there yet; until all is told it is called FILE.part. Default: standard output.
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
    Out(io::Stdout),
    File(BufWriter<File>),
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::Out(out) => out.write(bytes),
            Sink::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Out(out) => out.flush(),
            Sink::File(file) => file.flush(),
        }
    }
}

pub(super) async fn run(export: Export) -> Done {
    let session = export.client.open().await?;
    let organization_id = session.organization().await?;
    let mut service = TransferServiceClient::new(session.channel).max_decoding_message_size(crate::limits::MESSAGE_BYTES);
    let mut mark = Mark { organization_id, resume_token: String::new(), bytes: 0 };
    let Some(file) = export.output else {
        let told = tell(&mut service, &mut mark, &mut Sink::Out(io::stdout()), None).await?;
        told.iter().for_each(say);
        return Ok(());
    };
    if file.exists() {
        return Err(Failure::settings(format!("{} is there already.", file.display())));
    }
    let (part, notes) = (lines::beside(&file, ".part"), lines::beside(&file, ".resume"));
    if export.resume
        && let Some(noted) = lines::noted::<Mark>(&notes)?.filter(|noted| noted.organization_id == mark.organization_id)
        && fs::metadata(&part).is_ok_and(|there| there.len() >= noted.bytes)
    {
        mark = noted;
    }
    let open = OpenOptions::new().create(true).append(true).open(&part).map_err(lines::unusable(&part))?;
    // What came after the last mark comes again.
    open.set_len(mark.bytes).map_err(lines::unusable(&part))?;
    let mut sink = Sink::File(BufWriter::new(open));
    let footer = tell(&mut service, &mut mark, &mut sink, Some((&part, &notes))).await?;
    if let Sink::File(written) = sink {
        written.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| file.sync_all()).map_err(lines::unusable(&part))?;
    }
    fs::rename(&part, &file).map_err(lines::unusable(&file))?;
    lines::forget(&notes);
    footer.iter().for_each(say);
    Ok(())
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
    files: Option<(&Path, &Path)>,
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
            let written = sink.write_all(text.as_bytes()).and_then(|()| sink.flush());
            match (written, files) {
                (Ok(()), _) => {}
                // Whoever read has gone: that ends the command, and is no failure.
                (Err(_), None) => return Ok(None),
                (Err(error), Some((part, _))) => return Err(lines::unusable(part)(error)),
            }
            mark.resume_token = answer.resume_token;
            mark.bytes += text.len() as u64;
            if let Some((_, notes)) = files {
                lines::note(notes, mark)?;
            }
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
