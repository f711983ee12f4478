//! TLS on both faces, and the command line's trust.

use super::{Served, config};
use crate::harness::scim::http;
use roster::server::{Server, StartError};
use std::{fs, path::PathBuf, process::Command};
use tempfile::TempDir;

/// A certificate for loopback that signs itself, and its key, as files.
fn certificate(folder: &TempDir, name: &str) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
    let file = |end: &str, text: String| {
        let path = folder.path().join(format!("{name}.{end}.pem"));
        fs::write(&path, text).unwrap();
        path
    };
    (file("cert", made.cert.pem()), file("key", made.signing_key.serialize_pem()))
}

/// Row 41 (JumpCloud)
#[tokio::test(flavor = "multi_thread")]
async fn both_faces_speak_tls_to_those_who_trust_the_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let tls = certificate(&folder, "a");
    let served = Served::with(|config| config.network.tls = Some(tls.clone())).await;
    assert!(served.text("scim_base_url").starts_with("https://127.0.0.1:"));

    let trusted = reqwest::Certificate::from_pem(&fs::read(&tls.0).unwrap()).unwrap();
    let client = http().use_rustls_tls().add_root_certificate(trusted).build().unwrap();
    assert_eq!(client.get(served.url("/alive")).send().await.unwrap().status().as_u16(), 200);
    assert!(http().build().unwrap().get(served.url("/alive")).send().await.is_err());
    assert!(http().build().unwrap().get(served.url("/alive").replace("https", "http")).send().await.is_err());

    let list = |ca: Option<PathBuf>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_roster"));
        command.args(["organization", "list", "--endpoint", served.text("grpc_endpoint")]).env("ROSTER_TOKEN", served.text("admin_token"));
        command.args(ca.iter().flat_map(|ca| ["--ca".as_ref(), ca.as_os_str()]));
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    let trusting = list(Some(tls.0)).await.unwrap();
    assert!(trusting.status.success(), "{}", String::from_utf8_lossy(&trusting.stderr));
    let another = list(Some(certificate(&folder, "b").0)).await.unwrap();
    assert_eq!(another.status.code(), Some(1), "{}", String::from_utf8_lossy(&another.stdout));
}

#[tokio::test]
async fn a_key_of_another_certificate_is_refused_before_anything_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, _) = certificate(&folder, "a");
    let (_, key) = certificate(&folder, "b");
    let data = folder.path().join("data");
    let mut config = config(&data);
    config.network.tls = Some((cert, key));
    let refused = Server::start(config).await.unwrap_err();
    assert!(matches!(&refused, StartError::Setting(why) if why.0.starts_with("--tls-key ")), "{refused}");
    assert!(!data.join("roster.sqlite").exists());
}
