//! The one layer around each whole router: credential → [`Caller`] in the request's extensions.
//!
//! It never answers by itself, because each face words its refusals in its own way: without a caller the
//! directory's guard answers `UNAUTHENTICATED` and the façade 401. Why there is none travels beside it.

use super::{Caller, Proxies, Resolver};
use crate::directory::{Error, Result};
use http::{Extensions, HeaderMap, Request, header::AUTHORIZATION};
use secrecy::{ExposeSecret as _, SecretString};
use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tower::{Layer, Service};

/// Why a request has no caller, when the reason is another than a bad credential.
#[derive(Debug, Clone)]
struct Refused(Error);

/// The caller the layer found, on either face.
///
/// # Errors
/// `INVALID_CREDENTIAL` when there is none, or whatever the resolver said (the store is down, the connection is
/// switched off or used from elsewhere, the organization is suspended).
pub fn caller_in(extensions: &Extensions) -> Result<&Caller> {
    match (extensions.get::<Caller>(), extensions.get::<Refused>()) {
        (Some(caller), _) => Ok(caller),
        (None, Some(Refused(error))) => Err(error.clone()),
        (None, None) => Err(Error::unauthenticated()),
    }
}

/// Takes along what the layer found, a caller or why there is none, into a call made on the request's behalf.
pub fn carry(from: &Extensions, to: &mut Extensions) {
    if let Some(caller) = from.get::<Caller>() {
        to.insert(caller.clone());
    }
    if let Some(refused) = from.get::<Refused>() {
        to.insert(refused.clone());
    }
}

/// Resolves `Authorization: Bearer …`; nothing else in a request can carry a credential.
#[derive(Clone)]
pub struct AccessLayer {
    resolver: Arc<dyn Resolver>,
    proxies: Proxies,
}

impl AccessLayer {
    /// With the resolver that both faces share, and the proxies before them that are believed.
    pub fn new(resolver: Arc<dyn Resolver>, proxies: Proxies) -> Self {
        AccessLayer { resolver, proxies }
    }
}

impl<S> Layer<S> for AccessLayer {
    type Service = Access<S>;

    fn layer(&self, inner: S) -> Access<S> {
        Access { inner, resolver: Arc::clone(&self.resolver), proxies: self.proxies.clone() }
    }
}

/// A router whose requests carry their caller.
#[derive(Clone)]
pub struct Access<S> {
    inner: S,
    resolver: Arc<dyn Resolver>,
    proxies: Proxies,
}

impl<S, B> Service<Request<B>> for Access<S>
where
    S: Service<Request<B>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<std::result::Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // The service that was polled ready takes the request; its clone waits for the next one.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        let resolver = Arc::clone(&self.resolver);
        let credential = bearer(request.headers());
        let origin = credential.as_ref().and_then(|_| self.proxies.origin(request.extensions(), request.headers()));
        Box::pin(async move {
            request.extensions_mut().remove::<Caller>();
            if let Some(credential) = credential {
                let known = resolver.resolve(credential.expose_secret()).await;
                match known.and_then(|caller| resolver.admit(&caller, origin).map(|()| caller)) {
                    Ok(caller) => {
                        request.extensions_mut().insert(caller);
                    }
                    Err(error) => {
                        request.extensions_mut().insert(Refused(error));
                    }
                }
            }
            inner.call(request).await
        })
    }
}

/// The request's credential: exactly one `Authorization` header, the scheme in any letter case.
fn bearer(headers: &HeaderMap) -> Option<SecretString> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?.to_str().ok()?, values.next()) else {
        return None;
    };
    let is_bearer = |scheme: &str| scheme.eq_ignore_ascii_case("bearer");
    let (_, token) = value.split_once(' ').filter(|(scheme, _)| is_bearer(scheme))?;
    let token = token.trim_matches(' ');
    // Where a form asks for the header's value and writes the scheme before it, people paste one that has the scheme already.
    let token = token.split_once(' ').filter(|(scheme, _)| is_bearer(scheme)).map_or(token, |(_, token)| token.trim_matches(' '));
    (!token.is_empty()).then(|| token.to_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Kind, Reach, Scopes, Token};
    use tower::{ServiceExt, service_fn};

    struct Only(Token, Result<()>);

    #[tonic::async_trait]
    impl Resolver for Only {
        async fn resolve(&self, credential: &str) -> Result<Caller> {
            self.1.clone()?;
            let token = Token::parse(credential).ok_or_else(Error::unauthenticated)?;
            if !token.matches(Some(&self.0.hash())) {
                return Err(Error::unauthenticated());
            }
            Ok(Caller {
                organization: "acme".to_owned(),
                home: Arc::default(),
                principal: None,
                connection: None,
                token_id: token.id().to_owned(),
                scopes: Scopes::default(),
                reach: Reach::Own,
                expires_at: i64::MAX,
            })
        }
    }

    async fn answer(store: Result<()>, good: &Token, headers: &[&str]) -> Result<String> {
        let inner = service_fn(|request: Request<()>| async move {
            Ok::<_, std::convert::Infallible>(caller_in(request.extensions()).map(|caller| caller.token_id.clone()))
        });
        let mut request = Request::builder().uri("/scim/v2/Users?access_token=x");
        for header in headers {
            request = request.header(AUTHORIZATION, *header);
        }
        let layer = AccessLayer::new(Arc::new(Only(good.clone(), store)), Proxies::default());
        layer.layer(inner).oneshot(request.body(()).unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn a_good_token_brings_its_caller_in_any_letter_case_of_the_scheme() {
        let good = Token::mint(Kind::Scim).unwrap();
        for scheme in ["Bearer", "bearer", "BEARER", "Bearer  ", "Bearer Bearer", "bearer  bearer"] {
            let header = format!("{scheme} {}", good.reveal().expose_secret());
            assert_eq!(answer(Ok(()), &good, &[&header]).await.unwrap(), good.id());
        }
    }

    #[tokio::test]
    async fn what_is_no_good_token_brings_none() {
        let good = Token::mint(Kind::Scim).unwrap();
        let (text, other) = (good.reveal(), Token::mint(Kind::Scim).unwrap().reveal());
        let (text, other) = (text.expose_secret(), other.expose_secret());
        let refused = [
            vec![],
            vec![String::new()],
            vec!["Bearer".to_owned()],
            vec!["Bearer ".to_owned()],
            vec!["Bearer null".to_owned()],
            vec!["Bearer undefined".to_owned()],
            vec![format!("Basic {text}")],
            vec![format!("Basic Bearer {text}")],
            vec![format!("Bearer Basic {text}")],
            vec![format!("Bearer Bearer Bearer {text}")],
            vec![text.to_owned()],
            vec![format!("Bearer {other}")],
            vec![format!("Bearer {text}x")],
            vec![format!("Bearer {text} {text}")],
            vec![format!("Bearer {text}"), format!("Bearer {text}")],
        ];
        for headers in refused {
            let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
            assert_eq!(answer(Ok(()), &good, &headers).await, Err(Error::unauthenticated()), "{headers:?}");
        }
    }

    #[tokio::test]
    async fn a_store_that_cannot_say_is_not_a_bad_credential() {
        let good = Token::mint(Kind::Scim).unwrap();
        let header = format!("Bearer {}", good.reveal().expose_secret());
        assert_eq!(answer(Err(Error::unavailable()), &good, &[&header]).await, Err(Error::unavailable()));
    }
}
