//! What every story stands on: the engines, the world (a running server and its clients), and `both!`.

pub mod clients;
pub mod deeds;
pub mod postgres;
pub mod refusal;
pub mod scim;
pub mod shapes;
pub mod store;
pub mod tenant;
pub mod world;

pub use clients::Clients;
pub use refusal::Refused;
pub use scim::{Answer, Scim};
pub use world::World;

/// Which engine a story runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file in a folder of its own.
    Sqlite,
    /// A database of its own in the process's throw-away cluster.
    Postgres,
}

/// Writes each story once and runs it on either engine, as `sqlite::name` and `postgres::name`.
///
/// ```ignore
/// both! {
///     /// What it proves.
///     async fn one_member_is_added(world) { … }
/// }
/// ```
macro_rules! both {
    ($($(#[$about:meta])* async fn $name:ident($world:ident) $story:block)+) => {
        $($(#[$about])* async fn $name($world: $crate::harness::World) $story)+

        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                Box::pin(super::$name($crate::harness::World::start($crate::harness::Engine::Sqlite).await)).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                Box::pin(super::$name($crate::harness::World::start($crate::harness::Engine::Postgres).await)).await;
            })+
        }
    };
}
pub(crate) use both;

/// Shows what the server logs as a fault beside the story that met it.
pub fn show_faults() {
    // Whoever was first shows the same.
    let _ = tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_test_writer().try_init();
}
