//! The variables by which an operator describes one connection of the default organization, its token among them.
//!
//! Their names are promised as they are, the misspelt one too. As soon as one that begins with SCIM_ is set they describe the
//! connection; what is not set has its default, and everything is off by default. One that is set and empty says neither and
//! ends the start; but an empty `ADMIN_GROUP` is one that is not set, since the name may be another program's.

use super::BadSetting;
use crate::limits;
use secrecy::{ExposeSecret as _, SecretString};
use std::ffi::OsString;

const ENABLED: &str = "SCIM_ENABLED";
const BEARER_TOKEN: &str = "SCIM_BEARER_TOKEN";
const ALLOW_DELETION: &str = "SCIM_ALLOW_USER_DELETION";
/// As it was published first, and as it was meant.
const ALLOW_CONFLICTS: [&str; 2] = ["SCIM_ALLOW_USER_CREATION_CONFLITS", "SCIM_ALLOW_USER_CREATION_CONFLICTS"];
const ADMIN_GROUP: &str = "ADMIN_GROUP";
/// What their names begin with.
const PREFIX: &str = "SCIM_";

/// A connection as the environment describes it.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Whether its calls are let in at all.
    pub enabled: bool,
    /// Its one credential; it lives in the environment and in memory, and is never stored or shown.
    pub token: Option<SecretString>,
    /// Whether a delete of a user deletes.
    pub allow_user_deletion: bool,
    /// Whether the create of a user whose e-mail address another user has becomes that user's, and is not refused.
    pub allow_user_creation_conflicts: bool,
    /// The display name of the group whose members are administrators.
    pub admin_group: Option<String>,
}

impl Environment {
    /// Reads the variables; `None` if no SCIM_ variable is set.
    ///
    /// # Errors
    /// With one sentence that names the variable, and never says its value: it may be a secret in the wrong place.
    pub fn read(get: impl Fn(&str) -> Option<OsString>) -> Result<Option<Environment>, BadSetting> {
        let text = |name: &str| match get(name).map(OsString::into_string) {
            Some(Ok(text)) if !text.trim().is_empty() => Ok(Some(text.trim().to_owned())),
            Some(Ok(_)) if name.starts_with(PREFIX) => Err(BadSetting(format!("{name} is set and empty; unset it for its default."))),
            None | Some(Ok(_)) => Ok(None),
            Some(Err(_)) => Err(BadSetting(format!("{name} is no text."))),
        };
        let switch = |name: &str| text(name)?.map(|text| boolean(name, &text)).transpose();
        let enabled = switch(ENABLED)?;
        let token = text(BEARER_TOKEN)?.map(token).transpose()?;
        let deletion = switch(ALLOW_DELETION)?;
        let [as_published, as_meant] = ALLOW_CONFLICTS;
        let conflicts = match (switch(as_published)?, switch(as_meant)?) {
            (Some(one), Some(other)) if one != other => {
                return Err(BadSetting(format!("{as_published} and {as_meant} are the same switch and say different things.")));
            }
            (one, other) => one.or(other),
        };
        let admin_group = text(ADMIN_GROUP)?;
        if admin_group.as_ref().is_some_and(|name| name.len() > limits::KEY_BYTES) {
            return Err(BadSetting(format!("{ADMIN_GROUP} is longer than {} bytes.", limits::KEY_BYTES)));
        }
        if enabled.is_none() && token.is_none() && deletion.is_none() && conflicts.is_none() {
            return Ok(None);
        }
        let enabled = enabled.unwrap_or(false);
        if enabled && token.is_none() {
            let least = limits::ENVIRONMENT_TOKEN_CHARS.start();
            return Err(BadSetting(format!("{ENABLED} is true and {BEARER_TOKEN} is not set; it takes {least} characters or more.")));
        }
        Ok(Some(Environment {
            enabled,
            token,
            allow_user_deletion: deletion.unwrap_or(false),
            allow_user_creation_conflicts: conflicts.unwrap_or(false),
            admin_group,
        }))
    }
}

/// What is set and says nothing, one sentence each: names that begin as the known ones do, and an `ADMIN_GROUP` without any of the
/// known ones. `names` are the variables that are set to something.
pub fn mute(names: &[String]) -> Vec<String> {
    let [as_published, as_meant] = ALLOW_CONFLICTS;
    let known = [ENABLED, BEARER_TOKEN, ALLOW_DELETION, as_published, as_meant];
    let (described, unknown): (Vec<_>, Vec<_>) =
        names.iter().filter(|name| name.starts_with(PREFIX)).partition(|name| known.contains(&name.as_str()));
    let list = known.join(", ");
    let mut sentences: Vec<String> = unknown
        .iter()
        .map(|name| {
            let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
            format!("{shown} is no setting of Roster and changes nothing; it knows {list}.")
        })
        .collect();
    if described.is_empty() && names.iter().any(|name| name == ADMIN_GROUP) {
        sentences.push(format!("{ADMIN_GROUP} changes nothing unless one of {list} is set."));
    }
    sentences
}

fn boolean(name: &str, text: &str) -> Result<bool, BadSetting> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Ok(true),
        "false" | "0" | "no" => Ok(false),
        _ => Err(BadSetting(format!("{name} takes True or False (also 1, 0, yes, no), without quotes; it has another value."))),
    }
}

fn token(text: String) -> Result<SecretString, BadSetting> {
    let bounds = limits::ENVIRONMENT_TOKEN_CHARS;
    let token = SecretString::from(text);
    if !token.expose_secret().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(BadSetting(format!("{BEARER_TOKEN} holds a character that a token cannot have: a blank, a control or no ASCII.")));
    }
    if !bounds.contains(&token.expose_secret().len()) {
        let (least, most, has) = (bounds.start(), bounds.end(), token.expose_secret().len());
        return Err(BadSetting(format!("{BEARER_TOKEN} takes {least} to {most} characters; it has {has}.")));
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdefghijABCDEFGHIJ0123456789-secret";

    fn read(variables: &[(&str, &str)]) -> Result<Option<Environment>, BadSetting> {
        Environment::read(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value)))
    }

    #[test]
    fn without_a_variable_nothing_is_described() {
        assert!(read(&[]).unwrap().is_none());
        assert!(read(&[("ADMIN_GROUP", "admins")]).unwrap().is_none(), "the name is anybody's");
        assert!(read(&[("ADMIN_GROUP", " ")]).unwrap().is_none());
    }

    /// Row 8 (Jumper)
    #[test]
    fn a_misspelt_name_is_spoken_of_and_nobody_else_s() {
        let spoken = |names: &[&str]| mute(&names.iter().map(ToString::to_string).collect::<Vec<_>>());
        for fine in [&[][..], &["ADMIN_GROUP", "SCIM_ENABLED"], &ALLOW_CONFLICTS, &["scim_enabled", "MY_SCIM_URL"]] {
            assert_eq!(spoken(fine), Vec::<String>::new(), "{fine:?}");
        }
        let sentences = spoken(&["SCIM_ALLOW_USER_CREATION_CONFLICT", "SCIM_ENABLED", "ADMIN_GROUP"]);
        assert!(sentences.len() == 1 && sentences[0].starts_with("SCIM_ALLOW_USER_CREATION_CONFLICT is no setting"), "{sentences:?}");
        let sentences = spoken(&["ADMIN_GROUP"]);
        assert!(sentences.len() == 1 && sentences[0].starts_with("ADMIN_GROUP changes nothing"), "{sentences:?}");
        let sentences = spoken(&["SCIM_ENABLE\n", "ADMIN_GROUP"]);
        assert!(
            sentences.len() == 2
                && sentences[0].starts_with("SCIM_ENABLE is no")
                && sentences[1].starts_with("ADMIN_GROUP changes nothing")
        );
    }

    /// Row 8 (Jumper)
    #[test]
    fn everything_is_off_by_default() {
        let read = read(&[("SCIM_BEARER_TOKEN", TOKEN)]).unwrap().unwrap();
        assert!(!read.enabled && !read.allow_user_deletion && !read.allow_user_creation_conflicts && read.admin_group.is_none());
        assert_eq!(read.token.as_ref().unwrap().expose_secret(), TOKEN);
        assert!(!format!("{read:?}").contains("secret"), "{read:?}");
    }

    /// Row 8 (Jumper)
    #[test]
    fn a_switch_is_read_in_every_spelling_that_is_promised() {
        for (text, on) in [("True", true), ("true", true), ("TRUE", true), ("1", true), ("Yes", true), (" yes ", true)].into_iter().chain([
            ("False", false),
            ("false", false),
            ("0", false),
            ("no", false),
            ("NO", false),
        ]) {
            let read = read(&[("SCIM_ALLOW_USER_DELETION", text)]).unwrap().unwrap();
            assert_eq!(read.allow_user_deletion, on, "{text:?}");
        }
        for name in ALLOW_CONFLICTS {
            assert!(read(&[(name, "True")]).unwrap().unwrap().allow_user_creation_conflicts, "{name}");
        }
        assert!(read(&[(ALLOW_CONFLICTS[0], "True"), (ALLOW_CONFLICTS[1], "yes")]).unwrap().unwrap().allow_user_creation_conflicts);
    }

    /// Rows 3, 8 (Jumper)
    #[test]
    fn a_bad_value_is_one_sentence_that_names_the_variable_and_never_says_the_value() {
        let short = &TOKEN[TOKEN.len() - 31..];
        let long = TOKEN.repeat(30);
        for (variables, named) in [
            (&[("SCIM_ENABLED", "secret")][..], "SCIM_ENABLED"),
            (&[("SCIM_ENABLED", "\"True\"")], "SCIM_ENABLED"),
            (&[("SCIM_ENABLED", "on")], "SCIM_ENABLED"),
            (&[("SCIM_ENABLED", "")], "SCIM_ENABLED"),
            (&[("SCIM_BEARER_TOKEN", TOKEN), ("SCIM_ALLOW_USER_DELETION", " ")], "SCIM_ALLOW_USER_DELETION"),
            (&[(ALLOW_CONFLICTS[0], "True"), (ALLOW_CONFLICTS[1], "")], ALLOW_CONFLICTS[1]),
            (&[("SCIM_BEARER_TOKEN", "")], "SCIM_BEARER_TOKEN"),
            (&[("SCIM_ENABLED", "True")], "SCIM_BEARER_TOKEN"),
            (&[("SCIM_ENABLED", "True"), ("SCIM_BEARER_TOKEN", "")], "SCIM_BEARER_TOKEN"),
            (&[("SCIM_BEARER_TOKEN", short)], "SCIM_BEARER_TOKEN"),
            (&[("SCIM_BEARER_TOKEN", &long)], "SCIM_BEARER_TOKEN"),
            (&[("SCIM_BEARER_TOKEN", "0123456789abcdefghij ABCDEFGHIJ secret")], "SCIM_BEARER_TOKEN"),
            (&[("SCIM_ALLOW_USER_DELETION", "2")], "SCIM_ALLOW_USER_DELETION"),
            (&[(ALLOW_CONFLICTS[0], "maybe")], ALLOW_CONFLICTS[0]),
            (&[(ALLOW_CONFLICTS[1], "maybe")], ALLOW_CONFLICTS[1]),
            (&[(ALLOW_CONFLICTS[0], "True"), (ALLOW_CONFLICTS[1], "False")], ALLOW_CONFLICTS[1]),
            (&[("SCIM_ENABLED", "False"), ("ADMIN_GROUP", &"x".repeat(1_025))], "ADMIN_GROUP"),
        ] {
            let sentence = read(variables).unwrap_err().0;
            assert!(sentence.contains(named) && sentence.ends_with('.') && !sentence.contains('\n'), "{sentence}");
            assert!(!sentence.contains("secret") && !sentence.contains("maybe"), "{sentence}");
        }
    }
}
