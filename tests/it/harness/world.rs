//! A running server in a world of its own: fresh store, loopback ports, the credentials of the first start.

use super::{Clients, Engine, Scim};
use tonic::transport::Channel;

/// One server and its clients.
pub struct World {
    pub engine: Engine,
    /// The id of the organization `default`.
    pub organization: String,
    /// The id of the first connection.
    pub connection: String,
    admin: Clients,
    channel: Channel,
    scim: Scim,
}

impl World {
    pub async fn start(engine: Engine) -> World {
        let _ = engine;
        todo!()
    }

    /// The administrator's clients.
    pub fn grpc(&self) -> Clients {
        self.admin.clone()
    }

    /// Clients with another token; with none if it is empty.
    pub fn grpc_as(&self, token: &str) -> Clients {
        Clients::new(&self.channel, token)
    }

    /// The first connection's client.
    pub fn scim(&self) -> &Scim {
        &self.scim
    }
}
