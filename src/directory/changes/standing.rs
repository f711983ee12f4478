//! Whether the credentials that streams were opened with still work: asked now and then, once for all streams of a credential.

use super::super::{Credentials, Error};
use crate::{
    access::{Caller, Resolver as _},
    api::{method, v1::ErrorReason},
    limits,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};
use tokio::{sync::watch, time::Instant};

/// Credential and organization → whether it has ended, while somebody holds it.
type Watched = HashMap<(String, String), Weak<watch::Sender<bool>>>;

/// Who watches over credentials.
#[derive(Debug, Clone)]
pub(super) struct Wardens {
    credentials: Credentials,
    watched: Arc<Mutex<Watched>>,
}

/// A credential that is watched over for as long as somebody holds this.
#[derive(Debug)]
pub(super) struct Standing {
    _held: Arc<watch::Sender<bool>>,
    ended: watch::Receiver<bool>,
}

impl Standing {
    /// Whether the credential has ended.
    pub(super) fn over(&self) -> bool {
        *self.ended.borrow()
    }

    /// Waits until it has.
    pub(super) async fn end(&mut self) {
        if self.ended.wait_for(|ended| *ended).await.is_err() {
            // It lives as long as we hold it.
            std::future::pending::<()>().await;
        }
    }
}

impl Wardens {
    pub(super) fn new(credentials: Credentials) -> Self {
        Wardens { credentials, watched: Arc::default() }
    }

    /// Watches over a caller's credential, which lets it into this organization.
    pub(super) fn watch(&self, caller: &Caller, organization: &str) -> Standing {
        let key = (caller.token_id.clone(), organization.to_owned());
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let held = watched.get(&key).and_then(Weak::upgrade).filter(|ended| !*ended.borrow());
        let held = held.unwrap_or_else(|| {
            let ended = Arc::new(watch::Sender::new(false));
            watched.retain(|_, ended| ended.strong_count() > 0);
            watched.insert(key, Arc::downgrade(&ended));
            tokio::spawn(guard(self.credentials.clone(), caller.token_id.clone(), organization.to_owned(), Arc::downgrade(&ended)));
            ended
        });
        Standing { ended: held.subscribe(), _held: held }
    }
}

/// Asks for as long as somebody wants to know: soon after this process wrote what credentials hang on, and every few seconds.
async fn guard(credentials: Credentials, token: String, organization: String, ended: Weak<watch::Sender<bool>>) {
    let (mut seen, mut asked) = (credentials.generation(), Instant::now());
    loop {
        tokio::time::sleep(limits::STANDING_TICK).await;
        let Some(ended) = ended.upgrade() else { return };
        let now = credentials.generation();
        if now == seen && asked.elapsed() < limits::STANDING_EVERY {
            continue;
        }
        (seen, asked) = (now, Instant::now());
        let good = match credentials.again(&token).await {
            Ok(caller) => caller.scopes.has(method::change_service::WATCH_CHANGES.scope) && caller.may_enter(&organization),
            // Nobody can say now.
            Err(Error { reason: ErrorReason::StoreUnavailable | ErrorReason::Internal, .. }) => true,
            Err(_) => false,
        };
        if !good {
            ended.send_replace(true);
            return;
        }
    }
}
