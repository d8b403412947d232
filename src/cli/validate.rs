//! `validate`: settings, resources and mapping, without the network. Every fault of all of them at once.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::config::mapping::Reading;
use crate::config::{
    Diagnostic, MappingFile, Notice, ResourceFault, ResourceSettings, Resources, Settings, Severity, Sources,
};
use crate::jq::Environment;
use crate::map;
use crate::report::Exit;

use super::arguments::{Form, OutputArguments, ValidateArguments};
use super::{faults, settings, terminal};

/// What was checked and what was found.
#[derive(Default)]
struct Check {
    checked: Vec<String>,
    faults: Vec<Diagnostic>,
    /// What to do about the faults of the settings together.
    hint: Option<&'static str>,
}

/// The same for a program.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Validation<'c> {
    exit_code: u8,
    checked: &'c [String],
    faults: &'c [Diagnostic],
}

/// Checks the mapping that the arguments name, or else all that the settings name.
pub(super) fn run(arguments: &ValidateArguments, output: &OutputArguments) -> Exit {
    let sources = match Sources::of_process(settings::overrides_of(output)) {
        Ok(sources) => sources,
        Err(faults) => return faults::refuse_settings(&faults, output),
    };
    let mut check = Check::default();
    if arguments.mapping.is_none() {
        check.settings(&sources);
    }
    let resources = ResourceSettings::of(&sources);
    let blueprints = match (&resources.path, resources.preset) {
        (Some(path), _) => check.folder(path, arguments),
        (None, Some(preset)) => Some(Resources::of_preset(preset).blueprints),
        (None, None) => None,
    };
    if let Some(file) = &arguments.mapping {
        check.mapping(&file.display().to_string(), MappingFile::from_file(file), blueprints.as_deref());
    }
    check.show(output)
}

impl Check {
    fn settings(&mut self, sources: &Sources) {
        self.checked.push("the settings".to_owned());
        match Settings::resolve(sources) {
            Ok((_, notices)) => self.faults.extend(notices.iter().filter_map(Notice::diagnostic)),
            Err(faults) => {
                self.faults.extend(faults.diagnostics());
                self.hint = faults.hint();
            }
        }
    }

    /// Checks a folder of resources; its mapping only when no other is named. Gives the blueprints, if they can be read.
    fn folder(&mut self, path: &Path, arguments: &ValidateArguments) -> Option<Vec<Value>> {
        let (reading, blueprints) = match Resources::in_folder(path) {
            Ok(Resources { mapping, warnings, blueprints, .. }) => {
                let held = counted(blueprints.len(), "blueprint");
                self.checked.push(format!("the resources in `{}` ({held})", path.display()));
                (Some(Ok((mapping, warnings))), Some(blueprints))
            }
            Err(wrong) => {
                self.checked.push(format!("the resources in `{}`", path.display()));
                self.faults.extend(wrong.faults.iter().map(ResourceFault::diagnostic));
                (wrong.mapping, None)
            }
        };
        if let Some(reading) = reading.filter(|_| arguments.mapping.is_none()) {
            self.mapping(&format!("{}/port-app-config", path.display()), reading, blueprints.as_deref());
        }
        blueprints
    }

    /// Checks a mapping, against blueprints where they are known. What only looks wrong is a fault here.
    fn mapping(&mut self, name: &str, reading: Reading, blueprints: Option<&[Value]>) {
        let found = match map::sound(reading, Environment::default()) {
            Ok(sound) => {
                let resources = counted(sound.file.resources.len(), "resource");
                let against = blueprints.map_or_else(String::new, |blueprints| {
                    format!(", against {}", counted(blueprints.len(), "blueprint"))
                });
                self.checked.push(format!("the mapping `{name}` ({resources}{against})"));
                let warnings = sound.warnings.iter().map(|warning| warning.diagnostic(Severity::Error));
                let unfit = blueprints.map(|blueprints| sound.unfit(blueprints));
                let mut found: Vec<_> = warnings.chain(unfit.into_iter().flatten()).collect();
                Diagnostic::sort(&mut found);
                found
            }
            Err(found) => {
                self.checked.push(format!("the mapping `{name}`"));
                found.into_iter().map(strict).collect()
            }
        };
        self.faults.extend(found);
    }

    fn show(&self, output: &OutputArguments) -> Exit {
        let wrong = self.faults.iter().filter(|fault| fault.severity == Severity::Error).count();
        let exit = if wrong > 0 { Exit::Configuration } else { Exit::Done };
        faults::tell(&self.faults);
        if let Some(hint) = self.hint {
            terminal::talk(&format!("hint: {hint}"));
        }
        let validation = Validation { exit_code: exit.code(), checked: &self.checked, faults: &self.faults };
        let written = faults::written(&validation, output);
        let said = match output.output {
            Form::Text => terminal::data(&self.text(wrong)),
            Form::Json => Ok(()),
        };
        written.and(said).err().unwrap_or(exit)
    }

    fn text(&self, wrong: usize) -> String {
        let checked = self.checked.iter().map(|what| format!("checked {what}\n"));
        let verdict = if wrong > 0 { counted(wrong, "fault") } else { "nothing is wrong".to_owned() };
        checked.chain([verdict]).collect()
    }
}

/// What only looks wrong is a fault.
fn strict(diagnostic: Diagnostic) -> Diagnostic {
    let severity = match diagnostic.severity {
        Severity::Error | Severity::Warning => Severity::Error,
        Severity::Note => Severity::Note,
    };
    Diagnostic { severity, ..diagnostic }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
