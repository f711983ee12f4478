//! The contract as a manual: docs/api.md, written from the comments in proto/.

use prost_reflect::{DescriptorPool, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor, ServiceDescriptor};
use std::{collections::HashMap, fmt::Write as _};

const HEAD: &str = "# The gRPC API

What [`proto/roster/v1`](../proto/roster/v1) says, for reading; `scripts/reference` writes it from the comments there. Other forms of the
same: the files and their descriptors at `/proto/` of a running server, and reflection.
";

/// The files in the order in which they are to be read; those that are not named follow by name.
const ORDER: [&str; 4] = ["options", "types", "error_reason", "user"];

/// The whole manual.
pub fn write() -> String {
    let pool = DescriptorPool::decode(roster::api::DESCRIPTORS).unwrap();
    let mut files: Vec<_> = pool.files().filter(|file| file.package_name() == "roster.v1").collect();
    files.sort_by_key(|file| (ORDER.iter().position(|name| *name == stem(file)).unwrap_or(ORDER.len()), file.name().to_owned()));
    let manual: Vec<_> = files.iter().map(Page::of).collect();
    let mut out = HEAD.to_owned();
    // What stands before "package" is about all of it.
    let whole = manual.iter().map(|page| page.said(&[2])).find(|said| !said.is_empty()).unwrap_or_default();
    write!(out, "\n{}\n\n", prose(&whole)).unwrap();
    for service in files.iter().flat_map(FileDescriptor::services) {
        let methods: Vec<_> = service.methods().map(|method| format!("[{0}](#{1})", method.name(), anchor(method.name()))).collect();
        writeln!(out, "- [{0}](#{1}): {2}", service.name(), anchor(service.name()), methods.join(", ")).unwrap();
    }
    for page in manual {
        page.write(&mut out);
    }
    out
}

/// One file with its comments, by the path of what they are about.
struct Page<'a> {
    file: &'a FileDescriptor,
    comments: HashMap<Vec<i32>, String>,
}

impl<'a> Page<'a> {
    fn of(file: &'a FileDescriptor) -> Self {
        let source = file.file_descriptor_proto().source_code_info.clone().unwrap_or_default();
        let comments = source.location.into_iter().filter_map(|place| Some((place.path, place.leading_comments?))).collect();
        Page { file, comments }
    }

    fn said(&self, path: &[i32]) -> String {
        let comment = self.comments.get(path).map(String::as_str).unwrap_or_default();
        comment.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n").trim().to_owned()
    }

    fn write(&self, out: &mut String) {
        let (services, messages, enums) = (self.file.services(), self.file.messages(), self.file.enums());
        if services.len() + messages.len() + enums.len() == 0 {
            return;
        }
        writeln!(out, "\n## {}.proto", stem(self.file)).unwrap();
        services.for_each(|service| self.service(out, &service));
        messages.for_each(|message| self.message(out, &message));
        enums.for_each(|of| self.enumeration(out, &of));
    }

    fn service(&self, out: &mut String, service: &ServiceDescriptor) {
        writeln!(out, "\n### {}\n\n{}", service.name(), prose(&self.said(service.path()))).unwrap();
        for method in service.methods() {
            let known =
                roster::api::method::ALL.iter().find(|known| known.path == format!("/{}/{}", service.full_name(), method.name())).unwrap();
            let scope = if known.scope.is_empty() { "any valid credential".to_owned() } else { format!("scope `{}`", known.scope) };
            let effect = if known.read_only { "no side effects" } else { "a write" };
            let stream = |streams| if streams { "stream " } else { "" };
            writeln!(
                out,
                "\n#### {}\n\n{}{} → {}{} · {scope} · {effect}\n\n{}",
                method.name(),
                stream(method.is_client_streaming()),
                link(method.input().full_name()),
                stream(method.is_server_streaming()),
                link(method.output().full_name()),
                prose(&self.said(method.path())),
            )
            .unwrap();
        }
    }

    fn message(&self, out: &mut String, message: &MessageDescriptor) {
        if message.is_map_entry() {
            return;
        }
        writeln!(out, "\n### {}\n\n{}", short(message.full_name()), prose(&self.said(message.path()))).unwrap();
        if message.fields().len() > 0 {
            out.push_str("\n| field | type | |\n| --- | --- | --- |\n");
        }
        for field in message.fields() {
            let of = field.containing_oneof().filter(|oneof| !field.supports_presence() || oneof.fields().len() > 1);
            let one = of.map(|oneof| format!("one of `{}`. ", oneof.name())).unwrap_or_default();
            let said = cell(&self.said(field.path()));
            writeln!(out, "| `{}` = {} | {} | {one}{said} |", field.name(), field.number(), kind(&field)).unwrap();
        }
        message.child_messages().for_each(|child| self.message(out, &child));
        message.child_enums().for_each(|child| self.enumeration(out, &child));
    }

    fn enumeration(&self, out: &mut String, of: &EnumDescriptor) {
        write!(out, "\n### {}\n\n{}\n\n", short(of.full_name()), prose(&self.said(of.path()))).unwrap();
        out.push_str("| value | |\n| --- | --- |\n");
        for value in of.values() {
            writeln!(out, "| `{}` = {} | {} |", value.name(), value.number(), cell(&self.said(value.path()))).unwrap();
        }
    }
}

/// A field's type, with links to those of the contract.
fn kind(field: &FieldDescriptor) -> String {
    if field.is_map() {
        let entry = field.kind().as_message().unwrap().clone();
        return format!("map of {} to {}", kind(&entry.map_entry_key_field()), kind(&entry.map_entry_value_field()));
    }
    let name = match field.kind() {
        Kind::Message(message) => link(message.full_name()),
        Kind::Enum(of) => link(of.full_name()),
        plain => format!("{plain:?}").to_lowercase(),
    };
    if field.is_list() {
        return format!("list of {name}");
    }
    let optional = field.containing_oneof().is_some_and(|oneof| oneof.fields().len() == 1);
    if optional { format!("optional {name}") } else { name }
}

fn stem(file: &FileDescriptor) -> &str {
    file.name().rsplit('/').next().unwrap().trim_end_matches(".proto")
}

fn short(full_name: &str) -> &str {
    full_name.strip_prefix("roster.v1.").unwrap_or(full_name)
}

fn link(full_name: &str) -> String {
    match full_name.strip_prefix("roster.v1.") {
        Some(name) => format!("[{name}](#{})", anchor(name)),
        None => format!("`{full_name}`"),
    }
}

/// What a heading is reached by.
fn anchor(heading: &str) -> String {
    heading.to_lowercase().replace('.', "")
}

/// A comment as text of its own: its paragraphs and lists stay.
fn prose(comment: &str) -> String {
    comment.replace('<', "&lt;").replace('*', "\\*")
}

/// A comment in a cell: one line.
fn cell(comment: &str) -> String {
    prose(&comment.split_whitespace().collect::<Vec<_>>().join(" ")).replace('|', "\\|")
}
