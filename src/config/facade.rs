//! The settings of `roster scim`: the SCIM face alone, in front of a directory that is served elsewhere.

use super::{
    BadSetting, LogSettings,
    network::{Network, NetworkSettings},
    web_url,
};
use clap::Args;
use std::path::PathBuf;
use url::{Host, Url};

/// The settings of `roster scim`.
#[derive(Debug, Clone, Args)]
pub struct FacadeSettings {
    /// The gRPC face of the directory, for example `https://directory.internal:50051`.
    #[arg(long, value_name = "URL", env = "ROSTER_DIRECTORY", help_heading = "Directory")]
    pub directory: String,

    /// PEM file with the authority that the directory's certificate is trusted by, instead of the system's.
    #[arg(long, value_name = "FILE", env = "ROSTER_CA", help_heading = "Directory")]
    pub ca: Option<PathBuf>,

    /// Speak to the directory without TLS although it is on another machine. Callers' tokens then travel in the clear.
    #[arg(long, env = "ROSTER_ALLOW_PLAINTEXT", help_heading = "Directory")]
    pub allow_plaintext: bool,

    /// The face itself.
    #[command(flatten)]
    pub network: NetworkSettings,

    /// Logs.
    #[command(flatten)]
    pub log: LogSettings,
}

/// The same, read as far as that goes without opening anything.
#[derive(Debug, Clone)]
pub struct FacadeConfig {
    /// The URL of the directory's gRPC face.
    pub directory: String,
    /// The authority to trust; absent = the system's.
    pub ca: Option<PathBuf>,
    /// The face itself.
    pub network: Network,
}

impl FacadeSettings {
    /// Reads what can be read without opening anything.
    ///
    /// # Errors
    /// With the sentence that names the first bad setting.
    pub fn check(&self) -> Result<FacadeConfig, BadSetting> {
        const EXAMPLE: &str = "https://directory.internal:50051";
        let directory = web_url("--directory", &self.directory, EXAMPLE)?;
        if directory.path() != "/" {
            return Err(BadSetting(format!("--directory has a path; it takes for example {EXAMPLE}.")));
        }
        if directory.scheme() == "http" && !is_here(&directory) && !self.allow_plaintext {
            let why = "--directory is on another machine and its URL is not https: callers' tokens would travel in the clear. \
                       Where the network between is private, say so with --allow-plaintext.";
            return Err(BadSetting(why.into()));
        }
        let network = self.network.check()?;
        Ok(FacadeConfig { directory: directory.as_str().trim_end_matches('/').to_owned(), ca: self.ca.clone(), network })
    }
}

/// Whether a URL leads to this machine.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser};

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        settings: FacadeSettings,
    }

    fn check(arguments: &[&str]) -> Result<FacadeConfig, BadSetting> {
        Line::parse_from([&["roster"], arguments].concat()).settings.check()
    }

    #[test]
    fn a_directory_elsewhere_is_spoken_to_over_tls_unless_the_operator_says_otherwise() {
        for here in ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://directory.example"] {
            assert_eq!(check(&["--directory", here]).unwrap().directory, here);
        }
        let refused = check(&["--directory", "http://directory.example:1"]).unwrap_err().0;
        assert!(refused.contains("--directory") && refused.contains("--allow-plaintext"), "{refused}");
        assert!(check(&["--directory", "http://directory.example:1", "--allow-plaintext"]).is_ok());
    }

    #[test]
    fn a_bad_setting_is_one_sentence_that_names_it() {
        for bad in ["directory:50051", "127.0.0.1:50051", "https://u:secret@h/", "https://h/path", "https://h/?q", ""] {
            let sentence = check(&["--directory", bad]).unwrap_err().0;
            assert!(sentence.starts_with("--directory ") && sentence.ends_with('.') && !sentence.contains('\n'), "{sentence}");
            assert!(!sentence.contains("secret"), "{sentence}");
        }
        let sentence = check(&["--directory", "https://h", "--http", "nowhere"]).unwrap_err().0;
        assert!(sentence.starts_with("--http "), "{sentence}");
    }

    #[test]
    fn every_setting_has_its_environment_name() {
        super::super::tests::check_environment(&Line::command());
    }
}
