//! What was committed lately, kept for all who watch an organization: bounded in bytes and in number.

use crate::{
    limits,
    store::{Piece, Place},
};
use std::{collections::VecDeque, sync::Arc};

/// The last pieces, each beginning where the one before it ends.
#[derive(Debug, Default)]
pub(super) struct Ring {
    pieces: VecDeque<Arc<Piece>>,
    bytes: usize,
}

impl Ring {
    /// Adds what follows; the oldest make room.
    pub(super) fn push(&mut self, piece: Arc<Piece>) {
        self.bytes += piece.bytes;
        self.pieces.push_back(piece);
        while self.bytes > limits::RING_BYTES || self.pieces.len() > limits::RING_PIECES {
            let Some(oldest) = self.pieces.pop_front() else { return };
            self.bytes -= oldest.bytes;
        }
    }

    /// The piece that begins here, if it is kept.
    pub(super) fn at(&self, place: Place) -> Option<Arc<Piece>> {
        let found = self.pieces.binary_search_by(|piece| piece.from.cmp(&place)).ok()?;
        self.pieces.get(found).cloned()
    }

    /// Forgets what was told of a user that is purged now, as the table has.
    pub(super) fn forget(&mut self, user: &str, kind: i32) {
        for piece in &mut self.pieces {
            if piece.events.iter().any(|event| event.kind == kind && event.resource_id == user) {
                let piece = Arc::make_mut(piece);
                piece
                    .events
                    .iter_mut()
                    .filter(|event| event.kind == kind && event.resource_id == user)
                    .for_each(|event| event.detail = None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::v1::{Actor, ChangeEvent, ResourceKind, UserChange, change_event::Detail};

    fn piece(revision: i64, bytes: usize) -> Arc<Piece> {
        let detail = Some(Detail::User(UserChange::default()));
        let event = ChangeEvent { kind: ResourceKind::User.into(), resource_id: format!("u{revision}"), detail, ..ChangeEvent::default() };
        let (from, to) = (Place::behind(revision - 1), Place::behind(revision));
        Arc::new(Piece { from, to, revision, committed_at: 0, actor: Actor::default(), events: vec![event], bytes })
    }

    #[test]
    fn what_follows_is_found_and_the_oldest_make_room() {
        let mut ring = Ring::default();
        (1..=3).for_each(|revision| ring.push(piece(revision, limits::RING_BYTES / 2)));
        assert!(ring.at(Place::behind(0)).is_none());
        assert_eq!(ring.at(Place::behind(1)).unwrap().revision, 2);
        assert_eq!(ring.at(Place::behind(2)).unwrap().revision, 3);
        assert!(ring.at(Place::behind(3)).is_none());
        assert!(ring.at(Place { revision: 2, index: 1 }).is_none());
    }

    #[test]
    fn a_purged_user_is_forgotten() {
        let mut ring = Ring::default();
        let seen = piece(1, 1);
        ring.push(seen.clone());
        ring.push(piece(2, 1));
        ring.forget("u1", ResourceKind::User.into());
        assert_eq!(ring.at(Place::behind(0)).unwrap().events[0].detail, None);
        assert!(ring.at(Place::behind(1)).unwrap().events[0].detail.is_some());
        assert!(seen.events[0].detail.is_some());
    }
}
