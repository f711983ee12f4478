//! Several edits as one: all of them or none.

use super::{
    super::{core::Edit, repeats::Answer, takeovers},
    edits::{Any, Outcome},
};
use crate::store::{Stop, Work};
use prost::Message;
use std::collections::BTreeMap;

/// The edits of some writes, each with its write's index.
pub(super) type Edits = Vec<(usize, Any)>;

/// What tells which write was refused.
pub(super) const MUTATION: &str = "mutation";

/// What several edits came to.
pub(super) enum Came {
    /// The last outcome of each write.
    Done(BTreeMap<usize, Outcome>),
    /// Nothing yet: creates that others name came to resources with these ids, where others were told another one.
    Older(BTreeMap<usize, String>),
}

/// The same as a message.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Outcomes {
    #[prost(btree_map = "uint64, message", tag = "1")]
    done: BTreeMap<u64, Outcome>,
    #[prost(btree_map = "uint64, string", tag = "2")]
    older: BTreeMap<u64, String>,
}

impl Answer for Outcomes {
    fn is_final(&self) -> bool {
        self.older.is_empty()
    }
}

impl From<Came> for Outcomes {
    fn from(came: Came) -> Self {
        match came {
            Came::Done(done) => Outcomes { done: done.into_iter().map(|(at, one)| (at as u64, one)).collect(), older: BTreeMap::new() },
            Came::Older(older) => Outcomes { done: BTreeMap::new(), older: older.into_iter().map(|(at, id)| (at as u64, id)).collect() },
        }
    }
}

impl From<Outcomes> for Came {
    fn from(Outcomes { done, older }: Outcomes) -> Self {
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        if older.is_empty() {
            Came::Done(done.into_iter().map(|(at, one)| (place(at), one)).collect())
        } else {
            Came::Older(older.into_iter().map(|(at, id)| (place(at), id)).collect())
        }
    }
}

/// What the edits came to, or the first refusal with its write's index. A create that waits for a person is an outcome only
/// where it stands alone; one that others name has to come to the id they were told.
pub(super) fn together(mut edits: Edits, offered: BTreeMap<usize, String>) -> impl FnMut(&mut Work) -> Edit<Came> + Send {
    let alone = edits.len() == 1;
    move |work| {
        let (mut outcomes, mut older, mut missed) = (BTreeMap::new(), BTreeMap::new(), false);
        for (index, edit) in &mut edits {
            let done = match edit(work) {
                Ok(outcome) if outcome.waits && !alone => Err(Stop::Refused(takeovers::waiting())),
                other => other,
            };
            match done {
                Ok(outcome) => {
                    if offered.get(index).is_some_and(|id| *id != outcome.id) {
                        older.insert(*index, outcome.id.clone());
                    }
                    outcomes.insert(*index, outcome);
                }
                // All run, so that all say what they need; a verdict counts only when nothing is missing, and every id is right.
                Err(Stop::Miss) => missed = true,
                Err(Stop::Refused(_)) if missed || !older.is_empty() => {}
                Err(Stop::Refused(error)) => return Err(Stop::Refused(error.with(MUTATION, index.to_string()))),
            }
        }
        if missed {
            return Err(Stop::Miss);
        }
        if older.is_empty() {
            return Ok(Came::Done(outcomes));
        }
        work.retract();
        Ok(Came::Older(older))
    }
}
