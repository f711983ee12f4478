//! Small corrections of filters and paths as text, made before the one parser reads them. What does not look exactly like
//! the case at hand is left as it is, for the parser to judge.

use super::{operations::Rules, values::boolean};
use crate::attributes::{path::Path, row::Kind};

/// Makes `true` and `false` of their other spellings, `"True"`, `"false"` and `TRUE`, where a boolean attribute is compared
/// with them: `roles[primary eq "True"].value` becomes `roles[primary eq true].value`. Also says how often it did.
pub fn unquote_booleans(is_boolean: impl Fn(&str) -> bool, text: &str) -> (String, u32) {
    let mut times = 0;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // The list whose brackets are open, or were closed last, and the last two words: an attribute and an operator.
    let (mut list, mut closed, mut words) = (String::new(), String::new(), [String::new(), String::new()]);
    while let Some(c) = rest.chars().next() {
        match c {
            '"' => {
                let end = literal_end(rest);
                let (literal, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                let inside = literal.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
                match inside.and_then(boolean).filter(|_| is_compared(&is_boolean, &list, &words)) {
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
                    closed = std::mem::take(&mut list);
                }
                out.push(c);
                rest = rest.get(1..).unwrap_or("");
            }
            _ => {
                let end = rest.find(['"', '[', ']', '(', ')', ' ']).unwrap_or(rest.len());
                let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                match boolean(word).filter(|value| value.to_string() != word && is_compared(&is_boolean, &list, &words)) {
                    Some(value) => {
                        times += 1;
                        out.push_str(if value { "true" } else { "false" });
                    }
                    None => out.push_str(word),
                }
                words.rotate_left(1);
                words[1] = if word.starts_with('.') { format!("{closed}{word}") } else { word.to_owned() };
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

impl Rules<'_> {
    /// Whether a path leads to a boolean, of this type of resource or, where a filter spans the types, of the other.
    pub fn is_boolean(&self, path: &str, spans_types: bool) -> bool {
        let is = |kind| {
            let path = Path::parse_in(kind, self.schemas, path).ok();
            let of = path.and_then(|path| path.attribute().map(|a| a.kind).or_else(|| path.definition().map(|d| d.kind)));
            of == Some(Kind::Boolean)
        };
        is(self.kind) || (spans_types && is(self.kind.other()))
    }
}

/// Whether the words before a literal compare a boolean attribute.
fn is_compared(is_boolean: impl Fn(&str) -> bool, list: &str, words: &[String; 2]) -> bool {
    let [name, operator] = words;
    if !["eq", "ne"].iter().any(|known| operator.eq_ignore_ascii_case(known)) {
        return false;
    }
    if list.is_empty() { is_boolean(name) } else { is_boolean(&format!("{list}.{name}")) }
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
    use crate::attributes::ResourceType;

    fn unquoted(text: &str) -> String {
        let is_boolean = |path: &str| {
            Path::parse(ResourceType::User, path).ok().and_then(|path| path.attribute()).is_some_and(|a| a.kind == Kind::Boolean)
        };
        let (unquoted, times) = unquote_booleans(is_boolean, text);
        assert_eq!(times > 0, unquoted != text);
        unquoted
    }

    #[test]
    fn a_quoted_boolean_is_unquoted_only_beside_a_boolean_attribute() {
        assert_eq!(unquoted(r#"roles[primary eq "True"].value"#), "roles[primary eq true].value");
        assert_eq!(unquoted(r#"Active EQ "FALSE" and userName eq "true""#), r#"Active EQ false and userName eq "true""#);
        assert_eq!(unquoted(r#"emails[type eq "true" and primary ne "false"]"#), r#"emails[type eq "true" and primary ne false]"#);
        assert_eq!(unquoted(r#"emails.primary eq "true""#), "emails.primary eq true");
        assert_eq!(unquoted(r#"emails[type eq "work"].primary eq "True""#), r#"emails[type eq "work"].primary eq true"#);
        assert_eq!(unquoted("active eq TRUE and (active ne False)"), "active eq true and (active ne false)");
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
