//! What of a filter an index can answer, and which fields its verdict depends on.

/// A condition that a key of the store answers; every resource that satisfies the filter satisfies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The id.
    Id(String),
    /// The key of the `userName`, see [`super::fold::user_name_key`].
    UserName(String),
    /// The beginning of the key of the `userName`.
    UserNamePrefix(String),
    /// The caller's connection's `externalId`, exact.
    ExternalId(String),
    /// The key of one of the e-mail addresses, see [`super::fold::email`].
    Email(String),
    /// The caseless `displayName` of a group, see [`super::fold::caseless`].
    DisplayName(String),
    /// Whether the user is active.
    Active(bool),
    /// The group has this direct member.
    Member(String),
    /// The user is in this group.
    InGroup(String),
}
