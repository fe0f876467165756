//! What the compiler makes of operations, and what it refuses.

use anyhow::Result;
use serde_json::Value;

use crate::{bundle, files, operation, source};
use protocol::contract::{Idempotency, Operation};

/// The bundle of a file and common.yaml.
fn bundled(file: &Value) -> Result<Value> {
    bundle::assemble(files::read(files::COMMON)?, vec![("x".into(), file.clone())])
}

/// Compiles a file together with common.yaml.
fn compile(yaml: &str) -> Result<Vec<Operation>> {
    let file = files::parse(yaml)?;
    operation::all(&bundled(&file)?, &file)
}

/// An operation with this body schema and these additional lines.
fn with_body(schema: &str, more: &str) -> String {
    format!(
        "paths: {{ /x: {{ post: {{ operationId: make-x, x-limit-class: write, responses: {{}},\n\
         requestBody: {{ content: {{ application/json: {{ schema: {schema} }} }} }}, {more} }} }} }}"
    )
}

#[track_caller]
fn refuse(yaml: &str, expected: &str) {
    let error = format!("{:#}", compile(yaml).expect_err("must be refused"));
    assert!(error.contains(expected), "{error}");
}

#[track_caller]
fn refuse_schema(schema: &str, expected: &str) {
    refuse(
        &with_body(schema, ""),
        &format!("POST /x (make-x): requestBody: application/json: {expected}"),
    );
}

#[test]
fn what_the_validator_cannot_check_is_refused() {
    assert!(compile(&with_body("{ type: string, minLength: 1 }", "")).is_ok());
    refuse_schema("{ type: string, pattern: x }", "keyword `pattern`");
    refuse_schema("{ type: string, x-spelling: camel }", "x-spelling \"camel\" is not known");
    refuse_schema("{ oneOf: [true] }", "keyword `oneOf`");
    refuse_schema("{ type: integer, exclusiveMinimum: 1 }", "keyword `exclusiveMinimum`");
    refuse_schema("{ type: integer, minimum: 1.5 }", "keyword `minimum` has an unusable value");
    refuse_schema("{ type: string, format: ipv4 }", "format `ipv4`");
    refuse_schema("{ type: [string, integer] }", "type [\"string\",\"integer\"]");
    refuse_schema("{ type: string, enum: [a, 1] }", "keyword `enum` has an unusable value");
    refuse_schema("{ type: array }", "keyword `items` is missing");
    refuse_schema("{ type: object }", "keyword `additionalProperties` is missing");
    refuse_schema(
        "{ type: object, additionalProperties: false, required: [a] }",
        "keyword `required`",
    );
    refuse_schema("{ properties: {} }", "keyword `properties`");
    refuse_schema(
        "{ type: object, additionalProperties: false, properties: { a: { not: true } } }",
        "property a: keyword `not`",
    );
    refuse_schema(
        "{ $ref: 'common.yaml#/components/schemas/Timestamp' }",
        "#/components/schemas/Timestamp: keyword `pattern`",
    );
}

#[test]
fn an_operation_may_cost_more_and_demand_a_key() {
    let yaml = with_body("{ type: string }", "x-cost: 5, x-idempotent: required");
    let [operation] = compile(&yaml).expect("fits").try_into().expect("one operation");
    assert_eq!((operation.limit.cost, operation.idempotency), (5, Idempotency::Required));
    // The gateway asks for the key, so it is no parameter of the function.
    assert!(operation.parameters.is_empty(), "{:?}", operation.parameters);
    let document = bundled(&files::parse(&yaml).unwrap()).unwrap();
    let mut told = document["paths"]["/x"]["post"]["parameters"].as_array().unwrap().iter();
    let key = told.find(|parameter| parameter["name"] == "Idempotency-Key");
    assert_eq!(key.unwrap()["required"], true);
}

#[test]
fn operations_that_the_gateway_cannot_serve_are_refused() {
    refuse(&with_body("true", "x-limit-clas: read"), "keyword `x-limit-clas`");
    refuse(&with_body("true", "x-idempotent: maybe"), "`x-idempotent`");
    refuse(&with_body("true", "x-idempotent: false"), "`x-idempotent`");
    refuse(&with_body("true", "x-cache: 'public, max-age=300'"), "`x-cache` is for GET");
    refuse(&with_body("true", "x-cache: forever"), "`x-cache` is neither");
    refuse(&with_body("true", "x-cost: 1"), "`x-cost`");
    refuse(&with_body("true", "x-cost: many"), "`x-cost`");
    refuse(&with_body("true", "security: [{ client: [] }]"), "`security` must be");
    refuse(&with_body("true", "parameters: [{ name: a, in: cookie }]"), "parameter a: `in`");
    refuse(
        &with_body("true", "parameters: [{ name: X-Request-Metadata, in: header, schema: true }]"),
        "only the gateway",
    );
    refuse(
        &with_body(
            "true",
            "parameters: [{ name: a, in: path, required: true, schema: { type: string } }]",
        ),
        "path parameters",
    );
    refuse(
        &with_body(
            "true",
            "parameters: [{ name: a, in: query, schema: { type: array, items: { type: string } } }]",
        ),
        "explode: false",
    );
    refuse("paths: { /x: { head: {} } }", "HEAD /x (no operationId): is not a method");
    for id in ["GetX", "get_x", "get--x", "get-", "1-x"] {
        let yaml = format!("paths: {{ /x: {{ get: {{ operationId: {id} }} }} }}");
        refuse(&yaml, "is not kebab-case");
    }
    refuse("paths: { /x: { get: { operationId: get-x } } }", "`x-limit-class`");
    refuse(
        "paths: { /x: { servers: [{ url: /elsewhere }], get: { operationId: get-x, security: [], x-limit-class: read, responses: {} } } }",
        "server `/elsewhere`",
    );
    refuse("info: {}", "info belongs into common.yaml");
}

#[test]
fn files_must_fit_together() {
    refuse("components: { schemas: { Error: true } }", "Error is in another file too");
    refuse("components: { schemas: { X: { $ref: '#/components/schemas/Y' } } }", "leads nowhere");
    refuse("components: { schemas: { X: { $ref: 'other.yaml#/X' } } }", "other.yaml#/X is neither");
    let schema = "{ $ref: '#/components/schemas/X' }";
    let own = format!("components: {{ schemas: {{ X: {{ type: array, items: {schema} }} }} }}");
    refuse(&format!("{own}\n{}", with_body(schema, "")), "refers to itself");
    refuse("a: 1\na: 2", "duplicate");
}

#[test]
fn an_operation_without_security_needs_a_token() {
    let operations = compile(&with_body("true", "")).unwrap();
    assert!(!operations[0].public && operations[0].scopes.is_empty());
    for public in ["[]", "[{}]", "[{}, { client: [] }]"] {
        let operations = compile(&with_body("true", &format!("security: {public}"))).unwrap();
        assert!(operations[0].public, "{public}");
    }
}

#[test]
fn the_generated_code() {
    let schema = "{ type: object, additionalProperties: false, required: [a], properties: \
                  { a: { type: [string, 'null'], format: email }, b: { type: integer, minimum: 1 } } }";
    let operations = compile(&with_body(schema, "")).unwrap();
    let expected = r#"/// The operations of openapi/x.yaml, from which this file was generated.
#[allow(unreachable_pub, reason = "the including module may be private")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `POST /x`
    MakeX,
}

impl K::Operations for Op {
    const RECORDER: &'static str = "y";
    const ALL: &'static [(Self, K::Operation)] = &[
        (Self::MakeX, K::Operation { id: "make-x", method: "POST", path: "/x", version: 1, public: false, scopes: &[], limit: K::Limit { class: "write", per_minute: 30, burst: 30, cost: 1 }, idempotency: K::Idempotency::Unsupported, query: K::Query::Declared, if_match: false, cache: None, consumes: &["application/json"], produces: &[], shape: Some(K::Shape { collection: "", is_addressed: false, is_page: false, is_numbered: false, enums: &[], maps: &[], relations: &[] }), parameters: &[], body: Some(K::Body { required: false, validate: true, schema: &K::Schema::Object { properties: &[K::Property { name: "a", required: true, shown: false, schema: &K::Schema::Nullable(&K::Schema::String { min_length: 0, max_length: None, format: Some(K::Format::Email), visible: false, one_of: &[] }) }, K::Property { name: "b", required: false, shown: true, schema: &K::Schema::Integer { min: Some(1), max: None } }], additional: None, min_properties: 0, any_of: &[] } }) }),
    ];
}
"#;
    assert_eq!(
        source::module("x", "y", &operations, &[]).replace("::kit::contract", "K"),
        expected
    );
}

#[test]
fn fields_are_constants_with_their_types() {
    let text = crate::module("projects").expect("the contract of projects");
    let (_, project) = text.split_once("pub mod project {").expect("the fields of projects");
    for (name, holds) in [
        ("DESCRIPTION", "Option<String>"),
        ("LABELS", "::kit::column::Map"),
        ("STATUS", "String"),
        ("TAGS", "Vec<String>"),
        ("UPDATED_AT", "i64"),
    ] {
        let constant = format!("pub const {name}: ::kit::Column<{holds}> = ");
        assert!(project.contains(&constant), "{name}");
    }
    // A synonym is no constant, and its column is that of the field that it repeats.
    let column = |name: &str| {
        let (_, field) = text.split_once(&format!("name: {name:?}, column: ")).expect("a field");
        field.split(',').next().map(str::to_owned)
    };
    assert!(!project.contains("const TITLE"));
    assert_eq!(column("title"), column("name"));
}
