//! Tokens that end soon: said once 30, 7 and 1 days before, whichever node comes first, in the feed and in the log; and counted.

use super::{Directory, Error, Result, core::Call, record, tokens};
use crate::{
    api::v1::{Token, change_event::Action},
    clock::{Micros, micros},
    limits,
    telemetry::metrics,
};
use prost::Message as _;
use std::sync::Arc;

const DAY: Micros = 24 * 3600 * 1_000_000;
/// How many days before its end a token is spoken of, and how a metric calls that.
const NOTICES: [(i32, &str); 3] = [(30, "30"), (7, "7"), (1, "1")];

/// Looks at every token as of `now`, gives the notices that are due, and counts.
///
/// # Errors
/// When the store cannot answer; what was not said is said the next time.
pub(super) async fn watch(directory: &Arc<Directory>, now: Micros) -> Result<()> {
    let mut counts = [0; NOTICES.len()];
    let mut after = String::new();
    loop {
        let rows = directory.store.tokens_everywhere(&after, limits::PAGE_MAX).await?;
        let Some((last, ..)) = rows.last() else { break };
        after.clone_from(last);
        for (id, organization, body) in &rows {
            let token = Token::decode(body.as_slice()).map_err(|_| Error::internal())?;
            for (count, (days, _)) in counts.iter_mut().zip(NOTICES) {
                *count += u32::from(is_near(&token, days, now));
            }
            if due(&token, now).is_some() {
                notify(directory, organization, id, now).await?;
            }
        }
    }
    for (count, (_, name)) in counts.into_iter().zip(NOTICES) {
        metrics::expiring(name, count);
    }
    Ok(())
}

/// Says it, unless another node has: the token itself keeps what was said, and only one write finds that it was not.
async fn notify(directory: &Arc<Directory>, organization: &str, id: &str, now: Micros) -> Result<()> {
    let (call, kept, id) = (Call::own("expiry", &directory.clock), Arc::clone(directory), id.to_owned());
    let written = directory
        .write(&call, organization, None, move |work| {
            let mut token: Token = record::find(&kept, work, &id)?;
            let Some(days) = due(&token, now) else { return Ok(Token::default()) };
            token.expiry_notice_days = days;
            record::put(&kept, work, token, Action::Expiring, vec!["expiry_notice_days".to_owned()])
        })
        .await?;
    if written.changed {
        let Token { id, connection_id, service_account_id, expiry_notice_days, .. } = written.answer;
        tracing::warn!(
            organization,
            token = id,
            connection = connection_id,
            service_account = service_account_id,
            days = expiry_notice_days,
            "a token ends soon"
        );
    }
    Ok(())
}

/// Whether a token works, was issued for longer than so many days, and has no more than that left. One that was replaced
/// ends as it was asked to.
fn is_near(token: &Token, days: i32, now: Micros) -> bool {
    let at = |time: &Option<prost_types::Timestamp>| time.as_ref().map_or(0, micros);
    let (made, ends, span) = (at(&token.create_time), at(&token.expire_time), i64::from(days) * DAY);
    token.revoke_time.is_none() && tokens::ends(token) > now && ends - made > span && ends - now <= span
}

/// The notice to give now: the nearest, if neither it nor a nearer one was given.
fn due(token: &Token, now: Micros) -> Option<i32> {
    let (days, _) = NOTICES.into_iter().rev().find(|(days, _)| is_near(token, *days, now))?;
    let given = token.expiry_notice_days;
    (given == 0 || given > days).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::timestamp;

    fn token(life: i64, given: i32) -> Token {
        let (create_time, expire_time) = (Some(timestamp(0)), Some(timestamp(life * DAY)));
        Token { create_time, expire_time, expiry_notice_days: given, ..Token::default() }
    }

    #[test]
    fn each_notice_is_due_once_and_the_nearest_alone() {
        let at = |left: i64, given| due(&token(365, given), (365 - left) * DAY);
        assert_eq!((at(31, 0), at(30, 0), at(30, 30), at(8, 30)), (None, Some(30), None, None));
        assert_eq!((at(7, 30), at(7, 7), at(1, 7), at(1, 1)), (Some(7), None, Some(1), None));
        assert_eq!((at(1, 0), at(1, 30), at(0, 0)), (Some(1), Some(1), None));
    }

    #[test]
    fn a_short_token_is_not_spoken_of_as_soon_as_it_is_issued() {
        assert_eq!((due(&token(7, 0), 0), due(&token(7, 0), 6 * DAY)), (None, Some(1)));
        assert_eq!(due(&token(1, 0), DAY - 1), None);
        let replaced = Token { revoke_time: Some(timestamp(364 * DAY)), ..token(365, 0) };
        assert_eq!(due(&replaced, 360 * DAY), None);
    }
}
