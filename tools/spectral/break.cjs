// Makes a broken copy of the contract for each rule of .spectral.yml, and one that is right:
// `node break.cjs CONTRACT FOLDER`. The copies have one answer and what it refers to: Spectral
// compiles a schema for each example, which takes it half a minute for the whole contract.
const fs = require('fs');
const [, , file, folder] = process.argv;
const text = fs.readFileSync(file);

// The contract of one answer, with the components that it leads to.
const small = () => {
    const contract = JSON.parse(text);
    const all = contract.components;
    const item = contract.paths['/openapi.json'];
    item.get.responses = { 200: item.get.responses[200] };
    contract.paths = { '/openapi.json': item };
    delete contract.webhooks;
    contract.components = { securitySchemes: all.securitySchemes };
    const follow = (value) => {
        if (value === null || typeof value !== 'object') return;
        const [, kind, name] = (typeof value.$ref === 'string' && value.$ref.match(/^#\/components\/([^/]+)\/([^/]+)$/)) || [];
        if (name && !contract.components[kind]?.[name]) {
            (contract.components[kind] ??= {})[name] = all[kind][name];
            follow(all[kind][name]);
        }
        Object.values(value).forEach(follow);
    };
    follow(contract.paths);
    return contract;
};

const operation = (contract) => contract.paths['/openapi.json'].get;
const answer = (contract) => {
    const response = operation(contract).responses[200];
    const shared = (response.$ref || '').split('/').pop();
    return (shared ? contract.components.responses[shared] : response).content['application/json'];
};
const tag = (contract) => {
    contract.tags.push({ name: 'ai', description: 'Answers of models.' });
    operation(contract).tags = ['ai'];
};

// Each has the name of the rule that must find it; the last must be found by none.
const copies = {
    'info-version-semver': (contract) => { contract.info.version = '1.0'; },
    'operation-id-kebab-case': (contract) => { operation(contract).operationId = 'getOpenapi'; },
    'response-examples': (contract) => { delete answer(contract).example; },
    'ai-metadata': tag,
    'nothing': (contract) => {
        tag(contract);
        const names = ['model_id', 'model_version', 'confidence'];
        const properties = Object.fromEntries(names.map((name) => [name, {}]));
        const metadata = { type: 'object', required: names, properties };
        const content = answer(contract);
        content.schema = { allOf: [content.schema, metadata] };
        Object.assign(content.example, { model_id: 'm', model_version: '1', confidence: 0.9 });
    },
};
for (const [name, change] of Object.entries(copies)) {
    const contract = small();
    change(contract);
    fs.writeFileSync(`${folder}/${name}.json`, JSON.stringify(contract));
}
