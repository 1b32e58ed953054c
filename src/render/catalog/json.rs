//! The catalogue for programs, `topicsmith/catalog/1`.

use serde_json::{Map, Value, json};

use super::{Catalog, Entry, FORMAT, Look, Part, Setting, Standing};
use crate::model::Place;
use crate::render::list::State;

/// One document of all environments: each topic once, with how it is in each.
pub fn json(catalog: &Catalog) -> Value {
    let entries =
        |entries: &[Entry]| -> Value { entries.iter().map(|one| entry(one, catalog)).collect() };
    json!({
        "format": FORMAT,
        "environments": catalog.environments.iter().map(|part| environment(part)).collect::<Value>(),
        "topics": entries(&catalog.listed),
        "lifecycles": entries(&catalog.passing),
        "others": entries(&catalog.others),
    })
}

fn environment(part: &Part) -> Value {
    let environment = &part.desired.environment;
    let (cluster, error) = match &part.look {
        Look::Seen(live, _) => (live.cluster_id.as_deref(), None),
        Look::NotAsked => (None, None),
        Look::Failed(why) => (None, Some(why)),
    };
    json!({
        "environment": &*environment.name,
        "description": environment.description,
        "cluster_id": cluster,
        "looked_at": matches!(part.look, Look::Seen(..)),
        "error": error,
    })
}

fn entry(entry: &Entry, catalog: &Catalog) -> Value {
    let Entry {
        topic,
        description,
        owner,
        labels,
        places,
    } = entry;
    let mut environments = Map::new();
    for (part, standing) in catalog.environments.iter().zip(places) {
        if let Some(found) = standing {
            let name = part.desired.environment.name.to_string();
            environments.insert(name, self::standing(found));
        }
    }
    json!({
        "topic": topic,
        "description": description,
        "owner": owner,
        "labels": labels,
        "environments": environments,
    })
}

fn standing(standing: &Standing) -> Value {
    let Standing {
        state,
        lifecycle,
        drifted,
        pending,
        declared_at,
        on_remove,
        settings,
    } = standing;
    json!({
        "state": match lifecycle {
            Some(_) => "lifecycle",
            None => state.map_or("not-looked-at", State::as_str),
        },
        "lifecycle": lifecycle,
        "drifted": state.map(|_| drifted),
        "pending": state.map(|_| pending),
        "declared_at": declared_at.as_ref().map(Place::file_line),
        "on_remove": on_remove.map(|on_remove| on_remove.as_str()),
        "settings": settings.iter().map(setting).collect::<Value>(),
    })
}

fn setting(setting: &Setting) -> Value {
    let Setting {
        name,
        wanted,
        live,
        declared_at,
    } = setting;
    json!({
        "name": name,
        "wanted": wanted,
        "live": live,
        "declared_at": declared_at.as_ref().map(Place::file_line),
    })
}
