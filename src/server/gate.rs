//! The doorman of one face: accepts for as long as the server lives, and bounds who may be inside.

use super::stream::{Stream, Version, greet};
use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// How long to wait after the system refused a connection (no file descriptors, usually) before asking again.
const BACK_OFF: Duration = Duration::from_millis(100);

/// The bounds of one face.
pub(super) struct Gate {
    tls: Option<TlsAcceptor>,
    inside: Arc<Semaphore>,
    per_address: usize,
    addresses: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One connection's place among those of its address; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    address: IpAddr,
    addresses: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Gate {
    /// At most `total` connections, and `per_address` of each peer address.
    pub(super) fn new(tls: Option<TlsAcceptor>, total: usize, per_address: usize) -> Self {
        Gate { tls, inside: Arc::new(Semaphore::new(total)), per_address, addresses: Arc::default() }
    }

    /// Accepts until told to stop. An error of one connection, or of accepting, ends nothing but itself. Every
    /// connection that has said which HTTP it speaks is handed to `serve`, on a task of its own.
    pub(super) async fn accept<F, S>(&self, listener: TcpListener, stop: CancellationToken, serve: F)
    where
        F: Fn(Stream, Version) -> S + Clone + Send + 'static,
        S: Future<Output = ()> + Send,
    {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let (tcp, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(BACK_OFF).await;
                    continue;
                }
            };
            let (Ok(permit), Some(place)) = (Arc::clone(&self.inside).try_acquire_owned(), self.place(peer.ip())) else {
                tracing::warn!("a connection was refused: too many are open");
                continue;
            };
            let (tls, stop, serve) = (self.tls.clone(), stop.clone(), serve.clone());
            tokio::spawn(async move {
                let greeted = tokio::select! {
                    () = stop.cancelled() => return,
                    greeted = greet(tcp, tls, (permit, place)) => greeted,
                };
                match greeted {
                    Ok((stream, version)) => serve(stream, version).await,
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
                    Err(error) => tracing::debug!(%error, "a connection ended before its first request"),
                }
            });
        }
    }

    fn place(&self, address: IpAddr) -> Option<Place> {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let count = addresses.entry(address).or_insert(0);
        (*count < self.per_address).then(|| {
            *count += 1;
            Place { address, addresses: Arc::clone(&self.addresses) }
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = addresses.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                addresses.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_bound_and_gets_its_places_back() {
        let gate = Gate::new(None, 10, 2);
        let (one, other) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let first = gate.place(one).unwrap();
        let second = gate.place(one).unwrap();
        assert!(gate.place(one).is_none());
        assert!(gate.place(other).is_some());
        drop(first);
        let third = gate.place(one).unwrap();
        drop((second, third));
        assert!(gate.addresses.lock().unwrap().is_empty());
    }
}
