// Whether Spectral found in each copy of `break.cjs` what was broken, and nothing else:
// `node judge.cjs FOUND FOLDER`, with what it found as JSON.
const fs = require('fs');
const path = require('path');
const [, , report, folder] = process.argv;
const found = JSON.parse(fs.readFileSync(report));
const copies = fs.readdirSync(folder);
let wrong = copies.length === 0;
for (const file of copies) {
    const name = path.basename(file, '.json');
    const expected = name === 'nothing' ? [] : [name];
    const codes = [...new Set(found.filter((one) => path.basename(one.source) === file).map((one) => one.code))];
    const right = JSON.stringify(codes) === JSON.stringify(expected);
    console.error(`${right ? 'ok' : 'WRONG'}  ${name}: found ${codes.join(', ') || 'nothing'}`);
    wrong ||= !right;
}
process.exit(wrong ? 1 : 0);
