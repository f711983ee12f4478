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
const IN_ANY: Text = Text::twin(
    "SELECT DISTINCT member_id FROM members INDEXED BY members_by_member WHERE organization_id = $1 \
     AND member_id IN (SELECT value->>0 FROM json_each($2)) AND group_id IN (SELECT value->>0 FROM json_each($3))",
    "SELECT DISTINCT member_id FROM members WHERE organization_id = $1 AND member_id = ANY($2) AND group_id = ANY($3)",
);
const IN_SOME: Text = Text::twin(
    "SELECT DISTINCT member_id FROM members INDEXED BY members_by_member WHERE organization_id = $1 \
     AND member_id IN (SELECT value->>0 FROM json_each($2))",
    "SELECT m.* FROM unnest($2::text[]) AS k(id), LATERAL (SELECT member_id FROM members WHERE organization_id = $1 AND member_id = k.id LIMIT 1) m",
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

pub(super) const NESTED: Text = Text::same("SELECT group_id, member_id FROM members WHERE organization_id = $1 AND member_kind = 2");
// A member of several of the groups is one member: direct if the first group has it, else indirect. Where a cycle leads back,
// a group is below itself; it is no member of itself for that.
const TRANSITIVE: Text = Text::twin(
    "SELECT m.member_id, m.member_kind, COALESCE(u.display, g.display, '') AS display, m.direct FROM \
     (SELECT member_id, member_kind, MAX(group_id = $2) AS direct FROM members \
      WHERE organization_id = $1 AND member_id > $3 AND member_id <> $2 AND group_id IN (SELECT value->>0 FROM json_each($5)) \
      GROUP BY member_id, member_kind ORDER BY member_id LIMIT $4) m \
     LEFT JOIN users u ON u.organization_id = $1 AND u.id = m.member_id \
     LEFT JOIN groups g ON g.organization_id = $1 AND g.id = m.member_id ORDER BY m.member_id",
    "SELECT m.member_id, m.member_kind, COALESCE(u.display, g.display, '') AS display, m.direct FROM \
     (SELECT member_id, member_kind, MAX(CASE WHEN group_id = $2 THEN 1::bigint ELSE 0 END) AS direct FROM members \
      WHERE organization_id = $1 AND member_id > $3 AND member_id <> $2 AND group_id = ANY($5) \
      GROUP BY member_id, member_kind ORDER BY member_id LIMIT $4) m \
     LEFT JOIN users u ON u.organization_id = $1 AND u.id = m.member_id \
     LEFT JOIN groups g ON g.organization_id = $1 AND g.id = m.member_id ORDER BY m.member_id",
);
const NAMES: Text = Text::twin(
    "SELECT id, display FROM groups WHERE organization_id = $1 AND id IN (SELECT value->>0 FROM json_each($2))",
    "SELECT g.* FROM unnest($2::text[]) AS k(id), LATERAL (SELECT id, display FROM groups WHERE organization_id = $1 AND id = k.id LIMIT 1) g",
);

pub(super) const PRINCIPAL_KINDS: Text = KINDS;
const EVERY_EDGE: Text = Text::same(
    "SELECT group_id, member_id, member_kind FROM members WHERE organization_id = $1 AND (group_id, member_id) > ($2, $3) \
     ORDER BY group_id, member_id LIMIT $4",
);
const EDGES_OF: Text = Text::same(
    "SELECT member_id, member_kind FROM members WHERE organization_id = $1 AND group_id = $2 AND member_id > $3 ORDER BY member_id LIMIT $4",
);

impl Reader {
    /// Group, member and kind of the edges after this one, in their order.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn edges_after(&mut self, group: &str, member: &str, limit: usize) -> Result<Vec<(String, String, i64)>, Fault> {
        let organization = self.organization().to_owned();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.connection().statement(EVERY_EDGE).bind(organization).bind(group.to_owned()).bind(member.to_owned()).bind(limit).all().await
    }

    /// Member and kind of a group's edges after this one, in their order.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn edges_of(&mut self, group: &str, member: &str, limit: usize) -> Result<Vec<(String, i64)>, Fault> {
        let organization = self.organization().to_owned();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.connection().statement(EDGES_OF).bind(organization).bind(group.to_owned()).bind(member.to_owned()).bind(limit).all().await
    }

    /// A page of a group's direct members, after this member id (empty = from the start), in id order.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn members(&mut self, group: &str, after: &str, limit: usize) -> Result<Vec<MemberRow>, Fault> {
        let organization = self.organization().to_owned();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.connection().statement(PAGE).bind(organization).bind(group.to_owned()).bind(after.to_owned()).bind(limit).all().await
    }

    /// Group and member of every edge between groups.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn nested(&mut self) -> Result<Vec<(String, String)>, Fault> {
        let organization = self.organization().to_owned();
        self.connection().statement(NESTED).bind(organization).all().await
    }

    /// Group and member of every group that one of these principals is a direct member of.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn memberships(&mut self, members: Vec<String>) -> Result<Vec<(String, String)>, Fault> {
        let organization = self.organization().to_owned();
        let rows: Vec<(String, String, i64)> = by_keys(&mut self.connection(), super::load::MEMBERSHIPS, organization, members).await?;
        Ok(rows.into_iter().map(|(group, member, _)| (group, member)).collect())
    }

    /// A page of the members of any of these groups, each once, in id order; and whether it is a direct member of `group`.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn members_of_any(
        &mut self,
        group: &str,
        groups: Vec<String>,
        after: &str,
        limit: usize,
    ) -> Result<Vec<(MemberRow, bool)>, Fault> {
        let organization = self.organization().to_owned();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<(String, i64, String, i64)> = self
            .connection()
            .statement(TRANSITIVE)
            .bind(organization)
            .bind(group.to_owned())
            .bind(after.to_owned())
            .bind(limit)
            .rows(super::Rows::new().text(groups))
            .all()
            .await?;
        Ok(rows
            .into_iter()
            .map(|(member_id, member_kind, display, direct)| (MemberRow { member_id, member_kind, display }, direct != 0))
            .collect())
    }

    /// Id and display name of these groups; unknown ids are left out.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn group_names(&mut self, ids: Vec<String>) -> Result<Vec<(String, String)>, Fault> {
        let organization = self.organization().to_owned();
        by_keys(&mut self.connection(), NAMES, organization, ids).await
    }

    /// Which of these principals are direct members of any of the groups.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn among_members(&mut self, groups: Vec<String>, ids: Vec<String>) -> Result<Vec<String>, Fault> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let organization = self.organization().to_owned();
        let (ids, groups) = (super::Rows::new().text(ids), super::Rows::new().text(groups));
        let found: Vec<(String,)> = self.connection().statement(IN_ANY).bind(organization).rows(ids).rows(groups).all().await?;
        Ok(found.into_iter().map(|(id,)| id).collect())
    }

    /// Which of these principals are members of any group at all.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn among_all_members(&mut self, ids: Vec<String>) -> Result<Vec<String>, Fault> {
        let organization = self.organization().to_owned();
        let found: Vec<(String,)> = by_keys(&mut self.connection(), IN_SOME, organization, ids).await?;
        Ok(found.into_iter().map(|(id,)| id).collect())
    }

    /// Which of these groups have the principal as a direct member.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn among_groups(&mut self, member: &str, ids: Vec<String>) -> Result<Vec<String>, Fault> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let organization = self.organization().to_owned();
        let rows = super::Rows::new().text(ids);
        let found: Vec<(String,)> =
            self.connection().statement(WITH_MEMBER).bind(organization).bind(member.to_owned()).rows(rows).all().await?;
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
