//! Who waits for commits, here and on other nodes. All of it is a hint, given after the commit and outside of its transaction
//! (a notification inside would make commits wait for each other): the table is the truth.

use super::{Counters, Store, Text, open::Engine, open::Inner};
use sqlx::postgres::PgListener;
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, watch};

/// What nodes of one database tell each other by.
const CHANNEL: &str = "roster_commits";
/// Organizations of one notification; PostgreSQL takes 8,000 bytes.
const TOLD_TOGETHER: usize = 100;
/// How long commits are gathered after a notification: what is told is bounded, however much is written.
const PAUSE: Duration = Duration::from_millis(10);
/// How long to wait before a listener that broke is made again.
const AGAIN: Duration = Duration::from_secs(1);

const TELL: Text = Text::same("SELECT pg_notify('roster_commits', $1)");

/// The bells of the organizations that somebody waits for, and what other nodes are to be told.
#[derive(Debug, Default)]
pub(super) struct Bells {
    waiting: Mutex<HashMap<String, watch::Sender<()>>>,
    told: Mutex<BTreeSet<String>>,
    news: Notify,
}

impl Bells {
    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<String, watch::Sender<()>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self, organization: &str) {
        let mut waiting = self.waiting();
        if waiting.get(organization).is_some_and(|bell| bell.send(()).is_err()) {
            // Nobody waits any more.
            waiting.remove(organization);
        }
    }

    /// Wakes everybody: something may have been missed.
    fn ring_all(&self) {
        self.waiting().retain(|_, bell| bell.send(()).is_ok());
    }
}

impl Inner {
    /// Something was committed here.
    pub(super) fn rung(&self, organization: &str) {
        self.bells.ring(organization);
        if matches!(self.engine, Engine::Postgres(_)) {
            self.bells.told.lock().unwrap_or_else(PoisonError::into_inner).insert(organization.to_owned());
            self.bells.news.notify_one();
        }
    }
}

impl Store {
    /// Changes soon after each commit of the organization; a hint, so ask the table now and then all the same.
    pub fn bell(&self, organization: &str) -> watch::Receiver<()> {
        let mut waiting = self.inner.bells.waiting();
        waiting.entry(organization.to_owned()).or_insert_with(|| watch::Sender::new(())).subscribe()
    }

    /// Tells the other nodes of what is committed here and hears of them, for as long as it is let. On SQLite there are none.
    pub async fn exchange_news(&self) {
        match &self.inner.engine {
            Engine::Sqlite(_) => {}
            Engine::Postgres(server) => {
                let listeners = server.listeners();
                tokio::join!(self.tell_others(), self.hear_others(&listeners));
            }
        }
    }

    async fn tell_others(&self) {
        let uncounted = Counters::default();
        loop {
            self.inner.bells.news.notified().await;
            let told = std::mem::take(&mut *self.inner.bells.told.lock().unwrap_or_else(PoisonError::into_inner));
            let told: Vec<String> = told.into_iter().collect();
            for some in told.chunks(TOLD_TOGETHER) {
                let sent = match self.inner.reader().await {
                    Ok(mut pooled) => pooled.on(&uncounted).statement(TELL).bind(some.join(",")).execute().await,
                    Err(fault) => Err(fault),
                };
                if let Err(fault) = sent {
                    tracing::debug!(%fault, "other nodes could not be told of commits; they will see for themselves");
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn hear_others(&self, listeners: &sqlx::PgPool) {
        loop {
            if let Err(error) = self.listen(listeners).await {
                tracing::debug!(%error, "commits of other nodes cannot be heard of now; they are looked for");
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn listen(&self, listeners: &sqlx::PgPool) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(listeners).await?;
        listener.listen(CHANNEL).await?;
        loop {
            match listener.try_recv().await? {
                Some(news) => news.payload().split(',').for_each(|organization| self.inner.bells.ring(organization)),
                // The connection was lost, and with it perhaps news.
                None => self.inner.bells.ring_all(),
            }
        }
    }
}
