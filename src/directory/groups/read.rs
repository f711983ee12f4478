//! Reading groups by reference.

use super::super::{
    Error, Result,
    core::{Call, Directory},
    sight::Sight,
};
use crate::{
    api::v1::{
        BatchGetGroupsRequest, BatchGetGroupsResponse, ErrorReason, GetGroupRequest, GetGroupResponse, Group, GroupRef, ReadSelection,
        batch_get_groups_response, group_ref::Ref,
    },
    attributes::{ResourceType, Schemas, fold, projection::Projection},
    limits,
    store::{KEY_GROUP_EXTERNAL_ID, Reader, external_key},
};
use prost::Message as _;
use std::collections::{BTreeMap, BTreeSet};

/// What of groups a caller asked for.
pub(in crate::directory) struct Shown(Projection);

impl Shown {
    /// From the request; absent = the default set.
    ///
    /// # Errors
    /// As the projection's.
    pub(in crate::directory) fn new(selection: Option<&ReadSelection>) -> Result<Self> {
        Ok(Shown(match selection {
            Some(selection) => Projection::new(ResourceType::Group, selection)?,
            None => Projection::all(ResourceType::Group),
        }))
    }

    /// The same in an organization that may have registered schemas.
    pub(in crate::directory) fn among(self, schemas: Schemas) -> Self {
        Shown(self.0.among(schemas))
    }

    /// The same for the answer of a write, and for whoever cuts it further: also what is returned on request only.
    pub(in crate::directory) fn written(self, schemas: Schemas) -> Self {
        Shown(self.0.among(schemas).with_requested())
    }

    /// Cuts a group to what was asked for and what the caller may see.
    pub(in crate::directory) fn finish(&self, call: &Call, mut group: Group) -> Group {
        self.0.apply_to_group(&mut group);
        Sight::of(call).hide_foreign(&mut group);
        group
    }
}

pub(super) async fn get(directory: &Directory, call: &Call, request: GetGroupRequest) -> Result<GetGroupResponse> {
    let reference = request.group.and_then(|g| g.r#ref).ok_or_else(|| Error::missing("group"))?;
    let shown = Shown::new(request.selection.as_ref())?;
    let mut reader = directory.read(&request.organization_id, request.consistency.as_ref()).await?;
    let shown = shown.among(reader.schemas().await?);
    let group = resolve(&mut reader, call, vec![reference]).await?.pop().ok_or_else(Error::internal)??;
    Ok(GetGroupResponse { group: Some(shown.finish(call, group)), read_at: directory.read_at(&reader) })
}

pub(super) async fn batch_get(directory: &Directory, call: &Call, request: BatchGetGroupsRequest) -> Result<BatchGetGroupsResponse> {
    if request.groups.is_empty() {
        return Err(Error::missing("groups"));
    }
    if request.groups.len() > limits::BATCH_READS {
        return Err(Error::too_large("groups", limits::BATCH_READS, "references"));
    }
    let shown = Shown::new(request.selection.as_ref())?;
    let references = request
        .groups
        .into_iter()
        .map(|GroupRef { r#ref }| r#ref.ok_or_else(|| Error::missing("groups.ref")))
        .collect::<Result<Vec<_>>>()?;
    let mut reader = directory.read(&request.organization_id, request.consistency.as_ref()).await?;
    let shown = shown.among(reader.schemas().await?);
    let mut bytes = 0;
    let mut results = Vec::with_capacity(references.len());
    for found in resolve(&mut reader, call, references).await? {
        use batch_get_groups_response::{Result as One, result::Result as Outcome};
        let outcome = match found {
            Ok(group) => {
                let group = shown.finish(call, group);
                bytes += group.encoded_len();
                if bytes > limits::MESSAGE_BYTES / 2 { Outcome::Error(too_large().to_rpc()) } else { Outcome::Group(group) }
            }
            Err(error) => Outcome::Error(error.to_rpc()),
        };
        results.push(One { result: Some(outcome) });
    }
    Ok(BatchGetGroupsResponse { results, read_at: directory.read_at(&reader) })
}

fn too_large() -> Error {
    Error::new(ErrorReason::ResponseTooLarge, "The answer would not fit into one message; ask for fewer groups at once.")
        .with("limit", (limits::MESSAGE_BYTES / 2).to_string())
}

/// One group by its id.
pub(super) async fn by_id(reader: &mut Reader, sight: &Sight, id: &str) -> Result<Group> {
    let group = reader.groups(vec![id.to_owned()]).await?.pop().ok_or_else(|| Error::not_found("group"))?;
    sight.check(&group, "group")?;
    Ok(group)
}

/// One result per reference, in order, with one statement per kind of reference.
async fn resolve(reader: &mut Reader, call: &Call, references: Vec<Ref>) -> Result<Vec<Result<Group>>> {
    let external = |reference: &Ref| match reference {
        Ref::ExternalId(e) => {
            // A connection means its own; others say whose.
            let connection = if call.caller.connection.is_some() { call.connection() } else { &e.connection_id };
            Some((KEY_GROUP_EXTERNAL_ID, external_key(connection, &e.value)))
        }
        Ref::Id(_) | Ref::DisplayName(_) => None,
    };
    let wanted: BTreeSet<String> = references
        .iter()
        .filter_map(|reference| match reference {
            Ref::DisplayName(name) => Some(fold::caseless(name)),
            Ref::Id(_) | Ref::ExternalId(_) => None,
        })
        .collect();
    let (mut held, mut called) = (BTreeMap::<_, Vec<String>>::new(), BTreeMap::<_, Vec<String>>::new());
    for (kind, key, id) in reader.holders(references.iter().filter_map(external).collect()).await? {
        held.entry((kind, key)).or_default().push(id);
    }
    for (name, id) in reader.groups_named(wanted.into_iter().collect()).await? {
        called.entry(name).or_default().push(id);
    }
    let chosen: Vec<Vec<String>> = references
        .iter()
        .map(|reference| match reference {
            Ref::Id(id) => vec![id.clone()],
            Ref::DisplayName(name) => called.get(&fold::caseless(name)).cloned().unwrap_or_default(),
            Ref::ExternalId(_) => external(reference).and_then(|key| held.get(&key)).cloned().unwrap_or_default(),
        })
        .collect();
    let sight = Sight::of(call);
    let ids: BTreeSet<String> = chosen.iter().flatten().cloned().collect();
    let groups = reader.groups(ids.into_iter().collect()).await?.into_iter().filter(|group| sight.sees(group));
    let groups: BTreeMap<String, Group> = groups.map(|g| (g.id.clone(), g)).collect();
    // What is not there for the caller makes no reference ambiguous.
    let one =
        |ids: Vec<String>| {
            let mut seen = ids.iter().filter_map(|id| groups.get(id));
            match (seen.next(), seen.next()) {
                (Some(group), None) => Ok(group.clone()),
                (Some(_), Some(_)) => Err(Error::new(ErrorReason::AmbiguousReference, "The reference names more than one group.")
                    .with("reference", "display_name")),
                (None, _) => Err(Error::not_found("group")),
            }
        };
    Ok(chosen.into_iter().map(one).collect())
}
