//! From a token to its caller, asked at most once a second per token.

use super::{Caller, recent::Recent};
use crate::{
    clock::Clock,
    directory::{Error, Result},
};
use sha2::{Digest, Sha256};
use std::{net::IpAddr, time::Instant};

/// Who knows the credentials.
#[tonic::async_trait]
pub trait Resolver: Send + Sync + 'static {
    /// The caller that a credential, as it was brought, speaks for.
    ///
    /// # Errors
    /// `INVALID_CREDENTIAL` for one that is malformed, unknown, expired or revoked; `CONNECTION_DISABLED`,
    /// `ORGANIZATION_SUSPENDED`; `STORE_UNAVAILABLE` when nobody can say.
    async fn resolve(&self, credential: &str) -> Result<Caller>;

    /// Whether the caller may call from this address, `None` where nobody can tell which that is. Asked for each request: what a
    /// credential was resolved to a moment ago says nothing of it.
    ///
    /// # Errors
    /// `NETWORK_DENIED`.
    fn admit(&self, _caller: &Caller, _from: Option<IpAddr>) -> Result<()> {
        Ok(())
    }

    /// A number that changes as soon as this process has changed what callers are resolved from.
    fn generation(&self) -> u64 {
        0
    }
}

/// A resolver that remembers good answers for [`crate::limits::RESOLVER_CACHE_LIFE`], so a revocation bites within that time;
/// at once on the node that was asked for it.
#[derive(Debug)]
pub struct Cached<R> {
    inner: R,
    clock: Clock,
    known: Recent<(u64, Caller)>,
}

impl<R> Cached<R> {
    /// In front of the resolver that asks the store.
    pub fn new(inner: R, clock: Clock) -> Self {
        Cached { inner, clock, known: Recent::default() }
    }

    /// The resolver behind it.
    pub fn inner(&self) -> &R {
        &self.inner
    }
}

#[tonic::async_trait]
impl<R: Resolver> Resolver for Cached<R> {
    async fn resolve(&self, credential: &str) -> Result<Caller> {
        // The key covers the secret: knowing a lookup id opens nothing.
        let key: [u8; 32] = Sha256::digest(credential.as_bytes()).into();
        let generation = self.inner.generation();
        let caller = if let Some((_, caller)) = self.known.get(&key).filter(|(then, _)| *then == generation) {
            caller
        } else {
            let asked = Instant::now();
            let caller = self.inner.resolve(credential).await?;
            self.known.put(key, asked, (generation, caller.clone()));
            caller
        };
        if caller.expires_at <= self.clock.now() {
            return Err(Error::unauthenticated());
        }
        Ok(caller)
    }

    fn admit(&self, caller: &Caller, from: Option<IpAddr>) -> Result<()> {
        self.inner.admit(caller, from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Kind, Reach, Scopes, Token};
    use secrecy::ExposeSecret as _;
    use std::sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    };

    #[derive(Default)]
    struct Counting {
        asked: AtomicUsize,
        generation: AtomicU64,
        expires_at: i64,
    }

    #[tonic::async_trait]
    impl Resolver for Counting {
        async fn resolve(&self, credential: &str) -> Result<Caller> {
            let token = Token::parse(credential).ok_or_else(Error::unauthenticated)?;
            self.asked.fetch_add(1, Ordering::SeqCst);
            Ok(Caller {
                organization: "acme".to_owned(),
                home: Arc::default(),
                principal: None,
                connection: None,
                token_id: token.id().to_owned(),
                scopes: Scopes::default(),
                reach: Reach::Own,
                expires_at: self.expires_at,
            })
        }

        fn generation(&self) -> u64 {
            self.generation.load(Ordering::SeqCst)
        }
    }

    #[tokio::test]
    async fn a_good_token_is_asked_for_once_and_another_secret_again() {
        let resolver = Cached::new(Counting { expires_at: i64::MAX, ..Counting::default() }, Clock::system());
        let (one, other) = (Token::mint(Kind::Scim).unwrap(), Token::mint(Kind::Scim).unwrap());
        for _ in 0..10 {
            assert_eq!(resolver.resolve(one.reveal().expose_secret()).await.unwrap().token_id, one.id());
        }
        assert_eq!(resolver.inner.asked.load(Ordering::SeqCst), 1);
        resolver.resolve(other.reveal().expose_secret()).await.unwrap();
        assert_eq!(resolver.inner.asked.load(Ordering::SeqCst), 2);
        resolver.inner.generation.fetch_add(1, Ordering::SeqCst);
        for _ in 0..3 {
            resolver.resolve(one.reveal().expose_secret()).await.unwrap();
        }
        assert_eq!(resolver.inner.asked.load(Ordering::SeqCst), 3, "a write here is seen at once");
    }

    #[tokio::test]
    async fn an_expired_token_is_refused_even_when_remembered() {
        let resolver = Cached::new(Counting { expires_at: 1, ..Counting::default() }, Clock::system());
        let token = Token::mint(Kind::Scim).unwrap();
        assert_eq!(resolver.resolve(token.reveal().expose_secret()).await.unwrap_err(), Error::unauthenticated());
    }
}
