//! Every recording, under its provider's own profile and under the default one.

use super::recording::{Recording, replay};
use crate::harness::{World, faces};
use futures_util::{StreamExt as _, stream};

/// The recordings, by file.
const FILES: [(&str, &str); 16] = [
    ("entra", include_str!("recordings/entra.json")),
    ("entra_flagged", include_str!("recordings/entra_flagged.json")),
    ("entra_legacy", include_str!("recordings/entra_legacy.json")),
    ("okta_template", include_str!("recordings/okta_template.json")),
    ("okta_catalogue", include_str!("recordings/okta_catalogue.json")),
    ("jumpcloud", include_str!("recordings/jumpcloud.json")),
    ("onelogin", include_str!("recordings/onelogin.json")),
    ("google", include_str!("recordings/google.json")),
    ("ping", include_str!("recordings/ping.json")),
    ("sailpoint", include_str!("recordings/sailpoint.json")),
    ("rippling", include_str!("recordings/rippling.json")),
    ("cyberark", include_str!("recordings/cyberark.json")),
    ("authentik", include_str!("recordings/authentik.json")),
    ("keycloak", include_str!("recordings/keycloak.json")),
    ("rauthy", include_str!("recordings/rauthy.json")),
    ("aws_ssosync", include_str!("recordings/aws_ssosync.json")),
];

fn recordings() -> Vec<Recording> {
    FILES.map(|(name, text)| serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"))).into()
}

#[test]
fn there_are_sixty_exchanges_of_twelve_providers() {
    let recordings = recordings();
    let mut providers: Vec<&str> = recordings.iter().map(|recording| recording.provider.as_str()).collect();
    providers.dedup();
    let exchanges: usize = recordings.iter().map(|recording| recording.exchanges.len()).sum();

    assert!(providers.len() >= 12, "{providers:?}");
    assert!(exchanges >= 60, "{exchanges}");
    for recording in &recordings {
        assert!(recording.exchanges.iter().any(|exchange| !exchange.grpc.is_empty()), "{}", recording.provider);
    }
}

/// Rows 13, 25 (Infisical, JupiterOne)
/// Every tolerance that was used is counted in the connection's report as often as the recording says, and no other.
async fn recorded_traffic_does_what_its_provider_means(world: World) {
    let recordings = recordings();
    let runs = recordings.iter().enumerate().flat_map(|(number, recording)| {
        let own = recording.profile.as_str();
        let default = (own != "default").then_some("default");
        [Some(own), default].into_iter().flatten().map(move |profile| (number, recording, profile))
    });
    let mut replayed = stream::iter(runs)
        .map(|(number, recording, profile)| {
            let world = &world;
            async move { (&recording.provider, profile, Box::pin(replay(world, recording, profile, number)).await) }
        })
        .buffered(4);
    while let Some((provider, profile, [counted, expected])) = replayed.next().await {
        assert_eq!(counted, expected, "{provider} under {profile}");
    }
}

faces! {
    recorded_traffic_does_what_its_provider_means
}
