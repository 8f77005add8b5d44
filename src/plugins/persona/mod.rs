//! The persona: how the user wants the model to be, a text that a run is given and that stands at the
//! end of its instructions. Its files are looked up in [`super::library`]; which one a run has is one
//! of the run's settings.

use crate::plugins::{Assembly, Message, Plugin, Section};

/// The plugin; see the module.
pub struct Persona;

/// Behind the instructions, before what changes.
const PLACE: u16 = 20;

impl Plugin for Persona {
    fn name(&self) -> &'static str {
        "persona"
    }

    fn sections(&self, assembly: &Assembly<'_>) -> Vec<Section> {
        let text = assembly.persona.map(str::trim_end);
        text.filter(|text| !text.is_empty())
            .map(|text| Section::new(Message::System, PLACE, format!("# Persona\n{text}")))
            .into_iter()
            .collect()
    }
}
