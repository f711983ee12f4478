//! `roster export` and `roster import`: through a file, through what breaks, and beside readers that go away.

use super::desk::{chunk, header, id, person, send};
use crate::{
    cli::process::{Place, Running, clients, roster, run, said},
    harness::{Engine, deeds::Desk, shapes::principal},
};
use roster::api::v1::{
    Group,
    import_directory_request::Part,
    transfer_record::{Membership, Record},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};
use tempfile::TempDir;

/// A server with an organization `acme`, and a folder for files beside it.
struct Town {
    place: Place,
    _server: Running,
    folder: TempDir,
    acme: String,
}

impl Town {
    async fn found(engine: Engine) -> Town {
        let place = Place::fresh(engine).await;
        let server = place.start(&[]).await;
        let town = Town { place, _server: server, folder: tempfile::tempdir().unwrap(), acme: String::new() };
        let made: serde_json::Value = serde_json::from_str(&said(&town.run(&["organization", "create", "acme", "--json"]).await)).unwrap();
        Town { acme: made["id"].as_str().unwrap().to_owned(), ..town }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn at<'a>(data_dir: &'a str, arguments: &[&'a str]) -> Vec<&'a str> {
        let organization: &[&str] = if arguments[0] == "organization" { &[] } else { &["--organization", "acme"] };
        [arguments, organization, &["--data-dir", data_dir]].concat()
    }

    async fn run(&self, arguments: &[&str]) -> std::process::Output {
        run(&Self::at(self.place.data_dir().to_str().unwrap(), arguments)).await
    }

    async fn desk(&self) -> Desk {
        Desk::new(&self.acme, clients(&self.place.bootstrap()).await.0)
    }
}

/// 2,400 people, half of them in one group: eight chunks.
async fn people(town: &Town) {
    let desk = town.desk().await;
    let mut records: Vec<Record> = (0..2_400).map(|number| person(number, &format!("u{number}"))).collect();
    records.push(Record::Group(Group { id: id(9_000), display_name: "Half".to_owned(), ..Group::default() }));
    let edge = |member: usize| Membership { group_id: id(9_000), member: Some(principal(&id(member))) };
    records.extend((0..1_200).map(|member| Record::Membership(edge(member))));
    let mut parts = vec![Part::Header(header(&town.acme))];
    for (number, some) in records.chunks(500).enumerate() {
        parts.push(chunk(2 + 500 * number as u64, some.to_vec()));
    }
    send(&desk.grpc(), parts).await.1.unwrap();
}

fn lines(file: &Path) -> Vec<String> {
    fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect()
}

async fn through_a_file_and_a_killed_import(engine: Engine) {
    let (from, to) = (Town::found(engine).await, Town::found(engine).await);
    people(&from).await;
    let file = from.file("acme.jsonl");
    let name = file.to_str().unwrap();

    said(&from.run(&["export", "--output", name]).await);
    let there = lines(&file);
    assert_eq!(there.len(), 2 + 2_400 + 1 + 1_200);
    assert!(!from.file("acme.jsonl.part").exists() && !from.file("acme.jsonl.resume").exists());
    assert_eq!(from.run(&["export", "--output", name]).await.status.code(), Some(2), "it is there already");

    assert!(said(&to.run(&["import", name, "--dry-run"]).await).starts_with("Would be made: 3601,"));
    let data_dir = to.place.data_dir();
    let mut import = roster(&Town::at(data_dir.to_str().unwrap(), &["import", name])).stdout(Stdio::null()).spawn().unwrap();
    let mark = from.file("acme.jsonl.import");
    while !mark.exists() && import.try_wait().unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    import.start_kill().unwrap();
    import.wait().await.unwrap();
    if mark.exists() {
        // A file of the same length is not gone on with where this one was left: its first person would be missed.
        let (other, text) = (from.file("other.jsonl"), fs::read_to_string(&file).unwrap());
        let other_name = other.to_str().unwrap();
        fs::write(&other, text.replacen(&id(0), &id(9_001), 1)).unwrap();
        fs::copy(&mark, from.file("other.jsonl.import")).unwrap();
        let refused = to.run(&["import", other_name, "--resume"]).await;
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains("Line 2: the user meets something else by its userName"), "{said}");
    }
    let rest = said(&to.run(&["import", name, "--resume"]).await);
    assert!(rest.contains("replaced: 0") && rest.contains("left out: 0"), "{rest}");
    assert!(!mark.exists());

    let copy = to.file("copy.jsonl");
    said(&to.run(&["export", "--output", copy.to_str().unwrap()]).await);
    assert_eq!(lines(&copy)[1..], there[1..]);
    assert_eq!(to.desk().await.members(&id(9_000)).await.len(), 1_200);
    assert_eq!(said(&to.run(&["import", name]).await), "made: 0, replaced: 0, there already: 3601, left out: 0\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_organization_goes_through_a_file_and_a_killed_import_on_sqlite() {
    Box::pin(through_a_file_and_a_killed_import(Engine::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_organization_goes_through_a_file_and_a_killed_import_on_postgres() {
    Box::pin(through_a_file_and_a_killed_import(Engine::Postgres)).await;
}

#[tokio::test]
async fn an_export_that_was_cut_goes_on_and_a_file_that_was_cut_is_refused() {
    let town = Town::found(Engine::Sqlite).await;
    people(&town).await;
    let (whole, cut) = (town.file("whole.jsonl"), town.file("cut.jsonl"));
    said(&town.run(&["export", "--output", whole.to_str().unwrap()]).await);

    // As a killed export leaves it: something behind the last mark.
    let mut export = roster(&Town::at(town.place.data_dir().to_str().unwrap(), &["export", "--output", cut.to_str().unwrap()]))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let notes = town.file("cut.jsonl.resume");
    while !notes.exists() && export.try_wait().unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    export.start_kill().unwrap();
    export.wait().await.unwrap();
    if !cut.exists() {
        said(&town.run(&["export", "--output", cut.to_str().unwrap(), "--resume"]).await);
    }
    assert_eq!(lines(&cut)[1..], lines(&whole)[1..]);

    let text = fs::read_to_string(&whole).unwrap();
    let without_footer: String = text.split_inclusive('\n').take(100).collect();
    let without_a_line: String = text.split_inclusive('\n').enumerate().filter(|(at, _)| *at != 50).map(|(_, line)| line).collect();
    let too_many = r#"{"footer":{"users":"9223372036854775807","groups":"9223372036854775807"}}"#;
    let too_many = format!("{without_footer}{too_many}\n");
    let odd = text.replacen("user_name", "user_nme", 1);
    let mut latin = text.clone().into_bytes();
    let name = text.find("\"u1\"").unwrap() + 1;
    latin[name] = 0xfc;
    let bytes = str::as_bytes;
    for (content, why) in [
        (bytes(&text[..text.len() - 20]), "it was cut off"),
        (bytes(&without_footer), "it was cut off"),
        (bytes(&without_a_line), "counts other records"),
        (bytes(&too_many), "counts other records"),
        (bytes(""), "begin with a header"),
        (bytes(&odd), "Line 2 of the file: it is no record"),
        (latin.as_slice(), "Line 3 of the file: it is not written in UTF-8"),
    ] {
        fs::write(&cut, content).unwrap();
        let refused = town.run(&["import", cut.to_str().unwrap()]).await;
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(refused.status.code() == Some(1) && said.contains(why), "{why}: {said}");
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_a_command_without_a_word() {
    let town = Town::found(Engine::Sqlite).await;
    people(&town).await;
    for arguments in [&["export"][..], &["user", "list"], &["user", "list", "--json"], &["organization", "list"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let data_dir = town.place.data_dir();
        let command = roster(&Town::at(data_dir.to_str().unwrap(), arguments)).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let output = command.wait_with_output().await.unwrap();
        assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[tokio::test]
async fn a_file_is_written_by_one_export_at_a_time_and_read_by_its_owner_alone() {
    let town = Town::found(Engine::Sqlite).await;
    people(&town).await;
    let (file, part) = (town.file("acme.jsonl"), town.file("acme.jsonl.part"));
    let name = file.to_str().unwrap();
    let other = fs::File::create(&part).unwrap();
    other.lock().unwrap();
    fs::write(&part, "what another export wrote so far").unwrap();

    for more in [&[][..], &["--resume"]] {
        let refused = town.run(&[&["export", "--output", name], more].concat()).await;
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(refused.status.code() == Some(1) && said.contains("Another export is writing"), "{said}");
        assert_eq!(fs::read_to_string(&part).unwrap(), "what another export wrote so far");
    }
    drop(other);
    said(&town.run(&["export", "--output", name]).await);

    assert_eq!(lines(&file).len(), 2 + 2_400 + 1 + 1_200);
    assert_eq!(fs::read_dir(town.folder.path()).unwrap().count(), 1, "nothing is left beside it");
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions()) & 0o777, 0o600);
}

#[tokio::test]
async fn a_token_for_exports_alone_names_its_organization_by_its_key() {
    let town = Town::found(Engine::Sqlite).await;
    people(&town).await;
    let json = async |arguments: &[&str]| -> serde_json::Value { serde_json::from_str(&said(&town.run(arguments).await)).unwrap() };
    let account = json(&["service-account", "create", "backup", "--json"]).await;
    let owner = account["id"].as_str().unwrap();
    let issued = json(&["token", "create", "--service-account", owner, "--scopes", "directory.export", "--json"]).await;
    let (token, bootstrap) = (issued["secret"].as_str().unwrap(), town.place.bootstrap());
    let endpoint = bootstrap["grpc_endpoint"].as_str().unwrap();
    let export = async |organization| run(&["export", "--endpoint", endpoint, "--token", token, "--organization", organization]).await;

    assert_eq!(said(&export("acme").await).lines().count(), 2 + 2_400 + 1 + 1 + 1_200);
    let refused = export("default").await;
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(1) && said.contains("organizations.read"), "{said}");
}
