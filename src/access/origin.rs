//! Where a request comes from. What a request says of that counts only as far as those it came through are trusted: anybody can
//! write a header.

use crate::networks;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;
use std::{net::IpAddr, sync::Arc};

/// The header in which proxies say for whom they speak: each adds the address that it heard, at the end.
pub const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address at the other end of a connection. Each face puts it into the requests that come over it.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// The proxies, and façades of their own, that are believed.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Arc<[IpNet]>);

impl Proxies {
    /// Those in these networks.
    pub fn new(networks: &[IpNet]) -> Self {
        Proxies(networks.into())
    }

    /// The address a request comes from: that of its connection, or what a trusted proxy there says, and so on through as many
    /// as are trusted. `None` where that cannot be told.
    pub fn origin(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        let mut at = extensions.get::<Peer>()?.0.to_canonical();
        // The last one that is named is the one that was heard last.
        let said = headers.get_all(FORWARDED_FOR).iter().rev().flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
        for before in said {
            if !self.0.iter().any(|network| network.contains(&at)) {
                break;
            }
            at = networks::address(before)?;
        }
        Some(at)
    }

    /// Says to whom a request is passed on where it comes from, in the place of whatever it said itself.
    pub fn tell(&self, extensions: &Extensions, headers: &HeaderMap, to: &mut HeaderMap) {
        let text = self.origin(extensions, headers).map_or_else(|| "unknown".to_owned(), |origin| origin.to_string());
        if let Ok(value) = HeaderValue::try_from(text) {
            to.insert(FORWARDED_FOR, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(trusted: &[&str], peer: Option<&str>, said: &[&str]) -> Option<String> {
        let networks: Vec<IpNet> = trusted.iter().map(|network| networks::read(network).unwrap()).collect();
        let (mut extensions, mut headers) = (Extensions::new(), HeaderMap::new());
        if let Some(peer) = peer {
            extensions.insert(Peer(peer.parse().unwrap()));
        }
        for value in said {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        Proxies::new(&networks).origin(&extensions, &headers).map(|origin| origin.to_string())
    }

    #[test]
    fn only_those_who_are_trusted_say_for_whom_they_speak() {
        let (one, both) = (&["10.0.0.1"][..], &["10.0.0.0/24", "2001:db8::/32"][..]);
        for (trusted, peer, said, is) in [
            (&[][..], Some("10.0.0.1"), &["192.0.2.7"][..], Some("10.0.0.1")),
            (one, Some("192.0.2.9"), &["192.0.2.7"], Some("192.0.2.9")),
            (one, Some("10.0.0.1"), &[], Some("10.0.0.1")),
            (one, Some("::ffff:10.0.0.1"), &["192.0.2.7"], Some("192.0.2.7")),
            (one, Some("10.0.0.1"), &["192.0.2.7, 198.51.100.1"], Some("198.51.100.1")),
            (one, Some("10.0.0.1"), &["192.0.2.7", "198.51.100.1"], Some("198.51.100.1")),
            (both, Some("10.0.0.1"), &["192.0.2.7, 10.0.0.2"], Some("192.0.2.7")),
            (both, Some("2001:db8::1"), &["192.0.2.7", "[2001:db8::2]:443,10.0.0.3:80"], Some("192.0.2.7")),
            (both, Some("10.0.0.1"), &["10.0.0.2"], Some("10.0.0.2")),
            (both, Some("10.0.0.1"), &["192.0.2.7, unknown"], None),
            (both, Some("10.0.0.1"), &[""], None),
            (both, None, &["192.0.2.7"], None),
        ] {
            assert_eq!(origin(trusted, peer, said).as_deref(), is, "{trusted:?} {peer:?} {said:?}");
        }
    }

    #[test]
    fn what_is_passed_on_is_one_address_whatever_was_said() {
        let (mut extensions, mut headers, mut to) = (Extensions::new(), HeaderMap::new(), HeaderMap::new());
        headers.append(FORWARDED_FOR, "192.0.2.7".parse().unwrap());
        Proxies::default().tell(&extensions, &headers, &mut to);
        assert_eq!(to[FORWARDED_FOR], "unknown");
        extensions.insert(Peer("198.51.100.1".parse().unwrap()));
        Proxies::default().tell(&extensions, &headers, &mut to);
        assert_eq!(to.get_all(FORWARDED_FOR).iter().collect::<Vec<_>>(), ["198.51.100.1"]);
    }
}
