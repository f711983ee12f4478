//! Reading what the feed keeps of one resource.

use super::{Fault, Reader, Text};

pub(super) const AT: Text =
    Text::same("SELECT body FROM changes WHERE organization_id = $1 AND revision = $2 AND resource_id = $3 ORDER BY idx");

impl Reader {
    /// The encoded events of one resource in one commit, in their order; none when they were taken out of the feed.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn changes_of(&mut self, revision: i64, resource_id: &str) -> Result<Vec<Vec<u8>>, Fault> {
        let organization = self.organization().to_owned();
        let rows: Vec<(Vec<u8>,)> =
            self.connection().statement(AT).bind(organization).bind(revision).bind(resource_id.to_owned()).all().await?;
        Ok(rows.into_iter().map(|(body,)| body).collect())
    }
}
