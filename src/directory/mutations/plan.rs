//! In which order the writes of a request are done, so that what a write names is there.

use std::collections::BTreeSet;

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The write, as it is.
    Run(usize),
    /// The write that creates a group or a user, without the members or the manager that are not there yet.
    Begin(usize),
    /// What it was created without.
    Finish(usize),
}

/// As the request has it, except that a write waits for the writes it names; and the writes that can never be done.
///
/// `needs`: for each write, the creating writes it names. `may_split`: whether it can be done without
/// them at first: then groups may hold each other.
pub(super) fn plan(needs: &[BTreeSet<usize>], may_split: &[bool]) -> (Vec<Step>, Vec<usize>) {
    let mut pending: Vec<usize> = (0..needs.len()).collect();
    let (mut steps, mut split, mut done) = (Vec::new(), Vec::new(), BTreeSet::new());
    while !pending.is_empty() {
        let before = pending.len();
        pending.retain(|&write| {
            let ready = needs.get(write).is_none_or(|n| n.is_subset(&done));
            if ready {
                steps.push(Step::Run(write));
                done.insert(write);
            }
            !ready
        });
        if pending.len() < before {
            continue;
        }
        // A circle: it is broken at the first that can be done in two steps.
        let Some(at) = pending.iter().position(|&write| may_split.get(write).copied().unwrap_or(false)) else { return (steps, pending) };
        let write = pending.remove(at);
        steps.push(Step::Begin(write));
        split.push(write);
        done.insert(write);
    }
    steps.extend(split.into_iter().map(Step::Finish));
    (steps, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(of: &[&[usize]]) -> Vec<BTreeSet<usize>> {
        of.iter().map(|n| n.iter().copied().collect()).collect()
    }

    #[test]
    fn writes_keep_their_order_where_nothing_is_named() {
        assert_eq!(plan(&needs(&[&[], &[], &[]]), &[false; 3]).0, [Step::Run(0), Step::Run(1), Step::Run(2)]);
    }

    #[test]
    fn a_write_waits_for_what_it_names() {
        assert_eq!(plan(&needs(&[&[2], &[], &[]]), &[true; 3]).0, [Step::Run(1), Step::Run(2), Step::Run(0)]);
    }

    #[test]
    fn groups_that_hold_each_other_are_made_first_and_joined_last() {
        let (steps, never) = plan(&needs(&[&[1], &[0], &[0]]), &[true; 3]);
        assert_eq!(steps, [Step::Begin(0), Step::Run(1), Step::Run(2), Step::Finish(0)]);
        assert_eq!(never, Vec::<usize>::new());
    }

    #[test]
    fn a_circle_without_a_group_to_break_it_at_is_never_done() {
        let (steps, never) = plan(&needs(&[&[1], &[0], &[]]), &[false; 3]);
        assert_eq!((steps, never), (vec![Step::Run(2)], vec![0, 1]));
    }
}
