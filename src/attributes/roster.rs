//! A whole membership, packed: who is to be in a group, each once, in the order of the ids.
//!
//! A hundred thousand members take 5 MB here, and more than ten times as much as messages and maps.

use crate::{
    api::v1::{PrincipalRef, principal_ref::Principal},
    limits,
};

/// What a member was said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Said {
    /// Nothing was said.
    Any,
    /// A user.
    User,
    /// A group.
    Group,
}

/// Why a member does not fit into a roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// There are more than [`limits::STREAMED_MEMBERS`] already, each counted once; or more than was allowed.
    TooMany(usize),
    /// It has no id, or one that no resource can have: longer than [`limits::ID_BYTES`].
    NoId,
    /// One id was said to be a user and a group.
    Both,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    start: u32,
    length: u8,
    said: Said,
}

/// The members of a group, by id, each once. While it is gathered, in any order and often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    text: String,
    entries: Vec<Entry>,
    /// How many may be gathered before duplicates are thrown out.
    room: usize,
    most: usize,
}

impl Roster {
    /// An empty one, for at most `most` members.
    pub fn new(most: usize) -> Self {
        Roster { text: String::new(), entries: Vec::new(), room: most, most }
    }

    /// Gathers a member.
    ///
    /// # Errors
    /// What does not fit.
    pub fn gather(&mut self, id: &str, said: Said) -> Result<(), Unfit> {
        if id.is_empty() || id.len() > limits::ID_BYTES {
            return Err(Unfit::NoId);
        }
        if self.entries.len() >= self.room {
            self.sort()?;
            // Sorted again only when as much came as there was, so that the work stays in proportion to what is gathered.
            self.room = (2 * self.entries.len()).max(self.most);
        }
        let (Ok(start), Ok(length)) = (u32::try_from(self.text.len()), u8::try_from(id.len())) else { return Err(Unfit::NoId) };
        self.text.push_str(id);
        self.entries.push(Entry { start, length, said });
        Ok(())
    }

    /// Ends the gathering.
    ///
    /// # Errors
    /// When there are too many, or one is said to be two things.
    pub fn finish(mut self) -> Result<Self, Unfit> {
        self.sort()?;
        self.entries.shrink_to_fit();
        Ok(self)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The member at a place in the order.
    pub fn get(&self, index: usize) -> Option<(&str, Said)> {
        self.entries.get(index).map(|entry| (word(&self.text, *entry), entry.said))
    }

    /// Some members from a place on, as messages.
    pub fn references(&self, from: usize, count: usize) -> Vec<PrincipalRef> {
        let reference = |(id, said): (&str, Said)| {
            let id = id.to_owned();
            PrincipalRef {
                principal: Some(match said {
                    Said::Any => Principal::AnyId(id),
                    Said::User => Principal::UserId(id),
                    Said::Group => Principal::GroupId(id),
                }),
            }
        };
        (from..self.len().min(from.saturating_add(count))).filter_map(|at| self.get(at)).map(reference).collect()
    }

    /// By id, each once.
    fn sort(&mut self) -> Result<(), Unfit> {
        let text = std::mem::take(&mut self.text);
        self.entries.sort_unstable_by(|a, b| word(&text, *a).cmp(word(&text, *b)).then(a.said.cmp(&b.said)));
        let mut both = false;
        self.entries.dedup_by(|later, kept| {
            let same = word(&text, *later) == word(&text, *kept);
            if same {
                both |= kept.said != Said::Any && later.said != kept.said;
                kept.said = later.said;
            }
            same
        });
        let used: usize = self.entries.iter().map(|entry| usize::from(entry.length)).sum();
        if used < text.len() {
            self.text.reserve_exact(used);
            for entry in &mut self.entries {
                let word = word(&text, *entry);
                entry.start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
                self.text.push_str(word);
            }
        } else {
            self.text = text;
        }
        if both {
            return Err(Unfit::Both);
        }
        if self.entries.len() > self.most { Err(Unfit::TooMany(self.most)) } else { Ok(()) }
    }
}

fn word(text: &str, entry: Entry) -> &str {
    let start = usize::try_from(entry.start).unwrap_or(usize::MAX);
    text.get(start..start.saturating_add(usize::from(entry.length))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(most: usize, members: &[(&str, Said)]) -> Result<Vec<(String, Said)>, Unfit> {
        let mut roster = Roster::new(most);
        for (id, said) in members {
            roster.gather(id, *said)?;
        }
        let roster = roster.finish()?;
        Ok((0..roster.len()).map(|at| roster.get(at).unwrap()).map(|(id, said)| (id.to_owned(), said)).collect())
    }

    #[test]
    fn members_are_kept_once_in_the_order_of_their_ids() {
        use Said::{Any, Group, User};
        let found = gathered(3, &[("b", Any), ("a", Group), ("b", User), ("ä", Any), ("b", Any), ("a", Group), ("b", User)]);
        assert_eq!(found, Ok(vec![("a".into(), Group), ("b".into(), User), ("ä".into(), Any)]));
        assert_eq!(gathered(3, &[]), Ok(vec![]));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        use Said::{Any, Group, User};
        assert_eq!(gathered(2, &[("a", Any), ("b", Any), ("c", Any)]), Err(Unfit::TooMany(2)));
        assert_eq!(gathered(9, &[("a", User), ("b", Any), ("a", Group)]), Err(Unfit::Both));
        assert_eq!(gathered(9, &[("", Any)]), Err(Unfit::NoId));
        assert_eq!(gathered(9, &[(&"x".repeat(limits::ID_BYTES + 1), Any)]), Err(Unfit::NoId));
        assert_eq!(gathered(9, &[(&"x".repeat(limits::ID_BYTES), Any)]).unwrap().len(), 1);
    }

    #[test]
    fn one_id_named_for_ever_takes_no_more_room() {
        let mut roster = Roster::new(10);
        for i in 0..100_000 {
            roster.gather(["one", "two", "three"][i % 3], Said::Any).unwrap();
        }
        assert!(roster.text.len() <= 200 && roster.entries.len() <= 20, "{roster:?}");
        let roster = roster.finish().unwrap();
        assert_eq!(roster.references(1, 9).len(), 2);
        assert_eq!(roster.references(0, 1), [PrincipalRef { principal: Some(Principal::AnyId("one".into())) }]);
        assert!(roster.references(3, 1).is_empty());
    }
}
