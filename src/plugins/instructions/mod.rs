//! What the model is told about itself: the base text, what the plugins say about their entries, the
//! docs of the tools it has, and the text of the phase it is in. The base and the phases are the
//! Markdown files beside this one; the other texts lie with their plugins.

use crate::entries::Phase;
use crate::plugins::{Assembly, Message, Plugin, Section};

/// The plugin; see the module.
pub struct Instructions;

const NAME: &str = "instructions";

/// The system message begins with the texts that never change.
const BASE_PLACE: u16 = 10;
const PHASE_PLACE: u16 = 250;

impl Plugin for Instructions {
    fn name(&self) -> &'static str {
        NAME
    }

    fn sections(&self, assembly: &Assembly<'_>) -> Vec<Section> {
        // Our own text: its tags need no fence.
        let text = format!("<{NAME}>\n{}\n</{NAME}>", phase(assembly.phase).trim_end());
        vec![
            Section::new(Message::System, BASE_PLACE, head(assembly)),
            Section::new(Message::User, PHASE_PLACE, text),
        ]
    }
}

/// The head of the system message: the same bytes from turn to turn while the tools are the same.
fn head(assembly: &Assembly<'_>) -> String {
    let plugins = assembly.plugins;
    let tools = assembly.tools.iter();
    let docs = tools.filter_map(|tool| plugins.handler(*tool).map(|(_, doc)| doc.trim_end()));
    let parts = [include_str!("base.md").trim_end()]
        .into_iter()
        .chain(plugins.iter().filter_map(Plugin::about).map(str::trim_end))
        .chain(["\n# Commands"])
        .chain(docs);
    parts.collect::<Vec<_>>().join("\n")
}

/// The text of a phase.
pub fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Define => include_str!("define.md"),
        Phase::Discover => include_str!("discover.md"),
        Phase::Deploy => include_str!("deploy.md"),
    }
}
