//! What commands print, where it cannot be written: Linux has a device that is always full.

#![cfg(target_os = "linux")]

use super::process::{Shell, roster};
use crate::harness::scim::USER;
use serde_json::json;
use std::{fs, process::Stdio};

/// Runs a command whose standard output is full; answers its exit code and what it said about it.
async fn into_a_full_disk(arguments: &[&str]) -> (Option<i32>, String) {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = roster(arguments).stdout(full).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().await.unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test]
async fn a_command_whose_answer_does_not_fit_on_the_disk_fails_and_says_so() {
    let shell = Shell::open().await;
    let (_, scim) = shell.clients().await;
    let ada = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await.id();
    let data_dir = shell.data_dir();
    let file = data_dir.join("default.jsonl");
    let file = file.to_str().unwrap();
    assert!(shell.run(&["export", "--output", file]).await.status.success());

    for arguments in [
        &["export"][..],
        &["import", file],
        &["import", file, "--dry-run"],
        &["user", "list"],
        &["user", "list", "--json"],
        &["user", "get", &ada],
        &["user", "get", &ada, "--json"],
        &["organization", "list"],
        &["changes", "list"],
        &["changes", "watch", "--earliest"],
        &["changes", "revisions"],
        &["service-account", "create", "backup"],
        &["role", "list", "--json"],
    ] {
        let (code, said) = into_a_full_disk(&[arguments, &["--data-dir", data_dir.to_str().unwrap()]].concat()).await;
        let told = said.lines().filter(|line| line.starts_with("roster: The answer cannot be written to standard output: ")).count();
        assert_eq!((code, told), (Some(1), 1), "{arguments:?}: {said}");
    }
    for arguments in ["--help", "--version"] {
        let (code, said) = into_a_full_disk(&[arguments]).await;
        assert!(code == Some(1) && said.contains("standard output"), "{arguments}: {said}");
    }
}
