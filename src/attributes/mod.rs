//! The attribute language: an attribute is a row of a table, and everything SCIM says is a walk over it.
//!
//! [`table`] is written by hand; filters, PATCH, projection, sorting, JSON in and out, field masks, validation and
//! `/Schemas` only read it. Adding an attribute is one proto field and one row. Nothing here reaches for a socket,
//! a database or a clock.

pub mod access;
mod canon;
pub mod check;
pub mod custom;
mod decode;
pub mod edge;
mod error;
mod evaluate;
pub mod filter;
pub mod fold;
mod grammar;
mod hollow;
mod json;
mod lexer;
pub mod mask;
pub mod moment;
pub mod narrow;
pub mod number;
mod operand;
pub mod order;
pub mod owned;
pub mod parse;
pub mod patch;
mod patch_list;
mod patch_open;
pub mod path;
pub mod projection;
mod read;
mod read_members;
mod read_value;
pub mod render;
pub mod replace;
pub mod roster;
pub mod row;
pub mod schemas;
pub mod spoken;
pub mod table;
mod table_parts;
mod take;
#[cfg(test)]
mod tests;
pub mod value;
mod walk;

pub use check::{check_group, check_user};
pub use custom::Schemas;
pub use edge::{EdgeLeaf, Edges, NoEdges};
pub use error::{AttributeError, Result};
pub use filter::Filter;
pub use mask::{mask_group, mask_user};
pub use narrow::Condition;
pub use order::Order;
pub use parse::{Leniency, Parsed, parse_group, parse_group_with, parse_user};
pub use patch::{MemberEdit, Patched, patch_group, patch_user};
pub use path::{Path, Target};
pub use projection::Projection;
pub use render::{render, render_member, render_open};
pub use replace::{replace_group, replace_user};
pub use schemas::schemas;
pub use table::{GROUP, USER};

use row::Table;

/// What a walk must know about its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context<'a> {
    /// The connection whose `externalId` is read and written; empty for callers that have none.
    pub connection: &'a str,
    /// What locations start with, e.g. `https://host/scim/v2/acme`. Only rendering and comparisons of locations use it.
    pub base: &'a str,
}

/// What kind of resource a table describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResourceType {
    /// RFC 7643 section 4.1.
    User,
    /// RFC 7643 section 4.2.
    Group,
}

impl ResourceType {
    /// `meta.resourceType`; also the name of the message.
    pub fn name(self) -> &'static str {
        match self {
            ResourceType::User => "User",
            ResourceType::Group => "Group",
        }
    }

    /// The other type.
    #[must_use]
    pub fn other(self) -> ResourceType {
        match self {
            ResourceType::User => ResourceType::Group,
            ResourceType::Group => ResourceType::User,
        }
    }

    /// The collection's last path segment.
    pub fn endpoint(self) -> &'static str {
        match self {
            ResourceType::User => "Users",
            ResourceType::Group => "Groups",
        }
    }

    /// The URN of the base schema.
    pub fn schema(self) -> &'static str {
        match self {
            ResourceType::User => table::USER_URN,
            ResourceType::Group => table::GROUP_URN,
        }
    }

    /// The rows.
    pub fn table(self) -> &'static dyn Table {
        match self {
            ResourceType::User => &table::USER,
            ResourceType::Group => &table::GROUP,
        }
    }
}
