//! Writes that are checked one after the other, each with what those before it would have done, and none of which is done.

use super::{
    Error, Result,
    administrators::Guard,
    alarm::Alarm,
    core::{Call, Directory, Edit, check_options},
    repeats::{Answer, Before, Once},
};
use crate::{
    api::v1::{Revision, WriteOptions},
    store::{Terms, Work, WriteError, Written},
};

/// What every write of a rehearsal is held against.
pub(super) struct Rehearsal {
    call: Call,
    terms: Terms,
    guard: Guard,
    alarm: Option<Alarm>,
}

impl Rehearsal {
    /// One of the commits that the request would make, counted from 0: what it comes to, and the revision of it if it was made
    /// when the request was sent before. What is refused leaves nothing behind for those after it.
    pub(super) fn part<T: Answer>(
        &self,
        work: &mut Work,
        part: usize,
        mut edit: impl FnMut(&mut Work) -> Edit<T>,
    ) -> Edit<(T, Option<i64>)> {
        work.rehearse(&self.terms, |work| {
            if let Some(once) = Once::of(&self.call, part)
                && let Some(Before { answer, revision, .. }) = once.find(work)?
            {
                return Ok((answer, Some(revision)));
            }
            let answer = self.guard.run(work, &mut edit)?;
            self.alarm.as_ref().map_or(Ok(()), |alarm| alarm.count(work))?;
            Ok((answer, None))
        })
    }
}

impl Directory {
    /// Rehearses the writes of a request, alone in the organization's lane; answers also the revision that this was done at. `edit`
    /// tries each of them, and is run again for what it misses.
    pub(super) async fn rehearse<T, F>(
        &self,
        call: &Call,
        organization: &str,
        options: WriteOptions,
        mut edit: F,
    ) -> Result<(T, Option<Revision>)>
    where
        T: Send + 'static,
        F: FnMut(&Rehearsal, &mut Work) -> Edit<T> + Send + 'static,
    {
        check_options(&options)?;
        let terms = self.terms(call, options);
        let rehearsal = Rehearsal { call: call.clone(), terms: terms.clone(), guard: Guard::of(&call.caller), alarm: Alarm::of(call) };
        let alone = move |work: &mut Work| -> Edit<T> {
            work.stand_alone()?;
            let answer = edit(&rehearsal, work);
            work.forget_all();
            answer
        };
        match self.store.write(organization, terms, alone).await {
            Ok(verdict) => verdict.map(|Written { answer, revision, .. }| (answer, self.revision(organization, revision))),
            Err(WriteError::NoOrganization) => Err(Error::organization_denied()),
            Err(WriteError::Unavailable) => Err(Error::unavailable()),
            Err(WriteError::Failed) => Err(Error::internal()),
        }
    }
}
