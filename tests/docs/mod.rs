mod get_api_docs;
mod get_error;
mod get_native_openapi;
mod get_openapi;
mod list_errors;
