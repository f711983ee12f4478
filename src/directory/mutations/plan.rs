//! In which order the writes of a request are done, so that what a write names is there.

use petgraph::{
    algo::kosaraju_scc,
    graph::{DiGraph, NodeIndex},
};
use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
};

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The write, as it is.
    Run(usize),
    /// The write that creates a group, without the members that are not there yet.
    Begin(usize),
    /// The members it was created without.
    Finish(usize),
}

/// How a write names what others make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// It must be there first.
    First,
    /// The members of a new group: they can join it later.
    Members,
    /// The manager of a new user, and other values: nobody looks whether they are there.
    Freely,
}

/// What is done together or not at all: one write, or all that name each other in a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    /// Its writes, in the request's order.
    pub(super) writes: Vec<usize>,
    /// How to do it; `None` for a circle that can be entered nowhere.
    pub(super) steps: Option<Vec<Step>>,
}

/// The units in their order: the request's own, in which a circle stands where the last of its writes does, except that a
/// unit waits for those it names.
///
/// `needs`: for each write, the writes it names. `naming`: how it does. `stands`: whether what the write is about is there
/// before the request: it can be named at once.
pub(super) fn plan(needs: &[BTreeSet<usize>], naming: &[Naming], stands: &[bool]) -> Vec<Unit> {
    let edges = needs.iter().enumerate().flat_map(|(write, needs)| needs.iter().map(move |need| (node(write), node(*need))));
    let mut graph: DiGraph<(), (), usize> = DiGraph::default();
    for _ in needs {
        graph.add_node(());
    }
    for (from, to) in edges {
        graph.add_edge(from, to, ());
    }
    let mut circles: Vec<Vec<usize>> =
        kosaraju_scc(&graph).into_iter().map(|circle| circle.into_iter().map(NodeIndex::index).collect()).collect();
    for circle in &mut circles {
        circle.sort_unstable();
    }
    circles.sort_unstable_by_key(|circle| circle.last().copied());
    let mut unit_of = vec![0; needs.len()];
    for (unit, write) in circles.iter().enumerate().flat_map(|(unit, circle)| circle.iter().map(move |write| (unit, *write))) {
        unit_of.get_mut(write).into_iter().for_each(|slot| *slot = unit);
    }
    let units_named = |circle: &Vec<usize>| -> BTreeSet<usize> {
        circle.iter().filter_map(|write| needs.get(*write)).flatten().filter_map(|need| unit_of.get(*need).copied()).collect()
    };
    let mut waiting: Vec<usize> = vec![0; circles.len()];
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); circles.len()];
    for (unit, circle) in circles.iter().enumerate() {
        for named in units_named(circle).into_iter().filter(|named| *named != unit) {
            waiting.get_mut(unit).into_iter().for_each(|count| *count += 1);
            followers.get_mut(named).into_iter().for_each(|list| list.push(unit));
        }
    }
    // The first of those that wait for nothing, again and again.
    let mut ready: BinaryHeap<Reverse<usize>> =
        waiting.iter().enumerate().filter(|(_, count)| **count == 0).map(|(unit, _)| Reverse(unit)).collect();
    let mut units = Vec::with_capacity(circles.len());
    while let Some(Reverse(unit)) = ready.pop() {
        for follower in followers.get(unit).into_iter().flatten() {
            if let Some(count) = waiting.get_mut(*follower) {
                *count -= 1;
                if *count == 0 {
                    ready.push(Reverse(*follower));
                }
            }
        }
        let writes = circles.get_mut(unit).map(std::mem::take).unwrap_or_default();
        units.push(Unit { steps: within(&writes, needs, naming, stands), writes });
    }
    units
}

fn node(write: usize) -> NodeIndex<usize> {
    NodeIndex::new(write)
}

/// The steps of a unit: what it names outside is done. A circle is entered where what is named stands already, else at the
/// first group that can be made without its members.
fn within(writes: &[usize], needs: &[BTreeSet<usize>], naming: &[Naming], stands: &[bool]) -> Option<Vec<Step>> {
    let inside: BTreeSet<usize> = writes.iter().copied().collect();
    let naming = |write: usize| naming.get(write).copied().unwrap_or(Naming::First);
    let mut pending = writes.to_vec();
    let (mut steps, mut begun, mut done) = (Vec::new(), Vec::new(), BTreeSet::new());
    while !pending.is_empty() {
        let before = pending.len();
        pending.retain(|&write| {
            let is_there = |need: &usize| !inside.contains(need) || done.contains(need) || stands.get(*need) == Some(&true);
            let ready = naming(write) == Naming::Freely || needs.get(write).is_none_or(|needs| needs.iter().all(is_there));
            if ready {
                steps.push(Step::Run(write));
                done.insert(write);
            }
            !ready
        });
        if pending.len() < before {
            continue;
        }
        let write = pending.remove(pending.iter().position(|write| naming(*write) == Naming::Members)?);
        steps.push(Step::Begin(write));
        begun.push(write);
        done.insert(write);
    }
    steps.extend(begun.into_iter().map(Step::Finish));
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::{Naming::*, Step::*, *};

    fn needs(of: &[&[usize]]) -> Vec<BTreeSet<usize>> {
        of.iter().map(|n| n.iter().copied().collect()).collect()
    }

    /// The units' steps.
    fn planned(of: &[&[usize]], naming: &[Naming]) -> Vec<Option<Vec<Step>>> {
        plan(&needs(of), naming, &[]).into_iter().map(|unit| unit.steps).collect()
    }

    #[test]
    fn writes_keep_their_order_where_nothing_is_named() {
        assert_eq!(planned(&[&[], &[], &[]], &[First; 3]), [Some(vec![Run(0)]), Some(vec![Run(1)]), Some(vec![Run(2)])]);
    }

    #[test]
    fn a_write_waits_for_what_it_names_and_no_longer() {
        let expected = [Some(vec![Run(1)]), Some(vec![Run(0)]), Some(vec![Run(2)])];
        assert_eq!(planned(&[&[1], &[], &[]], &[Members; 3]), expected);
    }

    #[test]
    fn a_circle_stands_where_its_last_write_does_and_who_names_it_waits_for_all_of_it() {
        let units = plan(&needs(&[&[2], &[0], &[0], &[], &[0]]), &[Members, First, Members, First, First], &[]);
        let circle = Unit { writes: vec![0, 2], steps: Some(vec![Begin(0), Run(2), Finish(0)]) };
        let order: Vec<_> = units.iter().map(|unit| unit.writes.clone()).collect();
        assert_eq!((order, &units[0]), (vec![vec![0, 2], vec![1], vec![3], vec![4]], &circle));
    }

    #[test]
    fn users_name_each_other_freely_and_groups_in_two_steps() {
        assert_eq!(planned(&[&[1], &[0]], &[Freely, First]), [Some(vec![Run(0), Run(1)])]);
        assert_eq!(planned(&[&[0]], &[Freely]), [Some(vec![Run(0)])]);
        assert_eq!(planned(&[&[0]], &[Members]), [Some(vec![Begin(0), Finish(0)])]);
        let three = planned(&[&[1, 2], &[0, 2], &[0, 1]], &[Members; 3]);
        assert_eq!(three, [Some(vec![Begin(0), Begin(1), Run(2), Finish(0), Finish(1)])]);
    }

    #[test]
    fn a_circle_that_can_be_entered_nowhere_is_never_done() {
        let units = plan(&needs(&[&[1], &[0], &[], &[0]]), &[First; 4], &[]);
        let never = Unit { writes: vec![0, 1], steps: None };
        assert_eq!((units.len(), &units[0], &units[1].writes), (3, &never, &vec![2]));
    }

    #[test]
    fn what_stands_already_can_be_named_at_once() {
        let units = plan(&needs(&[&[1], &[0], &[1, 3], &[2]]), &[First, First, First, Members], &[true, true, false, false]);
        let steps: Vec<_> = units.into_iter().map(|unit| unit.steps).collect();
        assert_eq!(steps, [Some(vec![Run(0), Run(1)]), Some(vec![Begin(3), Run(2), Finish(3)])]);
    }

    #[test]
    fn a_chain_as_long_as_a_request_may_be_is_planned() {
        let chain: Vec<BTreeSet<usize>> = (0..1_000).map(|write| BTreeSet::from([(write + 1) % 1_000])).collect();
        let units = plan(&chain, &[Members; 1_000], &[]);
        assert_eq!((units.len(), units[0].steps.as_ref().map(Vec::len)), (1, Some(1_001)));
    }
}
