//! `topicsmith show`: one topic, or one environment, in full.

use anyhow::Result;
use clap_complete::ArgValueCompleter;

use crate::app::{LiveSource, Problem, TopicRead, each};
use crate::cli::{self, Environments, Exit, LiveArgs, Printable, Reading, Scope, Session};
use crate::desired::{Ask, Loaded, LoadedEnvironment, closest};
use crate::model::text::escape;
use crate::model::{Globs, TopicName};
use crate::plan::Options;
use crate::render::Style;
use crate::render::show as shown;
use crate::render::show::document::ShowDocument;
use crate::view::show::{Asked, TopicView, topic};

/// Arguments of `show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith show orders -e prod             every value with its layer, file and line, what is
                                             live, partitions, consumer groups and lag, whose it is
  topicsmith show orders --all               every environment, side by side
  topicsmith show orders -e prod --no-live   what the files say; nothing is connected
  topicsmith show -e prod                    the environment: its defaults, rules and guards, and
                                             where each comes from; nothing is connected

Partitions, groups and messages are those of the moment. Messages are counted between the first and
the last offset, so compaction and transactions can leave fewer. A replica counts as offline where
its broker is not up. The groups that this login may not see are said to be missing.

Exit codes:
  0  shown
  1  nobody knows a topic of that name, or another error
  64 wrong usage")]
pub struct Args {
    /// The topic; without it, the environment itself is shown
    #[arg(value_name = "NAME", add = ArgValueCompleter::new(cli::topics))]
    name: Option<String>,
    #[command(flatten)]
    environments: Environments,
    /// Show the lag of each partition, however many there are
    #[arg(long, requires = "name")]
    lag: bool,
    /// Show what the files say and connect to nothing
    #[arg(long, requires = "name", conflicts_with_all = ["live", "wait"])]
    no_live: bool,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    live_args: LiveArgs,
}

/// Shows a topic in each environment, or each environment.
///
/// # Errors
/// The files have errors, the only environment cannot be looked at, or there is no such topic.
pub async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let ask = args.environments.ask()?.unwrap_or(Ask::Only);
    let Some(name) = &args.name else {
        return environments(args, session, &ask);
    };
    let name = TopicName::new(name.as_str());
    // Kafka's internal topics are passed over, in words of their own.
    if let Some(problem) = name.problem().filter(|_| !name.is_internal()) {
        let message = format!("invalid topic name {}: {problem}", escape(name.as_str()));
        let help = "`list --only GLOB` finds topics whose names match";
        return Err(Problem::usage(message, help).into());
    }
    let loaded = session.warned(session.repository.load_explained(&ask, Some(&name))?);
    let options = Options {
        only: Globs::new(&[name.as_str()]).unwrap_or_default(),
        scope: args.scope.named()?,
        ..Options::default()
    };
    let input = match args.no_live {
        true => None,
        false => Some(args.live_args.input(session)?),
    };
    let source = input.as_ref().map(|input| input.source(&loaded));
    let source = source.transpose()?;
    let question = Question {
        loaded: &loaded,
        source: source.as_ref(),
        topic: &name,
        options: &options,
        all_lag: args.lag,
    };
    let views = each(&loaded, |environment| question.ask(environment)).await;
    question.check_known(&views)?;
    session.print_beside(views, loaded.list_form, |views, style| {
        let views: Vec<TopicView> = views.into_iter().map(|shown| shown.view).collect();
        shown::beside(&views, style)
    })
}

/// What is asked of each environment.
struct Question<'a> {
    loaded: &'a Loaded,
    /// `None` where nothing is to be looked at but files.
    source: Option<&'a LiveSource<'a>>,
    topic: &'a TopicName,
    options: &'a Options,
    all_lag: bool,
}

impl Question<'_> {
    async fn ask(&self, environment: &LoadedEnvironment) -> Result<Shown> {
        let desired = &environment.desired;
        let name = &desired.environment.name;
        if desired.environment.ignores(self.topic) {
            let message = format!("{name} passes over the topic {}", self.topic);
            let help = "it is Kafka's own, the inventory, or in [ignore] topics, and never read";
            return Err(Problem::error(message, help).into());
        }
        let close = match self.source {
            None => None,
            Some(source) => {
                let look = source.look_closely(self.loaded, environment, self.topic, self.options);
                Some(look.await?)
            }
        };
        let view = topic(Asked {
            topic: self.topic,
            desired,
            explained: environment.explained.topic.as_ref(),
            live: close.as_ref().map(|close| &*close.live),
            topic_detail: close.as_ref().and_then(|close| close.topic_detail.as_ref()),
            options: self.options,
        });
        Ok(Shown {
            view,
            others: close
                .map(|close: TopicRead<'_>| close.others)
                .unwrap_or_default(),
            all_lag: self.all_lag,
        })
    }

    /// Refuses a name that no environment knows, which was probably misspelt.
    fn check_known(&self, views: &[(String, Result<Shown>)]) -> Result<()> {
        let looked: Option<Vec<&Shown>> = views.iter().map(|(_, v)| v.as_ref().ok()).collect();
        let Some(looked) = looked else {
            return Ok(());
        };
        if looked.iter().any(|shown| shown.view.is_known()) {
            return Ok(());
        }
        let environments = self.loaded.environments.iter();
        let files =
            environments.flat_map(|e| e.desired.topics.keys().chain(e.desired.removed.keys()));
        let live = looked.iter().flat_map(|shown| &shown.others);
        let names = files.chain(live).map(TopicName::as_str);
        let help = match closest(self.topic.as_str(), names) {
            Some(likely) => format!("did you mean `{}`?", escape(likely)),
            None => "`list` shows the topics that there are".to_owned(),
        };
        let message = match self.source {
            Some(_) => format!(
                "neither the files nor the cluster have a topic {}",
                self.topic
            ),
            None => format!("the files have no topic {}", self.topic),
        };
        Err(Problem::error(message, help).into())
    }
}

/// A topic in one environment.
struct Shown {
    view: TopicView,
    others: Vec<TopicName>,
    all_lag: bool,
}

impl Printable for Shown {
    fn text(&self, style: Style) -> String {
        shown::text(&self.view, self.all_lag, style)
    }
}

impl Reading for Shown {
    type Document = ShowDocument;

    fn document(&self) -> ShowDocument {
        ShowDocument::Topic(Box::new((&self.view).into()))
    }

    fn exit(&self) -> Exit {
        Exit::Done
    }
}

/// Shows the environments themselves, from the files alone.
fn environments(args: &Args, session: &Session, ask: &Ask) -> Result<Exit> {
    if args.live_args.is_snapshot() {
        let help = "name a topic, or leave --live out: an environment is shown from its files";
        return Err(Problem::usage("--live is for a topic", help).into());
    }
    let loaded = session.warned(session.repository.load_explained(ask, None)?);
    let views = loaded.environments.iter().map(|environment| {
        let name = environment.desired.environment.name.to_string();
        (name, Ok(EnvironmentView(environment)))
    });
    session.print_each(views.collect(), loaded.list_form)
}

/// One environment.
struct EnvironmentView<'a>(&'a LoadedEnvironment);

impl Printable for EnvironmentView<'_> {
    fn text(&self, style: Style) -> String {
        shown::environment_text(self.0, style)
    }
}

impl Reading for EnvironmentView<'_> {
    type Document = ShowDocument;

    fn document(&self) -> ShowDocument {
        ShowDocument::Environment(Box::new(self.0.into()))
    }

    fn exit(&self) -> Exit {
        Exit::Done
    }
}
