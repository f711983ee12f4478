//! The named tolerances: what an identity provider sends that the RFCs do not allow, and that is accepted anyway.
//!
//! Each is one row with its evidence and the profiles that have it; a connection may switch each on or off. Where tolerance
//! would destroy data there is none: an unreadable filter, an unknown PATCH path, a `remove` without a path and text that is
//! neither true nor false for a boolean are refused under every profile.

use std::collections::BTreeMap;

/// The call metadata by which a façade says which tolerances a request used: `text_booleans=2,capital_op=1`.
pub const METADATA: &str = "roster-deviations";

/// One tolerated departure; its number is its place in [`TABLE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the rows of the table say what each is")]
pub enum Tolerance {
    CapitalOp,
    TextBooleans,
    CreateOnAbsent,
    BareValue,
    OneForMany,
    EmptyIsAbsent,
    ReadOnlyKeys,
    PathKeys,
    UnknownSchemas,
    NoOperations,
    PatchWithoutSchemas,
    RemoveByValue,
    AddByFilter,
    DottedUrn,
    SilentGroupPatch,
    OwnedAttributes,
}

/// What is known of a tolerance.
#[derive(Debug)]
pub struct Row {
    /// Which.
    pub tolerance: Tolerance,
    /// Its name as a switch.
    pub name: &'static str,
    /// What a client does that the RFCs do not have, and what becomes of it.
    pub about: &'static str,
    /// Who does it.
    pub evidence: &'static str,
    /// The profiles that have it.
    pub profiles: &'static [&'static str],
}

/// The profiles a connection may have; the empty name is the default one.
pub const PROFILES: &[&str; 15] = &[
    "strict",
    "default",
    "entra",
    "entra-legacy",
    "okta",
    "jumpcloud",
    "onelogin",
    "ping",
    "sailpoint",
    "google",
    "rippling",
    "cyberark",
    "rauthy",
    "authentik",
    "keycloak",
];

/// All of them but the first, `strict`: where a refusal would leave somebody a member or an attribute filled that was meant to be empty.
const LENIENT: &[&str] = PROFILES.split_at(1).1;

/// Every tolerance, in the order of their numbers.
pub const TABLE: [Row; 16] = [
    Row {
        tolerance: Tolerance::CapitalOp,
        name: "capital_op",
        about: "An op of a PATCH in another letter case, such as Add, is read as if it were in lower case",
        evidence: "Entra sends Add, Replace and Remove unless its flag is set",
        profiles: &["default", "entra", "entra-legacy"],
    },
    Row {
        tolerance: Tolerance::TextBooleans,
        name: "text_booleans",
        about: "The text true or false in any letter case is read as a boolean, also in a filter and inside a path's filter",
        evidence: "Entra sends \"active\":\"False\" and roles[primary eq \"True\"]; a Keycloak plugin, OneLogin's templates and AWS's samples \"false\"",
        profiles: &["default", "entra", "entra-legacy", "onelogin", "keycloak"],
    },
    Row {
        tolerance: Tolerance::CreateOnAbsent,
        name: "create_on_absent",
        about: "A replace of a part of an element that a filter names makes the element if none matches (RFC 7644 section 3.5.2.3: \
                noTarget); counted whether one matched or not",
        evidence: "Entra sends replace for addresses that it has never sent before",
        profiles: &["default", "entra", "entra-legacy"],
    },
    Row {
        tolerance: Tolerance::BareValue,
        name: "bare_value",
        about: "A text where an object belongs is the object's value",
        evidence: "Entra sends the manager as a text",
        profiles: &["default", "entra", "entra-legacy"],
    },
    Row {
        tolerance: Tolerance::OneForMany,
        name: "one_for_many",
        about: "One value where a list belongs is a list of one, and a list of one where one value belongs is that value",
        evidence: "Entra sends the manager as a list, OneLogin's templates emails as one object, clients of Okta's kind active in a list",
        profiles: &["default", "entra", "entra-legacy", "okta", "onelogin"],
    },
    Row {
        tolerance: Tolerance::EmptyIsAbsent,
        name: "empty_is_absent",
        about: "An empty text is no value",
        evidence: "Okta sends \"middleName\":\"\", Rauthy and authentik \"familyName\":\"\", Entra clears the manager so; JumpCloud's cleared fields",
        profiles: LENIENT,
    },
    Row {
        tolerance: Tolerance::ReadOnlyKeys,
        name: "read_only_keys",
        about: "What cannot be written is ignored in the value of a PATCH: id, meta, schemas and groups where it has no path, a manager's displayName, readOnly attributes of registered schemas",
        evidence: "Okta renames a group with its id beside the name, authentik sends the whole group back, Entra a manager's name",
        profiles: &["default", "entra", "entra-legacy", "okta", "authentik"],
    },
    Row {
        tolerance: Tolerance::PathKeys,
        name: "path_keys",
        about: "The keys in the value of a PATCH without a path may be paths, such as name.givenName",
        evidence: "Entra gathers several attributes so when its flag is set",
        profiles: &["default", "entra", "entra-legacy"],
    },
    Row {
        tolerance: Tolerance::UnknownSchemas,
        name: "unknown_schemas",
        about: "URIs in schemas that no schema has, and those of SCIM's drafts, are ignored",
        evidence: "Entra names a group schema of schemas.microsoft.com, OneLogin's old templates urn:scim:schemas:core:2.0",
        profiles: &["default", "entra", "entra-legacy", "onelogin"],
    },
    Row {
        tolerance: Tolerance::NoOperations,
        name: "no_operations",
        about: "A PATCH without operations changes nothing",
        evidence: "Entra's validator sends one",
        profiles: &["default", "entra", "entra-legacy"],
    },
    Row {
        tolerance: Tolerance::PatchWithoutSchemas,
        name: "patch_without_schemas",
        about: "A PATCH may leave out schemas",
        evidence: "Samples of two vendors that take Okta's traffic",
        profiles: &["default", "okta"],
    },
    Row {
        tolerance: Tolerance::RemoveByValue,
        name: "remove_by_value",
        about: "A remove with a list of values takes away those alone (RFC 7644 section 3.5.2.2 gives a remove no value)",
        evidence: "Entra without its flag, JumpCloud, Rauthy, older releases of authentik, AWS's sync tool",
        profiles: LENIENT,
    },
    Row {
        tolerance: Tolerance::AddByFilter,
        name: "add_by_filter",
        about: "An add to members[value eq \"x\"] without a value adds x",
        evidence: "OneLogin",
        profiles: &["default", "onelogin"],
    },
    Row {
        tolerance: Tolerance::DottedUrn,
        name: "dotted_urn",
        about: "A dot instead of the colon before an attribute of the enterprise extension",
        evidence: "Entra's jobs from before 2018",
        profiles: &["default", "entra-legacy"],
    },
    Row {
        tolerance: Tolerance::SilentGroupPatch,
        name: "silent_group_patch",
        about: "A PATCH of a group that asks for no attributes is answered with 204 whatever the group's size",
        evidence: "Entra advises it; others expect the group",
        profiles: &["entra", "entra-legacy"],
    },
    Row {
        tolerance: Tolerance::OwnedAttributes,
        name: "owned_attributes",
        about: "What another connection owns of a user is left as it is, and the rest of the write is done",
        evidence: "Okta and JumpCloud send the whole user with every change, and stop at a refusal",
        profiles: LENIENT,
    },
];

impl Tolerance {
    /// Its row.
    pub fn row(self) -> Option<&'static Row> {
        TABLE.get(self as usize)
    }

    /// By name.
    pub fn named(name: &str) -> Option<Tolerance> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.tolerance)
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// A set of tolerances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerances(u32);

impl Tolerances {
    /// The RFCs and nothing else.
    pub const STRICT: Tolerances = Tolerances(0);
    /// What a connection has unless its profile says otherwise: everything that takes more, nothing that answers less.
    pub const DEFAULT: Tolerances = Tolerances(((1 << TABLE.len()) - 1) & !Tolerance::SilentGroupPatch.bit());

    /// The set of a profile, some of it switched. Empty is the default profile; names nobody knows have and switch nothing.
    pub fn of(profile: &str, switches: &BTreeMap<String, bool>) -> Tolerances {
        let profile = if profile.is_empty() { "default" } else { profile };
        let of_profile = TABLE.iter().filter(|row| row.profiles.contains(&profile));
        let set = of_profile.fold(Tolerances::STRICT, |set, row| set.switched(row.tolerance, true));
        switches.iter().filter_map(|(name, on)| Some((Tolerance::named(name)?, *on))).fold(set, |set, (which, on)| set.switched(which, on))
    }

    /// The same with one of them on or off.
    #[must_use]
    pub const fn switched(self, tolerance: Tolerance, on: bool) -> Tolerances {
        if on { Tolerances(self.0 | tolerance.bit()) } else { Tolerances(self.0 & !tolerance.bit()) }
    }

    /// Whether the departure is accepted.
    pub const fn has(self, tolerance: Tolerance) -> bool {
        self.0 & tolerance.bit() != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(profile: &str) -> Tolerances {
        Tolerances::of(profile, &BTreeMap::new())
    }

    #[test]
    fn every_row_stands_at_its_number_and_names_known_profiles() {
        for (number, row) in TABLE.iter().enumerate() {
            assert_eq!(row.tolerance as usize, number, "{}", row.name);
            assert_eq!(Tolerance::named(row.name), Some(row.tolerance));
            assert!(row.profiles.iter().all(|profile| PROFILES.contains(profile) && *profile != "strict"), "{}", row.name);
            assert!(row.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", row.name);
            assert!(!row.about.is_empty() && !row.evidence.is_empty(), "{}", row.name);
        }
    }

    #[test]
    fn the_default_takes_everything_and_strict_nothing() {
        assert_eq!(of("default"), Tolerances::DEFAULT);
        assert_eq!(of(""), Tolerances::DEFAULT);
        assert_eq!(of("strict"), Tolerances::STRICT);
        for profile in PROFILES {
            let beyond: Vec<_> =
                TABLE.iter().filter(|row| of(profile).has(row.tolerance) && !Tolerances::DEFAULT.has(row.tolerance)).collect();
            assert!(beyond.iter().all(|row| row.tolerance == Tolerance::SilentGroupPatch), "{profile}: {beyond:?}");
        }
        assert!(of("entra").has(Tolerance::SilentGroupPatch) && !of("entra").has(Tolerance::DottedUrn));
        assert!(of("entra-legacy").has(Tolerance::DottedUrn) && !of("okta").has(Tolerance::CapitalOp));
    }

    #[test]
    fn a_switch_wins_over_the_profile() {
        let switches = |name: &str, on| BTreeMap::from([(name.to_owned(), on)]);
        assert!(Tolerances::of("strict", &switches("capital_op", true)).has(Tolerance::CapitalOp));
        assert!(!Tolerances::of("entra", &switches("capital_op", false)).has(Tolerance::CapitalOp));
        assert_eq!(Tolerances::of("strict", &switches("nonsense", true)), Tolerances::STRICT);
    }
}
