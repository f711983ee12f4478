//! What every story stands on: the engines, the world (a running server and its clients), `both!` and `faces!`.

pub mod clients;
pub mod deeds;
pub mod postgres;
pub mod proxy;
pub mod refusal;
pub mod roles;
pub mod schema;
pub mod scim;
pub mod sequences;
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

/// Runs each of these stories on either engine, as `sqlite::name` and as `postgres::name`, each in a world of its own.
///
/// A story is an ordinary `async fn name(world: World)`; one that is not listed is dead code, and the compiler says so.
macro_rules! both {
    ($($name:ident)+) => {
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

/// [`both!`], for stories of the SCIM face: also as `alone::name`, where a façade of its own stands before a directory that
/// is elsewhere, and all of SCIM goes through that. What looks into the store's counters is for [`both!`].
macro_rules! faces {
    ($($name:ident)+) => {
        $crate::harness::both! { $($name)+ }

        mod alone {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                Box::pin(super::$name($crate::harness::World::alone().await)).await;
            })+
        }
    };
}
pub(crate) use faces;

/// Shows what the server logs as a fault beside the story that met it.
pub fn show_faults() {
    // Whoever was first shows the same.
    let _ = tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_test_writer().try_init();
}
