//! Whether the credentials that streams and waiting calls were opened with still work: asked now and then, once for all of a
//! credential, and until when they do is known in between.

use super::super::{Credentials, Error, Result};
use crate::{
    access::{Caller, Resolver as _},
    api::{method, v1::ErrorReason},
    clock::{Clock, Micros},
    limits,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};
use tokio::{sync::watch, time::Instant};

/// Credential and organization → when it ends, while somebody holds it; has ended = [`ENDED`].
type Watched = HashMap<(String, String), Weak<watch::Sender<Micros>>>;

/// The time at which a credential ended that was found to work no more.
const ENDED: Micros = Micros::MIN;

/// Who watches over credentials.
#[derive(Debug, Clone)]
pub(super) struct Wardens {
    credentials: Credentials,
    clock: Clock,
    watched: Arc<Mutex<Watched>>,
}

/// A credential that is watched over for as long as somebody holds this.
#[derive(Debug)]
pub(super) struct Standing {
    _held: Arc<watch::Sender<Micros>>,
    ends: watch::Receiver<Micros>,
    clock: Clock,
}

impl Standing {
    /// Whether the credential has ended.
    pub(super) fn over(&self) -> bool {
        *self.ends.borrow() <= self.clock.now()
    }

    /// Waits until it has.
    pub(super) async fn end(&mut self) {
        if self.ends.wait_for(|ends| *ends == ENDED).await.is_err() {
            // It lives as long as we hold it.
            std::future::pending::<()>().await;
        }
    }
}

impl Wardens {
    pub(super) fn new(credentials: Credentials, clock: Clock) -> Self {
        Wardens { credentials, clock, watched: Arc::default() }
    }

    /// Watches over a caller's credential, which lets it into this organization. `None` when too much is open by it there.
    pub(super) fn watch(&self, caller: &Caller, organization: &str) -> Option<Standing> {
        let key = (caller.token_id.clone(), organization.to_owned());
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let held = watched.get(&key).and_then(Weak::upgrade).filter(|ends| *ends.borrow() != ENDED);
        let held = held.unwrap_or_else(|| {
            let ends = Arc::new(watch::Sender::new(caller.expires_at));
            watched.retain(|_, ends| ends.strong_count() > 0);
            watched.insert(key, Arc::downgrade(&ends));
            tokio::spawn(guard(self.clone(), caller.clone(), organization.to_owned(), Arc::downgrade(&ends)));
            ends
        });
        if held.receiver_count() >= limits::WATCHERS_PER_TOKEN {
            return None;
        }
        Some(Standing { ends: held.subscribe(), _held: held, clock: self.clock.clone() })
    }

    /// Asks whether a credential still works, for what it has waited for; until when it does.
    ///
    /// # Errors
    /// As for a call that is made with it now.
    pub(super) async fn require(&self, caller: &Caller, organization: &str) -> Result<Micros> {
        let now = self.credentials.again(&caller.token_id).await?;
        if now.scopes.has(method::change_service::WATCH_CHANGES.scope) && now.may_enter(organization) {
            Ok(now.expires_at)
        } else {
            Err(Error::unauthenticated())
        }
    }
}

/// Asks for as long as somebody wants to know: soon after this process wrote what credentials hang on, and every few seconds.
/// When the credential ends by itself, that is said on time.
async fn guard(wardens: Wardens, caller: Caller, organization: String, ends: Weak<watch::Sender<Micros>>) {
    let (mut seen, mut asked) = (wardens.credentials.generation(), Instant::now());
    let mut until = caller.expires_at;
    loop {
        let left = u64::try_from(until.saturating_sub(wardens.clock.now())).unwrap_or(0);
        tokio::time::sleep(limits::STANDING_TICK.min(Duration::from_micros(left))).await;
        let Some(ends) = ends.upgrade() else { return };
        let generation = wardens.credentials.generation();
        if until > wardens.clock.now() && generation == seen && asked.elapsed() < limits::STANDING_EVERY {
            continue;
        }
        (seen, asked) = (generation, Instant::now());
        match wardens.require(&caller, &organization).await {
            Ok(at) => {
                until = at;
                ends.send_replace(at);
            }
            // Nobody can say now.
            Err(Error { reason: ErrorReason::StoreUnavailable | ErrorReason::Internal, .. }) if until > wardens.clock.now() => {}
            Err(_) => {
                ends.send_replace(ENDED);
                return;
            }
        }
    }
}
