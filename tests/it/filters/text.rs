//! A filter as a client writes it.

use super::naive::{Filter, Literal, Operator, instant};
use serde_json::Value;
use time::{UtcOffset, format_description::well_known::Rfc3339};

/// Puts in what only a server knows: its ids and its times. `documents` are a data set's, in its order.
pub fn resolve(filter: &Filter, documents: &[Value]) -> Filter {
    let each = |filters: &[Filter]| filters.iter().map(|f| resolve(f, documents)).collect();
    match filter {
        Filter::And(all) => Filter::And(each(all)),
        Filter::Or(any) => Filter::Or(each(any)),
        Filter::Not(inner) => Filter::Not(Box::new(resolve(inner, documents))),
        Filter::Present(attribute) => Filter::Present(attribute.clone()),
        Filter::Element(attribute, inner) => Filter::Element(attribute.clone(), Box::new(resolve(inner, documents))),
        Filter::Compare(attribute, operator, literal) => {
            let text = |text: &str| Literal::Text(text.to_owned());
            let literal = match literal {
                Literal::IdOf(k) => text(documents[*k]["id"].as_str().unwrap()),
                Literal::TimeOf(k, field, hours) => {
                    let at = instant(documents[*k]["meta"][*field].as_str().unwrap());
                    text(&at.to_offset(UtcOffset::from_hms(*hours, 0, 0).unwrap()).format(&Rfc3339).unwrap())
                }
                literal => literal.clone(),
            };
            Filter::Compare(attribute.clone(), *operator, literal)
        }
    }
}

/// The filter's text. Operators and keywords change their letter case from place to place.
pub fn text(filter: &Filter) -> String {
    match filter {
        Filter::And(all) => all.iter().map(grouped).collect::<Vec<_>>().join(" And "),
        Filter::Or(any) => any.iter().map(text_of_alternative).collect::<Vec<_>>().join(" or "),
        Filter::Not(inner) => format!("not ({})", text(inner)),
        Filter::Present(attribute) => format!("{} pr", attribute.spelled),
        Filter::Element(attribute, inner) => format!("{}[{}]", attribute.spelled, text(inner)),
        Filter::Compare(attribute, operator, literal) => format!("{} {} {}", attribute.spelled, word(*operator), value(literal)),
    }
}

/// `and` binds tighter than `or`, so an `or` inside it stands in parentheses.
fn grouped(filter: &Filter) -> String {
    if matches!(filter, Filter::Or(_)) { format!("({})", text(filter)) } else { text(filter) }
}

fn text_of_alternative(filter: &Filter) -> String {
    if matches!(filter, Filter::Or(_)) { format!("( {} )", text(filter)) } else { text(filter) }
}

fn word(operator: Operator) -> &'static str {
    match operator {
        Operator::Eq => "eq",
        Operator::Ne => "NE",
        Operator::Co => "co",
        Operator::Sw => "Sw",
        Operator::Ew => "ew",
        Operator::Gt => "gt",
        Operator::Ge => "GE",
        Operator::Lt => "lt",
        Operator::Le => "le",
    }
}

fn value(literal: &Literal) -> String {
    match literal {
        Literal::Null => "null".to_owned(),
        Literal::Boolean(value) => value.to_string(),
        Literal::Number(text) => text.clone(),
        Literal::Text(text) => Value::from(text.as_str()).to_string(),
        Literal::IdOf(_) | Literal::TimeOf(..) => unreachable!("resolved before it is written"),
    }
}
