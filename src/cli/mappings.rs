//! Which roles the provider's data brings: a flag of `roster connection create` and `update`.

use crate::api::v1::{Connection, RoleMapping, role_mapping::Source};
use clap::Args;

/// A flag that is not given leaves its setting as it is; one that is given takes the place of the whole.
#[derive(Debug, Args)]
pub(super) struct Mappings {
    /// Give a role to whom the provider's data names: group:NAME=ROLE, group-external-id:VALUE=ROLE, role:VALUE=ROLE or
    /// entitlement:VALUE=ROLE, with the role's id, such as admin; "none" for no mapping. May be given several times.
    #[arg(long = "map", value_name = "SOURCE=ROLE", value_parser = mapping)]
    mappings: Vec<Mapping>,
}

/// One mapping; none stands for no mapping at all.
type Mapping = Option<RoleMapping>;

impl Mappings {
    /// The fields this flag changes, by their names in the contract.
    pub(super) const FIELDS: [&'static str; 1] = ["role_mappings"];

    pub(super) fn apply(self, connection: &mut Connection) {
        if !self.mappings.is_empty() {
            connection.role_mappings = self.mappings.into_iter().flatten().collect();
        }
    }
}

fn mapping(text: &str) -> Result<Mapping, String> {
    if text == "none" {
        return Ok(None);
    }
    let unknown = || "give group:NAME=ROLE, group-external-id:VALUE=ROLE, role:VALUE=ROLE, entitlement:VALUE=ROLE or none".to_owned();
    let (kind, rest) = text.split_once(':').ok_or_else(unknown)?;
    // The last one: a name may hold another.
    let (value, role_id) = rest.rsplit_once('=').filter(|(value, role)| !value.is_empty() && !role.is_empty()).ok_or_else(unknown)?;
    let value = value.to_owned();
    let source = match kind {
        "group" => Source::GroupDisplayName(value),
        "group-external-id" => Source::GroupExternalId(value),
        "role" => Source::RoleValue(value),
        "entitlement" => Source::EntitlementValue(value),
        _ => return Err(unknown()),
    };
    Ok(Some(RoleMapping { source: Some(source), role_id: role_id.to_owned(), scope: String::new() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_is_a_source_and_a_role() {
        let made = |text| mapping(text).unwrap().unwrap();
        assert_eq!(made("group:Ops: A=B=admin").source, Some(Source::GroupDisplayName("Ops: A=B".to_owned())));
        assert_eq!(made("role:owner=r-1").role_id, "r-1");
        assert_eq!(mapping("none"), Ok(None));
        for bad in ["", "admin", "group:x", "group:=admin", "group:x=", "team:x=admin"] {
            assert!(mapping(bad).is_err(), "{bad}");
        }
    }
}
