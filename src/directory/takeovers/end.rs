//! What was recorded ends with the user and with the connection it is about.

use super::{
    super::{Directory, Error, Result, core::Edit, record},
    entry,
};
use crate::{
    api::v1::{Takeover, takeover::State},
    limits,
    store::{RecordKind, Work},
};
use prost::Message as _;

/// A user goes. Of one who may come back (`stays`) what an administrator refused is remembered: it holds then, too.
pub(in crate::directory) fn of_user(work: &mut Work, user: &str, stays: bool) -> Edit<()> {
    let ids = work.takeovers_of(user)?;
    forget(work, &ids, |entry| !stays || entry.state() != State::Rejected)
}

/// The ids of all that was recorded of a connection, in pieces of what one commit forgets.
///
/// # Errors
/// When the store cannot answer.
pub(in crate::directory) async fn of_connection(directory: &Directory, organization: &str, connection: &str) -> Result<Vec<Vec<String>>> {
    let mut reader = directory.read(organization, None).await?;
    let (mut ids, mut after) = (Vec::new(), String::new());
    loop {
        let records = reader.records(RecordKind::Takeover, &after, limits::PAGE_MAX).await?;
        let Some(last) = records.last() else { break };
        after.clone_from(&last.id);
        for record in &records {
            let entry: Takeover = record::read(directory, record)?;
            if entry.connection_id == connection {
                ids.push(entry.id);
            }
        }
    }
    Ok(ids.chunks(limits::TAKEOVERS_FORGOTTEN).map(<[String]>::to_vec).collect())
}

/// Forgets these, as far as they are still there.
pub(in crate::directory) fn all(work: &mut Work, ids: &[String]) -> Edit<()> {
    forget(work, ids, |_| true)
}

fn forget(work: &mut Work, ids: &[String], ends: impl Fn(&Takeover) -> bool) -> Edit<()> {
    // All are asked for before the first miss stops the edit.
    let records: Vec<_> = ids.iter().map(|id| work.record(RecordKind::Takeover, id)).collect();
    for record in records.into_iter().collect::<std::result::Result<Vec<_>, _>>()?.into_iter().flatten() {
        let recorded = Takeover::decode(record.body.as_slice()).map_err(|_| Error::internal())?;
        if ends(&recorded) {
            entry::forget(work, &recorded);
        }
    }
    Ok(())
}
