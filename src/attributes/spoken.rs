//! What is wrong with a text or a value, in words of our own: those of the library that reads it are nobody's contract, and may
//! repeat what was sent.

use std::fmt::Display;

/// What serde says of a value that is not of the kind that was asked for; after the last comma stands which.
const MISMATCH: [&str; 3] = ["invalid type: ", "invalid value: ", "invalid length "];
/// What the JSON library says of a text that is none.
const SYNTAX: [&str; 15] = [
    "expected `",
    "expected ident",
    "expected value",
    "invalid escape",
    "invalid number",
    "number out of range",
    "invalid unicode",
    "control character",
    "key must be",
    "expected numeric key",
    "float key",
    "lone leading",
    "trailing c",
    "unexpected end of hex",
    "recursion limit",
];

/// A refusal of whatever reads texts and values, without a full stop at its end.
pub fn spoken(error: &impl Display) -> String {
    let text = error.to_string();
    let (said, place) = match text.rsplit_once(" at line ").and_then(|(said, at)| Some((said, at.split_once(" column ")?))) {
        Some((said, (line, column))) if is_number(line) && is_number(column) => (said, format!(" (line {line}, column {column})")),
        _ => (text.as_str(), String::new()),
    };
    let what = if said.starts_with("EOF") {
        "the text ends too early".to_owned()
    } else if SYNTAX.iter().any(|begins| said.starts_with(begins)) {
        "the text is not JSON".to_owned()
    } else if MISMATCH.iter().any(|begins| said.starts_with(begins)) {
        let expected = said.rsplit_once(", expected ").map_or("what belongs here", |(_, expected)| expected);
        format!("something else than {expected} is given")
    } else {
        said.to_owned()
    };
    format!("{what}{place}")
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<T: serde::de::DeserializeOwned>(text: &str) -> String {
        spoken(&serde_json::from_str::<T>(text).err().unwrap())
    }

    #[test]
    fn no_word_of_a_library_and_none_of_the_client_s_is_repeated() {
        let broken = [
            "",
            "{",
            "{\"a",
            "{\"a\":",
            "[1",
            "{\"a\" 1}",
            "{\"a\":1,}",
            "[1 2]",
            "{a:1}",
            "nul",
            "\"\\q\"",
            "\"\\ud800\"",
            "\"\\u12\"",
            "\"\n\"",
            "01",
            "1e999",
            "{} {}",
            "1.",
        ];
        for text in broken {
            let said = refused::<serde_json::Value>(text);
            let known = said.starts_with("the text ends too early (line ") || said.starts_with("the text is not JSON (line ");
            assert!(known, "{text:?}: {said}");
        }
        let said = refused::<Vec<String>>("\n {\"secret, expected a lie\": 1}");
        assert!(said.starts_with("something else than a sequence is given (line 2, column "), "{said}");
        let said = refused::<bool>("\"secret, expected a lie at line 1 column 1\"");
        assert!(said.starts_with("something else than a boolean is given (line 1, column "), "{said}");
    }

    #[test]
    fn what_we_say_ourselves_stays() {
        assert_eq!(spoken(&"a key is given twice at line 3 column 7"), "a key is given twice (line 3, column 7)");
        assert_eq!(spoken(&"meet at line end"), "meet at line end");
    }
}
