//! What no schema knows, and a connection's policy for it: containers named by a URN, and sub-attributes beside the known ones.
//! Unknown attributes of the core have no place in the contract's messages; they are ignored or refused.

use crate::{
    api::v1::{AttributeMap, Group, User, connection::UnknownAttributes},
    attributes::{ResourceType, Schemas, row::Extensions},
};

/// A resource that can hold what no schema knows.
pub trait Open {
    /// Its extensions.
    fn extensions(&mut self) -> &mut Extensions;
    /// The name of something no schema knows, if it holds any.
    fn unknown(&mut self, schemas: &Schemas) -> Option<String>;
    /// Takes all of it away.
    fn drop_unknown(&mut self, schemas: &Schemas);
}

impl Open for User {
    fn extensions(&mut self) -> &mut Extensions {
        &mut self.extensions
    }
    fn unknown(&mut self, schemas: &Schemas) -> Option<String> {
        let container = schemas.unknown(ResourceType::User, &self.extensions);
        container.or_else(|| extras(self).into_iter().find_map(|extra| Some(extra.as_ref()?.entries.first()?.name.clone())))
    }
    fn drop_unknown(&mut self, schemas: &Schemas) {
        schemas.drop_unknown(ResourceType::User, &mut self.extensions);
        for extra in extras(self) {
            *extra = None;
        }
    }
}

impl Open for Group {
    fn extensions(&mut self) -> &mut Extensions {
        &mut self.extensions
    }
    fn unknown(&mut self, schemas: &Schemas) -> Option<String> {
        schemas.unknown(ResourceType::Group, &self.extensions)
    }
    fn drop_unknown(&mut self, schemas: &Schemas) {
        schemas.drop_unknown(ResourceType::Group, &mut self.extensions);
    }
}

/// Applies the policy to a document that was read; `core` are the names of the core that no attribute has.
///
/// # Errors
/// A name, if the policy is to refuse what no schema knows.
pub fn apply(policy: UnknownAttributes, resource: &mut impl Open, core: &[String], schemas: &Schemas) -> Result<(), String> {
    match policy {
        UnknownAttributes::Reject => core.first().cloned().or_else(|| resource.unknown(schemas)).map_or(Ok(()), Err),
        UnknownAttributes::Ignore => {
            resource.drop_unknown(schemas);
            Ok(())
        }
        // A profile's own way but for `strict`, which is Reject by the time it is asked.
        UnknownAttributes::Unspecified | UnknownAttributes::Keep => Ok(()),
    }
}

fn extras(user: &mut User) -> Vec<&mut Option<AttributeMap>> {
    let lists = [
        &mut user.emails,
        &mut user.phone_numbers,
        &mut user.ims,
        &mut user.photos,
        &mut user.entitlements,
        &mut user.roles,
        &mut user.x509_certificates,
    ];
    let mut extras: Vec<_> = lists.into_iter().flatten().map(|value| &mut value.extra).collect();
    extras.extend(user.addresses.iter_mut().map(|address| &mut address.extra));
    extras.extend(user.enterprise.as_mut().map(|enterprise| &mut enterprise.extra));
    extras
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::v1::{MultiValue, attribute_map::Entry};

    fn odd() -> User {
        let map = AttributeMap { entries: vec![Entry { name: "badge".into(), value: None }] };
        let roles = vec![MultiValue { extra: Some(map.clone()), ..Default::default() }];
        User { roles, extensions: [("urn:example:x".to_owned(), map)].into(), ..Default::default() }
    }

    #[test]
    fn the_policy_keeps_drops_or_refuses() {
        for policy in [UnknownAttributes::Unspecified, UnknownAttributes::Keep] {
            let mut user = odd();
            assert_eq!(apply(policy, &mut user, &["shoeSize".into()], &Schemas::none()), Ok(()));
            assert_eq!(user, odd());
        }
        let mut user = odd();
        assert_eq!(apply(UnknownAttributes::Ignore, &mut user, &[], &Schemas::none()), Ok(()));
        assert_eq!(user, User { roles: vec![MultiValue::default()], ..Default::default() });
        assert_eq!(apply(UnknownAttributes::Reject, &mut user, &[], &Schemas::none()), Ok(()));
        assert_eq!(apply(UnknownAttributes::Reject, &mut user, &["shoeSize".into()], &Schemas::none()), Err("shoeSize".into()));
        assert_eq!(apply(UnknownAttributes::Reject, &mut odd(), &[], &Schemas::none()), Err("urn:example:x".into()));
        let mut sub = User { extensions: std::collections::BTreeMap::new(), ..odd() };
        assert_eq!(apply(UnknownAttributes::Reject, &mut sub, &[], &Schemas::none()), Err("badge".into()));
    }
}
