//! Keeps a copy of an organization's users, groups and memberships that never misses a change.
//!
//! The first run takes a snapshot and follows from there; every later one goes on where the last one ended, whatever happened
//! meanwhile: the resume token is stored in the step that stores what came with it.

mod copy;

use clap::Parser;
use copy::Copy;
use roster_quickstart::{
    Arguments, Authorized, Done, connect, pause, read, reason_of,
    v1::{self, ResourceKind, change_service_client::ChangeServiceClient, watch_changes_request::Start, watch_changes_response::Message},
};
use std::{fs, path::PathBuf, time::Duration};
use tonic::{Code, Status};

/// A copy of an organization that never misses a change.
#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
    /// The file that holds the copy.
    #[arg(long, default_value = "directory.json")]
    state: PathBuf,
    /// End when the copy is as new as the directory was at the start.
    #[arg(long)]
    once: bool,
    /// At the end, write the copy to this file, a line each.
    #[arg(long)]
    dump: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Done {
    let line = Line::parse();
    let (channel, organization) = connect(&line.arguments).await?;
    let mut changes = ChangeServiceClient::new(channel);
    let until = if line.once {
        let request = v1::GetRevisionsRequest { organization_id: organization.clone() };
        let revisions = read(async || changes.get_revisions(request.clone()).await).await?.into_inner();
        revisions.latest.unwrap_or_default().number
    } else {
        u64::MAX
    };
    let mut copy = Copy::open(line.state)?;
    follow(&mut changes, &organization, &mut copy, until).await?;
    let lines = copy.lines();
    println!("the copy is of revision {}: {} users, groups and members", copy.revision().unwrap_or_default(), lines.len());
    if let Some(dump) = line.dump {
        fs::write(dump, lines.iter().map(|line| format!("{line}\n")).collect::<String>())?;
    }
    Ok(())
}

/// Takes in what comes until the copy is of the revision `until` or a later one.
async fn follow(changes: &mut ChangeServiceClient<Authorized>, organization: &str, copy: &mut Copy, until: u64) -> Done {
    let mut attempt = 0;
    while !copy.is_of(until) {
        let start = match copy.resume_token() {
            "" => {
                println!("beginning with a snapshot");
                Start::Snapshot(true)
            }
            token => {
                println!("going on after revision {}", copy.revision().unwrap_or_default());
                Start::ResumeToken(token.to_owned())
            }
        };
        let mut rest = Duration::from_millis(100 << attempt.min(7));
        attempt += 1;
        match watch(changes, organization, start, copy, until, &mut rest).await? {
            Heard::Ended { something: true } => attempt = 0,
            Heard::Refused(status) => match reason_of(&status).as_deref() {
                // The place is lost: too old, of a store that was restored, or not this organization's. Only a snapshot helps.
                Some("REVISION_COMPACTED" | "EPOCH_CHANGED" | "REVISION_UNKNOWN" | "INVALID_TOKEN") => {
                    copy.forget()?;
                    continue;
                }
                _ if status.code() == Code::Unavailable => {}
                _ => return Err(status.into()),
            },
            Heard::Ended { .. } => {}
        }
        if !copy.is_of(until) {
            pause(rest).await;
        }
    }
    Ok(())
}

/// How a stream ended.
enum Heard {
    Ended { something: bool },
    Refused(Status),
}

/// Reads one stream to its end, or until the copy is new enough.
async fn watch(
    changes: &mut ChangeServiceClient<Authorized>,
    organization: &str,
    start: Start,
    copy: &mut Copy,
    until: u64,
    rest: &mut Duration,
) -> Done<Heard> {
    let kinds = [ResourceKind::User, ResourceKind::Group, ResourceKind::Membership];
    let request = v1::WatchChangesRequest {
        organization_id: organization.to_owned(),
        kinds: kinds.map(i32::from).to_vec(),
        start: Some(start),
        ..Default::default()
    };
    let mut stream = match changes.watch_changes(request).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return Ok(Heard::Refused(status)),
    };
    let mut something = false;
    while !copy.is_of(until) {
        match stream.message().await {
            Ok(Some(said)) => {
                something = true;
                if let Some(Message::Ending(ending)) = &said.message {
                    *rest = ending.retry_after.and_then(|wait| wait.try_into().ok()).unwrap_or(*rest);
                }
                copy.apply(said)?;
            }
            Ok(None) => break,
            // What was heard before counts: the server was there.
            Err(status) if something && status.code() == Code::Unavailable => break,
            Err(status) => return Ok(Heard::Refused(status)),
        }
    }
    Ok(Heard::Ended { something })
}
