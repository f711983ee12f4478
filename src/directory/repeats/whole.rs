//! The name of a request that has several commits, each known by what it brings.

use super::{super::core::Edit, Once, kept_since};
use crate::store::{RequestKey, RequestRow, Work};
use std::sync::Arc;

impl Once {
    /// The row that stands for the whole request.
    pub(super) fn whole(&self, work: &mut Work) -> Edit<Option<Arc<RequestRow>>> {
        if self.whole.is_none() {
            return Ok(None);
        }
        let since = kept_since(work.now());
        Ok(work.request(&self.whole_key())?.filter(|row| row.kept_at > since))
    }

    /// Where it is kept.
    pub(super) fn whole_key(&self) -> RequestKey {
        (self.key.0.clone(), self.key.1.clone(), 0)
    }
}
