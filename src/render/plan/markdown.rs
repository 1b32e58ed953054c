//! A plan for a comment on a pull request: a table of what would happen, the riskiest first, and what
//! a reviewer has to know of each topic folded below.

use super::footer::{self, Needs};
use super::parts::parts;
use super::text::{counted, header, reset};
use super::{record, unapproved};
use crate::model::{Place, RiskLevel, Setting};
use crate::plan::approval::NOT_APPROVED;
use crate::plan::{
    Action, Blocked, Change, HeldTopic, Plan, Risk, SettingAction, SettingChange, usage_facts,
};
use crate::render::markdown::{Section, TableEntry, code, code_of, html_code, prose};
use crate::render::values::{becomes, label, shown};

/// How many parts of a change stand in its row, and how much of each.
const PARTS: usize = 3;
const PART: usize = 250;
/// How many unlisted topics are named.
const UNLISTED: usize = 20;

/// What stands first: topics that go, what else can lose data, what is held back, what can cost
/// something.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Deleted,
    Destructive,
    Blocked,
    Caution,
    Other,
    HeldTopic,
}

/// The plan of one environment.
pub fn section(plan: &Plan) -> Section {
    let mut entries: Vec<(Rank, TableEntry)> = Vec::new();
    entries.extend(
        plan.changes
            .iter()
            .map(|change| (rank(change), of_change(change))),
    );
    entries.extend(
        plan.blocked
            .iter()
            .map(|blocked| (Rank::Blocked, of_blocked(blocked))),
    );
    entries.extend(
        plan.held
            .iter()
            .map(|held| (Rank::HeldTopic, of_held(held))),
    );
    // Stable: by name within a rank, in which all of them come.
    entries.sort_by_key(|(rank, _)| *rank);
    Section {
        heading: format!(
            "Plan for {}: {}",
            prose(&plan.environment),
            footer::line(plan, &plan.summary())
        ),
        alerts: alerts(plan),
        columns: &["", "Topic", "What", "Risk"],
        entries: entries.into_iter().map(|(_, entry)| entry).collect(),
        remarks: remarks(plan),
        shown_by: code(&format!("topicsmith plan -e {}", plan.environment)),
    }
}

fn rank(change: &Change) -> Rank {
    if change.action == Action::Delete {
        return Rank::Deleted;
    }
    let levels = change.all_risks().map(|(_, risk)| risk.code.level());
    match levels.min() {
        Some(RiskLevel::Destructive) => Rank::Destructive,
        Some(RiskLevel::Caution) => Rank::Caution,
        None => Rank::Other,
    }
}

/// What an apply would run into, with what to do.
pub(in crate::render) fn alerts(plan: &Plan) -> Vec<String> {
    let (risks, others) = footer::refusals(plan);
    let mut lines = Vec::new();
    for refusal in others {
        lines.push(format!(
            "**Refused:** {}. {}.",
            prose(&refusal.message),
            prose(&refusal.help)
        ));
        if refusal.code == NOT_APPROVED {
            let parts = unapproved::lines(&plan.unapproved);
            lines.extend(parts.map(|(topic, part, now, approved)| {
                let (now, approved) = (code(&now), code(&approved));
                format!("{} {}: now {now}, {approved}", code(topic), prose(&part))
            }));
        }
    }
    let needs = footer::needs(&plan.summary(), &risks, plan.refused.is_empty());
    lines.extend(needs.map(|Needs { words, flags }| match flags.is_empty() {
        true => format!("**{words}**"),
        false => format!("**{words}** {}", code_of(&flags, 600)),
    }));
    lines
}

fn of_change(change: &Change) -> TableEntry {
    let action = match change.action {
        Action::Update if change.adopt => "adopt and update",
        action => action.as_str(),
    };
    let shown = match change.action {
        Action::Delete => format!("**{action}**"),
        _ => action.to_owned(),
    };
    let topic = change.topic.as_str();
    let risks = risks(change);
    let codes: Vec<&str> = sorted(change)
        .iter()
        .map(|risk| risk.code.as_str())
        .collect();
    let title = match codes.is_empty() {
        true => format!("{action} {}", html_code(topic)),
        false => format!("{action} {}: {}", html_code(topic), codes.join(", ")),
    };
    TableEntry {
        cells: vec![shown, code_of(topic, 249), what(change), risks],
        title,
        details: details(change),
    }
}

/// The first parts of a change, and who uses a topic that goes.
fn what(change: &Change) -> String {
    let parts = parts(change);
    let first = parts.iter().take(PARTS).map(|part| code_of(part, PART));
    let more = parts.len().saturating_sub(PARTS);
    let more = (more > 0).then(|| format!("and {more} more"));
    let usage = change.usage.iter().flat_map(usage_facts);
    let usage = usage.map(|fact| prose(&fact));
    let mut all: Vec<String> = first.chain(more).chain(usage).collect();
    if all.is_empty() {
        // An adopt or a release: what that means.
        all.extend(record::remarks(change).first().map(|remark| prose(remark)));
    }
    all.join("<br>")
}

/// The risks of a change, each code once, the worst first.
fn sorted(change: &Change) -> Vec<&Risk> {
    let mut risks: Vec<&Risk> = change.all_risks().map(|(_, risk)| risk).collect();
    risks.sort_by_key(|risk| (risk.code.level(), risk.code));
    risks.dedup_by_key(|risk| risk.code);
    risks
}

fn risks(change: &Change) -> String {
    let risk = |risk: &Risk| {
        let code = code(risk.code.as_str());
        format!("{} {code}", level(risk.code.level()))
    };
    let risks: Vec<String> = sorted(change).into_iter().map(risk).collect();
    risks.join("<br>")
}

fn level(level: RiskLevel) -> String {
    match level {
        RiskLevel::Destructive => format!("**{}**", level.as_str()),
        RiskLevel::Caution => level.as_str().to_owned(),
    }
}

fn details(change: &Change) -> Vec<String> {
    let mut lines = Vec::new();
    let removal = match change.action {
        Action::Delete => "removal ",
        _ => "",
    };
    lines.extend(
        change
            .declared_at
            .as_ref()
            .map(|place| format!("{removal}{}", at(place))),
    );
    lines.extend(record::left(change).map(|left| prose(&left)));
    lines.extend(record::remarks(change).iter().map(|remark| prose(remark)));
    lines.extend(change.risks.iter().map(said));
    lines.extend(
        change
            .usage
            .iter()
            .flat_map(usage_facts)
            .map(|fact| prose(&fact)),
    );
    lines.extend(change.on_topic().map(|setting| part(change, setting)));
    lines.extend(change.inventory_only().map(|field| {
        let values = code(&record::values(field));
        format!(
            "{}: {values}, {}",
            code(&label(&field.setting)),
            record::meaning(field)
        )
    }));
    lines
}

/// A setting that changes, where it is written, and what is to be said of it.
fn part(change: &Change, setting: &SettingChange) -> String {
    let name = match &setting.setting {
        Setting::Config(key) => code(key.as_str()),
        other => label(other),
    };
    let values = match setting.config_key() {
        Some(_) => of_config(change.action, setting),
        None => code(&counted(setting)),
    };
    let undoes = setting.drifted;
    let undoes = undoes.then(|| "reverts a manual change".to_owned());
    let place = setting.declared_at.as_ref();
    let place = place.map(|place| format!(" ({})", at(place)));
    let remarks = setting.risks.iter().map(said).chain(undoes);
    let remarks: String = remarks.map(|remark| format!("; {remark}")).collect();
    format!("{name}: {values}{}{remarks}", place.unwrap_or_default())
}

fn of_config(action: Action, config: &SettingChange) -> String {
    let to = code(&becomes(config));
    let from = code(&shown(&config.setting, config.from.as_ref()));
    match (action, &config.action) {
        (Action::Create, _) => to,
        (_, SettingAction::Pin(_)) => format!("pinned at {to}, the broker's current value"),
        _ => match reset(config) {
            Some(reset) => format!("{from} → {to}, {reset}"),
            None => format!("{from} → {to}"),
        },
    }
}

fn said(risk: &Risk) -> String {
    format!("{}: {}", level(risk.code.level()), prose(&risk.message))
}

/// `topics/playback.toml:3`
fn at(place: &Place) -> String {
    code(&place.file_line())
}

fn of_blocked(blocked: &Blocked) -> TableEntry {
    let topic = blocked.topic.as_str();
    let place = blocked.declared_at.as_ref().map(at);
    let waiting: Vec<String> = blocked
        .holds_back
        .iter()
        .map(|key| code(key.as_str()))
        .collect();
    let waiting = (!waiting.is_empty()).then(|| format!("waits for it: {}", waiting.join(", ")));
    let message = prose(&blocked.message);
    let help = format!("{}.", prose(&blocked.help));
    let details = place.into_iter().chain([message, help]).chain(waiting);
    TableEntry {
        cells: vec![
            "**blocked**".to_owned(),
            code_of(topic, 249),
            prose(&blocked.message),
            code(blocked.code.as_str()),
        ],
        title: format!("blocked {}: {}", html_code(topic), blocked.code),
        details: details.collect(),
    }
}

fn of_held(held: &HeldTopic) -> TableEntry {
    let topic = held.topic.as_str();
    let blocked = held.blocked.iter();
    let blocked = blocked.map(|blocked| format!("blocked: {}", prose(&blocked.message)));
    let waiting = record::waiting(held).map(|waiting| prose(&waiting));
    let details = std::iter::once(prose(&record::held(held))).chain(waiting.clone());
    TableEntry {
        cells: vec![
            "held".to_owned(),
            code_of(topic, 249),
            waiting.unwrap_or_default(),
            String::new(),
        ],
        title: format!("held {}", html_code(topic)),
        details: details.chain(blocked).collect(),
    }
}

/// Unlisted topics, those of others, notes, and where this was looked at.
pub(in crate::render) fn remarks(plan: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    if !plan.unlisted.is_empty() {
        let first = plan.unlisted.iter().take(UNLISTED);
        let first: Vec<String> = first.map(|topic| code_of(topic.as_str(), 249)).collect();
        let named = match plan.unlisted.len() - first.len() {
            0 => first.join(", "),
            more => format!("{} and {more} more", first.join(", ")),
        };
        lines.push(format!("{} unlisted: {named}", plan.unlisted.len()));
    }
    lines.extend(record::theirs(&plan.theirs).map(|line| prose(&line)));
    lines.extend(record::unknown_configs(plan).iter().map(|line| prose(line)));
    lines.extend(
        plan.notes
            .iter()
            .map(|note| format!("note: {}", prose(note))),
    );
    let whole = header(plan);
    lines.extend(whole.split_once(" · ").map(|(_, cluster)| prose(cluster)));
    lines.extend(
        plan.commit
            .as_ref()
            .map(|commit| format!("commit {}", code(commit))),
    );
    lines
}
