//! What the user decides: settings and mapping, each with where it came from.

pub mod cases;
mod diagnostic;
mod dotenv;
mod excerpt;
mod exposure;
mod fault;
mod layers;
pub mod mapping;
pub mod names;
mod origin;
mod place;
mod position;
mod preset;
mod provenance;
mod reader;
mod resolve;
mod resources;
mod schema;
mod settings;
mod shown;
mod sources;
pub mod table;
#[cfg(test)]
mod tests;
mod words;
mod yaml;

pub use diagnostic::{Diagnostic, Severity};
pub use exposure::{holds_a_password, names_a_secret};
pub use fault::{Fault, Faults, Loudness, Notice, Problem};
pub use mapping::MappingFile;
pub use origin::{Origin, Source};
pub use place::{FieldPlace, FilePlace, Place, SourceText};
pub use position::Position;
pub use preset::Preset;
pub use provenance::Provenance;
pub use reader::nearest;
pub use resources::{ResourceFault, ResourceFaults, Resources};
pub use schema::schema;
pub use settings::{
    BatchSettings, Callers, CatalogSettings, Certificates, DeletionSettings, DisclosureSettings,
    EventListener, ExpressionSettings, INTEGRATION_TYPE, LogFormat, LogLevel, LoggingSettings, Metrics,
    ResourceSettings, ResourcesOrigin, SchedulesOfOneTeam, ServerSettings, Settings, SourceSettings,
    WebhookSettings,
};
pub use sources::{Override, ReadFile, Sources, TextFile};
