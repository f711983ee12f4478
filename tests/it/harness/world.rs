//! A running server in a world of its own: fresh store, loopback ports, the credentials of the first start.

use super::{Clients, Engine, Scim, deeds::Desk, store::Place};
use roster::{
    api::v1::{ListConnectionsRequest, User},
    config::{self, Config, FacadeConfig, Network},
    limits,
    server::{Alone, BOOTSTRAP_FILE, Server, StartError},
    store::{Counted, Database, Stop, Store, Terms},
};
use serde_json::Value;
use sqlx::Connection as _;
use std::{fs, ops::Deref, path::Path};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tonic::transport::{Channel, Endpoint};

/// One server and its clients. When it is dropped the server ends and its data goes.
pub struct World {
    pub engine: Engine,
    /// The id of the first connection.
    pub connection: String,
    /// The administrator's token.
    pub admin_token: String,
    /// The administrator, in the organization `default`.
    desk: Desk,
    channel: Channel,
    scim: Scim,
    /// Where SCIM goes through one of its own.
    _facade: Option<Alone>,
    server: Server,
    /// Dropped last: the server lets go of it first.
    place: Place,
}

impl Deref for World {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl World {
    /// Starts a server as `roster serve` does, on a fresh store.
    pub async fn start(engine: Engine) -> World {
        World::at(engine, None, |_| {}).await
    }

    /// The same with other settings.
    pub async fn with(engine: Engine, change: impl FnOnce(&mut Config)) -> World {
        World::at(engine, None, change).await
    }

    /// The same, on SQLite, with a façade of its own before it as `roster scim` makes one: all of SCIM goes through that.
    pub async fn alone() -> World {
        World::alone_with(|_| {}).await
    }

    /// The same, both of them with other settings of the network.
    pub async fn alone_with(change: impl Fn(&mut Network)) -> World {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let world = World::at(Engine::Sqlite, Some(url.clone()), |config| change(&mut config.network)).await;
        let directory = world.server.grpc_endpoint().to_owned();
        let mut network = network(Some(url));
        change(&mut network);
        let config = FacadeConfig { directory, ca: None, network };
        World { _facade: Some(Alone::start_on(&config, socket).unwrap()), ..world }
    }

    /// The same over a place that is there, on PostgreSQL.
    pub async fn over(place: Place, change: impl FnOnce(&mut Config)) -> World {
        World::on(place, Engine::Postgres, None, change).await
    }

    async fn at(engine: Engine, public_url: Option<String>, change: impl FnOnce(&mut Config)) -> World {
        World::on(Place::fresh(engine).await, engine, public_url, change).await
    }

    async fn on(place: Place, engine: Engine, public_url: Option<String>, change: impl FnOnce(&mut Config)) -> World {
        super::show_faults();
        let mut config = config(&place, place.folder.path());
        config.network = network(public_url);
        change(&mut config);
        let server = Server::start(config).await.unwrap();

        let bootstrap: Value = serde_json::from_slice(&fs::read(place.folder.path().join(BOOTSTRAP_FILE)).unwrap()).unwrap();
        let text = |key: &str| bootstrap[key].as_str().unwrap().to_owned();
        let channel = Endpoint::from_shared(text("grpc_endpoint")).unwrap().connect().await.unwrap();
        let admin = Clients::new(&channel, &text("admin_token"));
        let organization = text("organization_id");
        let request = ListConnectionsRequest { organization_id: organization.clone(), ..ListConnectionsRequest::default() };
        let connection = admin.provisioning.clone().list_connections(request).await.unwrap().into_inner().connections.remove(0).id;
        let scim = Scim::new(&text("scim_base_url"), &text("scim_token"));
        let admin_token = text("admin_token");
        World { engine, connection, admin_token, desk: Desk::new(&organization, admin), channel, scim, _facade: None, server, place }
    }

    /// A second node; on PostgreSQL alone, since a file is one server's.
    pub async fn node(&self, change: impl FnOnce(&mut Config)) -> Node {
        self.try_node(change).await.unwrap()
    }

    /// The same, or why it does not start.
    pub async fn try_node(&self, change: impl FnOnce(&mut Config)) -> Result<Node, StartError> {
        assert_eq!(self.engine, Engine::Postgres);
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(&self.place, folder.path());
        change(&mut config);
        let server = Server::start(config).await?;
        let channel = Endpoint::from_shared(server.grpc_endpoint().to_owned()).unwrap().connect().await.unwrap();
        Ok(Node { server, channel, _folder: folder })
    }

    /// The server itself.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// What the data directory and, on SQLite, the store hold, byte by byte.
    pub fn bytes(&self) -> Vec<u8> {
        fs::read_dir(self.place.folder.path()).unwrap().flat_map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
    }

    /// The administrator's clients over a connection of their own.
    pub async fn fresh_channel(&self, token: &str) -> Clients {
        let channel = Endpoint::from_shared(self.server.grpc_endpoint().to_owned()).unwrap().connect().await.unwrap();
        Clients::new(&channel, token)
    }

    /// Stops the server as SIGTERM does.
    pub async fn stop(self) {
        let World { server, place, channel, desk, .. } = self;
        drop((channel, desk));
        server.stop().await;
        drop(place);
    }

    /// Clients with another token; with none if it is empty.
    pub fn grpc_as(&self, token: &str) -> Clients {
        Clients::new(&self.channel, token)
    }

    /// A way to the gRPC face, without a credential.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// The first connection's client.
    pub fn scim(&self) -> &Scim {
        &self.scim
    }

    /// The server's own store, for what no client could do in a test's time.
    pub fn store(&self) -> &Store {
        self.server.store()
    }

    /// Lets days pass for the server, and the purge do what is due then; how many it erased.
    pub async fn after_days(&self, days: u64) -> usize {
        self.server.clock().advance(std::time::Duration::from_secs(days * 86_400));
        self.server.purge().due().await.unwrap()
    }

    /// Users straight into the store, without a request for each; their ids in order.
    pub async fn populate(&self, count: usize) -> Vec<String> {
        const EACH: usize = 2_000;
        let ids: Vec<String> = (0..count).map(|i| format!("0198f0a0-0000-7000-8000-{i:012}")).collect();
        for some in ids.chunks(EACH) {
            let (some, organization) = (some.to_vec(), self.organization.clone());
            let write = self.store().write(&self.organization, Terms::default(), move |work| {
                for id in &some {
                    let user = User { id: id.clone(), organization_id: organization.clone(), user_name: id.clone(), ..User::default() };
                    work.put_user(user, id.clone());
                    work.log(1, 1, id, Vec::new());
                }
                Ok::<(), Stop<()>>(())
            });
            write.await.unwrap().unwrap();
        }
        ids
    }

    /// On SQLite: brings the log beside the file into the file, and empties it.
    pub async fn checkpoint(&self) {
        let mut file = sqlx::SqliteConnection::connect(&format!("sqlite://{}", self.place.url())).await.unwrap();
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut file).await.unwrap();
    }

    /// Pairs of numbers, read beside the server.
    pub async fn pairs(&self, query: &'static str) -> Vec<(i64, i64)> {
        match self.engine {
            Engine::Sqlite => {
                let mut file = sqlx::SqliteConnection::connect(&format!("sqlite://{}?mode=ro", self.place.url())).await.unwrap();
                sqlx::query_as(query).fetch_all(&mut file).await.unwrap()
            }
            Engine::Postgres => {
                let mut server = sqlx::PgConnection::connect(&self.place.url()).await.unwrap();
                sqlx::query_as(query).fetch_all(&mut server).await.unwrap()
            }
        }
    }

    /// A URL on PostgreSQL, else the path of the file.
    pub fn database_url(&self) -> String {
        self.place.url()
    }

    /// On PostgreSQL: the database's name, and a URL of the same server beside it.
    pub fn database_and_server(&self) -> (String, String) {
        let url = self.place.url();
        let (server, database) = url.rsplit_once('/').unwrap();
        (database.to_owned(), format!("{server}/postgres"))
    }

    /// What the store did so far.
    pub fn counted(&self) -> Counted {
        self.store().counters().now()
    }

    /// What a call answers, and the least that it cost in a few tries: beside it the server may look a credential up again (once a
    /// second).
    pub async fn least<T>(&self, mut call: impl AsyncFnMut() -> T) -> (T, Counted) {
        let mut tries = Vec::new();
        for _ in 0..4 {
            let before = self.counted();
            let answer = call().await;
            tries.push((answer, self.counted() - before));
        }
        tries.into_iter().min_by_key(|(_, counted)| counted.statements).unwrap()
    }
}

/// The usual settings over a place.
fn config(place: &Place, data_dir: &Path) -> Config {
    Config {
        data_dir: data_dir.to_owned(),
        engine: match place.database() {
            Database::Sqlite(file) => config::Engine::Sqlite(file),
            Database::Postgres(url) => config::Engine::Postgres(url),
        },
        grpc: "127.0.0.1:0".parse().unwrap(),
        grpc_web: None,
        network: network(None),
        token_max_days: limits::TOKEN_DAYS,
        environment: None,
        bench: None,
        mute: Vec::new(),
        feed: config::Feed::default(),
    }
}

/// Another server of the same database.
pub struct Node {
    pub server: Server,
    channel: Channel,
    _folder: TempDir,
}

impl Node {
    pub fn grpc_as(&self, token: &str) -> Clients {
        Clients::new(&self.channel, token)
    }

    /// A SCIM client of this node, with this token and without an organization in its base.
    pub fn scim_as(&self, token: &str) -> Scim {
        Scim::new(&format!("{}/scim/v2", self.server.base_url()), token)
    }
}

/// A free port on loopback, no TLS, the usual bounds.
pub fn network(public_url: Option<String>) -> Network {
    Network {
        http: "127.0.0.1:0".parse().unwrap(),
        public_url,
        tls: None,
        connections: limits::CONNECTIONS,
        connections_per_address: limits::CONNECTIONS_PER_ADDRESS,
        drain_seconds: limits::DRAIN_SECONDS,
        metrics: None,
        trusted_proxies: Vec::new(),
    }
}
