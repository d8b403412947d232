//! The fields that can be asked for, and what a row holds there.

use crate::sandbox::world::{Alert, Incident, Team, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox::opsgenie) enum Field {
    CreatedAt,
    UpdatedAt,
    LastOccurredAt,
    SnoozedUntil,
    Id,
    TinyId,
    Alias,
    Count,
    Message,
    Description,
    Source,
    Entity,
    AlertStatus,
    IncidentStatus,
    Owner,
    AcknowledgedBy,
    ClosedBy,
    IsSeen,
    Acknowledged,
    Snoozed,
    Teams,
    Services,
    Priority,
    Tag,
    IntegrationName,
    IntegrationType,
    DetailsKey,
    DetailsValue,
}

/// How a field's values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Values {
    Times,
    Numbers,
    Flags,
    OneOf(&'static [&'static str]),
    Keywords,
    FullText,
}

impl Field {
    pub(in crate::sandbox::opsgenie) fn of_alerts(name: &str) -> Option<Self> {
        Some(match name {
            "createdAt" => Self::CreatedAt,
            "updatedAt" => Self::UpdatedAt,
            "lastOccurredAt" => Self::LastOccurredAt,
            "snoozedUntil" => Self::SnoozedUntil,
            "alertId" => Self::Id,
            "tinyId" => Self::TinyId,
            "alias" => Self::Alias,
            "count" => Self::Count,
            "message" => Self::Message,
            "description" => Self::Description,
            "source" => Self::Source,
            "entity" => Self::Entity,
            "status" => Self::AlertStatus,
            "owner" => Self::Owner,
            "acknowledgedBy" => Self::AcknowledgedBy,
            "closedBy" => Self::ClosedBy,
            "isSeen" => Self::IsSeen,
            "acknowledged" => Self::Acknowledged,
            "snoozed" => Self::Snoozed,
            "teams" => Self::Teams,
            "priority" => Self::Priority,
            "tag" | "tags" => Self::Tag,
            "integration.name" => Self::IntegrationName,
            "integration.type" => Self::IntegrationType,
            "details.key" => Self::DetailsKey,
            "details.value" => Self::DetailsValue,
            _ => return None,
        })
    }

    pub(in crate::sandbox::opsgenie) fn of_incidents(name: &str) -> Option<Self> {
        Some(match name {
            "createdAt" => Self::CreatedAt,
            "id" => Self::Id,
            "tinyId" => Self::TinyId,
            "message" => Self::Message,
            "description" => Self::Description,
            "tag" => Self::Tag,
            "status" => Self::IncidentStatus,
            "priority" => Self::Priority,
            "teams" => Self::Teams,
            "services" => Self::Services,
            _ => return None,
        })
    }

    pub(super) fn values(self) -> Values {
        match self {
            Self::CreatedAt | Self::UpdatedAt | Self::LastOccurredAt | Self::SnoozedUntil => Values::Times,
            Self::Count => Values::Numbers,
            Self::IsSeen | Self::Acknowledged | Self::Snoozed => Values::Flags,
            Self::AlertStatus => Values::OneOf(&["open", "closed"]),
            Self::IncidentStatus => Values::OneOf(&["open", "resolved", "closed"]),
            Self::Priority => Values::OneOf(&["P1", "P2", "P3", "P4", "P5"]),
            Self::Message | Self::Description => Values::FullText,
            Self::Id
            | Self::TinyId
            | Self::Alias
            | Self::Source
            | Self::Entity
            | Self::Owner
            | Self::AcknowledgedBy
            | Self::ClosedBy
            | Self::Teams
            | Self::Services
            | Self::Tag
            | Self::IntegrationName
            | Self::IntegrationType
            | Self::DetailsKey
            | Self::DetailsValue => Values::Keywords,
        }
    }
}

/// What a row holds in a field.
#[derive(Debug)]
pub(in crate::sandbox::opsgenie) enum Reading<'a> {
    Nothing,
    Number(i64),
    Flag(bool),
    Text(std::borrow::Cow<'a, str>),
    Texts(Vec<&'a str>),
}

fn said(text: &str) -> Reading<'_> {
    Reading::Text(text.into())
}

fn names<'a>(ids: impl Iterator<Item = &'a str>, teams: &'a [Team]) -> Reading<'a> {
    let name = |id: &str| teams.iter().find(|team| &*team.id == id).map(|team| &*team.name);
    Reading::Texts(ids.filter_map(name).collect())
}

impl Alert {
    pub(in crate::sandbox::opsgenie) fn read<'a>(&'a self, field: Field, teams: &'a [Team]) -> Reading<'a> {
        let by = |of: fn(&crate::sandbox::Report) -> Option<&crate::sandbox::Text>| {
            self.report.as_ref().and_then(|report| of(report)).map_or(Reading::Nothing, |name| said(name))
        };
        match field {
            Field::CreatedAt => Reading::Number(self.created_ms),
            Field::UpdatedAt => Reading::Number(self.updated_ms),
            Field::LastOccurredAt => Reading::Number(self.last_occurred_ms),
            Field::SnoozedUntil => self.snoozed_until_ms.map_or(Reading::Nothing, Reading::Number),
            Field::Count => Reading::Number(i64::try_from(self.count).unwrap_or(i64::MAX)),
            Field::Id => said(&self.id),
            Field::TinyId => Reading::Text(self.tiny_id.to_string().into()),
            Field::Alias => said(self.alias()),
            Field::Message => said(&self.message),
            Field::Description => said(&self.description),
            Field::Source => said(&self.source),
            Field::Entity => said(&self.entity),
            Field::AlertStatus => said(self.status.name()),
            Field::Owner => said(&self.owner),
            Field::AcknowledgedBy => by(|report| report.acknowledged_by.as_ref()),
            Field::ClosedBy => by(|report| report.closed_by.as_ref()),
            Field::IsSeen => Reading::Flag(self.is_seen),
            Field::Acknowledged => Reading::Flag(self.acknowledged),
            Field::Snoozed => Reading::Flag(self.snoozed_until_ms.is_some()),
            Field::Teams => names(self.teams.iter().map(|id| &**id), teams),
            Field::Priority => said(self.priority.name()),
            Field::Tag => Reading::Texts(self.tags.iter().map(|tag| &**tag).collect()),
            Field::IntegrationName => {
                self.integration.as_ref().map_or(Reading::Nothing, |from| said(&from.name))
            }
            Field::IntegrationType => {
                self.integration.as_ref().map_or(Reading::Nothing, |from| said(&from.kind))
            }
            Field::DetailsKey => Reading::Texts(self.details.iter().map(|(key, _)| &**key).collect()),
            Field::DetailsValue => Reading::Texts(self.details.iter().map(|(_, value)| &**value).collect()),
            Field::IncidentStatus | Field::Services => Reading::Nothing,
        }
    }
}

impl Incident {
    pub(in crate::sandbox::opsgenie) fn read<'a>(&'a self, field: Field, world: &'a World) -> Reading<'a> {
        match field {
            Field::CreatedAt => Reading::Number(self.created_ms),
            Field::Id => said(&self.id),
            Field::TinyId => Reading::Text(self.tiny_id.to_string().into()),
            Field::Message => said(&self.message),
            Field::Description => said(&self.description),
            Field::IncidentStatus => said(self.status.name()),
            Field::Priority => said(self.priority.name()),
            Field::Tag => Reading::Texts(self.tags.iter().map(|tag| &**tag).collect()),
            Field::Teams => names(std::iter::once(&*self.owner_team), &world.teams),
            Field::Services => {
                let named = |id: &crate::sandbox::Text| {
                    let mut services = world.services.iter();
                    services.find(|service| service.id == *id).map(|service| &*service.name)
                };
                Reading::Texts(self.impacted_services.iter().filter_map(named).collect())
            }
            _ => Reading::Nothing,
        }
    }
}
