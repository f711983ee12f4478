//! Small corrections of filters and paths as text, made before the one parser reads them. What does not look exactly like
//! the case at hand is left as it is, for the parser to judge.

use super::values::boolean;
use crate::attributes::{ResourceType, path::Path, row::Kind};

/// Takes the quotes off `"True"` and `"false"` where a boolean attribute is compared with them:
/// `roles[primary eq "True"].value` becomes `roles[primary eq true].value`. Also says how often it did.
pub fn unquote_booleans(kind: ResourceType, text: &str) -> (String, u32) {
    let mut times = 0;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // The list whose brackets are open, and the last two words: an attribute and an operator.
    let (mut list, mut words) = (String::new(), [String::new(), String::new()]);
    while let Some(c) = rest.chars().next() {
        match c {
            '"' => {
                let end = literal_end(rest);
                let (literal, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                let inside = literal.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
                match inside.and_then(boolean).filter(|_| is_boolean(kind, &list, &words)) {
                    Some(value) => {
                        times += 1;
                        out.push_str(if value { "true" } else { "false" });
                    }
                    None => out.push_str(literal),
                }
                rest = after;
            }
            '[' | ']' | '(' | ')' | ' ' => {
                if c == '[' {
                    list = std::mem::take(&mut words[1]);
                } else if c == ']' {
                    list.clear();
                }
                out.push(c);
                rest = rest.get(1..).unwrap_or("");
            }
            _ => {
                let end = rest.find(['"', '[', ']', '(', ')', ' ']).unwrap_or(rest.len());
                let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                words.rotate_left(1);
                word.clone_into(&mut words[1]);
                out.push_str(word);
                rest = after;
            }
        }
    }
    (out, times)
}

/// The id in `members[value eq "id"]`, if that is all a path is.
pub fn sole_value(path: &str, list: &str) -> Option<String> {
    let (name, rest) = path.split_once('[')?;
    let (inside, after) = rest.rsplit_once(']')?;
    let mut words = inside.trim().splitn(3, ' ');
    let (attribute, operator, literal) = (words.next()?, words.next()?, words.next()?.trim());
    let is = |text: &str, word: &str| text.eq_ignore_ascii_case(word);
    if !is(name.trim(), list)
        || !after.is_empty()
        || !is(attribute, "value")
        || !is(operator, "eq")
        || literal_end(literal) != literal.len()
    {
        return None;
    }
    serde_json::from_str(literal).ok()
}

/// Whether the words before a literal compare a boolean attribute.
fn is_boolean(kind: ResourceType, list: &str, words: &[String; 2]) -> bool {
    let [name, operator] = words;
    if !["eq", "ne"].iter().any(|known| operator.eq_ignore_ascii_case(known)) {
        return false;
    }
    let path = if list.is_empty() { name.clone() } else { format!("{list}.{name}") };
    Path::parse(kind, &path).ok().and_then(|path| path.attribute()).is_some_and(|attribute| attribute.kind == Kind::Boolean)
}

/// Where a text that begins with a quotation mark ends it; its whole length if it never does.
fn literal_end(text: &str) -> usize {
    let mut escaped = true; // the opening mark itself
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unquoted(text: &str) -> String {
        let (unquoted, times) = unquote_booleans(ResourceType::User, text);
        assert_eq!(times > 0, unquoted != text);
        unquoted
    }

    #[test]
    fn a_quoted_boolean_is_unquoted_only_beside_a_boolean_attribute() {
        assert_eq!(unquoted(r#"roles[primary eq "True"].value"#), "roles[primary eq true].value");
        assert_eq!(unquoted(r#"Active EQ "FALSE" and userName eq "true""#), r#"Active EQ false and userName eq "true""#);
        assert_eq!(unquoted(r#"emails[type eq "true" and primary ne "false"]"#), r#"emails[type eq "true" and primary ne false]"#);
        assert_eq!(unquoted(r#"emails.primary eq "true""#), "emails.primary eq true");
        assert_eq!(
            unquoted(r#"(active eq "true") and title eq "active eq \"true\"""#),
            r#"(active eq true) and title eq "active eq \"true\"""#
        );
    }

    #[test]
    fn what_is_no_such_comparison_is_left_alone() {
        for text in [r#"active eq "yes""#, r#"active co "true""#, r#""true"#, r#"active eq "true"#, "", "é[", r#"userName eq "a"b"#] {
            assert_eq!(unquoted(text), text);
        }
    }

    #[test]
    fn a_member_s_id_is_read_from_its_filter() {
        assert_eq!(sole_value(r#"members[value eq "41c2"]"#, "members").as_deref(), Some("41c2"));
        assert_eq!(sole_value(r#"Members[Value Eq "4\"1"]"#, "members").as_deref(), Some("4\"1"));
        for path in [r#"members[value eq "a" or value eq "b"]"#, r#"members[value eq "a"].display"#, "members", r#"emails[value eq "a"]"#] {
            assert_eq!(sole_value(path, "members"), None, "{path}");
        }
    }
}
