//! What a pass stands on: the integration, its resources, the mapping and the rules compiled from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{Failure, Sides, plan_file};
use crate::catalog::{Addition, Destination, Integration, Maker, Wanted};
use crate::config::{
    Diagnostic, EventListener, MappingFile, Preset, Resources, ResourcesOrigin, SchedulesOfOneTeam, Settings,
    Severity,
};
use crate::jq::Environment;
use crate::map::{self, Blueprints, Rules, Sound};
use crate::model::{Blueprint, BlueprintId, Field, Kind};
use crate::plan::{self, Repeats};
use crate::report::Mode;

/// The blueprint that only the newer of Port's default resources have: where it exists, they were installed.
const MARK_OF_FULL: &str = "opsGenieTeam";

/// What a pass stands on.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) mapping: MappingFile,
    pub(super) rules: Arc<Rules>,
    pub(super) warnings: Vec<String>,
    /// What a run that only plans leaves out.
    pub(super) set_up: SetUp,
    /// The fingerprint of the mapping.
    pub(super) fingerprint: String,
}

/// The set-up of a first pass, which a run that only plans leaves out; empty where there is none.
#[derive(Clone, Debug, Default)]
pub(super) struct SetUp {
    /// What would be done, a sentence each.
    pub(super) steps: Vec<String>,
    /// The blueprints that would be created.
    pub(super) blueprints: BTreeMap<BlueprintId, Blueprint>,
    /// The same, whole.
    pub(super) whole: Vec<serde_json::Value>,
}

/// The integration as the settings want it, with blueprints and mapping given to it where it has none.
#[derive(Clone)]
pub(super) struct Installed {
    integration: Option<Integration>,
    /// The resources that were read for it, when they were.
    given: Option<Resources>,
    set_up: SetUp,
}

impl Installed {
    /// As the catalog holds it; none in a run that only plans a first pass.
    pub(super) fn integration(&self) -> Option<&Integration> {
        self.integration.as_ref()
    }
}

/// Creates the integration or brings it up to date, and installs the resources at the first start. A set-up that fails
/// leaves no half and is tried again next time. A run that only plans reads the same and writes nothing.
pub(super) async fn install(
    settings: &Settings,
    sides: &Sides,
    mode: Mode,
    stop: &CancellationToken,
) -> Result<Installed, Failure> {
    let catalog = &sides.catalog;
    let found = catalog.integration().await?;
    let initialize =
        settings.resources.initialize && !found.as_ref().is_some_and(Integration::is_initialized);
    let needed = initialize || found.is_none();
    let origin = found.as_ref().and_then(Integration::resources_origin);
    let origin = origin.and_then(ResourcesOrigin::from_name).or(settings.resources.origin);
    if initialize && origin == Some(ResourcesOrigin::Port) && catalog.makes_defaults().await? {
        return provisioned(settings, sides, found, mode, stop).await;
    }
    let resources = if needed { Some(resources(settings, sides, origin).await?) } else { None };
    let holds_mapping = found.as_ref().is_some_and(|found| found.config().is_some());
    if let Some(given) = resources.as_ref().filter(|_| !holds_mapping) {
        // A mapping at fault is given to nobody: in the catalog it would stay until somebody mends it there.
        let reading = Ok((given.mapping.clone(), given.warnings.clone()));
        map::sound(reading, Environment::default()).map_err(Failure::Mapping)?;
    }
    if mode == Mode::Plan {
        let missing = match resources.as_ref().filter(|_| initialize) {
            Some(given) => catalog.missing(&given.blueprints).await?,
            None => Vec::new(),
        };
        let is_missing = |raw: &serde_json::Value| {
            missing.iter().any(|blueprint| Some(blueprint.identifier.as_str()) == raw["identifier"].as_str())
        };
        let added: Vec<Addition> = resources.iter().filter(|_| initialize).flat_map(additions).collect();
        let all = resources.iter().flat_map(|given| &given.blueprints);
        let whole = all.filter(|raw| is_missing(raw)).cloned().collect();
        let given = resources.filter(|_| !holds_mapping);
        let mut steps = Vec::new();
        if found.is_none() {
            steps.push(format!("create the integration `{}`", settings.identifier));
        }
        steps.extend(missing.iter().map(|blueprint| format!("create blueprint `{}`", blueprint.identifier)));
        if given.is_some() {
            steps.push("give the catalog the mapping".to_owned());
        }
        // Which of them are there already cannot be asked.
        steps.extend(
            added.iter().map(|addition| format!("create {} where it is missing", addition.describe())),
        );
        let blueprints = missing.into_iter().map(|blueprint| (blueprint.identifier.clone(), blueprint));
        let set_up = SetUp { steps, blueprints: blueprints.collect(), whole };
        return Ok(Installed { integration: found, given, set_up });
    }
    let wanted = Wanted {
        destination: destination(settings),
        config: resources.as_ref().map_or(serde_json::Value::Null, |given| given.mapping_json.clone()),
        resources_origin: origin.unwrap_or(ResourcesOrigin::Default).name().to_owned(),
        maker: Maker::Us,
    };
    let is_new = found.is_none();
    let mut integration = catalog.ensure_integration(found, &wanted).await?;
    if let Some(given) = resources.as_ref().filter(|_| initialize) {
        let installed = catalog.install(&given.blueprints).await?;
        for blueprint in &installed.created {
            tracing::info!(%blueprint, "blueprint created");
        }
        if integration.config().is_none() {
            integration = catalog.set_config(integration, &given.mapping_json).await?;
        }
        catalog.add(&additions(given)).await;
        catalog.mark_initialized().await?;
    }
    // A mapping that has just been given is known with its file and lines.
    let given = resources.filter(|given| is_new && integration.config() == Some(&given.mapping_json));
    Ok(Installed { integration: Some(integration), given, set_up: SetUp::default() })
}

/// The mapping that the catalog holds, as it stands.
pub(super) async fn standing(sides: &Sides) -> Result<Installed, Failure> {
    let integration = sides.catalog.integration().await?;
    Ok(Installed { integration, given: None, set_up: SetUp::default() })
}

/// The integration with the blueprints and the mapping that the catalog makes for it. When they do not come in time, the
/// next start waits for them again.
async fn provisioned(
    settings: &Settings,
    sides: &Sides,
    found: Option<Integration>,
    mode: Mode,
    stop: &CancellationToken,
) -> Result<Installed, Failure> {
    let catalog = &sides.catalog;
    let late = || Failure::NotProvisioned(settings.identifier.clone());
    let integration = match (mode, found) {
        (Mode::Plan, found) => found.filter(|found| found.config().is_some()).ok_or_else(late)?,
        (Mode::Apply, found) => {
            let wanted = Wanted {
                destination: destination(settings),
                config: serde_json::Value::Null,
                resources_origin: ResourcesOrigin::Port.name().to_owned(),
                maker: Maker::Catalog,
            };
            let integration = catalog.ensure_integration(found, &wanted).await?;
            let integration = catalog.provisioned(integration, settings.retry_budget, stop).await?;
            if integration.config().is_none() {
                return Err(if stop.is_cancelled() { Failure::Stopped } else { late() });
            }
            catalog.mark_initialized().await?;
            integration
        }
    };
    Ok(Installed { integration: Some(integration), given: None, set_up: SetUp::default() })
}

/// Actions, then scorecards, then pages, in the order of the files.
fn additions(given: &Resources) -> Vec<Addition> {
    let actions = given.actions.iter().cloned().map(Addition::Action);
    let scorecards = given.scorecards.iter().flat_map(|group| {
        let blueprint = group["blueprint"].as_str().and_then(|id| BlueprintId::new(id).ok());
        let scorecards = group["data"].as_array().into_iter().flatten().cloned();
        blueprint.into_iter().flat_map(move |blueprint| {
            let of_blueprint = move |scorecard| Addition::Scorecard(blueprint.clone(), scorecard);
            scorecards.clone().map(of_blueprint)
        })
    });
    let pages = given.pages.iter().cloned().map(Addition::Page);
    actions.chain(scorecards).chain(pages).collect()
}

fn destination(settings: &Settings) -> Destination {
    match &settings.listener {
        EventListener::Webhook { app_host } => Destination::Webhook { url: format!("{app_host}/resync") },
        EventListener::Once | EventListener::Polling { .. } | EventListener::WebhooksOnly => {
            Destination::None
        }
    }
}

/// What a new installation is given: a folder, a preset by name, or the preset that fits what the catalog holds.
pub(super) async fn resources(
    settings: &Settings,
    sides: &Sides,
    origin: Option<ResourcesOrigin>,
) -> Result<Resources, Failure> {
    if origin == Some(ResourcesOrigin::Empty) {
        return Ok(Resources::empty());
    }
    if let Some(path) = &settings.resources.path {
        return Resources::in_folder(path)
            .map_err(|faults| Failure::Resources(map::faults_of_resources(faults)));
    }
    let preset = match settings.resources.preset {
        Some(preset) => preset,
        None => fitting(sides).await?,
    };
    tracing::info!(preset = preset.name(), "default resources");
    Ok(Resources::of_preset(preset))
}

async fn fitting(sides: &Sides) -> Result<Preset, Failure> {
    let mark = BlueprintId::new(MARK_OF_FULL).expect("a constant that is not empty");
    let full = sides.catalog.blueprint(&mark).await?.is_some();
    Ok(if full { Preset::Full } else { Preset::Classic })
}

/// Reads the mapping that the catalog holds and compiles it; every fault at once.
pub(super) fn compile(
    settings: &Settings,
    installed: Installed,
    environment: Environment,
) -> Result<Prepared, Failure> {
    let Installed { integration, given, set_up } = installed;
    let config = given.as_ref().map(|given| &given.mapping_json);
    let fingerprint = config.or_else(|| integration.as_ref()?.config()).map(plan_file::fingerprint);
    let reading = match (given, integration.as_ref().and_then(Integration::config)) {
        (Some(given), _) => Ok((given.mapping, given.warnings)),
        (None, Some(config)) => MappingFile::from_catalog(config),
        (None, None) => return Err(Failure::NoMapping(settings.identifier.clone())),
    };
    let Sound { file, rules, warnings } = map::sound(reading, environment).map_err(Failure::Mapping)?;
    Ok(Prepared {
        mapping: file,
        rules: Arc::new(rules),
        warnings: warnings.iter().map(|warning| in_words(&warning.diagnostic(Severity::Warning))).collect(),
        set_up,
        fingerprint: fingerprint.unwrap_or_default(),
    })
}

/// In one line: what, where, and what to do.
pub(super) fn in_words(diagnostic: &Diagnostic) -> String {
    let hint = diagnostic.hint.as_ref().map_or_else(String::new, |hint| format!(" ({hint})"));
    format!("{} in {}{hint}", diagnostic.message, diagnostic.place)
}

/// The rules of kinds that a pass lists, as planning sees them.
pub(super) fn listed_rules(rules: &Rules, settings: &Settings) -> Vec<plan::Rule> {
    rules.iter().filter(|rule| rule.kind.is_listed()).map(|rule| plan_rule(rule, settings)).collect()
}

/// A rule as planning sees it.
pub(super) fn plan_rule(rule: &map::Rule, settings: &Settings) -> plan::Rule {
    let shape = rule.shape();
    let plain =
        [(shape.has_title(), Field::Title), (shape.has_icon(), Field::Icon), (shape.has_team(), Field::Team)];
    let plain = plain.into_iter().filter_map(|(mapped, field)| mapped.then_some(field));
    let properties = shape.properties().map(|id| Field::Property(id.into()));
    let relations = shape.relations().map(|id| Field::Relation(id.into()));
    let target = match &rule.blueprints {
        Blueprints::Constant(blueprint) => plan::Target::Fixed(blueprint.clone()),
        Blueprints::Dynamic => plan::Target::Dynamic,
    };
    plan::Rule {
        id: rule.id,
        kind: rule.kind,
        target,
        fields: plain.chain(properties).chain(relations).collect(),
        repeats: match (rule.kind, settings.source.schedules_of_one_team) {
            (Kind::ScheduleOncall, SchedulesOfOneTeam::Merge) => Repeats::Unite,
            _ => Repeats::LastWins,
        },
    }
}
