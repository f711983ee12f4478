//! A refused call, as a story reads it: the code, the stable reason, and what programs read beside it.

use roster::api::{rpc, v1::ErrorReason};
use std::{collections::BTreeMap, fmt};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// What a call was refused with.
#[derive(Clone, PartialEq, Eq)]
pub struct Refused {
    pub code: Code,
    pub reason: String,
    pub detail: String,
    pub metadata: BTreeMap<String, String>,
}

impl Refused {
    /// Reads a status; every refusal carries exactly one `ErrorInfo` of our domain with a reason of the contract.
    pub fn read(status: &Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info().unwrap_or_else(|| panic!("a refusal without ErrorInfo: {status:?}"));
        assert_eq!(info.domain, "roster.v1", "{status:?}");
        let name = format!("ERROR_REASON_{}", info.reason);
        assert!(ErrorReason::from_str_name(&name).is_some(), "{name} is not in the contract");
        Refused {
            code: status.code(),
            reason: info.reason.clone(),
            detail: status.message().to_owned(),
            metadata: info.metadata.clone().into_iter().collect(),
        }
    }

    /// Reads the status of one item of a batch.
    pub fn of_item(status: &rpc::Status) -> Self {
        use prost::Message as _;
        Refused::read(&Status::with_details(Code::from_i32(status.code), status.message.clone(), status.encode_to_vec().into()))
    }

    /// Asserts code and reason.
    #[track_caller]
    pub fn is(&self, code: Code, reason: ErrorReason) -> &Self {
        let expected = reason.as_str_name().trim_start_matches("ERROR_REASON_");
        assert_eq!((self.code, self.reason.as_str()), (code, expected), "{self:?}");
        self
    }

    /// Asserts what programs read under a key.
    #[track_caller]
    pub fn says(&self, key: &str, value: &str) -> &Self {
        assert_eq!(self.metadata.get(key).map(String::as_str), Some(value), "{self:?}");
        self
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {:?}: {}", self.code, self.reason, self.metadata, self.detail)
    }
}

/// The refusal of a call that must be refused.
pub trait ExpectRefusal {
    /// Panics with the answer if there was one.
    fn refused(self) -> Refused;
}

impl<T: fmt::Debug> ExpectRefusal for Result<tonic::Response<T>, Status> {
    #[track_caller]
    fn refused(self) -> Refused {
        match self {
            Ok(answer) => panic!("this call must be refused, and was answered: {:?}", answer.into_inner()),
            Err(status) => Refused::read(&status),
        }
    }
}
