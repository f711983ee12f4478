//! Who holds roles, read by pages and by sets.

use super::{
    Fault, Grant, Reader, Text,
    grants::{BY_PRINCIPALS, Columns},
    users::by_keys,
};

const TO_GROUPS: Text = Text::twin(
    "SELECT id, role_id, principal_id, principal_kind, scope, expires_at, created_at FROM role_assignments \
     WHERE organization_id = $1 AND principal_kind = 2 AND role_id IN (SELECT value->>0 FROM json_each($2))",
    "SELECT id, role_id, principal_id, principal_kind, scope, expires_at, created_at FROM role_assignments \
     WHERE organization_id = $1 AND principal_kind = 2 AND role_id = ANY($2)",
);
const HOLDERS_AFTER: Text = Text::same(
    "SELECT id, role_id, principal_id, principal_kind, scope, expires_at, created_at FROM role_assignments \
     WHERE organization_id = $1 AND role_id = $2 AND principal_id > $3 ORDER BY principal_id LIMIT $4",
);
const PAGE: Text = Text::same(
    "SELECT id, role_id, principal_id, principal_kind, scope, expires_at, created_at FROM role_assignments \
     WHERE organization_id = $1 AND id > $2 ORDER BY id LIMIT $3",
);
const PAGE_OF_ROLE: Text = Text::same(
    "SELECT id, role_id, principal_id, principal_kind, scope, expires_at, created_at FROM role_assignments \
     WHERE organization_id = $1 AND role_id = $2 AND id > $3 ORDER BY id LIMIT $4",
);
const GROUPS_NAMED: Text = Text::twin(
    "SELECT id FROM groups WHERE organization_id = $1 AND name_key IN (SELECT value->>0 FROM json_each($2))",
    "SELECT id FROM groups WHERE organization_id = $1 AND name_key = ANY($2)",
);
const VALUE_AFTER: Text = Text::same(
    "SELECT resource_id FROM resource_keys WHERE organization_id = $1 AND kind = $2 AND key = $3 AND resource_id > $4 \
     ORDER BY resource_id LIMIT $5",
);

impl Reader {
    /// The grants to these principals themselves.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn grants_of(&mut self, principals: Vec<String>) -> Result<Vec<Grant>, Fault> {
        if self.no_roles() {
            return Ok(Vec::new());
        }
        let organization = self.organization().to_owned();
        let rows: Vec<Columns> = by_keys(&mut self.connection(), BY_PRINCIPALS, organization, principals).await?;
        Ok(rows.into_iter().map(Grant::from).collect())
    }

    /// The grants of these roles to groups.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn grants_to_groups(&mut self, roles: Vec<String>) -> Result<Vec<Grant>, Fault> {
        let organization = self.organization().to_owned();
        let rows: Vec<Columns> = by_keys(&mut self.connection(), TO_GROUPS, organization, roles).await?;
        Ok(rows.into_iter().map(Grant::from).collect())
    }

    /// Some grants of a role to principals after this id, in the order of their ids.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn holders_after(&mut self, role: &str, after: &str, limit: usize) -> Result<Vec<Grant>, Fault> {
        let (organization, limit) = (self.organization().to_owned(), i64::try_from(limit).unwrap_or(i64::MAX));
        let mut connection = self.connection();
        let page = connection.statement(HOLDERS_AFTER).bind(organization).bind(role.to_owned()).bind(after.to_owned()).bind(limit);
        Ok(page.all::<Columns>().await?.into_iter().map(Grant::from).collect())
    }

    /// The ids of all groups with one of these folded display names.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn all_groups_named(&mut self, keys: Vec<String>) -> Result<Vec<String>, Fault> {
        let organization = self.organization().to_owned();
        let rows: Vec<(String,)> = by_keys(&mut self.connection(), GROUPS_NAMED, organization, keys).await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// A page of grants after this id, in id order: of one role, or of all if it is empty.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn grants_after(&mut self, role: &str, after: &str, limit: usize) -> Result<Vec<Grant>, Fault> {
        let (organization, limit) = (self.organization().to_owned(), i64::try_from(limit).unwrap_or(i64::MAX));
        let mut connection = self.connection();
        let page = if role.is_empty() {
            connection.statement(PAGE).bind(organization)
        } else {
            connection.statement(PAGE_OF_ROLE).bind(organization).bind(role.to_owned())
        };
        let rows: Vec<Columns> = page.bind(after.to_owned()).bind(limit).all().await?;
        Ok(rows.into_iter().map(Grant::from).collect())
    }

    /// Some users that hold a value (see the kinds of keys) after this id, in id order.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn value_holders_after(&mut self, kind: i64, value: &str, after: &str, limit: usize) -> Result<Vec<String>, Fault> {
        let (organization, limit) = (self.organization().to_owned(), i64::try_from(limit).unwrap_or(i64::MAX));
        let mut connection = self.connection();
        let page = connection.statement(VALUE_AFTER).bind(organization).bind(kind).bind(value.to_owned()).bind(after.to_owned());
        Ok(page.bind(limit).all::<(String,)>().await?.into_iter().map(|(id,)| id).collect())
    }
}
