//! As little of HTTP/1.1 as a load needs: one connection, one request after the other.

use crate::cli::Failure;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};
use url::Url;

pub(super) struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
    path: String,
    token: String,
}

impl Connection {
    pub(super) async fn open(base: &str, token: &str) -> Result<Connection, Failure> {
        let bad = || Failure::settings("--base takes an http:// URL with a host and a port.");
        let url = Url::parse(base).map_err(|_| bad())?;
        let (Some(host), Some(port)) = (url.host_str(), url.port()) else { return Err(bad()) };
        let host = format!("{host}:{port}");
        let stream = TcpStream::connect(&host).await.map_err(broken)?;
        stream.set_nodelay(true).map_err(broken)?;
        Ok(Connection { stream: BufReader::new(stream), host, path: url.path().to_owned(), token: token.to_owned() })
    }

    /// One request; the status of its answer, whose body is read and dropped.
    pub(super) async fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<u16, Failure> {
        let request = format!(
            "{method} {}{path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/scim+json\r\nContent-Length: {}\r\n\r\n{body}",
            self.path,
            self.host,
            self.token,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await.map_err(broken)?;
        let (mut status, mut length, mut line) = (0, 0, String::new());
        loop {
            line.clear();
            self.stream.read_line(&mut line).await.map_err(broken)?;
            let lower = line.trim().to_ascii_lowercase();
            if let Some(rest) = lower.strip_prefix("http/1.1 ") {
                status = rest.get(..3).and_then(|number| number.parse().ok()).unwrap_or(0);
            } else if let Some(rest) = lower.strip_prefix("content-length:") {
                length = rest.trim().parse().unwrap_or(0);
            } else if lower.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.map_err(broken)?;
        Ok(status)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn broken(error: std::io::Error) -> Failure {
    Failure::refused(format!("The SCIM face cannot be reached: {error}."))
}
