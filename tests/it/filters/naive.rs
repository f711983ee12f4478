//! What a filter means, said as plainly as possible: over the documents that SCIM shows, attribute by attribute, without
//! tables, indexes or folding tables. Written from RFC 7644 section 3.4.2.2 and `docs/scim.md`, not from the server's code.

use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A filter as a tree.
#[derive(Debug, Clone)]
pub enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Present(Attribute),
    Compare(Attribute, Operator, Literal),
    /// One value of the attribute satisfies all of the inner filter.
    Element(Attribute, Box<Filter>),
}

/// An attribute: how the filter spells it, where documents have it, and how it compares.
#[derive(Debug, Clone)]
pub struct Attribute {
    pub spelled: String,
    pub path: Vec<String>,
    pub kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Exact,
    Caseless,
    Boolean,
    Time,
    Number,
    /// Compared by its parts, or by its value.
    Complex,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    Null,
    Boolean(bool),
    /// As it is spelled.
    Number(String),
    Text(String),
    /// The id of the data set's resource with this number; servers make ids.
    IdOf(usize),
    /// Its `meta.created` or `meta.lastModified`, told in a zone this many hours from UTC.
    TimeOf(usize, &'static str, i8),
}

impl Filter {
    /// Whether a document satisfies it.
    pub fn holds(&self, document: &Value) -> bool {
        match self {
            Filter::And(all) => all.iter().all(|f| f.holds(document)),
            Filter::Or(any) => any.iter().any(|f| f.holds(document)),
            Filter::Not(inner) => !inner.holds(document),
            Filter::Present(attribute) | Filter::Compare(attribute, Operator::Ne, Literal::Null) => is_present(document, attribute),
            Filter::Compare(attribute, Operator::Eq, Literal::Null) => !is_present(document, attribute),
            Filter::Compare(attribute, Operator::Ne, literal) => !some(document, attribute, Operator::Eq, literal),
            Filter::Compare(attribute, operator, literal) => some(document, attribute, *operator, literal),
            Filter::Element(attribute, inner) => values(document, &attribute.path).into_iter().any(|value| inner.holds(value)),
        }
    }
}

fn some(document: &Value, attribute: &Attribute, operator: Operator, literal: &Literal) -> bool {
    // A value that does not say that it is primary is not (RFC 7643 section 2.4).
    if let Some((name, above)) = attribute.path.split_last()
        && (name.eq_ignore_ascii_case("primary"), operator, literal) == (true, Operator::Eq, &Literal::Boolean(false))
    {
        return values(document, above).into_iter().any(|value| !values(value, std::slice::from_ref(name)).contains(&&Value::Bool(true)));
    }
    values(document, &attribute.path).into_iter().any(|value| compare(attribute.kind, value, operator, literal))
}

fn is_present(document: &Value, attribute: &Attribute) -> bool {
    values(document, &attribute.path).into_iter().any(has_value)
}

/// Every value at the end of a path; lists on the way and at the end are taken apart.
fn values<'a>(from: &'a Value, path: &[String]) -> Vec<&'a Value> {
    match (from, path.split_first()) {
        (Value::Array(list), _) => list.iter().flat_map(|v| values(v, path)).collect(),
        (Value::Object(map), Some((name, below))) => {
            map.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)).flat_map(|(_, v)| values(v, below)).collect()
        }
        (_, Some(_)) => vec![],
        (value, None) => vec![value],
    }
}

fn has_value(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => list.iter().any(has_value),
        Value::Object(map) => map.values().any(has_value),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn compare(kind: Kind, value: &Value, operator: Operator, literal: &Literal) -> bool {
    match (kind, value, literal) {
        (Kind::Exact, Value::String(value), Literal::Text(text)) => texts(value, operator, text),
        (Kind::Caseless, Value::String(value), Literal::Text(text)) => texts(&value.to_lowercase(), operator, &text.to_lowercase()),
        (Kind::Time, Value::String(value), Literal::Text(text)) => ordered(operator, instant(value).cmp(&instant(text))),
        (Kind::Boolean, Value::Bool(value), Literal::Boolean(other)) => operator == Operator::Eq && value == other,
        (Kind::Number, Value::Number(value), Literal::Number(text)) => {
            value.as_f64().unwrap().partial_cmp(&text.parse::<f64>().unwrap()).is_some_and(|order| ordered(operator, order))
        }
        _ => false,
    }
}

fn texts(value: &str, operator: Operator, text: &str) -> bool {
    match operator {
        Operator::Co => value.contains(text),
        Operator::Sw => value.starts_with(text),
        Operator::Ew => value.ends_with(text),
        _ => ordered(operator, value.cmp(text)),
    }
}

fn ordered(operator: Operator, order: std::cmp::Ordering) -> bool {
    match operator {
        Operator::Eq => order.is_eq(),
        Operator::Gt => order.is_gt(),
        Operator::Ge => order.is_ge(),
        Operator::Lt => order.is_lt(),
        Operator::Le => order.is_le(),
        Operator::Ne | Operator::Co | Operator::Sw | Operator::Ew => false,
    }
}

/// The instant a text names.
pub fn instant(text: &str) -> OffsetDateTime {
    OffsetDateTime::parse(text, &Rfc3339).unwrap()
}
