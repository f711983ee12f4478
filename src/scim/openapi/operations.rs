//! What can be asked: one row for each endpoint and method.
//!
//! The tests hold it against the router in both directions: what stands here is served, and nothing else is.

/// One method of one endpoint. HEAD is served wherever GET is and has no row of its own.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// Below the base URL, with its parameter in braces: `/Users/{id}`.
    pub path: &'static str,
    /// In lower case, as OpenAPI has it.
    pub method: &'static str,
    /// The operation's name for generated clients.
    pub id: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Names of [`super::components::parameters`].
    pub parameters: &'static [&'static str],
    /// The schema of the body, if it takes one.
    pub body: Option<&'static str>,
    /// The statuses of success, each with the schema of its body.
    pub success: &'static [(&'static str, Option<&'static str>)],
    /// What it is refused with, beside what every operation with a caller is: names of [`super::components::REFUSALS`].
    pub refusals: &'static [&'static str],
    /// Whether it needs a caller.
    pub has_caller: bool,
}

/// What an answer shows.
const SHOWN: &[&str] = &["attributes", "excludedAttributes"];
const READ: &[&str] = &["attributes", "excludedAttributes", "ifMatch", "ifNoneMatch"];
const LIST: &[&str] = &["filter", "sortBy", "sortOrder", "startIndex", "count", "cursor", "attributes", "excludedAttributes"];
const WRITE: &[&str] = &["attributes", "excludedAttributes", "ifMatch", "ifNoneMatch"];
const DELETE: &[&str] = &["ifMatch", "ifNoneMatch"];

const READING: &[&str] = &["400", "412"];
const LISTING: &[&str] = &["400"];
const CREATING: &[&str] = &["400", "409", "413", "415"];
const WRITING: &[&str] = &["400", "409", "412", "413", "415"];
const DELETING: &[&str] = &["400", "412"];
const SEARCHING: &[&str] = &["400", "413", "415"];

const ROW: Operation =
    Operation { path: "", method: "get", id: "", summary: "", parameters: &[], body: None, success: &[], refusals: &[], has_caller: true };

const fn read(path: &'static str, id: &'static str, summary: &'static str, schema: &'static str) -> Operation {
    let success: &[_] = match schema.as_bytes() {
        b"User" => &[("200", Some("User")), ("304", None)],
        _ => &[("200", Some("Group")), ("304", None)],
    };
    Operation { path, id, summary, parameters: READ, success, refusals: READING, ..ROW }
}

const fn told(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    success: &'static [(&'static str, Option<&'static str>)],
) -> Operation {
    Operation { path, id, summary, success, ..ROW }
}

const fn list(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    success: &'static [(&'static str, Option<&'static str>)],
) -> Operation {
    Operation { path, id, summary, parameters: LIST, success, refusals: LISTING, ..ROW }
}

const fn search(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    success: &'static [(&'static str, Option<&'static str>)],
) -> Operation {
    Operation { path, method: "post", id, summary, body: Some("SearchRequest"), success, refusals: SEARCHING, ..ROW }
}

const fn delete(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation { path, method: "delete", id, summary, parameters: DELETE, success: &[("204", None)], refusals: DELETING, ..ROW }
}

/// Every operation, in the order of the document.
pub const OPERATIONS: &[Operation] = &[
    list("/Users", "listUsers", "Lists users.", &[("200", Some("UserList"))]),
    Operation {
        path: "/Users",
        method: "post",
        id: "createUser",
        summary: "Creates a user.",
        parameters: SHOWN,
        body: Some("UserInput"),
        success: &[("201", Some("User"))],
        refusals: CREATING,
        ..ROW
    },
    search("/Users/.search", "searchUsers", "Lists users by a query in the body.", &[("200", Some("UserList"))]),
    read("/Users/{id}", "getUser", "Reads a user.", "User"),
    Operation {
        path: "/Users/{id}",
        method: "put",
        id: "replaceUser",
        summary: "Replaces a user.",
        parameters: WRITE,
        body: Some("UserInput"),
        success: &[("200", Some("User"))],
        refusals: WRITING,
        ..ROW
    },
    Operation {
        path: "/Users/{id}",
        method: "patch",
        id: "patchUser",
        summary: "Changes parts of a user, all or none.",
        parameters: WRITE,
        body: Some("PatchOp"),
        success: &[("200", Some("User"))],
        refusals: WRITING,
        ..ROW
    },
    delete("/Users/{id}", "deleteUser", "Deletes a user and the memberships."),
    list("/Groups", "listGroups", "Lists groups.", &[("200", Some("GroupList"))]),
    Operation {
        path: "/Groups",
        method: "post",
        id: "createGroup",
        summary: "Creates a group.",
        parameters: SHOWN,
        body: Some("GroupInput"),
        success: &[("201", Some("Group"))],
        refusals: CREATING,
        ..ROW
    },
    search("/Groups/.search", "searchGroups", "Lists groups by a query in the body.", &[("200", Some("GroupList"))]),
    read("/Groups/{id}", "getGroup", "Reads a group.", "Group"),
    Operation {
        path: "/Groups/{id}",
        method: "put",
        id: "replaceGroup",
        summary: "Replaces a group and its members; without members it has none.",
        parameters: WRITE,
        body: Some("GroupInput"),
        success: &[("200", Some("Group"))],
        refusals: WRITING,
        ..ROW
    },
    Operation {
        path: "/Groups/{id}",
        method: "patch",
        id: "patchGroup",
        summary: "Changes parts of a group, all or none. A large group is answered with 204 unless attributes are asked for.",
        parameters: WRITE,
        body: Some("PatchOp"),
        success: &[("200", Some("Group")), ("204", None)],
        refusals: WRITING,
        ..ROW
    },
    delete("/Groups/{id}", "deleteGroup", "Deletes a group, not its members."),
    list("/", "listResources", "Lists users and groups.", &[("200", Some("ResourceList"))]),
    search("/.search", "search", "Lists users and groups by a query in the body.", &[("200", Some("ResourceList"))]),
    Operation {
        path: "/Bulk",
        method: "post",
        id: "bulk",
        summary: "Does many writes, each by itself.",
        body: Some("BulkRequest"),
        success: &[("200", Some("BulkResponse"))],
        refusals: SEARCHING,
        ..ROW
    },
    Operation {
        has_caller: false,
        ..told(
            "/ServiceProviderConfig",
            "getServiceProviderConfig",
            "Tells which parts of the protocol are served.",
            &[("200", Some("ServiceProviderConfig"))],
        )
    },
    told("/ResourceTypes", "listResourceTypes", "Lists the types of resources.", &[("200", Some("ResourceTypeList"))]),
    told("/ResourceTypes/{name}", "getResourceType", "Reads a type of resources.", &[("200", Some("ResourceType"))]),
    told("/Schemas", "listSchemas", "Lists the schemas, the organization's own too.", &[("200", Some("SchemaList"))]),
    told("/Schemas/{urn}", "getSchema", "Reads a schema.", &[("200", Some("Schema"))]),
];
