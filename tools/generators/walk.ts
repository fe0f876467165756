// What the walks of both TypeScript clients share.
import { deepStrictEqual } from 'node:assert/strict';

export const origin: string = process.argv[2] ?? '';

export const person = (name: string) => ({
    email: `${name}@example.com`,
    password: 'correct horse battery staple',
    tenant_name: 'Example Energy',
});

export const equal: (found: unknown, expected: unknown) => void = deepStrictEqual;

export function present<T>(value: T | null | undefined): T {
    if (value === null || value === undefined) throw new Error('there is no value');
    return value;
}

export const finished = (name: string) => console.log(`ok  ${name}`);
