//! Erasing softly deleted users and groups whose time is over, and forgetting answers whose day is: on any node, without a leader,
//! through the lane like every other write.

use super::{
    core::{Directory, Edit},
    groups, repeats, users,
};
use crate::{
    limits,
    store::{Fault, Terms, Tombstone, Work},
};
use std::sync::Arc;

/// The purge schedule of a directory.
#[derive(Debug, Clone)]
pub struct Purge(pub(super) Arc<Directory>);

impl Purge {
    /// Forgets what named requests were answered a day ago or earlier. Erases everybody whose time is over by now, one commit each;
    /// answers how many. What another node erased meanwhile is not erased again.
    ///
    /// # Errors
    /// When the store cannot say who is due.
    pub async fn due(&self) -> Result<usize, Fault> {
        let (store, now) = (&self.0.store, self.0.clock.now());
        while store.forget_requests(repeats::kept_since(now), limits::REQUESTS_FORGOTTEN).await? == limits::REQUESTS_FORGOTTEN as u64 {}
        let mut erased = 0;
        loop {
            let due = store.due_tombstones(now, limits::PURGE_BATCH).await?;
            let (looked_at, before) = (due.len(), erased);
            for (organization, id) in due {
                let terms = Terms { at: now, ..Terms::default() };
                let edit = move |work: &mut Work| -> Edit<bool> {
                    let due = work.tombstone(&id)?.filter(|tombstone| tombstone.purge_at <= now);
                    match due.as_deref() {
                        Some(Tombstone { group: Some(group), .. }) => groups::erase(work, group),
                        Some(tombstone) => users::erase(work, &users::bare(&tombstone.user))?,
                        None => {}
                    }
                    Ok(due.is_some())
                };
                match store.write(&organization, terms, edit).await {
                    Ok(Ok(written)) => erased += usize::from(written.answer),
                    Ok(Err(refused)) => tracing::error!(organization, %refused, "a deleted user is not erased"),
                    Err(error) => tracing::warn!(organization, ?error, "a deleted user could not be erased now"),
                }
            }
            // What could not be erased now is looked at the next time.
            if looked_at < limits::PURGE_BATCH || erased == before {
                store.scrub().await?;
                return Ok(erased);
            }
        }
    }

    /// Does so every few minutes, for as long as it is let.
    pub async fn run(self) {
        loop {
            tokio::time::sleep(limits::PURGE_EVERY).await;
            match self.due().await {
                Ok(0) => {}
                Ok(erased) => tracing::info!(erased, "erased users whose time was over"),
                Err(fault) => tracing::warn!(%fault, "who is to be erased could not be looked up"),
            }
        }
    }
}
