//! How the engines would run the lanes' statements: a set must never join freely, so a test reads every plan.

use super::{Fault, Statement, Store, compact::COMPACTIONS, feed::FEED_READS, load::LANE_READS, open::Engine, writes::LANE_WRITES};

impl Store {
    /// Name and plan of every statement by which a lane finds rows, as the engine explains it.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn lane_plans(&self) -> Result<Vec<(&'static str, String)>, Fault> {
        let mut plans = Vec::new();
        for (name, text) in LANE_READS.iter().chain(LANE_WRITES) {
            let mut tx = self.inner.begin_write().await?;
            let mut on = tx.on(&self.inner.counters);
            let plan = match &self.inner.engine {
                Engine::Sqlite(_) => {
                    let statement = on.assembled(format!("EXPLAIN QUERY PLAN {}", text.sqlite));
                    let rows: Vec<(i64, i64, i64, String)> = statement.bind(String::new()).bind("[]".to_owned()).all().await?;
                    rows.into_iter().map(|row| row.3).collect::<Vec<_>>()
                }
                Engine::Postgres(_) => {
                    // Without statistics and with few rows a scan may win on cost; what counts is that an index can serve.
                    on.assembled("SET LOCAL enable_seqscan = off".to_owned()).execute().await?;
                    let statement = bind_examples(on.assembled(format!("EXPLAIN {}", text.postgres)), text.postgres);
                    let rows: Vec<(String,)> = statement.all().await?;
                    rows.into_iter().map(|row| row.0).collect()
                }
            };
            plans.push((*name, plan.join("\n")));
        }
        Ok(plans)
    }

    /// Name and plan of every statement by which the feed is followed and compacted.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn feed_plans(&self) -> Result<Vec<(&'static str, String)>, Fault> {
        let mut plans = Vec::new();
        for (name, text) in FEED_READS.iter().chain(COMPACTIONS) {
            // The organization comes first, then numbers.
            let example = |text: &str| (2..9).fold(text.replace("$1", "''"), |text, place| text.replace(&format!("${place}"), "0"));
            let mut tx = self.inner.begin_write().await?;
            let mut on = tx.on(&self.inner.counters);
            let plan: Vec<String> = match &self.inner.engine {
                Engine::Sqlite(_) => {
                    let rows: Vec<(i64, i64, i64, String)> =
                        on.assembled(format!("EXPLAIN QUERY PLAN {}", example(text.sqlite))).all().await?;
                    rows.into_iter().map(|row| row.3).collect()
                }
                Engine::Postgres(_) => {
                    on.assembled("SET LOCAL enable_seqscan = off".to_owned()).execute().await?;
                    let rows: Vec<(String,)> = on.assembled(format!("EXPLAIN {}", example(text.postgres))).all().await?;
                    rows.into_iter().map(|row| row.0).collect()
                }
            };
            plans.push((*name, plan.join("\n")));
        }
        Ok(plans)
    }
}

/// One value per place, of the type the text names there.
fn bind_examples<'c>(mut statement: Statement<'c>, text: &str) -> Statement<'c> {
    for place in 1.. {
        let place = format!("${place}");
        if !text.contains(&place) {
            break;
        }
        statement = if ["LIMIT ", "kind = "].iter().any(|before| text.contains(&format!("{before}{place}"))) {
            statement.bind(1_i64)
        } else if text.contains(&format!("{place}::bigint[]")) {
            statement.bind_array(vec![0_i64])
        } else if text.contains(&format!("{place}::text[]")) || text.contains(&format!("ANY({place})")) {
            statement.bind_array(vec![String::new()])
        } else {
            statement.bind(String::new())
        };
    }
    statement
}
