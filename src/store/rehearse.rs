//! Edits that are tried one after the other and all taken back: each sees what those before it did, and none stands.

use super::{Miss, Terms, Work, lane::Stop};

impl Work {
    /// An edit that does so has the transaction to itself; beside others it is run again.
    ///
    /// # Errors
    /// [`Miss`] beside others.
    pub fn stand_alone(&mut self) -> Result<(), Miss> {
        self.wants_alone = !self.alone;
        if self.alone { Ok(()) } else { Err(Miss) }
    }

    /// Runs one of the edits. What it did stays for those after it, at a revision of its own, if it is not refused.
    ///
    /// # Errors
    /// As the edit.
    pub fn rehearse<T, E>(&mut self, terms: &Terms, edit: impl FnOnce(&mut Work) -> Result<T, Stop<E>>) -> Result<T, Stop<E>> {
        self.begin(terms);
        let done = edit(self);
        if done.is_ok() && self.changed() {
            self.keep(Vec::new());
        } else {
            self.undo();
        }
        done
    }

    /// Takes back what all of them did. The last that such an edit does.
    pub fn forget_all(&mut self) {
        self.reset();
        self.begin(&Terms::default());
    }
}
