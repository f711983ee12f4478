//! Several edits as one: all of them or none.

use super::{
    super::{Error, core::Edit, takeovers},
    edits::{Any, Outcome},
};
use crate::store::{Stop, Work};
use std::collections::BTreeMap;

/// The edits of some writes, each with its write's index.
pub(super) type Edits = Vec<(usize, Any)>;

/// What tells which write was refused.
pub(super) const MUTATION: &str = "mutation";

/// The last outcome of each write, or the first refusal with its write's index. A create that waits for a person is an outcome
/// only where it stands alone; one that others name has to come to the id they were told.
pub(super) fn together(
    mut edits: Edits,
    offered: BTreeMap<usize, String>,
) -> impl FnMut(&mut Work) -> Edit<BTreeMap<usize, Outcome>> + Send {
    let alone = edits.len() == 1;
    move |work| {
        let (mut outcomes, mut missed) = (BTreeMap::new(), false);
        for (index, edit) in &mut edits {
            let done = match edit(work) {
                Ok(outcome) if outcome.waits && !alone => Err(Stop::Refused(takeovers::waiting())),
                Ok(outcome) if offered.get(index).is_some_and(|id| *id != outcome.id) => Err(Stop::Refused(named_before())),
                other => other,
            };
            match done {
                Ok(outcome) => drop(outcomes.insert(*index, outcome)),
                // All run, so that all say what they need; a verdict counts only when nothing is missing.
                Err(Stop::Miss) => missed = true,
                Err(Stop::Refused(_)) if missed => {}
                Err(Stop::Refused(error)) => return Err(Stop::Refused(error.with(MUTATION, index.to_string()))),
            }
        }
        if missed { Err(Stop::Miss) } else { Ok(outcomes) }
    }
}

/// A create that others name came to a user who has an id already.
fn named_before() -> Error {
    let detail = "A user that was there, or was deleted, has an id of its own, which other writes of the same commit cannot name; create it by itself.";
    Error::value("mutations", detail).with("unresolved", "restored")
}
