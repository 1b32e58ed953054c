//! `topicsmith inventory hold`: an emergency change by hand survives every apply for a while.

use std::time::Duration;

use anyhow::Result;
use clap_complete::ArgValueCompleter;

use super::{Opened, Target, stamp};
use crate::app::Problem;
use crate::cli::{self, ApplyContext, Exit, Format, Session, duration};
use crate::inventory::{Contents, Holding, InventoryRecord, LONGEST_HOLD_MS, Writer};
use crate::model::TopicName;
use crate::model::text::escape;
use crate::model::time::utc;
use crate::render::inventory::document::{HoldDocument, HoldFormat};

/// Arguments of `inventory hold`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith inventory hold playback-events -e prod --for 24h --reason 'disk full, INC-341'
  topicsmith inventory hold playback-events -e prod --end

Until the hold ends, by the broker's clock, no apply touches the topic: it is not changed, deleted or
released. Plans, reports and `drift` show it.")]
pub struct Args {
    /// The topic
    #[arg(value_name = "NAME", add = ArgValueCompleter::new(cli::topics))]
    topic: String,
    /// How long
    #[arg(
        long = "for",
        value_name = "DURATION",
        value_parser = duration,
        required_unless_present = "end",
        requires = "reason"
    )]
    long: Option<Duration>,
    /// Why, for whoever sees it held
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// End the hold now
    #[arg(long, conflicts_with_all = ["long", "reason"])]
    end: bool,
    #[command(flatten)]
    context: ApplyContext,
    #[command(flatten)]
    target: Target,
}

/// The longest that a topic can be held: whoever wants it longer says so in the files.
const LONGEST: Duration = Duration::from_millis(LONGEST_HOLD_MS);

/// Writes the hold, or ends it.
///
/// # Errors
/// The topic is unknown, or the inventory cannot be written.
pub async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let long = args.long.unwrap_or_default();
    if !args.end && (long.is_zero() || long > LONGEST) {
        let help = "hold it for up to 90d; what should stay longer belongs into the files: `unmanaged` leaves a setting to others";
        return Err(
            Problem::usage("no topic can be held for that long, or for no time", help).into(),
        );
    }
    let loaded = &args.target.load(session)?;
    let opened = args.target.open(session, loaded, args.context.scope()?);
    let opened = opened.await?;
    let topic = TopicName::from(args.topic.as_str());
    let contents = opened.read().await?;
    check_known(&opened, &contents, &topic)?;
    let inventory = &opened.settings().inventory.topic;
    let writer = Writer::open(&opened.cluster, inventory).await?;
    let entry = match args.end {
        true => InventoryRecord::Unheld(topic.clone()),
        false => InventoryRecord::Held(
            topic.clone(),
            Holding {
                whose: opened.whose.clone(),
                for_ms: u64::try_from(long.as_millis()).unwrap_or(u64::MAX),
                reason: args.reason.clone().unwrap_or_default(),
                stamp: stamp(),
            },
        ),
    };
    let written = writer.write(&[entry]).await?;
    let at_ms = written.first().and_then(|written| written.appended_ms);
    let until_ms = at_ms.map(|at| at.saturating_add_unsigned(long.as_millis() as u64));
    report(args, session, &opened, until_ms.filter(|_| !args.end))?;
    if contents
        .locks
        .iter()
        .any(|lock| lock.resource == opened.lock())
    {
        let name = opened.name();
        let text =
            format!("an apply of {name} may be running: one that has begun does not see this\n");
        session.note(&text);
    }
    Ok(Exit::Done)
}

fn report(args: &Args, session: &Session, opened: &Opened, until_ms: Option<i64>) -> Result<()> {
    match session.format {
        Format::Json => session.print_json(&HoldDocument {
            format: HoldFormat,
            environment: opened.name().to_owned(),
            topic: args.topic.as_str().into(),
            held: !args.end,
            until_ms,
            reason: args.reason.clone(),
        }),
        _ => {
            let topic = escape(&args.topic);
            let text = match (args.end, until_ms) {
                (true, _) => format!("hold removed from {topic}\n"),
                (false, Some(until)) => format!("{topic} is held until {}\n", utc(until)),
                (false, None) => format!("{topic} is held\n"),
            };
            session.print(&text)
        }
    }
}

/// A topic that is in no file and in no record is most likely a slip of the pen.
fn check_known(opened: &Opened, contents: &Contents, topic: &TopicName) -> Result<()> {
    let desired = &opened.environment.desired;
    let listed = desired.topics.contains_key(topic) || desired.removed.contains_key(topic);
    let recorded = &contents.inventory;
    let of_instance = recorded.instance_topics().contains_key(topic);
    let is_recorded = recorded.topics.contains_key(topic) || recorded.holds.contains_key(topic);
    if listed || of_instance || is_recorded {
        return Ok(());
    }
    let names = desired.topics.keys().chain(recorded.topics.keys());
    let likely = crate::desired::closest(topic.as_str(), names.map(TopicName::as_str));
    let message = format!(
        "no file lists {} for {}, and it is unowned",
        escape(topic.as_str()),
        opened.name()
    );
    let help = match likely {
        Some(likely) => format!("did you mean {likely}?"),
        None => "a topic that is in no file is not touched by any apply".to_owned(),
    };
    Err(Problem::error(message, help).into())
}
