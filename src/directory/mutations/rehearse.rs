//! Writes that would be done each by itself, and are only checked: each sees what those before it would have done.

use super::{
    super::{
        Error, Result,
        core::{Call, Directory, Edit},
        groups::Standing,
        rehearsal::Rehearsal,
        revision,
    },
    apply::{Failed, TRIES, blamed},
    batch::Batch,
    plan::Unit,
    progress::{Progress, Tried},
    together::{Came, Edits, Outcomes, together},
};
use crate::{
    api::v1::{WriteOptions, apply_mutations_response::Result as Done},
    store::{Stop, Work},
};

/// What each write would come to.
pub(super) async fn rehearse(
    directory: &Directory,
    call: &Call,
    batch: Batch,
    units: Vec<Unit>,
    max_errors: usize,
    options: WriteOptions,
) -> Result<(Vec<Done>, Option<Error>)> {
    let (organization, caller) = (batch.organization.clone(), call.clone());
    let edit = move |rehearsal: &Rehearsal, work: &mut Work| -> Edit<(Vec<Done>, Option<Error>)> {
        let (mut progress, mut missed) = (Progress::new(batch.clone(), max_errors), false);
        for (part, unit) in units.iter().enumerate() {
            if progress.is_over() {
                break;
            }
            if progress.is_refused(unit) {
                continue;
            }
            match attempt(rehearsal, work, &caller, &mut progress.batch, (part, unit)) {
                Ok(tried) => progress.take(unit, tried),
                // All are tried, so that all say what they need.
                Err(_) => missed = true,
            }
        }
        if missed { Err(Stop::Miss) } else { Ok(progress.end()) }
    };
    let ((mut results, telling), at) = directory.rehearse(call, &organization, options, edit).await?;
    for result in results.iter_mut().filter(|result| result.error.is_none() && !result.skipped) {
        // What was done when the request was sent before has its own.
        let before = result.committed_at.take().and_then(|at| i64::try_from(at.number).ok());
        result.committed_at = before.map_or_else(|| at.clone(), |number| directory.revision(&organization, number));
    }
    Ok((results, telling))
}

/// What would come of a unit.
///
/// # Errors
/// A miss alone.
fn attempt(
    rehearsal: &Rehearsal,
    work: &mut Work,
    call: &Call,
    batch: &mut Batch,
    (part, unit): (usize, &Unit),
) -> std::result::Result<Tried, Stop<Error>> {
    for _ in 0..TRIES {
        let edits: Edits = match batch.edits(call, unit, Standing::Among) {
            Ok(edits) => edits,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let mut edit = together(edits, batch.offered(&unit.writes));
        match rehearsal.part(work, part, |work| edit(work).map(Outcomes::from)) {
            Ok((outcomes, at)) => match Came::from(outcomes) {
                Came::Done(outcomes) => return Ok(Ok((outcomes, at.map(revision::plain)))),
                Came::Older(older) => older.into_iter().for_each(|(write, id)| batch.rename(write, &id)),
            },
            Err(Stop::Miss) => return Err(Stop::Miss),
            Err(Stop::Refused(error)) => return Ok(Err(unit.blame(blamed(error)))),
        }
    }
    Ok(Err(unit.blame(Failed::All(Error::unavailable()))))
}
