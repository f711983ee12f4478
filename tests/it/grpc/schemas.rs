//! Schemas that an organization registers.

use crate::harness::{
    Refused, World, both,
    schema::{BADGE, attribute, badge},
    shapes::{boolean, complex, group, list, operation, page, text, user},
};
use roster::api::v1::{
    ApplyMutationsRequest, AttributeDefinition, AttributeMap, AttributeValue, CreateGroupRequest, CreateUserRequest, DeleteSchemaRequest,
    ErrorReason, ListSchemasRequest, ListUsersRequest, Mutation, PatchUserRequest, ReadSelection, ReplaceUserRequest, Schema,
    UpdateUserRequest, User, attribute_value::Kind, mutation::Write, patch_operation::Op,
};
use tonic::{Code, Status};

fn map<'a>(entries: impl IntoIterator<Item = (&'a str, AttributeValue)>) -> AttributeMap {
    match complex(entries).kind {
        Some(Kind::ComplexValue(map)) => map,
        other => panic!("{other:?}"),
    }
}

fn integer(value: i64) -> AttributeValue {
    AttributeValue { kind: Some(Kind::IntegerValue(value)) }
}

fn with_badge<'a>(name: &str, entries: impl IntoIterator<Item = (&'a str, AttributeValue)>) -> User {
    User { extensions: [(BADGE.to_owned(), map(entries))].into(), ..user(name) }
}

async fn registered(world: &World) -> Vec<Schema> {
    let request = ListSchemasRequest { organization_id: world.organization.clone(), ..Default::default() };
    let schemas = world.grpc().provisioning.list_schemas(request).await.unwrap().into_inner().schemas;
    schemas.into_iter().skip(3).collect()
}

async fn remove(world: &World, urn: &str) -> Result<(), Status> {
    let request = DeleteSchemaRequest { organization_id: world.organization.clone(), urn: urn.to_owned(), write: None };
    world.grpc().provisioning.delete_schema(request).await.map(drop)
}

async fn a_schema_is_registered_replaced_and_removed(world: World) {
    let before = world.head().await;

    let first = world.register(badge()).await.unwrap();
    let again = world.register(badge()).await.unwrap();

    // What was left open is told.
    let told = first.schema.clone().unwrap();
    let number = &told.attributes[0];
    assert_eq!((number.mutability.as_str(), number.returned.as_str(), number.uniqueness.as_str()), ("readWrite", "default", "none"));
    assert_eq!(told.attributes.iter().find(|a| a.name == "pin").unwrap().returned, "never");
    assert!(told.attributes.iter().find(|a| a.name == "photo").unwrap().case_exact);
    assert_eq!(registered(&world).await, [told.clone()]);
    // The same again changes nothing.
    assert_eq!(first.committed_at.unwrap().number, before + 1);
    assert_eq!((again.committed_at.unwrap().number, again.schema.unwrap()), (before + 1, told.clone()));

    let fewer = Schema { urn: BADGE.to_uppercase(), attributes: vec![attribute("number", "")], ..badge() };
    let replaced = world.register(fewer).await.unwrap().schema.unwrap();
    assert_eq!(
        (replaced.urn.as_str(), replaced.attributes.len(), replaced.attributes[0].r#type.as_str()),
        (&*BADGE.to_uppercase(), 1, "string")
    );
    assert_eq!(registered(&world).await, [replaced]);

    remove(&world, BADGE).await.unwrap();
    assert_eq!(registered(&world).await, []);
    Refused::read(&remove(&world, BADGE).await.unwrap_err()).is(Code::NotFound, ErrorReason::NotFound);
    let own = remove(&world, "urn:ietf:params:scim:schemas:core:2.0:User").await.unwrap_err();
    Refused::read(&own).is(Code::NotFound, ErrorReason::NotFound);
}

async fn what_cannot_be_registered_is_refused_by_name(world: World) {
    let with = |change: &dyn Fn(&mut Schema)| {
        let mut schema = Schema { attributes: vec![attribute("number", "string")], ..badge() };
        change(&mut schema);
        schema
    };
    let given = |definition: AttributeDefinition| Schema { attributes: vec![definition], ..badge() };
    let part = |part: AttributeDefinition| given(AttributeDefinition { sub_attributes: vec![part], ..attribute("a", "complex") });
    let a = || attribute("a", "string");
    let refused = [
        (with(&|s| s.urn.clear()), "schema.urn"),
        (with(&|s| "https://example.com/badge".clone_into(&mut s.urn)), "schema.urn"),
        (with(&|s| "urn:example".clone_into(&mut s.urn)), "schema.urn"),
        (with(&|s| "urn:example:a b".clone_into(&mut s.urn)), "schema.urn"),
        (with(&|s| s.urn = format!("urn:x:{}", "y".repeat(250))), "schema.urn"),
        (with(&|s| "urn:ietf:params:scim:schemas:core:2.0:user".clone_into(&mut s.urn)), "schema.urn"),
        (with(&|s| "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User".clone_into(&mut s.urn)), "schema.urn"),
        (with(&|s| "urn:ietf:params:scim:api:messages:2.0:Error".clone_into(&mut s.urn)), "schema.urn"),
        (with(&|s| s.display_name = "x".repeat(256)), "schema.display_name"),
        (with(&|s| "a\u{0}".clone_into(&mut s.description)), "schema.description"),
        (with(&|s| s.extends.clear()), "schema.extends"),
        (with(&|s| s.extends.extend([("Device".to_owned(), true)])), "schema.extends"),
        (with(&|s| s.attributes.clear()), "schema.attributes"),
        (with(&|s| s.attributes = (0..101).map(|n| attribute(&format!("a{n}"), "string")).collect()), "schema.attributes"),
        (with(&|s| s.attributes.push(attribute("NUMBER", "string"))), "NUMBER"),
        (given(attribute("", "string")), "schema.attributes.name"),
        (given(attribute("1st", "string")), "schema.attributes.name"),
        (given(attribute("a.b", "string")), "schema.attributes.name"),
        (given(attribute(&"a".repeat(65), "string")), "schema.attributes.name"),
        (given(attribute("a", "text")), "a.type"),
        (given(AttributeDefinition { mutability: "sometimes".into(), ..a() }), "a.mutability"),
        (given(AttributeDefinition { returned: "Always".into(), ..a() }), "a.returned"),
        (given(AttributeDefinition { uniqueness: "server".into(), ..a() }), "a.uniqueness"),
        (given(AttributeDefinition { uniqueness: "often".into(), ..a() }), "a.uniqueness"),
        (given(AttributeDefinition { mutability: "writeOnly".into(), returned: "default".into(), ..a() }), "a.returned"),
        (given(AttributeDefinition { mutability: "readOnly".into(), required: true, ..a() }), "a.required"),
        (given(AttributeDefinition { reference_types: vec!["User".into()], ..a() }), "a.reference_types"),
        (given(AttributeDefinition { sub_attributes: vec![a()], ..a() }), "a.sub_attributes"),
        (given(AttributeDefinition { canonical_values: vec!["x".into(); 101], ..a() }), "a.canonical_values"),
        (given(attribute("a", "complex")), "a.sub_attributes"),
        (part(attribute("b", "complex")), "a.b.type"),
        (part(AttributeDefinition { mutability: "immutable".into(), ..attribute("b", "string") }), "a.b.mutability"),
        (part(AttributeDefinition { returned: "never".into(), ..attribute("b", "string") }), "a.b.returned"),
    ];
    let head = world.head().await;
    for (schema, field) in refused {
        let refused = Refused::read(&world.register(schema).await.unwrap_err());
        refused.is(Code::InvalidArgument, ErrorReason::InvalidValue).says("attribute", field);
    }
    world.register(badge()).await.unwrap();
    let below = Schema { urn: format!("{BADGE}:Door"), ..badge() };
    Refused::read(&world.register(below).await.unwrap_err()).says("attribute", "schema.urn");
    for n in 1..16 {
        world.register(Schema { urn: format!("urn:example:s{n}:2.0:X"), attributes: vec![a()], ..badge() }).await.unwrap();
    }
    let one_more = Schema { urn: "urn:example:more:2.0:X".into(), attributes: vec![a()], ..badge() };
    Refused::read(&world.register(one_more).await.unwrap_err()).says("attribute", "schemas");
    assert_eq!(world.head().await, head + 16);
    assert_eq!(registered(&world).await.len(), 16);
}

async fn schemas_are_an_administrator_s_and_one_organization_s(world: World) {
    world.register(badge()).await.unwrap();
    let other = world.tenant("other").await;

    let request = ListSchemasRequest { organization_id: other.organization.id.clone(), ..Default::default() };
    assert_eq!(other.clients.provisioning.clone().list_schemas(request).await.unwrap().into_inner().schemas.len(), 3);
    // A scope of its own, which "scim" does not hold.
    let request = DeleteSchemaRequest { organization_id: other.organization.id.clone(), urn: BADGE.into(), write: None };
    let refused = world.grpc_as(&other.scim_token).provisioning.delete_schema(request).await.unwrap_err();
    Refused::read(&refused).is(Code::PermissionDenied, ErrorReason::ScopeMissing).says("scope", "schemas.write");
    // Elsewhere the extension is one that no schema describes.
    let odd = CreateUserRequest {
        organization_id: other.organization.id.clone(),
        user: Some(with_badge("ada", [("level", text("high"))])),
        ..CreateUserRequest::default()
    };
    other.clients.users.clone().create_user(odd).await.unwrap();
}

async fn values_are_held_against_the_schema_in_every_write(world: World) {
    // A PATCH forgives shapes: one value stands for a list of one, a text for an object's value.
    const FORGIVEN: [&str; 2] = ["doors", "holder"];
    world.register(badge()).await.unwrap();
    let organization_id = world.organization.clone();
    let good = with_badge("ada", [("NUMBER", text("7")), ("level", integer(3)), ("zones", list(vec![complex([("value", text("a"))])]))]);
    let ada = world.create_user(good).await;
    assert_eq!(ada.extensions[BADGE].entries[0].name, "number", "names are the schema's");
    let head = world.head().await;

    for (entries, attribute) in [
        (vec![("level", integer(1))], "number"),
        (vec![("number", integer(7))], "number"),
        (vec![("number", text("7")), ("level", text("3"))], "level"),
        (vec![("number", text("7")), ("level", AttributeValue { kind: Some(Kind::DecimalValue("2.5".into())) })], "level"),
        (vec![("number", text("7")), ("active", text("true"))], "active"),
        (vec![("number", text("7")), ("since", text("yesterday"))], "since"),
        (vec![("number", text("7")), ("chip", text("no base64!"))], "chip"),
        (vec![("number", text("7")), ("doors", text("north"))], "doors"),
        (vec![("number", list(vec![text("7")]))], "number"),
        (vec![("number", text("7")), ("holder", text("x"))], "holder"),
        (vec![("number", text("7")), ("holder", complex([("level", integer(1))]))], "holder.value"),
        (vec![("number", text("7")), ("zones", list(vec![complex([("value", boolean(true))])]))], "zones.value"),
    ] {
        let path = format!("{BADGE}:{attribute}");
        let is = |status: Status| {
            Refused::read(&status).is(Code::InvalidArgument, ErrorReason::InvalidValue).says("attribute", &path);
        };
        let bad = || User { id: ada.id.clone(), ..with_badge("ada", entries.clone()) };
        is(world.try_create_user(User { id: String::new(), user_name: "eve".into(), ..bad() }).await.unwrap_err());
        let replace = ReplaceUserRequest { organization_id: organization_id.clone(), user: Some(bad()), ..Default::default() };
        is(world.grpc().users.replace_user(replace.clone()).await.unwrap_err());
        let update = UpdateUserRequest {
            organization_id: organization_id.clone(),
            user: Some(bad()),
            update_mask: Some(prost_types::FieldMask { paths: vec!["extensions".into()] }),
            ..Default::default()
        };
        is(world.grpc().users.update_user(update).await.unwrap_err());
        let all = ApplyMutationsRequest {
            organization_id: organization_id.clone(),
            mutations: vec![Mutation { write: Some(Write::ReplaceUser(replace)), ..Mutation::default() }],
            mode: roster::api::v1::apply_mutations_request::Mode::Atomic.into(),
            ..ApplyMutationsRequest::default()
        };
        is(world.grpc().directory.apply_mutations(all).await.unwrap_err());
        let extension = entries.iter().filter(|(name, _)| *name != "number" || attribute == "number").cloned();
        if attribute != "number" {
            let patch = PatchUserRequest {
                organization_id: organization_id.clone(),
                user_id: ada.id.clone(),
                operations: vec![operation(Op::Add, BADGE, Some(complex(extension)))],
                ..Default::default()
            };
            match world.grpc().users.patch_user(patch).await {
                Err(status) => is(status),
                Ok(_) => assert!(FORGIVEN.contains(&attribute), "{attribute}"),
            }
            if FORGIVEN.contains(&attribute) {
                world.patch_user(&ada.id, vec![operation(Op::Remove, &path, None)]).await.unwrap();
            }
        }
    }
    let mut odd = group("Engines");
    odd.extensions.insert(BADGE.into(), map([("level", integer(1))]));
    let create = CreateGroupRequest { organization_id, group: Some(odd), ..Default::default() };
    Refused::read(&world.grpc().groups.create_group(create).await.unwrap_err()).says("attribute", &format!("{BADGE}:number"));
    assert_eq!(world.user(&ada.id).await.extensions, ada.extensions);
    assert!(world.head().await >= head);
}

async fn what_is_there_already_is_read_as_it_is_and_the_next_write_fits(world: World) {
    let odd = world.create_user(with_badge("odd", [("level", text("high"))])).await;
    let plain = world.create_user(user("plain")).await;
    world.register(Schema { extends: [("User".to_owned(), true)].into(), ..badge() }).await.unwrap();

    assert_eq!(world.user(&odd.id).await.extensions, odd.extensions);
    for (id, attribute) in [(&odd.id, "number"), (&plain.id, "number")] {
        let refused = world.patch_user(id, vec![operation(Op::Replace, "title", Some(text("Dr")))]).await.unwrap_err();
        Refused::read(&refused).is(Code::InvalidArgument, ErrorReason::InvalidValue).says("attribute", &format!("{BADGE}:{attribute}"));
        assert_eq!(world.user(id).await.title, None);
        // A write that changes nothing is no write.
        assert!(!world.patch_user(id, vec![operation(Op::Remove, "title", None)]).await.unwrap().changed);
        let fits = complex([("number", text("7")), ("level", integer(1))]);
        let both = vec![operation(Op::Replace, "title", Some(text("Dr"))), operation(Op::Add, BADGE, Some(fits))];
        assert!(world.patch_user(id, both).await.unwrap().changed);
    }
    remove(&world, BADGE).await.unwrap();
    world.patch_user(&odd.id, vec![operation(Op::Replace, &format!("{BADGE}:level"), Some(text("low")))]).await.unwrap();
}

/// Without schemas nothing of them is asked; with some, once for each change of them.
async fn schemas_cost_no_statement(world: World) {
    let ada = world.create_user(user("ada")).await;
    let listed = async || {
        let request = ListUsersRequest { organization_id: world.organization.clone(), list: page(10, "", ""), ..Default::default() };
        world.grpc().users.list_users(request).await.unwrap();
        world.patch_user(&ada.id, vec![operation(Op::Replace, "title", Some(text("x")))]).await.unwrap();
        world.user(&ada.id).await;
    };
    world.patch_user(&ada.id, vec![operation(Op::Replace, "title", Some(text("x")))]).await.unwrap();
    let without = world.least(listed).await.1.statements;
    world.register(badge()).await.unwrap();
    assert_eq!(world.least(listed).await.1.statements, without);
}

async fn what_is_returned_follows_the_schema(world: World) {
    world.register(badge()).await.unwrap();
    let entries = ["number", "pin", "secret", "issuer", "history"].map(|name| (name, text("x")));
    let ada = world.create_user(with_badge("ada", entries)).await;
    let shown = async |attributes: &[&str], additional: &[&str]| {
        let names = |names: &[&str]| names.iter().map(|&n| if n == "userName" { n.to_owned() } else { format!("{BADGE}:{n}") }).collect();
        let selection = ReadSelection { attributes: names(attributes), additional_attributes: names(additional), ..Default::default() };
        let request = ListUsersRequest { organization_id: world.organization.clone(), selection: Some(selection), ..Default::default() };
        let users = world.grpc().users.list_users(request).await.unwrap().into_inner().users;
        users[0].extensions.get(BADGE).map_or(vec![], |m| m.entries.iter().map(|e| e.name.clone()).collect::<Vec<_>>())
    };

    // The answer of a write holds what is returned on request too.
    let written: Vec<&str> = ada.extensions[BADGE].entries.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(written, ["number", "issuer", "history"]);
    assert_eq!(shown(&[], &[]).await, ["number", "issuer"]);
    assert_eq!(shown(&["userName"], &[]).await, ["issuer"]);
    assert_eq!(shown(&["number"], &[]).await, ["number", "issuer"]);
    assert_eq!(shown(&["history", "secret", "pin"], &[]).await, ["issuer", "history"]);
    assert_eq!(shown(&[], &["history", "secret"]).await, ["number", "issuer", "history"]);
}

both! {
    a_schema_is_registered_replaced_and_removed
    what_cannot_be_registered_is_refused_by_name
    schemas_are_an_administrator_s_and_one_organization_s
    values_are_held_against_the_schema_in_every_write
    what_is_there_already_is_read_as_it_is_and_the_next_write_fits
    schemas_cost_no_statement
    what_is_returned_follows_the_schema
}
