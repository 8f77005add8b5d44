//! What the scripted model proposes for `greet.lua`, and for a file beside it.

use super::script::{edit, update};

pub fn polite() -> String {
    polite_in("greet.lua")
}

pub fn polite_in(file: &str) -> String {
    let (old, new) = (
        "  print(\"hi \" .. name)\n",
        "  print(\"Good day, \" .. name)\n",
    );
    edit(file, old, new) + &update(200, "Made it polite")
}

/// Adds a line at the top of `greet.lua`, and one at its end.
pub fn around() -> String {
    let first = "local function greet(name)\n";
    edit("greet.lua", first, &format!("--- Greets.\n{first}"))
        + &edit("greet.lua", "end\n", "end\ngreet(\"you\")\n")
}

/// Changes `other.lua`, which has to be there.
pub fn other() -> String {
    edit("other.lua", "return 1\n", "return 2\n")
}

/// Three changes of `greet.lua`.
pub fn thorough() -> String {
    around() + &polite()
}
