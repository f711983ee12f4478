//! Exporting and importing, in one line each.

use crate::harness::{Clients, World, deeds::Desk};
use roster::api::v1::{
    CreateOrganizationRequest, ExportDirectoryRequest, ImportDirectoryRequest, ImportDirectoryResponse, Organization, TransferHeader,
    TransferRecord, User, WriteOptions,
    import_directory_request::{Chunk, Header, Line, OnConflict, Part},
    transfer_record::Record,
};
use tonic::Status;

/// A user's record as an export has it.
pub fn person(number: usize, name: &str) -> Record {
    Record::User(User { id: id(number), user_name: name.to_owned(), active: Some(true), ..User::default() })
}

/// An id that a server might have made.
pub fn id(number: usize) -> String {
    format!("0198f0a0-0000-7000-8000-{number:012}")
}

/// A header of an import that does nothing special.
pub fn header(organization: &str) -> Header {
    let source = Some(TransferHeader { format: 1, ..TransferHeader::default() });
    Header { organization_id: organization.to_owned(), source, ..Header::default() }
}

pub fn dry(header: Header) -> Header {
    Header { write: Some(WriteOptions { validate_only: true, ..WriteOptions::default() }), ..header }
}

pub fn under(header: Header, on_conflict: OnConflict) -> Header {
    Header { on_conflict: on_conflict.into(), ..header }
}

/// Records as lines, counted from this number.
pub fn chunk(first: u64, records: impl IntoIterator<Item = Record>) -> Part {
    let record = |record| Some(TransferRecord { record: Some(record) });
    let lines = (first..).zip(records).map(|(number, one)| Line { number, record: record(one) }).collect();
    Part::Chunk(Chunk { lines })
}

/// Sends these parts; what each chunk was answered, and what the stream ended with.
pub async fn send(clients: &Clients, parts: Vec<Part>) -> (Vec<ImportDirectoryResponse>, Result<(), Status>) {
    let parts: Vec<_> = parts.into_iter().map(|part| ImportDirectoryRequest { part: Some(part) }).collect();
    let mut transfers = clients.transfers.clone();
    let mut stream = match transfers.import_directory(tokio_stream::iter(parts)).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return (Vec::new(), Err(status)),
    };
    let mut answers = Vec::new();
    loop {
        match stream.message().await {
            Ok(Some(answer)) => answers.push(answer),
            Ok(None) => return (answers, Ok(())),
            Err(status) => return (answers, Err(status)),
        }
    }
}

/// Sends these records in one chunk.
pub async fn bring(desk: &Desk, header: Header, records: Vec<Record>) -> Result<ImportDirectoryResponse, Status> {
    let (mut answers, end) = send(&desk.grpc(), vec![Part::Header(header), chunk(2, records)]).await;
    end.map(|()| answers.remove(0))
}

/// All that an export tells.
pub async fn export(desk: &Desk) -> Vec<Record> {
    let request = ExportDirectoryRequest { organization_id: desk.organization.clone(), resume_token: String::new() };
    rest(desk, request).await.unwrap().into_iter().flat_map(|(records, _)| records).collect()
}

/// What an export tells from here on: records, and the token behind them.
pub async fn rest(desk: &Desk, request: ExportDirectoryRequest) -> Result<Vec<(Vec<Record>, String)>, Status> {
    let mut stream = desk.grpc().transfers.export_directory(request).await?.into_inner();
    let mut told = Vec::new();
    while let Some(answer) = stream.message().await? {
        told.push((answer.records.into_iter().map(|record| record.record.unwrap()).collect(), answer.resume_token));
    }
    Ok(told)
}

/// The same without header and footer.
pub fn body(records: &[Record]) -> Vec<Record> {
    records[1..records.len() - 1].to_vec()
}

/// An empty organization of the world, worked at by the administrator.
pub async fn empty(world: &World, key: &str) -> Desk {
    let organization = Organization { key: key.to_owned(), display_name: key.to_owned(), ..Organization::default() };
    let request = CreateOrganizationRequest { organization: Some(organization), write: None };
    world.within(&world.grpc().organizations.create_organization(request).await.unwrap().into_inner().organization.unwrap().id)
}
