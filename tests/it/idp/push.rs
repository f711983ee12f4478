//! A thousand users and fifty groups from three providers at once, read back over gRPC.

use super::{
    entra, jumpcloud, okta,
    people::{Person, as_stored},
};
use crate::harness::{
    World, faces,
    scim::Scim,
    shapes::{by_email, by_external_id, by_name, external, group_by_name},
};
use futures_util::{StreamExt as _, stream};
use roster::api::v1::{GetGroupRequest, Group, User};
use std::collections::BTreeMap;

const USERS: usize = 1_000;
const GROUPS: usize = 50;
const AT_ONCE: usize = 12;

/// Rows 1, 27 (Jumper, JumpCloud)
async fn what_providers_push_is_read_back_equal_in_value_case_and_type(world: World) {
    let mut providers = BTreeMap::new();
    for name in ["entra", "jumpcloud", "okta"] {
        let (connection, scim) = world.scim_as(name).await;
        providers.insert(name, Provider { name, connection: connection.id, scim });
    }
    let of = |i: usize| &providers[["entra", "jumpcloud", "okta"][i % 3]];

    let ids: Vec<String> = stream::iter(0..USERS).map(|i| of(i).provision(i)).buffered(AT_ONCE).collect().await;
    let groups: Vec<(String, Vec<String>)> = stream::iter(0..GROUPS).map(|i| of(i).push_group(i, &ids)).buffered(8).collect().await;

    for (i, id) in ids.iter().enumerate() {
        let (person, provider) = (Person::number(i), of(i));
        let stored = world.user(id).await;
        assert_eq!(stored, as_stored(provider.expected(&person), &stored), "{} user {i}", provider.name);
        if i < 60 {
            for reference in [
                by_name(&person.user_name.to_uppercase()),
                by_external_id(&provider.connection, &person.external_id),
                by_email(&person.email.to_lowercase()),
            ] {
                assert_eq!(world.try_get_user(reference).await.unwrap(), stored);
            }
        }
    }
    for (i, (id, expected)) in groups.iter().enumerate() {
        let request = GetGroupRequest {
            organization_id: world.organization.clone(),
            group: Some(group_by_name(&name_of(i).to_lowercase())),
            ..GetGroupRequest::default()
        };
        let stored = world.grpc().groups.get_group(request).await.unwrap().into_inner().group.unwrap();
        assert_eq!((&stored.id, stored.display_name.as_str()), (id, name_of(i).as_str()));
        assert_eq!(stored.external_ids, of(i).group_external_ids(i));
        assert_eq!(stored, Group { direct_member_count: i64::try_from(expected.len()).unwrap(), ..stored.clone() });
        assert_eq!(&world.members(id).await, expected, "group {i} of {}", of(i).name);
    }
    // Imports see everyone, page by page.
    for provider in providers.values() {
        provider.import(USERS, GROUPS).await;
    }
}

async fn entra_sets_and_clears_a_manager_in_every_shape(world: World) {
    let (connection, scim) = world.scim_as("entra").await;
    let (boss, person) = (Person::number(0), Person::number(1));
    let boss = entra::provision(&scim, &boss, false).await;
    let id = entra::provision(&scim, &person, true).await;
    let plain = entra::expected(&person, &connection.id);

    for way in 0..4 {
        entra::set_manager(&scim, &id, &boss, way).await;
        let stored = world.user(&id).await;
        assert_eq!(stored.enterprise.as_ref().unwrap().manager.as_ref().unwrap().value.as_deref(), Some(boss.as_str()), "way {way}");
        let mut bare = stored.clone();
        let manager = bare.enterprise.as_mut().unwrap().manager.as_mut().unwrap();
        (manager.r#ref, manager.display_name) = (None, None);
        assert_eq!(bare, as_stored(entra::managed(plain.clone(), Some(&boss)), &stored), "way {way}");
        entra::clear_manager(&scim, &id, way).await;
        let stored = world.user(&id).await;
        assert_eq!(stored, as_stored(plain.clone(), &stored), "way {way}");
    }
}

struct Provider {
    name: &'static str,
    connection: String,
    scim: Scim,
}

fn name_of(i: usize) -> String {
    format!("Night Shift {i} (Quay)")
}

impl Provider {
    async fn provision(&self, i: usize) -> String {
        let person = Person::number(i);
        match self.name {
            "entra" => entra::provision(&self.scim, &person, i.is_multiple_of(2)).await,
            "jumpcloud" => jumpcloud::provision(&self.scim, &person).await,
            _ => okta::provision(&self.scim, &person).await,
        }
    }

    fn expected(&self, person: &Person) -> User {
        match self.name {
            "entra" => entra::expected(person, &self.connection),
            "jumpcloud" => jumpcloud::expected(person, &self.connection),
            _ => okta::expected(person, &self.connection),
        }
    }

    /// Pushes a group with every 50th user; one passer-by is added and removed. The id, and the members in order.
    async fn push_group(&self, i: usize, ids: &[String]) -> (String, Vec<String>) {
        let mut members: Vec<String> = ids.iter().skip(i).step_by(GROUPS).cloned().collect();
        let passer_by = &ids[(i + 1) % ids.len()];
        let id = match self.name {
            "entra" => entra::push_group(&self.scim, &name_of(i), &members, passer_by, i.is_multiple_of(2)).await,
            "jumpcloud" => jumpcloud::push_group(&self.scim, &name_of(i), &members, passer_by).await,
            _ => okta::push_group(&self.scim, &name_of(i), &members, passer_by).await,
        };
        members.sort();
        (id, members)
    }

    fn group_external_ids(&self, i: usize) -> Vec<roster::api::v1::ExternalId> {
        if self.name == "entra" { vec![external(&self.connection, &format!("ext {}", name_of(i)))] } else { vec![] }
    }

    /// Pages through users and groups as an import does.
    async fn import(&self, users: usize, groups: usize) {
        for (path, total) in [("/Users", users), ("/Groups", groups)] {
            let mut seen = Vec::new();
            while seen.len() < total {
                let start = (seen.len() + 1).to_string();
                let page = self.scim.list(path, &[("startIndex", &start), ("count", "100")]).await.expect(200);
                assert_eq!(page["totalResults"], total);
                let ids = page["Resources"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap().to_owned());
                let before = seen.len();
                seen.extend(ids);
                assert!(seen.len() > before, "a page with something on it");
            }
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), total);
        }
    }
}

faces! {
    what_providers_push_is_read_back_equal_in_value_case_and_type
    entra_sets_and_clears_a_manager_in_every_shape
}
