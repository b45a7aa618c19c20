// Files of tokens, as kube-apiserver's --token-auth-file reads them.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readTokenFile } from '../../../../src/cluster/apiserver/authentication/static-tokens.ts';

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-tokens-'));
afterAll(() => fs.rmSync(directory, { recursive: true }));

function file(text: string): string {
  const name = path.join(directory, 'tokens.csv');
  fs.writeFileSync(name, text);
  return name;
}

describe('a line', () => {
  it.each([
    ['token,user,uid', ['user', 'uid', []]],
    ['token,user,uid,', ['user', 'uid', []]],
    ['token,user,uid,one', ['user', 'uid', ['one']]],
    ['token,user,uid,"one,two"', ['user', 'uid', ['one', 'two']]],
    [' token , user , uid ,one', ['user', 'uid', ['one']]],
    ['token,"a ""b""",uid', ['a "b"', 'uid', []]],
  ] as const)('%s', (line, [username, uid, groups]) => {
    expect(readTokenFile(file(`${line}\n\n`))['token']).toEqual({ username, uid, groups: [...groups, 'system:authenticated'] });
  });

  it.each([
    ['token,user', ':1: needs a token, a user name and a user uid'],
    ['token,user,uid\n\n,user,uid', ':3: the token is empty'],
  ])('%j is refused', (text, why) => {
    expect(() => readTokenFile(file(text))).toThrow(why);
  });
});

it('a file that is not there is told', () => {
  expect(() => readTokenFile(path.join(directory, 'nosuch'))).toThrow('the file of tokens cannot be read: ENOENT');
});
