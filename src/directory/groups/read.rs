//! Reading groups by reference.

use super::super::{
    Error, Result,
    batch::{self, Batch, Words},
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
            Some(selection) => {
                Projection::new(ResourceType::Group, selection).map_err(|refused| Error::from(refused).inside("selection"))?
            }
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
    let group = find(&mut reader, call, reference).await?;
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
    let meant = meant(&mut reader, call, &references).await?;
    let mut batch = Batch::new(&mut reader, call, &WORDS, limits::BATCH_READS, meant).await?;
    while let Some(ids) = batch.next() {
        let groups = reader.groups(ids).await?.into_iter().map(|group| (group.id.clone(), shown.finish(call, group)));
        batch.take(&groups.collect());
    }
    let result = |group: Result<Group>| {
        use batch_get_groups_response::{Result as One, result::Result as Outcome};
        One { result: Some(group.map_or_else(|error| Outcome::Error(error.to_rpc()), Outcome::Group)) }
    };
    Ok(BatchGetGroupsResponse { results: batch.results().into_iter().map(result).collect(), read_at: directory.read_at(&reader) })
}

static WORDS: Words = Words { kind: ResourceType::Group, name: "group", ambiguous, too_large: || batch::too_large("groups") };

/// One group by its id.
pub(super) async fn by_id(reader: &mut Reader, sight: &Sight, id: &str) -> Result<Group> {
    let group = reader.groups(vec![id.to_owned()]).await?.pop().ok_or_else(|| Error::not_found("group"))?;
    sight.check(&group, "group")?;
    Ok(group)
}

/// Groups read at once that have one name.
const FEW: usize = 8;

/// The one group that a reference means. What is not there for the caller makes it not ambiguous.
async fn find(reader: &mut Reader, call: &Call, reference: Ref) -> Result<Group> {
    let ids = meant(reader, call, &[reference]).await?.pop().unwrap_or_default();
    let (sight, mut found) = (Sight::of(call), None);
    for few in ids.chunks(FEW) {
        for group in reader.groups(few.to_vec()).await? {
            if sight.sees(&group) && found.replace(group).is_some() {
                return Err(ambiguous());
            }
        }
    }
    found.ok_or_else(|| Error::not_found("group"))
}

fn ambiguous() -> Error {
    Error::new(ErrorReason::AmbiguousReference, "The reference names more than one group.").with("reference", "display_name")
}

/// The ids that each reference may mean, with one statement per kind of reference.
async fn meant(reader: &mut Reader, call: &Call, references: &[Ref]) -> Result<Vec<Vec<String>>> {
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
    let ids = references.iter().map(|reference| match reference {
        Ref::Id(id) => vec![id.clone()],
        Ref::DisplayName(name) => called.get(&fold::caseless(name)).cloned().unwrap_or_default(),
        Ref::ExternalId(_) => external(reference).and_then(|key| held.get(&key)).cloned().unwrap_or_default(),
    });
    Ok(ids.collect())
}
