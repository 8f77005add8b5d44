//! Which commands a loop may use: by its mode, by its flags, and by what a command would do.

use crate::dialect::{Call, Command, Content, Tool};
use crate::entries::{EntryPath, Mode, Outcome};
use crate::plugins::{Plugin, Plugins, Refusal, is_file};
use crate::store::loops::Loop;

/// The plugin; see the module.
pub struct Policy;

impl Plugin for Policy {
    fn name(&self) -> &'static str {
        "policy"
    }

    /// Judged by effect: in `ask` mode nothing that would change a file passes, in whatever form it is
    /// written.
    fn admit(&self, command: &Command, in_loop: &Loop, tools: &[Tool]) -> Result<(), Refusal> {
        let tool = command.tool();
        if !tools.contains(&tool) {
            let names: Vec<&str> = tools.iter().map(|tool| tool.name()).collect();
            let message = format!(
                "<{}> is not available here; there are {}",
                tool.name(),
                names.join(", ")
            );
            return Err(Refusal::new(Outcome::Permission, message));
        }
        let Some(path) = changed_file(command) else {
            return Ok(());
        };
        let why = if in_loop.mode == Mode::Ask {
            "this is ask mode, which changes no file"
        } else if in_loop.config.no_proposals {
            "this run makes no proposals"
        } else {
            return Ok(());
        };
        let message = format!("{path} cannot be changed: {why}");
        Err(Refusal::new(Outcome::Permission, message))
    }
}

/// The tools of a loop, in the order in which the model reads about them.
pub fn tools(plugins: &Plugins, in_loop: &Loop) -> Vec<Tool> {
    Tool::ALL
        .into_iter()
        .filter(|tool| plugins.handler(*tool).is_some() && !excluded(*tool, in_loop))
        .collect()
}

fn excluded(tool: Tool, in_loop: &Loop) -> bool {
    let config = &in_loop.config;
    let ask = in_loop.mode == Mode::Ask;
    match tool {
        Tool::Sh | Tool::Env => ask || config.no_proposals,
        Tool::AskUser => config.no_interaction || config.no_proposals,
        Tool::Search => config.no_web,
        _ => false,
    }
}

/// The file that a command would change.
pub fn changed_file(command: &Command) -> Option<&str> {
    let path = match &command.call {
        Call::Set(set) if set.content != Content::Absent => set.path.as_deref(),
        Call::Rm(rm) => rm.path.as_deref(),
        Call::Mv(transfer) | Call::Cp(transfer) => transfer.to.as_deref(),
        _ => None,
    }?
    .trim();
    // Read as the handlers read it. What is no path at all they refuse.
    let is_file = EntryPath::parse(path).is_ok_and(|path| is_file(&path));
    is_file.then_some(path)
}
