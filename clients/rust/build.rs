//! Generates the client from `proto/`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let proto = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");
    println!("cargo:rerun-if-changed={proto}");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(format!("{proto}/roster/v1"))? {
        files.push(entry?.path());
    }
    let mut contract = protox::compile(files, [proto])?;
    // Its rules are options; no message needs their types.
    contract.file.retain(|file| file.package() != "buf.validate");
    Ok(tonic_prost_build::configure().build_server(false).compile_fds(contract)?)
}
