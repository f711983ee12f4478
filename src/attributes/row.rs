//! What a row is: the facts of one attribute and the way to its field.

use super::access::Access;
pub use super::walk::{Extensions, Rows, Table};

/// RFC 7643 section 2.3. Only registered schemas have numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the RFC's own words")]
pub enum Kind {
    String,
    Boolean,
    Decimal,
    Integer,
    DateTime,
    Reference,
    /// Base64 text.
    Binary,
    /// An object with sub-attributes.
    Complex,
}

/// RFC 7643 section 7, `mutability`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the RFC's own words")]
pub enum Mutability {
    ReadWrite,
    ReadOnly,
    WriteOnly,
    Immutable,
}

/// RFC 7643 section 7, `returned`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the RFC's own words")]
pub enum Returned {
    Default,
    Always,
    Never,
    Request,
}

/// How values are compared; nothing is ever stored folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// Byte by byte (`caseExact`).
    Exact,
    /// By [`super::fold::caseless`].
    Caseless,
    /// By [`super::fold::user_name_key`].
    UserName,
}

/// The key the store holds of an attribute, if it holds one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "named after the attributes")]
pub enum Index {
    Id,
    UserName,
    ExternalId,
    Email,
    DisplayName,
    Active,
}

/// Where an attribute's value lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a field of the message.
    Field,
    /// Derived from other fields; never written.
    Computed,
    /// Beside the message; lifted out of documents and patches.
    Password,
    /// In the edges of a group; lifted out of documents and patches.
    Members,
    /// In the edges towards a user's groups; the message carries them on request only.
    Groups,
}

/// The facts: what `/Schemas` says and every walk obeys.
#[derive(Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "RFC 7643 section 7 has them")]
pub struct Attribute {
    /// As SCIM spells it; the URN for an extension.
    pub name: &'static str,
    /// One sentence for `/Schemas`.
    pub about: &'static str,
    /// The proto fields it is made of: for field masks, partial decoding, and the test that none is forgotten.
    pub fields: &'static [&'static str],
    /// Its type.
    pub kind: Kind,
    /// Whether it is a list.
    pub multi_valued: bool,
    /// Whether a resource must have it.
    pub required: bool,
    /// Whether `/Schemas` tells of it: the common attributes are everyone's.
    pub listed: bool,
    /// How it is compared.
    pub fold: Fold,
    /// Who may write it when.
    pub mutability: Mutability,
    /// When it is part of an answer.
    pub returned: Returned,
    /// Whether no two resources of an organization share a value.
    pub unique: bool,
    /// The store's key of it.
    pub index: Option<Index>,
    /// Where it lives.
    pub place: Place,
    /// Suggested values.
    pub canonical: &'static [&'static str],
    /// What a reference may point at.
    pub reference_types: &'static [&'static str],
    /// The rows of a complex attribute.
    pub sub: Option<&'static dyn Table>,
}

impl Attribute {
    /// Whether it compares byte by byte.
    pub fn case_exact(&self) -> bool {
        self.fold == Fold::Exact
    }

    /// Whether it marks the preferred value of a list.
    pub fn is_primary(&self) -> bool {
        self.kind == Kind::Boolean && self.name == "primary"
    }

    /// Whether clients may write it (once, for immutable ones).
    pub fn writable(&self) -> bool {
        self.mutability != Mutability::ReadOnly
    }
}

impl std::fmt::Debug for Attribute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// One attribute of the message `M`.
pub struct Row<M: 'static> {
    /// The facts.
    pub attribute: Attribute,
    pub(super) to: Access<M>,
}

const fn row<M, F: ?Sized>(name: &'static str, kind: Kind, to: Access<M, F>) -> Row<M> {
    let fold = match kind {
        Kind::Reference | Kind::Binary => Fold::Exact,
        _ => Fold::Caseless,
    };
    let attribute = Attribute {
        name,
        about: "",
        fields: to.fields,
        kind,
        multi_valued: false,
        required: false,
        listed: true,
        fold,
        mutability: Mutability::ReadWrite,
        returned: Returned::Default,
        unique: false,
        index: None,
        place: to.place,
        canonical: &[],
        reference_types: &[],
        sub: None,
    };
    Row { attribute, to: to.untyped() }
}

/// A string.
pub const fn text<M, F: ?Sized>(name: &'static str, to: Access<M, F>) -> Row<M> {
    row(name, Kind::String, to)
}

/// A boolean.
pub const fn boolean<M, F: ?Sized>(name: &'static str, to: Access<M, F>) -> Row<M> {
    row(name, Kind::Boolean, to)
}

/// An instant; all of ours are the server's.
pub const fn time<M, F: ?Sized>(name: &'static str, to: Access<M, F>) -> Row<M> {
    row(name, Kind::DateTime, to).read_only()
}

/// A URI and what it may point at.
pub const fn reference<M, F: ?Sized>(name: &'static str, to: Access<M, F>, types: &'static [&'static str]) -> Row<M> {
    let mut row = row(name, Kind::Reference, to);
    row.attribute.reference_types = types;
    row
}

/// Base64 text, kept as sent.
pub const fn binary<M, F: ?Sized>(name: &'static str, to: Access<M, F>) -> Row<M> {
    row(name, Kind::Binary, to)
}

/// One sub-object: the compiler checks that `sub` describes the field's own type.
pub const fn one<M, C: 'static>(name: &'static str, to: Access<M, Option<C>>, sub: &'static Rows<C>) -> Row<M> {
    row(name, Kind::Complex, to).with(sub)
}

/// A list of sub-objects, checked in the same way.
pub const fn many<M, C: 'static>(name: &'static str, to: Access<M, Vec<C>>, sub: &'static Rows<C>) -> Row<M> {
    row(name, Kind::Complex, to).with(sub).multi()
}

#[allow(clippy::return_self_not_must_use, reason = "words of a table")]
impl<M> Row<M> {
    const fn with(mut self, sub: &'static dyn Table) -> Self {
        self.attribute.sub = Some(sub);
        self
    }

    /// A list.
    pub const fn multi(mut self) -> Self {
        self.attribute.multi_valued = true;
        self
    }

    /// What it is, for `/Schemas`.
    pub const fn about(mut self, sentence: &'static str) -> Self {
        self.attribute.about = sentence;
        self
    }

    /// A resource must have it.
    pub const fn required(mut self) -> Self {
        self.attribute.required = true;
        self
    }

    /// A common attribute: `/Schemas` leaves it out.
    pub const fn unlisted(mut self) -> Self {
        self.attribute.listed = false;
        self
    }

    /// How it is compared.
    pub const fn fold(mut self, fold: Fold) -> Self {
        self.attribute.fold = fold;
        self
    }

    /// The store keeps a key of it.
    pub const fn indexed(mut self, index: Index) -> Self {
        self.attribute.index = Some(index);
        self
    }

    /// No two resources share a value.
    pub const fn unique(mut self) -> Self {
        self.attribute.unique = true;
        self
    }

    /// The server's own.
    pub const fn read_only(mut self) -> Self {
        self.attribute.mutability = Mutability::ReadOnly;
        self
    }

    /// Written once.
    pub const fn immutable(mut self) -> Self {
        self.attribute.mutability = Mutability::Immutable;
        self
    }

    /// Written, never answered.
    pub const fn write_only(mut self) -> Self {
        self.attribute.mutability = Mutability::WriteOnly;
        self.attribute.returned = Returned::Never;
        self
    }

    /// When it is answered.
    pub const fn returned(mut self, returned: Returned) -> Self {
        self.attribute.returned = returned;
        self
    }

    /// Its value lives elsewhere than in the message's own field.
    pub const fn elsewhere(mut self, place: Place) -> Self {
        self.attribute.place = place;
        self
    }

    /// Suggested values.
    pub const fn canonical(mut self, values: &'static [&'static str]) -> Self {
        self.attribute.canonical = values;
        self
    }
}
