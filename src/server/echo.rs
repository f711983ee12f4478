//! A call that does nothing, to measure what every call costs: served behind a hidden flag, and no part of the contract.

use crate::api::v1::{MultiValue, PersonName, User};
use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tonic::{
    Request, Response, Status,
    body::Body,
    server::{Grpc, NamedService, UnaryService},
};
use tonic_prost::ProstCodec;
use tower::Service;

/// Answers with a copy of one user, as large as users are.
#[derive(Debug, Clone)]
pub(super) struct Echo(Arc<User>);

impl Echo {
    pub(super) fn new() -> Self {
        let mail = |kind: &str| MultiValue {
            value: Some(format!("ada.{kind}@example.com")),
            r#type: Some(kind.to_owned()),
            ..MultiValue::default()
        };
        let name = PersonName { given_name: Some("Ada".into()), family_name: Some("Lovelace".into()), ..PersonName::default() };
        Echo(Arc::new(User {
            id: "0198f0a0-0000-7000-8000-000000000001".into(),
            organization_id: "0198f0a0-0000-7000-8000-000000000002".into(),
            user_name: "ada.lovelace@example.com".into(),
            display_name: Some("Ada Lovelace".into()),
            title: Some("Countess".into()),
            name: Some(name),
            emails: vec![mail("work"), mail("home")],
            active: Some(true),
            ..User::default()
        }))
    }
}

impl NamedService for Echo {
    const NAME: &'static str = "roster.bench.Echo";
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let echo = self.clone();
        Box::pin(async move { Ok(Grpc::new(ProstCodec::<User, ()>::default()).unary(echo, request).await) })
    }
}

impl UnaryService<()> for Echo {
    type Response = User;
    type Future = Ready<Result<Response<User>, Status>>;

    fn call(&mut self, _request: Request<()>) -> Self::Future {
        ready(Ok(Response::new(User::clone(&self.0))))
    }
}
