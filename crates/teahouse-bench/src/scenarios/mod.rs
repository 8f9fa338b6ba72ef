//! The scenarios, each of which returns a report.

mod connect;
mod fanout;
mod pages;
mod reconnect;
mod rooms;
mod start;
mod write;

use anyhow::Result;

use crate::environment::Environment;
use crate::metrics::Metrics;
use crate::options::{Options, Scenario};
use crate::progress;
use crate::report::{Labels, Report};
use crate::target::Target;

/// Runs a scenario.
pub(crate) fn run(scenario: Scenario, options: &Options) -> Result<Report> {
    match scenario {
        Scenario::Fanout => fanout::run(options),
        Scenario::Write => write::run(options),
        Scenario::Rooms => rooms::run(options),
        Scenario::Connect => connect::run(options),
        Scenario::Pages => pages::run(options),
        Scenario::Reconnect => reconnect::run(options),
        Scenario::Start => start::run(options),
    }
}

/// The servers of a scenario, each with what the scenario prepared for it.
struct Servers<T> {
    servers: Vec<(Environment, T)>,
    runs: u32,
}

impl<T> Servers<T> {
    /// Creates an environment with `users` members of the Lobby for each target, and for each build when two are compared.
    fn create(
        options: &Options,
        targets: &[Target],
        users: usize,
        prepare: impl Fn(&Environment) -> Result<T>,
    ) -> Result<Self> {
        let targets = options.targets(targets).into_iter();
        let builds = options.builds();
        let pairs = targets.flat_map(|target| builds.iter().map(move |build| (target, *build)));
        let servers = pairs.map(|(target, build)| {
            let environment = Environment::create(options, target, build, users)?;
            let prepared = prepare(&environment)?;
            Ok((environment, prepared))
        });
        Ok(Self {
            servers: servers.collect::<Result<_>>()?,
            runs: options.effort().0,
        })
    }

    /// Measures all servers in turn, as often as there are runs, and adds the results to the case with these labels. Every
    /// other run goes backwards, so that a machine that slows down or speeds up affects all servers alike.
    fn measure(
        &self,
        report: &mut Report,
        labels: &Labels,
        measure: impl Fn(&Environment, &T) -> Result<Metrics>,
    ) -> Result<()> {
        for run in 1..=self.runs {
            let mut order: Vec<_> = self.servers.iter().collect();
            if run % 2 == 0 {
                order.reverse();
            }
            for (environment, prepared) in order {
                let labels = [environment.labels(), labels.to_vec()].concat();
                progress(&report.status(&labels, run));
                report.add(labels, measure(environment, prepared)?);
            }
        }
        Ok(())
    }
}

/// For scenarios that prepare nothing.
fn nothing(_: &Environment) -> Result<()> {
    Ok(())
}
