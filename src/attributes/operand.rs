//! The value of a comparison: read, and checked against the attribute it is compared with.

use super::error::{AttributeError, Result};
use super::filter::{Operand, Operator};
use super::fold;
use super::lexer::{Token, expected};
use super::moment;
use super::number::Number;
use super::row::{Fold, Kind};
use crate::api::v1::{AttributeValue, attribute_value::Kind as Bound};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::collections::BTreeMap;

/// A value as it stands in a filter.
pub(super) enum Literal {
    Text(String),
    Bool(bool),
    Number(Number),
    Null,
}

/// A token, or the parameter it names, as a value.
pub(super) fn literal(token: Token<'_>, parameters: &BTreeMap<String, AttributeValue>, at: usize) -> Result<Literal> {
    match token {
        Token::Text(text) => Ok(Literal::Text(text)),
        Token::Number(text) => Number::parse(text).map(Literal::Number).ok_or_else(|| expected("a number", at)),
        // JSON's words are case-sensitive.
        Token::Word("null") => Ok(Literal::Null),
        Token::Word("true") => Ok(Literal::Bool(true)),
        Token::Word("false") => Ok(Literal::Bool(false)),
        Token::Word(_) => Err(expected("a value: text in quotes, a number, true, false or null", at)),
        Token::Parameter(name) => match parameters.get(name) {
            Some(value) => bound(name, value, at),
            None => Err(AttributeError::filter(at, format!("The parameter :{name} has no value."))),
        },
        Token::Sub(_) | Token::Sign(_) => Err(expected("a value", at)),
    }
}

fn bound(name: &str, value: &AttributeValue, at: usize) -> Result<Literal> {
    Ok(match value.kind.as_ref() {
        Some(Bound::StringValue(v) | Bound::DateTimeValue(v) | Bound::ReferenceValue(v)) => Literal::Text(v.clone()),
        Some(Bound::BoolValue(v)) => Literal::Bool(*v),
        Some(Bound::IntegerValue(v)) => Literal::Number(Number::from(*v)),
        Some(Bound::DecimalValue(v)) => {
            Literal::Number(Number::parse(v).ok_or_else(|| AttributeError::filter(at, format!("The parameter :{name} is no number.")))?)
        }
        Some(Bound::BinaryValue(v)) => Literal::Text(STANDARD.encode(v)),
        None | Some(Bound::NullValue(_)) => Literal::Null,
        Some(Bound::ComplexValue(_) | Bound::ListValue(_)) => {
            return Err(AttributeError::filter(at, format!("The parameter :{name} is no single value.")));
        }
    })
}

/// What a literal means to an attribute.
///
/// # Errors
/// `INVALID_FILTER` for another type, and for orders and substrings that the type has not.
pub(super) fn check(facts: (Kind, Fold), name: &str, operator: Operator, literal: Literal, at: usize) -> Result<Operand> {
    use Operator as O;
    let equality = matches!(operator, O::Eq | O::Ne);
    let part = matches!(operator, O::Co | O::Sw | O::Ew);
    let refuse = |why: &str| Err(AttributeError::filter(at, format!("{name} {why}.")));
    let text = |raw: String, fold: Fold| Operand::Text { folded: fold::apply(fold, &raw).into_owned(), raw };
    match (facts, literal) {
        (_, Literal::Null) if equality => Ok(Operand::Null),
        (_, Literal::Null) => refuse("can only be equal to null, or not"),
        ((Kind::String | Kind::Reference, fold), Literal::Text(raw)) => Ok(text(raw, fold)),
        ((Kind::Binary, fold), Literal::Text(raw)) if equality => Ok(text(raw, fold)),
        ((Kind::Binary, _), Literal::Text(_)) => refuse("is binary: it has neither order nor parts"),
        ((Kind::Boolean, _), Literal::Bool(_)) if !equality => refuse("is boolean: it has neither order nor parts"),
        ((Kind::Boolean, _), Literal::Bool(value)) => Ok(Operand::Bool(value)),
        ((Kind::Boolean, _), Literal::Text(_)) => refuse("is boolean: compare it with true or false, without quotes, by eq or ne"),
        ((Kind::DateTime, _), Literal::Text(_)) if part => refuse("is an instant: it has no parts"),
        ((Kind::DateTime, _), Literal::Text(raw)) => match moment::parse(&raw) {
            Some(instant) => Ok(Operand::Time(instant)),
            None => refuse("is an instant: compare it with one, such as \"2026-01-31T08:00:00Z\""),
        },
        ((Kind::Integer | Kind::Decimal, _), Literal::Number(_)) if part => refuse("is compared with a number, which has no parts"),
        ((Kind::Integer | Kind::Decimal, _), Literal::Number(number)) => Ok(Operand::Number(number)),
        ((kind, _), _) => refuse(&format!("is of type {}: the value is not", super::schemas::kind(kind))),
    }
}
