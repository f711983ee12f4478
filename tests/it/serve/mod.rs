//! The server as a program and as sockets: starting, being seen, being abused, stopping.
//!
//! The engine does not matter here but for `cuts`, so these stories run on SQLite alone; every other story starts a server on both.

mod cuts;
mod faces;
mod metrics;
mod program;
mod published;
mod reflection;
mod slow;
mod stopping;
mod tls;
mod web;

use roster::{
    config::{Config, Engine, Network},
    server::{BOOTSTRAP_FILE, Server},
};
use serde_json::Value;
use std::{fs, path::Path};
use tempfile::TempDir;

/// A server on loopback with its data in a folder of its own, and what the first start left there.
struct Served {
    server: Server,
    bootstrap: Value,
    _folder: TempDir,
}

impl Served {
    async fn start() -> Served {
        Served::with(|_| {}).await
    }

    /// With other settings than the defaults.
    async fn with(change: impl FnOnce(&mut Config)) -> Served {
        crate::harness::show_faults();
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        change(&mut config);
        let server = Server::start(config).await.unwrap();
        let bootstrap = serde_json::from_slice(&fs::read(folder.path().join(BOOTSTRAP_FILE)).unwrap()).unwrap();
        Served { server, bootstrap, _folder: folder }
    }

    fn text(&self, key: &str) -> &str {
        self.bootstrap[key].as_str().unwrap()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.base_url())
    }
}

fn config(folder: &Path) -> Config {
    Config {
        data_dir: folder.to_owned(),
        engine: Engine::Sqlite(folder.join("roster.sqlite")),
        grpc: "127.0.0.1:0".parse().unwrap(),
        grpc_web: None,
        network: network(),
        token_max_days: roster::limits::TOKEN_DAYS,
        environment: None,
        bench: None,
        mute: Vec::new(),
        feed: roster::config::Feed::default(),
    }
}

/// A free port, no TLS, the usual bounds.
fn network() -> Network {
    crate::harness::world::network(None)
}
