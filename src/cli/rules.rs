//! What is watched of a connection's writes and how it names groups: flags of `roster connection create` and `update`.

use crate::api::v1::{Connection, MassChangeAlarm};
use std::time::Duration;

/// A flag that is not given leaves its setting as it is.
#[derive(Debug, clap::Args)]
pub(super) struct Rules {
    /// Raise an alarm when more than so many users become inactive within the window; 0 to not watch.
    #[arg(long, value_name = "COUNT")]
    alarm_deactivations: Option<u32>,
    /// Raise an alarm when more than so many users and groups are deleted within the window; 0 to not watch.
    #[arg(long, value_name = "COUNT")]
    alarm_deletions: Option<u32>,
    /// Raise an alarm when more than so many memberships end within the window; 0 to not watch.
    #[arg(long, value_name = "COUNT")]
    alarm_removals: Option<u32>,
    /// How many minutes the alarm counts together: 1 to 10080.
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u16).range(1..=10_080))]
    alarm_window: Option<u16>,
    /// Whether further deletions and removals wait for the end of the window once the alarm has risen.
    #[arg(long, value_name = "on|off", value_parser = switch)]
    alarm_hold: Option<bool>,
    /// Watch nothing any more.
    #[arg(long, conflicts_with_all = ["alarm_deactivations", "alarm_deletions", "alarm_removals", "alarm_window", "alarm_hold"])]
    no_alarm: bool,
    /// Whether a group may be given a name that another group has.
    #[arg(long, value_name = "on|off", value_parser = switch)]
    unique_group_names: Option<bool>,
    /// Whether SCIM shows the members of groups only where they are asked for by name.
    #[arg(long, value_name = "on|off", value_parser = switch)]
    members_on_request: Option<bool>,
}

/// The fields these flags change, by their names in the contract.
pub(super) const PATHS: [&str; 3] = ["mass_change_alarm", "unique_group_names", "members_on_request"];

impl Rules {
    pub(super) fn apply(self, connection: &mut Connection) {
        let mut alarm = connection.mass_change_alarm.filter(|_| !self.no_alarm).unwrap_or_default();
        alarm.deactivations = self.alarm_deactivations.unwrap_or(alarm.deactivations);
        alarm.deletions = self.alarm_deletions.unwrap_or(alarm.deletions);
        alarm.removals = self.alarm_removals.unwrap_or(alarm.removals);
        alarm.hold = self.alarm_hold.unwrap_or(alarm.hold);
        if let Some(minutes) = self.alarm_window {
            alarm.window = prost_types::Duration::try_from(Duration::from_secs(u64::from(minutes) * 60)).ok();
        }
        // What watches nothing is none, unless it was asked for: then the server says what is missing.
        connection.mass_change_alarm = Some(alarm).filter(|alarm| *alarm != MassChangeAlarm::default());
        connection.unique_group_names = self.unique_group_names.unwrap_or(connection.unique_group_names);
        connection.members_on_request = self.members_on_request.unwrap_or(connection.members_on_request);
    }
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("give on or off".to_owned()),
    }
}
