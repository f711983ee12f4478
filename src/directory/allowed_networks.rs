//! From where a connection may be used (`Connection.allowed_networks`).

use super::{Error, Result};
use crate::{
    api::v1::{Connection, ErrorReason},
    limits, networks,
};
use std::net::IpAddr;

/// Refuses a call of the connection that comes from elsewhere; `None` is nobody can tell from where.
///
/// # Errors
/// `NETWORK_DENIED`, naming the address.
pub(super) fn admit(connection: &Connection, from: Option<IpAddr>) -> Result<()> {
    let allowed = &connection.allowed_networks;
    let holds = |from: IpAddr| allowed.iter().any(|text| networks::read(text).is_ok_and(|network| network.contains(&from)));
    if allowed.is_empty() || from.is_some_and(holds) {
        return Ok(());
    }
    let address = from.map(|from| from.to_string()).unwrap_or_default();
    let detail = match from {
        Some(_) => format!("This connection may not be used from {address}."),
        None => "This connection may not be used from an address that is not known; a proxy did not say it.".to_owned(),
    };
    Err(Error::new(ErrorReason::NetworkDenied, detail).with("address", address))
}

/// The border: networks, as they are compared.
///
/// # Errors
/// `INVALID_VALUE`, `TOO_LARGE`.
pub(super) fn check(texts: &[String]) -> Result<()> {
    let field = "connection.allowed_networks";
    if texts.len() > limits::ALLOWED_NETWORKS {
        return Err(Error::too_large(field, limits::ALLOWED_NETWORKS, "networks"));
    }
    for text in texts {
        networks::read(text).map_err(|why| Error::value(field, format!("{field}: {why}.")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(networks: &[&str]) -> Connection {
        Connection { allowed_networks: networks.iter().map(|&text| text.to_owned()).collect(), ..Connection::default() }
    }

    #[test]
    fn without_networks_everywhere_is_allowed_and_with_some_nowhere_else() {
        let here = "192.0.2.7".parse().unwrap();
        assert_eq!((admit(&connection(&[]), Some(here)), admit(&connection(&[]), None)), (Ok(()), Ok(())));
        assert_eq!(admit(&connection(&["2001:db8::/32", "192.0.2.0/24"]), Some(here)), Ok(()));
        for (networks, from) in [(&["2001:db8::/32"][..], Some(here)), (&["192.0.2.0/24"], None), (&["what is no network"], Some(here))] {
            assert_eq!(admit(&connection(networks), from).unwrap_err().reason, ErrorReason::NetworkDenied);
        }
    }

    #[test]
    fn networks_are_bounded_and_read_before_they_are_kept() {
        assert_eq!(check(&connection(&["192.0.2.0/24", "::/0"]).allowed_networks), Ok(()));
        assert_eq!(check(&connection(&["192.0.2.1/24"]).allowed_networks).unwrap_err().reason, ErrorReason::InvalidValue);
        let many = vec!["192.0.2.1".to_owned(); limits::ALLOWED_NETWORKS + 1];
        assert_eq!(check(&many).unwrap_err().reason, ErrorReason::TooLarge);
    }
}
