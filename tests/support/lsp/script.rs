//! What a scripted model writes.

/// A small source, and the change of it that most tests propose.
pub const APP: &str = "fn main() {\n    let retries = 2;\n    run(retries);\n}\n";
pub const APP_FIXED: &str = "fn main() {\n    let retries = 5;\n    run(retries);\n}\n";

/// `<set>` with a whole body.
pub fn set(path: &str, body: &str) -> String {
    format!("<set path=\"{path}\">\n{body}</set>\n")
}

/// `<set>` that replaces whole lines.
pub fn edit(path: &str, old: &str, new: &str) -> String {
    let body = format!("<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n");
    set(path, &body)
}

pub fn update(status: u16, text: &str) -> String {
    format!("<update status=\"{status}\">{text}</update>\n")
}

/// Turns `APP` into `APP_FIXED` and claims to be done.
pub fn fix_app() -> String {
    let edit = edit(
        "src/app.rs",
        "    let retries = 2;\n",
        "    let retries = 5;\n",
    );
    edit + &update(200, "Raised the retries")
}
