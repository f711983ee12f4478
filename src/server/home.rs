//! The data directory: who may be in it, and what is written there.

use super::{Bootstrap, StartError, bootstrap};
use crate::config::{BadSetting, Engine};
use std::{
    fs::{self, File, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// The file the first start writes; clients on this machine read it.
pub const BOOTSTRAP_FILE: &str = "bootstrap.json";

/// A data directory in use by this process.
#[derive(Debug)]
pub struct Home {
    dir: PathBuf,
    /// Held for as long as the server lives; the system releases it with the process, however that ends.
    _lock: Option<File>,
}

impl Home {
    /// Creates the directory (mode 0700) if it is not there, and takes SQLite's file for this process alone.
    ///
    /// # Errors
    /// When the directory cannot be used, or another server has the file.
    pub fn enter(dir: &Path, engine: &Engine) -> Result<Home, BadSetting> {
        let bad = |error: &dyn std::fmt::Display| BadSetting(format!("--data-dir {} cannot be used: {error}.", dir.display()));
        create(dir).map_err(|error| bad(&error))?;
        let lock = match engine {
            Engine::Postgres(_) => None,
            Engine::Sqlite(file) => {
                let mut options = File::options();
                options.create(true).truncate(false).write(true);
                let lock = private(&mut options).open(file.with_extension("lock")).map_err(|error| bad(&error))?;
                match lock.try_lock() {
                    Ok(()) => Some(lock),
                    Err(TryLockError::WouldBlock) => {
                        return Err(BadSetting(format!(
                            "Another Roster server is using {}; one SQLite file serves one server at a time (use --database with PostgreSQL for several).",
                            file.display()
                        )));
                    }
                    Err(TryLockError::Error(error)) => return Err(bad(&error)),
                }
            }
        };
        Ok(Home { dir: dir.to_owned(), _lock: lock })
    }

    /// Writes what the first start made, readable by its owner alone: whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep(&self, bootstrap: &Bootstrap) -> Result<(), StartError> {
        self.write(&bootstrap.to_json())
    }

    /// Puts the addresses of a later start into what the first one wrote; clients on this machine find the server by them.
    /// A file that is gone, or that is no longer ours, stays as it is.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn refresh(&self, base_url: &str, grpc_endpoint: &str) -> Result<(), StartError> {
        let Ok(text) = fs::read_to_string(self.dir.join(BOOTSTRAP_FILE)) else { return Ok(()) };
        let fresh = bootstrap::readdressed(&text, base_url, grpc_endpoint);
        if fresh == text { Ok(()) } else { self.write(&fresh) }
    }

    fn write(&self, content: &str) -> Result<(), StartError> {
        let path = self.dir.join(BOOTSTRAP_FILE);
        let failed = |error: io::Error| StartError::Other(format!("{} cannot be written: {error}.", path.display()));
        let half = path.with_extension("json.new");
        fs::remove_file(&half)
            .or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
            .map_err(failed)?;
        let mut file = private(File::options().create_new(true).write(true)).open(&half).map_err(failed)?;
        file.write_all(content.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&half, &path).map_err(failed)
    }
}

/// Randomness for a store that is new: its epoch and the key that seals page tokens.
///
/// # Errors
/// When the system has none to give.
pub fn entropy() -> Result<[u8; 40], StartError> {
    let mut bytes = [0; 40];
    getrandom::fill(&mut bytes).map_err(|error| StartError::Other(format!("The system has no randomness to give: {error}.")))?;
    Ok(bytes)
}

fn create(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn private(options: &mut fs::OpenOptions) -> &mut fs::OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_server_on_one_file_is_refused_with_the_reason_until_the_first_has_gone() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("data");
        let engine = Engine::Sqlite(home.join("roster.sqlite"));
        let first = Home::enter(&home, &engine).unwrap();
        let refused = Home::enter(&home, &engine).unwrap_err().0;
        assert!(refused.starts_with("Another Roster server is using ") && refused.contains("roster.sqlite"), "{refused}");
        drop(first);
        Home::enter(&home, &engine).unwrap();
    }

    #[test]
    fn servers_on_postgres_may_share_a_directory() {
        let dir = tempfile::tempdir().unwrap();
        let engine = Engine::Postgres("postgres://h/d".to_owned());
        let _first = Home::enter(dir.path(), &engine).unwrap();
        Home::enter(dir.path(), &engine).unwrap();
    }

    #[test]
    fn a_later_start_puts_its_addresses_in_and_keeps_the_rest() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::enter(dir.path(), &Engine::Postgres("postgres://h/d".to_owned())).unwrap();
        home.refresh("https://a", "https://a:1").unwrap();
        assert!(!dir.path().join(BOOTSTRAP_FILE).exists());
        home.keep(&Bootstrap::example()).unwrap();
        home.refresh("https://roster.example.com", "http://127.0.0.1:7").unwrap();
        let kept: serde_json::Value = serde_json::from_str(&fs::read_to_string(dir.path().join(BOOTSTRAP_FILE)).unwrap()).unwrap();
        assert_eq!(kept["scim_base_url"], "https://roster.example.com/scim/v2/default");
        assert_eq!((&kept["grpc_endpoint"], &kept["scim_token"]), (&"http://127.0.0.1:7".into(), &"roster_scim_example".into()));
    }

    #[cfg(unix)]
    #[test]
    fn the_directory_and_what_is_written_there_are_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("data");
        let entered = Home::enter(&home, &Engine::Sqlite(home.join("roster.sqlite"))).unwrap();
        entered.keep(&Bootstrap::example()).unwrap();
        entered.keep(&Bootstrap::example()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&home), mode(&home.join(BOOTSTRAP_FILE))), (0o700, 0o600));
    }
}
