//! People to provision: made from a number, with letters, cases and signs of many kinds.

use roster::api::v1::{EnterpriseUser, ExternalId, MultiValue, PersonName, User};

/// One person, before any provider has put it into its shape.
#[derive(Clone)]
pub struct Person {
    pub external_id: String,
    pub user_name: String,
    pub given: String,
    pub family: String,
    pub display: String,
    pub email: String,
    pub phone: String,
    pub locale: String,
    pub department: String,
    pub number: String,
    pub active: bool,
}

const GIVEN: [&str; 10] = ["Ines", "Zoë", "Łukasz", "ÅSA", "O'Neil", "李", "Николай", "e\u{301}lodie", "Ana María", "McKENZIE"];
const FAMILY: [&str; 9] = ["Okafor", "Brook", "van der Berg", "Ñandú", "Straße", "İnan", "\"Quote\"", "Back\\slash", "山田"];

impl Person {
    pub fn number(i: usize) -> Person {
        let (given, family) = (GIVEN[i % GIVEN.len()], FAMILY[i % FAMILY.len()]);
        // Letter case is kept as it was sent, and never two alike.
        let local = if i.is_multiple_of(3) { format!("Person.{i}") } else { format!("person.{i}+Tag") };
        Person {
            external_id: format!("00uMade{i:05}Kq0aXy"),
            user_name: format!("{local}@Corp.Example"),
            given: given.to_owned(),
            family: family.to_owned(),
            display: format!("{given} {family} \u{1F6A2}"),
            email: format!("{local}@mail.Example"),
            phone: format!("tel:+31-6-0000-{i:04}"),
            locale: if i.is_multiple_of(2) { "en-US" } else { "nl_NL" }.to_owned(),
            department: format!("Dock {}", i % 7),
            number: format!("{i:04}"),
            active: !i.is_multiple_of(11),
        }
    }

    /// The person as a consumer must read it over gRPC: what every provider sends.
    pub fn expected(&self, connection: &str) -> User {
        let work =
            MultiValue { value: Some(self.email.clone()), r#type: Some("work".to_owned()), primary: Some(true), ..MultiValue::default() };
        User {
            user_name: self.user_name.clone(),
            external_ids: vec![ExternalId { connection_id: connection.to_owned(), value: self.external_id.clone() }],
            active: Some(self.active),
            name: Some(PersonName {
                given_name: Some(self.given.clone()),
                family_name: Some(self.family.clone()),
                ..PersonName::default()
            }),
            emails: vec![work],
            ..User::default()
        }
    }

    pub fn phone_number(&self) -> MultiValue {
        MultiValue { value: Some(self.phone.clone()), r#type: Some("mobile".to_owned()), ..MultiValue::default() }
    }

    pub fn enterprise(&self) -> EnterpriseUser {
        EnterpriseUser {
            department: Some(self.department.clone()),
            employee_number: Some(self.number.clone()),
            ..EnterpriseUser::default()
        }
    }
}

/// What the server adds, taken over so that the rest can be compared whole.
pub fn as_stored(mut expected: User, stored: &User) -> User {
    expected.id.clone_from(&stored.id);
    expected.organization_id.clone_from(&stored.organization_id);
    expected.meta.clone_from(&stored.meta);
    expected.links.clone_from(&stored.links);
    expected.setup_state = stored.setup_state;
    expected
}
