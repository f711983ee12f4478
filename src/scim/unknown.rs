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
    /// Takes away what stands in the core, beside containers named by a URN.
    fn drop_core(&mut self);
}

impl Open for User {
    fn extensions(&mut self) -> &mut Extensions {
        &mut self.extensions
    }
    fn unknown(&mut self, schemas: &Schemas) -> Option<String> {
        let container = schemas.unknown(ResourceType::User, &self.extensions);
        container.or_else(|| extras(self).find_map(|extra| Some(extra.as_ref()?.entries.first()?.name.clone())))
    }
    fn drop_unknown(&mut self, schemas: &Schemas) {
        schemas.drop_unknown(ResourceType::User, &mut self.extensions);
        for extra in extras(self) {
            *extra = None;
        }
    }
    fn drop_core(&mut self) {
        let enterprise = self.enterprise.take();
        extras(self).for_each(|extra| *extra = None);
        self.enterprise = enterprise;
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
    fn drop_core(&mut self) {}
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
        UnknownAttributes::Unspecified => {
            resource.drop_core();
            Ok(())
        }
        UnknownAttributes::Keep => Ok(()),
    }
}

fn extras(user: &mut User) -> impl Iterator<Item = &mut Option<AttributeMap>> {
    let enterprise = user.enterprise.as_mut().map(|enterprise| &mut enterprise.extra);
    let lists = [
        &mut user.emails,
        &mut user.phone_numbers,
        &mut user.ims,
        &mut user.photos,
        &mut user.entitlements,
        &mut user.roles,
        &mut user.x509_certificates,
    ];
    let lists = lists.into_iter().flatten().map(|value| &mut value.extra);
    enterprise.into_iter().chain(lists).chain(user.addresses.iter_mut().map(|address| &mut address.extra))
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
        for (policy, kept) in
            [(UnknownAttributes::Keep, odd()), (UnknownAttributes::Unspecified, User { roles: vec![MultiValue::default()], ..odd() })]
        {
            let mut user = odd();
            assert_eq!(apply(policy, &mut user, &["shoeSize".into()], &Schemas::none()), Ok(()));
            assert_eq!(user, kept);
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
