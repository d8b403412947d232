//! The fields that a search may name, per kind, and what their values look like.

use crate::model::Kind;

/// A field of the search language, as "Alerts Search Query Help" on <https://docs.opsgenie.com/docs/alerts-search-query-help>
/// and <https://support.atlassian.com/opsgenie/docs/search-syntax-for-incidents/> list them.
///
/// In the order in which a query names them: first those of Port's integration, in its order, then the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `createdAt`.
    CreatedAt,
    /// `lastOccurredAt` of an alert: when it was last counted up.
    LastOccurredAt,
    /// `snoozedUntil` of an alert.
    SnoozedUntil,
    /// `message`.
    Message,
    /// `status`: open or closed; an incident may be resolved too.
    Status,
    /// `isSeen` of an alert.
    IsSeen,
    /// `acknowledged` of an alert.
    Acknowledged,
    /// `snoozed` of an alert.
    Snoozed,
    /// `priority`.
    Priority,
    /// `owner` of an alert: a username.
    Owner,
    /// `teams`: names of the teams of an alert, or of the owner team of an incident.
    Teams,
    /// `acknowledgedBy` of an alert: a username.
    AcknowledgedBy,
    /// `closedBy` of an alert: a username.
    ClosedBy,
    /// `alertId` of an alert.
    AlertId,
    /// `id` of an incident.
    IncidentId,
    /// `tinyId`, which is given out again after a while.
    TinyId,
    /// `alias` of an alert; it finds open alerts only.
    Alias,
    /// `count` of an alert: how often it was raised.
    Count,
    /// `description`.
    Description,
    /// `source` of an alert.
    Source,
    /// `entity` of an alert.
    Entity,
    /// `recipients` of an alert: usernames.
    Recipients,
    /// `tag`.
    Tag,
    /// `integration.name` of an alert.
    IntegrationName,
    /// `integration.type` of an alert.
    IntegrationType,
    /// `actions`.
    Actions,
    /// `details.key`: a key of the extra properties.
    DetailsKey,
    /// `details.value`: a value of the extra properties.
    DetailsValue,
    /// `services` of an incident: names of the services it impacts.
    Services,
    /// `postmortemRequired` of an incident.
    PostmortemRequired,
    /// `postmortemStatus` of an incident.
    PostmortemStatus,
    /// `postmortemPublishDueDate` of an incident.
    PostmortemPublishDueDate,
}

/// What the values of a field look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A point or a stretch of time.
    Time,
    /// A whole number.
    Count,
    /// True or false.
    Flag,
    /// One of a closed set of words.
    Choice(&'static [&'static str]),
    /// An id or a name that may hold a comma.
    Name,
    /// A name of which several may stand in one text, with commas between.
    Names,
    /// Words of a sentence.
    Words,
}

const PRIORITIES: Form = Form::Choice(&["P1", "P2", "P3", "P4", "P5"]);

impl Field {
    /// Every field, in the order in which a query names them.
    pub const ALL: [Self; 32] = [
        Self::CreatedAt,
        Self::LastOccurredAt,
        Self::SnoozedUntil,
        Self::Message,
        Self::Status,
        Self::IsSeen,
        Self::Acknowledged,
        Self::Snoozed,
        Self::Priority,
        Self::Owner,
        Self::Teams,
        Self::AcknowledgedBy,
        Self::ClosedBy,
        Self::AlertId,
        Self::IncidentId,
        Self::TinyId,
        Self::Alias,
        Self::Count,
        Self::Description,
        Self::Source,
        Self::Entity,
        Self::Recipients,
        Self::Tag,
        Self::IntegrationName,
        Self::IntegrationType,
        Self::Actions,
        Self::DetailsKey,
        Self::DetailsValue,
        Self::Services,
        Self::PostmortemRequired,
        Self::PostmortemStatus,
        Self::PostmortemPublishDueDate,
    ];

    /// The name in the search language.
    pub fn name(self) -> &'static str {
        match self {
            Self::CreatedAt => "createdAt",
            Self::LastOccurredAt => "lastOccurredAt",
            Self::SnoozedUntil => "snoozedUntil",
            Self::Message => "message",
            Self::Status => "status",
            Self::IsSeen => "isSeen",
            Self::Acknowledged => "acknowledged",
            Self::Snoozed => "snoozed",
            Self::Priority => "priority",
            Self::Owner => "owner",
            Self::Teams => "teams",
            Self::AcknowledgedBy => "acknowledgedBy",
            Self::ClosedBy => "closedBy",
            Self::AlertId => "alertId",
            Self::IncidentId => "id",
            Self::TinyId => "tinyId",
            Self::Alias => "alias",
            Self::Count => "count",
            Self::Description => "description",
            Self::Source => "source",
            Self::Entity => "entity",
            Self::Recipients => "recipients",
            Self::Tag => "tag",
            Self::IntegrationName => "integration.name",
            Self::IntegrationType => "integration.type",
            Self::Actions => "actions",
            Self::DetailsKey => "details.key",
            Self::DetailsValue => "details.value",
            Self::Services => "services",
            Self::PostmortemRequired => "postmortemRequired",
            Self::PostmortemStatus => "postmortemStatus",
            Self::PostmortemPublishDueDate => "postmortemPublishDueDate",
        }
    }

    /// The field that a mapping names: in the spelling of the search language, or in `snake_case`, which Port's
    /// integration writes.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name || snake_case(field.name()) == name)
    }

    /// The fields of a kind, in the order in which a query names them. Only alerts and incidents have any.
    pub fn of(kind: Kind) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |field| field.form(kind).is_some())
    }

    /// What its values look like; nothing when the kind has no such field.
    pub fn form(self, kind: Kind) -> Option<Form> {
        match kind {
            Kind::Alert => self.form_of_alerts(),
            Kind::Incident => self.form_of_incidents(),
            Kind::Service
            | Kind::Team
            | Kind::Schedule
            | Kind::ScheduleOncall
            | Kind::User
            | Kind::WebhookEvent => None,
        }
    }

    fn form_of_alerts(self) -> Option<Form> {
        Some(match self {
            Self::CreatedAt | Self::LastOccurredAt | Self::SnoozedUntil => Form::Time,
            Self::Count => Form::Count,
            Self::IsSeen | Self::Acknowledged | Self::Snoozed => Form::Flag,
            Self::Status => Form::Choice(&["open", "closed"]),
            Self::Priority => PRIORITIES,
            Self::AlertId
            | Self::TinyId
            | Self::Alias
            | Self::Source
            | Self::Entity
            | Self::IntegrationName
            | Self::IntegrationType
            | Self::Actions
            | Self::DetailsKey
            | Self::DetailsValue => Form::Name,
            Self::Owner
            | Self::Teams
            | Self::AcknowledgedBy
            | Self::ClosedBy
            | Self::Recipients
            | Self::Tag => Form::Names,
            Self::Message | Self::Description => Form::Words,
            Self::IncidentId
            | Self::Services
            | Self::PostmortemRequired
            | Self::PostmortemStatus
            | Self::PostmortemPublishDueDate => return None,
        })
    }

    fn form_of_incidents(self) -> Option<Form> {
        Some(match self {
            Self::CreatedAt | Self::PostmortemPublishDueDate => Form::Time,
            Self::PostmortemRequired => Form::Flag,
            Self::Status => Form::Choice(&["open", "resolved", "closed"]),
            Self::Priority => PRIORITIES,
            Self::PostmortemStatus => Form::Choice(&["draft", "in-review", "published", "no-postmortem"]),
            Self::IncidentId | Self::TinyId | Self::Actions | Self::DetailsKey | Self::DetailsValue => {
                Form::Name
            }
            Self::Teams | Self::Services | Self::Tag => Form::Names,
            Self::Message | Self::Description => Form::Words,
            Self::LastOccurredAt
            | Self::SnoozedUntil
            | Self::IsSeen
            | Self::Acknowledged
            | Self::Snoozed
            | Self::Owner
            | Self::AcknowledgedBy
            | Self::ClosedBy
            | Self::AlertId
            | Self::Alias
            | Self::Count
            | Self::Source
            | Self::Entity
            | Self::Recipients
            | Self::IntegrationName
            | Self::IntegrationType => return None,
        })
    }
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_neither_spelling_is_none() {
        for name in [
            "",
            "created-at",
            "CREATEDAT",
            "createdat",
            "is__seen",
            "isseen",
            "tags",
            "updatedAt",
            "_message",
        ] {
            assert_eq!(Field::named(name), None, "{name}");
        }
    }

    #[test]
    fn both_spellings_name_a_field() {
        for field in Field::ALL {
            assert_eq!(Field::named(field.name()), Some(field));
            assert_eq!(Field::named(&snake_case(field.name())), Some(field));
        }
        assert_eq!(Field::named("is_seen"), Some(Field::IsSeen));
        assert_eq!(Field::named("last_occurred_at"), Some(Field::LastOccurredAt));
    }

    #[test]
    fn fields_stand_in_the_order_of_a_query_and_belong_to_some_kind() {
        assert!(Field::ALL.is_sorted());
        for field in Field::ALL {
            assert!(
                [Kind::Alert, Kind::Incident].iter().any(|kind| field.form(*kind).is_some()),
                "{field:?}"
            );
        }
        for kind in [Kind::Service, Kind::Team, Kind::Schedule, Kind::ScheduleOncall, Kind::User] {
            assert_eq!(Field::of(kind).next(), None);
        }
    }
}
