//! Tokens: the part of `ProvisioningService` that is about credentials.
//!
//! What may be granted is checked (`grants`) when a token is issued and when it is rotated, because both reveal a secret that
//! can do what the token can.

use super::{
    Directory, Error, Reply, Result,
    core::{Call, Edit},
    environment,
    grants::{self, check_scopes, expiry, require_harmless, require_held, require_own},
    record,
    record::Noun,
    repeats,
    sight::Sight,
    times,
};
use crate::{
    access::{self, Kind},
    api::v1::{
        Connection, IssueTokenRequest, IssueTokenResponse, ListTokensRequest, ListTokensResponse, ResourceKind, ResourceMeta,
        RevokeTokenRequest, RevokeTokenResponse, RotateTokenRequest, RotateTokenResponse, ServiceAccount, Token, change_event::Action,
    },
    clock::{Micros, micros, timestamp},
    limits,
    store::{RecordKind, Work},
};
use secrecy::ExposeSecret;
use std::{collections::HashMap, sync::Arc};
use tonic::{Request, Response};

impl Noun for Token {
    const STORED: RecordKind = RecordKind::Token;
    const KIND: ResourceKind = ResourceKind::Token;
    const NAME: &'static str = "token";

    fn id(&self) -> &str {
        &self.id
    }

    fn meta(&mut self) -> Option<&mut Option<ResourceMeta>> {
        None
    }
}

/// When a token stops working, in microseconds since 1970: by itself, or earlier if it was revoked.
pub(super) fn ends(token: &Token) -> Micros {
    let at = |time: &Option<prost_types::Timestamp>| time.as_ref().map_or(Micros::MAX, micros);
    at(&token.expire_time).min(at(&token.revoke_time))
}

pub(super) async fn issue(directory: &Arc<Directory>, request: Request<IssueTokenRequest>) -> Reply<IssueTokenResponse> {
    let (call, message) = Call::writing(request)?;
    let now = directory.clock.now();
    let kind = match (message.connection_id.is_empty(), message.service_account_id.is_empty()) {
        (false, true) => Kind::Scim,
        (true, false) => Kind::Service,
        _ => return Err(Error::value("connection_id", "Exactly one of connection_id and service_account_id is required.").into()),
    };
    let asked = times::given("expire_time", message.expire_time.as_ref())?;
    environment::refuse(&message.connection_id)?;
    require_own(&call.caller, &message.connection_id)?;
    check_scopes(&message.scopes)?;
    require_held(&call, &message.scopes)?;
    record::check_name("description", &message.description, false)?;
    let minted = mint(kind)?;
    let token = Token {
        id: minted.id().to_owned(),
        organization_id: message.organization_id.clone(),
        connection_id: message.connection_id,
        service_account_id: message.service_account_id,
        description: message.description,
        scopes: message.scopes,
        create_time: Some(timestamp(now)),
        expire_time: Some(timestamp(expiry(asked, now, directory.token_days)?)),
        ..Token::default()
    };
    let (validate_only, hash) = (message.write.as_ref().is_some_and(|write| write.validate_only), minted.hash());
    let (kept, caller) = (token.clone(), call.caller.clone());
    let written = directory
        .write(&call, &message.organization_id, message.write, move |work| {
            let (owner, harmless) = (require_owner(work, &kept), require_harmless(work, &caller, &kept.connection_id));
            owner?;
            harmless?;
            put_new(work, &kept, &hash);
            Ok(kept.clone())
        })
        .await?;
    if written.repeated {
        return Err(repeats::already_issued(&written.answer.id).into());
    }
    Ok(Response::new(IssueTokenResponse {
        token_id: token.id.clone(),
        secret: reveal(&minted, validate_only),
        token: Some(token),
        committed_at: written.committed_at,
    }))
}

pub(super) async fn rotate(directory: &Arc<Directory>, request: Request<RotateTokenRequest>) -> Reply<RotateTokenResponse> {
    let (call, message) = Call::writing(request)?;
    let overlap =
        message.overlap.map_or(0, |overlap| overlap.seconds.saturating_mul(1_000_000).saturating_add(i64::from(overlap.nanos) / 1_000));
    if overlap < 0 {
        return Err(Error::value("overlap", "overlap is negative.").into());
    }
    // The kind is in the token's text, so the old one is read before the new one can be minted.
    let mut reader = directory.read(&message.organization_id, None).await?;
    let old: Token = record::get(directory, &mut reader, &message.token_id).await?;
    drop(reader);
    Sight::of(&call).check_owner(&old.connection_id, Token::NAME)?;
    let minted = mint(if old.connection_id.is_empty() { Kind::Service } else { Kind::Scim })?;
    let (validate_only, hash, id) =
        (message.write.as_ref().is_some_and(|write| write.validate_only), minted.hash(), minted.id().to_owned());
    let (kept, caller) = (Arc::clone(directory), call.clone());
    let written = directory
        .write(&call, &message.organization_id, message.write, move |work| {
            let now = work.now();
            let mut old: Token = record::find(&kept, work, &message.token_id)?;
            if ends(&old) <= now {
                let detail = "The token is revoked or has expired: it cannot be replaced; issue a new one.";
                return Err(Error::new(crate::api::v1::ErrorReason::NotFound, detail).with("resource", Token::NAME).into());
            }
            require_own(&caller.caller, &old.connection_id)?;
            require_held(&caller, &old.scopes)?;
            let (owner, harmless) = (require_owner(work, &old), require_harmless(work, &caller.caller, &old.connection_id));
            owner?;
            harmless?;
            let (created, expires) = (old.create_time.as_ref().map_or(now, micros), old.expire_time.as_ref().map_or(now, micros));
            let life = expires.saturating_sub(created).clamp(0, grants::longest(kept.token_days));
            let new = Token {
                id: id.clone(),
                create_time: Some(timestamp(now)),
                expire_time: Some(timestamp(now.saturating_add(life))),
                revoke_time: None,
                expiry_notice_days: 0,
                ..old.clone()
            };
            put_new(work, &new, &hash);
            let until = now.saturating_add(overlap).min(ends(&old));
            old.revoke_time = Some(timestamp(until));
            record::put(&kept, work, old, Action::Revoked, vec!["revoke_time".to_owned()])?;
            Ok(new)
        })
        .await?;
    if written.repeated {
        return Err(repeats::already_issued(&written.answer.id).into());
    }
    Ok(Response::new(RotateTokenResponse {
        token_id: written.answer.id.clone(),
        secret: reveal(&minted, validate_only),
        token: Some(written.answer),
        committed_at: written.committed_at,
    }))
}

pub(super) async fn list(directory: &Arc<Directory>, request: Request<ListTokensRequest>) -> Reply<ListTokensResponse> {
    let (call, message) = Call::of(request)?;
    let (connection, account) = (message.connection_id.as_str(), message.service_account_id.as_str());
    let sight = Sight::of(&call);
    let wanted = |token: &Token| {
        sight.sees_connection(&token.connection_id)
            && (connection.is_empty() || token.connection_id == connection)
            && (account.is_empty() || token.service_account_id == account)
    };
    let mut reader = directory.read(&message.organization_id, message.consistency.as_ref()).await?;
    let read_at = directory.read_at(&reader);
    let query = [connection.as_bytes(), account.as_bytes()];
    let page = (message.page_size, message.page_token.as_str());
    let (mut tokens, next_page_token) = record::list(directory, &call, &mut reader, &query, page, wanted).await?;
    let ids = tokens.iter().map(|token| token.id.clone()).collect();
    let uses: HashMap<String, Micros> = reader.token_uses(ids).await.map_err(Error::from)?.into_iter().collect();
    for token in &mut tokens {
        token.last_use_time = uses.get(&token.id).map(|at| timestamp(*at));
    }
    Ok(Response::new(ListTokensResponse { tokens, next_page_token, read_at }))
}

pub(super) async fn revoke(directory: &Arc<Directory>, request: Request<RevokeTokenRequest>) -> Reply<RevokeTokenResponse> {
    let (call, message) = Call::writing(request)?;
    let (kept, caller) = (Arc::clone(directory), call.caller.clone());
    let written = directory
        .write(&call, &message.organization_id, message.write, move |work| {
            let there: Token = record::find(&kept, work, &message.token_id)?;
            Sight::of_caller(&caller).check_owner(&there.connection_id, Token::NAME)?;
            require_own(&caller, &there.connection_id)?;
            revoke_all(&kept, work, std::slice::from_ref(&message.token_id))
        })
        .await?;
    Ok(Response::new(RevokeTokenResponse { committed_at: written.committed_at }))
}

/// The ids of the organization's tokens that still work and belong to an owner.
pub(super) async fn owned_by(directory: &Directory, organization: &str, mine: impl Fn(&Token) -> bool) -> Result<Vec<String>> {
    let now = directory.clock.now();
    let mut reader = directory.read(organization, None).await?;
    let (mut ids, mut after) = (Vec::new(), String::new());
    loop {
        let records = reader.records(RecordKind::Token, &after, limits::PAGE_MAX).await?;
        let Some(last) = records.last() else { return Ok(ids) };
        after.clone_from(&last.id);
        for record in &records {
            let token: Token = record::read(directory, record)?;
            if mine(&token) && ends(&token) > now {
                ids.push(token.id);
            }
        }
    }
}

/// Revokes these tokens as of now. One issued meanwhile has no owner any more, and the resolver refuses it.
pub(super) fn revoke_all(directory: &Directory, work: &mut Work, ids: &[String]) -> Edit<()> {
    let now = work.now();
    // All are asked for before the first miss stops the edit.
    let found: Vec<_> = ids.iter().map(|id| record::find::<Token>(directory, work, id)).collect();
    for token in found {
        let mut token = token?;
        if token.revoke_time.as_ref().is_none_or(|at| micros(at) > now) {
            token.revoke_time = Some(timestamp(now));
            record::put(directory, work, token, Action::Revoked, vec!["revoke_time".to_owned()])?;
        }
    }
    Ok(())
}

fn mint(kind: Kind) -> Result<access::Token> {
    access::Token::mint(kind).map_err(|error| {
        tracing::error!(%error, "the system gives no randomness");
        Error::internal()
    })
}

/// The text to show once; a dry run made no token, so it shows none.
fn reveal(minted: &access::Token, validate_only: bool) -> String {
    if validate_only { String::new() } else { minted.reveal().expose_secret().to_owned() }
}

fn put_new(work: &mut Work, token: &Token, hash: &access::SecretHash) {
    record::keep(work, token, Some(hash.as_bytes().to_vec()));
    record::tell::<Token>(work, &token.id, Action::Issued, Vec::new());
}

/// The owner is there, under the lock.
fn require_owner(work: &mut Work, token: &Token) -> Edit<()> {
    let (kind, id, name) = if token.connection_id.is_empty() {
        (RecordKind::ServiceAccount, &token.service_account_id, ServiceAccount::NAME)
    } else {
        (RecordKind::Connection, &token.connection_id, Connection::NAME)
    };
    work.record(kind, id)?.ok_or_else(|| Error::not_found(name))?;
    Ok(())
}
