//! What becomes of the users a connection deletes and creates again: flags of `roster connection create` and `update`.

use crate::api::v1::{
    Connection,
    connection::{Deprovision, Recreate, Visibility},
};
use clap::{Args, ValueEnum};

/// Seconds of a day.
const DAY: i64 = 24 * 3600;

#[derive(Debug, Args)]
pub(super) struct Lifecycle {
    /// What a delete of a user does.
    #[arg(long, value_enum, value_name = "POLICY")]
    on_delete: Option<OnDelete>,
    /// What a create does that names somebody this connection deleted, deactivated or unlinked.
    #[arg(long, value_enum, value_name = "POLICY")]
    on_recreate: Option<OnRecreate>,
    /// Whose users and groups the provider sees.
    #[arg(long, value_enum, value_name = "WHOSE")]
    visibility: Option<Sees>,
    /// Days until a softly deleted user is erased; 30 unless given.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=3_650))]
    purge_after_days: Option<u16>,
}

/// `--on-delete`
#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnDelete {
    /// 403, and nothing changes
    Refuse,
    /// The user stays as it is, and is gone for the provider
    Unlink,
    /// The user becomes inactive, and is gone for the provider
    Deactivate,
    /// The user is gone for everybody, can be brought back, and is erased later
    SoftDelete,
    /// The user is erased
    Purge,
}

/// `--on-recreate`
#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnRecreate {
    /// The same user comes back, with its id and memberships
    Restore,
    /// A new user is made
    New,
}

/// `--visibility`
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Sees {
    /// Those the connection manages
    Linked,
    /// All of the organization
    Organization,
}

impl Lifecycle {
    /// What the flags are about, by the names of the contract.
    pub(super) const FIELDS: [&'static str; 4] = ["on_delete", "on_recreate", "visibility", "purge_after"];

    /// Sets what was given.
    pub(super) fn apply(self, connection: &mut Connection) {
        if let Some(on_delete) = self.on_delete {
            connection.set_on_delete(match on_delete {
                OnDelete::Refuse => Deprovision::Refuse,
                OnDelete::Unlink => Deprovision::Unlink,
                OnDelete::Deactivate => Deprovision::Deactivate,
                OnDelete::SoftDelete => Deprovision::SoftDelete,
                OnDelete::Purge => Deprovision::Purge,
            });
        }
        if let Some(on_recreate) = self.on_recreate {
            connection.set_on_recreate(match on_recreate {
                OnRecreate::Restore => Recreate::Restore,
                OnRecreate::New => Recreate::New,
            });
        }
        if let Some(visibility) = self.visibility {
            connection.set_visibility(match visibility {
                Sees::Linked => Visibility::Linked,
                Sees::Organization => Visibility::Organization,
            });
        }
        if let Some(days) = self.purge_after_days {
            connection.purge_after = Some(prost_types::Duration { seconds: i64::from(days) * DAY, nanos: 0 });
        }
    }
}
