//! Networks of addresses, as people write them: `192.0.2.0/24`, `2001:db8::/32`, or one address.

use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// Characters of a text that is no network which a refusal repeats.
const SHOWN_CHARS: usize = 64;

/// Reads a network.
///
/// # Errors
/// With what is wrong with the text.
pub fn read(text: &str) -> Result<IpNet, String> {
    let shown: String = text.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect();
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => {
            text.parse::<IpNet>().map_err(|_| format!("{shown:?} is no network: write 192.0.2.0/24, 2001:db8::/32, or one address"))?
        }
    };
    if matches!(network, IpNet::V6(of) if of.addr().to_ipv4_mapped().is_some()) {
        return Err(format!("{shown} is a network of IPv4 written as one of IPv6; write it as IPv4"));
    }
    if network.trunc() != network {
        return Err(format!("{shown} has bits beyond its prefix; the network is {}", network.trunc()));
    }
    Ok(network)
}

/// The address that a proxy names, with or without a port or brackets; `None` for what is none.
pub fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip())).ok()?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_read_as_it_is_and_no_other_is_guessed() {
        for (text, network) in [
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("192.0.2.7", "192.0.2.7/32"),
            ("2001:DB8::/32", "2001:db8::/32"),
            ("::1", "::1/128"),
            ("0.0.0.0/0", "0.0.0.0/0"),
        ] {
            assert_eq!(read(text).unwrap().to_string(), network);
        }
        for bad in ["", "any", "192.0.2.0/33", "192.0.2/24", "192.0.2.0/24 ", "192.0.2.0-192.0.2.9", "example.com", "::/129", "*"] {
            assert!(read(bad).unwrap_err().contains("is no network"), "{bad}");
        }
        assert_eq!(read("10.1.2.3/8").unwrap_err(), "10.1.2.3/8 has bits beyond its prefix; the network is 10.0.0.0/8");
        assert!(read("::ffff:192.0.2.0/120").unwrap_err().contains("as IPv4"));
    }

    #[test]
    fn an_address_comes_with_or_without_its_port() {
        for (text, address_) in [
            ("192.0.2.7", "192.0.2.7"),
            (" 192.0.2.7:443 ", "192.0.2.7"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
        ] {
            assert_eq!(address(text).unwrap().to_string(), address_);
        }
        for none in ["", "unknown", "_hidden", "for=192.0.2.7", "192.0.2.7.8", "[192.0.2.7"] {
            assert_eq!(address(none), None, "{none}");
        }
    }
}
