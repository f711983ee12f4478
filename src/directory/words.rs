//! What SCIM calls an attribute, in the contract's words.

use crate::attributes::table::{ENTERPRISE_URN, GROUP_URN, USER_URN};

/// The field of a user or group that an attribute is: `name.givenName` → `name.given_name`. Empty for the resource itself.
pub(super) fn of(path: &str) -> String {
    let behind = |urn: &str| {
        let (head, rest) = path.split_at_checked(urn.len())?;
        head.eq_ignore_ascii_case(urn).then(|| rest.trim_start_matches([':', '.']))
    };
    if let Some(rest) = behind(USER_URN).or_else(|| behind(GROUP_URN)) {
        return snake(rest);
    }
    match behind(ENTERPRISE_URN) {
        Some("") => "enterprise".to_owned(),
        Some(rest) => format!("enterprise.{}", snake(rest)),
        None if path.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("urn:")) => "extensions".to_owned(),
        None => snake(path),
    }
}

/// In small letters; without what chooses among values.
fn snake(path: &str) -> String {
    // The one attribute that the contract has many of, and the word for a resource as a whole.
    let path = match path {
        "externalId" => "externalIds",
        "resource" => "",
        path => path,
    };
    let (mut words, mut depth) = (String::with_capacity(path.len() + 4), 0_usize);
    for letter in path.chars() {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            '$' => {}
            letter if letter.is_ascii_uppercase() => {
                words.push('_');
                words.push(letter.to_ascii_lowercase());
            }
            letter => words.push(letter),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn an_attribute_is_a_field_of_the_contract() {
        let department = format!("{}:department", super::ENTERPRISE_URN.to_lowercase());
        for (path, field) in [
            ("userName", "user_name"),
            ("name.givenName", "name.given_name"),
            ("emails[type eq \"work\"].value", "emails.value"),
            ("externalId", "external_ids"),
            ("resource", ""),
            (department.as_str(), "enterprise.department"),
            (super::ENTERPRISE_URN, "enterprise"),
            ("urn:ietf:params:scim:schemas:core:2.0:User:nickName", "nick_name"),
            ("urn:example:x:shoe", "extensions"),
        ] {
            assert_eq!(of(path), field, "{path}");
        }
    }
}
