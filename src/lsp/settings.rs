//! The session's settings: the layers that they come from, and what of them holds in which folder.
//!
//! **Invariant.** What a folder brings, or is configured to by the client, holds for no run of another one.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::session::{Folder, Session};
use super::types::{MessageType, Uri};
use crate::config::{Brought, Complaint, Config, FileLayer, Source};
use crate::entries::ProjectId;

impl Session {
    /// The folders whose settings are to be asked for; none: those of no folder. They come first, as a client
    /// that knows no folders may answer for one only.
    pub fn scopes(&self) -> Vec<Option<Uri>> {
        let of_none = (self.folders.len() != 1).then_some(None);
        let of_folders = self.folders.iter().map(|folder| Some(folder.uri.clone()));
        of_none.into_iter().chain(of_folders).collect()
    }

    /// Takes what the client says of its settings, by folder. What is no table says nothing.
    pub fn configure(&mut self, settings: Vec<(Option<Uri>, Value)>) {
        let is_alone = self.folders.len() == 1;
        for folder in &mut self.folders {
            folder.configured = None;
        }
        for (scope, settings) in settings {
            let Value::Object(layer) = settings else {
                continue;
            };
            let is_meant = |folder: &&mut Folder| Some(&folder.uri) == scope.as_ref();
            match (&scope, self.folders.iter_mut().find(is_meant)) {
                (Some(_), Some(folder)) if !is_alone => folder.configured = Some(layer),
                (None, _) | (Some(_), Some(_)) => {
                    self.layers.add(Source::DidChangeConfiguration, layer);
                }
                // It was closed meanwhile.
                (Some(_), None) => {}
            }
        }
        self.reconfigure();
    }

    /// Takes the configuration anew from its layers, and says what could not be used.
    pub fn reconfigure(&mut self) {
        for complaint in &self.resolve() {
            self.complain(complaint);
        }
        self.follow();
    }

    /// Folders were added, and others taken away, by their URIs without a slash at the end.
    pub fn change_folders(&mut self, added: Vec<Folder>, removed: &[String]) {
        let is_kept = |folder: &Folder| {
            let uri = folder.uri.as_str().trim_end_matches('/');
            !removed.iter().any(|removed| removed == uri)
        };
        self.folders.retain(is_kept);
        let mut files = Vec::new();
        for folder in added {
            if !self.projects().contains(&folder.project) {
                files.extend(folder.settings().map(FileLayer::source));
                self.folders.push(folder);
            }
        }
        self.take_up(&files);
    }

    /// What a folder brings may be used from now on, or may not be.
    pub fn bring(&mut self, project: ProjectId, brought: Option<Arc<Brought>>) {
        let mut folders = self.folders.iter_mut();
        if let Some(folder) = folders.find(|folder| folder.project == project) {
            folder.brought = brought;
            let file = folder.settings().map(FileLayer::source);
            self.take_up(file.as_slice());
        }
    }

    /// Makes the configuration anew, and says what of these files could not be used.
    fn take_up(&mut self, files: &[Source]) {
        for complaint in &self.resolve() {
            if files.contains(&complaint.source) {
                self.complain(complaint);
            }
        }
        self.follow();
    }

    /// Makes the configuration anew; what is answered could not be used.
    fn resolve(&mut self) -> Vec<Complaint> {
        let (config, mut complaints) = self.layers.resolve();
        self.in_folders.clear();
        for folder in &self.folders {
            let mut layers = self.layers.clone();
            if let Some(settings) = folder.settings() {
                layers = layers.with_workspace(settings);
            }
            if let Some(configured) = folder.configured.clone() {
                layers.add(Source::DidChangeConfiguration, configured);
            }
            let (config, more) = layers.resolve();
            let news = more.into_iter().filter(|one| !complaints.contains(one));
            complaints.extend(news.collect::<Vec<_>>());
            self.in_folders.insert(folder.project, Arc::new(config));
        }
        let only = match self.folders.as_slice() {
            [folder] => self.in_folders.get(&folder.project).cloned(),
            _ => None,
        };
        self.config = only.unwrap_or_else(|| Arc::new(config));
        complaints
    }

    /// What holds for the runs of a folder.
    pub fn config_in(&self, project: ProjectId) -> Arc<Config> {
        let of_folder = self.in_folders.get(&project);
        Arc::clone(of_folder.unwrap_or(&self.config))
    }

    /// Where skills and personas lie: those that the folders bring before the home's. Only one folder's
    /// where it is named.
    pub fn homes(&self, project: Option<ProjectId>) -> Vec<PathBuf> {
        let is_meant = |folder: &&Folder| project.is_none_or(|project| folder.project == project);
        let folders = self.folders.iter().filter(is_meant);
        let brought = folders.filter_map(|folder| folder.brought.as_ref());
        let mut homes: Vec<PathBuf> = brought.map(|brought| brought.home.clone()).collect();
        homes.push(self.config.home.clone());
        homes
    }

    fn complain(&self, complaint: &Complaint) {
        self.outbox
            .show(MessageType::WARNING, complaint.to_string());
    }
}
