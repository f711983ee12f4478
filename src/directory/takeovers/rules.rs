//! What makes the user of a create the same as one that is there: the connection's rules, asked in their order.

use super::super::{Error, Result, core::Edit, links};
use crate::{
    api::v1::{Connection, ErrorReason, User, connection::Takeover},
    attributes::fold,
    limits,
    store::{KEY_USER_EMAIL, KEY_USER_EXTERNAL_ID, UserRow, Work, external_key},
};
use std::{collections::BTreeSet, sync::Arc};

/// One rule: an entry of `Connection.takeover_match_attributes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::directory) enum Rule {
    /// The externalId that callers without a connection gave.
    ExternalId,
    /// The userName, and one of the e-mail addresses of the user that has it.
    UserNameAndEmails,
    /// Any e-mail address.
    Emails,
    /// The userName.
    UserName,
}

const ALL: [Rule; 4] = [Rule::ExternalId, Rule::UserNameAndEmails, Rule::Emails, Rule::UserName];

impl Rule {
    /// As a connection names it.
    pub(in crate::directory) fn name(self) -> &'static str {
        match self {
            Rule::ExternalId => "externalId",
            Rule::UserNameAndEmails => "userName+emails",
            Rule::Emails => "emails",
            Rule::UserName => "userName",
        }
    }

    fn named(name: &str) -> Option<Rule> {
        ALL.into_iter().find(|rule| rule.name() == name)
    }
}

/// A user that a rule found.
#[derive(Debug, Clone)]
pub(in crate::directory) struct Match {
    /// By which rule.
    pub(in crate::directory) rule: Rule,
    /// Who.
    pub(in crate::directory) row: Arc<UserRow>,
}

/// The border: known rules, each once; a connection that takes users over has at least one.
///
/// # Errors
/// `INVALID_VALUE`.
pub(in crate::directory) fn check(connection: &mut Connection) -> Result<()> {
    connection.takeover = match Takeover::try_from(connection.takeover) {
        Ok(Takeover::Unspecified) => Takeover::Never.into(),
        Ok(known) => known.into(),
        Err(_) => return Err(Error::value("connection.takeover", "connection.takeover is none of its values.")),
    };
    let field = "connection.takeover_match_attributes";
    let rules = &mut connection.takeover_match_attributes;
    for (k, name) in rules.iter().enumerate() {
        if Rule::named(name).is_none() {
            let known = ALL.map(Rule::name).join(", ");
            return Err(Error::value(field, format!("{field} takes the rules {known}.")));
        }
        if rules.iter().take(k).any(|earlier| earlier == name) {
            return Err(Error::value(field, format!("{field} names {name} twice.")));
        }
    }
    if rules.is_empty() && connection.takeover != i32::from(Takeover::Never) {
        rules.push(Rule::UserNameAndEmails.name().to_owned());
    }
    Ok(())
}

/// The user that the connection's rules say this one is: the first rule that fits somebody decides. Whom the connection let go
/// is not there for it. All is asked for before the first verdict.
///
/// # Errors
/// `UNIQUENESS` if a rule fits several users.
pub(in crate::directory) fn find(work: &mut Work, connection: &Connection, user: &User, name_key: &str) -> Edit<Option<Match>> {
    let rules = connection.takeover_match_attributes.iter().filter_map(|name| Rule::named(name));
    let asked: Vec<_> = rules.map(|rule| (rule, fitting(work, &connection.id, rule, user, name_key))).collect();
    for (rule, found) in asked {
        match found?.as_slice() {
            [] => {}
            [row] => return Ok(Some(Match { rule, row: row.clone() })),
            _ => {
                let detail = format!("Several users are this one by {}; which is meant cannot be told.", rule.name());
                return Err(Error::new(ErrorReason::Uniqueness, detail).at("user").with("attribute", rule.name()).into());
            }
        }
    }
    Ok(None)
}

fn fitting(work: &mut Work, connection: &str, rule: Rule, user: &User, name_key: &str) -> Edit<Vec<Arc<UserRow>>> {
    let emails = || -> BTreeSet<String> {
        let values = user.emails.iter().filter_map(|e| e.value.as_deref());
        values.filter(|v| !v.is_empty()).map(fold::email).collect()
    };
    let ids: BTreeSet<String> = match rule {
        Rule::UserName | Rule::UserNameAndEmails => work.user_named(name_key)?.into_iter().collect(),
        Rule::ExternalId => match user.external_ids.iter().find(|e| e.connection_id == connection) {
            Some(own) => work.holders(KEY_USER_EXTERNAL_ID, &external_key("", &own.value))?,
            None => BTreeSet::new(),
        },
        Rule::Emails => {
            let held: Vec<_> = emails().iter().map(|email| work.holders(KEY_USER_EMAIL, email)).collect();
            held.into_iter().collect::<std::result::Result<Vec<_>, _>>()?.into_iter().flatten().collect()
        }
    };
    // Beyond this many it is ambiguous whoever they are.
    let rows: Vec<_> = ids.iter().take(limits::MATCHES).map(|id| work.user(id)).collect();
    let rows = rows.into_iter().collect::<std::result::Result<Vec<_>, _>>()?;
    let given = emails();
    let fits = |row: &Arc<UserRow>| {
        let shares = || row.keys.iter().any(|(kind, key)| *kind == KEY_USER_EMAIL && given.contains(key));
        !links::is_unlinked(&row.user, connection) && (rule != Rule::UserNameAndEmails || shares())
    };
    Ok(rows.into_iter().flatten().filter(fits).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(takeover: Takeover, rules: &[&str]) -> std::result::Result<Vec<String>, String> {
        let rules = rules.iter().map(ToString::to_string).collect();
        let mut connection = Connection { takeover: takeover.into(), takeover_match_attributes: rules, ..Connection::default() };
        check(&mut connection).map(|()| connection.takeover_match_attributes).map_err(|e| e.field)
    }

    #[test]
    fn who_takes_over_has_a_rule_and_who_does_not_needs_none() {
        assert_eq!(checked(Takeover::Always, &[]), Ok(vec!["userName+emails".to_owned()]));
        assert_eq!(checked(Takeover::Never, &[]), Ok(vec![]));
        assert_eq!(checked(Takeover::Unspecified, &["emails"]), Ok(vec!["emails".to_owned()]));
        assert_eq!(checked(Takeover::UnmanagedOnly, &["externalId", "emails"]), Ok(vec!["externalId".to_owned(), "emails".to_owned()]));
    }

    #[test]
    fn unknown_rules_and_repeated_ones_are_refused() {
        for bad in [&["email"][..], &["username"], &[""], &["emails", "emails"], &["userName+phoneNumbers"]] {
            assert_eq!(checked(Takeover::Always, bad), Err("connection.takeover_match_attributes".to_owned()), "{bad:?}");
        }
    }
}
