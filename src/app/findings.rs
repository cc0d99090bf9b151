//! Everything that is wrong with a configuration, in words.

use std::path::Path;

use crate::analysis::rules_without_readings;
use crate::config::{self, ConfigError, Fault, Plan};

/// Reads a configuration, checks it, and tries its rules on what each camera will give. A plan is there where nothing is at
/// fault but secrets that are missing.
///
/// # Errors
/// [`ConfigError::Io`], which names the file itself.
pub fn read_config(path: &Path) -> Result<(Findings, Option<Plan>), ConfigError> {
    match config::load(path) {
        Err(error @ ConfigError::Io { .. }) => Err(error),
        read => Ok(Findings::and_plan(read)),
    }
}

/// What is wrong in a configuration, each by itself, and what it needs that is not here.
pub struct Findings {
    /// What has to be changed in it.
    pub faults: Vec<String>,
    /// Users and passwords that are not where it says.
    pub missing_secrets: Vec<String>,
    /// Pictures of site maps that can't be shown.
    pub unfit_pictures: Vec<String>,
    /// `false`: there may be more faults, as keys and types that don't fit, or a text that isn't TOML, come first.
    pub values_checked: bool,
}

impl Findings {
    /// Of a configuration that was read: its plan is there where nothing is at fault but secrets that are missing.
    #[must_use]
    pub fn and_plan(read: Result<Plan, ConfigError>) -> (Self, Option<Plan>) {
        let plan = match read {
            Ok(plan) => plan,
            Err(error) => return (Self::of(&error), None),
        };
        let mut findings = Self::of_plan(&plan);
        findings.faults = in_words(&rules_without_readings(&plan));
        let is_fine = findings.faults.is_empty();
        (findings, is_fine.then_some(plan))
    }

    /// Of a configuration that was not taken.
    pub fn of(error: &ConfigError) -> Self {
        match error {
            ConfigError::Faults(faults) => {
                let values_checked = !faults.iter().all(|fault| fault.kind.is_of_shape());
                let (missing, faults): (Vec<Fault>, Vec<Fault>) =
                    faults.iter().cloned().partition(|fault| fault.kind.is_missing_secret());
                let (faults, missing_secrets) = (in_words(&faults), in_words(&missing));
                Self { faults, missing_secrets, unfit_pictures: Vec::new(), values_checked }
            }
            ConfigError::Io { .. } | ConfigError::Syntax(_) => {
                let faults = vec![error.to_string()];
                Self { faults, missing_secrets: Vec::new(), unfit_pictures: Vec::new(), values_checked: false }
            }
        }
    }

    /// Of a configuration that was taken.
    pub fn of_plan(plan: &Plan) -> Self {
        Self {
            faults: Vec::new(),
            missing_secrets: in_words(&plan.missing_secrets()),
            unfit_pictures: in_words(&plan.unfit_pictures()),
            values_checked: true,
        }
    }

    /// How many faults a configuration has, which, and whether there may be more.
    pub fn list(&self, path: &Path) -> String {
        let faults = &self.faults;
        let mut list = format!(
            "{}: {} fault{}\n{}",
            path.display(),
            faults.len(),
            if faults.len() == 1 { "" } else { "s" },
            faults.join("\n")
        );
        if !self.values_checked {
            let these = if faults.len() == 1 { "this is" } else { "these are" };
            list.push_str(&format!("\nThe values of the other keys are checked once {these} mended"));
        }
        list
    }
}

fn in_words(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
}
