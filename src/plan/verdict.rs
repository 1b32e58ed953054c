//! What follows for one topic: listed, tombstoned or in no file; live or not; and whose.

use std::collections::BTreeMap;

use super::changes::{self, Update};
use super::known::{self, Known};
use super::ownership::{Books, Standing};
use super::{
    Action, Blocked, Change, Fate, LeftAlone, Options, Setting, in_use, instances, objections,
    owned_elsewhere, record, risks, unseen,
};
use crate::desired::{Desired, Tombstone, Topic};
use crate::live::{Live, LiveTopic, Owned, UnseenTopic, Whose};
use crate::model::{OnRemove, Place, TopicName};

/// What follows for one topic.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// What is done.
    pub(super) change: Option<Change>,
    /// What is held back.
    pub(super) blocked: Vec<Blocked>,
    /// Keys that are left alone.
    pub(super) left_alone: Option<LeftAlone>,
    /// Whether it is as the files say.
    pub(super) is_right: bool,
    /// Whether it cannot be compared, because not enough of it could be read.
    pub(super) is_not_visible: bool,
    /// Whether no file names it and nobody owns it.
    pub(super) is_unlisted: bool,
    /// Who else owns it, where no file names it.
    pub(super) theirs: Option<Whose>,
}

impl From<Change> for Verdict {
    fn from(change: Change) -> Self {
        Self {
            change: Some(change),
            ..Self::default()
        }
    }
}

impl From<Blocked> for Verdict {
    fn from(blocked: Blocked) -> Self {
        Self {
            blocked: vec![blocked],
            ..Self::default()
        }
    }
}

/// Everything that decides.
pub(super) struct Table<'a> {
    desired: &'a Desired,
    live: &'a Live,
    options: &'a Options,
    books: Option<Books<'a>>,
    instances: instances::Wanted<'a>,
    unseen: BTreeMap<&'a TopicName, UnseenTopic<'a>>,
}

impl<'a> Table<'a> {
    pub(super) fn new(
        desired: &'a Desired,
        live: &'a Live,
        options: &'a Options,
        scope: Option<&str>,
    ) -> Self {
        let books = Books::open(live, &desired.environment, scope);
        let instances = instances::wanted(desired, books.as_ref());
        Self {
            desired,
            live,
            options,
            books,
            instances,
            unseen: live.unseen_topics(),
        }
    }

    /// Why a topic cannot be compared with what it should be.
    pub(super) fn unseen(&self, name: &TopicName) -> Option<UnseenTopic<'a>> {
        self.unseen.get(name).copied()
    }

    /// The inventory, where it is in use.
    pub(super) fn books(&self) -> Option<&Books<'a>> {
        self.books.as_ref()
    }

    /// What instances should have.
    pub(super) fn instances(&self) -> &instances::Wanted<'a> {
        &self.instances
    }

    /// The topics that are looked at and that anything can follow for, by name.
    pub(super) fn topics(&self) -> impl Iterator<Item = Known<'a>> {
        let (desired, live) = (self.desired, self.live);
        known::names(desired, live, self.books())
            .into_iter()
            .filter(|name| self.options.wants(name))
            .map(known::lookup(desired, live, self.books()))
    }

    /// What follows for one of them.
    pub(super) fn verdict(&self, known: &Known<'a>) -> Verdict {
        if let Some(unseen) = self.unseen_of(known) {
            return self.not_visible(known, unseen);
        }
        let mut verdict = match (known.topic, known.tombstone) {
            (Some(topic), _) => self.listed(known, topic),
            (None, Some(tombstone)) => self.tombstoned(known, tombstone),
            (None, None) => self.in_no_file(known),
        };
        self.drop_spent(known, &mut verdict);
        verdict
    }

    /// Why a topic cannot be compared. Its configs matter only where they should be something.
    fn unseen_of(&self, known: &Known<'a>) -> Option<UnseenTopic<'a>> {
        let unseen = self.unseen(known.name);
        let is_others = matches!(known.standing, Some(Standing::Theirs(_) | Standing::Of(_)));
        let is_listed = known.topic.is_some() && !is_others;
        let is_compared = || is_listed || self.is_of_instance(known);
        match (unseen, known.found) {
            (Some(UnseenTopic::ConfigsHidden(_)), _) => unseen.filter(|_| is_compared()),
            (Some(_), _) => unseen,
            (None, Some(found)) if found.config.is_none() && is_compared() => {
                Some(UnseenTopic::ConfigsHidden(unseen::NOT_READ))
            }
            (None, _) => None,
        }
    }

    /// Whether the topic should be as a running instance's lifecycle declares it.
    fn is_of_instance(&self, known: &Known<'a>) -> bool {
        matches!(known.standing, Some(Standing::Of(_)))
            && self.instances.topic(known.name, known.found).is_some()
    }

    /// What the files ask for, or did, of a topic that cannot be compared.
    fn not_visible(&self, known: &Known<'a>, unseen: UnseenTopic<'_>) -> Verdict {
        let name = known.name;
        let listed = known.topic.map(|t| &t.declared_at);
        let removed = known.tombstone.map(|t| &t.declared_at);
        let place = listed.or(removed);
        let ours = matches!(known.standing, Some(Standing::Ours(_))) || self.is_of_instance(known);
        // A removal that was applied deletes nothing any more.
        let is_applied = |books: &Books| known.topic.is_none() && books.spent(name).is_some();
        let is_declared = place.is_some() && !self.books.as_ref().is_some_and(is_applied);
        match is_declared || ours {
            true => Verdict {
                is_not_visible: true,
                blocked: unseen::blocked(name, unseen, place, self.options)
                    .into_iter()
                    .collect(),
                ..Verdict::default()
            },
            false => Verdict::default(),
        }
    }

    /// A tombstone that has left the files may do its work again once it comes back.
    fn drop_spent(&self, known: &Known<'a>, verdict: &mut Verdict) {
        let name = known.name;
        let spent = self.books.as_ref().and_then(|books| books.spent(name));
        if spent.is_none() || known.tombstone.is_some() {
            return;
        }
        let recorded = || known.standing.and_then(Standing::owned).cloned();
        let listed = known.topic;
        let change = verdict.change.get_or_insert_with(|| Change {
            recorded: recorded().map(Box::new),
            to_record: recorded().map(Box::new),
            declared_at: listed.map(|listed| listed.declared_at.clone()),
            ..Change::new(name.clone(), Action::UpdateInventory)
        });
        let spent = Some("spent".into());
        let removal = record::in_inventory(Setting::Removal, spent, None, None);
        change.settings.push(removal);
        verdict.is_right = false;
    }

    fn listed(&self, known: &Known<'a>, topic: &Topic) -> Verdict {
        let (name, place) = (known.name, &topic.declared_at);
        match (known.found, known.standing) {
            (_, Some(Standing::Of(instance))) => {
                owned_elsewhere::by_instance(name, instance, place).into()
            }
            (_, Some(Standing::Theirs(whose))) => self.theirs(name, whose, place),
            (None, standing) => self.missing(name, topic, standing),
            (Some(found), standing) => self.live(name, topic, found, standing),
        }
    }

    fn theirs(&self, name: &TopicName, whose: &Whose, place: &Place) -> Verdict {
        owned_elsewhere::by_scope(name, whose, self.books.as_ref().map(Books::us), place).into()
    }

    /// A listed topic that is not there.
    fn missing(&self, name: &TopicName, topic: &Topic, standing: Option<Standing>) -> Verdict {
        if let Some(blocked) = objections::of_create(name, topic, self.live, self.options) {
            return blocked.into();
        }
        let mut change = changes::create(name, topic);
        if let Some(books) = &self.books {
            let after = self.record_of(topic, None, books);
            match standing {
                Some(Standing::Ours(owned)) => {
                    change.fate = Some(Fate::Gone);
                    change.recorded = Some(Box::new(owned.clone()));
                    change.drifted = true;
                    let news = record::news(owned, &after, topic, &change).into_iter();
                    let seen = news.filter(|change| change.setting == Setting::OnRemove);
                    change.settings.extend(seen);
                }
                _ => change.settings.extend(record::first(&after, None, topic)),
            }
            change.to_record = Some(Box::new(after));
        }
        change.into()
    }

    /// A listed topic that is there, and not another's.
    fn live(
        &self,
        name: &TopicName,
        topic: &Topic,
        found: &LiveTopic,
        standing: Option<Standing>,
    ) -> Verdict {
        let environment = &self.desired.environment;
        let inputs = (self.live, self.options);
        let Update {
            mut change,
            blocked,
            left_alone,
        } = changes::update(name, topic, found, environment, inputs);
        let alters = !change.settings.is_empty();
        if let Some(Standing::Ours(owned)) = standing
            && !alters
            && blocked.is_empty()
            && record::is_up_to_date(owned, topic, found)
        {
            return Verdict {
                is_right: true,
                left_alone,
                ..Verdict::default()
            };
        }
        if let (Some(books), Some(standing)) = (&self.books, standing) {
            self.account(&mut change, topic, found, &blocked, (books, standing));
        }
        change.action = match (alters, change.adopt) {
            (true, _) => Action::Update,
            (false, true) => Action::Adopt,
            (false, false) => Action::UpdateInventory,
        };
        let changes = change.adopt || !change.settings.is_empty();
        if changes {
            change.recorded = standing.and_then(Standing::owned).cloned().map(Box::new);
        }
        Verdict {
            is_right: !changes && blocked.is_empty(),
            change: changes.then_some(change),
            blocked,
            left_alone,
            ..Verdict::default()
        }
    }

    /// What the change of a live topic means for the inventory.
    fn account(
        &self,
        change: &mut Change,
        topic: &Topic,
        found: &LiveTopic,
        blocked: &[Blocked],
        (books, standing): (&Books, Standing),
    ) {
        let mut after = self.record_of(topic, Some(found), books);
        let before = standing.owned();
        record::keep_what_is_not_applied(&mut after, before, blocked);
        match standing {
            Standing::Nobodys(was) => change.settings.extend(record::first(&after, was, topic)),
            _ => {
                let news = before.map(|before| record::news(before, &after, topic, change));
                change.settings.extend(news.unwrap_or_default());
            }
        }
        change.adopt = !matches!(standing, Standing::Ours(_));
        if change.adopt {
            risks::of_adopt(&mut change.settings);
        }
        if let Standing::WasOurs(_) = standing {
            change.fate = Some(Fate::Recreated);
        }
        if let Some(before) = before {
            super::drift::mark(before, &mut change.settings);
        }
        change.to_record = Some(Box::new(after));
    }

    fn record_of(&self, topic: &Topic, found: Option<&LiveTopic>, books: &Books) -> Owned {
        let commit = self.options.commit.as_deref();
        record::of_topic(topic, found, books.us(), commit)
    }

    fn tombstoned(&self, known: &Known<'a>, tombstone: &Tombstone) -> Verdict {
        let (name, standing) = (known.name, known.standing);
        let place = &tombstone.declared_at;
        let Some(found) = known.found else {
            // A tombstone of a topic that is not there has done its work.
            return match standing {
                Some(Standing::Ours(owned)) => forgotten(name, owned, Fate::Gone, place),
                _ => Verdict::default(),
            };
        };
        let spent = self
            .books
            .as_ref()
            .is_some_and(|books| books.is_spent(name, found));
        match standing {
            Some(Standing::Of(instance)) => {
                owned_elsewhere::by_instance(name, instance, place).into()
            }
            Some(Standing::Theirs(whose)) => self.theirs(name, whose, place),
            Some(Standing::WasOurs(owned)) if spent => {
                forgotten(name, owned, Fate::Recreated, place)
            }
            _ if spent => Verdict::default(),
            Some(Standing::Ours(owned) | Standing::WasOurs(owned)) => {
                self.delete(name, Some(place), found, Some(owned))
            }
            Some(Standing::Nobodys(_)) | None => self.delete(name, Some(place), found, None),
        }
    }

    fn delete(
        &self,
        name: &TopicName,
        place: Option<&Place>,
        found: &LiveTopic,
        recorded: Option<&Owned>,
    ) -> Verdict {
        let usage = self.live.usage.get(name);
        let is_another =
            |owned: &&Owned| crate::live::is_another(owned.id.as_ref(), found.id.as_ref());
        let blocked = objections::of_delete(name, place, self.live, self.options)
            .or_else(|| in_use::of_delete(name, place, usage, &self.options.allow));
        match blocked {
            Some(blocked) => blocked.into(),
            None => Change {
                recorded: recorded.cloned().map(Box::new),
                fate: recorded.filter(is_another).map(|_| Fate::Recreated),
                ..changes::delete(name, place, found, usage)
            }
            .into(),
        }
    }

    fn in_no_file(&self, known: &Known<'a>) -> Verdict {
        let name = known.name;
        match (known.standing, known.found) {
            (Some(Standing::Ours(owned)), Some(found)) => match owned.on_remove {
                Some(OnRemove::Delete) if owned.id.is_none() && found.id.is_some() => {
                    owned_elsewhere::unproven(name, self.environment()).into()
                }
                Some(OnRemove::Delete) => self.delete(name, None, found, Some(owned)),
                // What is not known is not deleted.
                Some(OnRemove::Retain) | None => release(name, owned, Some(found), None),
            },
            (Some(Standing::Ours(owned)), None) => release(name, owned, None, Some(Fate::Gone)),
            (Some(Standing::WasOurs(owned)), found) => match owned.on_remove {
                Some(OnRemove::Delete) => {
                    owned_elsewhere::recreated(name, self.environment()).into()
                }
                Some(OnRemove::Retain) | None => Verdict {
                    is_unlisted: true,
                    ..release(name, owned, found, Some(Fate::Recreated))
                },
            },
            (Some(Standing::Theirs(whose)), Some(_)) => Verdict {
                theirs: Some(whose.clone()),
                ..Verdict::default()
            },
            (Some(Standing::Of(_)), found) => self.of_instance(name, found),
            (Some(Standing::Nobodys(_)) | None, Some(_)) => Verdict {
                is_unlisted: true,
                ..Verdict::default()
            },
            (_, None) => Verdict::default(),
        }
    }

    /// A topic that its instance's lifecycle speaks of. It is changed like a listed one, and never
    /// made.
    fn of_instance(&self, name: &TopicName, found: Option<&LiveTopic>) -> Verdict {
        let (Some(topic), Some(found)) = (self.instances.topic(name, found), found) else {
            return Verdict::default();
        };
        self.live(name, topic, found, None)
    }

    fn environment(&self) -> &str {
        &self.desired.environment.name
    }
}

/// A topic that is left to whoever wants it.
fn release(
    name: &TopicName,
    owned: &Owned,
    found: Option<&LiveTopic>,
    fate: Option<Fate>,
) -> Verdict {
    Change {
        id: found.and_then(|found| found.id.clone()),
        recorded: Some(Box::new(owned.clone())),
        fate,
        ..Change::new(name.clone(), Action::Release)
    }
    .into()
}

/// A tombstone's topic that is not there any more, and still recorded.
fn forgotten(name: &TopicName, owned: &Owned, fate: Fate, place: &Place) -> Verdict {
    Change {
        declared_at: Some(place.clone()),
        recorded: Some(Box::new(owned.clone())),
        fate: Some(fate),
        settings: vec![record::in_inventory(
            Setting::Record,
            Some("owned".into()),
            None,
            Some(place),
        )],
        ..Change::new(name.clone(), Action::UpdateInventory)
    }
    .into()
}
