//! Compiles the contract in `proto/` without a system protoc, and derives from it what must never
//! drift from it: the facts of every method, the access check around every service, and the
//! adapter that lets a generated client stand in for a service.
//!
//! A method without `required_scope` fails the build.

use protox::prost_reflect::{DescriptorPool, MethodDescriptor, ServiceDescriptor};
use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

type Done<T> = Result<T, Box<dyn Error>>;

const PACKAGE: &str = "roster.v1";

fn main() -> Done<()> {
    println!("cargo:rerun-if-changed=proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let files = protos_of(Path::new("proto/roster/v1"))?;
    fs::write(out.join("sources.rs"), write_sources()?)?;
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_source_info(true).include_imports(true).open_files(files)?;

    // `file_descriptor_set()` drops custom options; the encoded set keeps them, so that is what is served.
    fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;

    // Validation rules live in options only; no message of ours needs their types.
    let mut messages = compiler.file_descriptor_set();
    messages.file.retain(|file| file.package() != "buf.validate");

    let mut config = tonic_prost_build::Config::new();
    // Ordered maps: equal messages encode to equal bytes.
    config.btree_map(["."]);
    tonic_prost_build::configure().compile_fds_with_config(messages, config)?;

    let pool = compiler.descriptor_pool();
    let services: Vec<_> = pool.services().filter(|s| s.package_name() == PACKAGE).collect();
    let mut methods = String::new();
    let mut guarded = String::new();
    let mut remote = String::new();
    for service in &services {
        methods.push_str(&write_methods(&pool, service)?);
        guarded.push_str(&write_guarded(service)?);
        remote.push_str(&write_remote(service)?);
    }
    methods.push_str(&write_method_list(&services)?);
    fs::write(out.join("methods.rs"), methods)?;
    fs::write(out.join("guarded.rs"), guarded)?;
    fs::write(out.join("remote.rs"), remote)?;
    Ok(())
}

/// The files of a folder that are the contract, in order.
fn protos_of(folder: &Path) -> Done<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(protos_of(&path)?);
        } else if path.extension().is_some_and(|end| end == "proto") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Every file of `proto/` by the name that others import it by, with its text.
fn write_sources() -> Done<String> {
    let mut out = String::from(
        "/// Every file of the contract, by the name that others import it by, with its text.\npub const SOURCES: &[(&str, &str)] = &[\n",
    );
    for path in protos_of(Path::new("proto"))? {
        let name = path.strip_prefix("proto")?.to_str().ok_or("names of files are text")?;
        let whole = fs::canonicalize(&path)?;
        let whole = whole.to_str().ok_or("names of folders are text")?;
        writeln!(out, "    ({name:?}, include_str!({whole:?})),")?;
    }
    out.push_str("];\n");
    Ok(out)
}

/// One constant per method: its path, its scope, whether it only reads, and whether the client streams.
fn write_methods(pool: &DescriptorPool, service: &ServiceDescriptor) -> Done<String> {
    let scope_option = pool.get_extension_by_name("roster.v1.required_scope").ok_or("options.proto defines required_scope")?;
    let mut out = String::new();
    writeln!(out, "/// The methods of `{}`.\npub mod {} {{\n    use super::Method;", service.name(), snake(service.name()))?;
    for method in service.methods() {
        let options = method.options();
        if !options.has_extension(&scope_option) {
            return Err(format!("{} names no required_scope; write \"\" if it needs none", method.full_name()).into());
        }
        let scope = options.get_extension(&scope_option);
        let scope = scope.as_str().ok_or("required_scope is a string")?;
        let idempotency = method.method_descriptor_proto().options.as_ref().map(prost_types::MethodOptions::idempotency_level);
        let uploads = method.is_client_streaming();
        let read_only = idempotency == Some(prost_types::method_options::IdempotencyLevel::NoSideEffects);
        writeln!(
            out,
            "    /// `{full}`\n    pub const {constant}: Method = Method {{ path: \"/{service}/{name}\", scope: {scope:?}, read_only: {read_only}, uploads: {uploads} }};",
            full = method.full_name(),
            constant = snake(method.name()).to_uppercase(),
            service = service.full_name(),
            name = method.name(),
        )?;
    }
    out.push_str("}\n");
    Ok(out)
}

/// Every method of the contract in one list, for tests and for the list of known scopes.
fn write_method_list(services: &[ServiceDescriptor]) -> Done<String> {
    let mut out = String::from("/// Every method of the contract.\npub const ALL: &[Method] = &[\n");
    for service in services {
        for method in service.methods() {
            writeln!(out, "    {}::{},", snake(service.name()), snake(method.name()).to_uppercase())?;
        }
    }
    out.push_str("];\n");
    Ok(out)
}

/// `Guarded<S>`: the same trait, entered only by callers that may.
fn write_guarded(service: &ServiceDescriptor) -> Done<String> {
    let (module, name) = (snake(service.name()), service.name());
    let mut out = format!("#[tonic::async_trait]\nimpl<S: v1::{module}_server::{name}> v1::{module}_server::{name} for Guarded<S> {{\n");
    for method in service.methods() {
        let function = snake(method.name());
        let (input, mut output) = (input_type(&method), message(method.output().full_name()));
        if method.is_server_streaming() {
            writeln!(out, "    type {0}Stream = S::{0}Stream;", method.name())?;
            output = format!("S::{}Stream", method.name());
        }
        let names_organization = !method.is_client_streaming() && method.input().get_field_by_name("organization_id").is_some();
        let organization = if names_organization { "Some(request.get_ref().organization_id.as_str())" } else { "None" };
        writeln!(
            out,
            "    async fn {function}(&self, request: Request<{input}>) -> Result<Response<{output}>, Status> {{\n        \
             let connection = connection_of(&request);\n        \
             let answer = match enter(&request, &method::{module}::{constant}, {organization}, &*self.witness) {{\n            \
             Ok(()) => self.service.{function}(request).await,\n            Err(refused) => Err(refused),\n        }};\n        \
             if let Some(connection) = connection {{\n            \
             tell(&*self.witness, &connection, &method::{module}::{constant}, &answer);\n        }}\n        answer\n    }}",
            constant = function.to_uppercase(),
        )?;
    }
    out.push_str("}\n");
    Ok(out)
}

/// `Remote<Client>`: the service trait over a channel; and `Any…`, local or remote.
fn write_remote(service: &ServiceDescriptor) -> Done<String> {
    if service.methods().any(|method| method.is_client_streaming() && method.is_server_streaming()) {
        // The façade has no use for a service that streams both ways.
        return Ok(String::new());
    }
    let (module, name) = (snake(service.name()), service.name());
    let mut out =
        format!("#[tonic::async_trait]\nimpl v1::{module}_server::{name} for Remote<v1::{module}_client::{name}Client<Channel>> {{\n");
    let mut streams = Vec::new();
    for method in service.methods() {
        let function = snake(method.name());
        let (input, output) = (input_type(&method), message(method.output().full_name()));
        match (method.is_client_streaming(), method.is_server_streaming()) {
            (false, false) => writeln!(
                out,
                "    async fn {function}(&self, request: Request<{input}>) -> Result<Response<{output}>, Status> {{\n        \
                 Box::pin(timed(self.0.clone().{function}(request))).await\n    }}"
            )?,
            (false, true) => {
                streams.push(format!("{}Stream = BoxStream<{output}>", method.name()));
                writeln!(
                    out,
                    "    type {stream}Stream = BoxStream<{output}>;\n    \
                     async fn {function}(&self, request: Request<{input}>) -> Result<Response<BoxStream<{output}>>, Status> {{\n        \
                     Ok(Box::pin(timed(self.0.clone().{function}(request))).await?.map(boxed))\n    }}",
                    stream = method.name(),
                )?;
            }
            (true, false) => writeln!(
                out,
                "    async fn {function}(&self, request: Request<{input}>) -> Result<Response<{output}>, Status> {{\n        \
                 let mut client = self.0.clone();\n        \
                 upload(request, |request| async move {{ client.{function}(request).await }}).await\n    }}"
            )?,
            (true, true) => return Err(format!("{}: no service of the façade streams both ways", method.full_name()).into()),
        }
    }
    let generics = if streams.is_empty() { String::new() } else { format!("<{}>", streams.join(", ")) };
    writeln!(
        out,
        "}}\n\n/// `{name}`, local or remote.\npub type Any{name} = std::sync::Arc<dyn v1::{module}_server::{name}{generics}>;\n"
    )?;
    Ok(out)
}

fn input_type(method: &MethodDescriptor) -> String {
    let input = message(method.input().full_name());
    if method.is_client_streaming() { format!("Streaming<{input}>") } else { input }
}

fn message(full_name: &str) -> String {
    format!("v1::{}", full_name.rsplit('.').next().unwrap_or(full_name))
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for (i, c) in name.char_indices() {
        if c.is_uppercase() && i > 0 {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}
