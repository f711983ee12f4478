//! The verdict: a filter's tree against a message. Folding happens here and nowhere else, so both engines agree.

use super::Context;
use super::access::View;
use super::custom::Definition;
use super::filter::{Node, Operand, Operator};
use super::fold;
use super::moment;
use super::number::Number;
use super::path::{Path, Step, Tail};
use super::render::location;
use super::row::{Attribute, Fold, Kind as Type, Table};
use crate::api::v1::{AttributeMap, AttributeValue, attribute_value::Kind};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{any::Any, cmp::Ordering, sync::Arc};

/// Bytes of a `co` operand up to which comparing at every place beats folding a copy.
const SHORT_NEEDLE_BYTES: usize = 32;

/// What a path leads to.
enum Found<'a> {
    /// A row's value.
    Row(&'static Attribute, View<'a>),
    /// A value of a registered attribute.
    Typed(&'a Definition, &'a AttributeValue),
    /// A whole extension.
    Map(&'a AttributeMap),
}

type Test<'t> = &'t mut dyn FnMut(&Found<'_>) -> bool;

impl Node {
    /// Whether an object satisfies it; `held` answers the leaves on membership.
    pub(super) fn matches(&self, object: &dyn Any, cx: &Context<'_>, held: &dyn Fn(usize) -> bool) -> bool {
        match self {
            Node::And(all) => all.iter().all(|n| n.matches(object, cx, held)),
            Node::Or(any) => any.iter().any(|n| n.matches(object, cx, held)),
            Node::Not(node) => !node.matches(object, cx, held),
            Node::Edge(leaf) => held(*leaf),
            Node::Present(path) => some(path, object, cx, &mut |found| present(found, cx)),
            Node::Compare(path, Operator::Ne, Operand::Null) => some(path, object, cx, &mut |found| present(found, cx)),
            Node::Compare(path, _, Operand::Null) => !some(path, object, cx, &mut |found| present(found, cx)),
            // No value is not the given value.
            Node::Compare(path, Operator::Ne, to) => !some(path, object, cx, &mut |found| compare(found, Operator::Eq, to)),
            Node::Compare(path, operator, to) => some(path, object, cx, &mut |found| compare(found, *operator, to)),
            Node::Element(path, inner) => some(path, object, cx, &mut |found| match found {
                Found::Row(_, View::One(item)) => inner.matches(*item, cx, held),
                Found::Typed(_, AttributeValue { kind: Some(Kind::ComplexValue(map)) }) => inner.matches(map, cx, held),
                _ => false,
            }),
        }
    }
}

/// Whether some value at the end of the path passes the test. The elements of a list are tested one by one.
fn some(path: &Path, object: &dyn Any, cx: &Context<'_>, test: Test<'_>) -> bool {
    match &path.tail {
        // Grammar lets no filter name what no schema knows.
        Some(Tail::Extension(_) | Tail::Rest(_)) => false,
        Some(Tail::Custom(custom)) => match (path.kind, &custom.extension) {
            (Some(kind), Some(extension)) => {
                let extensions = kind.table().extensions(object).into_iter().flatten();
                extensions.filter(|(urn, _)| urn.eq_ignore_ascii_case(&extension.urn)).any(|(_, map)| typed(map, &custom.steps, test))
            }
            _ => object.downcast_ref::<AttributeMap>().is_some_and(|map| typed(map, &custom.steps, test)),
        },
        None => walk(&path.steps, object, cx, test),
    }
}

/// Down into a map that a registered schema describes.
fn typed(map: &AttributeMap, steps: &[Arc<Definition>], test: Test<'_>) -> bool {
    let Some((definition, below)) = steps.split_first() else { return test(&Found::Map(map)) };
    let entry = map.entries.iter().find(|e| e.name.eq_ignore_ascii_case(&definition.name));
    entry.and_then(|e| e.value.as_ref()).is_some_and(|value| typed_value(value, definition, below, test))
}

fn typed_value(value: &AttributeValue, definition: &Definition, below: &[Arc<Definition>], test: Test<'_>) -> bool {
    match &value.kind {
        Some(Kind::ListValue(list)) => list.values.iter().any(|v| typed_value(v, definition, below, test)),
        Some(Kind::ComplexValue(map)) if !below.is_empty() => typed(map, below, test),
        _ => below.is_empty() && test(&Found::Typed(definition, value)),
    }
}

fn walk(steps: &[Step], object: &dyn Any, cx: &Context<'_>, test: Test<'_>) -> bool {
    let Some((step, below)) = steps.split_first() else { return false };
    let down = |object: &dyn Any, test: Test<'_>| {
        if below.is_empty() { test(&Found::Row(step.attribute, View::One(object))) } else { walk(below, object, cx, test) }
    };
    match step.view(object) {
        // A value that does not say that it is primary is not (RFC 7643 section 2.4).
        View::Absent if step.attribute.is_primary() => test(&Found::Row(step.attribute, View::Absent)),
        View::Absent => false,
        View::One(object) => down(object, test),
        View::Many(items) => (0..items.len()).filter_map(|k| items.at(k)).any(|item| down(item, test)),
        View::Texts(texts) => texts.into_iter().any(|text| test(&Found::Row(step.attribute, View::Text(text)))),
        View::ExternalId(ids) => {
            ids.iter().find(|e| e.connection_id == cx.connection).is_some_and(|e| test(&Found::Row(step.attribute, View::Text(&e.value))))
        }
        View::Location(endpoint, id) => test(&Found::Row(step.attribute, View::Text(&location(cx, endpoint, id)))),
        View::Version(etag, _) => test(&Found::Row(step.attribute, View::Text(etag))),
        view => test(&Found::Row(step.attribute, view)),
    }
}

/// RFC 7644 `pr`: a value that is not empty, or an object with one in it.
fn present(found: &Found<'_>, cx: &Context<'_>) -> bool {
    match found {
        Found::Row(_, View::Absent | View::Text("")) => false,
        Found::Row(attribute, View::One(object)) => attribute.sub.is_some_and(|sub| has_value(sub, *object, cx)),
        Found::Row(..) => true,
        Found::Typed(_, value) => value_present(value),
        Found::Map(map) => map.entries.iter().filter_map(|e| e.value.as_ref()).any(value_present),
    }
}

fn has_value(table: &'static dyn Table, object: &dyn Any, cx: &Context<'_>) -> bool {
    let rows = (0..table.len()).filter_map(|row| table.attribute(row).map(|attribute| Step { table, row, attribute }));
    let known = rows.into_iter().any(|step| walk(&[step], object, cx, &mut |found| present(found, cx)));
    known || table.rest(object).is_some_and(|map| present(&Found::Map(map), cx))
}

fn value_present(value: &AttributeValue) -> bool {
    match &value.kind {
        None | Some(Kind::NullValue(_)) => false,
        Some(Kind::StringValue(v) | Kind::DateTimeValue(v) | Kind::ReferenceValue(v)) => !v.is_empty(),
        Some(Kind::ComplexValue(map)) => map.entries.iter().filter_map(|e| e.value.as_ref()).any(value_present),
        Some(Kind::ListValue(list)) => list.values.iter().any(value_present),
        Some(_) => true,
    }
}

fn compare(found: &Found<'_>, operator: Operator, to: &Operand) -> bool {
    match (found, to) {
        (Found::Row(attribute, View::Text(v)), Operand::Text { folded, .. }) => text(attribute.fold, v, operator, folded),
        (Found::Row(_, View::Absent), Operand::Bool(to)) => operator == Operator::Eq && !to,
        (Found::Row(_, View::Bool(v)), Operand::Bool(to)) => operator == Operator::Eq && v == to,
        (Found::Row(_, View::Time(v)), Operand::Time(to)) => holds(operator, (v.seconds, v.nanos).cmp(to)),
        (Found::Typed(definition, value), to) => compare_typed(definition, value, operator, to),
        _ => false,
    }
}

/// A value that does not fit its type, stored before the schema was, equals nothing.
fn compare_typed(definition: &Definition, value: &AttributeValue, operator: Operator, to: &Operand) -> bool {
    match (definition.kind, value.kind.as_ref(), to) {
        (Type::DateTime, Some(Kind::DateTimeValue(v) | Kind::StringValue(v)), Operand::Time(to)) => {
            moment::parse(v).is_some_and(|v| holds(operator, v.cmp(to)))
        }
        (Type::String | Type::Reference, Some(Kind::StringValue(v) | Kind::ReferenceValue(v)), Operand::Text { folded, .. }) => {
            text(definition.fold, v, operator, folded)
        }
        (Type::Binary, Some(Kind::StringValue(v)), Operand::Text { raw, .. }) => operator == Operator::Eq && v == raw,
        (Type::Binary, Some(Kind::BinaryValue(v)), Operand::Text { raw, .. }) => operator == Operator::Eq && STANDARD.encode(v) == *raw,
        (Type::Boolean, Some(Kind::BoolValue(v)), Operand::Bool(to)) => operator == Operator::Eq && v == to,
        (Type::Integer | Type::Decimal, Some(Kind::IntegerValue(v)), Operand::Number(to)) => holds(operator, Number::from(*v).cmp(to)),
        (Type::Integer | Type::Decimal, Some(Kind::DecimalValue(v)), Operand::Number(to)) => {
            Number::parse(v).is_some_and(|v| holds(operator, v.cmp(to)))
        }
        _ => false,
    }
}

/// `to` is folded already.
fn text(fold: Fold, value: &str, operator: Operator, to: &str) -> bool {
    // A long needle in a long text is left to the linear search below.
    let long_needle = operator == Operator::Co && to.len() > SHORT_NEEDLE_BYTES;
    if fold != Fold::Exact && value.is_ascii() && !long_needle {
        return ascii(value.as_bytes(), operator, to.as_bytes());
    }
    let value = fold::apply(fold, value);
    match operator {
        Operator::Co => value.contains(to),
        Operator::Sw => value.starts_with(to),
        Operator::Ew => value.ends_with(to),
        _ => holds(operator, (*value).cmp(to)),
    }
}

/// Every folding lower-cases ASCII and does nothing else to it, so no copy is needed.
fn ascii(value: &[u8], operator: Operator, to: &[u8]) -> bool {
    match operator {
        Operator::Eq => value.eq_ignore_ascii_case(to),
        Operator::Sw => value.get(..to.len()).is_some_and(|v| v.eq_ignore_ascii_case(to)),
        Operator::Ew => value.len().checked_sub(to.len()).and_then(|at| value.get(at..)).is_some_and(|v| v.eq_ignore_ascii_case(to)),
        Operator::Co => to.is_empty() || value.windows(to.len()).any(|v| v.eq_ignore_ascii_case(to)),
        _ => holds(operator, value.iter().map(u8::to_ascii_lowercase).cmp(to.iter().copied())),
    }
}

fn holds(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Eq => order.is_eq(),
        Operator::Gt => order.is_gt(),
        Operator::Ge => order.is_ge(),
        Operator::Lt => order.is_lt(),
        Operator::Le => order.is_le(),
        Operator::Ne | Operator::Co | Operator::Sw | Operator::Ew => false,
    }
}
