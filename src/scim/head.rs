//! The head of a request: its size is judged here, so that the refusal is one of SCIM's. What is more than twice as large
//! never comes this far.

use super::error::Refusal;
use crate::limits;
use axum::http::{StatusCode, request::Parts};

/// # Errors
/// 431, naming the bound: [`limits::HEAD_BYTES`] of address and fields, [`limits::HEADERS`] fields.
pub fn check(parts: &Parts) -> Result<(), Refusal> {
    let refuse = |limit: usize, unit: &str| {
        let detail = format!("The head of the request is larger than {limit} {unit}.");
        Err(Refusal::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, detail))
    };
    if parts.headers.len() > limits::HEADERS {
        return refuse(limits::HEADERS, "fields");
    }
    let address = parts.uri.path_and_query().map_or(0, |address| address.as_str().len());
    let fields: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if address + fields > limits::HEAD_BYTES as usize { refuse(limits::HEAD_BYTES as usize, "bytes") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[test]
    fn a_head_has_a_bound_of_bytes_and_of_fields() {
        let status = |path: usize, fields: usize| {
            let uri = format!("/{}", "x".repeat(path));
            let request = (0..fields).fold(Request::get(uri), |request, i| request.header(format!("x-{i}"), "1"));
            check(&request.body(()).unwrap().into_parts().0).map_err(|refusal| refusal.status().as_u16())
        };
        assert_eq!((status(60_000, 100), status(65_000, 0)), (Ok(()), Ok(())));
        assert_eq!((status(65_300, 99), status(1, 101)), (Err(431), Err(431)));
    }
}
