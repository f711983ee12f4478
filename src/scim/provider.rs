//! Which identity provider a request comes from, by its headers: for diagnosis alone, no rule depends on it.
//!
//! Agents change and may be missing, so what is not known is nothing to wonder at. Addresses are not looked at: lists of them
//! rot.

use axum::http::{HeaderMap, header};

/// What a `User-Agent` holds, in lower case, and the provider that sends it, by the name of its profile.
const AGENTS: [(&str, &str); 14] = [
    ("okta", "okta"),
    ("azure", "entra"),
    ("microsoft", "entra"),
    ("jumpcloud", "jumpcloud"),
    ("onelogin", "onelogin"),
    ("pingfederate", "ping"),
    ("pingone", "ping"),
    ("ping identity", "ping"),
    ("sailpoint", "sailpoint"),
    ("google-auto-provisioning", "google"),
    ("rippling", "rippling"),
    ("cyberark", "cyberark"),
    ("rauthy", "rauthy"),
    ("authentik", "authentik"),
];
/// The header of Entra's own, whose agent may be missing.
const ENTRA: &str = "adscimversion";
/// Bytes of an agent that are looked at.
const AGENT_BYTES: usize = 256;

/// The provider by the name of its profile; empty if the headers do not say.
pub fn of(headers: &HeaderMap) -> &'static str {
    if headers.contains_key(ENTRA) {
        return "entra";
    }
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let agent = agent.get(..AGENT_BYTES.min(agent.len())).unwrap_or_default().to_ascii_lowercase();
    AGENTS.iter().find(|(part, _)| agent.contains(part)).map_or("", |(_, provider)| provider)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tolerances::PROFILES;

    fn named(name: &'static str, value: &'static str) -> &'static str {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        of(&headers)
    }

    /// Row 51 (Bitwarden)
    #[test]
    fn a_provider_is_known_by_its_agent_or_its_own_header() {
        assert_eq!(named("user-agent", "Okta SCIM Client 1.0.0"), "okta");
        assert_eq!(named("user-agent", "Google-Auto-Provisioning"), "google");
        assert_eq!(named("adscimversion", "1.0"), "entra");
        for unknown in ["", "application/json", "curl/8.5.0", "Apache-HttpClient/4.5 (Java/11)"] {
            assert_eq!(named("user-agent", unknown), "", "{unknown}");
        }
        assert_eq!(of(&HeaderMap::new()), "");
    }

    #[test]
    fn every_provider_has_a_profile() {
        assert!(AGENTS.iter().all(|(agent, provider)| PROFILES.contains(provider) && *agent == agent.to_lowercase()));
    }
}
