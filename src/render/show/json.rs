//! One topic as `topicsmith/show/1`.

use serde_json::{Map, Value, json};

use super::FORMAT;
use crate::desired::{FromVariable, Said, SettingTrace, Written};
use crate::live::snapshot::records::hold_json;
use crate::live::{Closeup, GroupLag, Member, PartitionState, Unseen};
use crate::model::time::utc;
use crate::model::{Place, SettingValue};
use crate::plan::Blocked;
use crate::show::{
    Against, Listing, LiveValue, OwnedBy, Ownership, SettingView, TopicView, Undeclared,
    UndeclaredFate,
};

/// Everything that is known of a topic in one environment. What was not looked at is null.
pub fn json(view: &TopicView) -> Value {
    let TopicView {
        environment,
        topic,
        cluster,
        listing,
        state,
        facts,
        settings,
        found,
        undeclared,
        blocked,
        hidden,
        closeup,
        min_in_sync: _,
        is_compacted,
        ownership,
    } = view;
    let (listed, declared_at) = self::listing(listing);
    let found = found.as_ref().map(|found| {
        json!({
            "id": found.id,
            "partitions": found.partitions,
            "replication_factor": SettingValue::from(&found.replication_factor),
        })
    });
    json!({
        "format": FORMAT,
        "environment": environment,
        "topic": topic,
        "cluster_id": cluster.as_ref().and_then(|cluster| cluster.id.as_ref()),
        "listed": listed,
        "declared_at": declared_at.map(Place::file_line),
        "state": state.map(|state| state.as_str()),
        "facts": facts.iter().map(written).collect::<Map<_, _>>(),
        "settings": settings.iter().map(setting).collect::<Vec<_>>(),
        "live": found,
        "undeclared": undeclared.iter().map(held).collect::<Vec<_>>(),
        "blocked": blocked.iter().map(held_back).collect::<Vec<_>>(),
        "hidden": hidden,
        "partitions": closeup.as_ref().map(|c| c.partitions.iter().map(partition).collect::<Vec<_>>()),
        "groups": closeup.as_ref().map(|c| c.groups.iter().map(|g| group(c, g)).collect::<Vec<_>>()),
        "held": closeup.as_ref().map(|closeup| json!({
            "messages": closeup.messages(),
            "messages_are_at_most": true,
            "compacted": is_compacted,
            "newest_record": closeup.newest_record_ms.map(utc),
            "bytes": null,
        })),
        "unseen": closeup.as_ref().map(|c| {
            let all = c.unseen_groups.iter().chain(&c.unseen_messages);
            all.map(unseen).collect::<Vec<_>>()
        }),
        "ownership": ownership.as_ref().map(owned),
    })
}

fn listing(listing: &Listing) -> (&'static str, Option<&Place>) {
    match listing {
        Listing::Listed(place) => ("here", Some(place)),
        Listing::Elsewhere(place) => ("elsewhere", Some(place)),
        Listing::Tombstone(place) => ("tombstone", Some(place)),
        Listing::No => ("no", None),
    }
}

/// A key, with what is written and where.
pub(super) fn written(written: &Written) -> (String, Value) {
    let Written { key, value, place } = written;
    let at = place.as_ref().map(Place::file_line);
    (key.clone(), json!({"value": value, "declared_at": at}))
}

fn setting(view: &SettingView) -> Value {
    let SettingView {
        setting,
        said,
        value,
        live,
        against,
    } = view;
    let trace = SettingTrace {
        setting: setting.clone(),
        said: said.clone(),
    };
    let mut json = traced(&trace);
    json["value"] = json!(value);
    json["live"] = json!(live.as_ref().map(live_value));
    json["against_live"] = json!(match against {
        Against::Same => Some("same"),
        Against::NotHeld => Some("not-held"),
        Against::Differs => Some("differs"),
        Against::Unmanaged => Some("unmanaged"),
        Against::Uncompared => None,
    });
    json
}

/// A setting with all that the layers say about it.
pub(super) fn traced(trace: &SettingTrace) -> Value {
    let SettingTrace { setting, said } = trace;
    let first = said.first();
    json!({
        "setting": setting.name(),
        "value": first.and_then(|said| said.value.as_ref()),
        "layer": first.map(|said| said.layer.to_string()),
        "declared_at": first.map(|said| said.place.file_line()),
        "variables": first.map(variables),
        "over": said.iter().skip(1).map(layer).collect::<Vec<_>>(),
    })
}

fn layer(said: &Said) -> Value {
    json!({
        "value": said.value,
        "layer": said.layer.to_string(),
        "declared_at": said.place.file_line(),
        "variables": variables(said),
    })
}

fn variables(said: &Said) -> Vec<Value> {
    let variable =
        |FromVariable { name, is_set }: &FromVariable| json!({"name": name, "set": is_set});
    said.variables.iter().map(variable).collect()
}

fn live_value(live: &LiveValue) -> Value {
    let LiveValue { value, source } = live;
    json!({"value": value, "source": source.map(|source| source.as_str())})
}

fn held(undeclared: &Undeclared) -> Value {
    let Undeclared {
        key,
        value,
        behind,
        fate,
    } = undeclared;
    let fate = match fate {
        UndeclaredFate::Reset => "reset",
        UndeclaredFate::Unknown => "unknown-key",
        UndeclaredFate::Ignored => "ignored",
        UndeclaredFate::Unmanaged => "unmanaged",
        UndeclaredFate::Throttle => "throttle",
        UndeclaredFate::NotListed => "not-listed",
    };
    json!({
        "key": key,
        "value": value,
        "behind": behind.as_ref().map(live_value),
        "fate": fate,
    })
}

fn held_back(blocked: &Blocked) -> Value {
    let code = blocked.code.to_string();
    json!({"code": code, "message": blocked.message, "help": blocked.help})
}

fn partition(partition: &PartitionState) -> Value {
    let PartitionState {
        number,
        leader,
        replicas,
        in_sync,
        offline,
        offsets,
    } = partition;
    json!({
        "partition": number,
        "leader": leader,
        "replicas": replicas,
        "in_sync": in_sync,
        "offline": offline,
        "first_offset": offsets.map(|(first, _)| first),
        "next_offset": offsets.map(|(_, next)| next),
    })
}

fn group(closeup: &Closeup, group: &GroupLag) -> Value {
    let GroupLag {
        name,
        state,
        members,
        committed,
    } = group;
    let member = |member: &Member| {
        let Member {
            client_id,
            host,
            partitions,
        } = member;
        json!({"client_id": client_id, "host": host, "partitions": partitions})
    };
    let lag = |partition: &PartitionState| {
        let number = partition.number;
        let committed = committed.as_ref()?.get(&number)?;
        let lag = closeup.lag(group, partition);
        Some(json!({"partition": number, "committed": committed, "lag": lag}))
    };
    json!({
        "group": name,
        "state": state,
        "members": members.iter().map(member).collect::<Vec<_>>(),
        "lag": closeup.total_lag(group),
        "partitions": closeup.partitions.iter().filter_map(lag).collect::<Vec<_>>(),
    })
}

fn unseen(unseen: &Unseen) -> Value {
    let Unseen { what, why } = unseen;
    json!({"what": what, "why": why})
}

fn owned(ownership: &Ownership) -> Value {
    let Ownership { by, record, hold } = ownership;
    let (by, whose, instance) = match by {
        OwnedBy::Nobody => ("nobody", None, None),
        OwnedBy::Us => ("us", None, None),
        OwnedBy::Remade(whose) => ("nobody-any-more", whose.as_ref(), None),
        OwnedBy::Others(whose) => ("others", Some(whose), None),
        OwnedBy::Instance(instance) => ("instance", None, Some(instance)),
    };
    json!({
        "by": by,
        "scope": whose.and_then(|whose| whose.scope.as_ref()),
        "environment": whose.and_then(|whose| whose.environment.as_ref()),
        "instance": instance,
        "record": record,
        "hold": hold.as_ref().map(hold_json),
    })
}
