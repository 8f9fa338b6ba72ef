//! The scenarios, each of which returns a report.

mod connect;
mod fanout;
mod pages;
mod reconnect;
mod rooms;
mod start;
mod write;

use anyhow::{Result, bail};

use crate::environment::Environment;
use crate::options::{Options, Scenario, Target};
use crate::report::Report;

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
        Scenario::Raw | Scenario::Bare => bail!("a server cannot be combined with scenarios"),
    }
}

/// Creates an environment for each target that is measured.
fn environments(options: &Options, targets: &[Target], users: usize) -> Result<Vec<Environment>> {
    let targets = options.targets(targets).into_iter();
    targets
        .map(|target| Environment::create(options, target, users))
        .collect()
}

/// Measures all environments alternately, `runs` times: a change of load on the machine affects them all.
fn alternate(
    runs: u32,
    environments: &[Environment],
    mut measure: impl FnMut(&Environment, u32) -> Result<()>,
) -> Result<()> {
    for run in 1..=runs {
        for environment in environments {
            measure(environment, run)?;
        }
    }
    Ok(())
}
