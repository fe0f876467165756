//! The users and teams of a tenant, and its notices about the service.

mod contract;
mod lifecycle;
mod notices;
mod settings;
mod users;

use contract::{NOTICES, Op, TEAMS, USERS};
use kit::{Call, no_rule};

kit::function!(Op, dispatch, settings::SETTINGS);

async fn dispatch(op: Op, call: Call) -> kit::Result {
    match op {
        Op::ListUsers => USERS.list(&call),
        Op::CreateUser => USERS.create(&call, users::rule),
        Op::GetUser => USERS.read(&call),
        Op::ReplaceUser => USERS.replace(&call, users::rule),
        Op::UpdateUser => USERS.merge(&call, users::rule),
        Op::DeleteUser => USERS.delete(&call, users::rule),
        Op::GetUserManager | Op::ListUserTeams => USERS.related(&call),
        Op::ListTeams => TEAMS.list(&call),
        Op::CreateTeam => TEAMS.create(&call, no_rule),
        Op::GetTeam => TEAMS.read(&call),
        Op::ReplaceTeam => TEAMS.replace(&call, no_rule),
        Op::UpdateTeam => TEAMS.merge(&call, no_rule),
        Op::DeleteTeam => TEAMS.delete(&call, no_rule),
        Op::GetTeamLead => TEAMS.related(&call),
        Op::ListNotices => notices::list(&call),
        Op::GetNotice => NOTICES.read(&call),
    }
}
