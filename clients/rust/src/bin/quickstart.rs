//! A tour of Roster's gRPC API: somebody is created, found, changed, put into a group and read back.
//!
//! Works in an organization of yours without disturbing it: what it makes, it deletes.

use clap::Parser;
use roster_quickstart::{
    Arguments, Authorized, Done, connect, read, reason_of,
    v1::{
        self, consistency::Requirement, group_service_client::GroupServiceClient, member_delta::Action, principal_ref::Principal,
        user_ref::Ref, user_service_client::UserServiceClient,
    },
    write,
};
use std::time::Duration;
use tonic::{Code, Request};
use uuid::Uuid;

/// A tour of Roster's gRPC API.
#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
}

struct Tour {
    organization: String,
    domain: String,
    users: UserServiceClient<Authorized>,
    groups: GroupServiceClient<Authorized>,
}

#[tokio::main]
async fn main() -> Done {
    let (channel, organization) = connect(&Line::parse().arguments).await?;
    let domain = format!("{}.example.com", Uuid::new_v4());
    let (users, groups) = (UserServiceClient::new(channel.clone()), GroupServiceClient::new(channel));
    let mut tour = Tour { organization: organization.clone(), domain, users, groups };
    let (ada, token) = tour.create().await?;
    let told = tour.tell(&ada, token).await;
    tour.users.delete_user(v1::DeleteUserRequest { organization_id: organization, user_id: ada.id, ..Default::default() }).await?;
    told?;
    println!("deleted what was made; all as the contract says");
    Ok(())
}

impl Tour {
    /// Should the answer be lost, the request is sent again, and its `request_id` makes that one user.
    async fn create(&mut self) -> Done<(v1::User, String)> {
        let email = v1::MultiValue {
            value: Some(format!("ada@{}", self.domain)),
            r#type: Some("work".into()),
            primary: Some(true),
            ..Default::default()
        };
        let name = v1::PersonName { given_name: Some("Ada".into()), family_name: Some("Lovelace".into()), ..Default::default() };
        let request = v1::CreateUserRequest {
            organization_id: self.organization.clone(),
            user: Some(v1::User {
                user_name: format!("Ada.Lovelace@{}", self.domain),
                name: Some(name),
                emails: vec![email],
                ..Default::default()
            }),
            write: Some(v1::WriteOptions { request_id: Uuid::new_v4().to_string(), ..Default::default() }),
            ..Default::default()
        };
        let mut send = async || {
            let mut request = Request::new(request.clone());
            request.set_timeout(Duration::from_secs(10));
            self.users.create_user(request).await
        };
        let created = write(&mut send).await?.into_inner();
        let ada = created.user.ok_or("no user")?;
        println!("created {} as {}, version {}", ada.user_name, ada.id, ada.meta.clone().unwrap_or_default().etag);
        let again = write(&mut send).await?.into_inner().user.ok_or("no user")?;
        expect(again.id == ada.id, "the same request_id made another user")?;
        println!("sent again with its request_id: the same user");
        Ok((ada, created.committed_at.unwrap_or_default().token))
    }

    async fn tell(&mut self, ada: &v1::User, token: String) -> Done {
        // Found by everything it is known by; on any node, once its token was seen there.
        let fresh = v1::Consistency { requirement: Some(Requirement::AtLeastAsFresh(token)) };
        let references = [
            ("userName, in another case", Ref::UserName(format!("ADA.LOVELACE@{}", self.domain.to_uppercase()))),
            ("e-mail", Ref::Email(format!("ada@{}", self.domain))),
        ];
        for (name, reference) in references {
            let request = v1::GetUserRequest { consistency: Some(fresh.clone()), ..self.who(reference) };
            let found = read(async || self.users.get_user(request.clone()).await).await?.into_inner();
            expect(found.user.as_ref() == Some(ada), "another user came than the one created")?;
            println!("found by {name}");
        }

        // A mask names what changes; nothing else does.
        let etag = ada.meta.clone().unwrap_or_default().etag;
        let update = v1::UpdateUserRequest {
            organization_id: self.organization.clone(),
            user: Some(v1::User { id: ada.id.clone(), title: Some("Countess".into()), ..Default::default() }),
            update_mask: Some(prost_types::FieldMask { paths: vec!["title".into()] }),
            precondition: Some(v1::Precondition { if_match: vec![etag], ..Default::default() }),
            ..Default::default()
        };
        let titled = self.users.update_user(update).await?.into_inner().user.unwrap_or_default();
        expect(titled.title() == "Countess" && titled.name == ada.name, "the mask changed something else")?;
        println!("updated under if_match, now version {}", titled.meta.unwrap_or_default().etag);

        // Errors are for programs: a code, a stable reason, metadata.
        let nobody = self.who(Ref::Id("nobody".into()));
        let refused = self.users.get_user(nobody).await.err().ok_or("a user that is not there was found")?;
        let reason = reason_of(&refused).unwrap_or_default();
        expect(refused.code() == Code::NotFound && reason == "NOT_FOUND", refused.message())?;
        println!("an unknown id answers {:?}, reason {reason}", refused.code());

        // Members change by deltas; they are read as a stream.
        let group = v1::Group { display_name: format!("Engineers {}", self.domain), ..Default::default() };
        let request = v1::CreateGroupRequest { organization_id: self.organization.clone(), group: Some(group), ..Default::default() };
        let group_id = self.groups.create_group(request).await?.into_inner().group.unwrap_or_default().id;
        let filled = self.fill(&group_id, &ada.id).await;
        let request = v1::DeleteGroupRequest { organization_id: self.organization.clone(), group_id, ..Default::default() };
        self.groups.delete_group(request).await?;
        filled
    }

    async fn fill(&mut self, group_id: &str, user_id: &str) -> Done {
        let member = v1::PrincipalRef { principal: Some(Principal::UserId(user_id.into())) };
        let request = v1::ModifyGroupMembersRequest {
            organization_id: self.organization.clone(),
            group_id: group_id.into(),
            deltas: vec![v1::MemberDelta { action: Action::Add.into(), member: Some(member.clone()) }],
            ..Default::default()
        };
        let added = self.groups.modify_group_members(request).await?.into_inner();
        expect(added.members_added == 1, "the delta added nobody")?;
        let request =
            v1::StreamGroupMembersRequest { organization_id: self.organization.clone(), group_id: group_id.into(), ..Default::default() };
        let mut stream = self.groups.stream_group_members(request).await?.into_inner();
        let mut streamed = Vec::new();
        while let Some(chunk) = stream.message().await? {
            streamed.extend(chunk.members.into_iter().filter_map(|edge| edge.member));
        }
        expect(streamed == [member], "other members were streamed")?;
        println!("added a member at revision {}, and streamed it", added.committed_at.unwrap_or_default().number);
        Ok(())
    }

    fn who(&self, reference: Ref) -> v1::GetUserRequest {
        let user = Some(v1::UserRef { r#ref: Some(reference) });
        v1::GetUserRequest { organization_id: self.organization.clone(), user, ..Default::default() }
    }
}

fn expect(condition: bool, what: &str) -> Done {
    if condition { Ok(()) } else { Err(format!("quickstart: {what}").into()) }
}
