//! `ImportDirectory`: chunk by chunk, each one commit, answered when it stands. Nothing is held between two of them.

use super::{
    super::{Error, Result, core::Call, repeats::Repeat, uploads},
    Asked, FORMAT, Transfers, admit,
    bring::{Bringing, OnConflict},
};
use crate::api::{
    method,
    v1::{
        ImportDirectoryRequest, ImportDirectoryResponse, WriteOptions,
        import_directory_request::{self, Header, Part},
    },
};
use futures_util::{Stream, stream};
use std::sync::Arc;
use tonic::{Status, Streaming};

/// An import under way.
struct Import {
    transfers: Transfers,
    call: Call,
    stream: Streaming<ImportDirectoryRequest>,
    organization: String,
    on_conflict: OnConflict,
    write: WriteOptions,
    /// The last line that was answered.
    last: u64,
    asked: Asked,
}

/// Reads the header, and begins.
pub(super) async fn begin(
    transfers: &Transfers,
    call: Call,
    mut stream: Streaming<ImportDirectoryRequest>,
) -> Result<impl Stream<Item = std::result::Result<ImportDirectoryResponse, Status>> + Send + use<>> {
    let Some(Part::Header(header)) = stream.message().await.map_err(|status| broken(&status))?.and_then(|message| message.part) else {
        return Err(Error::missing("header"));
    };
    if header.organization_id.is_empty() {
        return Err(Error::missing("header.organization_id"));
    }
    if !call.caller.may_enter(&header.organization_id) {
        return Err(Error::organization_denied());
    }
    super::admit(&call, &header.organization_id)?;
    let on_conflict = check(&header)?;
    let repeat = Repeat::of(&header)?;
    let import = Import {
        transfers: transfers.clone(),
        call: Call { repeat, ..call },
        stream,
        organization: header.organization_id,
        on_conflict,
        write: header.write.unwrap_or_default(),
        last: 0,
        asked: Asked::never(),
    };
    Ok(stream::unfold(Some(import), |import| async {
        let mut import = import?;
        match import.next().await {
            Ok(Some(answer)) => Some((Ok(answer), Some(import))),
            Ok(None) => None,
            Err(error) => Some((Err(Status::from(error)), None)),
        }
    }))
}

fn broken(status: &Status) -> Error {
    uploads::broken(status, "what was answered stands.")
}

/// Whether the header can be understood.
fn check(header: &Header) -> Result<OnConflict> {
    let source = header.source.as_ref().ok_or_else(|| Error::missing("header.source"))?;
    if source.format != FORMAT {
        return Err(Error::value("header.source.format", format!("header.source.format is {FORMAT} in this version.")));
    }
    match import_directory_request::OnConflict::try_from(header.on_conflict) {
        Ok(import_directory_request::OnConflict::Unspecified | import_directory_request::OnConflict::Fail) => Ok(OnConflict::Fail),
        Ok(import_directory_request::OnConflict::Skip) => Ok(OnConflict::Skip),
        Ok(import_directory_request::OnConflict::Replace) => Ok(OnConflict::Replace),
        Err(_) => Err(Error::value("header.on_conflict", "header.on_conflict is none of its values.")),
    }
}

impl Import {
    /// Takes the next chunk in; none when the client has ended.
    async fn next(&mut self) -> Result<Option<ImportDirectoryResponse>> {
        let Some(message) = self.stream.message().await.map_err(|status| broken(&status))? else { return Ok(None) };
        let chunk = admit::chunk(message)?;
        let scope = method::transfer_service::IMPORT_DIRECTORY.scope;
        self.transfers.check_again(&mut self.asked, &self.call, scope, &self.organization).await?;
        // Named by its first line: a stream that goes on where another broke has the same names.
        let first = chunk.lines.first().map_or(0, |line| usize::try_from(line.number).unwrap_or(usize::MAX));
        let call = Call { repeat: self.call.repeat.clone().map(|repeat| repeat.with_chunk(&chunk)), ..self.call.clone() };
        let lines = admit::lines(chunk, self.last, &self.organization)?;
        let last = lines.last().map_or(self.last, |line| line.number);
        let directory = &self.transfers.directory;
        let ids = lines.iter().filter_map(|line| line.ready.own_id()).map(|(id, _)| id.to_owned()).collect();
        let dry = self.write.validate_only;
        // Nobody brings ids in between the look-up and the commit.
        let claim = if dry { None } else { Some(directory.store.claim().await?) };
        let bearers = directory.store.bearers(&self.organization, ids).await?;
        let bringing = Bringing { directory: Arc::clone(directory), lines, on_conflict: self.on_conflict, dry, bearers, _claim: claim };
        let edit = move |work: &mut _| bringing.run(work);
        let written = directory.write_part(&call, &self.organization, Some(self.write.clone()), first, edit).await?;
        self.last = last;
        Ok(Some(ImportDirectoryResponse { committed_at: written.committed_at, ..written.answer }))
    }
}
