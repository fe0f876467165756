mod create_client;
mod get_jwks;
mod issue_token;
mod login;
mod register;
