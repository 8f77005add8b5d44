//! A small editor: open documents with versions, and answers to what a server asks of it.
//!
//! It takes a workspace edit as VS Code does, which looks at every version first and refuses the
//! whole edit where one is stale. It is only a model; it sends nothing itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use super::text::{Encoding, TextEdit};

/// What the editor does with the next `workspace/applyEdit`, and with those after it.
#[derive(Clone, Debug)]
pub enum OnEdit {
    Apply,
    /// Says that it applied it, as Neovim does with a stale one, and does nothing.
    Pretend,
    /// Says that it did not apply it.
    Refuse,
    /// Never answers.
    Ignore,
    /// Inserts a text at the top of a document before it looks at the edit, once.
    TypeFirst {
        uri: String,
        text: String,
    },
}

/// What the user does with a message that has actions (`window/showMessageRequest`).
#[derive(Clone, Debug)]
pub enum OnMessage {
    Dismiss,
    /// Picks the action of this title.
    Pick(&'static str),
    /// Leaves it on the screen.
    Leave,
}

/// Messages that go to the server, in order: notifications, and then perhaps the answer.
pub struct Reaction {
    pub notifications: Vec<(&'static str, Value)>,
    pub answer: Option<Value>,
}

pub struct Editor {
    pub encoding: Encoding,
    pub on_edit: OnEdit,
    pub on_message: OnMessage,
    /// Under `rummy`, by the folder's URI; without one for no folder.
    pub settings: BTreeMap<String, Value>,
    documents: BTreeMap<String, Document>,
}

struct Document {
    version: i32,
    text: String,
}

impl Editor {
    pub fn new() -> Self {
        Self {
            encoding: Encoding::Utf16,
            on_edit: OnEdit::Apply,
            on_message: OnMessage::Dismiss,
            settings: BTreeMap::new(),
            documents: BTreeMap::new(),
        }
    }

    pub fn text(&self, uri: &str) -> &str {
        &self.document(uri).text
    }

    fn document(&self, uri: &str) -> &Document {
        let document = self.documents.get(uri);
        document.unwrap_or_else(|| panic!("{uri} is not open"))
    }

    /// Opens a document with a text. Returns the parameters of `didOpen`.
    pub fn open(&mut self, uri: &str, text: &str) -> Value {
        let document = Document {
            version: 1,
            text: text.to_owned(),
        };
        let earlier = self.documents.insert(uri.to_owned(), document);
        assert!(earlier.is_none(), "{uri} was open already");
        json!({"textDocument": {"uri": uri, "languageId": "plaintext", "version": 1, "text": text}})
    }

    pub fn close(&mut self, uri: &str) -> Value {
        let closed = self.documents.remove(uri);
        assert!(closed.is_some(), "{uri} was not open");
        json!({"textDocument": {"uri": uri}})
    }

    /// Replaces a range of bytes. Returns the parameters of `didChange`.
    pub fn replace(&mut self, uri: &str, bytes: &std::ops::Range<usize>, new: &str) -> Value {
        let edit = TextEdit {
            range: self.encoding.range(self.text(uri), bytes),
            new_text: new.to_owned(),
            annotation_id: None,
        };
        self.change(uri, &[edit])
    }

    fn change(&mut self, uri: &str, edits: &[TextEdit]) -> Value {
        let encoding = self.encoding;
        let document = self.documents.get_mut(uri);
        let document = document.unwrap_or_else(|| panic!("{uri} is not open"));
        let changes = encoding.apply(&mut document.text, edits);
        document.version += 1;
        json!({
            "textDocument": {"uri": uri, "version": document.version},
            "contentChanges": changes,
        })
    }

    /// What the editor does when the server asks `method` of it; none where no editor knows it.
    pub fn asked(&mut self, method: &str, params: &Value) -> Option<Reaction> {
        let mut notifications = Vec::new();
        let answer = match method {
            "workspace/applyEdit" => self.apply(params, &mut notifications),
            "rummy/save" => {
                self.save(params, &mut notifications);
                Some(Value::Null)
            }
            "workspace/configuration" => {
                let items = params["items"].as_array().map_or(&[][..], Vec::as_slice);
                Some(items.iter().map(|item| self.settings_of(item)).collect())
            }
            "window/showMessageRequest" => self.pick(params),
            "window/workDoneProgress/create"
            | "client/registerCapability"
            | "client/unregisterCapability" => Some(Value::Null),
            _ => return None,
        };
        Some(Reaction {
            notifications,
            answer,
        })
    }

    fn settings_of(&self, item: &Value) -> Value {
        let scope = item["scopeUri"].as_str().unwrap_or("");
        self.settings.get(scope).cloned().unwrap_or(Value::Null)
    }

    /// The action that the user picks of a message; null where it is dismissed.
    fn pick(&mut self, params: &Value) -> Option<Value> {
        match &self.on_message {
            OnMessage::Leave => None,
            OnMessage::Dismiss => Some(Value::Null),
            OnMessage::Pick(title) => {
                let actions = params["actions"].as_array().map_or(&[][..], Vec::as_slice);
                let picked = actions.iter().find(|action| action["title"] == *title);
                Some(picked.cloned().unwrap_or(Value::Null))
            }
        }
    }

    fn apply(&mut self, params: &Value, told: &mut Vec<(&'static str, Value)>) -> Option<Value> {
        let applied = match self.on_edit.clone() {
            OnEdit::Ignore => return None,
            OnEdit::Pretend => true,
            OnEdit::Refuse => false,
            OnEdit::Apply => self.carry_out(&params["edit"], told),
            OnEdit::TypeFirst { uri, text } => {
                self.on_edit = OnEdit::Apply;
                told.push(("textDocument/didChange", self.replace(&uri, &(0..0), &text)));
                self.carry_out(&params["edit"], told)
            }
        };
        Some(json!({"applied": applied}))
    }

    /// Applies all of a workspace edit, or nothing of it.
    fn carry_out(&mut self, edit: &Value, told: &mut Vec<(&'static str, Value)>) -> bool {
        let operations = operations(edit);
        let stale = |operation: &Operation| match operation {
            Operation::Edit(edit) => match (edit.text_document.version, &edit.text_document.uri) {
                (Some(version), uri) => {
                    self.documents.get(uri).is_none_or(|d| d.version != version)
                }
                (None, _) => false,
            },
            Operation::Resource(_) => false,
        };
        if operations.iter().any(stale) {
            return false;
        }
        for operation in operations {
            match operation {
                Operation::Resource(operation) => {
                    operation.carry_out();
                    self.follow(&operation, told);
                }
                Operation::Edit(DocumentEdit {
                    text_document: Identifier { uri, .. },
                    edits,
                }) => {
                    if !self.documents.contains_key(&uri) {
                        let text = fs::read_to_string(path_of(&uri)).unwrap_or_else(|error| {
                            panic!("an edit of {uri}, which cannot be opened: {error}")
                        });
                        told.push(("textDocument/didOpen", self.open(&uri, &text)));
                    }
                    told.push(("textDocument/didChange", self.change(&uri, &edits)));
                }
            }
        }
        true
    }

    /// A document goes with its file, unsaved changes and all.
    fn follow(&mut self, operation: &Resource, told: &mut Vec<(&'static str, Value)>) {
        let (gone, new) = match operation {
            Resource::Rename { old_uri, new_uri } => (old_uri, Some(new_uri)),
            Resource::Delete { uri } => (uri, None),
            Resource::Create { .. } => return,
        };
        if !self.documents.contains_key(gone) {
            return;
        }
        let text = self.text(gone).to_owned();
        told.push(("textDocument/didClose", self.close(gone)));
        if let Some(new) = new {
            told.push(("textDocument/didOpen", self.open(new, &text)));
        }
    }

    fn save(&self, params: &Value, told: &mut Vec<(&'static str, Value)>) {
        let uris = params["uris"]
            .as_array()
            .expect("`rummy/save` names documents");
        for uri in uris.iter().filter_map(Value::as_str) {
            told.push(("textDocument/didSave", self.written(uri)));
        }
    }

    /// Writes a document to the disk. Returns the parameters of `didSave`.
    fn written(&self, uri: &str) -> Value {
        fs::write(path_of(uri), self.text(uri)).expect("a file can be written");
        json!({"textDocument": {"uri": uri}})
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Operation {
    Resource(Resource),
    Edit(DocumentEdit),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DocumentEdit {
    text_document: Identifier,
    edits: Vec<TextEdit>,
}

#[derive(Deserialize)]
struct Identifier {
    version: Option<i32>,
    uri: String,
}

#[derive(Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "lowercase",
    rename_all_fields = "camelCase"
)]
enum Resource {
    Create {
        uri: String,
        #[serde(default)]
        options: CreateOptions,
    },
    Rename {
        old_uri: String,
        new_uri: String,
    },
    Delete {
        uri: String,
    },
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct CreateOptions {
    ignore_if_exists: bool,
}

impl Resource {
    fn carry_out(&self) {
        let done = match self {
            // Without the option Neovim empties a file that is there.
            Self::Create { uri, options } => match path_of(uri) {
                path if path.exists() && options.ignore_if_exists => Ok(()),
                path => create(&path),
            },
            Self::Rename { old_uri, new_uri } => rename(&path_of(old_uri), &path_of(new_uri)),
            Self::Delete { uri } => fs::remove_file(path_of(uri)),
        };
        done.expect("a file operation can be carried out");
    }
}

fn rename(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to.parent().expect("a file lies in a folder"))?;
    fs::rename(from, to)
}

fn create(path: &Path) -> std::io::Result<()> {
    fs::create_dir_all(path.parent().expect("a file lies in a folder"))?;
    fs::write(path, "")
}

fn operations(edit: &Value) -> Vec<Operation> {
    if let Some(operations) = edit.get("documentChanges") {
        return serde_json::from_value(operations.clone())
            .unwrap_or_else(|error| panic!("`documentChanges` cannot be read: {error}: {edit}"));
    }
    let changes: BTreeMap<String, Vec<TextEdit>> = serde_json::from_value(edit["changes"].clone())
        .unwrap_or_else(|error| panic!("the edit cannot be read: {error}: {edit}"));
    let unversioned = |(uri, edits)| {
        let text_document = Identifier { version: None, uri };
        Operation::Edit(DocumentEdit {
            text_document,
            edits,
        })
    };
    changes.into_iter().map(unversioned).collect()
}

fn path_of(uri: &str) -> PathBuf {
    let path = uri.strip_prefix("file://");
    PathBuf::from(path.unwrap_or_else(|| panic!("{uri} is not a file")))
}
