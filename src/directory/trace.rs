//! The trace a call is part of (W3C Trace Context, section 3.2).

/// Bytes of a `traceparent` of version 00; later versions begin with the same.
const BYTES: usize = 55;

/// What a `traceparent` header says in the form of version 00; nothing for one that says nothing, as the standard asks for.
pub(super) fn parent(header: &str) -> Option<&str> {
    let (known, rest) = header.split_at_checked(BYTES)?;
    let mut parts = known.split('-');
    let [version, trace, span, flags] = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    let hex = |text: &str, bytes: usize| text.len() == bytes && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let some = |text: &str, bytes: usize| hex(text, bytes) && text.bytes().any(|byte| byte != b'0');
    let understood = hex(version, 2) && some(trace, 32) && some(span, 16) && hex(flags, 2) && parts.next().is_none();
    let ends = if version == "00" { rest.is_empty() } else { version != "ff" && (rest.is_empty() || rest.starts_with('-')) };
    (understood && ends).then_some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_trace_is_kept_as_it_came() {
        assert_eq!(parent(GOOD), Some(GOOD));
        let later = GOOD.replacen("00", "cc", 1);
        assert_eq!(parent(&later), Some(later.as_str()));
        assert_eq!(parent(&format!("{later}-what-will-be")), Some(later.as_str()));
    }

    #[test]
    fn what_is_no_trace_is_not_kept() {
        let nothing = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"].map(|id| GOOD.replace(id, &"0".repeat(id.len())));
        let odd =
            [GOOD.to_uppercase(), format!("{GOOD}-more"), GOOD.replacen("00", "ff", 1), GOOD.replace('-', "_"), GOOD[..54].to_owned()];
        for odd in odd.iter().chain(&nothing).map(String::as_str).chain(["", "junk", &"x".repeat(9_000), &"é".repeat(28)]) {
            assert_eq!(parent(odd), None, "{odd}");
        }
    }
}
