//! Notes beside the lane: what is no change of the directory is gathered in memory, and written every few seconds, one organization
//! at a time. What could not be written is kept, and tried again.

use crate::{limits, store::Fault};
use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
    future::Future,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What is noted, and how it is written.
pub(super) trait Noted: Send + Sync + 'static {
    /// Whose a note is: the organization first, in the order of rows in the store, so that two writers never wait for each other
    /// in a circle.
    type Key: Ord + Send + Sync;
    /// What is known and not written yet.
    type Note: Send + Sync;
    /// What a line of the log calls them.
    const NAME: &'static str;

    /// The organization of a key.
    fn organization(key: &Self::Key) -> &str;

    /// Brings what could not be written together with what was noted meanwhile.
    fn join(newer: &mut Self::Note, older: Self::Note);

    /// Writes notes of one organization, whose lane may wait for this.
    ///
    /// # Errors
    /// When the store cannot answer; then nothing was written.
    fn write(&self, organization: &str, notes: &[(Self::Key, Self::Note)]) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// What was noted and is not written yet.
pub(super) struct Notes<N: Noted>(Arc<Inner<N>>);

struct Inner<N: Noted> {
    noted: N,
    waiting: Mutex<Waiting<N>>,
    /// One writes at a time, so that whoever waits for it finds everything written.
    writing: tokio::sync::Mutex<()>,
}

struct Waiting<N: Noted> {
    /// Bounded by the connections that call between two writes.
    notes: BTreeMap<N::Key, N::Note>,
    /// Whether somebody is about to write.
    awaited: bool,
}

impl<N: Noted> Clone for Notes<N> {
    fn clone(&self) -> Self {
        Notes(Arc::clone(&self.0))
    }
}

impl<N: Noted> fmt::Debug for Notes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(N::NAME).finish_non_exhaustive()
    }
}

impl<N: Noted> Notes<N> {
    pub(super) fn new(noted: N) -> Self {
        let waiting = Mutex::new(Waiting { notes: BTreeMap::new(), awaited: false });
        Notes(Arc::new(Inner { noted, waiting, writing: tokio::sync::Mutex::default() }))
    }

    /// Changes what waits, and sees to it that it is written.
    pub(super) fn note(&self, change: impl FnOnce(&mut BTreeMap<N::Key, N::Note>)) {
        let mut waiting = self.waiting();
        change(&mut waiting.notes);
        if !mem::replace(&mut waiting.awaited, true) {
            let inner = Arc::downgrade(&self.0);
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(limits::DEVIATION_FLUSH).await;
                    // A directory that is gone has written what it had, or was cut off from its store.
                    let Some(notes) = inner.upgrade().map(Notes) else { return };
                    if let Err(fault) = notes.flush().await {
                        tracing::warn!(%fault, what = N::NAME, "notes could not be written; they are kept and tried again");
                    }
                    let mut waiting = notes.waiting();
                    if waiting.notes.is_empty() {
                        waiting.awaited = false;
                        return;
                    }
                }
            });
        }
    }

    /// Writes what waits.
    ///
    /// # Errors
    /// When the store cannot answer; what waited still waits then.
    pub(super) async fn flush(&self) -> Result<(), Fault> {
        let _turn = self.0.writing.lock().await;
        let mut taken = mem::take(&mut self.waiting().notes);
        while let Some(first) = taken.pop_first() {
            let organization = N::organization(&first.0).to_owned();
            let mut of_one = vec![first];
            while let Some(next) = taken.first_entry().filter(|next| N::organization(next.key()) == organization) {
                of_one.push(next.remove_entry());
            }
            if let Err(fault) = self.0.noted.write(&organization, &of_one).await {
                let mut waiting = self.waiting();
                for (key, older) in of_one.into_iter().chain(taken) {
                    match waiting.notes.entry(key) {
                        Entry::Vacant(place) => drop(place.insert(older)),
                        Entry::Occupied(mut newer) => N::join(newer.get_mut(), older),
                    }
                }
                return Err(fault);
            }
        }
        Ok(())
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<N>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
