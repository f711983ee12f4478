//! What is true of the table as a whole.

use super::super::row::{Place, Table};
use super::*;
use prost_types::{DescriptorProto, FileDescriptorSet};
use std::collections::BTreeSet;

fn each_table(table: &'static dyn Table, visit: &mut dyn FnMut(&'static dyn Table)) {
    visit(table);
    for sub in (0..table.len()).filter_map(|row| table.attribute(row)).filter(|a| a.name != "meta").filter_map(|a| a.sub) {
        each_table(sub, visit);
    }
}

#[test]
fn a_set_of_rows_fits_one_word_and_names_are_distinct() {
    for kind in [ResourceType::User, ResourceType::Group] {
        each_table(kind.table(), &mut |table| {
            let names: BTreeSet<String> = (0..table.len()).filter_map(|row| table.attribute(row)).map(|a| a.name.to_lowercase()).collect();
            assert!(table.len() <= 64);
            assert_eq!(names.len(), table.len());
        });
    }
}

#[test]
fn no_field_of_the_contract_is_forgotten() {
    use prost::Message as _;
    let set = FileDescriptorSet::decode(crate::api::DESCRIPTORS).unwrap();
    let fields = |name: &str| -> BTreeSet<String> {
        let of = |m: &&DescriptorProto| m.name() == name;
        let message = set.file.iter().filter(|f| f.package() == "roster.v1").flat_map(|f| &f.message_type).find(of).unwrap();
        message.field.iter().map(|f| f.name().to_owned()).collect()
    };
    let known = |table: &dyn Table, beside: &[&str]| -> BTreeSet<String> {
        let rows = (0..table.len()).filter_map(|row| table.attribute(row)).flat_map(|a| a.fields).copied();
        rows.chain(beside.iter().copied()).map(|f| f.trim_start_matches("r#").to_owned()).collect()
    };
    let sub = |name: &str| USER.find(name, 0).unwrap().1.sub.unwrap();
    let user = ["organization_id", "extensions", "groups_truncated", "links", "groups_version", "setup_state"];
    assert_eq!(known(&USER, &user), fields("User"));
    assert_eq!(known(&GROUP, &["organization_id", "extensions", "direct_member_count", "links"]), fields("Group"));
    assert_eq!(known(sub("name"), &[]), fields("PersonName"));
    assert_eq!(known(sub("emails"), &["extra"]), fields("MultiValue"));
    assert_eq!(known(sub("addresses"), &["extra"]), fields("Address"));
    assert_eq!(known(sub("groups"), &[]), fields("GroupSummary"));
    let enterprise = sub(table::ENTERPRISE_URN);
    assert_eq!(known(enterprise, &["extra"]), fields("EnterpriseUser"));
    assert_eq!(known(enterprise.find("manager", 0).unwrap().1.sub.unwrap(), &[]), fields("Manager"));
    assert_eq!(known(&table::MEMBER, &["kind"]), fields("GroupMember"));
}

#[test]
fn rows_without_a_field_say_where_they_are() {
    let place = |kind: ResourceType, name: &str| kind.table().find(name, 0).unwrap().1.place;
    assert_eq!(place(ResourceType::User, "PASSWORD"), Place::Password);
    assert_eq!(place(ResourceType::User, "groups"), Place::Groups);
    assert_eq!(place(ResourceType::Group, "members"), Place::Members);
}

#[test]
fn a_table_given_another_message_finds_nothing() {
    let (mut group, table) = (Group { id: "g1".into(), ..Group::default() }, ResourceType::User.table());
    assert_eq!(shown(&group, &Projection::all(ResourceType::User)), serde_json::json!({}));
    table.clear(1, &mut group);
    assert_eq!(group.id, "g1");
}

#[test]
fn masks_write_what_they_name_and_nothing_else() {
    use crate::api::v1::{ErrorReason, ExternalId};
    use serde_json::json;
    let before = stored(user(&json!({"userName": "ines", "title": "Pilot", "name": {"givenName": "Ines", "familyName": "Okafor"}})));
    let source = user(&json!({"userName": "other", "name": {"givenName": "Inès"}, "externalId": "x2"}));
    let mask = |paths: &[&str]| {
        let mut target = before.clone();
        target.external_ids = vec![ExternalId { connection_id: "entra".into(), value: "kept".into() }];
        let paths: Vec<String> = paths.iter().map(|p| (*p).to_owned()).collect();
        let done = mask_user(&mut target, &source, &paths, &CX);
        done.map(|()| target)
    };
    let some = mask(&["name.given_name", "title", "external_ids"]).unwrap();
    assert_eq!((some.user_name.as_str(), &some.title), ("ines", &None));
    assert_eq!(some.name.as_ref().unwrap().given_name.as_deref(), Some("Inès"));
    assert_eq!(some.name.as_ref().unwrap().family_name.as_deref(), Some("Okafor"));
    assert_eq!(some.external_ids.iter().map(|e| e.value.as_str()).collect::<Vec<_>>(), ["kept", "x2"]);
    let all = mask(&["*"]).unwrap();
    assert_eq!((all.user_name.as_str(), all.id.as_str()), ("other", "2819c223"));
    assert_eq!(all.name.unwrap().family_name, None);
    for (path, reason) in [
        ("id", ErrorReason::Mutability),
        ("organization_id", ErrorReason::Mutability),
        ("groups", ErrorReason::Mutability),
        ("meta.etag", ErrorReason::Mutability),
        ("enterprise.manager.display_name", ErrorReason::Mutability),
        ("givenName", ErrorReason::InvalidPath),
        ("name.nonsense", ErrorReason::InvalidPath),
        ("emails.value", ErrorReason::InvalidPath),
        ("", ErrorReason::InvalidPath),
    ] {
        assert_eq!(mask(&[path]).unwrap_err().reason, reason, "{path}");
    }
    assert_eq!(mask(&[]).unwrap_err().reason, ErrorReason::InvalidValue);
}

#[test]
fn a_replacement_clears_what_it_leaves_out_but_active_and_other_connections() {
    use crate::api::v1::ExternalId;
    use serde_json::json;
    let mut before =
        stored(user(&json!({"userName": "ines", "title": "Pilot", "active": false, "externalId": "mine", "urn:x:Y": {"a": 1}})));
    before.external_ids.push(ExternalId { connection_id: "entra".into(), value: "theirs".into() });
    replace_user(&mut before, user(&json!({"userName": "Ines", "emails": [{"value": "a@b.example"}]})), &CX);
    assert_eq!((before.user_name.as_str(), before.title, before.active), ("Ines", None, Some(false)));
    assert_eq!(before.external_ids.iter().map(|e| e.value.as_str()).collect::<Vec<_>>(), ["theirs"]);
    assert!(before.extensions.is_empty() && before.meta.is_some() && before.id == "2819c223" && before.emails.len() == 1);
}
