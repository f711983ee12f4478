//! Recorded traffic as data, and the one runner that replays it.
//!
//! A recording is a provider's exchanges in the order it makes them, with made-up people. `{name}` in a request or an
//! expectation stands for what an earlier exchange kept under that name. Expectations are subsets: what they name must be
//! there and equal, `null` must be absent, lists hold the same elements in any order.

use crate::harness::{Refused, World, deeds::Desk, scim::Scim, shapes::by_id};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use reqwest::{Method, header::HeaderMap};
use roster::api::{
    DESCRIPTORS,
    v1::{GetDeviationReportRequest, GetUserRequest},
};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// One provider's traffic.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// Whose it is.
    pub provider: String,
    /// The profile that is made for it.
    pub profile: String,
    /// What every request carries.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// What answers must come as.
    #[serde(default = "scim_json")]
    pub answers: String,
    pub exchanges: Vec<Exchange>,
}

fn scim_json() -> String {
    "application/scim+json".to_owned()
}

/// A request, its answer, and what is true afterwards.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    pub name: String,
    /// `POST /Users`
    pub request: String,
    pub body: Option<Value>,
    pub status: u16,
    /// The status under the profile `default`, where it differs.
    pub default_status: Option<u16>,
    /// What the answer's body holds.
    pub answer: Option<Value>,
    /// Names for what the answer holds, by JSON pointer.
    #[serde(default)]
    pub keep: BTreeMap<String, String>,
    /// Uses of tolerances that must be counted.
    #[serde(default)]
    pub uses: BTreeMap<String, i64>,
    /// SCIM reads after it (`GET /Users/{ann}`): their answers.
    #[serde(default)]
    pub reads: BTreeMap<String, Value>,
    /// gRPC reads after it: `user ID` or `group ID` with its fields by the contract's names (`members` for a group's), or
    /// `"gone"`.
    #[serde(default)]
    pub grpc: BTreeMap<String, Value>,
}

impl Exchange {
    fn method_and_path(&self) -> (Method, &str) {
        let (method, path) = self.request.split_once(' ').unwrap();
        (method.parse().unwrap(), path)
    }

    /// Whether it is there to change something.
    pub fn writes(&self) -> bool {
        self.method_and_path().0 != Method::GET
    }
}

/// What exchanges kept, and where they are made.
struct Run<'w> {
    world: &'w World,
    desk: Desk,
    scim: Scim,
    kept: BTreeMap<String, String>,
    at: String,
}

/// Replays a recording in an organization of its own under a profile, and returns how often the report says each tolerance
/// was used, beside how often the recording says so.
pub async fn replay(world: &World, recording: &Recording, profile: &str, number: usize) -> [BTreeMap<String, i64>; 2] {
    let tenant = world.tenant(&format!("r{number}-{profile}")).await;
    let organization = &tenant.organization.id;
    let connection = world.connection(organization, profile).await;
    let token = world.issue(organization, &connection.id, "", &["scim".to_owned()]).await.unwrap().secret;
    let scim = world.scim().at(&connection.scim_base_url).with_token(&token);
    let kept = BTreeMap::from([
        ("base".to_owned(), scim.base.clone()),
        ("connection".to_owned(), connection.id.clone()),
        ("random".to_owned(), "5f0c8a52-7d1e-4b4b-9f36-0e6f3f1f9c11".to_owned()),
    ]);
    let mut run = Run { world, desk: world.within(organization), scim, kept, at: String::new() };
    let mut expected = BTreeMap::new();
    for exchange in &recording.exchanges {
        run.at = format!("{} under {profile}, {}", recording.provider, exchange.name);
        run.exchange(recording, exchange, profile).await;
        for (tolerance, times) in &exchange.uses {
            // The default profile has all but this one, which changes what is answered.
            if profile == recording.profile || tolerance != "silent_group_patch" {
                *expected.entry(tolerance.clone()).or_insert(0) += times;
            }
        }
    }
    [report(world, organization, &connection.id).await, expected]
}

/// The report of a connection: uses by tolerance.
pub async fn report(world: &World, organization: &str, connection: &str) -> BTreeMap<String, i64> {
    let request = GetDeviationReportRequest { organization_id: organization.to_owned(), connection_id: connection.to_owned(), since: None };
    let report = world.grpc().provisioning.get_deviation_report(request).await.unwrap().into_inner();
    report.deviations.into_iter().map(|deviation| (deviation.tolerance, deviation.count)).collect()
}

impl Run<'_> {
    async fn exchange(&mut self, recording: &Recording, exchange: &Exchange, profile: &str) {
        let (method, path) = exchange.method_and_path();
        let body = exchange.body.as_ref().map(|body| self.filled(body));
        let (status, headers, answer) = self.send(recording, method, path, body.as_ref()).await;
        let expected = exchange.default_status.filter(|_| profile == "default").unwrap_or(exchange.status);
        assert_eq!(status, expected, "{}: {answer}", self.at);
        assert_eq!(answer.is_null(), status == 204, "{}: a body unless there is no content", self.at);
        if !answer.is_null() {
            let media = headers["content-type"].to_str().unwrap();
            assert!(media.starts_with(&recording.answers), "{}: {media}", self.at);
        }
        if status == 201 {
            assert_eq!(headers["location"], answer["meta"]["location"].as_str().unwrap(), "{}", self.at);
        }
        if status >= 400 {
            assert_eq!(answer["status"], status.to_string(), "{}: {answer}", self.at);
        }
        for (name, pointer) in &exchange.keep {
            let kept = answer.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{}: {pointer} in {answer}", self.at));
            self.kept.insert(name.clone(), kept.to_owned());
        }
        if let Some(expected) = exchange.answer.as_ref().filter(|_| !answer.is_null()) {
            self.holds("the answer", &answer, expected);
        }
        for (read, expected) in &exchange.reads {
            let path = read.strip_prefix("GET ").unwrap();
            let (_, _, answer) = self.send(recording, Method::GET, path, None).await;
            self.holds(read, &answer, expected);
        }
        for (what, expected) in &exchange.grpc {
            let what = self.filled_text(what);
            let (kind, id) = what.split_once(' ').unwrap();
            let found = self.read(kind, id).await;
            self.holds(&what, &found, expected);
        }
        assert!(!exchange.writes() || !exchange.reads.is_empty() || !exchange.grpc.is_empty(), "{}: nothing proves it", self.at);
    }

    async fn send(&self, recording: &Recording, method: Method, path: &str, body: Option<&Value>) -> (u16, HeaderMap, Value) {
        let mut request = self.scim.request(method, &self.filled_text(path));
        for (name, value) in &recording.headers {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.unwrap();
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}")) };
        (status, headers, body)
    }

    /// A user or a group as a service reads it: the contract's own JSON, `"gone"` if there is none.
    async fn read(&self, kind: &str, id: &str) -> Value {
        if kind == "group" {
            let mut group = json_of("roster.v1.Group", &self.desk.group(id).await);
            group["members"] = self.desk.members(id).await.into();
            return group;
        }
        let request =
            GetUserRequest { organization_id: self.desk.organization.clone(), user: Some(by_id(id)), ..GetUserRequest::default() };
        match self.world.grpc().users.get_user(request).await {
            Ok(answer) => json_of("roster.v1.User", &answer.into_inner().user.unwrap()),
            Err(status) => {
                assert_eq!(Refused::read(&status).reason, "NOT_FOUND");
                "gone".into()
            }
        }
    }

    fn holds(&self, what: &str, found: &Value, expected: &Value) {
        let expected = self.filled(expected);
        assert!(is_part(&expected, found), "{}: {what} is\n{found:#}\nand should hold\n{expected:#}", self.at);
    }

    fn filled_text(&self, text: &str) -> String {
        self.kept.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    fn filled(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.filled_text(text).into(),
            Value::Array(values) => values.iter().map(|value| self.filled(value)).collect(),
            Value::Object(map) => map.iter().map(|(name, value)| (self.filled_text(name), self.filled(value))).collect(),
            other => other.clone(),
        }
    }
}

/// Whether everything expected is there.
fn is_part(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            expected.iter().all(|(name, value)| is_part(value, found.get(name).unwrap_or(&Value::Null)))
        }
        (Value::Object(expected), Value::Null) => !expected.is_empty() && expected.values().all(|value| is_part(value, found)),
        (Value::Array(expected), Value::Array(found)) => {
            let mut left: Vec<&Value> = found.iter().collect();
            let all = expected.iter().all(|value| left.iter().position(|one| is_part(value, one)).map(|at| left.remove(at)).is_some());
            all && left.is_empty()
        }
        (expected, found) => expected == found,
    }
}

fn json_of(name: &str, message: &impl Message) -> Value {
    let kind = DescriptorPool::decode(DESCRIPTORS).unwrap().get_message_by_name(name).unwrap();
    let message = DynamicMessage::decode(kind, message.encode_to_vec().as_slice()).unwrap();
    let options = SerializeOptions::new().use_proto_field_name(true).skip_default_fields(true);
    message.serialize_with_options(serde_json::value::Serializer, &options).unwrap()
}
