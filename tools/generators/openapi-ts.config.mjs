// How @hey-api/openapi-ts writes its client: names of files with their ending, as Node reads them.
export default {
    output: { path: 'hey', importFileExtension: '.js' },
    plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
};
