//! Which commands a loop may use: by its mode, by its flags, and by what a command would do.

use crate::dialect::{Call, Command, Content, Tool};
use crate::entries::{Mode, Outcome, Scheme};
use crate::plugins::{Refusal, handler};
use crate::store::loops::Loop;

/// The tools of a loop, in the order in which the model reads about them.
pub fn tools(in_loop: &Loop) -> Vec<Tool> {
    Tool::ALL
        .into_iter()
        .filter(|tool| handler(*tool).is_some() && !excluded(*tool, in_loop))
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

/// Refuses what the loop may not do. Judged by effect: in `ask` mode nothing that would change a
/// file passes, in whatever form it is written.
pub fn admit(command: &Command, in_loop: &Loop, tools: &[Tool]) -> Result<(), Refusal> {
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
    if let Some(path) = changed_file(command) {
        if in_loop.mode == Mode::Ask {
            let message =
                format!("{path} cannot be changed: this is ask mode, which changes no file");
            return Err(Refusal::new(Outcome::Permission, message));
        }
        if in_loop.config.no_proposals {
            let message = format!("{path} cannot be changed: this run makes no proposals");
            return Err(Refusal::new(Outcome::Permission, message));
        }
    }
    Ok(())
}

/// The file that a command would change.
pub fn changed_file(command: &Command) -> Option<&str> {
    let path = match &command.call {
        Call::Set(set) if set.content != Content::Absent => set.path.as_deref(),
        Call::Rm(rm) => rm.path.as_deref(),
        Call::Mv(transfer) | Call::Cp(transfer) => transfer.to.as_deref(),
        _ => None,
    }?;
    let scheme = path.split_once("://").map(|(scheme, _)| scheme);
    let is_file = scheme.is_none_or(|name| name.eq_ignore_ascii_case(Scheme::File.as_str()));
    is_file.then_some(path)
}
