//! `topicsmith capacity`: the disk that topics need, by what the files say they carry.

use std::num::NonZeroU32;
use std::time::Duration;

use anyhow::Result;

use crate::app::{LiveSource, Problem, each};
use crate::capacity::{self, Assumptions, Capacity};
use crate::cli::{Environments, Exit, LiveArgs, Only, Printable, Reading, Session, duration};
use crate::desired::{Ask, Loaded, LoadedEnvironment};
use crate::model::{Globs, units};
use crate::render::capacity::document::CapacityDocument;
use crate::render::{self, Style};

/// Arguments of `capacity`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith capacity -e prod                                        from the files alone
  topicsmith capacity -e prod --disk 500GB --brokers 3               exit 1 where it does not fit
  topicsmith capacity -e prod --compression 4 --after 365d
  topicsmith capacity -e prod --compare                              beside what topics hold now

For each topic with `traffic`:
  a day      messages_per_day × average_size
  held       that, for retention.ms, or up to retention.bytes × partitions, whichever is less
  segments   Kafka deletes whole segments, so each partition holds up to one more: segment.bytes, or
             what comes in segment.ms where that is less
  on disk    (held + segments) × replication factor
Compression divides what comes in; retention.bytes and segment.bytes are bytes on disk as they are.
Where no file says a retention, the brokers' default counts (with --compare or --live) or Kafka's
own. Of topics in remote storage, local.retention.* counts. Messages are taken to be spread evenly over
partitions, and partitions over brokers; indexes are not counted. A topic that is compacted too can
hold less. One that is only compacted, or has unlimited retention, has no bound but with --after.

Exit codes:
  0  reckoned; with --disk, it fits
  1  it does not fit, or an error
  64 wrong usage")]
pub struct Args {
    #[command(flatten)]
    environments: Environments,
    #[command(flatten)]
    only: Only,
    /// How many times smaller than its messages a topic is on disk
    #[arg(long, value_name = "RATIO", default_value = "1", value_parser = ratio)]
    compression: f64,
    /// What topics take after so long, from empty [default: once nothing grows any more]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    after: Option<Duration>,
    /// The disk of each broker: exit 1 where the topics do not fit
    #[arg(long, value_name = "SIZE", value_parser = size)]
    disk: Option<u64>,
    /// How many brokers there are [default: as many as the cluster has, with --compare or --live]
    #[arg(long, value_name = "N")]
    brokers: Option<NonZeroU32>,
    /// Look at the cluster too: its defaults, its brokers, the messages that topics hold now
    #[arg(long, conflicts_with = "live")]
    compare: bool,
    #[command(flatten)]
    live_args: LiveArgs,
}

fn ratio(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(ratio) if ratio.is_finite() && ratio >= 1.0 => Ok(ratio),
        Ok(_) => Err("4 means that a quarter is left; it is 1 or more".to_owned()),
        Err(_) => Err("it is a number, as 4 or 2.5".to_owned()),
    }
}

fn size(text: &str) -> Result<u64, String> {
    let bytes = units::parse_size(text).map_err(|error| error.to_string())?;
    match u64::try_from(bytes) {
        Ok(bytes) if bytes > 0 => Ok(bytes),
        _ => Err("a disk has some room".to_owned()),
    }
}

/// Reckons what each environment needs.
///
/// # Errors
/// The files have errors, the only environment cannot be looked at, or nobody says how many brokers
/// share the disk.
pub async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let ask = args.environments.ask()?.unwrap_or(Ask::Only);
    let only = args.only.globs()?;
    let looks = args.compare || args.live_args.is_snapshot();
    if args.disk.is_some() && args.brokers.is_none() && !looks {
        let message = "--disk is per broker, but the number of brokers is unknown";
        let help = "pass --brokers N, or --compare to read it from the cluster";
        return Err(Problem::usage(message, help).into());
    }
    let loaded = &session.load(&ask)?;
    let input = match looks {
        true => Some(args.live_args.input(session)?),
        false => None,
    };
    let source = input.as_ref().map(|input| input.source(loaded));
    let source = source.transpose()?;
    let capacities = each(loaded, |environment| {
        one(args, loaded, environment, source.as_ref(), &only)
    });
    session.print_each(capacities.await, loaded.list_form)
}

async fn one(
    args: &Args,
    loaded: &Loaded,
    environment: &LoadedEnvironment,
    source: Option<&LiveSource<'_>>,
    only: &Globs,
) -> Result<EstimateView> {
    let desired = &environment.desired;
    let mut assumptions = Assumptions {
        compression: args.compression,
        after_ms: args
            .after
            .map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX)),
        brokers: args.brokers.map(NonZeroU32::get),
        disk: args.disk,
    };
    let Some(source) = source else {
        let capacity = capacity::reckon(desired, None, only, assumptions);
        return Ok(EstimateView(capacity));
    };
    let held = source.look_with_messages(loaded, environment, only).await?;
    let live = &*held.live;
    let up = u32::try_from(live.brokers.len()).ok().filter(|up| *up > 0);
    assumptions.brokers = assumptions.brokers.or(up);
    if assumptions.disk.is_some() && assumptions.brokers.is_none() {
        let help = "say --brokers N";
        return Err(
            Problem::error("the snapshot does not say how many brokers there are", help).into(),
        );
    }
    let mut capacity = capacity::reckon(desired, Some(live), only, assumptions);
    for need in &mut capacity.topics {
        need.now = held.messages.get(&need.topic).cloned();
    }
    Ok(EstimateView(capacity))
}

/// What one environment needs.
struct EstimateView(Capacity);

impl Printable for EstimateView {
    fn text(&self, style: Style) -> String {
        render::capacity::text(&self.0, style)
    }
}

impl Reading for EstimateView {
    type Document = CapacityDocument;

    fn document(&self) -> CapacityDocument {
        CapacityDocument::from(&self.0)
    }

    fn exit(&self) -> Exit {
        match self.0.fit() {
            Some(fit) if !fit.fits => Exit::Error,
            _ => Exit::Done,
        }
    }
}
