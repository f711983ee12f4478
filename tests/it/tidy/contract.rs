//! What a stranger needs to find in the contract.

use prost::Message as _;
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet};
use roster::api::{DESCRIPTORS, method};
use std::collections::BTreeMap;

const PACKAGE: &str = "roster.v1";

fn files() -> Vec<FileDescriptorProto> {
    let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap();
    let files: Vec<_> = set.file.into_iter().filter(|f| f.package() == PACKAGE).collect();
    assert!(files.len() > 5, "the contract is in the descriptor set");
    files
}

#[test]
fn every_rpc_has_a_scope_and_only_get_caller_needs_none() {
    let declared: Vec<String> = files()
        .iter()
        .flat_map(|file| &file.service)
        .flat_map(|s| s.method.iter().map(|m| format!("/{PACKAGE}.{}/{}", s.name(), m.name())).collect::<Vec<_>>())
        .collect();
    let known: BTreeMap<&str, &str> = method::ALL.iter().map(|m| (m.path, m.scope)).collect();

    let missing: Vec<&String> = declared.iter().filter(|path| !known.contains_key(path.as_str())).collect();
    let open: Vec<&&str> = known.iter().filter(|(_, scope)| scope.is_empty()).map(|(path, _)| path).collect();

    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(declared.len(), method::ALL.len());
    assert_eq!(open, [&"/roster.v1.ProvisioningService/GetCaller"]);
}

#[test]
fn a_scope_is_a_noun_and_a_verb() {
    let odd: Vec<_> = method::ALL
        .iter()
        .filter(|m| !m.scope.is_empty())
        .filter(|m| !m.scope.split_once('.').is_some_and(|(noun, verb)| !noun.is_empty() && !verb.is_empty() && !verb.contains('.')))
        .collect();

    assert!(odd.is_empty(), "{odd:?}");
}

#[test]
fn a_method_that_only_reads_has_a_reading_scope() {
    let odd: Vec<_> = method::ALL.iter().filter(|m| m.read_only && m.scope.split('.').next_back() == Some("write")).collect();

    assert!(odd.is_empty(), "{odd:?}");
}

#[test]
fn every_message_field_enum_and_rpc_has_a_comment() {
    let mut faults = Vec::new();

    for file in files() {
        let comments = comments(&file);
        let mut check = |path: &[i32], name: String| {
            if comments.get(path).is_none_or(|text| text.trim().is_empty()) {
                faults.push(format!("{}: {name}", file.name()));
            }
        };
        for (i, message) in file.message_type.iter().enumerate() {
            check_message(&[4, number(i)], message.name(), message, &mut check);
        }
        for (i, it) in file.enum_type.iter().enumerate() {
            check_enum(&[5, number(i)], it.name(), it, &mut check);
        }
        for (i, service) in file.service.iter().enumerate() {
            check(&[6, number(i)], service.name().to_owned());
            for (j, rpc) in service.method.iter().enumerate() {
                check(&[6, number(i), 2, number(j)], format!("{}.{}", service.name(), rpc.name()));
            }
        }
        for (i, extension) in file.extension.iter().enumerate() {
            check(&[7, number(i)], extension.name().to_owned());
        }
    }

    assert!(faults.is_empty(), "{} things without a comment:\n{}", faults.len(), faults.join("\n"));
}

/// Dry runs, names and notes are the same for every write, because every write carries the same options.
#[test]
fn every_write_carries_the_same_options() {
    let files = files();
    let messages: BTreeMap<String, &DescriptorProto> =
        files.iter().flat_map(|f| &f.message_type).map(|m| (format!(".{PACKAGE}.{}", m.name()), m)).collect();
    let carries =
        |message: &DescriptorProto| message.field.iter().any(|f| f.name() == "write" && f.type_name() == ".roster.v1.WriteOptions");
    let mut without = Vec::new();
    for service in files.iter().flat_map(|file| &file.service) {
        for rpc in &service.method {
            let known = method::ALL.iter().find(|m| m.path == format!("/{PACKAGE}.{}/{}", service.name(), rpc.name())).unwrap();
            let request = messages[rpc.input_type()];
            // What is streamed carries them in its first part.
            let carrying = carries(request) || (known.uploads && request.nested_type.iter().any(carries));
            if known.read_only == carrying {
                without.push(known.path);
            }
        }
    }

    assert!(without.is_empty(), "a write without WriteOptions, or a read with them: {without:?}");
}

fn check_message(path: &[i32], name: &str, message: &DescriptorProto, check: &mut impl FnMut(&[i32], String)) {
    if message.options.as_ref().is_some_and(prost_types::MessageOptions::map_entry) {
        return;
    }
    check(path, name.to_owned());
    for (i, field) in message.field.iter().enumerate() {
        check(&[path, &[2, number(i)]].concat(), format!("{name}.{}", field.name()));
    }
    for (i, nested) in message.nested_type.iter().enumerate() {
        check_message(&[path, &[3, number(i)]].concat(), &format!("{name}.{}", nested.name()), nested, check);
    }
    for (i, it) in message.enum_type.iter().enumerate() {
        check_enum(&[path, &[4, number(i)]].concat(), &format!("{name}.{}", it.name()), it, check);
    }
}

fn check_enum(path: &[i32], name: &str, it: &EnumDescriptorProto, check: &mut impl FnMut(&[i32], String)) {
    check(path, name.to_owned());
    for (i, value) in it.value.iter().enumerate() {
        // The zero value means "not said" everywhere; the style guide gives it its name.
        if value.number() != 0 {
            check(&[path, &[2, number(i)]].concat(), value.name().to_owned());
        }
    }
}

fn comments(file: &FileDescriptorProto) -> BTreeMap<Vec<i32>, String> {
    let info = file.source_code_info.as_ref().expect("the descriptor set carries the comments");
    info.location
        .iter()
        .map(|l| (l.path.clone(), format!("{}{}", l.leading_comments(), l.trailing_comments())))
        .filter(|(_, text)| !text.trim().is_empty())
        .collect()
}

fn number(i: usize) -> i32 {
    i32::try_from(i).unwrap()
}
