//! How the status of an `<update>` moves a loop through its phases.

use crate::entries::Phase;
use crate::plugins::update::CONTINUES;

/// What a status `1XY` means where a loop stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    To(Phase),
    /// The status says nothing about phases.
    Stay,
    /// The phase stays; the model is told why.
    Refused(String),
}

/// Reads the phase out of a status that goes on. X must be where the loop stands and Y a phase that
/// this one leads to. The status of an update that names none says nothing.
pub fn step(from: Phase, status: u16) -> Step {
    if status == CONTINUES || !(100..200).contains(&status) {
        return Step::Stay;
    }
    let digit = |number: u16| u8::try_from(number % 10).map_or(None, Phase::from_digit);
    match (digit(status / 10), digit(status)) {
        (Some(current), Some(next)) if current == from && leads_to(from).contains(&next) => {
            Step::To(next)
        }
        _ => Step::Refused(format!(
            "status {status} does not lead on from phase {}; the phase stays. There are {}",
            from.name(),
            offered(from)
        )),
    }
}

fn leads_to(phase: Phase) -> &'static [Phase] {
    match phase {
        Phase::Define => &[Phase::Define, Phase::Discover],
        Phase::Discover | Phase::Deploy => &[Phase::Define, Phase::Discover, Phase::Deploy],
    }
}

fn offered(phase: Phase) -> String {
    let codes: Vec<String> = leads_to(phase)
        .iter()
        .map(|next| format!("1{}{}", phase.digit(), next.digit()))
        .collect();
    codes.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_offered_status_leads_where_it_says_and_no_other_moves() {
        for from in Phase::ALL {
            for status in 100..200 {
                let expected = leads_to(from).iter().find(|to| {
                    status == 100 + u16::from(from.digit()) * 10 + u16::from(to.digit())
                });
                let got = step(from, status);
                match expected {
                    Some(phase) => assert_eq!(got, Step::To(*phase), "{status} from {from:?}"),
                    None if status == CONTINUES => assert_eq!(got, Step::Stay),
                    None => assert!(matches!(got, Step::Refused(_)), "{status} from {from:?}"),
                }
            }
        }
    }

    #[test]
    fn a_jump_over_a_phase_is_refused_with_what_there_is() {
        let Step::Refused(why) = step(Phase::Define, 148) else {
            panic!("148 moved from define");
        };
        assert!(why.ends_with("There are 144, 145"), "{why}");
    }

    #[test]
    fn the_text_of_a_phase_names_exactly_the_statuses_that_lead_on_from_it() {
        for phase in Phase::ALL {
            let text = crate::plugins::instructions::phase(phase);
            let mut named: Vec<&str> = text
                .split(|c: char| !c.is_ascii_digit())
                .filter(|digits| digits.len() == 3 && digits.starts_with('1'))
                .collect();
            named.sort_unstable();
            assert_eq!(named.join(", "), offered(phase), "{}", phase.name());
        }
    }
}
