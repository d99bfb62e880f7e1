// SPDX-License-Identifier: MIT
//
// Compares Parquet files, as hyparquet reads them, with the JSON that they were
// made of: for each FOLDER/<n>.parquet the rows of <n>.json, by the columns of
// <n>.schema. Prints what differs, and in the end how many rows are the same.
//
//   node parquet_hyparquet.mjs MODULES FOLDER
//
// `node parquet_hyparquet.mjs MODULES` exits with 77 where hyparquet is not installed.
import {readdirSync, readFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';

const [modules, folder] = process.argv.slice(2);
let parquetReadObjects, compressors;
try {
  const main = name => pathToFileURL(resolve(modules, 'node_modules', name, 'src/index.js'));
  ({parquetReadObjects} = await import(main('hyparquet')));
  ({compressors} = await import(main('hyparquet-compressors')));
} catch {
  console.log('no hyparquet: npm install --prefix build/npm hyparquet hyparquet-compressors');
  process.exit(77);
}
if (!folder) {
  process.exit(0);
}

/// What hyparquet makes of a value of that type; a bigint as text.
function expected(value, type) {
  if (value === null || value === undefined) {
    return null;
  }
  if (type === 'bigint') {
    return String(value);
  }
  if (type.startsWith('array<')) {
    return value.map(one => expected(one, type.slice(6, -1)));
  }
  if (type.startsWith('map<string,')) {
    return Object.fromEntries(
        Object.entries(value).map(([key, one]) => [key, expected(one, type.slice(11, -1))]));
  }
  if (type.startsWith('struct<')) {
    const fields = type.slice(7, -1).split(',').map(field => field.split(':'));
    return Object.fromEntries(fields.map(([name, of]) => [name, expected(value[name], of)]));
  }
  return value;
}

const text = value => JSON.stringify(value, (key, one) => typeof one === 'bigint' ? String(one) : one ?? null);

let same = 0;
for (const name of readdirSync(folder).filter(name => name.endsWith('.parquet'))) {
  const base = join(folder, name.slice(0, -'.parquet'.length));
  const columns = JSON.parse(readFileSync(base + '.schema', 'utf8'));
  const lines = readFileSync(base + '.json', 'utf8').split('\n').filter(line => line !== '');
  const bytes = readFileSync(base + '.parquet');
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const rows = await parquetReadObjects({file, compressors});
  if (rows.length !== lines.length) {
    console.log(`${name}: ${rows.length} rows instead of ${lines.length}`);
  }
  lines.forEach((line, number) => {
    const record = JSON.parse(line);
    const wanted = Object.fromEntries(columns.map(([key, type]) => [key, expected(record[key], type)]));
    if (text(rows[number]) === text(wanted)) {
      ++same;
    } else {
      console.log(`${name}, row ${number}: ${text(rows[number])} instead of ${text(wanted)}`);
    }
  });
}
console.log(`same=${same}`);
