//! Filters and PATCH paths, cut into tokens. Depth is counted here, before any tree exists: nothing recurses into
//! a text that nests too deep.

use super::error::{AttributeError, Result};
use crate::limits;

/// A piece of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// An attribute path, an operator or a keyword.
    Word(&'a str),
    /// `.name` right after a closing bracket.
    Sub(&'a str),
    /// A JSON string, its escapes resolved.
    Text(String),
    /// What looks like a JSON number.
    Number(&'a str),
    /// `:name`
    Parameter(&'a str),
    /// One of `( ) [ ]`.
    Sign(char),
}

impl Token<'_> {
    /// Whether it is this keyword, whatever its letter case.
    pub fn is(&self, keyword: &str) -> bool {
        matches!(self, Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

/// Tokens and the byte each begins at.
pub(super) type Tokens<'a> = Vec<(usize, Token<'a>)>;

/// Cuts a text.
///
/// # Errors
/// `INVALID_FILTER` at the byte that fits nothing, or that nests deeper than [`limits::FILTER_DEPTH`].
pub(super) fn tokens(text: &str) -> Result<Tokens<'_>> {
    let mut tokens: Tokens<'_> = Vec::new();
    let mut open: Vec<(char, usize)> = Vec::new();
    let mut depth = 0;
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let at = text.len() - rest.len();
        let Some(first) = rest.chars().next() else { break };
        let (token, after) = match first {
            '(' | '[' => {
                // `not (` is a level of its own.
                let levels = if tokens.last().is_some_and(|(_, t)| t.is("not")) { 2 } else { 1 };
                depth += levels;
                if depth > limits::FILTER_DEPTH {
                    let detail = format!("The filter nests deeper than {} levels.", limits::FILTER_DEPTH);
                    return Err(AttributeError { limit: Some(limits::FILTER_DEPTH), ..AttributeError::filter(at, detail) });
                }
                open.push((if first == '(' { ')' } else { ']' }, levels));
                sign(rest, first)
            }
            ')' | ']' => {
                match open.pop() {
                    Some((close, levels)) if close == first => depth -= levels,
                    Some((close, _)) => return Err(expected(&format!("{close:?}"), at)),
                    None => return Err(AttributeError::filter(at, format!("{first:?} at byte {at} closes nothing."))),
                }
                sign(rest, first)
            }
            '"' => string(rest, at)?,
            '.' if matches!(tokens.last(), Some((_, Token::Sign(']')))) => {
                let (name, after) = run(rest.get(1..).unwrap_or_default(), in_name);
                (Token::Sub(name), after)
            }
            ':' => {
                let (name, after) = run(rest.get(1..).unwrap_or_default(), |c| c.is_ascii_alphanumeric() || c == '_');
                (Token::Parameter(name), after)
            }
            c if c == '-' || c.is_ascii_digit() => {
                let (number, after) = run(rest, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.'));
                (Token::Number(number), after)
            }
            c if c == '$' || c.is_ascii_alphabetic() => {
                let (word, after) = run(rest, |c| in_name(c) || matches!(c, '.' | ':'));
                (Token::Word(word), after)
            }
            _ => return Err(expected("an attribute, an operator or a value", at)),
        };
        // `eq"x"` and `"x"and` are no forms of the grammar.
        let touches = text.get(..at).is_some_and(|before| before.ends_with(|c| in_name(c) || matches!(c, '.' | ':' | '"')));
        if touches && !matches!(token, Token::Sign(_)) {
            return Err(expected("a blank", at));
        }
        if matches!(token, Token::Sub("") | Token::Parameter("")) {
            return Err(expected("a name", at + 1));
        }
        tokens.push((at, token));
        rest = after;
    }
    match open.pop() {
        Some((close, _)) => Err(expected(&format!("{close:?}"), text.len())),
        None => Ok(tokens),
    }
}

/// The one form of "this is not what the grammar has here".
pub(super) fn expected(what: &str, at: usize) -> AttributeError {
    AttributeError::filter(at, format!("Expected {what} at byte {at}."))
}

fn in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '$')
}

fn sign(rest: &str, sign: char) -> (Token<'_>, &str) {
    (Token::Sign(sign), rest.get(1..).unwrap_or_default())
}

fn run(rest: &str, holds: impl Fn(char) -> bool) -> (&str, &str) {
    rest.split_at(rest.find(|c| !holds(c)).unwrap_or(rest.len()))
}

/// A JSON string from its opening quote on.
fn string(rest: &str, at: usize) -> Result<(Token<'static>, &str)> {
    let mut value = String::new();
    let mut chars = rest.char_indices();
    chars.next();
    while let Some((i, c)) = chars.next() {
        match c {
            '"' => return Ok((Token::Text(value), chars.as_str())),
            '\\' => {
                let escaped = escape(&mut chars).ok_or_else(|| expected("a JSON escape", at + i))?;
                value.push(escaped);
            }
            c if c < ' ' => return Err(expected("no control character inside quotes", at + i)),
            c => value.push(c),
        }
    }
    Err(expected("a closing quote", at + rest.len()))
}

fn escape(chars: &mut std::str::CharIndices<'_>) -> Option<char> {
    Some(match chars.next()?.1 {
        c @ ('"' | '\\' | '/') => c,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => {
            let first = hex(chars)?;
            if !(0xd800..0xdc00).contains(&first) {
                return char::from_u32(first);
            }
            // A character beyond the basic plane comes as two halves.
            let (backslash, u) = (chars.next()?.1, chars.next()?.1);
            let second = hex(chars).filter(|h| (0xdc00..0xe000).contains(h) && backslash == '\\' && u == 'u')?;
            return char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00));
        }
        _ => return None,
    })
}

fn hex(chars: &mut std::str::CharIndices<'_>) -> Option<u32> {
    (0..4).try_fold(0, |value, _| Some(value * 16 + chars.next()?.1.to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_keep_what_the_grammar_uses_outside_quotes() {
        let cut = tokens(r#"a eq "x ] and ) \" \\ \u00e9 \ud83e\udd91""#).unwrap();
        assert_eq!(cut.last().unwrap().1, Token::Text("x ] and ) \" \\ é 🦑".to_owned()));
        let cut = tokens("emails[type eq :kind].value ge -1.5e3").unwrap();
        assert_eq!(cut.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 6, 7, 12, 15, 20, 21, 28, 31]);
    }

    #[test]
    fn broken_texts_say_at_which_byte() {
        for (text, at) in [
            ("a eq \"x", 7),
            ("a eq \"\\x\"", 6),
            ("a eq \"\\ud83e\"", 6),
            ("(a pr", 5),
            ("a pr)", 4),
            ("(a pr]", 5),
            ("a eq 'x'", 5),
            ("a eq \"\n\"", 6),
            ("é pr", 0),
            ("a eq :", 6),
            ("a[b pr].", 8),
            ("a eq\"x\"", 4),
            ("a eq \"x\"and b pr", 8),
            ("a eq :x:y", 7),
        ] {
            assert_eq!(tokens(text).unwrap_err().offset, Some(at), "{text}");
        }
    }

    #[test]
    fn depth_is_refused_before_any_tree_exists() {
        let nested = |n: usize| "(".repeat(n) + "a pr" + &")".repeat(n);
        assert!(tokens(&nested(limits::FILTER_DEPTH)).is_ok());
        assert_eq!(tokens(&nested(limits::FILTER_DEPTH + 1)).unwrap_err().limit, Some(limits::FILTER_DEPTH));
        assert!(tokens(&"not (".repeat(limits::FILTER_DEPTH)).is_err());
    }

    proptest! {
        #[test]
        fn any_json_string_reads_as_json_does(value in any::<String>()) {
            let json = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(tokens(&json).unwrap(), vec![(0, Token::Text(value))]);
        }

        #[test]
        fn no_text_breaks_it(text in any::<String>()) {
            let _ = tokens(&text);
        }
    }
}
