import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMysqlDsn, showMysql, tlsChecks } from '../../src/formats/mysqlDsn.ts';

const plain = {
  user: 'root',
  password: 'pw',
  host: 'db.local',
  port: 3307,
  socket: undefined,
  database: 'milvus',
  tls: 'off',
};

test('both forms', () => {
  assert.deepEqual(
    parseMysqlDsn('root:pw@tcp(db.local:3307)/milvus?charset=utf8mb4&parseTime=True&loc=Asia/Shanghai'),
    plain,
  );
  assert.deepEqual(parseMysqlDsn('mysql://root:pw@db.local:3307/milvus'), plain);
  assert.deepEqual(parseMysqlDsn('mysql+pymysql://root:pw@db.local:3307/milvus?charset=utf8'), plain);
});

test('defaults, sockets, IPv6, TLS', () => {
  assert.equal(parseMysqlDsn('root@tcp(h)/m').port, 3306);
  assert.equal(parseMysqlDsn('/m').host, '127.0.0.1');
  assert.equal(parseMysqlDsn('u:p@unix(/run/mysqld.sock)/m').socket, '/run/mysqld.sock');
  assert.deepEqual(
    [parseMysqlDsn('u@tcp([::1]:3308)/m').host, parseMysqlDsn('mysql://u@[::1]:3308/m').port],
    ['::1', 3308],
  );
  assert.equal(parseMysqlDsn('u@tcp(h)/m?tls=true').tls, 'verify');
  assert.equal(parseMysqlDsn('mysql://u@h/m?tls=skip-verify').tls, 'skip-verify');
  for (const [word, tls] of [
    ['VERIFY_IDENTITY', 'verify'],
    ['VERIFY_CA', 'verify-ca'],
    ['REQUIRED', 'skip-verify'],
    ['DISABLED', 'off'],
  ])
    assert.equal(parseMysqlDsn(`mysql://u@h/m?ssl-mode=${word}`).tls, tls);
});

test('a certificate is held against the name of the host where that is asked for', () => {
  const checks = (words: string) => tlsChecks(parseMysqlDsn(`mysql://u@${words}`));
  const [named, signed] = [true, false].map((verifyIdentity) => ({ rejectUnauthorized: true, verifyIdentity }));
  for (const words of ['db/m?tls=true', 'db.here/m?ssl-mode=VERIFY_IDENTITY']) assert.deepEqual(checks(words), named);
  for (const words of ['db/m?ssl-mode=VERIFY_CA', '10.0.0.1/m?tls=true', '[::1]:3306/m?tls=true'])
    assert.deepEqual(checks(words), signed);
  assert.equal(checks('db/m?tls=skip-verify')?.rejectUnauthorized, false);
  assert.equal(checks('db/m'), undefined);
});

test('passwords keep their special characters', () => {
  assert.equal(parseMysqlDsn('u:p@ss:w/rd(1)@tcp(h:1)/m').password, 'p@ss:w/rd(1)');
  assert.equal(parseMysqlDsn('mysql://u:p@ss:w#rd@h:1/m').password, 'p@ss:w#rd');
  assert.equal(parseMysqlDsn('mysql://u:p%40ss%2Fx@h/m').password, 'p@ss/x');
  assert.equal(parseMysqlDsn('mysql://u:100%@h/m').password, '100%');
  // No UTF-8, so it was not encoded.
  assert.equal(parseMysqlDsn('mysql://u:p%E9x@h/m').password, 'p%E9x');
});

test('the password is shown nowhere', () => {
  assert.equal(showMysql(parseMysqlDsn('root:hidden@tcp(h:3306)/m')), 'mysql://root@h:3306/m');
  for (const text of [
    'root:hidden',
    'root:hidden@tcp(h:3306)',
    'root:hidden@udp(h:1)/m',
    'mysql://root:hidden@h',
    'mysql://root:hidden@/m',
    'mysql://root:hidden@h:99999/m',
    'root:hidden@tcp(a:b:c)/m',
  ])
    assert.throws(
      () => parseMysqlDsn(text),
      (error: Error & { code: string }) =>
        error.code === 'E_CONFIG' && !JSON.stringify([error, error.message, error.stack]).includes('hidden'),
    );
});
