//! Membership edges, read by pages.

use super::{Fault, Reader, Text, users::by_keys};

/// An edge as a member list shows it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct MemberRow {
    /// The member's id.
    pub member_id: String,
    /// [`super::MEMBER_USER`] or [`super::MEMBER_GROUP`].
    pub member_kind: i64,
    /// What the member is called.
    pub display: String,
}

const PAGE: Text = Text::same(
    "SELECT m.member_id, m.member_kind, COALESCE(u.display, g.display, '') AS display FROM \
     (SELECT member_id, member_kind FROM members WHERE organization_id = $1 AND group_id = $2 AND member_id > $3 ORDER BY member_id LIMIT $4) m \
     LEFT JOIN users u ON u.organization_id = $1 AND u.id = m.member_id \
     LEFT JOIN groups g ON g.organization_id = $1 AND g.id = m.member_id \
     ORDER BY m.member_id",
);
const GROUPS_OF: Text = Text::same(
    "SELECT m.group_id, g.display FROM (SELECT group_id FROM members WHERE organization_id = $1 AND member_id = $2 ORDER BY group_id LIMIT $3) m \
     JOIN groups g ON g.organization_id = $1 AND g.id = m.group_id ORDER BY m.group_id",
);
const IN_GROUP: Text = Text::twin(
    "SELECT member_id FROM members WHERE organization_id = $1 AND group_id = $2 AND member_id IN (SELECT value->>0 FROM json_each($3))",
    "SELECT m.* FROM unnest($3::text[]) AS k(id), LATERAL (SELECT member_id FROM members \
     WHERE organization_id = $1 AND group_id = $2 AND member_id = k.id LIMIT 1) m",
);
const WITH_MEMBER: Text = Text::twin(
    "SELECT group_id FROM members WHERE organization_id = $1 AND member_id = $2 AND group_id IN (SELECT value->>0 FROM json_each($3))",
    "SELECT m.* FROM unnest($3::text[]) AS k(id), LATERAL (SELECT group_id FROM members \
     WHERE organization_id = $1 AND member_id = $2 AND group_id = k.id LIMIT 1) m",
);
const KINDS: Text = Text::twin(
    "SELECT id, 1 FROM users WHERE organization_id = $1 AND id IN (SELECT value->>0 FROM json_each($2)) \
     UNION ALL SELECT id, 2 FROM groups WHERE organization_id = $1 AND id IN (SELECT value->>0 FROM json_each($2))",
    "SELECT k.id, 1::bigint FROM unnest($2::text[]) AS k(id), LATERAL (SELECT 1 FROM users WHERE organization_id = $1 AND id = k.id LIMIT 1) u \
     UNION ALL SELECT k.id, 2::bigint FROM unnest($2::text[]) AS k(id), LATERAL (SELECT 1 FROM groups WHERE organization_id = $1 AND id = k.id LIMIT 1) g",
);

pub(super) const PRINCIPAL_KINDS: Text = KINDS;

impl Reader {
    /// A page of a group's direct members, after this member id (empty = from the start), in id order.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn members(&mut self, group: &str, after: &str, limit: usize) -> Result<Vec<MemberRow>, Fault> {
        let organization = self.organization().to_owned();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.connection().statement(PAGE).bind(organization).bind(group.to_owned()).bind(after.to_owned()).bind(limit).all().await
    }

    /// Id and display name of the groups a principal is a direct member of, in id order.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn groups_of(&mut self, member: &str, limit: usize) -> Result<Vec<(String, String)>, Fault> {
        let organization = self.organization().to_owned();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.connection().statement(GROUPS_OF).bind(organization).bind(member.to_owned()).bind(limit).all().await
    }

    /// Which of these principals are direct members of the group.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn among_members(&mut self, group: &str, ids: Vec<String>) -> Result<Vec<String>, Fault> {
        self.among(IN_GROUP, group, ids).await
    }

    /// Which of these groups have the principal as a direct member.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn among_groups(&mut self, member: &str, ids: Vec<String>) -> Result<Vec<String>, Fault> {
        self.among(WITH_MEMBER, member, ids).await
    }

    async fn among(&mut self, text: Text, fixed: &str, ids: Vec<String>) -> Result<Vec<String>, Fault> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let organization = self.organization().to_owned();
        let rows = super::Rows::new().text(ids);
        let found: Vec<(String,)> = self.connection().statement(text).bind(organization).bind(fixed.to_owned()).rows(rows).all().await?;
        Ok(found.into_iter().map(|(id,)| id).collect())
    }

    /// The kind of each known principal among these ids.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn kinds(&mut self, ids: Vec<String>) -> Result<Vec<(String, i64)>, Fault> {
        let organization = self.organization().to_owned();
        by_keys(&mut self.connection(), KINDS, organization, ids).await
    }
}
