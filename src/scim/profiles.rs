//! The named tolerances: what an identity provider sends that the RFCs do not allow, and that is accepted anyway.
//!
//! Each is one row with its evidence. A connection's profile is a set of them; `strict` has none.
//! Where tolerance would destroy data there is none: an unreadable filter, an unknown PATCH path, a `remove` without a path
//! and text that is neither true nor false for a boolean are refused under every profile.

/// One tolerated departure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Tolerance {
    /// `op` in any letter case: Entra sends `Add`, `Replace`, `Remove`.
    CapitalOp = 1,
    /// `"True"` and `"false"` for a boolean, wherever one can stand, also inside a path's filter:
    /// Entra sends `"active":"False"` and `roles[primary eq "True"].value`, a Keycloak plugin `"active":"false"`.
    TextBooleans = 1 << 1,
    /// `replace` on `emails[type eq "work"].value` that matches nothing makes the element (RFC 7644 section 3.5.2.3 says
    /// `noTarget`): Entra sends `replace` for addresses it has never sent before.
    CreateOnAbsent = 1 << 2,
    /// A complex value as its `value` alone: Entra sends the manager as a bare string, clears it with `""`.
    BareValue = 1 << 3,
    /// One object where a list belongs, and a list of one where a single value belongs: Entra's manager as a list,
    /// `emails` as one object from OneLogin templates, `active` in a list from clients of Okta's kind.
    OneForMany = 1 << 4,
    /// `null`, `""` and `[]` mean no value: Okta sends `"middleName":""`, JumpCloud `"emails":null`, authentik `"familyName":""`.
    EmptyIsAbsent = 1 << 5,
    /// In a PATCH without a path, what cannot be written (`id`, `meta`, `schemas`, `groups`) is ignored: Okta renames a group with
    /// `{"id":…,"displayName":…}`, authentik sends the whole group back.
    ReadOnlyKeys = 1 << 6,
    /// URIs in `schemas` that no schema has, and the URNs of SCIM drafts: Entra's group URI of `schemas.microsoft.com`,
    /// OneLogin's `urn:scim:schemas:core:2.0`.
    UnknownSchemas = 1 << 7,
    /// An empty list of operations changes nothing: Entra's validator sends one.
    NoOperations = 1 << 8,
    /// A PATCH without `schemas`: in samples of two vendors that take Okta's traffic.
    PatchWithoutSchemas = 1 << 9,
    /// `add` to `members[value eq "x"]` without a value adds x: OneLogin.
    AddByFilter = 1 << 10,
    /// A dot instead of the colon before an attribute of the enterprise extension: Entra's jobs from before 2018.
    DottedUrn = 1 << 11,
    /// A PATCH of a group is answered with 204 whatever its size: Entra advises it.
    SilentGroupPatch = 1 << 12,
}

use Tolerance as T;

/// A set of tolerances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerances(u32);

impl Tolerances {
    /// The RFCs and nothing else.
    pub const STRICT: Tolerances = Tolerances(0);
    /// What a connection has unless its profile says otherwise: everything that takes more, nothing that answers less.
    pub const DEFAULT: Tolerances = Tolerances(T::SilentGroupPatch as u32 - 1);
    /// As the default; its group PATCH expects no answer.
    pub const ENTRA: Tolerances = Tolerances::DEFAULT.with(T::SilentGroupPatch);

    /// The set of a profile. A name without a row of its own has the default: a profile's name may say more than it changes.
    pub fn of(profile: &str) -> Tolerances {
        match profile {
            "strict" => Tolerances::STRICT,
            "entra" => Tolerances::ENTRA,
            _ => Tolerances::DEFAULT,
        }
    }

    const fn with(self, tolerance: Tolerance) -> Tolerances {
        Tolerances(self.0 | tolerance as u32)
    }

    /// Whether the departure is accepted.
    pub const fn has(self, tolerance: Tolerance) -> bool {
        self.0 & tolerance as u32 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_takes_everything_and_strict_nothing() {
        assert_eq!(Tolerances::DEFAULT.with(T::SilentGroupPatch), Tolerances((1 << 13) - 1));
        assert_eq!(Tolerances::STRICT, Tolerances(0));
        assert!(!Tolerances::DEFAULT.has(Tolerance::SilentGroupPatch) && Tolerances::ENTRA.has(Tolerance::SilentGroupPatch));
        assert_eq!(Tolerances::of("okta"), Tolerances::DEFAULT);
        assert_eq!(Tolerances::of(""), Tolerances::DEFAULT);
    }
}
