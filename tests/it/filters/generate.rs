//! Filters out of numbers: the same seed makes the same filter.

use super::naive::{Attribute, Filter, Kind, Literal, Operator};
use crate::harness::scim::{ENTERPRISE, GROUP, USER};

/// An extension that the organization has registered, with an attribute of each type.
pub const BADGE: &str = "urn:example:params:2.0:Badge";

/// Words whose folding nobody disputes: precomposed letters of scripts with two cases, and what needs escaping.
pub const WORDS: [&str; 16] =
    ["Ada", "ada", "ADALOVE", "Zoë", "ZOË", "Жук", "жУК", "Élan", "élan vital", "love", "a\"b", "b\\c", "100%", "_", "Ωmega", "Lovelace"];

/// Numbers as values and as literals; some are equal and spelled differently.
pub const NUMBERS: [&str; 9] = ["0", "1", "-7", "2.5", "2.50", "25e-1", "10", "1e1", "9007199254740991"];

/// SplitMix64: small, and the same everywhere.
#[derive(Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn throw(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % sides as u64).unwrap()
    }

    /// Once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.throw(times) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.throw(from.len())]
    }
}

/// Instants as values and as literals; some are equal and told in different zones.
pub const TIMES: [&str; 5] = [
    "2026-01-31T08:00:00Z",
    "2026-01-31T09:00:00+01:00",
    "2026-01-31T08:00:00.25Z",
    "1999-12-31T23:59:59-11:30",
    "2026-01-31T07:59:59.999999Z",
];

use Kind::{Boolean, Caseless, Complex, Exact, Number, Time};

/// Path below the resource (a URN first, for an extension) and kind.
const USERS: [(&str, &str, Kind); 34] = [
    ("", "userName", Caseless),
    ("", "userName", Caseless),
    ("", "externalId", Exact),
    ("", "displayName", Caseless),
    ("", "nickName", Caseless),
    ("", "title", Caseless),
    ("", "profileUrl", Exact),
    ("", "active", Boolean),
    ("", "name.familyName", Caseless),
    ("", "name.givenName", Caseless),
    ("", "emails.value", Caseless),
    ("", "emails.type", Caseless),
    ("", "emails.primary", Boolean),
    ("", "phoneNumbers.value", Caseless),
    ("", "roles.value", Caseless),
    ("", "roles.primary", Boolean),
    ("", "addresses.locality", Caseless),
    ("", "schemas", Caseless),
    ("", "id", Exact),
    ("", "groups.value", Exact),
    ("", "meta.created", Time),
    ("", "meta.lastModified", Time),
    (ENTERPRISE, "department", Caseless),
    (ENTERPRISE, "manager.value", Exact),
    (BADGE, "badge", Caseless),
    (BADGE, "code", Exact),
    (BADGE, "level", Number),
    (BADGE, "count", Number),
    (BADGE, "since", Time),
    (BADGE, "on", Boolean),
    (BADGE, "tags", Caseless),
    (BADGE, "deep.inner", Number),
    (BADGE, "many.value", Caseless),
    (BADGE, "many.level", Number),
];

const GROUPS: [(&str, &str, Kind); 10] = [
    ("", "displayName", Caseless),
    ("", "displayName", Caseless),
    ("", "externalId", Exact),
    ("", "id", Exact),
    ("", "members.value", Exact),
    ("", "meta.created", Time),
    ("", "meta.lastModified", Time),
    (BADGE, "badge", Caseless),
    (BADGE, "level", Number),
    (BADGE, "since", Time),
];

/// Names of sub-attributes, with what they hold.
type Parts = &'static [(&'static str, Kind)];

/// What can stand before brackets, and what inside.
const LISTS: [(&str, &str, Parts); 5] = [
    ("", "emails", &[("value", Caseless), ("type", Caseless), ("primary", Boolean), ("display", Caseless)]),
    ("", "roles", &[("value", Caseless), ("primary", Boolean), ("type", Caseless)]),
    ("", "addresses", &[("locality", Caseless), ("type", Caseless), ("primary", Boolean)]),
    ("", "name", &[("familyName", Caseless), ("givenName", Caseless)]),
    (BADGE, "many", &[("value", Caseless), ("level", Number)]),
];

/// Makes filters for one kind of resource of one data set.
pub struct Maker<'d> {
    pub dice: &'d mut Dice,
    pub users: bool,
    /// Resources of the data set: users first, then groups.
    pub user_count: usize,
    pub group_count: usize,
}

impl Maker<'_> {
    pub fn filter(&mut self, depth: usize) -> Filter {
        match self.dice.throw(if depth == 0 { 5 } else { 10 }) {
            0 if self.users => self.element(),
            0..5 => self.leaf(),
            5 | 6 => Filter::And(self.several(depth)),
            7 | 8 => Filter::Or(self.several(depth)),
            _ => Filter::Not(Box::new(self.filter(depth - 1))),
        }
    }

    fn several(&mut self, depth: usize) -> Vec<Filter> {
        (0..2 + self.dice.throw(2)).map(|_| self.filter(depth - 1)).collect()
    }

    fn leaf(&mut self) -> Filter {
        let (urn, name, kind) = if self.users { self.dice.pick(&USERS) } else { self.dice.pick(&GROUPS) };
        let attribute = self.attribute(urn, name, kind);
        // Membership is asked for by eq alone; members also by pr.
        if name == "groups.value" || name == "members.value" {
            if name == "members.value" && self.dice.once_in(4) {
                return Filter::Present(Attribute { spelled: "members".to_owned(), ..attribute });
            }
            let id = if name == "groups.value" { self.user_count + self.dice.throw(self.group_count) } else { self.any() };
            return self.membership(attribute, id);
        }
        self.compared(attribute, name)
    }

    /// `members eq …`, `members.value eq …` or `members[value eq …]`.
    fn membership(&mut self, attribute: Attribute, id: usize) -> Filter {
        let list = attribute.path[0].clone();
        match self.dice.throw(3) {
            0 => Filter::Compare(Attribute { spelled: list, ..attribute }, Operator::Eq, Literal::IdOf(id)),
            1 => Filter::Compare(attribute, Operator::Eq, Literal::IdOf(id)),
            _ => {
                let whole = Attribute { spelled: list.clone(), path: vec![list], kind: Complex };
                let value = Attribute { spelled: "value".to_owned(), path: vec!["value".to_owned()], kind: Exact };
                Filter::Element(whole, Box::new(Filter::Compare(value, Operator::Eq, Literal::IdOf(id))))
            }
        }
    }

    fn compared(&mut self, attribute: Attribute, name: &str) -> Filter {
        if self.dice.once_in(8) {
            return Filter::Present(attribute);
        }
        if self.dice.once_in(14) {
            let operator = self.dice.pick(&[Operator::Eq, Operator::Ne]);
            return Filter::Compare(attribute, operator, Literal::Null);
        }
        let equality = [Operator::Eq, Operator::Ne];
        let order = [Operator::Gt, Operator::Ge, Operator::Lt, Operator::Le];
        let parts = [Operator::Co, Operator::Sw, Operator::Ew];
        let literal = self.literal(attribute.kind, name);
        let mut operators = equality.to_vec();
        if !matches!(literal, Literal::Boolean(_)) && name != "id" {
            operators.extend(order);
        }
        if matches!(literal, Literal::Text(_)) && attribute.kind != Time {
            operators.extend(parts);
        }
        let operator = self.dice.pick(&operators);
        let literal = match literal {
            Literal::Text(text) if parts.contains(&operator) => Literal::Text(self.part(&text)),
            literal => literal,
        };
        Filter::Compare(attribute, operator, literal)
    }

    fn literal(&mut self, kind: Kind, name: &str) -> Literal {
        match (kind, name) {
            (_, "id" | "manager.value") => Literal::IdOf(self.any()),
            (_, "schemas") => Literal::Text(self.case(if self.users { ENTERPRISE } else { BADGE })),
            (Boolean, _) => Literal::Boolean(self.dice.once_in(2)),
            (Time, "since") => Literal::Text(self.dice.pick(&TIMES).to_owned()),
            (Time, _) if self.dice.once_in(3) => {
                let text = self.dice.pick(&["2020-02-29T23:59:60Z", "2020-01-01T00:00:00+14:00", "2090-06-01T12:00:00.5-03:30"]);
                // RFC 3339 has leap seconds, xsd:dateTime has none.
                Literal::Text(text.replace(":60Z", ":59Z"))
            }
            (Time, name) => {
                let field = if name == "meta.created" { "created" } else { "lastModified" };
                Literal::TimeOf(self.any(), field, self.dice.pick(&[0, 2, -7, 14]))
            }
            (Number, _) => Literal::Number(self.dice.pick(&NUMBERS).to_owned()),
            (_, "userName") => {
                Literal::Text(format!("{}{}", self.dice.pick(&["Ada", "ЖУК", "zoë", "love"]), self.dice.throw(self.user_count)))
            }
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Literal {
        let word = self.dice.pick(&WORDS);
        Literal::Text(if self.dice.once_in(3) { self.case(word) } else { word.to_owned() })
    }

    /// A piece of a text, so that it is found in some values.
    fn part(&mut self, text: &str) -> String {
        let letters: Vec<char> = text.chars().collect();
        let from = self.dice.throw(letters.len());
        letters[from..from + 1 + self.dice.throw(letters.len() - from)].iter().collect()
    }

    fn element(&mut self) -> Filter {
        let (urn, list, parts) = self.dice.pick(&LISTS);
        let whole = self.attribute(urn, list, Complex);
        let inner = |maker: &mut Self| {
            let (name, kind) = maker.dice.pick(parts);
            let attribute = Attribute { spelled: maker.case(name), path: vec![name.to_owned()], kind };
            let compared = maker.compared(attribute, name);
            if maker.dice.once_in(5) { Filter::Not(Box::new(compared)) } else { compared }
        };
        let inner = match self.dice.throw(3) {
            0 => inner(self),
            1 => Filter::And(vec![inner(self), inner(self)]),
            _ => Filter::Or(vec![inner(self), inner(self)]),
        };
        Filter::Element(whole, Box::new(inner))
    }

    /// An attribute in one of its spellings.
    fn attribute(&mut self, urn: &str, name: &str, kind: Kind) -> Attribute {
        let below = name.split('.').map(str::to_owned);
        let path = if urn.is_empty() { below.collect() } else { std::iter::once(urn.to_owned()).chain(below).collect() };
        // A list of objects, and an object with a value, are compared by it.
        let short = name.strip_suffix(".value").filter(|_| kind != Time && self.dice.once_in(3)).unwrap_or(name);
        let core = if self.users { USER } else { GROUP };
        let spelled = match urn {
            "" if self.dice.once_in(6) => format!("{core}:{short}"),
            "" => short.to_owned(),
            // The enterprise extension's attributes may be named without it.
            ENTERPRISE if self.dice.once_in(4) => short.to_owned(),
            urn => format!("{urn}:{short}"),
        };
        Attribute { spelled: if self.dice.once_in(3) { self.case(&spelled) } else { spelled }, path, kind }
    }

    /// A text with some of its letters in the other case.
    fn case(&mut self, text: &str) -> String {
        let flip = |c: char| if c.is_lowercase() { c.to_uppercase().next().unwrap() } else { c.to_lowercase().next().unwrap() };
        text.chars().map(|c| if self.dice.once_in(2) { flip(c) } else { c }).collect()
    }

    /// Any resource of the data set.
    fn any(&mut self) -> usize {
        self.dice.throw(self.user_count + self.group_count)
    }
}
