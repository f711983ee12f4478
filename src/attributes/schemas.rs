//! `/Schemas`: the table, told.

use super::row::{Attribute, Kind, Mutability, Returned, Table};
use super::table::{ENTERPRISE_URN, GROUP, GROUP_URN, USER, USER_URN};
use crate::api::v1::{AttributeDefinition, Schema};
use std::collections::BTreeMap;

/// What `ListSchemas` answers: the core schemas of users and groups and the enterprise extension.
pub fn schemas() -> Vec<Schema> {
    let core = |urn: &str, name: &str, description: &str, table: &dyn Table| Schema {
        urn: urn.to_owned(),
        display_name: name.to_owned(),
        description: description.to_owned(),
        attributes: definitions(table),
        extends: BTreeMap::new(),
    };
    let mut all =
        vec![core(USER_URN, "User", "A person's account.", &USER), core(GROUP_URN, "Group", "A group of users and groups.", &GROUP)];
    if let Some(sub) = USER.find(ENTERPRISE_URN, 0).and_then(|(_, a)| a.sub) {
        let extends = BTreeMap::from([("User".to_owned(), false)]);
        all.push(Schema { extends, ..core(ENTERPRISE_URN, "EnterpriseUser", "What enterprises say about a user.", sub) });
    }
    all
}

fn definitions(table: &dyn Table) -> Vec<AttributeDefinition> {
    (0..table.len()).filter_map(|row| table.attribute(row)).filter(|a| a.listed).map(definition).collect()
}

fn definition(a: &Attribute) -> AttributeDefinition {
    let texts = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect();
    AttributeDefinition {
        name: a.name.to_owned(),
        r#type: kind(a.kind).to_owned(),
        multi_valued: a.multi_valued,
        description: a.about.to_owned(),
        required: a.required,
        case_exact: a.kind != Kind::Complex && a.case_exact(),
        mutability: mutability(a.mutability).to_owned(),
        returned: returned(a.returned).to_owned(),
        uniqueness: if a.unique { "server" } else { "none" }.to_owned(),
        canonical_values: texts(a.canonical),
        reference_types: texts(a.reference_types),
        sub_attributes: a.sub.map_or_else(Vec::new, definitions),
    }
}

/// RFC 7643's name of a type.
pub fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "string",
        Kind::Boolean => "boolean",
        Kind::Decimal => "decimal",
        Kind::Integer => "integer",
        Kind::DateTime => "dateTime",
        Kind::Reference => "reference",
        Kind::Binary => "binary",
        Kind::Complex => "complex",
    }
}

/// RFC 7643's word for who may write.
pub(super) fn mutability(mutability: Mutability) -> &'static str {
    match mutability {
        Mutability::ReadWrite => "readWrite",
        Mutability::ReadOnly => "readOnly",
        Mutability::WriteOnly => "writeOnly",
        Mutability::Immutable => "immutable",
    }
}

/// RFC 7643's word for when it is answered.
pub(super) fn returned(returned: Returned) -> &'static str {
    match returned {
        Returned::Default => "default",
        Returned::Always => "always",
        Returned::Never => "never",
        Returned::Request => "request",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_errata_of_rfc_7643_are_applied() {
        let all = schemas();
        let find = |schema: usize, path: &[&str]| {
            let mut at = all[schema].attributes.clone();
            let mut found = None;
            for name in path {
                let hit = at.iter().find(|a| a.name == *name).unwrap().clone();
                at = hit.sub_attributes.clone();
                found = Some(hit);
            }
            found.unwrap()
        };
        assert!(find(1, &["displayName"]).required);
        assert_eq!(find(1, &["displayName"]).uniqueness, "none");
        assert_eq!(find(1, &["members", "display"]).mutability, "readOnly");
        assert_eq!(find(1, &["members", "value"]).mutability, "immutable");
        assert_eq!(find(1, &["members", "type"]).canonical_values, ["User", "Group"]);
        assert_eq!(find(0, &["groups", "$ref"]).reference_types, ["Group"]);
        assert_eq!(find(0, &["groups"]).uniqueness, "none");
        assert!(find(2, &["manager", "value"]).case_exact);
        assert_eq!(find(0, &["password"]).returned, "never");
        assert_eq!(find(0, &["userName"]).uniqueness, "server");
    }

    #[test]
    fn common_attributes_are_left_out_and_every_other_says_what_it_is() {
        fn check(attributes: &[AttributeDefinition]) {
            for a in attributes {
                assert!(!a.description.is_empty(), "{}", a.name);
                check(&a.sub_attributes);
            }
        }
        for schema in schemas() {
            assert!(schema.attributes.iter().all(|a| !["schemas", "id", "externalId", "meta"].contains(&a.name.as_str())));
            check(&schema.attributes);
        }
    }
}
