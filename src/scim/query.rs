//! A request's query string: what is known is understood or refused, what is unknown is ignored.

use super::{error::Refusal, path::decode};
use crate::{api::v1, attributes::ResourceType, limits};
use axum::http::request::Parts;

/// The order of a list nobody asked an order for: ids grow with time.
pub const NEWEST_FIRST: &str = "id desc";

/// What a query string asked for (RFC 7644 sections 3.4.2 and 3.9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// The filter expression, decoded; never empty.
    pub filter: Option<String>,
    /// The attribute to order by.
    pub sort_by: Option<String>,
    /// Whether the order is reversed.
    pub descending: bool,
    /// The first resource wanted, counted from 1; absent = 1.
    pub start_index: Option<i64>,
    /// Resources wanted at most: 0 to [`limits::SCIM_PAGE_MAX`]; absent = [`limits::PAGE_DEFAULT`].
    pub count: Option<usize>,
    /// Where a page begins, with cursors (RFC 9865): the `nextCursor` before, or empty for the first page; absent = by index.
    pub cursor: Option<String>,
    /// Whether users and groups are asked alike: what one of them has no attribute for has no value there.
    pub spans_types: bool,
    /// The attributes wanted instead of the default set.
    pub attributes: Vec<String>,
    /// The attributes not wanted; empty when `attributes` is given, which wins (RFC 7644 leaves the pair open).
    pub excluded: Vec<String>,
}

impl Query {
    /// Reads a request's query string.
    ///
    /// # Errors
    /// As [`Query::parse`].
    pub fn of(parts: &Parts) -> Result<Query, Refusal> {
        Query::parse(parts.uri.query().unwrap_or(""))
    }

    /// Reads a raw query string. Names of parameters are matched without regard to case: a `Filter` that was ignored
    /// would answer with everybody.
    ///
    /// # Errors
    /// 400 for an empty or unreadable filter, a bad number, or a known parameter given twice.
    pub fn parse(raw: &str) -> Result<Query, Refusal> {
        let mut query = Query::default();
        let (mut bad_count, mut bad_start) = (None, None);
        for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(name) = decode(name) else { continue };
            match name.to_ascii_lowercase().as_str() {
                "filter" => {
                    let filter = filter_text(value)?;
                    once("filter", query.filter.replace(filter).is_some())?;
                }
                "sortby" => {
                    let sort_by = text("sortBy", value)?;
                    once("sortBy", query.sort_by.replace(sort_by).is_some())?;
                }
                "sortorder" => query.set_order(&text("sortOrder", value)?)?,
                "startindex" => {
                    // Whatever it says: beside a cursor it is the one too many.
                    let start = integer("startIndex", value);
                    once("startIndex", query.start_index.replace(start.as_ref().map_or(1, |start| *start.max(&1))).is_some())?;
                    bad_start = start.err();
                }
                "count" => {
                    once("count", query.count.is_some())?;
                    match integer("count", value) {
                        Ok(count) => query.set_count(count),
                        Err(refusal) => bad_count = Some(refusal),
                    }
                }
                "cursor" => {
                    let cursor = decode(value).ok_or_else(Refusal::cursor)?.into_owned();
                    once("cursor", query.cursor.replace(cursor).is_some())?;
                }
                "attributes" => names("attributes", value, &mut query.attributes)?,
                "excludedattributes" => names("excludedAttributes", value, &mut query.excluded)?,
                _ => {}
            }
        }
        if let Some(refusal) = bad_start.filter(|_| query.cursor.is_none()).or(bad_count.map(|refusal| query.bad_count(refusal))) {
            return Err(refusal);
        }
        query.check()?;
        Ok(query)
    }

    /// The refusal of a count: with cursors it has a type of its own.
    pub fn bad_count(&self, refusal: Refusal) -> Refusal {
        if self.cursor.is_some() { Refusal::bad("invalidCount", refusal.detail()) } else { refusal }
    }

    /// What holds however the query was given.
    ///
    /// # Errors
    /// 400 for a filter that is empty or too long, for too many attributes, and for two ways of paging at once.
    pub fn check(&mut self) -> Result<(), Refusal> {
        if let Some(filter) = &self.filter {
            if filter.trim().is_empty() {
                return Err(Refusal::bad("invalidFilter", "The filter is empty."));
            }
            if filter.len() > limits::FILTER_BYTES {
                return Err(Refusal::bad("invalidFilter", format!("The filter is larger than {} bytes.", limits::FILTER_BYTES)));
            }
        }
        for (name, list) in [("attributes", &self.attributes), ("excludedAttributes", &self.excluded)] {
            if list.len() > limits::VALUES_PER_ATTRIBUTE {
                return Err(Refusal::value(format!("{name} names more than {} attributes.", limits::VALUES_PER_ATTRIBUTE)));
            }
        }
        if let Some(cursor) = &self.cursor {
            if self.start_index.is_some() {
                return Err(Refusal::bad("invalidCursor", "cursor and startIndex are two ways of paging: give one of them."));
            }
            if cursor.len() > limits::CURSOR_BYTES {
                return Err(Refusal::cursor());
            }
        }
        self.sort_by = self.sort_by.take().map(|by| by.trim().to_owned()).filter(|by| !by.is_empty());
        if self.sort_by.as_ref().is_some_and(|by| by.contains(char::is_whitespace)) {
            // The contract takes a direction behind the name; here it has a parameter of its own.
            return Err(Refusal::bad("invalidPath", "sortBy is the name of one attribute."));
        }
        if !self.attributes.is_empty() {
            self.excluded.clear();
        }
        Ok(())
    }

    /// Takes `ascending` or `descending`.
    ///
    /// # Errors
    /// 400 for another word.
    pub fn set_order(&mut self, order: &str) -> Result<(), Refusal> {
        self.descending = order.eq_ignore_ascii_case("descending");
        if self.descending || order.is_empty() || order.eq_ignore_ascii_case("ascending") {
            Ok(())
        } else {
            Err(Refusal::value("sortOrder is neither ascending nor descending."))
        }
    }

    /// Takes a number of resources; less than none is none, more than the bound is the bound.
    pub fn set_count(&mut self, count: i64) {
        self.count = Some(usize::try_from(count.max(0)).unwrap_or(usize::MAX).min(limits::SCIM_PAGE_MAX));
    }

    /// The attributes to return, as the contract says it: SCIM's default set of a user has the groups, the contract's has not.
    pub fn selection(&self, kind: ResourceType) -> v1::ReadSelection {
        let names_groups = |name: &String| name.rsplit(':').next().is_some_and(|name| name.eq_ignore_ascii_case("groups"));
        let add_groups = kind == ResourceType::User && self.attributes.is_empty() && !self.excluded.iter().any(names_groups);
        v1::ReadSelection {
            attributes: self.attributes.clone(),
            excluded_attributes: self.excluded.clone(),
            additional_attributes: if add_groups { vec!["groups".to_owned()] } else { Vec::new() },
        }
    }

    /// Page, order and count, as the contract says it. Where no order is asked for the newest come first, so that a client
    /// finds what it has just made on the first page.
    pub fn list_options(&self) -> v1::ListOptions {
        use v1::list_options::TotalSize;
        let total = if self.count == Some(0) { TotalSize::Only } else { TotalSize::Exact };
        let order = match (&self.sort_by, self.descending) {
            (Some(by), true) => format!("{by} desc"),
            (Some(by), false) => by.clone(),
            (None, _) => NEWEST_FIRST.to_owned(),
        };
        v1::ListOptions {
            page_size: i32::try_from(self.count.unwrap_or(limits::PAGE_DEFAULT)).unwrap_or(i32::MAX),
            page_token: self.cursor.clone().unwrap_or_default(),
            skip: i32::try_from(self.first() - 1).unwrap_or(i32::MAX),
            order_by: order,
            total_size: total as i32,
            show_deleted: false,
        }
    }

    /// The first resource wanted, counted from 1; what is beyond any list counts as the contract's largest number.
    pub fn first(&self) -> i64 {
        self.start_index.unwrap_or(1).min(i64::from(i32::MAX))
    }
}

/// A filter's text. Entra encodes a space as `+`; others send `%20` and mean a bare `+` as itself. So: next to a `%20`
/// a bare `+` is a plus sign, otherwise it is a space, and `%2B` is always a plus sign.
fn filter_text(raw: &str) -> Result<String, Refusal> {
    let spaced = if raw.contains("%20") { raw.to_owned() } else { raw.replace('+', " ") };
    let text = decode(&spaced).ok_or_else(|| Refusal::bad("invalidFilter", "The filter is not UTF-8 text."))?;
    Ok(text.into_owned())
}

/// The text of any other parameter, where `+` is a space.
fn text(name: &str, raw: &str) -> Result<String, Refusal> {
    let text = decode(&raw.replace('+', " ")).map(|text| text.trim().to_owned());
    text.ok_or_else(|| Refusal::value(format!("{name} is not UTF-8 text.")))
}

/// An integer; one that is too long for 64 bits counts as the nearest that is not.
fn integer(name: &str, raw: &str) -> Result<i64, Refusal> {
    let text = text(name, raw)?;
    let digits = text.strip_prefix('-').unwrap_or(&text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refusal::value(format!("{name} is not an integer.")));
    }
    Ok(text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX }))
}

/// A comma-separated list of attributes, added to what another parameter of the same name gave.
fn names(name: &str, raw: &str, into: &mut Vec<String>) -> Result<(), Refusal> {
    let text = text(name, raw)?;
    into.extend(text.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned));
    Ok(())
}

/// Two values of one parameter have no meaning that two readers would agree on.
fn once(name: &str, was_given: bool) -> Result<(), Refusal> {
    if was_given { Err(Refusal::value(format!("{name} is given twice."))) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(raw: &str) -> String {
        Query::parse(raw).unwrap().filter.unwrap()
    }

    #[test]
    fn a_plus_is_a_space_unless_spaces_are_encoded_beside_it() {
        assert_eq!(filter("filter=userName+eq+%22ines.okafor%40corp.example%22"), r#"userName eq "ines.okafor@corp.example""#);
        assert_eq!(filter("filter=userName%20eq%20%22mika+night@corp.example%22"), r#"userName eq "mika+night@corp.example""#);
        assert_eq!(filter("filter=userName+eq+%22mika%2Bnight%40corp.example%22"), r#"userName eq "mika+night@corp.example""#);
    }

    #[test]
    fn stray_separators_and_unknown_parameters_are_ignored() {
        assert_eq!(Query::parse(""), Ok(Query::default()));
        assert_eq!(Query::parse("&&aadOptscim062020&x=%ff&").unwrap(), Query::default());
        assert_eq!(filter("filter=userName%20eq%20%22x%22&"), r#"userName eq "x""#);
    }

    #[test]
    fn an_unreadable_filter_is_never_everybody() {
        for raw in ["filter", "filter=", "filter=+", "FILTER=", "filter=%ff", "filter=a%20pr&filter=b%20pr"] {
            assert!(Query::parse(raw).is_err(), "{raw}");
        }
    }

    #[test]
    fn numbers_are_clamped_and_what_is_no_number_is_refused() {
        let page = |raw: &str| Query::parse(raw).map(|q| (q.first(), q.count));
        assert_eq!(page("startIndex=0&count=-3"), Ok((1, Some(0))));
        assert_eq!(page("startIndex=101&count=100000"), Ok((101, Some(limits::SCIM_PAGE_MAX))));
        assert_eq!(page("startIndex=99999999999999999999"), Ok((i64::from(i32::MAX), None)));
        for raw in ["count=", "count=1.0", "count=ten", "startIndex=0x1", "startIndex=-", "count=1&count=2"] {
            assert_eq!(page(raw).unwrap_err().scim_type(), Some("invalidValue"), "{raw}");
        }
    }

    #[test]
    fn the_list_options_say_the_same() {
        let options = Query::parse("startIndex=11&count=10&sortBy=name.familyName&sortOrder=Descending").unwrap().list_options();
        assert_eq!((options.skip, options.page_size, options.order_by.as_str()), (10, 10, "name.familyName desc"));
        assert_eq!(options.total_size(), v1::list_options::TotalSize::Exact);
        assert_eq!(Query::parse("count=0").unwrap().list_options().total_size(), v1::list_options::TotalSize::Only);
        assert!(Query::parse("sortOrder=up").is_err());
    }

    #[test]
    fn a_cursor_is_a_way_of_paging_of_its_own() {
        let parse = |raw: &str| Query::parse(raw).map(|q| q.cursor).map_err(|r| (r.status().as_u16(), r.scim_type()));
        for raw in ["cursor", "cursor=", "Cursor&count=10"] {
            assert_eq!(parse(raw), Ok(Some(String::new())), "{raw}");
        }
        assert_eq!(parse("cursor=a-Z_9.~"), Ok(Some("a-Z_9.~".into())));
        assert_eq!(parse("count=10"), Ok(None));
        let invalid = |kind| Err((400, Some(kind)));
        assert_eq!(parse("cursor=x&startIndex=1"), invalid("invalidCursor"));
        assert_eq!(parse("cursor=%ff"), invalid("invalidCursor"));
        assert_eq!(parse(&format!("cursor={}", "x".repeat(limits::CURSOR_BYTES + 1))), invalid("invalidCursor"));
        assert_eq!(parse("count=x&cursor="), invalid("invalidCount"));
        assert_eq!(parse("cursor=x&cursor=y"), invalid("invalidValue"));
        assert_eq!(Query::parse("cursor=x").unwrap().list_options().page_token, "x");
    }

    #[test]
    fn attributes_win_over_excluded_attributes() {
        let query = Query::parse("attributes=userName,+name.givenName,&excludedAttributes=emails").unwrap();
        assert_eq!(query.attributes, ["userName", "name.givenName"]);
        assert!(query.excluded.is_empty());
        assert_eq!(Query::parse("excludedAttributes=members").unwrap().selection(ResourceType::Group).excluded_attributes, ["members"]);
        assert_eq!(Query::default().selection(ResourceType::User).additional_attributes, ["groups"]);
        assert!(Query::parse("excludedAttributes=Groups").unwrap().selection(ResourceType::User).additional_attributes.is_empty());
    }
}
