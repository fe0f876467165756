// An authorization server whose user says yes to everything, or no where `login_hint` asks for
// it; and a browser that goes where it is sent until it comes to the client's own page.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

// It warns that this is no server for production.
console.info = console.warn = () => {};

const CONNECTED = 'https://app.example.com/connected';

// `long` gets tokens of an hour, `short` such as are about to end.
const client = (client_id, token_endpoint_auth_method) => ({
    client_id,
    client_secret: `${client_id} secret`,
    token_endpoint_auth_method,
    redirect_uris: [CONNECTED],
    grant_types: ['authorization_code', 'refresh_token'],
});

function serve(port) {
    const server = createServer().listen(port, '127.0.0.1', () => {
        const issuer = `http://127.0.0.1:${server.address().port}`;
        const provider = new Provider(issuer, {
            clients: [client('long', 'client_secret_basic'), client('short', 'client_secret_post')],
            cookies: { keys: ['of this process'] },
            features: {
                devInteractions: { enabled: false },
                introspection: { enabled: true },
                revocation: { enabled: true },
            },
            interactions: { url: (_, { uid }) => `/interaction/${uid}` },
            pkce: { required: () => true },
            rotateRefreshToken: true,
            ttl: { AccessToken: (_, __, { clientId }) => (clientId === 'short' ? 30 : 3600) },
        });
        const answer = provider.callback();
        server.on('request', async (request, response) => {
            if (!request.url.startsWith('/interaction/')) return answer(request, response);
            const { params, prompt, session } = await provider.interactionDetails(request, response);
            let result = { login: { accountId: 'ada' } };
            if (params.login_hint === 'unwilling') {
                result = { error: 'access_denied' };
            } else if (prompt.name === 'consent') {
                const { accountId } = session;
                const grant = new provider.Grant({ accountId, clientId: params.client_id });
                grant.addOIDCScope(params.scope);
                result = { consent: { grantId: await grant.save() } };
            }
            await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
        });
        console.log(issuer);
    });
}

async function browse(url) {
    const jar = new Map();
    while (!url.startsWith(CONNECTED)) {
        const cookie = [...jar].map((pair) => pair.join('=')).join('; ');
        const response = await fetch(url, { headers: { cookie }, redirect: 'manual' });
        for (const set of response.headers.getSetCookie()) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(set);
            jar.set(name, value);
        }
        const next = response.headers.get('location');
        if (next === null) throw new Error(`${response.status} ${await response.text()}`);
        url = new URL(next, url).href;
    }
    console.log(url);
}

const [what, argument] = process.argv.slice(1);
await (what === 'serve' ? serve(Number(argument)) : browse(argument));
