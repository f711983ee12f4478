//! Reading a request's body: its type, its size and its depth are judged before anything is parsed.

use super::error::Refusal;
use crate::limits;
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode, header},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

/// The whole body, known to be UTF-8 text of bounded size and nesting.
///
/// # Errors
/// 415 for another media type, charset or any content encoding, 413 above `limit` bytes, 400 for what is not UTF-8 or nests too deep.
pub async fn read(headers: &HeaderMap, body: &mut Body, limit: usize) -> Result<Bytes, Refusal> {
    check(headers, limit)?;
    let bytes = match Limited::new(body, limit).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(too_large(limit)),
        Err(_) => return Err(broken()),
    };
    check_text(&bytes)?;
    Ok(bytes)
}

/// What the headers say of a body: its media type, and its length if that is said.
///
/// # Errors
/// 415 and 413, as [`read`].
pub fn check(headers: &HeaderMap, limit: usize) -> Result<(), Refusal> {
    check_type(headers)?;
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) { Err(too_large(limit)) } else { Ok(()) }
}

/// The next bytes of a body; none at its end.
///
/// # Errors
/// 400 for a body that breaks.
pub async fn frame(body: &mut Body) -> Result<Option<Bytes>, Refusal> {
    loop {
        match body.frame().await {
            None => return Ok(None),
            Some(Err(_)) => return Err(broken()),
            // Trailers are nobody's business here.
            Some(Ok(frame)) => {
                if let Ok(bytes) = frame.into_data() {
                    return Ok(Some(bytes));
                }
            }
        }
    }
}

/// A whole text at once.
///
/// # Errors
/// 400 for what is not UTF-8 or nests too deep.
pub fn check_text(bytes: &[u8]) -> Result<(), Refusal> {
    let mut text = Text::default();
    text.go_on(bytes)?;
    text.end()
}

/// A text as it comes: UTF-8, and of bounded nesting.
#[derive(Debug, Default)]
pub struct Text {
    /// The beginning of a character whose end has not come yet.
    begun: Vec<u8>,
    nesting: Nesting,
}

impl Text {
    /// Some more of it.
    ///
    /// # Errors
    /// 400 for what is not UTF-8 or nests too deep.
    pub fn go_on(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let joined;
        let text = if self.begun.is_empty() {
            bytes
        } else {
            joined = [&self.begun, bytes].concat();
            &joined
        };
        self.begun = match std::str::from_utf8(text) {
            Ok(_) => Vec::new(),
            Err(error) if error.error_len().is_none() => text.get(error.valid_up_to()..).unwrap_or_default().to_vec(),
            Err(_) => return Err(no_text()),
        };
        if self.nesting.goes_deeper(bytes, limits::JSON_DEPTH) {
            return Err(Refusal::syntax(format!("The body nests deeper than {} levels.", limits::JSON_DEPTH)));
        }
        Ok(())
    }

    /// Its end.
    ///
    /// # Errors
    /// 400 in the middle of a character.
    pub fn end(&self) -> Result<(), Refusal> {
        if self.begun.is_empty() { Ok(()) } else { Err(no_text()) }
    }
}

fn no_text() -> Refusal {
    Refusal::syntax("The body is not UTF-8 text.")
}

fn broken() -> Refusal {
    Refusal::syntax("The body could not be read to its end.")
}

/// Reads past what nobody read of a body: many clients do not listen before they have said everything, and would see a
/// broken connection instead of the answer. What is still not read beyond [`limits::DISCARDED_BYTES`] breaks it.
pub async fn discard(headers: &HeaderMap, body: &mut Body) {
    if headers.contains_key(header::EXPECT) {
        // This client listens first.
        return;
    }
    let read = async {
        let mut read = 0;
        while read < limits::DISCARDED_BYTES
            && let Some(Ok(frame)) = body.frame().await
        {
            read += frame.data_ref().map_or(0, Bytes::len);
        }
    };
    // Whoever is slower than this is not waited for.
    let _ = tokio::time::timeout(limits::DISCARDING_TIME, read).await;
}

fn too_large(limit: usize) -> Refusal {
    Refusal::too_large("The body", limit, "bytes")
}

/// A missing content type is taken for JSON: some clients leave it out, none means anything else by that.
fn check_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let unsupported = |detail: &str| Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    let plain = |v: &header::HeaderValue| v.to_str().is_ok_and(|v| v.trim().is_empty() || v.trim().eq_ignore_ascii_case("identity"));
    if !headers.get_all(header::CONTENT_ENCODING).iter().all(plain) {
        return unsupported("A body with a Content-Encoding is not taken.");
    }
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let Ok(value) = value.to_str() else { return unsupported("The Content-Type cannot be read.") };
    let mut parts = value.split(';').map(str::trim);
    let media = parts.next().unwrap_or("");
    if !["application/scim+json", "application/json"].iter().any(|known| media.eq_ignore_ascii_case(known)) {
        return unsupported("The Content-Type is neither application/scim+json nor application/json.");
    }
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        let value = value.trim().trim_matches('"');
        if name.trim().eq_ignore_ascii_case("charset") && !value.eq_ignore_ascii_case("utf-8") && !value.eq_ignore_ascii_case("utf8") {
            return unsupported("The charset is not UTF-8.");
        }
    }
    Ok(())
}

/// The brackets of a JSON text that are open. Counted before a parser recurses: a stack overflow is an abort.
#[derive(Debug, Default)]
struct Nesting {
    open: usize,
    quoted: bool,
    escaped: bool,
}

impl Nesting {
    /// Whether some more of the text opens more than `depth` at once.
    fn goes_deeper(&mut self, text: &[u8], depth: usize) -> bool {
        for &byte in text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.quoted => self.escaped = true,
                b'"' => self.quoted = !self.quoted,
                b'[' | b'{' if !self.quoted => {
                    self.open += 1;
                    if self.open > depth {
                        return true;
                    }
                }
                b']' | b'}' if !self.quoted => self.open = self.open.saturating_sub(1),
                _ => {}
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn status(headers: &[(&'static str, &'static str)], body: &'static str, limit: usize) -> StatusCode {
        let headers = headers.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect();
        read(&headers, &mut Body::from(body), limit).await.map_or_else(|refusal| refusal.status(), |_| StatusCode::OK)
    }

    #[tokio::test]
    async fn both_media_types_are_taken_with_or_without_a_charset() {
        for media in ["application/scim+json", "application/json; charset=utf-8", "Application/SCIM+JSON;charset=\"UTF-8\""] {
            assert_eq!(status(&[("content-type", media)], "{}", 9).await, StatusCode::OK, "{media}");
        }
        assert_eq!(status(&[], "{}", 9).await, StatusCode::OK);
    }

    #[tokio::test]
    async fn other_types_charsets_and_encodings_are_not() {
        let refused = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        for header in [
            ("content-type", "text/plain"),
            ("content-type", "application/json; charset=latin1"),
            ("content-type", "application/jsonx"),
            ("content-encoding", "gzip"),
        ] {
            assert_eq!(status(&[header], "{}", 9).await, refused, "{header:?}");
        }
    }

    #[tokio::test]
    async fn a_body_at_the_bound_is_taken_and_one_byte_more_is_not() {
        assert_eq!(status(&[], "{     }", 7).await, StatusCode::OK);
        assert_eq!(status(&[], "{      }", 7).await, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(status(&[("content-length", "8")], "{}", 7).await, StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[tokio::test]
    async fn a_refused_body_is_read_past_and_no_further_than_the_bound() {
        let frames = (0..40).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![0; limits::DISCARDED_BYTES / 16])));
        let mut body = Body::from_stream(tokio_stream::iter(frames));
        assert!(read(&HeaderMap::new(), &mut body, 7).await.is_err());
        discard(&HeaderMap::new(), &mut body).await;
        let mut left = 0;
        while let Some(frame) = body.frame().await {
            left += frame.unwrap().data_ref().map_or(0, Bytes::len);
        }
        assert_eq!(left, (40 - 1 - 16) * limits::DISCARDED_BYTES / 16);
    }

    #[test]
    fn brackets_inside_text_do_not_nest() {
        let nests_deeper = |text: &[u8]| Nesting::default().goes_deeper(text, 1);
        assert!(!nests_deeper(br#"{"a":"[[[[\"[[[["}"#));
        assert!(nests_deeper(b"[["));
        assert!(!nests_deeper(b"[][][]"));
    }

    #[test]
    fn a_text_is_judged_alike_however_it_is_cut() {
        let depth = limits::JSON_DEPTH;
        let nested = |depth: usize| format!("{}\"ä€😀\\\"[\"{}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
        let cut = nested(1).len() / 2;
        let broken = [&nested(1)[..cut], b"\xff"].concat();
        for (text, good) in [(nested(depth), true), (nested(depth + 1), false), (broken, false), ("😀".as_bytes()[..3].to_vec(), false)] {
            assert_eq!(check_text(&text).is_ok(), good);
            for size in 1..7 {
                let mut read = Text::default();
                let judged = text.chunks(size).try_for_each(|some| read.go_on(some)).and_then(|()| read.end());
                assert_eq!(judged.is_ok(), good, "in pieces of {size}");
            }
        }
    }
}
