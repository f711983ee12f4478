//! What organizations, connections, service accounts and tokens have in common: few, small, whole records, written
//! through the lane like everything else.

use super::{
    Directory, Error, Result,
    core::{Call, Edit},
    page, precondition, revision,
};
use crate::{
    api::v1::{ChangeEvent, Precondition, ResourceKind, ResourceMeta, change_event::Action},
    clock::timestamp,
    limits,
    store::{Reader, Record, RecordKind, Work},
};
use prost::Message;

/// An administrative noun.
pub(super) trait Noun: Message + Default + Clone + PartialEq + Send + 'static {
    /// Where it is kept.
    const STORED: RecordKind;
    /// What the feed calls it.
    const KIND: ResourceKind;
    /// What a refusal calls it.
    const NAME: &'static str;

    /// Its id.
    fn id(&self) -> &str;

    /// Its version and times; tokens have none.
    fn meta(&mut self) -> Option<&mut Option<ResourceMeta>>;

    /// What else follows from a change of it.
    ///
    /// # Errors
    /// When it does not fit with what it refers to.
    fn follow(_work: &mut Work, _before: Option<&Self>, _after: Option<&Self>) -> Edit<()> {
        Ok(())
    }

    /// The name that is unique among its kind, if it has one.
    fn key(&self) -> Option<String> {
        None
    }
}

/// A record as the noun it is, with its version.
pub(super) fn read<N: Noun>(directory: &Directory, record: &Record) -> Result<N> {
    let mut noun = N::decode(record.body.as_slice()).map_err(|error| {
        tracing::error!(%error, kind = N::NAME, "a stored record cannot be read");
        Error::internal()
    })?;
    if let Some(meta) = noun.meta() {
        let meta = meta.get_or_insert_default();
        meta.etag = directory.store.life().etag(record.version);
        meta.last_revision = Some(revision::plain(record.version));
    }
    Ok(noun)
}

/// One of the organization's, by id.
///
/// # Errors
/// `NOT_FOUND`.
pub(super) async fn get<N: Noun>(directory: &Directory, reader: &mut Reader, id: &str) -> Result<N> {
    let record = reader.record(N::STORED, id).await?.ok_or_else(|| Error::not_found(N::NAME))?;
    read(directory, &record)
}

/// A page of the organization's, in id order, that `keep` lets through; and where the next begins.
pub(super) async fn list<N: Noun>(
    directory: &Directory,
    call: &Call,
    reader: &mut Reader,
    query: &[&[u8]],
    (page_size, page_token): (i32, &str),
    keep: impl Fn(&N) -> bool,
) -> Result<(Vec<N>, String)> {
    let size = page::size(page_size, limits::PAGE_DEFAULT, limits::PAGE_MAX)?;
    let query = [&[N::NAME.as_bytes()], query].concat();
    let binding = page::binding(call, reader.organization(), &query);
    let now = directory.clock.now();
    let mut after = page::open(&directory.store, &binding, page_token, now)?.map_or_else(String::new, |position| position.after);
    let mut found = Vec::new();
    loop {
        // One more than fits tells whether there is another page.
        let wanted = size + 1 - found.len();
        let records = reader.records(N::STORED, &after, wanted).await?;
        let last = records.len() < wanted;
        for record in records {
            after.clone_from(&record.id);
            let noun: N = read(directory, &record)?;
            if keep(&noun) {
                found.push(noun);
            }
        }
        if last || found.len() > size {
            break;
        }
    }
    if found.len() <= size {
        return Ok((found, String::new()));
    }
    found.truncate(size);
    let after = found.last().map_or_else(String::new, |noun| noun.id().to_owned());
    let position = page::Position { after, ..page::Position::default() };
    Ok((found, page::seal(&directory.store, &binding, position, now)))
}

/// One of the organization's, inside an edit.
pub(super) fn find<N: Noun>(directory: &Directory, work: &mut Work, id: &str) -> Edit<N> {
    let record = work.record(N::STORED, id)?.ok_or_else(|| Error::not_found(N::NAME))?;
    Ok(read(directory, &record)?)
}

/// One of the organization's, inside an edit, if the precondition holds for it.
pub(super) fn find_if<N: Noun>(directory: &Directory, work: &mut Work, id: &str, condition: Option<&Precondition>) -> Edit<N> {
    let record = work.record(N::STORED, id)?.ok_or_else(|| Error::not_found(N::NAME))?;
    precondition::check(condition, work, id, record.version)?;
    Ok(read(directory, &record)?)
}

/// Stores a new or changed noun and tells the feed; answers it as it will be read.
pub(super) fn put<N: Noun>(directory: &Directory, work: &mut Work, mut noun: N, action: Action, changed: Vec<String>) -> Edit<N> {
    if let Some(meta) = noun.meta() {
        meta.get_or_insert_default().update_time = None;
    }
    place(directory, work, noun, action, changed)
}

/// The same with the times it has, as an import brings it.
pub(super) fn bring<N: Noun>(directory: &Directory, work: &mut Work, noun: N, action: Action) -> Edit<()> {
    place(directory, work, noun, action, Vec::new()).map(drop)
}

fn place<N: Noun>(directory: &Directory, work: &mut Work, mut noun: N, action: Action, changed: Vec<String>) -> Edit<N> {
    let now = timestamp(work.now());
    let stored = work.record(N::STORED, noun.id())?;
    let before = stored.as_deref().map(|record| read::<N>(directory, record)).transpose()?;
    N::follow(work, before.as_ref(), Some(&noun))?;
    let secret = stored.and_then(|record| record.secret.clone());
    if let Some(meta) = noun.meta() {
        let meta = meta.get_or_insert_default();
        meta.create_time.get_or_insert(now);
        meta.update_time.get_or_insert(now);
        // Both follow from the record's version and are not stored twice.
        meta.etag.clear();
        meta.last_revision = None;
    }
    keep(work, &noun, secret);
    if let Some(meta) = noun.meta() {
        let meta = meta.get_or_insert_default();
        meta.etag = work.etag();
        meta.last_revision = Some(revision::plain(work.revision()));
    }
    tell::<N>(work, noun.id(), action, changed);
    Ok(noun)
}

/// Stores the record itself.
pub(super) fn keep<N: Noun>(work: &mut Work, noun: &N, secret: Option<Vec<u8>>) {
    let record = Record { id: noun.id().to_owned(), key: noun.key(), secret, version: 0, body: noun.encode_to_vec() };
    work.put_record(N::STORED, record);
}

/// Removes a noun and tells the feed.
pub(super) fn remove<N: Noun>(work: &mut Work, id: &str) {
    work.drop_record(N::STORED, id);
    tell::<N>(work, id, Action::Purged, Vec::new());
}

/// Appends the change to the feed.
pub(super) fn tell<N: Noun>(work: &mut Work, id: &str, action: Action, changed_attributes: Vec<String>) {
    let event = ChangeEvent {
        index: work.next_index(),
        kind: N::KIND.into(),
        action: action.into(),
        resource_id: id.to_owned(),
        etag: work.etag(),
        changed_attributes,
        detail: None,
    };
    work.log(event.kind, event.action, id, event.encode_to_vec());
}

/// A name to show: there, not too long, without control characters.
pub(super) fn check_name(field: &str, name: &str, required: bool) -> Result<()> {
    if name.trim().is_empty() && (required || !name.is_empty()) {
        return Err(Error::missing(field));
    }
    if name.chars().count() > limits::NAME_CHARS {
        return Err(Error::too_large(field, limits::NAME_CHARS, "characters"));
    }
    if name.chars().any(char::is_control) {
        return Err(Error::value(field, format!("{field} holds a control character.")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_to_show_is_there_and_bounded() {
        assert_eq!(check_name("display_name", "Ämter & Söhne", true), Ok(()));
        assert_eq!(check_name("display_name", "", false), Ok(()));
        for bad in ["", " \t", "a\u{0}b", "a\nb", &"x".repeat(256)] {
            assert!(check_name("display_name", bad, true).is_err(), "{bad:?}");
        }
    }
}
