//! Random sequences held against a model: one server for all of them, an organization for each.

use super::{Engine, Refused, World};
use proptest::{
    collection::vec,
    strategy::Strategy,
    test_runner::{Config, TestCaseError, TestRunner},
};
use std::{cell::Cell, fmt::Debug, ops::Range};
use tokio::runtime::Handle;
use tonic::Status;

/// Has so many sequences of steps run, each under an organization's key of its own; the shortest that goes wrong is told.
/// It needs a runtime of several threads.
pub async fn hold<S>(engine: Engine, cases: u32, step: S, length: Range<usize>, run: impl AsyncFn(&World, &str, Vec<S::Value>) -> Agreed)
where
    S: Strategy,
    S::Value: Clone + Debug,
{
    let world = World::start(engine).await;
    tokio::task::block_in_place(|| {
        let mut runner = TestRunner::new(Config { cases, failure_persistence: None, max_shrink_iters: 300, ..Config::default() });
        let sequences = Cell::new(0);
        let one = |steps| {
            sequences.set(sequences.get() + 1);
            Handle::current().block_on(run(&world, &format!("m{}", sequences.get()), steps))
        };
        runner.run(&vec(step, length), one).unwrap();
    });
}

/// Whether the directory and the model agreed after each step.
pub type Agreed = Result<(), TestCaseError>;

/// Whether a call was accepted; a refusal is never the server's fault.
pub fn accepted<T>(answer: &Result<T, Status>) -> bool {
    if let Err(status) = answer {
        let refused = Refused::read(status);
        assert!(!["INTERNAL", "STORE_UNAVAILABLE"].contains(&refused.reason.as_str()), "{refused:?}");
    }
    answer.is_ok()
}
