//! `selector`: which records count, and what is asked of the source.

use super::fault::{MappingFault, MappingProblem};
use super::node::Node;
use super::read::{MappingReader, Read};
use super::{ApiQuery, ApiQueryField, Expr, Selector};
use crate::config::reader::quoted;
use crate::model::Kind;

/// `exportEnvVariables` belongs to a service of Port that has no meaning here.
pub(super) const SELECTOR_KEYS: [&str; 5] =
    ["query", "includeMembers", "includeDetails", "apiQueryParams", "exportEnvVariables"];
/// The kinds for which `includeMembers` means something.
pub(super) const MEMBERS_OF: [Kind; 1] = [Kind::Team];
/// The kinds for which `includeDetails` means something.
pub(super) const DETAILS_OF: [Kind; 1] = [Kind::Alert];
/// The kinds for which `apiQueryParams` means something.
pub(super) const PARAMETERS_OF: [Kind; 3] = [Kind::Alert, Kind::Incident, Kind::Schedule];

impl MappingReader<'_> {
    pub(super) fn selector(&mut self, node: &Node<'_>, kind: Option<Kind>) -> Read<Selector> {
        self.object(node)?;
        self.unknown_keys(node, &SELECTOR_KEYS);
        let query = if let Some(query) = node.get("query") {
            self.expr(&query).ok()
        } else {
            let hint = "write `query: \"true\"` to take every record".to_owned();
            let problem = MappingProblem::Missing("query".to_owned());
            self.blame(problem, self.locator.key(&node.steps), Some(hint));
            None
        };
        let members = node.get("includeMembers");
        let include_members = members.as_ref().is_some_and(|members| self.boolean(members).unwrap_or(false));
        self.only_for(&MEMBERS_OF, kind, members.as_ref());
        let details = node.get("includeDetails");
        let include_details = details.as_ref().is_some_and(|details| self.boolean(details).unwrap_or(false));
        self.only_for(&DETAILS_OF, kind, details.as_ref());
        let parameters = node.get("apiQueryParams").filter(|parameters| self.object(parameters).is_ok());
        self.only_for(&PARAMETERS_OF, kind, parameters.as_ref());
        let (expand_rotation, api_query) = match (&parameters, kind) {
            (Some(parameters), Some(Kind::Schedule)) => (self.expand(parameters).unwrap_or(false), None),
            (Some(parameters), Some(Kind::Alert | Kind::Incident)) => {
                (false, Some(self.api_query(parameters)))
            }
            _ => (false, None),
        };
        let query = query.unwrap_or_else(|| Expr::stand_in("true", &self.locator.value(&node.steps)));
        Ok(Selector { query, include_members, include_details, expand_rotation, api_query })
    }

    /// `expand: rotation`, the one parameter of a listing of schedules.
    fn expand(&mut self, parameters: &Node<'_>) -> Read<bool> {
        self.unknown_keys(parameters, &["expand"]);
        let Some(expand) = parameters.get("expand") else { return Ok(false) };
        match expand.value.as_str() {
            Some("rotation") => Ok(true),
            Some(other) => {
                let problem = MappingProblem::OutOfBounds {
                    key: "expand".to_owned(),
                    expected: "`rotation`",
                    found: other.to_owned(),
                };
                Err(self.blame(problem, self.locator.value(&expand.steps), None))
            }
            None => Err(self.wrong_type(&expand, "a text")),
        }
    }

    fn api_query(&mut self, parameters: &Node<'_>) -> ApiQuery {
        let fields = parameters.entries().filter(|(_, node)| !node.value.is_null()).map(|(name, node)| {
            ApiQueryField {
                name: name.clone(),
                value: node.value.clone(),
                name_place: self.locator.key(&node.steps),
                value_place: self.locator.value(&node.steps),
            }
        });
        ApiQuery { fields: fields.collect(), place: self.locator.value(&parameters.steps) }
    }

    fn only_for(&mut self, kinds: &[Kind], kind: Option<Kind>, node: Option<&Node<'_>>) {
        if let (Some(kind), Some(node)) = (kind, node)
            && !kinds.contains(&kind)
        {
            let place = self.locator.key(&node.steps);
            let problem = MappingProblem::MisplacedKey { key: node.key(), kind: kind.name() };
            let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
            let hint = Some(format!("it is for {}", quoted(&names)));
            self.warnings.push(MappingFault { problem, place, hint });
        }
    }
}
