//! What the model is told about itself: the base text, the docs of the tools it has, the persona,
//! and the text of the phase it is in. The texts are the Markdown files beside this one.

use crate::dialect::Tool;
use crate::entries::Phase;
use crate::plugins::frame::{Attributes, element};
use crate::plugins::{ALL, Assembly, Message, Plugin, Section};

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
        let text = element(NAME, &Attributes::new(), phase(assembly.phase).trim_end());
        vec![head(assembly), Section::user(PHASE_PLACE, text)]
    }
}

/// The head of the system message: the same bytes from turn to turn while tools and persona are.
fn head(assembly: &Assembly<'_>) -> Section {
    let mut text = include_str!("base.md").to_owned();
    text.push_str("\n# Commands\n");
    for tool in assembly.tools {
        text.push_str(doc(*tool).trim_end());
        text.push('\n');
    }
    if let Some(persona) = assembly.persona {
        text.push_str("\n# Persona\n");
        text.push_str(persona.trim_end());
        text.push('\n');
    }
    Section {
        message: Message::System,
        place: BASE_PLACE,
        text: text.trim_end().to_owned(),
    }
}

/// The text of a phase.
pub fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Define => include_str!("define.md"),
        Phase::Discover => include_str!("discover.md"),
        Phase::Deploy => include_str!("deploy.md"),
    }
}

fn doc(tool: Tool) -> &'static str {
    ALL.iter()
        .filter_map(|plugin| plugin.tool())
        .find(|(handled, _)| *handled == tool)
        .map_or("", |(_, doc)| doc)
}
