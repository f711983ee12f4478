//! Which pages in a browser may call the gRPC face.

use super::{BadSetting, web_url};

/// Origins that may: a page of another one is refused by the browser that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// Any page.
    Any,
    /// Pages of these, each as a browser writes it: `https://console.example.com`.
    These(Vec<String>),
}

impl Origins {
    /// Reads the values of the setting; `None` if there are none.
    ///
    /// # Errors
    /// With the sentence that names the setting and what is wrong.
    pub(super) fn read(texts: &[String]) -> Result<Option<Origins>, BadSetting> {
        const NAME: &str = "--grpc-web-origins";
        const EXAMPLE: &str = "https://console.example.com";
        let texts: Vec<&str> = texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).collect();
        if texts.is_empty() {
            return Ok(None);
        }
        if texts == ["*"] {
            return Ok(Some(Origins::Any));
        }
        if texts.contains(&"*") {
            return Err(BadSetting(format!("{NAME} names * beside others; * is any origin, and stands alone.")));
        }
        let read = |text: &&str| {
            let url = web_url(NAME, text, EXAMPLE)?;
            // "https://h" and "https://h/" are the same URL.
            if url.path() != "/" {
                return Err(BadSetting(format!("{NAME} has a path; it takes for example {EXAMPLE}.")));
            }
            Ok(url.origin().ascii_serialization())
        };
        Ok(Some(Origins::These(texts.iter().map(read).collect::<Result<_, _>>()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> Result<Option<Origins>, BadSetting> {
        Origins::read(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn an_origin_is_read_as_browsers_write_it() {
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&["", " "]).unwrap(), None, "an empty variable is one that is not set");
        assert_eq!(read(&["*"]).unwrap(), Some(Origins::Any));
        let these = ["https://Console.Example.com/", " http://localhost:5173", "https://h:443"];
        let read = read(&these).unwrap();
        let written = ["https://console.example.com", "http://localhost:5173", "https://h"];
        assert_eq!(read, Some(Origins::These(written.map(str::to_owned).to_vec())));
    }

    #[test]
    fn what_is_no_origin_is_one_sentence_that_names_the_setting() {
        for bad in
            [&["console.example.com"][..], &["https://h/path"], &["ftp://h"], &["https://u:secret@h"], &["https://h", "*"], &["null"]]
        {
            let sentence = read(bad).unwrap_err().0;
            assert!(sentence.starts_with("--grpc-web-origins ") && sentence.ends_with('.') && !sentence.contains("secret"), "{sentence}");
        }
    }
}
