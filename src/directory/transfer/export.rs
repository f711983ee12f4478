//! `ExportDirectory`: one snapshot, told part by part as it is taken.

use super::{
    super::{Error, Result, core::Call, environment::ENVIRONMENT, record as records, record::Noun, users},
    Asked, FORMAT, Transfers, admit,
    record::{self, Travels},
    running::{Running, taken},
    token::Place,
};
use crate::{
    api::{
        method,
        v1::{
            Connection, ErrorReason, ExportDirectoryRequest, ExportDirectoryResponse, Group, ServiceAccount, TransferFooter,
            TransferHeader, TransferRecord, User,
            transfer_record::{Membership, Record},
        },
    },
    clock::timestamp,
    feed::append,
    limits,
    store::{Narrow, Reader},
};
use futures_util::stream;
use prost::Message as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

/// The parts, in their order; behind the last everything is told.
const PARTS: [Part; 10] = [
    Part::Header,
    Part::Schemas,
    Part::Roles,
    Part::Connections,
    Part::ServiceAccounts,
    Part::Users,
    Part::Groups,
    Part::Memberships,
    Part::Grants,
    Part::Footer,
];

#[derive(Debug, Clone, Copy)]
enum Part {
    Header,
    Schemas,
    Roles,
    Connections,
    ServiceAccounts,
    Users,
    Groups,
    Memberships,
    Grants,
    Footer,
}

/// An export under way: it holds a snapshot for as long as it is taken.
struct Export {
    transfers: Transfers,
    call: Call,
    reader: Reader,
    place: Place,
    asked: Asked,
    _running: Running,
}

/// Begins an export, or goes on with one.
pub(super) async fn begin(
    transfers: &Transfers,
    call: Call,
    request: ExportDirectoryRequest,
) -> Result<ReceiverStream<std::result::Result<ExportDirectoryResponse, Status>>> {
    let organization = request.organization_id;
    admit(&call, &organization)?;
    let store = &transfers.directory.store;
    let place = match request.resume_token.as_str() {
        "" => None,
        token => Some(Place::open(store, &organization, token)?),
    };
    let running = transfers.exports.admit(&organization)?;
    let reader = transfers.directory.read(&organization, None).await?;
    let revision = reader.revision();
    let place = place.unwrap_or_else(|| Place::begin(store, revision));
    if place.revision != revision {
        let why = "Something was written since the export broke off, so what follows would not fit; export anew.";
        return Err(Error::new(ErrorReason::ExportOutdated, why));
    }
    let export = Export { transfers: transfers.clone(), call, reader, place, asked: Asked::never(), _running: running };
    let told = stream::unfold(Some(export), |export| async {
        let mut export = export?;
        match export.next().await {
            Ok(Some(answer)) => Some((Ok(answer), Some(export))),
            Ok(None) => None,
            Err(error) => Some((Err(Status::from(error)), None)),
        }
    });
    Ok(taken(told, limits::EXPORT_PATIENCE))
}

impl Export {
    /// The next answer; none when everything is told.
    async fn next(&mut self) -> Result<Option<ExportDirectoryResponse>> {
        let scope = method::transfer_service::EXPORT_DIRECTORY.scope;
        self.transfers.check_again(&mut self.asked, &self.call, scope, self.reader.organization()).await?;
        loop {
            let part = usize::try_from(self.place.part).unwrap_or(usize::MAX);
            let Some(part) = PARTS.get(part) else { return Ok(None) };
            let told = self.part(*part).await?;
            if told.is_empty() {
                self.place.next();
                continue;
            }
            if matches!(part, Part::Header | Part::Footer) {
                self.place.next();
            }
            self.count(&told);
            let resume_token = self.place.seal(&self.transfers.directory.store, self.reader.organization());
            let records = told.into_iter().map(|record| TransferRecord { record: Some(record) }).collect();
            return Ok(Some(ExportDirectoryResponse { records, resume_token }));
        }
    }

    async fn part(&mut self, part: Part) -> Result<Vec<Record>> {
        Ok(match part {
            Part::Header => vec![self.header().await?],
            Part::Schemas => self.schemas().await?,
            Part::Roles => self.roles().await?,
            Part::Connections => self.nouns(|one: &Connection| one.id != ENVIRONMENT, Record::Connection).await?,
            Part::ServiceAccounts => self.nouns(|_: &ServiceAccount| true, Record::ServiceAccount).await?,
            Part::Users => self.users().await?,
            Part::Groups => self.groups().await?,
            Part::Memberships => self.memberships().await?,
            Part::Grants => self.grants().await?,
            Part::Footer => vec![Record::Footer(self.place.counts.unwrap_or_default())],
        })
    }

    async fn header(&mut self) -> Result<Record> {
        let directory = &self.transfers.directory;
        let organization = directory.organization(self.reader.organization()).await?;
        Ok(Record::Header(TransferHeader {
            format: FORMAT,
            organization_id: organization.id,
            organization_key: organization.key,
            revision: directory.read_at(&self.reader),
            export_time: Some(timestamp(directory.clock.now())),
            server_version: env!("CARGO_PKG_VERSION").to_owned(),
            users: self.reader.user_count(),
            groups: self.reader.group_count(),
        }))
    }

    async fn schemas(&mut self) -> Result<Vec<Record>> {
        let registered = self.reader.schemas().await?;
        let mut left: Vec<_> = registered.told().iter().filter(|schema| schema.urn > self.place.after).cloned().collect();
        left.sort_by(|a, b| a.urn.cmp(&b.urn));
        Ok(self.fitting(left.into_iter().map(|schema| (schema.urn.clone(), Record::Schema(schema)))))
    }

    async fn roles(&mut self) -> Result<Vec<Record>> {
        let roles = record::roles(self.reader.book().await?.as_ref());
        let told = roles.iter().position(|role| role.id == self.place.after).map_or(0, |at| at + 1);
        Ok(self.fitting(roles.into_iter().skip(told).map(|role| (role.id.clone(), Record::Role(role)))))
    }

    async fn nouns<N: Noun + Travels>(&mut self, keep: impl Fn(&N) -> bool, of: impl Fn(N) -> Record) -> Result<Vec<Record>> {
        loop {
            let rows = self.reader.records(N::STORED, &self.place.after, limits::SNAPSHOT_RESOURCES).await?;
            let Some(last) = rows.last().map(|row| row.id.clone()) else { return Ok(Vec::new()) };
            let mut nouns = rows.iter().map(|row| records::read::<N>(&self.transfers.directory, row)).collect::<Result<Vec<_>>>()?;
            nouns.retain(&keep);
            nouns.iter_mut().for_each(Travels::bare);
            if nouns.is_empty() {
                self.place.after = last;
                continue;
            }
            return Ok(self.fitting(nouns.into_iter().map(|noun| (Noun::id(&noun).to_owned(), of(noun)))));
        }
    }

    async fn users(&mut self) -> Result<Vec<Record>> {
        let (rows, _) = self.reader.scan_users(&Narrow::default(), &self.place.after, limits::SNAPSHOT_RESOURCES).await?;
        let mut users: Vec<User> = rows.iter().map(|(_, body)| users::decode(self.reader.life(), body)).collect::<Result<_>>()?;
        users.iter_mut().for_each(Travels::bare);
        Ok(self.fitting(users.into_iter().map(|user| (user.id.clone(), Record::User(user)))))
    }

    async fn groups(&mut self) -> Result<Vec<Record>> {
        let (rows, _) = self.reader.scan_groups(&Narrow::default(), &self.place.after, limits::SNAPSHOT_RESOURCES).await?;
        let mut groups: Vec<Group> = rows.iter().map(crate::store::GroupRow::message).collect();
        groups.iter_mut().for_each(Travels::bare);
        Ok(self.fitting(groups.into_iter().map(|group| (group.id.clone(), Record::Group(group)))))
    }

    async fn memberships(&mut self) -> Result<Vec<Record>> {
        let edges = self.reader.edges_after(&self.place.after, &self.place.member, limits::SNAPSHOT_EDGES).await?;
        if let Some((group, member, _)) = edges.last() {
            (self.place.after, self.place.member) = (group.clone(), member.clone());
        }
        let membership =
            |(group_id, member, kind): (String, String, i64)| Membership { group_id, member: Some(append::principal(&member, kind)) };
        Ok(edges.into_iter().map(membership).map(Record::Membership).collect())
    }

    async fn grants(&mut self) -> Result<Vec<Record>> {
        let grants = self.reader.grants_after("", &self.place.after, limits::SNAPSHOT_EDGES).await?;
        Ok(self.fitting(grants.iter().map(|grant| (grant.id.clone(), Record::RoleAssignment(append::assignment(grant))))))
    }

    /// Those that fit into one message; at least one. The export is behind the last of them then.
    fn fitting(&mut self, records: impl Iterator<Item = (String, Record)>) -> Vec<Record> {
        let (mut bytes, mut told) = (0, Vec::new());
        for (key, record) in records {
            let record = TransferRecord { record: Some(record) };
            bytes += record.encoded_len();
            if bytes > limits::FEED_MESSAGE_BYTES && !told.is_empty() {
                break;
            }
            self.place.after = key;
            told.extend(record.record);
        }
        told
    }

    fn count(&mut self, told: &[Record]) {
        let counts = self.place.counts.get_or_insert_default();
        for record in told {
            let TransferFooter { schemas, roles, connections, service_accounts, users, groups, memberships, role_assignments } = counts;
            match record {
                Record::Header(_) | Record::Footer(_) => {}
                Record::Schema(_) => *schemas += 1,
                Record::Role(_) => *roles += 1,
                Record::Connection(_) => *connections += 1,
                Record::ServiceAccount(_) => *service_accounts += 1,
                Record::User(_) => *users += 1,
                Record::Group(_) => *groups += 1,
                Record::Membership(_) => *memberships += 1,
                Record::RoleAssignment(_) => *role_assignments += 1,
            }
        }
    }
}
