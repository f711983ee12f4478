//! Folding: what is compared, sorted and looked up. Nothing is stored or shown folded, and no database folds anything.

use super::error::{AttributeError, Result};
use super::row::Fold;
use crate::limits;
use icu_casemap::CaseMapper;
use precis_profiles::UsernameCaseMapped;
use precis_profiles::precis_core::profile::Profile as _;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization as _;

/// Passes after which a folding that has not come to rest is given up; two have always been enough.
const PASSES: usize = 8;

/// The key of a `userName`: RFC 8265's `UsernameCaseMapped` on each part between single spaces, and the final sigma as any
/// other. The profile maps letter by letter (section 3.3.2 leaves that open), and so would not know the lower case of a name
/// that ends in one. No other letters are joined: the RFC keeps ß and ss apart.
///
/// # Errors
/// `INVALID_VALUE` when empty, over [`limits::USER_NAME_BYTES`], with leading, trailing or doubled spaces, or with
/// characters that no user name may have (controls, most symbols outside ASCII, mixed directions).
pub fn user_name(name: &str) -> Result<String> {
    if name.is_empty() {
        return Err(AttributeError::required("userName"));
    }
    if name.len() > limits::USER_NAME_BYTES {
        return Err(AttributeError::bound("userName", limits::USER_NAME_BYTES, "bytes"));
    }
    let mut key = String::with_capacity(name.len());
    for part in name.split(' ') {
        if part.is_empty() {
            return Err(AttributeError::value("userName", "userName may not begin or end with a space or have two in a row."));
        }
        if !key.is_empty() {
            key.push(' ');
        }
        key.push_str(&user_name_part(part)?);
    }
    Ok(key)
}

/// One part, prepared until it stays as it is (RFC 8264 section 7 asks for that).
fn user_name_part(part: &str) -> Result<String> {
    if part.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(part.to_ascii_lowercase());
    }
    let profile = UsernameCaseMapped::new();
    let mut now = part.to_owned();
    for _ in 0..PASSES {
        let next = profile.enforce(now.as_str()).map_err(|_| refused())?.replace('\u{3c2}', "\u{3c3}");
        if next == now {
            return Ok(now);
        }
        now = next;
    }
    Err(refused())
}

fn refused() -> AttributeError {
    AttributeError::value("userName", "userName has a character that RFC 8265 does not allow in user names.")
}

/// What a `userName` compares as: its key, or for a text that can be no user name its caseless form.
pub fn user_name_key(text: &str) -> String {
    user_name(text).unwrap_or_else(|_| caseless(text))
}

/// What attributes compare as that are not `caseExact`: compatibility-composed and case-folded (the Unicode Standard,
/// section 3.13, as `NFKC_Casefold` but for what it would drop), character by character whatever stands around it.
/// What differs in letter case alone folds alike; folding twice changes nothing.
pub fn caseless(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let cases = CaseMapper::new();
    let mut now = text.to_owned();
    for _ in 0..PASSES {
        let composed: String = now.nfkc().collect();
        let next: String = cases.fold_string(&composed).nfkc().collect();
        if next == now {
            break;
        }
        now = next;
    }
    now
}

/// The key of an e-mail address: caseless as a whole, without spaces around it.
pub fn email(address: &str) -> String {
    caseless(address).trim().to_owned()
}

/// A text as an attribute with this folding compares it.
pub fn apply(fold: Fold, text: &str) -> Cow<'_, str> {
    match fold {
        Fold::Exact => Cow::Borrowed(text),
        Fold::Caseless if text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) => Cow::Borrowed(text),
        Fold::Caseless => Cow::Owned(caseless(text)),
        Fold::UserName => Cow::Owned(user_name_key(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn user_names_fold_letter_case_and_width_and_keep_inner_spaces() {
        assert_eq!(user_name("Ines Okafor").unwrap(), "ines okafor");
        assert_eq!(user_name("BJensen@Example.COM").unwrap(), "bjensen@example.com");
        assert_eq!(user_name("\u{ff29}nes").unwrap(), "ines");
        assert_eq!(user_name("E\u{301}va").unwrap(), user_name("\u{c9}VA").unwrap());
    }

    #[test]
    fn user_names_that_cannot_be_told_apart_are_refused() {
        for bad in ["", " ines", "ines ", "ines  okafor", "i\0nes", "i\tnes", "i\u{7f}nes", "\u{2028}x"] {
            assert!(user_name(bad).is_err(), "{bad:?}");
        }
        assert_eq!(user_name(&"a".repeat(limits::USER_NAME_BYTES)).unwrap().len(), limits::USER_NAME_BYTES);
        let long = user_name(&"a".repeat(limits::USER_NAME_BYTES + 1)).unwrap_err();
        assert_eq!(long.limit, Some(limits::USER_NAME_BYTES));
    }

    #[test]
    fn the_ascii_road_agrees_with_the_profile() {
        let graphic: String = (0x21..0x7f_u8).map(char::from).collect();
        assert_eq!(user_name(&graphic).unwrap(), UsernameCaseMapped::new().enforce(graphic.as_str()).unwrap());
    }

    #[test]
    fn a_user_name_has_one_key_in_any_letter_case_whatever_its_characters() {
        // RFC 8265 lowers and folds nothing: where upper case makes two letters of one they stay two names, as it has it of ß.
        let apart = [
            '\u{df}'..='\u{df}',     // ß, SS.
            '\u{131}'..='\u{131}',   // ı, I, which is i's: Turkish alone joins them.
            '\u{345}'..='\u{345}',   // The iota below, which upper case makes a letter of its own, as it does below these:
            '\u{1f80}'..='\u{1faf}', // ᾀ, ἈΙ
            '\u{1fb2}'..='\u{1fb4}',
            '\u{1fb7}'..='\u{1fb7}',
            '\u{1fbc}'..='\u{1fbc}',
            '\u{1fc2}'..='\u{1fc4}',
            '\u{1fc7}'..='\u{1fc7}',
            '\u{1fcc}'..='\u{1fcc}',
            '\u{1ff2}'..='\u{1ff4}',
            '\u{1ff7}'..='\u{1ff7}',
            '\u{1ffc}'..='\u{1ffc}',
        ];
        let is_apart = |c: char| apart.iter().any(|range| range.contains(&c));
        let mut wrong = Vec::new();
        for c in '\0'..=char::MAX {
            let text = format!("x{c}x");
            let Ok(key) = user_name(&text) else { continue };
            assert_eq!(user_name(&text.to_lowercase()).as_ref(), Ok(&key), "{c:?} and its lower case");
            assert_eq!(user_name(&key).as_ref(), Ok(&key), "{c:?} has come to rest");
            // An upper case that is younger than the profile's tables is refused, and so no second name.
            let differs = user_name(&text.to_uppercase()).is_ok_and(|upper| upper != key);
            if differs != is_apart(c) {
                wrong.push(c);
            }
        }
        assert_eq!(wrong, Vec::<char>::new(), "differ from their upper case, or stand in the list and do not");
        for (one, other) in [("x.ΝΙΚΟΣ", "x.νικος"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("ΝΙΚΟΣ Σ.", "νικος σ.")] {
            assert_eq!(user_name(one), user_name(other));
            assert_eq!(user_name_key(one), user_name_key(other));
        }
        assert_ne!(user_name("straße"), user_name("strasse"));
    }

    #[test]
    fn no_character_has_a_key_that_differs_by_letter_case() {
        for c in '\0'..=char::MAX {
            let (upper, lower): (String, String) = (c.to_uppercase().collect(), c.to_lowercase().collect());
            let key = caseless(c.encode_utf8(&mut [0; 4]));
            // Turkish: upper case makes one letter of the dotted and the dotless i, which folding tells apart.
            assert!(key == caseless(&upper) || c == '\u{131}', "{c:?}: {key:?} and {upper:?}");
            assert_eq!(key, caseless(&lower), "{c:?} and {lower:?}");
            assert_eq!(key, caseless(&key), "{c:?} has come to rest");
        }
    }

    #[test]
    fn letters_that_only_upper_case_makes_equal_compare_equal() {
        assert_eq!(caseless("\u{3f2}"), caseless("\u{3f9}"));
        assert_eq!(caseless("Οδυσσέας"), caseless("ΟΔΥΣΣΈΑΣ"));
        assert_eq!(caseless("Straße"), "strasse");
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in any::<String>()) {
            let once = caseless(&text);
            prop_assert_eq!(caseless(&once), once.clone());
            prop_assert_eq!(email(&email(&text)), email(&text));
            if let Ok(key) = user_name(&text) {
                prop_assert_eq!(user_name(&key), Ok(key));
            }
        }

        #[test]
        fn what_compares_equal_has_one_key(text in "\\PC{0,12}") {
            prop_assert_eq!(email(&text.to_uppercase().to_lowercase()), email(&text.to_uppercase()));
        }
    }
}
